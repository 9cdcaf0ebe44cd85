// What is kept of a step while it has an actor. Not what its chart knows: that is in the actor's snapshots.
import type { ActorRef } from '../charts/actors.ts'
import type { CompensationContext } from '../../../machines/compensation.ts'
import type { StepContext } from '../../../machines/step.ts'
import type { Work } from '../control/work.ts'
import type { AttemptTarget, Effect } from '../port/host.ts'
import type { StepTimers } from './step-timers.ts'

/** What is kept of a step while its actor lives. */
export interface Live {
  readonly actor: ActorRef
  readonly path: string
  effect: Extract<Effect, { kind: 'attempt' }> | null
  /** The effect was told to stop, and its grace runs. */
  isAborted: boolean
  /** Whether its last attempt counts as one of the run's. */
  isCounted: boolean
  /** What an attempt of a control step does; what is undone inside of it. */
  work: Work | null
  readonly timers: StepTimers
  /** The last failure that was published. */
  failureEvent: string | null
  /** Waits at the gates for its next attempt. */
  queued: boolean
}

/** What the charts of a step and of its compensation have in common. */
export type Attempting = StepContext | CompensationContext

/** What an attempt calls. */
export const targetOf = (context: Attempting): AttemptTarget =>
  !('owed' in context)
    ? context.target
    : context.target === 'fallback'
      ? 'fallbackCompensation'
      : 'compensation'
