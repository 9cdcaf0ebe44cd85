// examples/template, run for real in a copy: the configuration is the template's own, and every operation does its work.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const example = join(import.meta.dirname, '../../examples/template')

interface Raw {
  readonly station: string
  readonly at: string
  readonly temperature: number | string
  readonly unit: string
}

/** A copy that has left nothing yet, with other readings where they are given. */
function copy(change?: (readings: Raw[]) => Raw[]): string {
  const folder = folderWith({})
  const isLeft = (path: string) => /[/\\](?:output|logs)$/.test(path)
  cpSync(example, folder, { recursive: true, filter: (path) => !isLeft(path) })
  if (change) {
    const file = join(folder, 'data', 'sample_data.json')
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Raw[])))
  }
  return folder
}

const runIn = (folder: string) => sagachart(folder, ['run', 'integration.yaml'])

function scenariosOf(folder: string) {
  const file = join(folder, 'output', 'integration_template_results.json')
  const result = JSON.parse(readFileSync(file, 'utf8')) as ResultDocument
  return result.integration_scenarios.scenario_results
}

describe('examples/template', () => {
  it("is the template's configuration, but for the names of its modules", () => {
    const template = readFileSync(
      join(import.meta.dirname, '../definition/integration_template_config.yaml'),
      'utf8',
    )
    const named = template
      .replaceAll('{module1}', 'ingest')
      .replaceAll('{module2}', 'process')
      .replaceAll('{module3}', 'store')
    const own = readFileSync(join(example, 'integration.yaml'), 'utf8')
    expect(own.endsWith(named)).toBe(true)
    expect(own.slice(0, -named.length)).toMatch(/^(?:#.*\n)+$/)
  })

  it("runs both scenarios of the template's own configuration, and leaves what it says", () => {
    const folder = copy()
    expect(runIn(folder).status).toBe(0)
    expect(scenariosOf(folder).map(({ scenario_name: name, status }) => [name, status])).toEqual([
      ['basic_integration', 'completed'],
      ['advanced_workflow', 'completed'],
    ])
    const log = readFileSync(join(folder, 'logs', 'integration_template.log'), 'utf8')
      .trim()
      .split('\n')
    for (const line of log) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \S+ - [A-Z]+ - /)
  })

  it('saves what the readings come to, computed here once more', () => {
    const folder = copy()
    runIn(folder)
    const raw = JSON.parse(readFileSync(join(folder, 'data', 'sample_data.json'), 'utf8')) as Raw[]
    const degrees = raw.map(({ temperature, unit }) =>
      unit === 'F' ? ((Number(temperature) - 32) * 5) / 9 : Number(temperature),
    )
    const database = new DatabaseSync(join(folder, 'output', 'integration.db'), { readOnly: true })
    const [row] = database
      .prepare('SELECT count(*) AS n, avg(celsius) AS mean FROM integration_results')
      .all()
    const stations = database.prepare('SELECT DISTINCT station FROM integration_results ORDER BY 1').all()
    database.close()
    expect(row!['n']).toBe(raw.length)
    expect(row!['mean']).toBeCloseTo(degrees.reduce((sum, each) => sum + each, 0) / degrees.length, 1)
    expect(stations.map(({ station }) => station)).toEqual(['Bergen', 'Oslo', 'Tromso'])
    const report = readFileSync(join(folder, 'output', 'report.md'), 'utf8')
    const lowest = Math.min(...degrees.filter((_, at) => raw[at]!.station.trim().toLowerCase() === 'oslo'))
    expect(report).toContain(`| Oslo | 14 |`)
    expect(report).toContain(` ${Math.round(lowest * 10) / 10} |`)
  })

  it('ends where the input is not of the form that is asked for, and still saves the other scenario', () => {
    const folder = copy((readings) => [{ ...readings[0]!, unit: 'K' }, ...readings.slice(1)])
    expect(runIn(folder).status).toBe(1)
    const [basic, advanced] = scenariosOf(folder)
    expect([basic!.status, advanced!.status]).toEqual(['completed', 'failed'])
    const [input] = advanced!.result.step_results
    expect(input).toMatchObject({ step_name: 'input_validation', status: 'failed' })
    expect(input!.error?.message).toContain('row 0: unit is K')
    expect(existsSync(join(folder, 'output', 'report.md'))).toBe(false)
  })

  it('writes no report on readings that are not good enough', () => {
    const folder = copy((readings) => readings.slice(1))
    expect(runIn(folder).status).toBe(1)
    const step = scenariosOf(folder)[1]!.result.step_results.find(
      ({ step_name: name }) => name === 'quality_assurance',
    )
    expect(step!.error?.message).toMatch(/^below 0.95: completeness 0.66/)
    expect(existsSync(join(folder, 'output', 'report.md'))).toBe(false)
  })
})
