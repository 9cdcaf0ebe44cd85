// The orchestrator of one run: prepares, lets the steps run, stops them, undoes them, cleans up.
// Not here: the graph's counters and queues, which the runtime keeps in flat arrays beside the chart.
// Invariant: once it stops, nothing more starts; it ends only when every step is final and its scope is released.
import { beginning, outcome } from './workflow-context.ts'
import { workflowSetup } from './workflow-setup.ts'

export { endsMore, failureOf } from './workflow-setup.ts'

export type { WorkflowContext, WorkflowMachineInput, WorkflowMachineOutput } from './workflow-context.ts'
export type { WorkflowEffect } from './workflow-setup.ts'

const ALL = { type: 'keepExtent', params: { extent: 'all' } } as const
const SURPLUS = { type: 'keepExtent', params: { extent: 'surplus' } } as const

/** The statechart of a run. Its effects are named actions that the runtime provides. */
export const workflowMachine = workflowSetup.createMachine({
  id: 'workflow',
  description: 'One run of a workflow, from its preparation to its clean-up.',
  context: ({ input }) => beginning(input),
  initial: 'starting',
  output: ({ context }) => outcome(context),
  states: {
    starting: {
      description: 'A run begins, or one that has ended is to be undone.',
      always: [{ guard: 'isUndoing', target: 'compensating' }, { target: 'preparing' }],
    },
    preparing: {
      description: 'Initialises the modules and pools that belong to this run alone.',
      entry: ['startRunTimer', 'prepareScope'],
      on: {
        'scope.ready': 'running',
        'scope.failed': { target: 'cleaningUp', actions: ['keepFailure', 'cancelSteps'] },
        'run.timedOut': { target: 'cleaningUp', actions: ['keepTimeout', 'cancelSteps'] },
        'run.cancel': { target: 'cleaningUp', actions: ['keepCancellation', 'cancelSteps'] },
        'run.cancelStep': { actions: 'cancelStep' },
        'run.signal': { actions: 'takeSignal' },
      },
    },
    running: {
      description: 'Starts each step as soon as its dependencies, leases and a slot allow.',
      entry: ['publishStart', 'openSteps', 'startReady'],
      exit: 'stopRunTimer',
      on: {
        'step.settled': [
          { guard: 'isHarmless', actions: ['recordStep', 'startReady'] },
          {
            guard: 'endsRun',
            target: 'stopping',
            actions: ['recordStep', 'keepStepFailure', 'keepVerdict', 'haltAround'],
          },
          { actions: ['recordStep', 'keepStepFailure', 'startReady'] },
        ],
        'slot.requested': { actions: ['queueStep', 'startReady'] },
        'slot.returned': { actions: 'startReady' },
        'lease.granted': { actions: ['recordLease', 'startReady'] },
        'lease.denied': { actions: ['recordLease', 'startReady'] },
        'lease.lost': { actions: ['recordLease', 'startReady'] },
        'decision.made': { actions: ['recordDecision', 'startReady'] },
        'steps.finished': [
          { guard: 'isFailedAround', target: 'ending', actions: 'keepFailure' },
          { guard: 'isCutShort', target: 'ending', actions: 'keepCancellation' },
          { guard: 'isCompleted', target: 'collecting' },
          { target: 'ending' },
        ],
        'steps.sufficed': 'stopping',
        'steps.fellShort': { target: 'stopping', actions: 'keepFailure' },
        'run.halt': { target: 'stopping', actions: ['keepFailure', 'keepVerdict', 'haltAround'] },
        'run.timedOut': { target: 'stopping', actions: 'keepTimeout' },
        'run.cancel': [
          {
            guard: 'isForced',
            target: 'stopping',
            actions: ['keepCancellation', 'forgoCompensation', 'forceSteps'],
          },
          { target: 'stopping', actions: 'keepCancellation' },
        ],
        'run.cancelStep': { actions: ['cancelStep', 'startReady'] },
        'run.signal': { actions: 'takeSignal' },
      },
    },
    stopping: {
      description: 'Starts nothing more, and waits until every running step has stopped.',
      entry: 'cancelSteps',
      on: {
        'step.settled': { actions: 'recordStep' },
        'lease.lost': { actions: 'recordLease' },
        'decision.made': { actions: 'recordDecision' },
        'steps.finished': [{ guard: 'isCompleted', target: 'collecting' }, { target: 'ending' }],
        'run.cancel': { guard: 'isForced', actions: ['forgoCompensation', 'forceSteps'] },
        'run.signal': { actions: 'takeSignal' },
      },
    },
    collecting: {
      description: "Computes the run's own outputs from those of its steps.",
      entry: 'collectOutputs',
      on: {
        'outputs.collected': [
          { guard: 'hasSurplus', target: 'compensating', actions: ['keepOutput', SURPLUS] },
          { target: 'cleaningUp', actions: 'keepOutput' },
        ],
        'outputs.failed': [
          { guard: 'hasSurplus', target: 'compensating', actions: ['keepFailure', SURPLUS] },
          { target: 'cleaningUp', actions: 'keepFailure' },
        ],
      },
    },
    ending: {
      description: 'Every step is final, and the run did not complete.',
      always: [
        { guard: 'isToCompensate', target: 'compensating', actions: ALL },
        { guard: 'isForgone', target: 'givingUp', actions: [ALL, 'startCompensation'] },
        { guard: 'hasSurplus', target: 'compensating' },
        { target: 'cleaningUp' },
      ],
    },
    compensating: {
      description: 'Undoes effects, each after those of all steps that depend on its own.',
      entry: ['startCompensation', 'undoReady'],
      exit: 'stopRunTimer',
      on: {
        'compensation.settled': { actions: ['recordCompensation', 'undoReady'] },
        'surplus.undone': { actions: 'undoReady' },
        'slot.requested': { actions: ['queueStep', 'undoReady'] },
        'slot.returned': { actions: 'undoReady' },
        'lease.granted': { actions: ['recordLease', 'undoReady'] },
        'lease.denied': { actions: ['recordLease', 'undoReady'] },
        'lease.lost': { actions: ['recordLease', 'undoReady'] },
        'compensation.finished': { target: 'cleaningUp', actions: 'keepCompensation' },
        'compensation.timedOut': 'givingUp',
        'run.cancel': [{ guard: 'isForced', target: 'givingUp' }, { actions: 'ignoreCancellation' }],
      },
    },
    givingUp: {
      description: 'Undoes nothing more, and waits until every compensation under way has stopped.',
      entry: 'stopCompensation',
      on: {
        'compensation.settled': { actions: ['recordCompensation', 'undoReady'] },
        'surplus.undone': { actions: 'undoReady' },
        'compensation.finished': { target: 'cleaningUp', actions: 'keepCompensation' },
      },
    },
    cleaningUp: {
      description: 'Releases the modules and pools that belong to this run alone.',
      entry: ['stopRunTimer', 'publishEnd', 'releaseScope'],
      on: { 'scope.released': { target: 'ended', actions: 'keepIssues' } },
    },
    ended: {
      description: 'Everything is released, and the cause names the final state.',
      always: [
        { guard: 'isCompleted', target: 'completed' },
        { guard: 'isCancelled', target: 'cancelled' },
        { guard: 'isTimedOut', target: 'timedOut' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCompensated', target: 'compensated' },
        { target: 'compensationFailed' },
      ],
    },
    completed: { description: 'Every step ended well.', type: 'final' },
    failed: { description: 'A step, the preparation or an output failed.', type: 'final' },
    cancelled: { description: 'Someone asked the run to end.', type: 'final' },
    timedOut: { description: 'The run exceeded its time.', type: 'final' },
    compensated: { description: 'A step failed, and what succeeded was undone.', type: 'final' },
    compensationFailed: { description: 'A step failed, and not everything was undone.', type: 'final' },
  },
})
