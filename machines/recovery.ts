// The part of a step's chart that answers a failure: retry, fall back, ask, rule. The attempts are in step.ts.
// Invariant: every way through ends in another attempt or in an outcome, and each kind of attempt is bounded.
import { stepSetup } from './step-setup.ts'

/** From a failed attempt to what follows from it. */
export const judging = stepSetup.createStateConfig({
  description: 'Asks of a failure whether a retry or the fallback is left.',
  entry: 'explainFailure',
  always: [
    { guard: 'mayRetry', target: 'retrying' },
    { guard: 'mayFallBack', target: 'waiting', actions: 'fallBack' },
    { guard: 'wasGranted', target: 'ruled' },
    { target: 'deciding' },
  ],
})

/** Between two attempts. */
export const retrying = stepSetup.createStateConfig({
  description: 'Backs off before the next attempt.',
  entry: 'startBackoff',
  on: {
    'backoff.started': { actions: { type: 'publish', params: { type: 'step_retrying' } } },
    'backoff.ended': { guard: 'isCurrent', target: 'waiting' },
    'retries.expired': { target: 'judging', actions: ['closeRetries', 'stopBackoff'] },
    'step.cancel': { target: 'cancelled', actions: 'stopBackoff' },
  },
})

/** Retries and fallback are spent. */
export const deciding = stepSetup.createStateConfig({
  description: 'Nothing is left to try, and someone has to say what that means.',
  entry: { type: 'publish', params: { type: 'step_failed' } },
  always: [{ guard: 'needsNoAdvice', target: 'ruled' }, { target: 'asking' }],
})

/** Handlers are asked. */
export const asking = stepSetup.createStateConfig({
  description: 'Waits, for a limited time, for what the handlers of its failure answer.',
  entry: 'askHandlers',
  exit: 'stopAsking',
  on: {
    'verdict.offered': { actions: 'keepVerdict' },
    'verdict.closed': 'ruled',
    'verdict.timedOut': 'ruled',
    'step.cancel': 'cancelled',
  },
})

/** The verdict is known. */
export const ruled = stepSetup.createStateConfig({
  description: 'A verdict is given: by a handler, by the step itself, or by what holds for its workflow.',
  entry: 'keepListedVerdict',
  always: [
    { guard: 'isToRetry', target: 'waiting', actions: 'grantRetry' },
    { guard: 'isToSkip', target: 'skipped' },
    { target: 'failed' },
  ],
})
