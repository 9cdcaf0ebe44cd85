// The iterations of one attempt of an iterative step: how many, when another one, when enough have failed.
// Not here: what happens in an iteration, which is a run of its own; how many go side by side, which the runtime keeps.
// Invariant: once it stops, nothing more starts; it ends only when every iteration has.
import { assign, setup } from 'xstate'
import type { Failure, LoopEvent, Verdict } from './protocol.ts'

export type { LoopEvent } from './protocol.ts'

export interface LoopInput {
  /** The address, such as `run/42/loop/scan`. */
  readonly path: string
  readonly over: 'each' | 'while' | 'until'
  readonly iterationsMax: number
  /** Failed iterations that are put up with: so many, or a share from 0 to 1 of all. */
  readonly tolerate: { readonly count: number } | { readonly share: number }
}

export interface LoopContext extends LoopInput {
  /** Items, where they are counted. */
  readonly total: number | null
  /** Iterations that have ended, in whatever way. */
  readonly ended: number
  readonly failed: number
  readonly cause: 'completed' | 'failed' | 'cancelled'
  readonly failure: Failure | null
  /** A verdict that ends more than this loop. */
  readonly verdict: Verdict | null
}

export interface LoopOutput extends Pick<LoopContext, 'failure' | 'verdict'> {
  readonly status: LoopContext['cause']
}

type Facts = { readonly context: LoopContext; readonly event: LoopEvent }

/** Failures that are one too many, once there is one more. */
const isTooMany = ({ tolerate, total, failed }: LoopContext) =>
  failed + 1 > ('count' in tolerate ? tolerate.count : Math.floor(tolerate.share * (total ?? 0)))

const overLimit = ({ iterationsMax }: LoopContext, wanted: string): Failure => ({
  code: 'ITERATION_LIMIT',
  message: `The loop makes at most ${iterationsMax} iterations, and ${wanted}: raise max_iterations or give less`,
  retryable: false,
})

const isForced = ({ event }: Pick<Facts, 'event'>) => event.type === 'loop.cancel' && event.force === true

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  /** Has the items computed and counted. */
  countItems: () => {},
  /** Has it decided whether there is to be another iteration. */
  askCondition: () => {},
  /** Starts as many iterations as may go side by side. */
  startIterations: () => {},
  cancelIterations: (_: unknown, _how: { readonly force: boolean }) => {},
}

/** Their names. */
export type LoopEffect = keyof typeof effects

/** The statechart of a loop. */
export const loopMachine = setup({
  types: {} as { context: LoopContext; events: LoopEvent; input: LoopInput; output: LoopOutput },
  actions: {
    ...effects,
    keepCount: assign(({ event }) => (event.type === 'items.counted' ? { total: event.count } : {})),
    keepEnd: assign(({ context, event }) =>
      event.type === 'iteration.settled'
        ? { ended: context.ended + 1, failed: context.failed + (event.failure ? 1 : 0) }
        : {},
    ),
    keepFailure: assign(({ event }) =>
      'failure' in event
        ? {
            cause: 'cancelled' in event && event.cancelled ? 'cancelled' : 'failed',
            failure: event.failure,
            verdict: ('verdict' in event && event.verdict) || null,
          }
        : {},
    ),
    keepOverLimit: assign(({ context, event }) => ({
      cause: 'failed',
      failure: overLimit(
        context,
        event.type === 'items.counted' ? `there are ${event.count} items` : 'its condition asks for one more',
      ),
    })),
    keepCancellation: assign({ cause: 'cancelled' }),
  },
  guards: {
    isEach: ({ context }) => context.over === 'each',
    isUntil: ({ context }) => context.over === 'until',
    isEmpty: ({ event }: Facts) => event.type === 'items.counted' && event.count === 0,
    hasTooManyItems: ({ context, event }: Facts) =>
      event.type === 'items.counted' && event.count > context.iterationsMax,
    isEnough: ({ event }: Facts) => event.type === 'condition.decided' && !event.holds,
    isOverLimit: ({ context }) => context.ended >= context.iterationsMax,
    /** A failure that is not put up with, or that ends more than the loop. */
    isIntolerable: ({ context, event }: Facts) =>
      event.type === 'iteration.settled' &&
      event.failure !== null &&
      (event.verdict !== null || isTooMany(context)),
    /** A verdict inside ends more than the loop, which fails by it even where it was told to stop already. */
    endsMore: ({ event }: Facts) => event.type === 'iteration.settled' && event.verdict !== null,
    isForced,
    isLast: ({ context }) => context.total !== null && context.ended + 1 >= context.total,
    isCompleted: ({ context }) => context.cause === 'completed',
    isFailed: ({ context }) => context.cause === 'failed',
  },
}).createMachine({
  id: 'loop',
  description: 'The iterations of one attempt of an iterative step.',
  context: ({ input }) => ({
    ...input,
    total: null,
    ended: 0,
    failed: 0,
    cause: 'completed',
    failure: null,
    verdict: null,
  }),
  initial: 'opening',
  output: ({ context: { cause, failure, verdict } }) => ({ status: cause, failure, verdict }),
  states: {
    opening: {
      description: 'Nothing is known of the iterations yet.',
      always: [
        { guard: 'isEach', target: 'counting' },
        { guard: 'isUntil', target: 'iterating' },
        { target: 'asking' },
      ],
    },
    counting: {
      description: 'Has its items computed.',
      entry: 'countItems',
      on: {
        'items.counted': [
          { guard: 'isEmpty', target: 'ended', actions: 'keepCount' },
          { guard: 'hasTooManyItems', target: 'ended', actions: 'keepOverLimit' },
          { target: 'iterating', actions: 'keepCount' },
        ],
        'decision.failed': { target: 'ended', actions: 'keepFailure' },
        'loop.cancel': { target: 'ended', actions: 'keepCancellation' },
      },
    },
    asking: {
      description: 'Asks whether there is to be another iteration.',
      entry: 'askCondition',
      on: {
        'condition.decided': [
          { guard: 'isEnough', target: 'ended' },
          { guard: 'isOverLimit', target: 'ended', actions: 'keepOverLimit' },
          { target: 'iterating' },
        ],
        'decision.failed': { target: 'ended', actions: 'keepFailure' },
        'loop.cancel': { target: 'ended', actions: 'keepCancellation' },
      },
    },
    iterating: {
      description: 'Iterations are under way.',
      entry: 'startIterations',
      on: {
        'iteration.settled': [
          { guard: 'isIntolerable', target: 'stopping', actions: ['keepEnd', 'keepFailure'] },
          { guard: 'isLast', target: 'ended', actions: 'keepEnd' },
          { guard: 'isEach', actions: ['keepEnd', 'startIterations'] },
          { target: 'asking', actions: 'keepEnd' },
        ],
        'loop.cancel': { target: 'stopping', actions: 'keepCancellation' },
      },
    },
    stopping: {
      description: 'Starts nothing more, and waits until every iteration has ended.',
      entry: { type: 'cancelIterations', params: ({ event }) => ({ force: isForced({ event }) }) },
      on: {
        'iteration.settled': [
          { guard: 'endsMore', actions: ['keepEnd', 'keepFailure'] },
          { actions: 'keepEnd' },
        ],
        'iterations.finished': 'ended',
        'loop.cancel': {
          guard: 'isForced',
          actions: { type: 'cancelIterations', params: { force: true } },
        },
      },
    },
    ended: {
      description: 'Every iteration has ended.',
      always: [
        { guard: 'isCompleted', target: 'completed' },
        { guard: 'isFailed', target: 'failed' },
        { target: 'cancelled' },
      ],
    },
    completed: { description: 'It made all its iterations.', type: 'final' },
    failed: { description: 'Too many iterations failed, or it could not go on.', type: 'final' },
    cancelled: { description: 'Someone asked it to end.', type: 'final' },
  },
})
