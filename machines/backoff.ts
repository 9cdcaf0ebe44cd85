// How long a retry waits. A pure function of the policy and of a chance that the host draws.
// Full and equal jitter as described in AWS's "Exponential Backoff And Jitter".
import type { BackoffPolicy, Failure } from './protocol.ts'

/**
 * The delay before the next attempt, in whole milliseconds.
 * @param failures How many attempts failed so far, from 1.
 * @param chance From [0, 1).
 * @param failure Its own `retryAfterMs` counts in place of all that.
 */
export function backoffDelayMs(
  policy: BackoffPolicy,
  failures: number,
  chance: number,
  failure: Failure | null,
): number {
  if (failure?.retryAfterMs !== undefined) return failure.retryAfterMs
  const full = Math.min(policy.maxMs, growth(policy, failures))
  const jittered =
    policy.jitter === 'none'
      ? full
      : policy.jitter === 'full'
        ? full * chance
        : full / 2 + (full / 2) * chance
  return Math.round(jittered)
}

function growth(policy: BackoffPolicy, failures: number): number {
  if (policy.kind === 'constant') return policy.initialMs
  if (policy.kind === 'linear') return policy.initialMs * failures
  return policy.initialMs * policy.factor ** (failures - 1)
}
