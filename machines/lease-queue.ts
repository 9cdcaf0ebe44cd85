// The records of one pool: who holds how many units, who waits in which order. Pure functions on small records.
// Not here: when to grant or to deny, which the chart in resource.ts decides; nor Immer, whose draft of a queue
// makes a proxy of every waiter it looks at: 0.35 ms for a queue of 64.
import { blockage } from './blockage.ts'
import type { Failure, PoolEvent } from './protocol.ts'

/** Requests that may wait at once; one more is denied. A run forwards far fewer. */
export const WAITING_MAX = 1_000

/** What one point of priority is worth in waiting time, in milliseconds: so nothing starves. */
export const PRIORITY_WORTH_MS = 10_000

/** What a pool starts with. */
export interface PoolInput {
  readonly name: string
  /** At least 1. */
  readonly capacity: number
  readonly leaseTimeoutMs: number
}

/** A request in its queue. */
export interface Waiter {
  readonly lease: string
  readonly units: number
  /** Smaller goes first. Fixed at arrival, so the queue is never sorted again. */
  readonly rank: number
  readonly replyTo: string
}

/** A lease that is open. */
export interface Holder {
  readonly lease: string
  readonly units: number
  /** Whoever is to hear that it is lost. */
  readonly replyTo: string
}

/** What a pool knows. */
export interface PoolContext extends PoolInput {
  readonly free: number
  /** Sorted by lease: a list of thousands is copied in microseconds, a record of as many keys in milliseconds. */
  readonly holders: readonly Holder[]
  /** In the order in which they will be served. A large request at the head is waited for. */
  readonly waiting: readonly Waiter[]
}

/** A request for a lease. */
type Request = Extract<PoolEvent, { type: 'lease.request' }>

/** Why a request is not granted. */
export const refusals = {
  tooMany: ({ name }: PoolContext): Failure => ({
    code: 'RESOURCE_TIMEOUT',
    message: `Resource timeout exceeded: ${WAITING_MAX} requests wait for "${name}" already`,
  }),
  outOfRange: ({ name, capacity }: PoolContext, { units }: Request): Failure => ({
    code: 'RESOURCE_TIMEOUT',
    message: `Resource timeout exceeded: ${units} units of "${name}" can never be granted, expected 1 to ${capacity}`,
    retryable: false,
  }),
  timedOut: ({ name, leaseTimeoutMs, waiting }: PoolContext, event: object): Failure => ({
    code: 'RESOURCE_TIMEOUT',
    message: `Resource timeout exceeded: "${name}" was not free within ${leaseTimeoutMs} ms, ${waiting.length} were waiting${blockage(event)}`,
  }),
  lost: ({ name }: PoolContext): Failure => ({
    code: 'RESOURCE_LOST',
    message: `Resource "${name}" was lost while it was held`,
  }),
  closed: ({ name }: PoolContext): Failure => ({
    code: 'RESOURCE_CLOSED',
    message: `Resource "${name}" was closed`,
    retryable: false,
  }),
}

/** Whether the pool could ever lend so many units. */
export const isGrantable = ({ capacity }: PoolContext, units: number) => units >= 1 && units <= capacity

const rankOf = ({ at, priority }: Request) => at - priority * PRIORITY_WORTH_MS

/** Where in a sorted list the first item is that does not come before. */
function placeOf<T>(list: readonly T[], comesBefore: (item: T) => boolean): number {
  let low = 0
  for (let high = list.length; low < high;) {
    const middle = (low + high) >>> 1
    if (comesBefore(list[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

const placeOfHolder = ({ holders }: PoolContext, lease: string) =>
  placeOf(holders, (holder) => holder.lease < lease)

/** Whether a lease is held. */
export const isHolder = (context: PoolContext, lease: string) =>
  context.holders[placeOfHolder(context, lease)]?.lease === lease

/** Puts a request into its place: behind all of the same rank. */
export function withWaiter(context: PoolContext, request: Request): PoolContext {
  const { lease, units, replyTo } = request
  const rank = rankOf(request)
  const place = placeOf(context.waiting, (waiter) => waiter.rank <= rank)
  return { ...context, waiting: context.waiting.toSpliced(place, 0, { lease, units, rank, replyTo }) }
}

/** Takes a request out of the queue. */
export const withoutWaiter = (context: PoolContext, lease: string): PoolContext => ({
  ...context,
  waiting: context.waiting.filter((waiter) => waiter.lease !== lease),
})

/** Lends units. */
export const withHolder = (context: PoolContext, { lease, units, replyTo }: Request): PoolContext => ({
  ...context,
  free: context.free - units,
  holders: context.holders.toSpliced(placeOfHolder(context, lease), 0, { lease, units, replyTo }),
})

/** Takes units back. */
export function withoutHolder(context: PoolContext, lease: string): PoolContext {
  const place = placeOfHolder(context, lease)
  const holder = context.holders[place]
  if (holder?.lease !== lease) return context
  return { ...context, free: context.free + holder.units, holders: context.holders.toSpliced(place, 1) }
}

/** Lends to the head of the queue for as long as that fits: what is left, and who was served. */
export function serveHead(context: PoolContext): readonly [PoolContext, readonly Waiter[]] {
  const { waiting } = context
  let { free } = context
  let count = 0
  for (; count < waiting.length && waiting[count]!.units <= free; count++) free -= waiting[count]!.units
  if (count === 0) return [context, []]
  const served = waiting.slice(0, count)
  const holders = [
    ...context.holders,
    ...served.map(({ lease, units, replyTo }) => ({ lease, units, replyTo })),
  ]
  holders.sort((a, b) => (a.lease < b.lease ? -1 : 1))
  return [{ ...context, free, holders, waiting: waiting.slice(count) }, served]
}
