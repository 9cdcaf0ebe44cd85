// What a step knows, and what its policy says of a failure. Pure: the step's chart asks.
import { blockage } from './blockage.ts'
import type {
  CompensationPolicy,
  EffectTarget,
  Failure,
  StepOutcome,
  StepPolicy,
  Verdict,
} from './protocol.ts'

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
  /** Whether there are handlers that may be asked for a verdict. Default `nobody`. */
  readonly advisers?: 'nobody' | 'handlers'
}

/** What a step knows. */
export interface StepContext {
  readonly index: number
  readonly path: string
  readonly policy: StepPolicy
  readonly entry: 'pending' | 'admitted' | 'denied'
  readonly advisers: 'nobody' | 'handlers'
  /** Attempts made. */
  readonly attempt: number
  /** Failures that the retry limit has counted. */
  readonly failures: number
  /** Attempts that a verdict has added. */
  readonly granted: number
  /** What the attempts call: the step's operation or, once its retries are spent, the fallback. */
  readonly target: EffectTarget
  /** Why the current or the last attempt failed. */
  readonly failure: Failure | null
  readonly output: unknown
  /** `closed` once the time for retries is over. */
  readonly retryWindow: 'open' | 'closed'
  /** The answer to the failure, as far as it is known. */
  readonly verdict: Verdict | null
}

/** A step that has done nothing yet. */
export const beginning = (input: StepInput): StepContext => ({
  index: input.index,
  path: input.path,
  policy: input.policy,
  entry: input.entry ?? 'pending',
  advisers: input.advisers ?? 'nobody',
  attempt: 0,
  failures: input.failure ? 1 : 0,
  granted: 0,
  target: 'operation',
  failure: input.failure ?? null,
  output: null,
  retryWindow: 'open',
  verdict: null,
})

/** Whether trying again may help. */
export const isRetryable = (failure: Failure | null, policy: Pick<StepPolicy, 'nonRetryable'>) =>
  failure !== null &&
  failure.retryable !== false &&
  !policy.nonRetryable.includes(failure.code) &&
  (failure.name === undefined || !policy.nonRetryable.includes(failure.name))

/** What the charts of a step and of its compensation know of retries. */
type Retrying = Pick<StepContext, 'failures' | 'failure' | 'retryWindow'> & {
  readonly policy: CompensationPolicy | null
}

/** Whether a retry is left, were there the time for it. */
export const hasRetry = ({ failures, failure, policy }: Retrying) =>
  policy !== null && failures <= policy.retries && isRetryable(failure, policy)

/** The failure; where nothing but time keeps it from being retried, it says so. */
export function explained(context: Retrying): Failure | null {
  const { failure, policy, retryWindow } = context
  if (failure === null || retryWindow === 'open' || !hasRetry(context)) return failure
  const { retryAfterMs: asked } = failure
  const wish = asked === undefined ? '' : `it asks for the next attempt after ${asked} ms, and `
  const limit = `max_elapsed ends the retries ${policy!.backoff.maxElapsedMs} ms after the start of the first attempt`
  return { ...failure, message: `${failure.message}; not tried again: ${wish}${limit}` }
}

/** The verdicts that the step or, where it says nothing, its workflow lists. */
const listed = ({ verdicts, strategies }: StepPolicy) => verdicts ?? strategies

/**
 * Whether a verdict can be carried out. By now the fallback was tried, so it never is one; a retry must be left; and
 * nobody degrades a step that did not say that it may be skipped.
 */
export function isApplicable({ granted, policy }: StepContext, verdict: Verdict): boolean {
  if (verdict === 'fallback') return false
  if (verdict === 'retry') return granted < policy.grantedRetriesMax
  return verdict !== 'degradation' || listed(policy).includes('skip')
}

/** The first listed verdict that applies; a listed retry only where trying again may help. */
export function listedVerdict(context: StepContext): Verdict {
  const mayRetry = context.retryWindow === 'open' && isRetryable(context.failure, context.policy)
  const applies = (verdict: Verdict) => isApplicable(context, verdict) && (verdict !== 'retry' || mayRetry)
  return listed(context.policy).find(applies) ?? 'fail'
}

/** Whether something stands in for the output that the step's own operation should have given. */
export const isDegraded = ({ verdict, target }: StepContext, status: StepOutcome) =>
  verdict === 'degradation' || (status === 'success' && target === 'fallback')

/** The failure of an attempt that outlived its limit. */
export const timedOut = (attempt: number, timeoutMs: number | null, event: object): Failure => ({
  code: 'ATTEMPT_TIMED_OUT',
  message: `Attempt ${attempt} timed out after ${timeoutMs} ms: it was told to stop${blockage(event)}`,
})

/** The failure of an attempt that did not report. */
export const fellSilent = (attempt: number, { heartbeatMs }: StepPolicy, event: object): Failure => ({
  code: 'HEARTBEAT_MISSED',
  message: `Attempt ${attempt} did not report within ${heartbeatMs} ms: it was told to stop${blockage(event)}`,
})
