// The compensation of the runs inside of one control step: those of its last attempt first, and of one attempt as many at once
// as may go side by side. Not here: how one run is compensated. Invariant: it ends only when none is under way.
import { assign, enqueueActions, setup } from 'xstate'
import type { NestedCompensationEvent } from './protocol.ts'

export interface NestedCompensationInput {
  /** By run, in the order in which they ended, the attempt that it was part of. */
  readonly attempts: readonly number[]
  /** How many may be undone at once, at least 1. */
  readonly width: number
}

export interface NestedCompensationContext extends NestedCompensationInput {
  /** So many first ones have not begun to be undone. */
  readonly left: number
  readonly live: number
  readonly isComplete: boolean
}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  /** Compensates the run at this place. */
  compensateRun: (_: unknown, _which: { readonly place: number }) => {},
  /** Lets go of so many first ones, which nobody gets to. */
  leaveRuns: (_: unknown, _which: { readonly count: number }) => {},
  stopRuns: () => {},
  tellEnd: (_: unknown, _how: { readonly isComplete: boolean }) => {},
}

/** Their names. */
export type NestedCompensationEffect = keyof typeof effects

/** How many of those that come next may begin now. */
function startable({ attempts, width, left, live }: NestedCompensationContext): number {
  // Those under way are of the attempt of the one that began last.
  const attempt = live > 0 ? attempts[left] : attempts[left - 1]
  let count = 0
  while (count < left && live + count < width && attempts[left - 1 - count] === attempt) count++
  return count
}

/** The statechart of nested compensation. */
export const nestedCompensationMachine = setup({
  types: {} as {
    context: NestedCompensationContext
    events: NestedCompensationEvent
    input: NestedCompensationInput
  },
  actions: {
    ...effects,
    start: enqueueActions(({ context, enqueue }) => {
      const { left, live } = context
      const count = startable(context)
      for (let place = left - 1; place >= left - count; place--)
        enqueue({ type: 'compensateRun', params: { place } })
      enqueue.assign({ left: left - count, live: live + count })
    }),
    keepEnd: assign(({ context: { live, isComplete }, event }) => ({
      live: live - 1,
      isComplete: isComplete && event.type === 'run.undone' && event.isComplete,
    })),
    leaveRest: assign(({ context: { left, isComplete } }) => ({
      left: 0,
      isComplete: isComplete && left === 0,
    })),
  },
  guards: { isOver: ({ context: { left, live } }) => left === 0 && live === 0 },
}).createMachine({
  id: 'nestedCompensation',
  description: 'The compensation of the runs inside of one step.',
  context: ({ input }) => ({ ...input, left: input.attempts.length, live: 0, isComplete: true }),
  initial: 'opening',
  states: {
    opening: {
      description: 'Nothing has begun.',
      on: { 'compensation.begin': 'compensating', 'compensation.stop': 'stopping' },
    },
    compensating: {
      description: 'Runs are being undone.',
      entry: 'start',
      always: { guard: 'isOver', target: 'ended' },
      on: {
        'run.undone': { actions: ['keepEnd', 'start'] },
        'compensation.stop': 'stopping',
      },
    },
    stopping: {
      description: 'Begins with no other, and waits for those under way.',
      entry: [
        { type: 'leaveRuns', params: ({ context: { left } }) => ({ count: left }) },
        'leaveRest',
        'stopRuns',
      ],
      always: { guard: 'isOver', target: 'ended' },
      on: { 'run.undone': { actions: 'keepEnd' } },
    },
    ended: {
      description: 'None is under way, and none is to be undone any more.',
      type: 'final',
      entry: { type: 'tellEnd', params: ({ context: { isComplete } }) => ({ isComplete }) },
    },
  },
})
