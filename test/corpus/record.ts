// Records the journals and the captured states of cases that have none yet in the latest format: `node test/corpus/record.ts`. A file
// that exists stays as it is, for what is recorded anew shows nothing of how old ones are read.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FORMAT } from '../../src/runtime/journal/formats.ts'
import { STATE_FORMAT } from '../../src/runtime/state/root.ts'
import { CASES, play, type Saved } from './cases.ts'

/** Of each case so many states are kept, spread over its life. */
const STATES = 3

for (const [name, each] of Object.entries(CASES)) {
  const all: Saved[] = []
  const { journal, end, errors } = play(each, { save: (saved) => all.push(saved) })
  if (errors.length > 0) throw errors[0]
  const about = (format: number) =>
    `"case": ${JSON.stringify(name)}, "format": ${format}, "end": ${JSON.stringify(end)}`
  const lines = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).join(',\n')
  write(`journals/${FORMAT}-${name}.json`, `{ ${about(FORMAT)}, "journal": [\n${lines(journal)}\n]}\n`)
  const states = Array.from(
    { length: STATES },
    (_, at) => all[Math.floor(((at + 1) * all.length) / (STATES + 1))]!,
  )
  // What was given up on is not heard of after a revival, so the end is what the state itself comes to.
  const kept = states.map((saved) => {
    const asRead = JSON.parse(JSON.stringify(saved)) as Saved
    return { ...saved, end: play(each, { saved: asRead }).end }
  })
  write(`states/${STATE_FORMAT}-${name}.json`, `{ ${about(STATE_FORMAT)}, "states": [\n${lines(kept)}\n]}\n`)
}

function write(file: string, text: string): void {
  try {
    writeFileSync(join(import.meta.dirname, file), text, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
