// What a run tells whoever listens with `actor.on`, by type. Types only: the bus knows nothing of them, for operations and
// signals add types of their own.
import type { BusEvent, Failure, RunCause } from '../../../machines/protocol.ts'
import type { JsonForm } from '../../definition/json-form.ts'
import type { StepTitle } from '../../definition/plan.ts'

/** A step, and the attempts that it made so far. */
interface Attempted extends StepTitle {
  readonly attempts: number
  /** Given where no attempt was made: whether its dependencies let it run. */
  readonly dependencies_satisfied?: boolean
}

/** A step that failed, or an attempt of it. */
interface Failed extends Attempted {
  readonly error: Failure
}

/** Whether its dependencies allowed a step that ends before its first attempt. */
interface Judged {
  readonly dependencies_satisfied?: boolean
}

interface OfModule {
  readonly module_name: string
}

interface OfLease {
  /** The pool. */
  readonly resource: string
  /** The address of the actor that has the lease. */
  readonly holder: string
}

/** The data of the events that each run tells of, by type. */
export interface RunEventData {
  readonly workflow_started: { readonly workflow_name: string }
  readonly workflow_completed: { readonly workflow_name: string; readonly status: 'completed' }
  readonly workflow_error: {
    readonly workflow_name: string
    readonly status: Exclude<RunCause, 'completed'>
    readonly error?: Failure
  }
  readonly step_started: StepTitle
  readonly step_progress: StepTitle & { readonly progress: number; readonly message?: string }
  readonly step_retrying: Failed
  readonly step_completed: Attempted
  readonly step_failed: Failed & Judged
  readonly step_skipped: Attempted & Judged & { readonly error?: Failure }
  readonly step_compensating: Attempted & { readonly error?: Failure }
  readonly step_compensated: Attempted & { readonly error?: Failure }
  readonly step_compensation_failed: Attempted & { readonly error?: Failure }
  readonly custom_step_completed: Attempted
  readonly custom_step_failed: Failed
  readonly module_loaded: OfModule
  readonly module_initialized: OfModule
  readonly module_error: OfModule & { readonly error: Failure }
  readonly resource_allocated: OfLease & { readonly units: number }
  readonly resource_released: OfLease & { readonly error?: Failure }
  readonly resource_exhausted: {
    readonly resource: string
    /** Requests that wait. */
    readonly queue_length: number
    readonly holders: readonly string[]
  }
  /** A handler has not been told of all events, which were too many. */
  readonly events_dropped: { readonly handler: string; readonly pattern: string; readonly events: number }
  /** Something that was sent or emitted is not valid. */
  readonly event_refused: { readonly event: string; readonly source: string; readonly reason: string }
  /** Events of one type that no step took were too many; so many of them are gone by now. */
  readonly signal_dropped: { readonly event: string; readonly source: string; readonly dropped: number }
}

/** A kind of event that operations emit, or that signals bring: its type and its data. */
export interface DeclaredEvent {
  readonly type: string
  readonly data?: unknown
}

/** An event that a run tells of: the library's own, and those that `types.emitted` of `setup` declares. */
export type RunEvent<TEmitted extends DeclaredEvent = never> =
  | { readonly [TType in keyof RunEventData]: BusEvent<TType, RunEventData[TType]> }[keyof RunEventData]
  | (TEmitted extends unknown ? BusEvent<TEmitted['type'], JsonForm<TEmitted['data']>> : never)
