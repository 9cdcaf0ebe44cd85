// One attempt of a step that waits for a time or for an event. Not here: which of several waits takes an event, which
// the runtime's mailbox finds out, and its limit, whose event the step itself hears.
// Invariant: once it is over, nothing of it is left behind: no timer, no question, no place in the mailbox.
import { assign, setup } from 'xstate'
import type { BusEvent, Failure, WaitEvent } from './protocol.ts'

export interface WaitContext {
  /** The event about which a user's function is asked. */
  readonly event: BusEvent | null
  /** Whether its filter could not be computed for some event. */
  readonly hasPassedOver: boolean
}

const CANCELLED: Failure = { code: 'RUN_CANCELLED', message: 'The wait was cancelled' }

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  /** Starts its timer, and takes its place in the mailbox. */
  begin: () => {},
  /** Asks whether the event passes the filter. */
  askFilter: () => {},
  takeBackQuestion: () => {},
  answerMailbox: (_: unknown, _answer: { readonly holds: boolean }) => {},
  /** The filter cannot be computed for the event, which is somebody else's, then. Told once, for there may be many of them. */
  passOver: (
    _: unknown,
    _about: { readonly event: BusEvent; readonly reason: string; readonly isFirst: boolean },
  ) => {},
  /** Stops its timer, and leaves the mailbox. */
  close: () => {},
  /** The attempt has succeeded by an event. */
  succeed: (_: unknown, _by: { readonly event: BusEvent }) => {},
  fail: (_: unknown, _with: { readonly failure: Failure }) => {},
}

/** Their names. */
export type WaitEffect = keyof typeof effects

type FilterFailed = Extract<WaitEvent, { type: 'filter.failed' }>

const passedOver = ({ context, event }: { readonly context: WaitContext; readonly event: FilterFailed }) => ({
  event: event.event,
  reason: event.reason,
  isFirst: !context.hasPassedOver,
})

/** The statechart of a wait. */
export const waitMachine = setup({
  types: {} as { context: WaitContext; events: WaitEvent },
  actions: {
    ...effects,
    keepEvent: assign(({ event }) => (event.type === 'event.offered' ? { event: event.event } : {})),
    keepPassedOver: assign({ hasPassedOver: true }),
  },
}).createMachine({
  id: 'wait',
  description: 'One attempt of a step that waits.',
  context: () => ({ event: null, hasPassedOver: false }),
  initial: 'opening',
  states: {
    opening: {
      description: 'Does not wait yet.',
      on: {
        'wait.begin': { target: 'waiting', actions: 'begin' },
        'wait.stop': { target: 'cancelled', actions: { type: 'fail', params: { failure: CANCELLED } } },
        'attempt.over': 'over',
      },
    },
    waiting: {
      description: 'Waits.',
      on: {
        'event.offered': { target: 'judging', actions: 'keepEvent' },
        'filter.failed': {
          actions: [{ type: 'passOver', params: passedOver }, 'keepPassedOver'],
        },
        'event.taken': {
          target: 'taken',
          actions: ['close', { type: 'succeed', params: ({ event: { event } }) => ({ event }) }],
        },
        'wait.failed': {
          target: 'failed',
          actions: ['close', { type: 'fail', params: ({ event: { failure } }) => ({ failure }) }],
        },
        'wait.stop': {
          target: 'cancelled',
          actions: ['close', { type: 'fail', params: { failure: CANCELLED } }],
        },
        'attempt.over': { target: 'over', actions: 'close' },
      },
    },
    judging: {
      description: "A user's function is asked whether an event is the one.",
      entry: 'askFilter',
      on: {
        'filter.decided': {
          target: 'waiting',
          actions: { type: 'answerMailbox', params: ({ event: { holds } }) => ({ holds }) },
        },
        'filter.failed': {
          target: 'waiting',
          actions: [
            { type: 'passOver', params: passedOver },
            'keepPassedOver',
            { type: 'answerMailbox', params: { holds: false } },
          ],
        },
        'wait.stop': {
          target: 'cancelled',
          actions: ['takeBackQuestion', 'close', { type: 'fail', params: { failure: CANCELLED } }],
        },
        'attempt.over': { target: 'over', actions: ['takeBackQuestion', 'close'] },
      },
    },
    taken: { description: 'The event came.', type: 'final' },
    failed: { description: 'What it gives cannot be computed.', type: 'final' },
    cancelled: { description: 'Someone asked it to end.', type: 'final' },
    over: { description: 'Its attempt has ended, by whatever ended it.', type: 'final' },
  },
})
