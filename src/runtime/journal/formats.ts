// Formats of journals. The first entry names the format; a journal of an older one is read by an upgrade that is declared here,
// and one that has none is refused. Not the fields of each: those are codec.ts's.
// Invariant: what is written is of the latest format.
import type { Entry } from '../port/host.ts'

/** The format that is written. Format 1 named steps by their place in their list, and said nothing of the definition. */
export const FORMAT = 2

/** Every format that can be read. */
export const FORMATS = [1, FORMAT] as const

/** A format that can be read. */
export type Format = (typeof FORMATS)[number]

/** The steps of the run at an address, in order; `undefined` where there is none. */
export type StepsOf = (run: string) => readonly { readonly name: string }[] | undefined

/** An entry as format 2 has it; `null` where the definition has nothing that it could be about. */
type Upgrade = (entry: Entry, stepsOf: StepsOf) => Entry | null

/** Each makes an entry of the format one of the next. */
const UPGRADES: Readonly<Record<Exclude<Format, typeof FORMAT>, Upgrade>> = { 1: nameStep }

/** An entry of any format as one of the latest; the run that it is about has come as far as the entries before it say. */
export function upgrade(entry: Entry, format: Format, stepsOf: StepsOf): Entry | null {
  return format === FORMAT ? entry : UPGRADES[format](entry, stepsOf)
}

/** Whether a journal of a format may say of what a run did that is not there any more: nothing hangs on that. */
export const mayHearOfForgotten = (format: Format) => format === 1

function nameStep(entry: Entry, stepsOf: StepsOf): Entry | null {
  const { event } = entry
  if (event.type !== 'decision.made' && event.type !== 'effect.heard') return entry
  const { index, ...rest } = event as typeof event & { readonly index: number }
  const steps = stepsOf(event.type === 'decision.made' ? entry.to : event.run)
  const step = steps ? steps[index]?.name : ''
  return step === undefined ? null : { ...entry, event: { ...rest, step } }
}
