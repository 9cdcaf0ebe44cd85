// What is kept of the runs inside of one control step: for the result, and to undo them.
// Not the runs while they are under way: those are in control/. Invariant: the result keeps a bounded number of iterations,
// whatever their number; what may have to be undone is kept to the last.
import type { CompensationOutput } from '../../../machines/protocol.ts'
import type { Plan } from '../../definition/plan.ts'
import type { Outcomes } from '../../kernel/effects.ts'
import type { Run } from './run.ts'

/** Effects that a run leaves in the world, by the addresses of their steps. */
export interface LeftEffects {
  /** They happened and are not part of the result, or were to be undone. */
  readonly undone: string[]
  /** They may have happened. */
  readonly possiblyDone: string[]
}

/** Iterations whose steps the result shows: so many first ones, and so many more of those that did not complete. */
export const ITERATIONS_KEPT = 100

/** What a run's end leaves to be read. */
export interface Ledger extends Outcomes {
  readonly plan: Plan
  readonly inside: ReadonlyMap<number, Inside>
  /** How undoing went, by step. */
  readonly compensations: ReadonlyMap<number, CompensationOutput>
}

/** What is kept of one run inside of a step. */
export interface Kept {
  /** The number of the iteration; `null` for a list of steps that runs once. */
  readonly iteration: number | null
  readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out'
  readonly ledger: Ledger
}

/** A run inside of a step that has ended, with effects that may have to be undone or named. */
export interface EndedRun {
  readonly run: Run
  /** The attempt of the control step that it was part of. */
  readonly attempt: number
  readonly isCompleted: boolean
}

/** The runs inside of one control step. */
export class Inside {
  /** Of the last attempt. */
  kept: Kept[] = []
  /** Iterations of the last attempt that have ended. */
  ended = 0
  /** Runs whose effects may have to be undone or named, in the order in which they ended. */
  readonly owed: EndedRun[] = []
  /** What scenarios inside left where they undid themselves, by address. */
  readonly left: LeftEffects = { undone: [], possiblyDone: [] }
  failuresKept = 0

  /** A new attempt: what an earlier one did is to be undone all the same. */
  begin(): void {
    this.kept = []
    this.ended = 0
    this.failuresKept = 0
  }

  /** A run has ended. */
  add(kept: Kept): void {
    this.ended++
    if (this.kept.length - this.failuresKept < ITERATIONS_KEPT) this.kept.push(kept)
    else if (kept.status !== 'completed' && this.failuresKept < ITERATIONS_KEPT) {
      this.failuresKept++
      this.kept.push(kept)
    }
  }
}
