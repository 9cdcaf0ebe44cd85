// How things end, as plain data: failures, and what is said of a step, a run and an integration once they are over.
// Nothing here decides anything.

/** The engine's own codes of what fails in a run. A closed union: one that is misspelt does not compile. */
export type FailureCode =
  | 'ATTEMPT_TIMED_OUT'
  | 'COMPENSATION_INCOMPLETE'
  | 'COMPENSATION_STOPPED'
  | 'DEPENDENCIES_NOT_SATISFIED'
  | 'EXPRESSION_FAILED'
  | 'HEARTBEAT_MISSED'
  | 'INTERNAL'
  | 'ITERATION_LIMIT'
  | 'MODULE_CLEANUP_FAILED'
  | 'MODULE_INIT_FAILED'
  | 'MODULE_NOT_REGISTERED'
  | 'OPERATION_FAILED'
  | 'OPERATION_UNKNOWN'
  | 'OUTPUT_NOT_SERIALISABLE'
  | 'RESOURCE_CLOSED'
  | 'RESOURCE_LOST'
  | 'RESOURCE_TIMEOUT'
  | 'RUN_CANCELLED'
  | 'RUN_STALLED'
  | 'RUN_TIMED_OUT'
  | 'TOO_FEW_SUCCEEDED'
  | 'UNCAUGHT_ERROR'
  | 'WAIT_TIMED_OUT'

declare const thrown: unique symbol

/**
 * The `code` of an error that was thrown: any text, for user code has codes of its own. Only what reads a thrown error, or a
 * journal, makes one of a text.
 */
export type ThrownCode = string & { readonly [thrown]: true }

/** An operating error as data. It travels in events and is thrown only at the public edge. */
export interface Failure {
  /** The thrown error's own code; where it has none, or nothing was thrown, one of the engine's. */
  readonly code: FailureCode | ThrownCode
  readonly message: string
  /** The `name` of the thrown error, which `non_retryable` is matched against. */
  readonly name?: string
  /** Default true. `false` ends the retries at once. */
  readonly retryable?: boolean
  /** The earliest time for the next attempt, in milliseconds from the failure. */
  readonly retryAfterMs?: number
  /**
   * What the failed attempt did to the world, where that is not nothing: it may have had its effect (`unknown`), or had it
   * (`done`) and gave what cannot be recorded.
   */
  readonly effect?: 'unknown' | 'done'
  /** In the error of what is made of steps: the address of the step that failed, as `pay` or `scan[3]/fetch`. */
  readonly step?: string
  readonly cause?: Failure
}

/** How a step ended, before anything is undone. */
export type StepOutcome = 'success' | 'failed' | 'skipped' | 'cancelled'

/** How a step stands, as results and expressions show it: a success that was undone is a success no more. */
export type StepStatus = StepOutcome | 'compensated' | 'compensation_failed'

/** What ended a run. */
export type RunCause = 'completed' | 'failed' | 'cancelled' | 'timed_out'

/** How a run ended: its cause, or what became of its compensation where the cause was a failure. */
export type RunStatus = RunCause | 'compensated' | 'compensation_failed'

/** Whether what a run did was undone: `failed` where anything is left. */
export type CompensationStatus = 'none' | 'completed' | 'failed'

/** How an integration ended. */
export type IntegrationStatus = RunCause | 'completed_with_cleanup_issues'
