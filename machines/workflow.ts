// The orchestrator of one run: prepares, lets the steps run, stops them, cleans up.
// Not here: the graph's counters and queues, which the runtime keeps in flat arrays beside the chart.
// Invariant: once it stops, nothing more starts; it ends only when every step is final and its scope is released.
import { assign, setup } from 'xstate'
import type { Failure, RunStatus, WorkflowEvent } from './protocol.ts'

export type { WorkflowEvent } from './protocol.ts'

export interface WorkflowMachineInput {
  /** Names the run among all runs of its host. */
  readonly runId: string
  /** The workflow's inputs, checked. */
  readonly inputs: Readonly<Record<string, unknown>>
  readonly failFast: boolean
  readonly timeoutMs: number | null
}

export interface WorkflowContext extends WorkflowMachineInput {
  /** What the run ends as: `completed` until something else is known. */
  readonly cause: RunStatus
  readonly failure: Failure | null
  readonly output: unknown
  readonly cleanupIssues: readonly Failure[]
}

export interface WorkflowMachineOutput {
  readonly status: RunStatus
  readonly failure: Failure | null
  readonly output: unknown
  readonly cleanupIssues: readonly Failure[]
}

const exceeded = (limitMs: number | null): Failure => ({
  code: 'RUN_TIMED_OUT',
  message: `Workflow execution exceeded timeout${limitMs === null ? '' : ` of ${limitMs} ms`}`,
})

const noEffect = () => {}

const cancelCause = (event: WorkflowEvent) => (event.type === 'run.cancel' && event.cause) || 'cancelled'

/** The statechart of a run. Its effects are named actions that the runtime provides. */
export const workflowMachine = setup({
  types: {} as {
    context: WorkflowContext
    events: WorkflowEvent
    input: WorkflowMachineInput
    output: WorkflowMachineOutput
  },
  actions: {
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
    recordCondition: noEffect,
    cancelSteps: noEffect,
    collectOutputs: noEffect,
    publishStart: noEffect,
    publishEnd: noEffect,
    keepOutput: assign(({ event }) => (event.type === 'outputs.collected' ? { output: event.output } : {})),
    keepFailure: assign(({ event }) =>
      'failure' in event ? { cause: 'failed', failure: event.failure ?? null } : {},
    ),
    keepStepFailure: assign(({ context, event }) =>
      event.type === 'step.settled'
        ? { cause: 'failed', failure: context.failure ?? event.step.failure }
        : {},
    ),
    keepTimeout: assign(({ context }) => ({ cause: 'timed_out', failure: exceeded(context.timeoutMs) })),
    keepCancellation: assign(({ event }) =>
      cancelCause(event) === 'timed_out'
        ? { cause: 'timed_out', failure: exceeded(null) }
        : { cause: 'cancelled', failure: { code: 'RUN_CANCELLED', message: 'The run was cancelled' } },
    ),
    keepIssues: assign(({ event }) =>
      event.type === 'scope.released' ? { cleanupIssues: event.issues } : {},
    ),
  },
  guards: {
    isHarmless: ({ event }) => event.type === 'step.settled' && event.step.status !== 'failed',
    endsRun: ({ context, event }) =>
      event.type === 'step.settled' && (event.step.endsRun || context.failFast),
    isCompleted: ({ context }) => context.cause === 'completed',
    isFailed: ({ context }) => context.cause === 'failed',
    isCancelled: ({ context }) => context.cause === 'cancelled',
  },
}).createMachine({
  id: 'workflow',
  description: 'One run of a workflow, from its preparation to its clean-up.',
  context: ({ input }) => ({ ...input, cause: 'completed', failure: null, output: null, cleanupIssues: [] }),
  initial: 'preparing',
  output: ({ context }) => ({
    status: context.cause,
    failure: context.failure,
    output: context.output,
    cleanupIssues: context.cleanupIssues,
  }),
  states: {
    preparing: {
      description: 'Initialises the modules and pools that belong to this run alone.',
      entry: 'prepareScope',
      on: {
        'scope.ready': 'running',
        'scope.failed': { target: 'cleaningUp', actions: 'keepFailure' },
        'run.cancel': { target: 'cleaningUp', actions: 'keepCancellation' },
      },
    },
    running: {
      description: 'Starts each step as soon as its dependencies, leases and a slot allow.',
      entry: ['startRunTimer', 'publishStart', 'openSteps', 'startReady'],
      exit: 'stopRunTimer',
      on: {
        'step.settled': [
          { guard: 'isHarmless', actions: ['recordStep', 'startReady'] },
          { guard: 'endsRun', target: 'stopping', actions: ['recordStep', 'keepStepFailure'] },
          { actions: ['recordStep', 'keepStepFailure', 'startReady'] },
        ],
        'slot.requested': { actions: ['queueStep', 'startReady'] },
        'slot.returned': { actions: 'startReady' },
        'lease.granted': { actions: ['recordLease', 'startReady'] },
        'lease.denied': { actions: ['recordLease', 'startReady'] },
        'condition.decided': { actions: ['recordCondition', 'startReady'] },
        'steps.finished': [{ guard: 'isCompleted', target: 'collecting' }, { target: 'cleaningUp' }],
        'run.timedOut': { target: 'stopping', actions: 'keepTimeout' },
        'run.cancel': { target: 'stopping', actions: 'keepCancellation' },
      },
    },
    stopping: {
      description: 'Starts nothing more, and waits until every running step has stopped.',
      entry: 'cancelSteps',
      on: {
        'step.settled': { actions: 'recordStep' },
        'steps.finished': 'cleaningUp',
      },
    },
    collecting: {
      description: "Computes the run's own outputs from those of its steps.",
      entry: 'collectOutputs',
      on: {
        'outputs.collected': { target: 'cleaningUp', actions: 'keepOutput' },
        'outputs.failed': { target: 'cleaningUp', actions: 'keepFailure' },
      },
    },
    cleaningUp: {
      description: 'Releases the modules and pools that belong to this run alone.',
      entry: ['publishEnd', 'releaseScope'],
      on: { 'scope.released': { target: 'ending', actions: 'keepIssues' } },
    },
    ending: {
      description: 'Everything is released, and the cause names the final state.',
      always: [
        { guard: 'isCompleted', target: 'completed' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCancelled', target: 'cancelled' },
        { target: 'timedOut' },
      ],
    },
    completed: {
      description: 'Every step ended well.',
      type: 'final',
    },
    failed: {
      description: 'A step, the preparation or an output failed.',
      type: 'final',
    },
    cancelled: {
      description: 'Someone asked the run to end.',
      type: 'final',
    },
    timedOut: {
      description: 'The run exceeded its time.',
      type: 'final',
    },
  },
})
