// Explores the engine with a mistake in it, and says how long it takes to be found.
import { engineWith } from './bundle.ts'
import type { Mutant } from './catalogue.ts'
import { SUBJECTS } from './subjects.ts'

/** How a mistake was found. */
export interface Found {
  readonly rule: string
  readonly message: string
  /** Schedules until then. */
  readonly schedules: number
  /** Faults and events of the schedule that shows it. */
  readonly faults: number
  readonly events: number
  readonly ms: number
}

/** The time in which a mistake must be found, in milliseconds. */
export const FIND_MS_MAX = 60_000

/** Explores a mutant's subject; `null` where nothing is found. */
export async function find({ patches, subject, hasBus = false }: Mutant): Promise<Found | null> {
  const { explore, logicOf, FAULT_KINDS } = await engineWith(patches)
  const startedAt = performance.now()
  const { counterexample, schedules } = await explore(logicOf(SUBJECTS[subject], hasBus), {
    faults: 2,
    kinds: FAULT_KINDS,
    timeMs: FIND_MS_MAX,
    runs: 20_000,
  })
  const ms = Math.round(performance.now() - startedAt)
  if (!counterexample) return null
  const { rule, message, schedule, faults } = counterexample
  return { rule, message, schedules, faults: faults.length, events: schedule.length, ms }
}
