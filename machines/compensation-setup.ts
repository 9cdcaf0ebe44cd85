// What the chart of a compensation is made of: what it knows, the names of its effects, its guards. The chart itself is in
// compensation.ts.
import { assign, setup } from 'xstate'
import { isRetryable, timedOut } from './step-context.ts'
import type { CompensationEvent, CompensationOutput, CompensationPolicy, Failure } from './protocol.ts'

export interface CompensationInput {
  /** The step's place in its plan. */
  readonly index: number
  /** The address, such as `run/42/compensation/load`. */
  readonly path: string
  /** `null` where the step itself has nothing that undoes it. */
  readonly policy: CompensationPolicy | null
  /** Whether there are steps inside of it that are to be undone. */
  readonly inside: 'nothing' | 'steps'
  /** Where leases could not be had. */
  readonly failure?: Failure
}

export interface CompensationContext extends Omit<CompensationInput, 'failure'> {
  /** Attempts made. */
  readonly attempt: number
  readonly failures: number
  readonly failure: Failure | null
  /** Why something inside is left as it was. */
  readonly insideFailure: Failure | null
}

type Facts = { readonly context: CompensationContext; readonly event: CompensationEvent }

const noEffect = () => {}

const stopped: Failure = {
  code: 'COMPENSATION_STOPPED',
  message: 'The compensation was ended before the step was undone: undo it by hand',
}

/** Types, effects and guards of the chart. Effects are named actions that a host provides. */
export const compensationSetup = setup({
  types: {} as {
    context: CompensationContext
    events: CompensationEvent
    input: CompensationInput
    output: CompensationOutput
  },
  actions: {
    undoInside: noEffect,
    stopInside: noEffect,
    requestSlot: noEffect,
    withdrawRequest: noEffect,
    startAttempt: noEffect,
    abortAttempt: noEffect,
    endAttempt: noEffect,
    abandonAttempt: noEffect,
    startBackoff: noEffect,
    stopBackoff: noEffect,
    publish: (_: unknown, _event: { readonly type: string }) => {},
    beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1, failure: null }),
    keepFailure: assign(({ context, event }) =>
      'failure' in event ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    keepTimeout: assign(({ context }) => ({
      failure: timedOut(context.attempt, context.policy!.timeoutMs),
      failures: context.failures + 1,
    })),
    keepLoss: assign(({ context, event }) =>
      event.type === 'lease.lost' ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    keepInsideFailure: assign(({ event }) =>
      event.type === 'inside.undone' ? { insideFailure: event.failure } : {},
    ),
    keepStop: assign(({ context }) => ({ failure: context.failure ?? stopped })),
  },
  guards: {
    isDenied: ({ context }) => context.failure !== null,
    hasInside: ({ context }) => context.inside === 'steps',
    undoesItself: ({ context }) => context.policy !== null,
    isLeftInside: ({ context }) => context.insideFailure !== null,
    isCurrent: ({ context, event }: Facts) => 'attempt' in event && event.attempt === context.attempt,
    mayRetry: ({ context }) =>
      context.policy !== null &&
      context.failures <= context.policy.retries &&
      isRetryable(context.failure, context.policy),
  },
})
