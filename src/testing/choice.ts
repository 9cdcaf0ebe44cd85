// What can happen next in an explored world, and what each of it is called. A schedule is a list of such names, so it still
// means the same after the engine has changed. Not here: what a choice does, which is world.ts.

/**
 * The faults that exploration injects, each at a cost of one:
 * - `throw`: an attempt, an initialisation, a clean-up or a handler fails, and trying again may help;
 * - `throwForGood`: the same, not retryable;
 * - `hang`: whoever should answer does not, and a limit is reached: of an attempt, a lease, a heartbeat, a module, a run;
 * - `deaf`: an attempt does not stop within its grace, and may answer later still;
 * - `duplicate`: an attempt says twice that it succeeded;
 * - `lateSuccess`: an attempt that was told to stop succeeds all the same;
 * - `exhaust`: someone else takes all free units of a pool, and gives them back some time;
 * - `leaseLost`: a unit that a running step holds is gone;
 * - `cancel`: the run is cancelled;
 * - `crash`: the process dies, and another one resumes the run from its journal;
 * - `lostTail`: the process dies, and the last entries of the journal are gone.
 */
export const FAULT_KINDS = [
  'throw',
  'throwForGood',
  'hang',
  'deaf',
  'duplicate',
  'lateSuccess',
  'exhaust',
  'leaseLost',
  'cancel',
  'crash',
  'lostTail',
] as const

/**
 * The kinds that are explored where nothing is said. `lostTail` is none of them: a store that keeps what it has acknowledged
 * loses nothing, and one that does not cannot promise that nothing is done twice.
 */
export const USUAL_FAULTS: readonly FaultKind[] = FAULT_KINDS.filter((kind) => kind !== 'lostTail')

/** A kind of fault. */
export type FaultKind = (typeof FAULT_KINDS)[number]

/** What a choice does. */
export type Act =
  | 'succeed'
  | 'fail'
  | 'failForGood'
  | 'succeedTwice'
  | 'stop'
  | 'succeedLate'
  | 'speakLate'
  | 'echo'
  | 'decide'
  | 'tick'
  | 'goOn'
  | 'crash'
  | 'loseTail'
  | 'take'
  | 'giveBack'
  | 'loseLease'
  | 'cancel'
  | 'signal'
  | 'assume'

/** One thing that can happen next. */
export interface Choice {
  readonly act: Act
  /** What it happens to: an actor's address without the run's own, a pool, an event; empty where nothing is named. */
  readonly subject: string
  /** Tells apart what is otherwise the same: an attempt, entries that are lost, one of several answers. */
  readonly detail: number | string | null
  /** `null` where it is what well-behaved parts may do at any time. */
  readonly fault: FaultKind | null
  /** What it is about, for the world that offers it. */
  readonly target: unknown
}

/** A choice's name, the same in every world: `fail charge#2`, `crash`, `tick pay attempt.timedOut`. */
export function labelOf({ act, subject, detail }: Choice): string {
  const named = subject === '' ? act : `${act} ${subject}`
  if (detail === null) return named
  return typeof detail === 'number' ? `${named}#${detail}` : `${named} ${detail}`
}

const FAULTY =
  /^(fail|failForGood|succeedTwice|succeedLate|crash|loseTail|take|loseLease|cancel)\b|^tick .*(timedOut|missed|grace\.ended)$/

/** Whether a choice of this name may have been a fault. */
export const mayBeFault = (name: string) => FAULTY.test(name)

/** Names of choices, in the order in which they were taken. */
export type Schedule = readonly string[]

/**
 * Decides what happens next: the place of one of the options, of which the first is what happens when all goes well.
 * `null` ends the schedule before its end.
 */
export type Decide = (options: readonly Choice[]) => number | null
