// Definitions with nested steps, written out by hand: the least that says what a test is about.
import { RECOVERY_DEFAULTS } from '../../src/definition/defaults.ts'
import type {
  CompensationDefinition,
  Computed,
  ControlDefinition,
  IntegrationDefinition,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from '../../src/definition/model.ts'

const RETRY: RetryDefinition = {
  count: 0,
  backoff: {
    kind: 'constant',
    initialMs: 1000,
    factor: 1,
    maxMs: 1000,
    jitter: 'none',
    maxElapsedMs: null,
  },
  nonRetryable: [],
}

/** What is known from the start. */
export const given = (value: unknown): Computed => ({ kind: 'value', value })

/** An expression, with what it gives. */
export const computed = (
  source: string,
  evaluate: Extract<Computed, { kind: 'expression' }>['evaluate'],
): Computed => ({ kind: 'expression', source, evaluate })

const PLAIN: Omit<StepDefinition, 'name'> = {
  call: null,
  control: null,
  dependsOn: [],
  runIf: 'all_succeeded',
  when: null,
  timeoutMs: null,
  retry: RETRY,
  fallback: null,
  onFailure: null,
  compensate: null,
  onCancel: 'abort',
  heartbeatMs: null,
  resources: [],
  priority: 0,
}

/** A step that calls the operation of its own name of the module `m`. */
export const call = (name: string, more: Partial<StepDefinition> = {}): StepDefinition => ({
  ...PLAIN,
  name,
  call: { module: 'm', operation: name, parameters: given({}) },
  ...more,
})

/** A control step. */
export const control = (
  name: string,
  how: ControlDefinition,
  more: Partial<StepDefinition> = {},
): StepDefinition => ({ ...PLAIN, name, control: how, ...more })

/** What undoes a step: `m.un<name>`; the step finishes when it is cancelled. */
export const undoneBy = (
  operation: string,
  more: Partial<CompensationDefinition> = {},
): Pick<StepDefinition, 'compensate' | 'onCancel'> => ({
  compensate: {
    ...{ module: 'm', operation, parameters: null, on: 'success', timeoutMs: null, retry: RETRY },
    ...more,
  },
  onCancel: 'await',
})

/** Retries at once, one second apart. */
export const retries = (count: number): Pick<StepDefinition, 'retry'> => ({ retry: { ...RETRY, count } })

/** A scenario, or a list of steps inside of a step. Its steps run side by side. */
export const workflow = (
  name: string,
  steps: readonly StepDefinition[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition => ({
  ...{ name, description: '', timeoutMs: null, parallel: true, maxConcurrency: 64, failFast: false },
  ...{ onFailure: 'fail', compensationTimeoutMs: 300_000, recovery: RECOVERY_DEFAULTS },
  ...{ inputs: null, outputs: {} },
  steps,
  ...more,
})

/** A loop over items. */
export const each = (
  items: Computed,
  block: WorkflowDefinition,
  more: Partial<Extract<ControlDefinition, { kind: 'iterative' }>> = {},
): ControlDefinition => ({
  ...{ kind: 'iterative', over: { kind: 'each', items }, block, iterationsMax: 100_000, maxConcurrency: 1 },
  ...{ tolerate: { count: 0 }, output: null },
  ...more,
})

/** Steps side by side. */
export const sideBySide = (
  block: WorkflowDefinition,
  waitFor: 'all' | number = 'all',
): ControlDefinition => ({ kind: 'parallel', block, waitFor, output: null })

/** A wait for an event. */
export const event = (
  name: string,
  more: Partial<Extract<Extract<ControlDefinition, { kind: 'wait' }>['until'], { kind: 'event' }>> = {},
): ControlDefinition => ({
  kind: 'wait',
  until: {
    kind: 'event',
    event: name,
    filter: null,
    timeoutMs: null,
    onTimeout: 'fail',
    shared: false,
    ...more,
  },
  output: null,
})

/** Another scenario as a step. */
export const scenario = (called: WorkflowDefinition): ControlDefinition => ({
  ...{ kind: 'scenario', workflow: called, inputs: given({}), output: null },
})

/** An integration of these scenarios. */
export const integration = (
  workflows: readonly WorkflowDefinition[],
  more: Partial<IntegrationDefinition> = {},
): IntegrationDefinition => ({
  ...{ name: 'flow', failFast: false, eventsEnabled: true, timeoutMs: 300_000, maxConcurrentWorkflows: 1 },
  ...{ leaseTimeoutMs: 300_000, history: { sizeMax: 1000, ageMsMax: 86_400_000 }, pools: [], inputs: {} },
  ...{ env: {}, handlers: [] },
  workflows,
  ...more,
})
