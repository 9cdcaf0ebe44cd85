// One attempt of a step with steps inside that run once: side by side, in a branch that is chosen, or as a scenario of their own.
// Not here: what happens inside, which is a run of its own. Invariant: the attempt is answered once, and never while a run
// inside is under way.
import { setup } from 'xstate'
import type { BranchEvent, Failure, Verdict } from './protocol.ts'

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  /** Finds out which steps are to run, and starts them. */
  choose: () => {},
  /** A user's function is asked no more which steps are to run. */
  takeBackQuestion: () => {},
  cancelInside: (_: unknown, _how: { readonly force: boolean }) => {},
  /** The attempt has succeeded, with what the run inside gave. */
  succeed: () => {},
  fail: (_: unknown, _with: { readonly failure: Failure; readonly verdict: Verdict | null }) => {},
  /** The attempt was cancelled, or something inside of it was. */
  cancel: () => {},
}

/** Their names. */
export type BranchEffect = keyof typeof effects

/** The statechart of steps that run once. */
export const branchMachine = setup({
  types: {} as { events: BranchEvent },
  actions: effects,
  guards: {
    isCompleted: ({ event }) => event.type === 'inside.ended' && event.cause === 'completed',
    isCancelled: ({ event }) => event.type === 'inside.ended' && event.cause === 'cancelled',
  },
}).createMachine({
  id: 'branch',
  description: 'One attempt of a step with steps inside that run once.',
  initial: 'opening',
  states: {
    opening: {
      description: 'Nothing has begun.',
      on: {
        'branch.begin': 'choosing',
        'branch.stop': { target: 'cancelled', actions: 'cancel' },
      },
    },
    choosing: {
      description: 'Finds out which steps are to run.',
      entry: 'choose',
      on: {
        'branch.entered': 'running',
        'branch.absent': { target: 'completed', actions: 'succeed' },
        'branch.failed': {
          target: 'failed',
          actions: { type: 'fail', params: ({ event: { failure } }) => ({ failure, verdict: null }) },
        },
        'branch.stop': { target: 'cancelled', actions: ['takeBackQuestion', 'cancel'] },
      },
    },
    running: {
      description: 'The steps inside are under way.',
      on: {
        'inside.ended': [
          { guard: 'isCancelled', target: 'cancelled', actions: 'cancel' },
          { guard: 'isCompleted', target: 'completed', actions: 'succeed' },
          {
            target: 'failed',
            actions: {
              type: 'fail',
              params: ({ event: { failure, verdict } }) => ({ failure: failure!, verdict }),
            },
          },
        ],
        'branch.stop': {
          actions: { type: 'cancelInside', params: ({ event: { force } }) => ({ force }) },
        },
      },
    },
    completed: {
      description: 'The steps inside have ended as they should, or none was to run.',
      type: 'final',
    },
    failed: {
      description: 'The steps inside have failed, or it cannot be said which are to run.',
      type: 'final',
    },
    cancelled: { description: 'Someone asked it to end, or something inside of it.', type: 'final' },
  },
})
