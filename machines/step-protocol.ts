// What crosses between a run and its steps, as plain data: events and ends of steps, compensations and loops. A part of
// protocol.ts. Nothing here decides anything.
import type { Failure, StepOutcome } from './outcome.ts'
import type { EffectTarget, Verdict } from './policy.ts'
import type { BusEvent } from './protocol.ts'

// ---- step --------------------------------------------------------------------------------------------

export type StepEvent =
  | { readonly type: 'slot.granted' }
  | { readonly type: 'lease.denied'; readonly failure: Failure }
  /** What the attempt under way holds is gone. */
  | { readonly type: 'lease.lost'; readonly failure: Failure }
  | { readonly type: 'attempt.succeeded'; readonly attempt: number; readonly output: unknown }
  | {
      readonly type: 'attempt.failed'
      readonly attempt: number
      readonly failure: Failure
      /** Given where nothing is left to decide: a verdict inside of a control step, a wait's own. */
      readonly verdict?: Verdict
      /** Something inside of the step was cancelled, and the step with it. */
      readonly cancelled?: true
    }
  | { readonly type: 'attempt.timedOut'; readonly attempt: number }
  | { readonly type: 'heartbeat.missed'; readonly attempt: number }
  | { readonly type: 'grace.ended'; readonly attempt: number }
  | { readonly type: 'backoff.started'; readonly attempt: number }
  | { readonly type: 'backoff.ended'; readonly attempt: number }
  /** The time for retries is over, or too short for the next one. */
  | { readonly type: 'retries.expired' }
  /** What handlers answered so far: the one of the highest priority. */
  | { readonly type: 'verdict.offered'; readonly verdict: Verdict }
  /** No handler that is still to answer could change it. */
  | { readonly type: 'verdict.closed' }
  | { readonly type: 'verdict.timedOut' }
  /** `force`: waits for nothing. */
  | { readonly type: 'step.cancel'; readonly force?: boolean }

/** What a step leaves behind. */
export interface StepOutput {
  /** The step's place in its plan. */
  readonly index: number
  readonly status: StepOutcome
  readonly output: unknown
  readonly failure: Failure | null
  /** Attempts made, the fallback's included. */
  readonly attempts: number
  /** What the last attempt called. */
  readonly target: EffectTarget
  /** What was answered to its failure; `null` where nothing had to be. */
  readonly verdict: Verdict | null
  /** Whether something stands in for what the step should have given. */
  readonly degraded: boolean
}

// ---- compensation --------------------------------------------------------------------------------------

export type CompensationEvent =
  | Extract<
      StepEvent,
      {
        type: 'slot.granted' | `lease.${string}` | `attempt.${string}` | `${string}.ended` | 'retries.expired'
      }
    >
  /** What is inside of a control step was undone, as far as it could be. */
  | { readonly type: 'inside.undone'; readonly failure: Failure | null }
  /** Undo nothing more. */
  | { readonly type: 'compensation.stop' }

/** How undoing a step went. */
export interface CompensationOutput {
  /** The step's place in its plan. */
  readonly index: number
  readonly undone: boolean
  readonly failure: Failure | null
  /** Attempts made to undo the step itself. */
  readonly attempts: number
  /** Which of the step's own effects are left. */
  readonly left: readonly EffectTarget[]
}

// ---- loop ----------------------------------------------------------------------------------------------

export type LoopEvent =
  | { readonly type: 'items.counted'; readonly count: number }
  /** Whether another iteration is wanted. */
  | { readonly type: 'condition.decided'; readonly holds: boolean }
  | { readonly type: 'decision.failed'; readonly failure: Failure }
  | {
      readonly type: 'iteration.settled'
      readonly failure: Failure | null
      readonly verdict: Verdict | null
      readonly cancelled?: boolean
    }
  /** None is under way. */
  | { readonly type: 'iterations.finished' }
  | { readonly type: 'loop.cancel'; readonly force?: boolean }

// ---- wait, branch, nested compensation -------------------------------------------------------------------

export type WaitEvent =
  | { readonly type: 'wait.begin' }
  /** An event has come about which a user's function is to be asked. */
  | { readonly type: 'event.offered'; readonly event: BusEvent }
  | { readonly type: 'filter.decided'; readonly holds: boolean }
  | { readonly type: 'filter.failed'; readonly event: BusEvent; readonly reason: string }
  /** The event is its own. */
  | { readonly type: 'event.taken'; readonly event: BusEvent }
  | { readonly type: 'wait.failed'; readonly failure: Failure }
  | { readonly type: 'wait.stop' }
  | { readonly type: 'attempt.over' }

export type BranchEvent =
  | { readonly type: 'branch.begin' }
  /** A run inside has started. */
  | { readonly type: 'branch.entered' }
  /** No steps are to run. */
  | { readonly type: 'branch.absent' }
  | { readonly type: 'branch.failed'; readonly failure: Failure }
  | {
      readonly type: 'inside.ended'
      readonly cause: 'completed' | 'failed' | 'cancelled' | 'timed_out'
      /** `null` where it completed. */
      readonly failure: Failure | null
      readonly verdict: Verdict | null
    }
  | { readonly type: 'branch.stop'; readonly force: boolean }

export type NestedCompensationEvent =
  | { readonly type: 'compensation.begin' }
  | { readonly type: 'run.undone'; readonly isComplete: boolean }
  | { readonly type: 'compensation.stop' }
