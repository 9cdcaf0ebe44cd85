// Steps written in TypeScript, as definitions: of lists that are written as literals, and of those that grow; nested ones,
// too. What a control step does beside that is in builder-control.ts.
import { SagachartError } from '../errors.ts'
import { defineControl, type AnyControlConfig, type Nest } from './builder-control.ts'
import {
  checkName,
  computed,
  computedOrNull,
  count,
  defineRetry,
  invalid,
  operationOf,
  timeOrNull,
} from './builder-values.ts'
import { SCENARIO_DEFAULTS } from './defaults.ts'
import type {
  CompensationDefinition,
  Computed,
  FallbackCall,
  OperationCall,
  StepDefinition,
  WorkflowDefinition,
} from './model.ts'
import { checkCompensateShape, checkFallbackShape, checkStepShape, isCallable } from './shape.ts'
import type { AttemptOptions, CallStep, StepOptions } from './step-config.ts'
import { GrowingList, type StepEntries } from './step-list.ts'

/** Lists of steps inside each other. */
export const STEP_NESTING_MAX = 32

/** A list of steps, whatever its types: a literal, or what makes one that grows. */
export type AnySteps = Readonly<Record<string, AnyStepConfig>> | ((list: GrowingList) => unknown)

type AnyCall = { readonly invoke: string; readonly parameters?: unknown }

type AnyCompensate = string | (AnyCall & AttemptOptions & { readonly on?: 'success' | 'attempt' })

/** A step whatever its types: what is left once the compiler has had its say. */
type AnyStepConfig = Omit<StepOptions<object, string, never, never>, 'fallback'> &
  AttemptOptions &
  Omit<CallStep<object, string, never, never>, 'invoke' | 'parameters'> &
  AnyControlConfig & {
    readonly invoke?: string
    readonly parameters?: unknown
    readonly fallback?: (AnyCall & { readonly compensate?: AnyCompensate }) | { readonly value: unknown }
    readonly compensate?: AnyCompensate
  }

/** Where a list of steps is: in which workflow, and in which of its steps. */
export interface ListPlace {
  /** The workflow, as messages name it. */
  readonly workflow: string
  /** The address of the step that holds the list; empty for the workflow's own list. */
  readonly address: string
  readonly depth: number
  readonly parallel: boolean
  readonly maxConcurrency: number
  /** What holds for every list that is nested in the workflow. */
  readonly shared: Pick<WorkflowDefinition, 'failFast' | 'recovery' | 'compensationTimeoutMs'>
  /** The workflow behind actor logic that a step calls; `null` where it is none of the same `setup`. */
  readonly workflowOf: (logic: unknown) => WorkflowDefinition | null
}

/**
 * The steps of a list, as definitions.
 * @throws WORKFLOW_INVALID on a bad name, key, number or time.
 */
export function defineSteps(steps: AnySteps, place: ListPlace): readonly StepDefinition[] {
  if (place.depth > STEP_NESTING_MAX)
    throw new SagachartError(
      'WORKFLOW_INVALID',
      `${titleOf(place)}: its steps are nested more than ${STEP_NESTING_MAX} deep; make a workflow of them and call it with "scenario"`,
    )
  return entriesOf(steps, place).map(([name, step]) => defineStep(name, step as AnyStepConfig, place))
}

function entriesOf(steps: AnySteps, place: ListPlace): StepEntries {
  if (!isCallable(steps)) return Object.entries(steps)
  const list: unknown = steps(new GrowingList())
  if (list instanceof GrowingList) return GrowingList.entriesOf(list)
  throw invalid(`${titleOf(place)}: steps`, 'the list that the function was given, with steps added', list)
}

const titleOf = ({ workflow, address }: ListPlace) =>
  address === '' ? workflow : `${workflow}, step "${address}"`

function defineStep(name: string, step: AnyStepConfig, list: ListPlace): StepDefinition {
  const address = list.address === '' ? name : `${list.address}/${name}`
  const place = `${list.workflow}, step "${address}"`
  checkStepShape(step, place)
  checkName(name, place)
  const { onFailure = null, compensate } = step
  const isWait = step.waitForEvent !== undefined
  const nest: Nest = (steps, own) => defineBlock(steps as AnySteps, { ...list, address }, own)
  return {
    name,
    call: step.invoke === undefined ? null : call(step.invoke, step.parameters, place),
    control: step.invoke === undefined ? defineControl(step, place, nest, list.workflowOf) : null,
    dependsOn: step.dependsOn ?? [],
    runIf: step.runIf ?? 'all_succeeded',
    when: computedOrNull(step.when, `${place}: when`),
    // A wait's own limit is part of what it waits for.
    timeoutMs: isWait ? null : timeOrNull(step.timeout, `${place}: timeout`),
    retry: defineRetry(step.retry ?? {}, place),
    fallback: defineFallback(step.fallback, `${place}: fallback`),
    onFailure: typeof onFailure === 'string' ? [onFailure] : onFailure,
    compensate: defineCompensation(compensate, `${place}: compensate`),
    onCancel: step.onCancel ?? (compensate === undefined ? 'abort' : 'await'),
    heartbeatMs: timeOrNull(step.heartbeat, `${place}: heartbeat`),
    resources: (step.resources ?? []).map((need) =>
      typeof need === 'string'
        ? { pool: need, units: 1 }
        : { pool: need.name, units: count(need.units, 1, `${place}: units of ${need.name}`) },
    ),
    priority: step.priority ?? 0,
    ...(step.version !== undefined && { version: step.version }),
    ...(step.accept && { accept: step.accept }),
  }
}

/** A list of steps inside of one: a workflow without limits of its own, named after the step that holds it. */
function defineBlock(
  steps: AnySteps,
  outer: ListPlace,
  own: Partial<Pick<WorkflowDefinition, 'parallel' | 'maxConcurrency' | 'failFast'>>,
): WorkflowDefinition {
  const { parallel = outer.parallel, maxConcurrency = outer.maxConcurrency } = own
  return {
    name: outer.address,
    description: '',
    timeoutMs: null,
    ...outer.shared,
    ...own,
    parallel,
    maxConcurrency,
    onFailure: SCENARIO_DEFAULTS.onFailure,
    inputs: null,
    steps: defineSteps(steps, { ...outer, parallel, maxConcurrency, depth: outer.depth + 1 }),
    outputs: {},
  }
}

function defineFallback(fallback: AnyStepConfig['fallback'], place: string): FallbackCall | Computed | null {
  if (fallback === undefined) return null
  checkFallbackShape(fallback, place)
  if (!('invoke' in fallback)) return computed(fallback.value, `${place}: value`)
  const { invoke, parameters, compensate } = fallback
  return {
    ...call(invoke, parameters, place),
    compensate: defineCompensation(compensate, `${place}, compensate`),
  }
}

function defineCompensation(given: AnyCompensate | undefined, place: string): CompensationDefinition | null {
  if (given === undefined) return null
  const compensate = typeof given === 'string' ? { invoke: given } : given
  checkCompensateShape(compensate, place)
  const { invoke, parameters, on = 'success', timeout, retry = {} } = compensate
  return {
    ...operationOf(invoke, place),
    parameters: computedOrNull(parameters, `${place}: parameters`),
    on,
    timeoutMs: timeOrNull(timeout, `${place}: timeout`),
    retry: defineRetry(retry, place),
  }
}

/** Of a step that gives none. */
const NONE = Object.freeze({})

const call = (invoke: string, parameters: unknown, place: string): OperationCall => ({
  ...operationOf(invoke, place),
  parameters: computed(parameters ?? NONE, `${place}: parameters`),
})
