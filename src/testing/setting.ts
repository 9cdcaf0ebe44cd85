// What a schedule is played with, and what it comes to. Not how: that is schedule.ts.
import type { InspectionEvent } from 'xstate'
import type { OutputOf } from './answers.ts'
import type { Rule } from './checkers/checker.ts'
import type { FaultKind, Schedule } from './choice.ts'
import type { History } from './history.ts'
import type { UserInvariant } from './invariant.ts'

/** What holds for every schedule of an exploration. */
export interface Setting {
  readonly kinds: ReadonlySet<FaultKind>
  readonly faultsMax: number
  /** All chance in the runs is drawn from it. */
  readonly seed: number
  readonly outputOf: OutputOf
  readonly isReal: boolean
  readonly rules: readonly Rule[]
  readonly invariants: readonly UserInvariant[]
  readonly inspect: ((event: InspectionEvent) => void) | null
  /** Choices after which a schedule counts as one that never ends. */
  readonly eventsMax: number
}

/** A rule that was broken. */
export interface Broken {
  /** The rule or the user's invariant. */
  readonly rule: string
  readonly message: string
}

/** What a schedule came to. */
export interface Played {
  readonly broken: Broken | null
  /** How the root ended; `null` where it did not. */
  readonly status: string | null
  readonly schedule: Schedule
  readonly faults: readonly FaultKind[]
  readonly history: History
  /** Whether it was played to its end, or its chooser broke it off. */
  readonly isWhole: boolean
}
