// What paths through the charts are made of: inputs and events that together reach every transition of each chart, and each
// result of each guard.
import type { AnyStateMachine, EventObject } from 'xstate'
import type { BusInput, BusMachineEvent } from '../../machines/bus.ts'
import type { CompensationInput } from '../../machines/compensation.ts'
import type { IntegrationEvent, IntegrationMachineInput } from '../../machines/integration.ts'
import type { LoopContext, LoopInput } from '../../machines/loop.ts'
import type { ModuleEvent, ModuleInput } from '../../machines/module.ts'
import type { NestedCompensationInput } from '../../machines/nested-compensation.ts'
import type {
  BranchEvent,
  BusEvent,
  CompensationEvent,
  Failure,
  LoopEvent,
  NestedCompensationEvent,
  PoolEvent,
  StepEvent,
  StepOutput,
  StepPolicy,
  Verdict,
  WaitEvent,
  WorkflowEvent,
} from '../../machines/protocol.ts'
import type { PoolInput } from '../../machines/resource.ts'
import type { StepInput } from '../../machines/step.ts'
import type { WorkflowContext, WorkflowMachineInput } from '../../machines/workflow.ts'
import * as machines from '../../machines/index.ts'

/** What the paths are made of. */
export interface Walk<TInput = unknown, TEvent extends EventObject = EventObject> {
  /** The walk is made once with each. */
  readonly inputs: readonly TInput[]
  readonly events: readonly TEvent[]
  /** States are not walked on from where this holds: it bounds counters. */
  readonly stopWhen?: (snapshot: { readonly context: never }) => boolean
}

const failure: Failure = { code: 'OPERATION_FAILED', message: 'no luck' }
const patience = {
  retries: 1,
  backoff: { kind: 'constant', initialMs: 1, factor: 1, maxMs: 1, jitter: 'none', maxElapsedMs: null },
  timeoutMs: 100,
  graceMs: 10,
} as const

const policies: Partial<StepPolicy>[] = [
  {},
  { hasFallback: true },
  { verdicts: ['skip'] },
  { verdicts: ['retry', 'fail'] },
  { verdicts: null, awaitMs: 5 },
]

/** The walk through a step. */
export const stepWalk: Walk<StepInput, StepEvent> = {
  inputs: policies.flatMap((more): StepInput[] => {
    const policy: StepPolicy = {
      ...patience,
      heartbeatMs: null,
      awaitMs: null,
      nonRetryable: ['ValidationError'],
      hasFallback: false,
      verdicts: ['fail'],
      strategies: [],
      grantedRetriesMax: 1,
      answerMs: 5_000,
      ...more,
    }
    return [
      { index: 0, path: 's', policy },
      { index: 0, path: 's', policy, entry: 'admitted' },
      { index: 0, path: 's', policy, entry: 'denied', failure },
      { index: 0, path: 's', policy, entry: 'admitted', advisers: 'handlers' },
    ]
  }),
  events: [
    { type: 'slot.granted' },
    { type: 'lease.denied', failure },
    { type: 'lease.lost', failure },
    ...[1, 2].flatMap((attempt): StepEvent[] => [
      { type: 'attempt.succeeded', attempt, output: 1 },
      { type: 'attempt.failed', attempt, failure },
      { type: 'attempt.failed', attempt, failure, cancelled: true },
      { type: 'attempt.failed', attempt, failure, verdict: 'compensate' },
      { type: 'attempt.timedOut', attempt },
      { type: 'grace.ended', attempt },
      { type: 'backoff.started', attempt },
      { type: 'backoff.ended', attempt },
      { type: 'heartbeat.missed', attempt },
    ]),
    { type: 'retries.expired' },
    { type: 'verdict.offered', verdict: 'skip' },
    { type: 'verdict.closed' },
    { type: 'verdict.timedOut' },
    { type: 'step.cancel' },
    { type: 'step.cancel', force: true },
  ],
}

const owed = [{ target: 'operation', policy: { ...patience, nonRetryable: [] } }] as const
const undone: CompensationInput = { index: 0, path: 'c', owed, inside: 'nothing' }

/** The walk through a compensation. */
export const compensationWalk: Walk<CompensationInput, CompensationEvent> = {
  inputs: [
    undone,
    { ...undone, inside: 'steps' },
    { ...undone, inside: 'steps', owed: [] },
    { ...undone, inside: 'steps', owed: [{ ...owed[0], target: 'fallback' }, ...owed] },
    { ...undone, failure },
  ],
  events: [
    { type: 'slot.granted' },
    { type: 'lease.denied', failure },
    { type: 'lease.lost', failure },
    ...[1, 2].flatMap((attempt): CompensationEvent[] => [
      { type: 'attempt.succeeded', attempt, output: null },
      { type: 'attempt.failed', attempt, failure },
      { type: 'backoff.ended', attempt },
      { type: 'attempt.timedOut', attempt },
      { type: 'grace.ended', attempt },
    ]),
    { type: 'inside.undone', failure: null },
    { type: 'inside.undone', failure },
    { type: 'retries.expired' },
    { type: 'compensation.stop' },
  ],
}

/** The walk through a loop. */
export const loopWalk: Walk<LoopInput, LoopEvent> = {
  inputs: (['each', 'while', 'until'] as const).map((over) => ({
    path: 'l',
    over,
    iterationsMax: 2,
    tolerate: { count: 0 },
  })),
  events: [
    { type: 'items.counted', count: 0 },
    { type: 'items.counted', count: 2 },
    { type: 'items.counted', count: 3 },
    { type: 'condition.decided', holds: true },
    { type: 'condition.decided', holds: false },
    { type: 'decision.failed', failure },
    { type: 'iteration.settled', failure: null, verdict: null },
    { type: 'iteration.settled', failure, verdict: null },
    { type: 'iteration.settled', failure, verdict: 'compensate' },
    { type: 'iterations.finished' },
    { type: 'loop.cancel' },
    { type: 'loop.cancel', force: true },
  ],
  stopWhen: ({ context }: { readonly context: LoopContext }) => context.ended > 3,
}

const event: BusEvent = { id: 'e', type: 'go', at: 0, source: 's', correlation_id: 'r', data: null }

/** The walk through a wait. */
export const waitWalk: Walk<undefined, WaitEvent> = {
  inputs: [undefined],
  events: [
    { type: 'wait.begin' },
    { type: 'event.offered', event },
    { type: 'filter.decided', holds: true },
    { type: 'filter.failed', event, reason: 'no luck' },
    { type: 'event.taken', event },
    { type: 'wait.failed', failure },
    { type: 'wait.stop' },
    { type: 'attempt.over' },
  ],
}

/** The walk through steps that run once. */
export const branchWalk: Walk<undefined, BranchEvent> = {
  inputs: [undefined],
  events: [
    { type: 'branch.begin' },
    { type: 'branch.entered' },
    { type: 'branch.absent' },
    { type: 'branch.failed', failure },
    { type: 'inside.ended', cause: 'completed', failure: null, verdict: null },
    { type: 'inside.ended', cause: 'cancelled', failure, verdict: null },
    { type: 'inside.ended', cause: 'failed', failure, verdict: 'compensate' },
    { type: 'branch.stop', force: true },
  ],
}

/** The walk through nested compensation. */
export const nestedCompensationWalk: Walk<NestedCompensationInput, NestedCompensationEvent> = {
  inputs: [
    { attempts: [], width: 1 },
    { attempts: [1, 1, 2], width: 2 },
  ],
  events: [
    { type: 'compensation.begin' },
    { type: 'run.undone', isComplete: true },
    { type: 'run.undone', isComplete: false },
    { type: 'compensation.stop' },
  ],
}

/** The walk through a module. */
export const moduleWalk: Walk<ModuleInput, ModuleEvent> = {
  inputs: [{ name: 'db' }],
  events: [
    { type: 'module.initialise' },
    { type: 'module.initialised' },
    { type: 'module.cleanUp' },
    { type: 'module.failed', failure },
    { type: 'module.cleaned' },
    { type: 'module.timedOut' },
  ],
}

const request = (lease: string, units: number, at: number): PoolEvent => ({
  type: 'lease.request',
  lease,
  units,
  priority: 0,
  at,
  replyTo: 'run/1',
})

/** The walk through a pool. */
export const poolWalk: Walk<PoolInput, PoolEvent> = {
  inputs: [{ name: 'db', capacity: 2, leaseTimeoutMs: 100 }],
  events: [
    request('a', 2, 0),
    request('b', 1, 1),
    request('c', 3, 0),
    request('d', 1, 2),
    { type: 'lease.release', lease: 'a' },
    { type: 'lease.release', lease: 'b' },
    { type: 'lease.timedOut', lease: 'b' },
    { type: 'lease.lost', lease: 'a' },
    { type: 'pool.close' },
  ],
}

/** The walk through the bus. */
export const busWalk: Walk<BusInput, BusMachineEvent> = {
  inputs: [{ historySizeMax: 10, historyAgeMsMax: 1000 }],
  events: [
    {
      type: 'events.published',
      events: [{ id: 'a', type: 'a', at: 0, source: 's', correlation_id: 'r', data: null }],
    },
    { type: 'subscription.added', id: 'x', pattern: '*', priority: 0, once: false },
    { type: 'subscription.removed', id: 'x' },
    { type: 'handler.succeeded', subscription: 'x' },
    { type: 'handler.failed', subscription: 'x', failure },
    { type: 'bus.close' },
    { type: 'bus.timedOut' },
  ],
  stopWhen: ({ context }: { readonly context: { counters: { published: number; failed: number } } }) =>
    context.counters.published + context.counters.failed > 2,
}

const integration = { runId: '1', inputs: {}, failFast: false, timeoutMs: 5 }

/** The walk through an integration. */
export const integrationWalk: Walk<IntegrationMachineInput, IntegrationEvent> = {
  inputs: [integration, { ...integration, failFast: true }],
  events: [
    { type: 'scope.ready' },
    { type: 'scope.failed', failure },
    { type: 'scope.released', issues: [] },
    { type: 'scope.released', issues: [failure] },
    { type: 'scenario.settled', scenario: 0, status: 'completed', failure: null },
    { type: 'scenario.settled', scenario: 0, status: 'failed', failure },
    { type: 'scenarios.finished' },
    { type: 'run.timedOut' },
    { type: 'run.cancel' },
    { type: 'run.cancel', force: true },
    { type: 'run.cancelStep', step: 's/a' },
    { type: 'run.signal', event: 'go' },
  ],
}

const settled = (status: StepOutput['status'], verdict: Verdict | null = null): WorkflowEvent => ({
  type: 'step.settled',
  address: 'a',
  step: {
    index: 0,
    status,
    output: null,
    failure: status === 'failed' ? failure : null,
    attempts: 1,
    target: 'operation',
    verdict,
    degraded: false,
  },
})
const workflow: WorkflowMachineInput = {
  runId: '1',
  inputs: {},
  failFast: false,
  timeoutMs: 5,
  onFailure: 'fail',
  compensationTimeoutMs: 5,
  level: 'run',
  waitFor: 'all',
}

/** The walk through a run. */
export const workflowWalk: Walk<WorkflowMachineInput, WorkflowEvent> = {
  inputs: [
    workflow,
    { ...workflow, onFailure: 'compensate' },
    { ...workflow, entry: 'undo' },
    { ...workflow, level: 'block', waitFor: 1 },
    { ...workflow, level: 'call' },
  ],
  events: [
    { type: 'scope.ready' },
    { type: 'scope.failed', failure },
    { type: 'scope.released', issues: [] },
    settled('success'),
    settled('failed'),
    settled('failed', 'fail_workflow'),
    settled('failed', 'compensate'),
    { type: 'steps.finished' },
    { type: 'steps.finished', cancelled: 1 },
    { type: 'steps.finished', failure },
    { type: 'steps.finished', surplus: true },
    { type: 'steps.sufficed' },
    { type: 'steps.fellShort', failure },
    {
      type: 'compensation.settled',
      compensation: { index: 0, undone: true, failure: null, attempts: 1, left: [] },
    },
    { type: 'compensation.finished', left: 0 },
    { type: 'compensation.finished', left: 1 },
    { type: 'compensation.timedOut' },
    { type: 'run.halt', failure, verdict: 'compensate' },
    { type: 'slot.requested', index: 0 },
    { type: 'slot.returned' },
    { type: 'lease.granted', lease: 'l', pool: 'p' },
    { type: 'lease.denied', lease: 'l', pool: 'p', failure },
    { type: 'lease.lost', lease: 'l', pool: 'p', failure },
    { type: 'decision.made', step: 'a', value: true },
    { type: 'outputs.collected', output: 1, surplus: false },
    { type: 'outputs.collected', output: 1, surplus: true },
    { type: 'outputs.failed', failure, surplus: false },
    { type: 'outputs.failed', failure, surplus: true },
    { type: 'surplus.undone' },
    { type: 'run.timedOut' },
    { type: 'run.cancel' },
    { type: 'run.cancel', force: true },
    { type: 'run.cancelStep', step: 'a' },
    { type: 'run.signal', event: 'go' },
  ],
  stopWhen: ({ context }: { readonly context: WorkflowContext }) => context.cancellationsIgnored > 1,
}

/** Every chart with its walk. */
export const WALKS: readonly (readonly [AnyStateMachine, Walk])[] = [
  [machines.integrationMachine, integrationWalk],
  [machines.workflowMachine, workflowWalk],
  [machines.stepMachine, stepWalk],
  [machines.compensationMachine, compensationWalk],
  [machines.loopMachine, loopWalk],
  [machines.waitMachine, waitWalk],
  [machines.branchMachine, branchWalk],
  [machines.nestedCompensationMachine, nestedCompensationWalk],
  [machines.moduleMachine, moduleWalk],
  [machines.poolMachine, poolWalk],
  [machines.busMachine, busWalk],
]
