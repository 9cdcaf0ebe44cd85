// One integration: initialises its modules, runs its scenarios, cleans up whatever happened.
// Not here: the runs themselves, which are actors of the workflow chart.
// Invariant: whatever was initialised is cleaned up before a final state is reached.
import { assign, setup } from 'xstate'
import { blockage } from './blockage.ts'
import type { Failure, IntegrationStatus, RunCause, RunCommand, RunStatus } from './protocol.ts'

export type IntegrationEvent =
  | { readonly type: 'scope.ready' }
  | { readonly type: 'scope.failed'; readonly failure: Failure }
  | { readonly type: 'scope.released'; readonly issues: readonly Failure[] }
  | {
      readonly type: 'scenario.settled'
      readonly scenario: number
      readonly status: RunStatus
      readonly failure: Failure | null
    }
  | { readonly type: 'scenarios.finished' }
  | { readonly type: 'run.timedOut' }
  /** Addresses of steps begin with the name of their scenario. */
  | RunCommand

export interface IntegrationMachineInput {
  /** Names the integration among all runs of its host. */
  readonly runId: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly failFast: boolean
  readonly timeoutMs: number | null
}

export interface IntegrationContext extends IntegrationMachineInput {
  /** What the integration ends as: `completed` until something else is known. */
  readonly cause: RunCause
  readonly failure: Failure | null
  readonly cleanupIssues: readonly Failure[]
}

export interface IntegrationMachineOutput {
  readonly status: IntegrationStatus
  readonly failure: Failure | null
  readonly cleanupIssues: readonly Failure[]
}

const noEffect = () => {}

/** The chart's effects, by name: a host provides each of them. */
const effects = {
  prepareScope: noEffect,
  releaseScope: noEffect,
  startRunTimer: noEffect,
  stopRunTimer: noEffect,
  /** Starts scenarios in declared order, as many at once as are allowed. */
  startScenarios: noEffect,
  recordScenario: noEffect,
  cancelScenarios: (_: unknown, _cancel: { readonly cause: 'cancelled' | 'timed_out' }) => {},
  /** The same once more: nobody waits for anything. */
  forceScenarios: noEffect,
  cancelStep: noEffect,
  takeSignal: noEffect,
}

/** Their names. */
export type IntegrationEffect = keyof typeof effects

/** The statechart of an integration. Its effects are named actions that the runtime provides. */
export const integrationMachine = setup({
  types: {} as {
    context: IntegrationContext
    events: IntegrationEvent
    input: IntegrationMachineInput
    output: IntegrationMachineOutput
  },
  actions: {
    ...effects,
    keepFailure: assign(({ event }) =>
      'failure' in event ? { cause: 'failed', failure: event.failure } : {},
    ),
    keepScenario: assign(({ context, event }) =>
      event.type === 'scenario.settled' && event.status !== 'completed' && context.cause === 'completed'
        ? { cause: event.status === 'cancelled' ? 'cancelled' : 'failed', failure: event.failure }
        : {},
    ),
    keepTimeout: assign(({ context, event }) => ({
      cause: 'timed_out',
      failure: {
        code: 'RUN_TIMED_OUT',
        message: `Workflow execution exceeded timeout of ${context.timeoutMs} ms${blockage(event)}`,
      },
    })),
    keepCancellation: assign({
      cause: 'cancelled',
      failure: { code: 'RUN_CANCELLED', message: 'The integration was cancelled' },
    }),
    keepIssues: assign(({ event }) =>
      event.type === 'scope.released' ? { cleanupIssues: event.issues } : {},
    ),
  },
  guards: {
    endsIntegration: ({ context, event }) =>
      event.type === 'scenario.settled' && event.status !== 'completed' && context.failFast,
    isCompleted: ({ context }) => context.cause === 'completed' && context.cleanupIssues.length === 0,
    isCompletedWithIssues: ({ context }) => context.cause === 'completed',
    isFailed: ({ context }) => context.cause === 'failed',
    isCancelled: ({ context }) => context.cause === 'cancelled',
    isForced: ({ event }) => event.type === 'run.cancel' && event.force === true,
  },
}).createMachine({
  id: 'integration',
  description: 'One integration, from initialising its modules to cleaning them up.',
  context: ({ input }) => ({ ...input, cause: 'completed', failure: null, cleanupIssues: [] }),
  initial: 'initialising',
  output: ({ context }) => ({
    status:
      context.cause === 'completed' && context.cleanupIssues.length > 0
        ? 'completed_with_cleanup_issues'
        : context.cause,
    failure: context.failure,
    cleanupIssues: context.cleanupIssues,
  }),
  states: {
    initialising: {
      description: 'Initialises the modules in declared order.',
      entry: ['startRunTimer', 'prepareScope'],
      on: {
        'scope.ready': 'running',
        'scope.failed': { target: 'cleaningUp', actions: 'keepFailure' },
        'run.timedOut': { target: 'cleaningUp', actions: 'keepTimeout' },
        'run.cancel': { target: 'cleaningUp', actions: 'keepCancellation' },
        'run.signal': { actions: 'takeSignal' },
      },
    },
    running: {
      description: 'Runs the scenarios in declared order, as many at once as are allowed.',
      entry: 'startScenarios',
      on: {
        'scenario.settled': [
          {
            guard: 'endsIntegration',
            target: 'stopping',
            actions: [
              'recordScenario',
              'keepScenario',
              { type: 'cancelScenarios', params: { cause: 'cancelled' } },
            ],
          },
          { actions: ['recordScenario', 'keepScenario', 'startScenarios'] },
        ],
        'scenarios.finished': 'cleaningUp',
        'run.timedOut': {
          target: 'stopping',
          actions: ['keepTimeout', { type: 'cancelScenarios', params: { cause: 'timed_out' } }],
        },
        'run.cancel': {
          target: 'stopping',
          actions: ['keepCancellation', { type: 'cancelScenarios', params: { cause: 'cancelled' } }],
        },
        'run.cancelStep': { actions: 'cancelStep' },
        'run.signal': { actions: 'takeSignal' },
      },
    },
    stopping: {
      description: 'Starts nothing more, and waits until every running scenario has stopped.',
      on: {
        'run.signal': { actions: 'takeSignal' },
        'scenario.settled': { actions: 'recordScenario' },
        'scenarios.finished': 'cleaningUp',
        'run.cancel': { guard: 'isForced', actions: 'forceScenarios' },
      },
    },
    cleaningUp: {
      description: 'Cleans up the modules in reverse order of their initialisation.',
      entry: ['stopRunTimer', 'releaseScope'],
      on: { 'scope.released': { target: 'ending', actions: 'keepIssues' } },
    },
    ending: {
      description: 'Everything is released, and the cause names the final state.',
      always: [
        { guard: 'isCompleted', target: 'completed' },
        { guard: 'isCompletedWithIssues', target: 'completedWithCleanupIssues' },
        { guard: 'isFailed', target: 'failed' },
        { guard: 'isCancelled', target: 'cancelled' },
        { target: 'timedOut' },
      ],
    },
    completed: { description: 'Every scenario completed and every module was cleaned up.', type: 'final' },
    completedWithCleanupIssues: {
      description: 'Every scenario completed, but a module could not be cleaned up.',
      type: 'final',
    },
    failed: {
      description: 'A module could not be initialised, or a scenario did not complete.',
      type: 'final',
    },
    cancelled: { description: 'Someone asked the integration to end.', type: 'final' },
    timedOut: { description: 'The integration exceeded its time.', type: 'final' },
  },
})
