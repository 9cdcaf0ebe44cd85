// One step of a run: attempts, time-outs, cancellation, outcome. What follows a failure is in recovery.ts.
// Not here: dependencies and queues (the run grants a slot), and any effect (the host performs what the actions name).
// Invariant: the outcome is reached once; a reply to an older attempt changes nothing.
import type { StepOutcome } from './protocol.ts'
import { asking, deciding, judging, retrying, ruled } from './recovery.ts'
import { beginning, isDegraded } from './step-context.ts'
import { stepSetup } from './step-setup.ts'

export type { StepContext, StepInput } from './step-context.ts'
export type { StepEffect } from './step-setup.ts'

/** The statechart of a step. Its effects are named actions that a host provides. */
export const stepMachine = stepSetup.createMachine({
  id: 'step',
  description: 'One step of a run, from its gates to its only outcome.',
  context: ({ input }) => beginning(input),
  initial: 'pending',
  output: ({ context, event }) => {
    const status = (event as { readonly output: StepOutcome }).output
    const { index, output, failure, attempt, target, verdict } = context
    const degraded = isDegraded(context, status)
    return { index, status, output, failure, attempts: attempt, target, verdict, degraded }
  },
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
        'retries.expired': {
          guard: 'isRetry',
          target: 'judging',
          actions: ['closeRetries', 'withdrawRequest'],
        },
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
        'attempt.failed': [
          { guard: 'isCancelledInside', target: 'cancelled', actions: 'endAttempt' },
          {
            guard: 'isRuled',
            target: 'ruled',
            actions: [
              'endAttempt',
              'keepFailure',
              'keepVerdict',
              { type: 'publish', params: { type: 'step_failed' } },
            ],
          },
          { guard: 'isCurrent', target: 'judging', actions: ['recordEffect', 'endAttempt', 'keepFailure'] },
        ],
        'attempt.timedOut': { guard: 'isCurrent', target: 'aborting', actions: 'keepTimeout' },
        'heartbeat.missed': { guard: 'isCurrent', target: 'aborting', actions: 'keepSilence' },
        'lease.lost': { target: 'aborting', actions: 'keepLoss' },
        'retries.expired': { actions: 'closeRetries' },
        'step.cancel': [{ guard: 'isAwaited', target: 'finishing' }, { target: 'cancelling' }],
      },
    },
    aborting: {
      description: 'The attempt outlived its limit, and its operation has a grace in which to stop.',
      entry: ['abortAttempt', 'recordEffect'],
      on: {
        'attempt.succeeded': {
          guard: 'isCurrent',
          target: 'judging',
          actions: ['recordEffect', 'endAttempt'],
        },
        'attempt.failed': { guard: 'isCurrent', target: 'judging', actions: ['recordEffect', 'endAttempt'] },
        'grace.ended': { guard: 'isCurrent', target: 'judging', actions: ['abandonAttempt', 'endAttempt'] },
        'retries.expired': { actions: 'closeRetries' },
        'step.cancel': 'cancelling',
      },
    },
    finishing: {
      description: 'The step is being cancelled, but its attempt may come to its own end.',
      entry: 'limitAttempt',
      on: {
        'attempt.succeeded': {
          guard: 'isCurrent',
          target: 'succeeded',
          actions: ['endAttempt', 'keepOutput'],
        },
        'attempt.failed': [
          { guard: 'isRuled', target: 'ruled', actions: ['endAttempt', 'keepFailure', 'keepVerdict'] },
          {
            guard: 'isCurrent',
            target: 'cancelled',
            actions: ['recordEffect', 'endAttempt', 'keepFailure'],
          },
        ],
        'attempt.timedOut': { guard: 'isCurrent', target: 'cancelling', actions: 'recordEffect' },
        'heartbeat.missed': { guard: 'isCurrent', target: 'cancelling', actions: 'recordEffect' },
        'lease.lost': { target: 'cancelling', actions: 'recordEffect' },
        'step.cancel': { guard: 'isForced', target: 'cancelling' },
      },
    },
    cancelling: {
      description: 'The step is being cancelled, and its operation has a grace in which to stop.',
      entry: 'abortAttempt',
      on: {
        'attempt.succeeded': [
          { guard: 'isInTime', target: 'succeeded', actions: ['endAttempt', 'keepOutput'] },
          { guard: 'isCurrent', target: 'cancelled', actions: ['recordEffect', 'endAttempt'] },
        ],
        'attempt.failed': [
          { guard: 'isRuled', target: 'ruled', actions: ['endAttempt', 'keepFailure', 'keepVerdict'] },
          { guard: 'isCurrent', target: 'cancelled', actions: ['recordEffect', 'endAttempt'] },
        ],
        'grace.ended': {
          guard: 'isCurrent',
          target: 'cancelled',
          actions: ['recordEffect', 'abandonAttempt', 'endAttempt'],
        },
      },
    },
    judging,
    retrying,
    deciding,
    asking,
    ruled,
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
