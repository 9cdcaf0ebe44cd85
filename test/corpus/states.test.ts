// Captured states of every format that was ever written, as they were recorded: each is read, and its run goes on to the end that it
// had. This test reads the files, and never writes them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { STATE_FORMAT } from '../../src/runtime/state/root.ts'
import { CASES, play, type Saved } from './cases.ts'

const FOLDER = join(import.meta.dirname, 'states')

interface Recorded {
  readonly case: string
  readonly format: number
  readonly end: unknown
  readonly states: readonly (Saved & { readonly end: unknown })[]
}

const files = readdirSync(FOLDER).sort()
const recorded = files.map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded)

describe('the corpus of captured states', () => {
  it('has every case in every format', () => {
    const formats = Array.from({ length: STATE_FORMAT }, (_, at) => at + 1)
    const names = formats.flatMap((format) => Object.keys(CASES).map((name) => `${format}-${name}.json`))
    expect(files).toEqual(names.sort())
    for (const { format, states } of recorded)
      for (const { snapshot } of states) expect(snapshot).toMatchObject({ status: 'active', format })
  })

  it('holds all that may be under way', () => {
    const text = JSON.stringify(recorded)
    for (const kind of ['branch', 'loop', 'wait', 'undoing']) expect(text).toContain(`"kind":"${kind}"`)
  })

  it.each(recorded)('format $format: $case goes on from each to its end', ({ case: name, states }) => {
    for (const saved of states) {
      const { errors, end } = play(CASES[name]!, { saved })
      expect(errors).toEqual([])
      expect(end).toEqual(saved.end)
    }
  })

  it.each([
    [{ format: 99 }, 'expected a state of format 1, found 99'],
    [{ future: {} }, 'is not what getPersistedSnapshot gave'],
    [{ record: null }, 'is not what getPersistedSnapshot gave'],
  ])('refuses one that is another: %j', (change, message) => {
    const [{ case: name, states }] = recorded as [Recorded]
    const { snapshot, sent } = states[0]!
    const { errors } = play(CASES[name]!, {
      saved: { snapshot: { ...(snapshot as object), ...change }, sent },
    })
    expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
    expect(String(errors[0])).toContain(message)
  })
})
