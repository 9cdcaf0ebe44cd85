// One step of a run: attempts, time-outs, retries, fallback, verdict.
// Not here: dependencies and queues (the run grants a slot), and any effect (the host performs what the actions name).
// Invariant: the outcome is reached once; a reply to an older attempt changes nothing.
import { assign, setup } from 'xstate'
import { isRetryable, timedOut, verdictOf, type StepContext, type StepInput } from './step-context.ts'
import type { StepEvent, StepOutput, StepStatus } from './protocol.ts'

export type { StepEvent, StepOutput } from './protocol.ts'

export type { StepContext, StepInput } from './step-context.ts'

type Facts = { readonly context: StepContext; readonly event: StepEvent }

const isCurrent = ({ context, event }: Facts) => 'attempt' in event && event.attempt === context.attempt

const noEffect = () => {}

/** The statechart of a step. Its effects are named actions that a host provides. */
export const stepMachine = setup({
  types: {} as { context: StepContext; events: StepEvent; input: StepInput; output: StepOutput },
  actions: {
    /** Asks the run for leases and a slot. */
    requestSlot: noEffect,
    /** Takes the request back. */
    withdrawRequest: noEffect,
    /** Performs the operation and starts the time-out of the attempt. */
    startAttempt: noEffect,
    /** Tells the operation to stop and starts its grace. */
    abortAttempt: noEffect,
    /** Stops the timer, returns leases and slot. */
    endAttempt: noEffect,
    /** Gives up on an operation that outlived its grace. */
    abandonAttempt: noEffect,
    startBackoff: noEffect,
    stopBackoff: noEffect,
    publish: (_: unknown, _event: { readonly type: string }) => {},
    beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1, failure: null }),
    keepOutput: assign(({ event }) => (event.type === 'attempt.succeeded' ? { output: event.output } : {})),
    keepFailure: assign(({ context, event }) =>
      'failure' in event ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    keepTimeout: assign(({ context }) => ({
      failure: timedOut(context.attempt, context.policy),
      failures: context.failures + 1,
    })),
    closeRetries: assign({ retryWindow: 'closed' }),
    fallBack: assign({ target: 'fallback' }),
  },
  guards: {
    isAdmitted: ({ context }) => context.entry === 'admitted',
    isDenied: ({ context }) => context.entry === 'denied',
    isCurrent,
    /** A success that came in time, though the step is being cancelled. */
    isInTime: ({ context, event }) => isCurrent({ context, event }) && context.failure === null,
    mayRetry: ({ context }) =>
      context.target === 'operation' &&
      context.retryWindow === 'open' &&
      context.failures <= context.policy.retries &&
      isRetryable(context.failure, context.policy),
    mayFallBack: ({ context }) => context.policy.hasFallback && context.target === 'operation',
    isSkipped: ({ context }) => verdictOf(context.policy) === 'skip',
  },
}).createMachine({
  id: 'step',
  description: 'One step of a run, from its gates to its only outcome.',
  context: ({ input }) => ({
    index: input.index,
    path: input.path,
    policy: input.policy,
    entry: input.entry ?? 'pending',
    attempt: 0,
    failures: input.failure ? 1 : 0,
    target: 'operation',
    failure: input.failure ?? null,
    output: null,
    retryWindow: 'open',
  }),
  initial: 'pending',
  output: ({ context, event }) => ({
    index: context.index,
    status: (event as unknown as { readonly output: StepStatus }).output,
    output: context.output,
    failure: context.failure,
    attempts: context.attempt,
    endsRun:
      (event as unknown as { readonly output: StepStatus }).output === 'failed' &&
      verdictOf(context.policy) === 'fail_workflow',
  }),
  states: {
    pending: {
      description: 'Waits until its dependencies are final and the run lets it through its gates.',
      always: [
        { guard: 'isAdmitted', target: 'running' },
        { guard: 'isDenied', target: 'judging' },
      ],
      on: {
        'slot.granted': 'running',
        'lease.denied': { target: 'judging', actions: 'keepFailure' },
        'step.cancel': 'cancelled',
      },
    },
    waiting: {
      description: 'Waits for leases and a slot for its next attempt.',
      entry: 'requestSlot',
      on: {
        'slot.granted': 'running',
        'lease.denied': { target: 'judging', actions: 'keepFailure' },
        'retries.expired': { target: 'judging', actions: ['closeRetries', 'withdrawRequest'] },
        'step.cancel': { target: 'cancelled', actions: 'withdrawRequest' },
      },
    },
    running: {
      description: 'An attempt is under way.',
      entry: ['beginAttempt', 'startAttempt'],
      on: {
        'attempt.succeeded': {
          guard: 'isCurrent',
          target: 'succeeded',
          actions: ['endAttempt', 'keepOutput'],
        },
        'attempt.failed': { guard: 'isCurrent', target: 'judging', actions: ['endAttempt', 'keepFailure'] },
        'attempt.timedOut': { guard: 'isCurrent', target: 'aborting', actions: 'keepTimeout' },
        'retries.expired': { actions: 'closeRetries' },
        'step.cancel': 'cancelling',
      },
    },
    aborting: {
      description: 'The attempt timed out, and its operation has a grace in which to stop.',
      entry: 'abortAttempt',
      on: {
        'attempt.succeeded': { guard: 'isCurrent', target: 'judging', actions: 'endAttempt' },
        'attempt.failed': { guard: 'isCurrent', target: 'judging', actions: 'endAttempt' },
        'grace.ended': { guard: 'isCurrent', target: 'judging', actions: ['abandonAttempt', 'endAttempt'] },
        'retries.expired': { actions: 'closeRetries' },
        'step.cancel': 'cancelling',
      },
    },
    cancelling: {
      description: 'The step is being cancelled, and its operation has a grace in which to stop.',
      entry: 'abortAttempt',
      on: {
        'attempt.succeeded': [
          { guard: 'isInTime', target: 'succeeded', actions: ['endAttempt', 'keepOutput'] },
          { guard: 'isCurrent', target: 'cancelled', actions: 'endAttempt' },
        ],
        'attempt.failed': { guard: 'isCurrent', target: 'cancelled', actions: 'endAttempt' },
        'grace.ended': { guard: 'isCurrent', target: 'cancelled', actions: ['abandonAttempt', 'endAttempt'] },
      },
    },
    judging: {
      description: 'Asks of a failure whether a retry or the fallback is left.',
      always: [
        { guard: 'mayRetry', target: 'retrying' },
        { guard: 'mayFallBack', target: 'waiting', actions: 'fallBack' },
        { target: 'deciding' },
      ],
    },
    retrying: {
      description: 'Backs off before the next attempt.',
      entry: ['startBackoff', { type: 'publish', params: { type: 'step_retrying' } }],
      on: {
        'backoff.ended': { guard: 'isCurrent', target: 'waiting' },
        'retries.expired': { target: 'judging', actions: ['closeRetries', 'stopBackoff'] },
        'step.cancel': { target: 'cancelled', actions: 'stopBackoff' },
      },
    },
    deciding: {
      description: 'Nothing is left to try, and a verdict is given.',
      entry: { type: 'publish', params: { type: 'step_failed' } },
      always: [{ guard: 'isSkipped', target: 'skipped' }, { target: 'failed' }],
    },
    succeeded: {
      description: 'Ended with an output.',
      type: 'final',
      entry: { type: 'publish', params: { type: 'step_completed' } },
      output: 'success',
    },
    skipped: {
      description: 'Its failure was set aside, and dependents go on without an output.',
      type: 'final',
      entry: { type: 'publish', params: { type: 'step_skipped' } },
      output: 'skipped',
    },
    failed: { description: 'Ended with a failure.', type: 'final', output: 'failed' },
    cancelled: { description: 'Ended before it could succeed or fail.', type: 'final', output: 'cancelled' },
  },
})
