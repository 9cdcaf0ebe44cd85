// What the step's chart is made of: its events, the names of its effects, its guards. The chart itself is in step.ts,
// the part of it that answers a failure in recovery.ts.
import { assign, setup } from 'xstate'
import { attemptEffects } from './attempt-effects.ts'
import type { StepEvent, StepOutput } from './protocol.ts'
import {
  explained,
  fellSilent,
  hasRetry,
  isApplicable,
  listedVerdict,
  timedOut,
  type StepContext,
  type StepInput,
} from './step-context.ts'

type Facts = { readonly context: StepContext; readonly event: StepEvent }

const isCurrent = ({ context, event }: Facts) => 'attempt' in event && event.attempt === context.attempt

const noEffect = () => {}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  ...attemptEffects,
  /** Sees to it that the attempt, which is waited for, ends some time. */
  limitAttempt: noEffect,
  /** Notes what the event says of the attempt's effect, where the attempt is not the step's accepted success. */
  recordEffect: noEffect,
  /** Waits for the answers of those who handle the failure that was published last. */
  askHandlers: noEffect,
  stopAsking: noEffect,
}

/** Their names. */
export type StepEffect = keyof typeof effects

/** Types, effects and guards of the step's chart. Effects are named actions that a host provides. */
export const stepSetup = setup({
  types: {} as { context: StepContext; events: StepEvent; input: StepInput; output: StepOutput },
  actions: {
    ...effects,
    beginAttempt: assign({ attempt: ({ context }) => context.attempt + 1, failure: null }),
    keepOutput: assign(({ event }) => (event.type === 'attempt.succeeded' ? { output: event.output } : {})),
    keepFailure: assign(({ context, event }) =>
      'failure' in event ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    keepTimeout: assign(({ context, event }) => ({
      failure: timedOut(context.attempt, context.policy.timeoutMs, event),
      failures: context.failures + 1,
    })),
    keepSilence: assign(({ context, event }) => ({
      failure: fellSilent(context.attempt, context.policy, event),
      failures: context.failures + 1,
    })),
    keepLoss: assign(({ context, event }) =>
      event.type === 'lease.lost' ? { failure: event.failure, failures: context.failures + 1 } : {},
    ),
    /** A verdict that came with the failure, or that a handler gave. */
    keepVerdict: assign(({ context, event }) =>
      'verdict' in event && event.verdict !== undefined && isApplicable(context, event.verdict)
        ? { verdict: event.verdict }
        : {},
    ),
    keepListedVerdict: assign(({ context }) => ({ verdict: context.verdict ?? listedVerdict(context) })),
    grantRetry: assign(({ context }) => ({
      granted: context.granted + 1,
      target: 'operation',
      verdict: null,
    })),
    closeRetries: assign({ retryWindow: 'closed' }),
    explainFailure: assign(({ context }) =>
      context.target === 'operation' ? { failure: explained(context) } : {},
    ),
    fallBack: assign({ target: 'fallback' }),
  },
  guards: {
    isAdmitted: ({ context }) => context.entry === 'admitted',
    isDenied: ({ context }) => context.entry === 'denied',
    isCurrent,
    isCancelledInside: ({ context, event }) =>
      isCurrent({ context, event }) && 'cancelled' in event && event.cancelled === true,
    /** A failure that brings its own verdict. */
    isRuled: ({ context, event }) =>
      isCurrent({ context, event }) && 'verdict' in event && event.verdict !== undefined,
    /** A success that came in time, though the step is being cancelled. */
    isInTime: ({ context, event }) => isCurrent({ context, event }) && context.failure === null,
    isAwaited: ({ context, event }) =>
      context.policy.awaitMs !== null && !(event.type === 'step.cancel' && event.force === true),
    isForced: ({ event }) => event.type === 'step.cancel' && event.force === true,
    /** It is not the fallback that waits. */
    isRetry: ({ context }) => context.target === 'operation',
    mayRetry: ({ context }) =>
      context.target === 'operation' && context.retryWindow === 'open' && hasRetry(context),
    mayFallBack: ({ context }) =>
      context.policy.hasFallback && context.target === 'operation' && context.granted === 0,
    wasGranted: ({ context }) => context.granted > 0,
    /** The step says itself what is to be done, or there is nobody to ask. */
    needsNoAdvice: ({ context }) => context.policy.verdicts !== null || context.advisers === 'nobody',
    isToRetry: ({ context }) => context.verdict === 'retry',
    isToSkip: ({ context }) => context.verdict === 'skip' || context.verdict === 'degradation',
  },
})
