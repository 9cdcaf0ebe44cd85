// The log file of a run, read back: what is in it, how it is rotated, and what happens where it can't be written.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BACKLOG_BYTES_MAX, LogFile } from '../../src/cli/log-file.ts'
import { flow, folderWith, sagachart, started, step } from './command.ts'

const M = `let tries = 0
export default {
  ok: (parameters) => parameters,
  flaky: () => { if (tries++ === 0) throw new Error('not yet'); return 1 },
  boom: () => { throw Object.assign(new Error('no luck'), { code: 'UNLUCKY' }) },
  say: (_, { log, emit }) => { log('two\\nlines', { n: 1 }); emit('rows_read', { rows: 3 }) },
  forge: (_, { emit }) => emit('step_completed', { step_name: 'paid' }),
 stray: () => { Promise.reject(new Error('left behind')) },
  hang: (_, { signal, log }) => new Promise((_, refuse) => {
    setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => refuse(signal.reason))
    log('hanging')
  }),
}
`

const LINE = '%(levelname)s %(name)s %(message)s'

/** A folder with a document of these steps that is logged so. */
const logged = (steps: readonly object[], logging: object, integration: object = {}) => {
  const document = JSON.parse(flow(steps, {}, integration)) as object
  const text = JSON.stringify({ ...document, logging: { file: 'logs/flow.log', ...logging } })
  return folderWith({ 'flow.yaml': text, 'modules/m.mjs': M })
}

/** The lines of a log, without what differs from run to run. */
const linesOf = (folder: string, file = 'logs/flow.log') =>
  readFileSync(join(folder, file), 'utf8')
    .replace(/run\/\w+/g, 'run/ID')
    .replace(/ in \d+ m?s/g, ' in TIME')
    .split('\n')
    .slice(0, -1)

const retry = { retry_count: 1, retry: { initial: '1ms' } }

describe('a log', () => {
  it('tells what happened to whom, at the level that fits', () => {
    const steps = [
      step('a', 'ok', { parameters: { password: 'hunter2' } }),
      step('b', 'flaky', { depends_on: ['a'], ...retry }),
      step('c', 'boom', { depends_on: ['b'] }),
      step('d', 'ok', { depends_on: ['c'] }),
      step('e', 'say', { depends_on: ['b'], when: 'false' }),
    ]
    const folder = logged(steps, { format: LINE })
    expect(sagachart(folder, ['run', 'flow.yaml', '--output', 'r.json']).status).toBe(1)
    expect(linesOf(folder)).toEqual([
      'INFO run/ID/module/m module_initialized: m',
      'INFO run/ID/s workflow_started: s',
      'INFO run/ID/s/step/a step_completed: a (m.ok), 1 attempt',
      'WARNING run/ID/s/step/b step_retrying: b (m.flaky), 1 attempt: OPERATION_FAILED: not yet',
      'INFO run/ID/s/step/b step_completed: b (m.flaky), 2 attempts',
      'INFO run/ID/s/step/e step_skipped: e (m.say), 0 attempts',
      'ERROR run/ID/s/step/c step_failed: c (m.boom), 1 attempt: UNLUCKY: no luck',
      expect.stringMatching(
        /^ERROR run\/ID\/s\/step\/d step_failed: d .*: Dependencies not satisfied: \['c'\]$/,
      ),
      'ERROR run/ID/s workflow_error: s, failed: UNLUCKY: no luck',
      'ERROR run/ID flow: failed in TIME: UNLUCKY: no luck',
    ])
  })

  it('has what operations log, also on stderr as before, and every event at DEBUG', () => {
    const folder = logged([step('a', 'say')], { format: LINE, level: 'DEBUG' })
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect(status).toBe(0)
    expect(stderr).toMatch(/^run\/\w+\/s\/step\/a: two\\nlines \{"n":1\}\n$/)
    expect(linesOf(folder)).toEqual([
      'DEBUG run/ID module_loaded from run/ID {"module_name":"m"}',
      'INFO run/ID/module/m module_initialized: m',
      'INFO run/ID/s workflow_started: s',
      'DEBUG run/ID/s/step/a step_started: a (m.say)',
      'INFO run/ID/s/step/a two\\nlines {"n":1}',
      'DEBUG run/ID/s/step/a rows_read from run/ID/s/step/a {"rows":3}',
      'INFO run/ID/s/step/a step_completed: a (m.say), 1 attempt',
      'INFO run/ID/s workflow_completed: s, completed',
      'INFO run/ID flow: completed in TIME',
    ])
  })

  it('says where an event comes from, and refuses one that is called as an event of the engine', () => {
    const folder = logged([step('a', 'forge')], { format: LINE, level: 'WARNING' })
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'r.json'])
    const reason = '"step_completed" is one of the engine\'s own events; use another name'
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^run\/\w+: The event "step_completed" from run\/\w+\/s\/step\/a is refused: .*\n$/,
      ),
    ])
    const told = JSON.stringify({ event: 'step_completed', source: 'run/ID/s/step/a', reason })
    expect(linesOf(folder)).toEqual([`WARNING run/ID event_refused from run/ID ${told}`])
    const { warnings } = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as { warnings: string[] }
    expect(warnings).toEqual([expect.stringMatching(/^EVENT_REFUSED: events refused: 1; /)])
  })

  it.each([
    ['WARNING', ['WARNING', 'ERROR', 'ERROR', 'ERROR']],
    ['ERROR', ['ERROR', 'ERROR', 'ERROR']],
  ])('of level %s has nothing below it', (level, levels) => {
    const steps = [step('a', 'flaky', retry), step('b', 'boom', { depends_on: ['a'] })]
    const folder = logged(steps, { format: '%(levelname)s|%(message)s', level })
    sagachart(folder, ['run', 'flow.yaml'])
    expect(linesOf(folder).map((line) => line.split('|')[0])).toEqual(levels)
  })

  it('has the form of the template where the document says nothing', () => {
    const folder = logged([step('a', 'ok')], {})
    sagachart(folder, ['run', 'flow.yaml'])
    for (const line of linesOf(folder)) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - run\/ID\S* - INFO - \S/)
    }
  })

  it('is JSON, an object a line, where that is asked for', () => {
    const folder = logged([step('a', 'say')], { format: 'json' })
    sagachart(folder, ['run', 'flow.yaml'])
    const records = linesOf(folder).map((line) => JSON.parse(line) as Record<string, string>)
    for (const record of records) expect(Object.keys(record)).toEqual(['time', 'level', 'name', 'message'])
    expect(records.map(({ message }) => message)).toContain('two\nlines {"n":1}')
  })

  it('has what operations log and how the run ended, also with events off', () => {
    const folder = logged([step('a', 'say')], { format: LINE }, { enable_events: false })
    sagachart(folder, ['run', 'flow.yaml'])
    expect(linesOf(folder)).toEqual([
      'INFO run/ID/s/step/a two\\nlines {"n":1}',
      'INFO run/ID flow: completed in TIME',
    ])
  })

  it('has the warnings of the document, and what was told on the terminal', () => {
    const folder = logged([step('a', 'stray')], { format: LINE, backup_count: 0, max_file_size: 1 })
    sagachart(folder, ['run', 'flow.yaml'])
    const lines = linesOf(folder)
    expect(lines[0]).toMatch(
      /^WARNING sagachart flow\.yaml:1:\d+: KEY_WITHOUT_EFFECT: logging\.max_file_size/,
    )
    expect(lines).toContainEqual(expect.stringMatching(/^WARNING sagachart .*rejected: left behind$/))
  })

  it('has the result that could not be written', () => {
    const folder = logged([step('a', 'ok')], { format: LINE })
    expect(sagachart(folder, ['run', 'flow.yaml', '--output', 'modules']).status).toBe(2)
    expect(linesOf(folder).at(-1)).toMatch(/^ERROR sagachart the result could not be written to /)
  })

  it('stands beside the document, and goes on where the last run ended', () => {
    const folder = logged([step('a', 'ok')], { file: 'deep/er/flow.log', format: LINE })
    const elsewhere = folderWith({})
    for (let run = 1; run <= 2; run++) {
      expect(sagachart(elsewhere, ['run', join(folder, 'flow.yaml')]).status).toBe(0)
      const ends = linesOf(folder, 'deep/er/flow.log').filter((line) => line.includes('flow: completed'))
      expect(ends).toHaveLength(run)
    }
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it('is whole after Ctrl-C', async () => {
    const folder = logged([step('a', 'hang')], { format: LINE })
    const run = started(folder, ['run', 'flow.yaml'])
    await run.said('hanging')
    run.child.kill('SIGINT')
    expect((await run.end()).status).toBe(130)
    const lines = linesOf(folder)
    expect(lines).toContainEqual(expect.stringMatching(/^WARNING sagachart Stopping: /))
    expect(lines.at(-1)).toMatch(/^ERROR run\/ID flow: cancelled in TIME/)
  })
})

describe('rotation', () => {
  const many = Array.from({ length: 200 }, (_, i) => step(`s${i}`, 'ok'))

  it('keeps as many files as asked for, the newest first, each about as large as asked for', () => {
    const folder = logged(many, { format: '%(message)s', max_file_size: 2000, backup_count: 3 })
    sagachart(folder, ['run', 'flow.yaml'])
    const files = ['flow.log', 'flow.log.1', 'flow.log.2', 'flow.log.3']
    expect(readdirSync(join(folder, 'logs')).toSorted()).toEqual(files)
    for (const file of files.slice(1)) {
      const { size } = statSync(join(folder, 'logs', file))
      expect(size).toBeGreaterThanOrEqual(2000)
      expect(size).toBeLessThan(2250)
    }
    const lines = files.toReversed().flatMap((file) => linesOf(folder, `logs/${file}`))
    const steps = lines.flatMap((line) => /: s(\d+) \(/.exec(line)?.[1] ?? [])
    expect(steps).toEqual(Array.from({ length: steps.length }, (_, i) => String(200 - steps.length + i)))
    expect(lines.at(-1)).toBe('flow: completed in TIME')
  })

  it('goes on from a file that is full already', () => {
    const folder = logged([step('a', 'ok')], { format: '%(message)s', max_file_size: 1000, backup_count: 1 })
    mkdirSync(join(folder, 'logs'))
    writeFileSync(join(folder, 'logs', 'flow.log'), `${'old'.repeat(500)}\n`)
    sagachart(folder, ['run', 'flow.yaml'])
    expect(linesOf(folder, 'logs/flow.log.1')).toEqual(['old'.repeat(500)])
    expect(linesOf(folder)[0]).toBe('module_initialized: m')
  })

  it.each(['x', '日'])('keeps files whose names have no room for a number, of %s', (sign) => {
    const count = Math.floor(255 / Buffer.byteLength(sign))
    const folder = logged(many, { file: sign.repeat(count), max_file_size: 2000, backup_count: 2 })
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const cut = sign.repeat(Math.floor(253 / Buffer.byteLength(sign)))
    const logs = readdirSync(folder).filter((name) => name.startsWith(sign))
    expect(logs.toSorted()).toEqual([sign.repeat(count), `${cut}.1`, `${cut}.2`].toSorted())
  })

  it('there is none with a backup_count of 0', () => {
    const folder = logged(many, { format: '%(message)s', max_file_size: 2000, backup_count: 0 })
    sagachart(folder, ['run', 'flow.yaml'])
    expect(readdirSync(join(folder, 'logs'))).toEqual(['flow.log'])
    expect(linesOf(folder)).toHaveLength(205)
  })
})

describe('a log that cannot be written', () => {
  it.each([
    ['is a folder', 'modules'],
    ['is in a folder that is a file', 'flow.yaml/flow.log'],
    ['is a pipe', 'pipe'],
  ])('because it %s is told before anything runs', (_, file) => {
    const folder = logged([step('a', 'say')], { file })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'r.json'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(
      /^sagachart run: the log file \S+ can't be written \(.+\); give another logging\.file/,
    )
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(join(folder, 'r.json'))).toBe(false)
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true)
  })

  it('any more is told once, and the run goes on', () => {
    const steps = Array.from({ length: 100 }, (_, i) => step(`s${i}`, 'ok'))
    const folder = logged(steps, { max_file_size: 500, backup_count: 1 })
    mkdirSync(join(folder, 'logs', 'flow.log.1', 'taken'), { recursive: true })
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect(status).toBe(2)
    expect(stdout).toContain('100/100 steps')
    expect(stderr).toMatch(
      /^sagachart run: the log file \S+ can't be written any more \(.+\); the run goes on without\n$/,
    )
  })

  it('is refused where it would be the result too', () => {
    const folder = logged([step('a', 'ok')], {})
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'logs/flow.log'])
    expect(status).toBe(2)
    expect(stderr).toContain('; give one of them another file')
    expect(existsSync(join(folder, 'logs'))).toBe(false)
  })

  it('as fast as the run goes loses what no memory is there for, and counts it', async () => {
    const file = join(folderWith({}), 'flow.log')
    const settings = { file, level: 'INFO', format: '%(message)s', maxFileSize: 1, backupCount: 0 } as const
    const log = await LogFile.open(settings, (problem) => expect.unreachable(problem))
    if (typeof log === 'string') throw new Error(log)
    const mebibyte = 'x'.repeat(2 ** 20)
    const count = BACKLOG_BYTES_MAX / 2 ** 20 + 10
    for (let i = 0; i < count; i++) log.write('INFO', 'test', mebibyte)
    await log.close()
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    const lost = count - (lines.length - 1)
    expect(lost).toBeGreaterThan(0)
    expect(lost).toBeLessThan(11)
    expect(lines.at(-1)).toBe(`${lost} records are missing above: the disk was slower than the run`)
  })
})
