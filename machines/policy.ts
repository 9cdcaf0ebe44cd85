// What is said of a step beforehand: when it may start, what it needs, and how its failures are answered. Plain data.
// Nothing here decides anything; the charts ask.

/** The answer to a failure whose retries and fallback are spent. */
export type Verdict = 'retry' | 'fallback' | 'skip' | 'degradation' | 'fail' | 'fail_workflow' | 'compensate'

/** What a step's attempt calls. Each has an effect of its own, under a key of its own. */
export type EffectTarget = 'operation' | 'fallback'

/** How much of a run is undone: all it did, or the effects that are not part of its result. */
export type CompensationExtent = 'all' | 'surplus'

/** When a step may start, judged once all its dependencies are final. */
export type RunCondition =
  | 'all_succeeded'
  | 'all_done'
  | 'any_succeeded'
  | 'none_failed'
  /** The dependencies, and all that come before them. */
  | 'ancestors_succeeded'

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
  /** An attempt that does not report within it has failed; `null`: it need not report. */
  readonly heartbeatMs: number | null
  /** How long an operation that was told to stop may still take before it is abandoned. */
  readonly graceMs: number
  /** How long a cancellation waits for a running attempt before it tells it to stop; `null`: not at all. */
  readonly awaitMs: number | null
  /** Error names and codes that are never retried. */
  readonly nonRetryable: readonly string[]
  readonly hasFallback: boolean
  /** The step's own: the first applicable one counts. `null`: it says nothing, and handlers are asked. */
  readonly verdicts: readonly Verdict[] | null
  /** What counts where the step says nothing and no handler answers; `fail` where none applies. */
  readonly strategies: readonly Verdict[]
  /** Attempts that the verdict `retry` may add. */
  readonly grantedRetriesMax: number
  /** How long handlers may take to answer. */
  readonly answerMs: number
}

/** What is known of undoing a step. */
export type CompensationPolicy = Pick<
  StepPolicy,
  'retries' | 'backoff' | 'timeoutMs' | 'graceMs' | 'nonRetryable'
>

/** What a step needs of a pool for one attempt. */
export interface ResourceNeed {
  readonly pool: string
  /** At least 1, at most the pool's capacity. */
  readonly units: number
}
