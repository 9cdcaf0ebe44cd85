// What a step knows, and what its policy says of a failure. Pure: the step's chart asks.
import type { Failure, StepPolicy } from './protocol.ts'

/** What a step starts with. */
export interface StepInput {
  /** The step's place in its plan. */
  readonly index: number
  /** The step's address, such as `run/42/step/load`. */
  readonly path: string
  readonly policy: StepPolicy
  /**
   * Where the step is when its actor begins: before its gates (`pending`, the default), past them
   * (`admitted`), or with a failure met at the gates (`denied`).
   */
  readonly entry?: 'pending' | 'admitted' | 'denied'
  /** With `denied`: what was met. */
  readonly failure?: Failure
}

/** What a step knows. */
export interface StepContext {
  readonly index: number
  readonly path: string
  readonly policy: StepPolicy
  readonly entry: 'pending' | 'admitted' | 'denied'
  /** Attempts made. */
  readonly attempt: number
  /** Failures that the retry limit has counted. */
  readonly failures: number
  /** What the attempts call: the step's operation or, once its retries are spent, the fallback. */
  readonly target: 'operation' | 'fallback'
  /** Why the current or the last attempt failed. */
  readonly failure: Failure | null
  readonly output: unknown
  /** `closed` once the time for retries is over. */
  readonly retryWindow: 'open' | 'closed'
}

/** Whether trying again may help. */
export const isRetryable = (failure: Failure | null, policy: StepPolicy) =>
  failure !== null &&
  failure.retryable !== false &&
  !policy.nonRetryable.includes(failure.code) &&
  (failure.name === undefined || !policy.nonRetryable.includes(failure.name))

/** The first verdict that applies once retries and fallback are spent. */
export const verdictOf = (policy: StepPolicy) =>
  policy.verdicts.find((verdict) => verdict !== 'fallback') ?? 'fail'

/** The failure of an attempt that outlived its limit. */
export const timedOut = (attempt: number, { timeoutMs }: StepPolicy): Failure => ({
  code: 'ATTEMPT_TIMED_OUT',
  message: `Attempt ${attempt} timed out after ${timeoutMs} ms: it was told to stop`,
})
