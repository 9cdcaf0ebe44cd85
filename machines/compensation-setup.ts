// What the chart of a compensation is made of: what it knows, the names of its effects, its guards. The chart itself is in
// compensation.ts.
import { assign, setup } from 'xstate'
import { attemptEffects } from './attempt-effects.ts'
import { explained, hasRetry, timedOut, type StepContext } from './step-context.ts'
import type {
  CompensationEvent,
  CompensationOutput,
  CompensationPolicy,
  EffectTarget,
  Failure,
} from './protocol.ts'

/** An effect of a step that is to be undone. */
export interface OwedEffect {
  readonly target: EffectTarget
  readonly policy: CompensationPolicy
}

export interface CompensationInput {
  /** The step's place in its plan. */
  readonly index: number
  /** The address, such as `run/42/compensation/load`. */
  readonly path: string
  /** The step's own effects that are to be undone, in this order, each with the policy of what undoes it. */
  readonly owed: readonly OwedEffect[]
  /** Whether there are steps inside of it that are to be undone. */
  readonly inside: 'nothing' | 'steps'
  /** Where leases could not be had. */
  readonly failure?: Failure
}

export interface CompensationContext extends Omit<CompensationInput, 'failure'> {
  /** The effect that is being undone; `null` where none of the step's own is owed. */
  readonly target: EffectTarget | null
  readonly policy: CompensationPolicy | null
  /** Effects that could not be undone before the current one, and why. */
  readonly left: readonly EffectTarget[]
  readonly leftFailure: Failure | null
  /** Attempts made. */
  readonly attempt: number
  readonly failures: number
  readonly failure: Failure | null
  readonly retryWindow: StepContext['retryWindow']
  /** Why something inside is left as it was. */
  readonly insideFailure: Failure | null
}

type Facts = { readonly context: CompensationContext; readonly event: CompensationEvent }

const stopped: Failure = {
  code: 'COMPENSATION_STOPPED',
  message: 'The compensation was ended before the step was undone: undo it by hand',
}

/** A compensation that has done nothing yet. */
export const beginning = (input: CompensationInput): CompensationContext => ({
  ...input,
  ...taking(input.owed),
  attempt: 0,
  failures: input.failure ? 1 : 0,
  failure: input.failure ?? null,
  retryWindow: 'open',
  insideFailure: null,
  left: [],
  leftFailure: null,
})

/** The first of the effects that are owed is undone next. */
const taking = ([first, ...owed]: readonly OwedEffect[]) => ({
  target: first?.target ?? null,
  policy: first?.policy ?? null,
  owed,
})

/** What the compensation leaves behind, once it has ended. */
export function outcome(context: CompensationContext): CompensationOutput {
  const { index, target, attempt, leftFailure, insideFailure } = context
  const left = context.failure && target ? [...context.left, target] : context.left
  const failure = context.failure ?? leftFailure ?? insideFailure
  return { index, undone: failure === null, failure, attempts: attempt, left }
}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  ...attemptEffects,
  undoInside: () => {},
  stopInside: () => {},
}

/** Their names. */
export type CompensationEffect = keyof typeof effects

/** Types, effects and guards of the chart. Effects are named actions that a host provides. */
export const compensationSetup = setup({
  types: {} as {
    context: CompensationContext
    events: CompensationEvent
    input: CompensationInput
    output: CompensationOutput
  },
  actions: {
    ...effects,
    beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1, failure: null }),
    keepFailure: assign(({ context, event }) =>
      'failure' in event ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    keepTimeout: assign(({ context, event }) => ({
      failure: timedOut(context.attempt, context.policy!.timeoutMs, event),
      failures: context.failures + 1,
    })),
    keepLoss: assign(({ context, event }) =>
      event.type === 'lease.lost' ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    closeRetries: assign({ retryWindow: 'closed' }),
    explainFailure: assign(({ context }) => ({ failure: explained(context) })),
    keepInsideFailure: assign(({ event }) =>
      event.type === 'inside.undone' ? { insideFailure: event.failure } : {},
    ),
    keepStop: assign(({ context }) => ({ failure: context.failure ?? stopped })),
    takeNext: assign(({ context: { owed, target, failure, left, leftFailure } }) => ({
      ...taking(owed),
      ...(failure && { left: [...left, target!], leftFailure: leftFailure ?? failure }),
      failures: 0,
      retryWindow: 'open',
    })),
    /** Leaves the effects that nobody has begun to undo. */
    leaveRest: assign(({ context: { owed, left, leftFailure } }) =>
      owed.length === 0
        ? {}
        : {
            owed: [],
            left: [...left, ...owed.map(({ target }) => target)],
            leftFailure: leftFailure ?? stopped,
          },
    ),
  },
  guards: {
    isDenied: ({ context }) => context.failure !== null,
    hasInside: ({ context }) => context.inside === 'steps',
    undoesItself: ({ context }) => context.policy !== null,
    hasMore: ({ context }) => context.owed.length > 0,
    isLeft: ({ context }) => context.insideFailure !== null || context.leftFailure !== null,
    isCurrent: ({ context, event }: Facts) => 'attempt' in event && event.attempt === context.attempt,
    /** It is not the first attempt at the effect that waits. */
    isRetry: ({ context }) => context.failures > 0,
    mayRetry: ({ context }) => context.retryWindow === 'open' && hasRetry(context),
  },
})
