// The section `logging`: what it may say, and that a record is one line whatever it holds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOG_LEVELS, logLine, loggingSettings } from '../../src/definition/logging.ts'
import { accepted, flow, refused, step, warnings } from './documents.ts'

const withLogging = (logging: object) => flow([step('a')], {}, {}, { logging })
const settings = (logging: object) => loggingSettings(accepted(withLogging(logging)).checked)

const record = {
  at: new Date(2026, 0, 31, 12, 34, 56, 789).getTime(),
  name: 'run/1/s/step/a',
  level: 'WARNING',
  message: 'well',
} as const

describe('logging', () => {
  it('logs nothing without a file, and says so', () => {
    expect(loggingSettings(accepted(flow([step('a')])).checked)).toBe(null)
    expect(settings({ level: 'DEBUG' })).toBe(null)
    const [warning, ...others] = warnings(withLogging({ level: 'DEBUG', backup_count: 1 }))
    expect(others).toEqual([])
    expect(warning).toMatchObject({
      code: 'KEY_WITHOUT_EFFECT',
      message: 'logging: level, backup_count have no effect without a file',
      remedy: expect.stringContaining('add logging.file'),
    })
  })

  it('has the defaults of the template', () => {
    expect(settings({ file: 'a.log' })).toEqual({
      file: 'a.log',
      level: 'INFO',
      format: '%(asctime)s - %(name)s - %(levelname)s - %(message)s',
      maxFileSize: 10_485_760,
      backupCount: 5,
    })
  })

  it('takes what the document says', () => {
    const given = { file: 'a.log', level: 'ERROR', format: 'json', max_file_size: 9, backup_count: 2 }
    expect(settings(given)).toEqual({
      ...{ file: 'a.log', level: 'ERROR', format: 'json', maxFileSize: 9, backupCount: 2 },
    })
  })

  it('warns of a size that never counts', () => {
    const given = { file: 'a.log', backup_count: 0, max_file_size: 9 }
    expect(warnings(withLogging(given)).map(({ message }) => message)).toEqual([
      'logging.max_file_size has no effect with backup_count: 0, which keeps one file for ever',
    ])
    expect(warnings(withLogging({ file: 'a.log', backup_count: 0 }))).toEqual([])
  })

  it('keeps a bounded number of rotated files', () => {
    expect(warnings(withLogging({ file: 'a.log', backup_count: 1_000 }))).toEqual([])
    const [problem] = refused(withLogging({ file: 'a.log', backup_count: 1_001 }))
    expect(problem).toMatchObject({ code: 'VALUE_INVALID' })
    expect(problem!.message).toContain('expected a whole number from 0 to 1000, found 1001')
  })

  it('reads a format in a time that grows with its length, whatever it is', () => {
    const took = (length: number, piece: string) => {
      const format = piece.repeat(length / piece.length)
      const began = performance.now()
      refused(withLogging({ file: 'a.log', format }))
      return performance.now() - began
    }
    for (const piece of ['%(', '%(x', '%%(', '%()', '%(a)00'])
      expect(took(400_000, piece)).toBeLessThan(20 * took(40_000, piece) + 100)
  })

  it.each([
    ['%(asctime)s %(levelnme)s %(message)s', '%(levelnme)s', 'did you mean "%(levelname)s"?'],
    ['%(message)d', '%(message)d', 'did you mean "%(message)s"?'],
    ['%(levelname)-8s %(message)s', '%(levelname)-8s', 'did you mean "%(levelname)s"?'],
    ['%(message)s %(x)s', '%(x)s', 'expected %(asctime)s, %(name)s'],
    ['%(message)s %(toString)s', '%(toString)s', 'expected %(asctime)s'],
    ['%(message)s %()s', '%()s', 'expected %(asctime)s'],
    ['100% %(message)s', 'a lone percent', 'write %%'],
    ['%s %(message)s', 'a lone percent', 'write %%'],
    ['%(message', 'a lone percent', 'write %%'],
    ['text', 'the message is nowhere', 'add %(message)s'],
    ['%%(message)s', 'the message is nowhere', 'add %(message)s'],
    ['', 'the message is nowhere', 'add %(message)s'],
    ['%(message)s\n', 'a line break', 'one line'],
    ['%(message)s\u202e', 'a line break or control character', 'one line'],
    [`%(message)s %(${'x'.repeat(101)})s`, 'a lone percent', 'write %%'],
  ])('refuses the format %j with its place and a remedy', (format, what, remedy) => {
    const [problem, ...others] = refused(withLogging({ file: 'a.log', format }))
    expect(others).toEqual([])
    expect(problem).toMatchObject({ code: 'VALUE_INVALID', message: expect.stringContaining(what) })
    expect(problem!.message).toMatch(/^logging\.format: .*expected/)
    expect(problem!.remedy).toContain(remedy)
    expect(problem!.frame).toContain('^')
  })

  it('points at the placeholder', () => {
    const text = `integration: { modules: [], scenarios: [] }\nlogging:\n  file: x\n  format: '%(message)s %(nam)s'\n`
    const [problem] = refused(text)
    expect([problem!.line, problem!.column]).toEqual([4, 24])
  })
})

describe('a line', () => {
  it.each([
    ['%(asctime)s', '2026-01-31 12:34:56,789'],
    ['%(name)s', 'run/1/s/step/a'],
    ['%(levelname)s', 'WARNING'],
    ['100%%', '100%'],
    ['%%(name)s', '%(name)s'],
    ['\t[', '\t['],
    ['%(levelname)s:%(levelname)s', 'WARNING:WARNING'],
  ])('has %s as %s', (format, text) => {
    expect(logLine(`${format}|%(message)s`)(record)).toBe(`${text}|well`)
  })

  it('fills in no placeholder that a message holds', () => {
    expect(logLine('%(name)s %(message)s')({ ...record, message: '%(name)s %% $&' })).toBe(
      'run/1/s/step/a %(name)s %% $&',
    )
  })

  it('is JSON where that is asked for', () => {
    expect(JSON.parse(logLine('json')(record))).toEqual({
      time: new Date(record.at).toISOString(),
      level: 'WARNING',
      name: 'run/1/s/step/a',
      message: 'well',
    })
  })

  const records = fc.record({
    at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((time) => time.getTime()),
    name: fc.string({ unit: 'binary' }),
    level: fc.constantFrom(...LOG_LEVELS),
    message: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('\n', '\r', '\t', '\u2028', '\u0085', '\u001b', '\u202e', 'x', '%'))
        .map((all) => all.join('')),
    ),
  })
  const BREAKS = /[\p{Cc}\u2028\u2029]/u

  it('is always one line', () => {
    fc.assert(
      fc.property(
        records,
        fc.constantFrom('json', '%(asctime)s %(name)s %(levelname)s %(message)s'),
        (one, format) => {
          expect(logLine(format)(one)).not.toMatch(BREAKS)
        },
      ),
    )
  })

  it('as JSON always gives back what it was given', () => {
    fc.assert(
      fc.property(records, ({ at, ...one }) => {
        const { time, ...rest } = JSON.parse(logLine('json')({ at, ...one })) as Record<string, string>
        expect(rest).toEqual(one)
        expect(Date.parse(time!)).toBe(at)
      }),
    )
  })
})
