// What the orchestrator's chart is made of: its events, the names of its effects, its guards. The chart itself is in
// workflow.ts.
import { assign, setup } from 'xstate'
import { blockage } from './blockage.ts'
import type { CompensationExtent, Failure, Verdict, WorkflowEvent } from './protocol.ts'
import type { WorkflowContext, WorkflowMachineInput, WorkflowMachineOutput } from './workflow-context.ts'

const exceeded = (limitMs: number | null, event: object): Failure => ({
  code: 'RUN_TIMED_OUT',
  message: `Workflow execution exceeded timeout${limitMs === null ? '' : ` of ${limitMs} ms`}${blockage(event)}`,
})

const cancelled: Failure = { code: 'RUN_CANCELLED', message: 'The run was cancelled' }

/** A step's failure as that of its run: with the address of the step, or of the one inside of it that failed. */
export const failureOf = ({
  step: { failure },
  address,
}: Extract<WorkflowEvent, { type: 'step.settled' }>): Failure | null =>
  failure && { step: address, ...failure }

/** Whether a verdict ends more than its step. */
export const endsMore = (verdict: Verdict | null) => verdict === 'fail_workflow' || verdict === 'compensate'

/** Whether what a run did is to be undone, and was not yet; a block leaves it to the run around it. */
const mustCompensate = ({ level, compensation, verdict, onFailure }: WorkflowContext) =>
  level !== 'block' && compensation === 'none' && (verdict === 'compensate' || onFailure === 'compensate')

const isWholeSoFar = ({ cause, waitFor }: WorkflowContext) => cause === 'completed' && waitFor === 'all'

const isForced = ({ event }: { readonly event: WorkflowEvent }) =>
  event.type === 'run.cancel' && event.force === true

const noEffect = () => {}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  prepareScope: noEffect,
  releaseScope: noEffect,
  startRunTimer: noEffect,
  stopRunTimer: noEffect,
  /** Marks the steps without dependencies as ready. */
  openSteps: noEffect,
  /** Starts what is ready, as far as leases and slots allow. */
  startReady: noEffect,
  recordStep: noEffect,
  queueStep: noEffect,
  recordLease: noEffect,
  recordDecision: noEffect,
  cancelSteps: noEffect,
  /** The same once more, and waits for no step. */
  forceSteps: noEffect,
  cancelStep: noEffect,
  /** Tells the runs around a block that a verdict in it ends them, too. */
  haltAround: noEffect,
  takeSignal: noEffect,
  collectOutputs: noEffect,
  /** Finds out what is to be undone, and starts the limit of it. */
  startCompensation: noEffect,
  /** Undoes what may be undone now, as far as leases and slots allow. */
  undoReady: noEffect,
  recordCompensation: noEffect,
  stopCompensation: noEffect,
  publishStart: noEffect,
  publishEnd: noEffect,
}

/** Their names. */
export type WorkflowEffect = keyof typeof effects

/** Types, effects and guards of the orchestrator's chart. Effects are named actions that the runtime provides. */
export const workflowSetup = setup({
  types: {} as {
    context: WorkflowContext
    events: WorkflowEvent
    input: WorkflowMachineInput
    output: WorkflowMachineOutput
  },
  actions: {
    ...effects,
    keepOutput: assign(({ event }) => (event.type === 'outputs.collected' ? { output: event.output } : {})),
    keepFailure: assign(({ event }) =>
      'failure' in event ? { cause: 'failed', failure: event.failure ?? null } : {},
    ),
    keepStepFailure: assign(({ context, event }) =>
      event.type === 'step.settled' ? { cause: 'failed', failure: context.failure ?? failureOf(event) } : {},
    ),
    keepVerdict: assign(({ event }) => {
      const verdict =
        event.type === 'step.settled' ? event.step.verdict : event.type === 'run.halt' ? event.verdict : null
      return endsMore(verdict) ? { verdict } : {}
    }),
    keepTimeout: assign(({ context, event }) => ({
      cause: 'timed_out',
      failure: exceeded(context.timeoutMs, event),
    })),
    keepCancellation: assign(({ event }) =>
      event.type === 'run.cancel' && event.cause === 'timed_out'
        ? { cause: 'timed_out', failure: exceeded(null, event) }
        : { cause: 'cancelled', failure: cancelled },
    ),
    forgoCompensation: assign(({ context }) => (mustCompensate(context) ? { compensation: 'forgone' } : {})),
    keepExtent: assign((_, { extent }: { readonly extent: CompensationExtent }) => ({ extent })),
    ignoreCancellation: assign(({ context }) => ({
      cancellationsIgnored: context.cancellationsIgnored + 1,
    })),
    keepCompensation: assign(({ event }) =>
      event.type === 'compensation.finished'
        ? { compensation: event.left === 0 ? 'completed' : 'failed' }
        : {},
    ),
    keepIssues: assign(({ event }) =>
      event.type === 'scope.released' ? { cleanupIssues: event.issues } : {},
    ),
  },
  guards: {
    isUndoing: ({ context }) => context.entry === 'undo',
    /** Nothing failed, or nothing that counts: where successes are counted, failures are not. */
    isHarmless: ({ context, event }) =>
      event.type === 'step.settled' &&
      (event.step.status !== 'failed' || (context.waitFor !== 'all' && !endsMore(event.step.verdict))),
    endsRun: ({ context, event }) =>
      event.type === 'step.settled' &&
      (endsMore(event.step.verdict) || context.failFast || context.onFailure === 'compensate'),
    isForced,
    /** A step failed for what is before the step around it: nothing in here failed before. */
    isFailedAround: ({ context, event }) =>
      event.type === 'steps.finished' && event.failure !== undefined && isWholeSoFar(context),
    /** The step around it asks for all steps, and one was cancelled. */
    isCutShort: ({ context, event }) =>
      event.type === 'steps.finished' &&
      (event.cancelled ?? 0) > 0 &&
      context.level !== 'run' &&
      isWholeSoFar(context),
    isCompleted: ({ context }) => context.cause === 'completed',
    isFailed: ({ context }) => context.cause === 'failed' && context.extent !== 'all',
    hasSurplus: ({ event }) => 'surplus' in event && event.surplus === true,
    isCancelled: ({ context }) => context.cause === 'cancelled',
    isTimedOut: ({ context }) => context.cause === 'timed_out',
    isCompensated: ({ context }) => context.compensation === 'completed',
    isToCompensate: ({ context }) => mustCompensate(context),
    isForgone: ({ context }) => context.compensation === 'forgone',
  },
})
