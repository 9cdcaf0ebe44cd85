// What a policy says of a failure. Pure functions that the step's chart asks.
import type { Failure, StepPolicy } from './protocol.ts'

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
