// Who subscribed to a bus, what each is being handed, and what waits for each. Pure functions on small records.
// Not here: when to hand over, which the chart in bus.ts decides; handlers and filters, which live with the host.
// Invariant: at most one handler is under way for a subscription's id, also when that id is subscribed anew.
import { produce } from 'immer'
import { historyOf, matchesPattern, type EventHistory, type HistoryBounds } from './event-history.ts'
import type { BusEvent } from './protocol.ts'

/** Events that may wait for one busy subscriber; beyond it the oldest are dropped, counted and told. */
export const BACKLOG_MAX = 1_000

/** Asks for events. */
export interface SubscriptionAdded {
  readonly type: 'subscription.added'
  /** A subscription of the same id replaces the old one, goes to the end of its priority and inherits no backlog. */
  readonly id: string
  /** An exact type, a prefix such as `step_*`, or `*`. */
  readonly pattern: string
  /** Higher first, then in order of subscription. */
  readonly priority: number
  /** Ends with the first event that it is handed. */
  readonly once: boolean
  /** Begins with what the history holds. Default `false`. */
  readonly replay?: boolean
  /** With `replay`, the time from which ages are measured. Default: that of the newest event. */
  readonly at?: number
}

export interface BusSubscription {
  readonly id: string
  readonly pattern: string
  readonly priority: number
  readonly once: boolean
  /** What it is handed next, once its handler has ended. */
  readonly backlog: readonly BusEvent[]
}

/** One call of a handler. */
export interface Delivery {
  readonly subscription: string
  readonly event: BusEvent
}

/** Events that a subscription asked for and is never handed. */
export interface Drop {
  readonly subscription: string
  readonly pattern: string
  /** So far. */
  readonly events: number
}

/** What a bus starts with. */
export type BusInput = HistoryBounds

/** What a bus knows. */
export interface BusContext extends BusInput {
  /** In the order in which they are served. */
  readonly subscriptions: readonly BusSubscription[]
  /** By subscription, the id of the event that its handler is under way with. */
  readonly underWay: Readonly<Record<string, string>>
  readonly counters: {
    readonly published: number
    /** Handed to a handler. */
    readonly delivered: number
    /** Handlers that failed. */
    readonly failed: number
    /** Never handed to a handler that asked for them. */
    readonly dropped: number
  }
  /** By subscription. */
  readonly drops: readonly Drop[]
  readonly history: EventHistory
}

type Dropped = Pick<BusContext, 'counters' | 'drops'>

/** What changed, and the handlers to call for it, in order. */
type Handover = readonly [Pick<BusContext, 'subscriptions' | 'underWay'> & Dropped, readonly Delivery[]]

/** Whether a handler of the subscription is executing. */
export const isUnderWay = ({ underWay }: BusContext, id: string) => Object.hasOwn(underWay, id)

/** Whether a subscription takes an event: it matches, and a `once` has not taken one yet. */
const takes = ({ pattern, once, backlog }: BusSubscription, { type }: BusEvent) =>
  matchesPattern(pattern, type) && !(once && backlog.length > 0)

/** Whether anybody takes one of the events. */
export const isHeard = ({ subscriptions }: BusContext, events: readonly BusEvent[]) =>
  subscriptions.some((subscription) => events.some((event) => takes(subscription, event)))

/** Offers events to everybody, one after the other, and hands each to those who are not busy. */
export function offer(context: BusContext, events: readonly BusEvent[]): Handover {
  let changed: Handover[0] = context
  const deliveries: Delivery[] = []
  for (const event of events) {
    const [next, due] = offerOne({ ...context, ...changed }, event)
    changed = next
    deliveries.push(...due)
  }
  return [changed, deliveries]
}

function offerOne(context: BusContext, event: BusEvent): Handover {
  let after = context
  const subscriptions = context.subscriptions.map((subscription) => {
    if (!takes(subscription, event)) return subscription
    const { backlog } = subscription
    const isFull = backlog.length >= BACKLOG_MAX
    if (isFull) after = withDrop(after, subscription, 1)
    return { ...subscription, backlog: (isFull ? backlog.slice(1) : backlog).concat(event) }
  })
  return handOver({ ...after, subscriptions })
}

/** Ends the handler of a subscription, and hands it its next event. */
export function settle(context: BusContext, id: string): Handover {
  const underWay = { ...context.underWay }
  delete underWay[id]
  return handOver({ ...context, underWay })
}

/** Adds a subscription in its place, with the events that it asks for from the history. */
export function subscribe(context: BusContext, added: SubscriptionAdded): Handover {
  const { id, pattern, priority, once, replay = false, at } = added
  const found = replay ? historyOf(context, { pattern, ...(at !== undefined && { now: at }) }) : []
  const backlog = once ? found.slice(0, 1) : found.slice(-BACKLOG_MAX)
  const subscription = { id, pattern, priority, once, backlog }
  const subscriptions = produce(without(context, id), (draft) => {
    const lower = draft.findIndex((other) => other.priority < priority)
    draft.splice(lower < 0 ? draft.length : lower, 0, subscription as (typeof draft)[number])
  })
  const after = withDrop(context, subscription, once ? 0 : found.length - backlog.length)
  return handOver({ ...after, subscriptions })
}

/** Counts what is left for those whose handlers did not end in time. */
export const dropBacklogs = ({ subscriptions, counters, drops }: BusContext): Dropped =>
  subscriptions.reduce((before, each) => withDrop(before, each, each.backlog.length), { counters, drops })

/** Notes events that a subscription is never handed. */
function withDrop<T extends Dropped>(known: T, { id, pattern }: BusSubscription, events: number): T {
  if (events === 0) return known
  const { counters, drops } = known
  const before = drops.find(({ subscription }) => subscription === id)
  const now = { subscription: id, pattern, events: (before?.events ?? 0) + events }
  return {
    ...known,
    counters: { ...counters, dropped: counters.dropped + events },
    drops: [...drops.filter((drop) => drop !== before), now],
  }
}

/** Everybody but one. */
export const without = ({ subscriptions }: BusContext, id: string) =>
  subscriptions.filter((subscription) => subscription.id !== id)

/** What is worth telling of the drops since before: the first of a subscription, then every tenfold. */
export const dropsToTell = (before: Dropped, now: Dropped): readonly Drop[] =>
  now.drops.filter(({ subscription, events }) => {
    const known = before.drops.find((other) => other.subscription === subscription)
    return String(events).length > (known ? String(known.events).length : 0)
  })

/** Hands the first of its backlog to each subscription whose handler is not under way. */
function handOver({ subscriptions, underWay, counters, drops }: BusContext): Handover {
  const busy = { ...underWay }
  const deliveries: Delivery[] = []
  const left: BusSubscription[] = []
  for (const subscription of subscriptions) {
    const { id, once, backlog } = subscription
    const [event] = backlog
    if (!event || Object.hasOwn(busy, id)) {
      left.push(subscription)
      continue
    }
    busy[id] = event.id
    deliveries.push({ subscription: id, event })
    if (!once) left.push({ ...subscription, backlog: backlog.slice(1) })
  }
  const delivered = counters.delivered + deliveries.length
  return [{ subscriptions: left, underWay: busy, counters: { ...counters, delivered }, drops }, deliveries]
}
