// Undoing one step: first what is inside of it, then the step itself, with retries of its own.
// Not here: the order in which steps are undone, which the run decides. Invariant: it ends, and its only outcome says
// whether everything is undone.
import { beginning, compensationSetup, outcome } from './compensation-setup.ts'

export type { CompensationContext, CompensationEffect, CompensationInput } from './compensation-setup.ts'

/** The statechart of a compensation. Its effects are named actions that a host provides. */
export const compensationMachine = compensationSetup.createMachine({
  id: 'compensation',
  description: 'Undoing the effects of one step, from what is inside of it to the step itself.',
  context: ({ input }) => beginning(input),
  initial: 'starting',
  output: ({ context }) => outcome(context),
  states: {
    starting: {
      description: 'Everything that depends on the step is undone.',
      entry: { type: 'publish', params: { type: 'step_compensating' } },
      always: [
        { guard: 'isDenied', target: 'judging' },
        { guard: 'hasInside', target: 'undoingInside' },
        { target: 'compensating' },
      ],
    },
    undoingInside: {
      description: 'Undoes the steps inside of it, the last one first.',
      entry: 'undoInside',
      on: {
        'inside.undone': { target: 'insideUndone', actions: 'keepInsideFailure' },
        'compensation.stop': { target: 'stoppingInside', actions: 'leaveRest' },
      },
    },
    stoppingInside: {
      description: 'Undoes nothing more, and waits until what is under way inside of it has stopped.',
      entry: 'stopInside',
      on: {
        'inside.undone': [
          {
            guard: 'undoesItself',
            target: 'compensationFailed',
            actions: ['keepInsideFailure', 'keepStop'],
          },
          { target: 'undone', actions: 'keepInsideFailure' },
        ],
      },
    },
    insideUndone: {
      description: 'What is inside is undone, as far as it could be.',
      always: [
        { guard: 'undoesItself', target: 'compensating' },
        { guard: 'isLeft', target: 'compensationFailed' },
        { target: 'compensated' },
      ],
    },
    waiting: {
      description: 'Waits for leases for its next attempt.',
      entry: 'requestSlot',
      on: {
        'slot.granted': 'compensating',
        'lease.denied': { target: 'judging', actions: 'keepFailure' },
        'retries.expired': {
          guard: 'isRetry',
          target: 'judging',
          actions: ['closeRetries', 'withdrawRequest'],
        },
        'compensation.stop': {
          target: 'compensationFailed',
          actions: ['keepStop', 'leaveRest', 'withdrawRequest'],
        },
      },
    },
    compensating: {
      description: 'An attempt to undo one effect of the step is under way.',
      entry: ['beginAttempt', 'startAttempt'],
      on: {
        'attempt.succeeded': { guard: 'isCurrent', target: 'undone', actions: 'endAttempt' },
        'attempt.failed': { guard: 'isCurrent', target: 'judging', actions: ['endAttempt', 'keepFailure'] },
        'attempt.timedOut': { guard: 'isCurrent', target: 'aborting', actions: 'keepTimeout' },
        'lease.lost': { target: 'aborting', actions: 'keepLoss' },
        'retries.expired': { actions: 'closeRetries' },
        'compensation.stop': { target: 'stopping', actions: 'leaveRest' },
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
        'compensation.stop': { target: 'stopping', actions: 'leaveRest' },
      },
    },
    stopping: {
      description: 'Nothing more is to be undone, and its operation has a grace in which to stop.',
      entry: 'abortAttempt',
      on: {
        'attempt.succeeded': { guard: 'isCurrent', target: 'undone', actions: 'endAttempt' },
        'attempt.failed': {
          guard: 'isCurrent',
          target: 'compensationFailed',
          actions: ['endAttempt', 'keepStop'],
        },
        'grace.ended': {
          guard: 'isCurrent',
          target: 'compensationFailed',
          actions: ['abandonAttempt', 'endAttempt', 'keepStop'],
        },
      },
    },
    judging: {
      description: 'Asks of a failure whether a retry is left.',
      entry: 'explainFailure',
      always: [
        { guard: 'mayRetry', target: 'backingOff' },
        { guard: 'hasMore', target: 'waiting', actions: 'takeNext' },
        { target: 'compensationFailed' },
      ],
    },
    backingOff: {
      description: 'Backs off before the next attempt.',
      entry: 'startBackoff',
      on: {
        'backoff.ended': { guard: 'isCurrent', target: 'waiting' },
        'retries.expired': { target: 'judging', actions: ['closeRetries', 'stopBackoff'] },
        'compensation.stop': {
          target: 'compensationFailed',
          actions: ['keepStop', 'leaveRest', 'stopBackoff'],
        },
      },
    },
    undone: {
      description: 'The effect is undone.',
      always: [
        { guard: 'hasMore', target: 'waiting', actions: 'takeNext' },
        { guard: 'isLeft', target: 'compensationFailed' },
        { target: 'compensated' },
      ],
    },
    compensated: {
      description: 'Nothing that the step did is left.',
      type: 'final',
      entry: { type: 'publish', params: { type: 'step_compensated' } },
    },
    compensationFailed: {
      description: 'Something that the step did is left, and is listed.',
      type: 'final',
      entry: { type: 'publish', params: { type: 'step_compensation_failed' } },
    },
  },
})
