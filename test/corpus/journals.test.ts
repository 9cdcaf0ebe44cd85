// Journals of every format that was ever written, as they were recorded: each is read, and its run goes on from any of its
// entries to the end that it had. This test reads the files, and never writes them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FORMAT, FORMATS } from '../../src/runtime/journal/formats.ts'
import type { Entry } from '../../src/runtime/port/host.ts'
import { CASES, play } from './cases.ts'

const FOLDER = join(import.meta.dirname, 'journals')

interface Recorded {
  readonly case: string
  readonly format: number
  readonly end: unknown
  readonly journal: readonly Entry[]
}

const files = readdirSync(FOLDER).sort()
const recorded = files.map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded)

describe('the corpus of journals', () => {
  it('has every case in every format', () => {
    const names = FORMATS.flatMap((format) => Object.keys(CASES).map((name) => `${format}-${name}.json`))
    expect(files).toEqual(names.sort())
    expect(recorded.map((each) => `${each.format}-${each.case}.json`)).toEqual(files)
    for (const { format, journal } of recorded) {
      const [{ event }] = journal as [Entry]
      expect(event).toHaveProperty('seed')
      expect('format' in event ? event.format : 1).toBe(format)
    }
  })

  it('holds every way in which an entry names a step', () => {
    const types = new Set(recorded.flatMap(({ journal }) => journal.map(({ event }) => event.type)))
    expect([...types]).toEqual(
      expect.arrayContaining(['decision.made', 'effect.heard', 'run.signal', 'run.cancel']),
    )
  })

  it.each(recorded)(
    'format $format: $case goes on from any entry to its end',
    ({ case: name, format, end, journal }) => {
      for (let length = 1; length <= journal.length; length++) {
        const prefix = journal.slice(0, length)
        const { errors, end: reached, calls, log } = play(CASES[name]!, { journal: prefix })
        expect(errors).toEqual([])
        expect(reached).toEqual(end)
        const done = prefix.filter(({ event }) => event.type === 'attempt.succeeded').map(({ to }) => to)
        expect(calls.filter((address) => done.includes(address))).toEqual([])
        expect(log.filter((line) => line.includes('does not say with which definition'))).toHaveLength(
          format === FORMAT ? 0 : 1,
        )
      }
    },
  )

  // A record is compared with one that an older version made of the same definition, so another form of it is another format.
  it.each(recorded.filter(({ format }) => format === FORMAT))(
    'has for $case what is recorded of its definition today',
    ({ case: name, journal }) => {
      const [started] = play(CASES[name]!).journal
      expect(JSON.parse(JSON.stringify(started))).toEqual(journal[0])
    },
  )
})
