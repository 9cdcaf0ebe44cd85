// What crosses between actors, as plain data: every event, every failure, every policy.
// Nothing here decides anything. All of it is JSON, so that a host can write it down and read it back.

/** An operating error as data. It travels in events and is thrown only at the public edge. */
export interface Failure {
  /** One of the library's codes, or `OPERATION_FAILED` for what a user's operation threw. */
  readonly code: string
  readonly message: string
  /** The `name` of the thrown error, which `non_retryable` is matched against. */
  readonly name?: string
  /** Default true. `false` ends the retries at once. */
  readonly retryable?: boolean
  /** The earliest time for the next attempt, in milliseconds from the failure. */
  readonly retryAfterMs?: number
  readonly cause?: Failure
}

/** How a step ended, as results and expressions show it. */
export type StepStatus = 'success' | 'failed' | 'skipped' | 'cancelled'

/** How a run ended: `completed`, or the cause that ended it. */
export type RunStatus = 'completed' | 'failed' | 'cancelled' | 'timed_out'

/** How an integration ended. */
export type IntegrationStatus = RunStatus | 'completed_with_cleanup_issues'

/** The answer to a failure whose retries are spent. */
export type Verdict = 'retry' | 'fallback' | 'skip' | 'degradation' | 'fail' | 'fail_workflow' | 'compensate'

/** When a step may start, judged once all its dependencies are final. */
export type RunCondition = 'all_succeeded' | 'all_done' | 'any_succeeded' | 'none_failed'

export interface BackoffPolicy {
  readonly kind: 'exponential' | 'linear' | 'constant'
  readonly initialMs: number
  readonly factor: number
  readonly maxMs: number
  /** `full` draws from [0, delay], `equal` from [delay / 2, delay], `none` takes the delay itself. */
  readonly jitter: 'full' | 'equal' | 'none'
  /** No retry starts later than this after the first attempt's start. `null`: no such limit. */
  readonly maxElapsedMs: number | null
}

/** What a step's chart needs to know to answer a failure. One object serves every step that shares it. */
export interface StepPolicy {
  /** Retries after the first attempt. */
  readonly retries: number
  readonly backoff: BackoffPolicy
  /** Limit of one attempt; `null`: none. */
  readonly timeoutMs: number | null
  /** How long an operation that was told to stop may still take before it is abandoned. */
  readonly graceMs: number
  /** Error names and codes that are never retried. */
  readonly nonRetryable: readonly string[]
  readonly hasFallback: boolean
  /** The first applicable one counts; `fail` where none is. */
  readonly verdicts: readonly Verdict[]
}

/** What a step needs of a pool for one attempt. */
export interface ResourceNeed {
  readonly pool: string
  /** At least 1, at most the pool's capacity. */
  readonly units: number
}

// ---- step --------------------------------------------------------------------------------------------

export type StepEvent =
  | { readonly type: 'slot.granted' }
  | { readonly type: 'lease.denied'; readonly failure: Failure }
  | { readonly type: 'attempt.succeeded'; readonly attempt: number; readonly output: unknown }
  | { readonly type: 'attempt.failed'; readonly attempt: number; readonly failure: Failure }
  | { readonly type: 'attempt.timedOut'; readonly attempt: number }
  | { readonly type: 'grace.ended'; readonly attempt: number }
  | { readonly type: 'backoff.ended'; readonly attempt: number }
  | { readonly type: 'retries.expired' }
  | { readonly type: 'step.cancel' }

/** What a step leaves behind. */
export interface StepOutput {
  /** The step's place in its plan. */
  readonly index: number
  readonly status: StepStatus
  readonly output: unknown
  readonly failure: Failure | null
  /** Attempts made, the fallback's included. */
  readonly attempts: number
  /** Whether this failure ends the whole run. */
  readonly endsRun: boolean
}

// ---- workflow ----------------------------------------------------------------------------------------

export type WorkflowEvent =
  | { readonly type: 'scope.ready' }
  | { readonly type: 'scope.failed'; readonly failure: Failure }
  | { readonly type: 'scope.released'; readonly issues: readonly Failure[] }
  | { readonly type: 'step.settled'; readonly step: StepOutput }
  | { readonly type: 'steps.finished' }
  | { readonly type: 'slot.requested'; readonly index: number }
  | { readonly type: 'slot.returned' }
  | { readonly type: 'lease.granted'; readonly lease: string; readonly pool: string }
  | {
      readonly type: 'lease.denied'
      readonly lease: string
      readonly pool: string
      readonly failure: Failure
    }
  | {
      readonly type: 'condition.decided'
      readonly index: number
      readonly holds: boolean
      readonly failure?: Failure
    }
  | { readonly type: 'outputs.collected'; readonly output: unknown }
  | { readonly type: 'outputs.failed'; readonly failure: Failure }
  | { readonly type: 'run.timedOut' }
  /** Ends the run in order: running steps are told to stop, and the scope is released. */
  | { readonly type: 'run.cancel'; readonly cause?: 'cancelled' | 'timed_out' }

// ---- bus ---------------------------------------------------------------------------------------------

/** An event on the bus. */
export interface BusEvent {
  /** Unique in its integration or run, in order of publication. */
  readonly id: string
  readonly type: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The path of the actor that published it. */
  readonly source: string
  /** The run it belongs to. */
  readonly correlation_id: string
  readonly data: unknown
}

// ---- module ------------------------------------------------------------------------------------------

export type ModuleEvent =
  | { readonly type: 'module.initialise' }
  | { readonly type: 'module.initialised' }
  | { readonly type: 'module.failed'; readonly failure: Failure }
  | { readonly type: 'module.cleanUp' }
  | { readonly type: 'module.cleaned' }
  | { readonly type: 'module.timedOut' }

// ---- pool --------------------------------------------------------------------------------------------

export type PoolEvent =
  | {
      readonly type: 'lease.request'
      /** Names the lease: unique among the open and waiting ones of the pool. */
      readonly lease: string
      readonly units: number
      readonly priority: number
      /** Milliseconds since the epoch; with the priority it decides the place in the queue. */
      readonly at: number
      /** The path of the actor that is to hear of the grant or the denial. */
      readonly replyTo: string
    }
  | { readonly type: 'lease.release'; readonly lease: string }
  | { readonly type: 'lease.timedOut'; readonly lease: string }
  | { readonly type: 'pool.close' }
