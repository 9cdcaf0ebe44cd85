// How an effect's end looks to the actor that waits for it: a host passes on an outcome, and the runtime makes an event of it.
// How the end of a child actor looks to its run is in settlement.ts.
import type { Verdict } from '../../../machines/protocol.ts'
import { toFailure } from '../execute/failure.ts'
import type { EventOf, Settlement } from '../port/events.ts'
import type { Effect, Outcome } from '../port/host.ts'
import { toJson } from '../../definition/json-copy.ts'
import { VERDICTS } from '../../definition/shape.ts'

/** An effect's outcome as the event that its actor waits for. */
export function settlement(
  effect: Effect,
  outcome: Outcome,
  now: number,
  isInterrupted: boolean,
): Settlement {
  switch (effect.kind) {
    case 'attempt':
      return attemptSettlement(effect.attempt, outcome, now, isInterrupted)
    case 'decision':
      return decisionSettlement(effect.step, outcome)
    case 'init':
      return outcome.status === 'succeeded'
        ? { type: 'module.initialised' }
        : { type: 'module.failed', failure: toFailure(outcome.error, 'MODULE_INIT_FAILED') }
    case 'cleanup':
      return outcome.status === 'succeeded'
        ? { type: 'module.cleaned' }
        : { type: 'module.failed', failure: toFailure(outcome.error, 'MODULE_CLEANUP_FAILED') }
    case 'handler':
      return outcome.status === 'succeeded'
        ? { type: 'handler.succeeded', subscription: effect.subscription, ...answerOf(outcome.value) }
        : { type: 'handler.failed', subscription: effect.subscription, failure: toFailure(outcome.error) }
  }
}

function decisionSettlement(step: string, outcome: Outcome): Settlement {
  const failed = (error: unknown): Settlement => {
    const failure = { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false }
    return { type: 'decision.made', step, value: null, failure }
  }
  if (outcome.status === 'failed') return failed(outcome.error)
  try {
    return { type: 'decision.made', step, value: toJson(outcome.value) }
  } catch (error) {
    return failed(error)
  }
}

/** A handler that returns a verdict answers with it; whatever else it returns is nobody's business. */
const answerOf = (value: unknown): { readonly verdict?: Verdict } => {
  const verdict = VERDICTS.find((each) => each === value)
  return verdict ? { verdict } : {}
}

type AttemptSettlement = EventOf<Settlement, `attempt.${string}`>

/**
 * How an attempt ended. One that failed has done nothing, unless its error says otherwise; the process may have ended while
 * it was made a first time, and nobody knows what that has done. One whose output is no JSON has done all it was to do.
 */
export function attemptSettlement(
  attempt: number,
  outcome: Outcome,
  now: number,
  isInterrupted = false,
): AttemptSettlement {
  if (outcome.status === 'failed') {
    const failure = toFailure(outcome.error, 'OPERATION_FAILED', now)
    return {
      type: 'attempt.failed',
      attempt,
      failure: isInterrupted ? { effect: 'unknown', ...failure } : failure,
    }
  }
  try {
    return { type: 'attempt.succeeded', attempt, output: toJson(outcome.value) }
  } catch (error) {
    return { type: 'attempt.failed', attempt, failure: { ...toFailure(error), effect: 'done' } }
  }
}
