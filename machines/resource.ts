// The supervisor of one pool of counted units: grants leases in a fair order, and never more than there is.
// Not here: what the units stand for, and the clock.
// Invariant: the free units and those of all holders make up the capacity.
import { assign, enqueueActions, setup } from 'xstate'
import {
  isGrantable,
  isHolder,
  refusals,
  serveHead,
  WAITING_MAX,
  withHolder,
  withWaiter,
  withoutHolder,
  withoutWaiter,
  type PoolContext,
  type PoolInput,
} from './lease-queue.ts'
import type { Failure, PoolEvent } from './protocol.ts'

export type { PoolContext, PoolInput } from './lease-queue.ts'
export type { PoolEvent } from './protocol.ts'

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  grant: (
    _: unknown,
    _grant: { readonly lease: string; readonly replyTo: string; readonly units: number },
  ) => {},
  deny: (
    _: unknown,
    _denial: { readonly lease: string; readonly replyTo: string; readonly failure: Failure },
  ) => {},
  release: (_: unknown, _release: { readonly lease: string }) => {},
  reportLost: (
    _: unknown,
    _loss: { readonly lease: string; readonly replyTo: string; readonly failure: Failure },
  ) => {},
  startLeaseTimer: (_: unknown, _timer: { readonly lease: string }) => {},
  stopLeaseTimer: (_: unknown, _timer: { readonly lease: string }) => {},
  /** Called when the first one has to wait. */
  reportExhausted: () => {},
}

/** Their names. */
export type PoolEffect = keyof typeof effects

/** The statechart of a pool. Its effects are named actions that the runtime provides. */
export const poolMachine = setup({
  types: {} as { context: PoolContext; events: PoolEvent; input: PoolInput },
  actions: {
    ...effects,
    serve: enqueueActions(({ context, enqueue }) => {
      const [left, served] = serveHead(context)
      if (served.length === 0) return
      enqueue.assign(left)
      for (const { lease, units, replyTo } of served) {
        enqueue({ type: 'stopLeaseTimer', params: { lease } })
        enqueue({ type: 'grant', params: { lease, replyTo, units } })
      }
    }),
    wait: assign(({ context, event }) => (event.type === 'lease.request' ? withWaiter(context, event) : {})),
    take: assign(({ context, event }) => (event.type === 'lease.request' ? withHolder(context, event) : {})),
    giveBack: assign(({ context, event }) => ('lease' in event ? withoutHolder(context, event.lease) : {})),
    withdraw: assign(({ context, event }) => ('lease' in event ? withoutWaiter(context, event.lease) : {})),
    denyAll: enqueueActions(({ context, enqueue }) => {
      for (const { lease, replyTo } of context.waiting) {
        enqueue({ type: 'stopLeaseTimer', params: { lease } })
        enqueue({ type: 'deny', params: { lease, replyTo, failure: refusals.closed(context) } })
      }
      enqueue.assign({ waiting: [] })
    }),
    lose: enqueueActions(({ context, event, enqueue }) => {
      const holder = 'lease' in event && context.holders.find(({ lease }) => lease === event.lease)
      if (!holder) return
      const { lease, replyTo } = holder
      enqueue.assign(withoutHolder(context, lease))
      enqueue({ type: 'reportLost', params: { lease, replyTo, failure: refusals.lost(context) } })
    }),
    denyRequest: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'lease.request') return
      const failure = isGrantable(context, event.units)
        ? refusals.tooMany(context)
        : refusals.outOfRange(context, event)
      enqueue({ type: 'deny', params: { lease: event.lease, replyTo: event.replyTo, failure } })
    }),
    denyLate: enqueueActions(({ context, event, enqueue }) => {
      const waiter = 'lease' in event && context.waiting.find(({ lease }) => lease === event.lease)
      if (!waiter) return
      const { lease, replyTo } = waiter
      enqueue({ type: 'deny', params: { lease, replyTo, failure: refusals.timedOut(context, event) } })
    }),
  },
  guards: {
    isKnown: ({ context, event }) =>
      'lease' in event &&
      (isHolder(context, event.lease) || context.waiting.some(({ lease }) => lease === event.lease)),
    isHeld: ({ context, event }) => 'lease' in event && isHolder(context, event.lease),
    isWaiting: ({ context, event }) =>
      'lease' in event && context.waiting.some(({ lease }) => lease === event.lease),
    isRefused: ({ context, event }) =>
      event.type === 'lease.request' &&
      (!isGrantable(context, event.units) || context.waiting.length >= WAITING_MAX),
    isFree: ({ context, event }) => event.type === 'lease.request' && event.units <= context.free,
    isServed: ({ context }) => context.waiting.length === 0,
  },
}).createMachine({
  id: 'pool',
  description: 'The supervisor of one pool of counted units.',
  context: ({ input }) => ({ ...input, free: input.capacity, holders: [], waiting: [] }),
  initial: 'available',
  states: {
    available: {
      description: 'Nobody waits: a request that fits is granted at once.',
      on: {
        'lease.request': [
          { guard: 'isKnown' },
          { guard: 'isRefused', actions: 'denyRequest' },
          {
            guard: 'isFree',
            actions: [
              'take',
              {
                type: 'grant',
                params: ({ event: { lease, replyTo, units } }) => ({ lease, replyTo, units }),
              },
            ],
          },
          {
            target: 'exhausted',
            actions: ['wait', { type: 'startLeaseTimer', params: ({ event: { lease } }) => ({ lease }) }],
          },
        ],
        'lease.release': {
          guard: 'isHeld',
          actions: ['giveBack', { type: 'release', params: ({ event: { lease } }) => ({ lease }) }],
        },
        'lease.lost': { guard: 'isHeld', actions: 'lose' },
        'pool.close': 'closed',
      },
    },
    exhausted: {
      description: 'Requests wait in their order for units to come back.',
      entry: 'reportExhausted',
      always: { guard: 'isServed', target: 'available' },
      on: {
        'lease.request': [
          { guard: 'isKnown' },
          { guard: 'isRefused', actions: 'denyRequest' },
          {
            actions: [
              'wait',
              { type: 'startLeaseTimer', params: ({ event: { lease } }) => ({ lease }) },
              'serve',
            ],
          },
        ],
        'lease.release': [
          {
            guard: 'isHeld',
            actions: [
              'giveBack',
              { type: 'release', params: ({ event: { lease } }) => ({ lease }) },
              'serve',
            ],
          },
          {
            guard: 'isWaiting',
            actions: [
              'withdraw',
              { type: 'stopLeaseTimer', params: ({ event: { lease } }) => ({ lease }) },
              'serve',
            ],
          },
        ],
        'lease.timedOut': {
          guard: 'isWaiting',
          actions: [
            'denyLate',
            'withdraw',
            { type: 'stopLeaseTimer', params: ({ event: { lease } }) => ({ lease }) },
            'serve',
          ],
        },
        'lease.lost': { guard: 'isHeld', actions: ['lose', 'serve'] },
        'pool.close': { target: 'closed', actions: 'denyAll' },
      },
    },
    closed: { description: 'Grants nothing any more.', type: 'final' },
  },
})
