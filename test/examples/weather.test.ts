// Runs the examples for real, in a copy, and checks what they leave behind against a computation of its own.
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { sagachart, started } from '../cli/command.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const examples = join(ROOT, 'examples')
const csv = readFileSync(join(examples, 'weather', 'data', 'seattle-weather.csv'), 'utf8')
const folders: string[] = []

function weatherCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weather-'))
  folders.push(folder)
  const isOutput = (path: string) => path.includes(join('weather', 'out'))
  cpSync(join(examples, 'weather'), folder, { recursive: true, filter: (path) => !isOutput(path) })
  return folder
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const runIn = (folder: string, ...args: string[]) => sagachart(folder, ['run', 'weather.yaml', ...args])

const resultOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')) as ResultDocument

function stepsOf(folder: string) {
  const [scenario] = resultOf(folder).integration_scenarios.scenario_results
  return Object.fromEntries(scenario!.result.step_results.map((step) => [step.step_name, step]))
}

/** What a table holds; closes the file. */
function tableOf(folder: string, table: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder, 'out', 'weather.db'), { readOnly: true })
  try {
    return database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()
  } finally {
    database.close()
  }
}

/** The sums by month, computed line by line in one pass. */
function monthsOf(text: string) {
  const months = new Map<string, Record<string, number | string>>()
  for (const line of text.trim().split('\n').slice(1)) {
    const [date, rain, high, low, wind] = line.split(',')
    const month = date!.replace(/-\d\d$/, '')
    const sum = months.get(month) ?? {
      month,
      days: 0,
      rain: 0,
      wet: 0,
      high: 0,
      low: 0,
      wind: 0,
      top: -99,
      bottom: 99,
    }
    const add = (key: string, value: number) => (sum[key] = Number(sum[key]) + value)
    add('days', 1)
    add('rain', Number(rain))
    add('wet', Number(rain) >= 1 ? 1 : 0)
    add('high', Number(high))
    add('low', Number(low))
    add('wind', Number(wind))
    sum['top'] = Math.max(Number(sum['top']), Number(high))
    sum['bottom'] = Math.min(Number(sum['bottom']), Number(low))
    months.set(month, sum)
  }
  return [...months.values()] as ({ month: string } & Record<string, number>)[]
}

describe('the weather example', () => {
  let folder = ''
  let printed = ''
  let report = ''

  beforeAll(() => {
    folder = weatherCopy()
    const { status, stdout } = runIn(folder)
    expect(status).toBe(0)
    printed = stdout
    report = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
  })

  it('prints where the report is', () => {
    expect(printed).toContain(`report: ${join(folder, 'out', 'report.html')}\n`)
  })

  it('loads every day as the file has it', () => {
    const days = tableOf(folder, 'days')
    const lines = days.map((day) => Object.values(day).map(String))
    const expected = csv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').map((text) => (/^-?\d+\.\d+$/.test(text) ? String(Number(text)) : text)))
    expect(days).toHaveLength(1461)
    expect(lines).toEqual(expected)
  })

  it('sums up every month right', () => {
    const months = tableOf(folder, 'months')
    const expected = monthsOf(csv)
    expect(months.map(({ month }) => month)).toEqual(expected.map(({ month }) => month))
    months.forEach((month, at) => {
      const { days, rain, wet, high, low, wind, top, bottom } = expected[at]!
      expect(month).toMatchObject({ days, wet_days: wet, highest: top, lowest: bottom })
      expect(month['precipitation']).toBeCloseTo(rain!, 6)
      expect(month['mean_max']).toBeCloseTo(high! / days!, 6)
      expect(month['mean_min']).toBeCloseTo(low! / days!, 6)
      expect(month['mean_wind']).toBeCloseTo(wind! / days!, 6)
    })
  })

  it('draws bars as high as their axis says', () => {
    const [, below] = report.split('Precipitation, mm a month')
    const ticks = [...below!.matchAll(/<text class="tick y" x="\S+" y="(\S+)">(\d+)</g)]
    const [zero, top] = [ticks[0]!, ticks.at(-1)!].map(([, y, value]) => ({
      y: Number(y),
      value: Number(value),
    }))
    const pixelsPerMm = (zero!.y - top!.y) / (top!.value - zero!.value)
    const bars = [...below!.matchAll(/<rect class="rain" [^>]*height="(\S+)"/g)].map(([, height]) =>
      Number(height),
    )
    const expected = monthsOf(csv).map(({ rain }) => rain! * pixelsPerMm)
    expect(bars).toHaveLength(48)
    bars.forEach((height, at) => expect(height).toBeCloseTo(expected[at]!, 0))
  })

  it('draws temperatures where their axis says', () => {
    const [above] = report.split('Precipitation, mm a month')
    const ticks = [...above!.matchAll(/<text class="tick y" x="\S+" y="(\S+)">(−?\d+)</g)].map(
      ([, y, value]) => ({ y: Number(y) - 4, value: Number(value!.replace('−', '-')) }),
    )
    const [least, most] = [ticks[0]!, ticks.at(-1)!]
    const yOf = (value: number) =>
      least.y + ((value - least.value) / (most.value - least.value)) * (most.y - least.y)
    const [, points = ''] = /<polyline class="high" points="([^"]+)"/.exec(above!) ?? []
    const highs = points.split(' ').map((point) => Number(point.split(',')[1]))
    const expected = monthsOf(csv).map(({ high, days }) => yOf(high! / days!))
    expect(highs).toHaveLength(48)
    highs.forEach((y, at) => expect(y).toBeCloseTo(expected[at]!, 0))
  })

  it('is one page that needs nothing else, and no hole in it', () => {
    expect(report).not.toMatch(/<script|<link|src=|url\(|NaN|undefined|null/)
  })

  it('leaves the same rows when it runs again', () => {
    const before = [tableOf(folder, 'days'), tableOf(folder, 'months')]
    expect(runIn(folder).status).toBe(0)
    expect([tableOf(folder, 'days'), tableOf(folder, 'months')]).toEqual(before)
  })

  it('waits for a database that someone else is writing', async () => {
    const other = new DatabaseSync(join(folder, 'out', 'weather.db'))
    other.exec('BEGIN IMMEDIATE')
    const run = started(folder, ['run', 'weather.yaml'])
    await run.said('read 1461 rows')
    await new Promise((done) => setTimeout(done, 2500))
    other.exec('ROLLBACK')
    other.close()
    expect((await run.end()).status).toBe(0)
    const { load_days: days, load_months: months } = stepsOf(folder)
    expect(days!.attempts + months!.attempts).toBeGreaterThan(2)
  })
})

describe('the weather example on worse data', () => {
  it('puts bad rows aside, says why, and goes on', () => {
    const folder = weatherCopy()
    const bad = [
      '2015-02-30,1.0,10.0,5.0,2.0,rain',
      '2016-01-01,-1.0,10.0,5.0,2.0,rain',
      '2016-01-02,1.0,,5.0,2.0,rain',
      '2016-01-03,1.0,5.0,10.0,2.0,rain',
      '2016-01-04,1.0,10.0,5.0,2.0,"hail, <b>heavy</b>"',
      '2015-12-31,1.0,10.0,5.0,2.0,rain',
    ]
    appendFileSync(join(folder, 'data', 'seattle-weather.csv'), `${bad.join('\n')}\n`)
    const { status, stdout } = runIn(folder, '--input', 'place=<Seattle>')
    expect(status).toBe(0)
    expect(stdout).toMatch(/days: 1461\n[\s\S]*rejected: 6\n/)
    expect(stepsOf(folder)['quarantine']!.status).toBe('success')
    const rejected = readFileSync(join(folder, 'out', 'rejected.csv'), 'utf8')
      .trim()
      .split('\n')
    expect(rejected).toHaveLength(7)
    expect(rejected[1]).toMatch(/^1463,"?date: expected YYYY-MM-DD, found ""2015-02-30""/)
    expect(rejected[5]).toMatch(/"hail, <b>heavy<\/b>"$/)
    const page = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
    expect(page).toContain('line 1463: date: expected YYYY-MM-DD')
    expect(page).not.toMatch(/<b>heavy|<Seattle>/)
  })

  it('ends where too much is bad, without a second try, and touches no table', () => {
    const folder = weatherCopy()
    const { status, stdout } = runIn(
      folder,
      '--input',
      'max_rejected_share=0',
      '--input',
      'source=data/bad.csv',
    )
    expect(status).toBe(1)
    expect(stdout).toContain('ENOENT')
    appendFileSync(join(folder, 'data', 'seattle-weather.csv'), 'nonsense,1,2,1,1,rain\n')
    const second = runIn(folder, '--input', 'max_rejected_share=0')
    expect(second.status).toBe(1)
    expect(second.stdout).toContain(
      'validate (data_processing.validate_data, 1 attempt): 1 of 1462 rows rejected, at most 0 allowed',
    )
    expect(stepsOf(folder)['validate']).toMatchObject({ attempts: 1, error: { name: 'DataQualityError' } })
    expect(tableOf(folder, 'days')).toEqual([])
    expect(existsSync(join(folder, 'out', 'report.html'))).toBe(false)
  })

  it('leaves a hole in the chart where months are missing', () => {
    const folder = weatherCopy()
    const lines = csv.split('\n').filter((line) => !line.startsWith('2013-0'))
    rmSync(join(folder, 'data', 'seattle-weather.csv'))
    appendFileSync(join(folder, 'data', 'seattle-weather.csv'), lines.join('\n'))
    expect(runIn(folder).status).toBe(0)
    const page = readFileSync(join(folder, 'out', 'report.html'), 'utf8')
    expect(page.match(/<polyline class="high"/g)).toHaveLength(2)
    expect(page.match(/<rect class="rain"/g)).toHaveLength(39)
    expect(page.match(/<line class="mark"/g)).toHaveLength(48)
  })
})

describe('the quick starts', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const snippets = new Map(
    [...readme.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, file, text]) => [file!, text!]),
  )

  it.each([
    ['flow.yaml', 'quickstart/flow.yaml'],
    ['modules/people.ts', 'quickstart/modules/people.ts'],
    ['modules/mail.ts', 'quickstart/modules/mail.ts'],
    ['flow.ts', 'quickstart.ts'],
  ])('%s of the README is examples/%s', (snippet, file) => {
    const withoutHead = readFileSync(join(examples, file), 'utf8').replace(/^(?:#|\/\/)[^\n]*\n/, '')
    expect(withoutHead).toBe(snippets.get(snippet))
  })

  it('run', () => {
    const yaml = sagachart(join(examples, 'quickstart'), ['run', 'flow.yaml'])
    expect(yaml).toMatchObject({ status: 0, stdout: expect.stringContaining('✓ greeting completed') })
    const typed = execFileSync(process.execPath, [join(examples, 'quickstart.ts')], { encoding: 'utf8' })
    expect(typed).toBe('completed { sent: { count: 1 } }\n')
  })
})
