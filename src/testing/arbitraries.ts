// Random workflows for property tests (of the engine, and of whatever is built on it): every kind of step, nested two levels
// deep, with retries, limits, verdicts, leases and compensation. Made to be explored: nothing in them is a real operation.
import fc from 'fast-check'
import type { Verdict } from '../../machines/protocol.ts'
import { CONTROL_DEFAULTS } from '../definition/defaults.ts'
import type {
  Computed,
  ControlDefinition,
  Module,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from '../definition/model.ts'
import { planWorkflow } from '../definition/plan.ts'
import { RUN_CONDITIONS } from '../definition/shape.ts'
import { RunLogic } from '../runtime/charts/run-logic.ts'
import { ChangingHost } from './changing-host.ts'

/** Bounds of random workflows. */
export interface WorkflowBounds {
  /** Steps side by side at most. Default 4. */
  readonly stepsMax?: number
  /** Levels of steps inside of steps. Default 1. */
  readonly depthMax?: number
}

const TIMEOUT_MS = 5_000
const UNITS = 2
const POOL = 'pool'
const ANSWERED: Computed = { kind: 'value', value: 'plan b' }

/** A function that stands for one nobody can compute: exploration decides it, each way. */
const UNDECIDED: Computed = {
  kind: 'function',
  evaluate: () => {
    throw new Error('nobody can compute this')
  },
}

const often = <T>(usual: T, ...rare: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) })

const retry = (count: number): RetryDefinition => ({
  count,
  backoff: {
    kind: 'constant',
    initialMs: 1_000,
    factor: 1,
    maxMs: 60_000,
    jitter: 'none',
    maxElapsedMs: null,
  },
  nonRetryable: [],
})

const verdicts = often<readonly Verdict[] | null>(
  null,
  ['fail'],
  ['skip'],
  ['retry', 'skip'],
  ['fail_workflow'],
  ['compensate'],
  ['degradation', 'skip'],
)

const compensation = fc.option(
  fc.record({
    module: fc.constant('m'),
    operation: fc.constant('undo'),
    parameters: fc.constant(null),
    on: often<'success' | 'attempt'>('success', 'attempt'),
    timeoutMs: fc.constantFrom(null, TIMEOUT_MS),
    retry: fc.nat({ max: 1 }).map(retry),
  }),
  { freq: 3 },
)

/** What steps of every kind have. */
const shared = (index: number) =>
  fc.record({
    name: fc.constant(nameOf(index)),
    dependsOn:
      index === 0
        ? fc.constant([])
        : fc.uniqueArray(fc.nat({ max: index - 1 }).map(nameOf), { maxLength: 2 }),
    runIf: often<StepDefinition['runIf']>(...RUN_CONDITIONS),
    when: often<Computed | null>(null, UNDECIDED),
    timeoutMs: fc.constantFrom(null, TIMEOUT_MS),
    retry: fc.nat({ max: 1 }).map(retry),
    fallback: often<Computed | null>(null, ANSWERED),
    onFailure: verdicts,
    priority: often(0, 1),
    onCancel: fc.constantFrom<StepDefinition['onCancel'][]>('abort', 'await'),
  })

const nameOf = (index: number) => `s${index}`

const call = (index: number): fc.Arbitrary<StepDefinition> =>
  fc
    .tuple(
      shared(index),
      fc.record({
        compensate: compensation,
        heartbeatMs: often<number | null>(null, 2_000),
        resources: often<StepDefinition['resources']>(
          [],
          [{ pool: POOL, units: 1 }],
          [{ pool: POOL, units: UNITS }],
        ),
      }),
    )
    .map(([more, own]) => ({
      call: { module: 'm', operation: 'op', parameters: { kind: 'value', value: {} } },
      control: null,
      ...more,
      ...own,
    }))

/** A step with others inside of it, or a wait. Waits have no fallback and are not tried again. */
const controlStep = (index: number, bounds: Required<WorkflowBounds>): fc.Arbitrary<StepDefinition> =>
  fc.tuple(shared(index), control(bounds), compensation).map(([more, own, compensate]) => ({
    ...more,
    ...(own.kind === 'wait' && { fallback: null, retry: retry(0) }),
    call: null,
    control: own,
    compensate: own.kind === 'wait' ? null : compensate,
    heartbeatMs: null,
    resources: [],
  }))

function control(bounds: Required<WorkflowBounds>): fc.Arbitrary<ControlDefinition> {
  const inner = { stepsMax: 2, depthMax: bounds.depthMax - 1 }
  const output = null
  const wait = fc.constantFrom<ControlDefinition[]>(
    { kind: 'wait', until: { kind: 'timer', delayMs: 1_000 }, output },
    {
      kind: 'wait',
      until: {
        kind: 'event',
        event: 'go',
        filter: null,
        timeoutMs: TIMEOUT_MS,
        onTimeout: 'fail',
        shared: false,
      },
      output,
    },
  )
  if (bounds.depthMax === 0) return wait
  const side = fc
    .tuple(definition(inner), fc.constantFrom<('all' | number)[]>('all', 1))
    .map(([block, waitFor]): ControlDefinition => ({
      kind: 'parallel',
      block: { ...block, parallel: true },
      waitFor,
      output,
    }))
  const branch = fc
    .tuple(definition(inner), fc.option(definition(inner)))
    .map(([block, otherwise]): ControlDefinition => ({
      kind: 'conditional',
      cases: [{ when: UNDECIDED, block }],
      otherwise,
      output,
    }))
  const loop = fc
    .tuple(definition(inner), fc.boolean(), fc.constantFrom(0, 1))
    .map(([block, isCounted, count]): ControlDefinition => ({
      kind: 'iterative',
      over: isCounted
        ? { kind: 'each', items: { kind: 'value', value: [1, 2] } }
        : { kind: 'while', condition: UNDECIDED },
      block,
      iterationsMax: CONTROL_DEFAULTS.iterationsMax,
      maxConcurrency: isCounted ? 2 : 1,
      tolerate: { count },
      output,
    }))
  const called = fc
    .tuple(definition(inner), fc.constantFrom<WorkflowDefinition['onFailure'][]>('fail', 'compensate'))
    .map(([block, onFailure]): ControlDefinition => ({
      kind: 'scenario',
      workflow: { ...block, onFailure },
      inputs: { kind: 'value', value: {} },
      output,
    }))
  return fc.oneof(wait, side, branch, loop, called)
}

function definition({ stepsMax = 4, depthMax = 1 }: WorkflowBounds = {}): fc.Arbitrary<WorkflowDefinition> {
  const steps = fc
    .integer({ min: 1, max: stepsMax })
    .chain((size) =>
      fc.tuple(
        ...Array.from({ length: size }, (_, index) =>
          fc.oneof(
            { weight: 4, arbitrary: call(index) },
            { weight: 1, arbitrary: controlStep(index, { stepsMax, depthMax }) },
          ),
        ),
      ),
    )
  return fc
    .record({
      steps,
      parallel: fc.boolean(),
      maxConcurrency: fc.constantFrom(1, 3),
      onFailure: fc.constantFrom<WorkflowDefinition['onFailure'][]>('fail', 'compensate'),
      failFast: often(false, true),
      timeoutMs: often<number | null>(null, 12_000),
      strategies: often<readonly Verdict[]>([], ['retry', 'fallback', 'degradation'], ['retry', 'skip']),
    })
    .map(({ strategies, ...own }) => ({
      name: 'generated',
      description: '',
      compensationTimeoutMs: 30_000,
      recovery: { strategies, grantedRetriesMax: 1, answerMs: 5_000 },
      inputs: null,
      outputs: {},
      accept: { UNDONE_EFFECT: 'nothing in a random workflow does anything' },
      ...own,
    }))
}

const nothing = () => null

/** What the steps of random workflows call: it does nothing. */
const MODULE: Module = { name: 'm', operations: { op: nothing, undo: nothing }, config: null }

/** Random things to explore. */
export const arbitraries = {
  /** Definitions of workflows. */
  definition,
  /** Workflows, with a module that answers `null`, a pool of two units, and a bus where `eventsEnabled`. */
  workflow: (bounds: WorkflowBounds = {}): fc.Arbitrary<RunLogic> =>
    fc
      .tuple(definition(bounds), often(false, true))
      .map(([each, eventsEnabled]) => logicOf(each, eventsEnabled)),
} as const

/** A workflow of a definition, as random ones are run. */
export function logicOf(each: WorkflowDefinition, eventsEnabled: boolean): RunLogic {
  const subscriptions = eventsEnabled ? [{ id: 'watcher', pattern: 'step_*', handler: nothing }] : []
  return new RunLogic({
    plan: planWorkflow(each),
    host: new ChangingHost(),
    env: {},
    parts: {
      modules: [MODULE],
      pools: [{ name: POOL, units: UNITS }],
      leaseTimeoutMs: 20_000,
      eventsEnabled,
      history: { sizeMax: 100, ageMsMax: 86_400_000 },
      subscriptions,
    },
  })
}
