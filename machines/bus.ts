// The event bus: takes publications in order, finds whom they concern, keeps a bounded history.
// Not here: handlers and filters, which are functions and live with the host.
// Invariant: a subscriber gets its events one at a time, in the order of publication.
import { assign, enqueueActions, setup } from 'xstate'
import type { BusEvent, Failure } from './protocol.ts'

/** Events that may wait for one busy subscriber; beyond it the oldest are dropped and counted. */
export const BACKLOG_MAX = 1_000

/** How long a closing bus waits for its handlers, in milliseconds. */
export const DRAIN_MS_MAX = 5_000

export type BusMachineEvent =
  | { readonly type: 'event.published'; readonly event: BusEvent }
  | {
      readonly type: 'subscription.added'
      /** A subscription of the same id replaces the old one. */
      readonly id: string
      /** An exact type, a prefix such as `step_*`, or `*`. */
      readonly pattern: string
      /** Higher first, then in order of subscription. */
      readonly priority: number
      readonly once: boolean
    }
  | { readonly type: 'subscription.removed'; readonly id: string }
  | { readonly type: 'handler.succeeded'; readonly subscription: string }
  | { readonly type: 'handler.failed'; readonly subscription: string; readonly failure: Failure }
  | { readonly type: 'bus.close' }
  | { readonly type: 'bus.timedOut' }

export interface BusInput {
  /** Events kept, at least; at most twice as many are in memory. */
  readonly historySizeMax: number
  readonly historyAgeMsMax: number
}

/** A list that shares its tail, so that adding to it copies nothing. */
interface Kept {
  readonly event: BusEvent
  readonly before: Kept | null
}

export interface BusSubscription {
  readonly id: string
  readonly pattern: string
  readonly priority: number
  readonly once: boolean
  /** The event whose handler is under way. */
  readonly busy: BusEvent | null
  readonly backlog: readonly BusEvent[]
}

export interface BusContext extends BusInput {
  readonly subscriptions: readonly BusSubscription[]
  readonly counters: {
    readonly published: number
    readonly delivered: number
    readonly failed: number
    readonly dropped: number
  }
  /** Two generations: when the young one is full, it replaces the old one. */
  readonly young: Kept | null
  readonly youngSize: number
  readonly old: Kept | null
}

/** Whether a type matches a pattern: exact, `prefix*`, or `*`. Linear in the pattern. */
export function matchesPattern(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/** The events kept, oldest first: at most `historySizeMax`, none older than `historyAgeMsMax` at `now`. */
export function historyOf(context: BusContext, now: number, pattern = '*'): BusEvent[] {
  const events: BusEvent[] = []
  let room = context.historySizeMax
  for (const generation of [context.young, context.old]) {
    for (let kept = generation; kept && room > 0; kept = kept.before, room--) {
      if (now - kept.event.at > context.historyAgeMsMax) return events.reverse()
      if (matchesPattern(pattern, kept.event.type)) events.push(kept.event)
    }
  }
  return events.reverse()
}

function remember(context: BusContext, event: BusEvent): Partial<BusContext> {
  const counters = { ...context.counters, published: context.counters.published + 1 }
  const full = context.youngSize >= context.historySizeMax
  return full
    ? { counters, old: context.young, young: { event, before: null }, youngSize: 1 }
    : { counters, young: { event, before: context.young }, youngSize: context.youngSize + 1 }
}

/** Hands an event to one subscriber, or puts it behind the one that is under way. */
function offer(subscription: BusSubscription, event: BusEvent): BusSubscription {
  if (!subscription.busy) return { ...subscription, busy: event }
  const room = subscription.backlog.slice(subscription.backlog.length >= BACKLOG_MAX ? 1 : 0)
  return { ...subscription, backlog: [...room, event] }
}

const inOrder = (a: BusSubscription, b: BusSubscription) => b.priority - a.priority

/** The statechart of the bus. Its one effect is a named action that the runtime provides. */
export const busMachine = setup({
  types: {} as { context: BusContext; events: BusMachineEvent; input: BusInput },
  actions: {
    /** Runs the handler of a subscription; its end comes back as `handler.succeeded` or `handler.failed`. */
    dispatch: (_: unknown, _delivery: { readonly subscription: string; readonly event: BusEvent }) => {},
    startTimer: (_: unknown, _timer: { readonly delayMs: number }) => {},
    stopTimer: () => {},
    remember: assign(({ context, event }) =>
      event.type === 'event.published' ? remember(context, event.event) : {},
    ),
    deliver: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'event.published') return
      let { delivered, dropped } = context.counters
      const subscriptions = context.subscriptions.map((subscription) => {
        const ends = subscription.once && (subscription.busy !== null || subscription.backlog.length > 0)
        if (ends || !matchesPattern(subscription.pattern, event.event.type)) return subscription
        delivered++
        const next = offer(subscription, event.event)
        if (next.backlog.length === subscription.backlog.length && subscription.busy) dropped++
        if (!subscription.busy) {
          enqueue({ type: 'dispatch', params: { subscription: subscription.id, event: event.event } })
        }
        return next
      })
      enqueue.assign({ subscriptions, counters: { ...context.counters, delivered, dropped } })
    }),
    subscribe: assign(({ context, event }) => {
      if (event.type !== 'subscription.added') return {}
      const { id, pattern, priority, once } = event
      const others = context.subscriptions.filter((subscription) => subscription.id !== id)
      const added: BusSubscription = { id, pattern, priority, once, busy: null, backlog: [] }
      return { subscriptions: [...others, added].sort(inOrder) }
    }),
    unsubscribe: assign(({ context, event }) =>
      event.type === 'subscription.removed'
        ? { subscriptions: context.subscriptions.filter(({ id }) => id !== event.id) }
        : {},
    ),
    advance: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'handler.succeeded' && event.type !== 'handler.failed') return
      const subscriptions = context.subscriptions.flatMap((subscription) => {
        if (subscription.id !== event.subscription) return [subscription]
        if (subscription.once) return []
        const [busy = null, ...backlog] = subscription.backlog
        if (busy) enqueue({ type: 'dispatch', params: { subscription: subscription.id, event: busy } })
        return [{ ...subscription, busy, backlog }]
      })
      const failed = context.counters.failed + (event.type === 'handler.failed' ? 1 : 0)
      enqueue.assign({ subscriptions, counters: { ...context.counters, failed } })
    }),
  },
  guards: {
    hasSubscribers: ({ context }) => context.subscriptions.length > 0,
    isIdle: ({ context }) => context.subscriptions.every(({ busy }) => busy === null),
  },
}).createMachine({
  id: 'bus',
  description: 'The event bus of an integration or of a run that stands alone.',
  context: ({ input }) => ({
    ...input,
    subscriptions: [],
    counters: { published: 0, delivered: 0, failed: 0, dropped: 0 },
    young: null,
    youngSize: 0,
    old: null,
  }),
  initial: 'open',
  states: {
    open: {
      description: 'Takes events and hands them to whoever subscribed.',
      on: {
        'event.published': [
          { guard: 'hasSubscribers', actions: ['remember', 'deliver'] },
          { actions: 'remember' },
        ],
        'subscription.added': { actions: 'subscribe' },
        'subscription.removed': { actions: 'unsubscribe' },
        'handler.succeeded': { actions: 'advance' },
        'handler.failed': { actions: 'advance' },
        'bus.close': 'draining',
      },
    },
    draining: {
      description: 'Takes nothing new, and waits until its handlers have ended.',
      entry: { type: 'startTimer', params: { delayMs: DRAIN_MS_MAX } },
      exit: 'stopTimer',
      always: { guard: 'isIdle', target: 'closed' },
      on: {
        'handler.succeeded': { actions: 'advance' },
        'handler.failed': { actions: 'advance' },
        'bus.timedOut': 'closed',
      },
    },
    closed: { description: 'Takes nothing any more; its history can still be read.', type: 'final' },
  },
})
