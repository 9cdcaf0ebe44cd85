// The event bus: takes publications in order, finds whom they concern, keeps a bounded history.
// Not here: handlers and filters, which are functions and live with the host.
// Invariant: a subscriber gets its events one at a time, in the order of publication.
import { assign, enqueueActions, setup } from 'xstate'
import {
  dropBacklogs,
  dropsToTell,
  isHeard,
  isUnderWay,
  offer,
  settle,
  subscribe,
  without,
  type BusContext,
  type BusInput,
  type Delivery,
  type Drop,
  type SubscriptionAdded,
} from './deliveries.ts'
import { EMPTY_HISTORY, withEvents } from './event-history.ts'
import type { BusEvent, Failure, Verdict } from './protocol.ts'

export { BACKLOG_MAX, type BusContext, type BusInput, type Drop } from './deliveries.ts'
export { historyOf, matchesPattern, type HistoryQuery } from './event-history.ts'

/** How long a closing bus waits for its handlers, in milliseconds. */
export const DRAIN_MS_MAX = 5_000

export type BusMachineEvent =
  /** What one turn of the run published, in order: one message, because a message costs more than an event. */
  | { readonly type: 'events.published'; readonly events: readonly BusEvent[] }
  | SubscriptionAdded
  | { readonly type: 'subscription.removed'; readonly id: string }
  | {
      readonly type: 'handler.succeeded'
      readonly subscription: string
      /** What it answers to a failure. */
      readonly verdict?: Verdict
    }
  | { readonly type: 'handler.failed'; readonly subscription: string; readonly failure: Failure }
  | { readonly type: 'bus.close' }
  | { readonly type: 'bus.timedOut' }

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  /** Runs the handler of a subscription; its end comes back as `handler.succeeded` or `handler.failed`. */
  dispatch: (_: unknown, _delivery: Delivery) => {},
  /** Tells that a subscription is not handed all it asked for, because too much waits for it. */
  reportDrop: (_: unknown, _drop: Drop) => {},
  /** Passes on what the handler, which has ended, answers to its event. */
  passAnswer: () => {},
  startTimer: (_: unknown, _timer: { readonly delayMs: number }) => {},
  stopTimer: () => {},
}

/** Their names. */
export type BusEffect = keyof typeof effects

/** The statechart of the bus. Its effects are named actions that the runtime provides. */
export const busMachine = setup({
  types: {} as { context: BusContext; events: BusMachineEvent; input: BusInput },
  actions: {
    ...effects,
    keepEvents: assign(({ context, event }) => {
      if (event.type !== 'events.published') return {}
      const published = context.counters.published + event.events.length
      return {
        history: withEvents(context.history, event.events, context),
        counters: { ...context.counters, published },
      }
    }),
    keepFailure: assign(({ context: { counters } }) => ({
      counters: { ...counters, failed: counters.failed + 1 },
    })),
    /** Hands over what the event makes due, in the order of the subscriptions. */
    deliver: enqueueActions(({ context, event, enqueue }) => {
      const handover =
        event.type === 'events.published'
          ? offer(context, event.events)
          : event.type === 'subscription.added'
            ? subscribe(context, event)
            : 'subscription' in event && settle(context, event.subscription)
      if (!handover) return
      const [changed, deliveries] = handover
      enqueue.assign(changed)
      for (const delivery of deliveries) enqueue({ type: 'dispatch', params: delivery })
      for (const drop of dropsToTell(context, changed)) enqueue({ type: 'reportDrop', params: drop })
    }),
    dropBacklogs: assign(({ context }) => dropBacklogs(context)),
    unsubscribe: assign(({ context, event }) =>
      event.type === 'subscription.removed' ? { subscriptions: without(context, event.id) } : {},
    ),
  },
  guards: {
    isHeard: ({ context, event }) => event.type === 'events.published' && isHeard(context, event.events),
    isUnderWay: ({ context, event }) => 'subscription' in event && isUnderWay(context, event.subscription),
    isIdle: ({ context }) => Object.keys(context.underWay).length === 0,
  },
}).createMachine({
  id: 'bus',
  description: 'The event bus of an integration or of a run that stands alone.',
  context: ({ input }) => ({
    ...input,
    subscriptions: [],
    underWay: {},
    counters: { published: 0, delivered: 0, failed: 0, dropped: 0 },
    drops: [],
    history: EMPTY_HISTORY,
  }),
  initial: 'open',
  states: {
    open: {
      description: 'Takes events and hands them to whoever subscribed.',
      on: {
        'events.published': [
          { guard: 'isHeard', actions: ['keepEvents', 'deliver'] },
          { actions: 'keepEvents' },
        ],
        'subscription.added': { actions: 'deliver' },
        'subscription.removed': { actions: 'unsubscribe' },
        'handler.succeeded': { guard: 'isUnderWay', actions: ['passAnswer', 'deliver'] },
        'handler.failed': { guard: 'isUnderWay', actions: ['passAnswer', 'keepFailure', 'deliver'] },
        'bus.close': 'draining',
      },
    },
    draining: {
      description: 'Takes nothing new, and waits until its handlers have ended.',
      entry: { type: 'startTimer', params: { delayMs: DRAIN_MS_MAX } },
      exit: 'stopTimer',
      always: { guard: 'isIdle', target: 'closed' },
      on: {
        'subscription.removed': { actions: 'unsubscribe' },
        'handler.succeeded': { guard: 'isUnderWay', actions: 'deliver' },
        'handler.failed': { guard: 'isUnderWay', actions: ['keepFailure', 'deliver'] },
        'bus.timedOut': { target: 'closed', actions: 'dropBacklogs' },
      },
    },
    closed: { description: 'Takes nothing any more; its history can still be read.', type: 'final' },
  },
})
