// What happened in one schedule, as users' invariants and timelines see it: moments in their order, each plain data.
import type { AttemptTarget } from '../runtime/port/host.ts'
import type { FaultKind } from './choice.ts'

/** What happened. */
export type MomentKind =
  | 'attempt.started'
  | 'attempt.succeeded'
  | 'attempt.failed'
  | 'attempt.stopped'
  | 'reply.ignored'
  | 'step.ended'
  | 'step.undone'
  | 'module.started'
  | 'module.answered'
  | 'handler.answered'
  | 'timer.fired'
  | 'process.crashed'
  | 'pool.taken'
  | 'pool.returned'
  | 'lease.lost'
  | 'run.cancelled'
  | 'signal.sent'
  | 'run.ended'

/** One thing that happened. */
export interface Moment {
  /** Milliseconds of virtual time. */
  readonly at: number
  readonly kind: MomentKind
  /** The address of the step, such as `pay` or `outer/pay`; else the module, pool, event, or empty. */
  readonly step: string
  /** From 1; 0 where it is none of an attempt. */
  readonly attempt: number
  /** What the attempt calls; `null` where it is none of an attempt. */
  readonly target: AttemptTarget | null
  /** A status, a timer's type, a message: whatever else there is to say. */
  readonly detail: string
  /** The fault that it is; `null` where all goes well. */
  readonly fault: FaultKind | null
}

/** The moments of one schedule so far. */
export type History = readonly Moment[]
