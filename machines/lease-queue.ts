// The records of one pool: who holds how many units, who waits in which order. Pure functions on small records.
// Not here: when to grant or to deny, which the chart in resource.ts decides.
import { produce } from 'immer'
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

interface Waiter {
  readonly lease: string
  readonly units: number
  /** Smaller goes first. Fixed at arrival, so the queue is never sorted again. */
  readonly rank: number
  readonly replyTo: string
}

/** What a pool knows. */
export interface PoolContext extends PoolInput {
  readonly free: number
  /** Units by lease. */
  readonly holders: Readonly<Record<string, number>>
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
  tooLarge: ({ name, capacity }: PoolContext, { units }: Request): Failure => ({
    code: 'RESOURCE_TIMEOUT',
    message: `Resource timeout exceeded: ${units} units of "${name}" can never be granted, it has ${capacity}`,
    retryable: false,
  }),
  timedOut: ({ name, leaseTimeoutMs, waiting }: PoolContext): Failure => ({
    code: 'RESOURCE_TIMEOUT',
    message: `Resource timeout exceeded: "${name}" was not free within ${leaseTimeoutMs} ms, ${waiting.length} were waiting`,
  }),
  closed: ({ name }: PoolContext): Failure => ({
    code: 'RESOURCE_CLOSED',
    message: `Resource "${name}" was closed`,
    retryable: false,
  }),
}

const rankOf = ({ at, priority }: Request) => at - priority * PRIORITY_WORTH_MS

/** Puts a request into its place. */
export const withWaiter = (context: PoolContext, event: Request) =>
  produce(context, ({ waiting }) => {
    const rank = rankOf(event)
    const after = waiting.findIndex((other) => other.rank > rank)
    const { lease, units, replyTo } = event
    waiting.splice(after < 0 ? waiting.length : after, 0, { lease, units, rank, replyTo })
  })

/** Takes a request out of the queue. */
export const withoutWaiter = (context: PoolContext, lease: string) =>
  produce(context, (draft) => {
    draft.waiting = draft.waiting.filter((waiter) => waiter.lease !== lease)
  })

/** Lends units. */
export const withHolder = (context: PoolContext, lease: string, units: number) =>
  produce(context, (draft) => {
    draft.free -= units
    draft.holders[lease] = units
  })

/** Takes units back. */
export const withoutHolder = (context: PoolContext, lease: string) =>
  produce(context, (draft) => {
    draft.free += draft.holders[lease] ?? 0
    delete draft.holders[lease]
  })
