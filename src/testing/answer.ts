// What an exploration comes to, as plain data. Not here: how it is told (told.ts, timeline.ts, sequence-diagram.ts).
import type { ChartCoverage } from './coverage.ts'
import type { FaultKind, Schedule } from './choice.ts'
import type { History } from './history.ts'

/** A schedule that breaks a rule, as short as it was made. */
export interface Counterexample {
  /** The rule's name, or that of the user's invariant. */
  readonly rule: string
  /** What the rule says; empty for a user's invariant. */
  readonly description: string
  /** What was found instead. */
  readonly message: string
  /** Every choice by name, which replays it as long as there is such a choice. */
  readonly schedule: Schedule
  readonly faults: readonly FaultKind[]
  readonly history: History
  /** How often it was made smaller. */
  readonly shrinks: number
  /** With it, fast-check finds the same again; `null` where the exhaustive chooser found it. */
  readonly replay: { readonly seed: number; readonly path: string } | null
}

/** What an exploration comes to. */
export interface Answer {
  /** What was explored. */
  readonly name: string
  readonly outcome: 'holds' | 'violated'
  /** Whether every schedule of up to `faultsMax` faults was explored, but for those that are equal to others. */
  readonly isComplete: boolean
  readonly faultsMax: number
  /** Schedules played, in full or up to a situation that was met before. */
  readonly schedules: number
  /** Situations that differ. Where the exploration is not complete: those of the steps alone, as drawn by chance. */
  readonly states: number
  /** How the schedules ended, by status. */
  readonly endings: Readonly<Record<string, number>>
  /** Faults by kind, in schedules that held. */
  readonly faultsSurvived: Readonly<Partial<Record<FaultKind, number>>>
  readonly charts: readonly ChartCoverage[]
  /** Rules and invariants that watched. */
  readonly rules: readonly string[]
  readonly seed: number
  readonly tookMs: number
  /** Why it ended before all was explored; `null` where it did not. */
  readonly stopped: 'runs' | 'time' | 'memory' | 'aborted' | null
  readonly counterexample: Counterexample | null
}
