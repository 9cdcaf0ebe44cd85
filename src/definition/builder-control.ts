// Control steps written in TypeScript, as definitions: steps side by side, branches, iterations, waits, other workflows.
// Not what all steps have in common: that is in builder-step.ts. Numbers that can have no effect are refused here.
import { SagachartError } from '../errors.ts'
import { ignore, isPromise } from '../foreign.ts'
import { computed, computedOrNull, count, invalid, time, timeOrNull } from './builder-values.ts'
import { CONTROL_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { shownData } from './diagnostic.ts'
import { readInputs } from './inputs.ts'
import type { Computed, ControlDefinition, DataScope, WorkflowDefinition } from './model.ts'
import { checkCaseShape, isCallable, isObject } from './shape.ts'
import type { Duration } from './step-config.ts'

/** What a control step may say, whatever its types. Lists of steps are read by whoever nests them. */
export interface AnyControlConfig {
  readonly parallel?: unknown
  readonly waitFor?: 'all' | 'any' | number
  readonly maxConcurrency?: number
  readonly condition?: unknown
  readonly then?: unknown
  readonly else?: unknown
  readonly cases?: readonly { readonly when: unknown; readonly steps: unknown }[]
  readonly default?: unknown
  readonly forEach?: unknown
  readonly while?: unknown
  readonly until?: unknown
  readonly steps?: unknown
  readonly maxIterations?: number
  readonly tolerate?: number | string
  readonly wait?: Duration
  readonly waitForEvent?: string
  readonly filter?: unknown
  readonly onTimeout?: 'fail' | 'skip' | 'continue'
  readonly shared?: boolean
  readonly timeout?: Duration
  readonly scenario?: unknown
  readonly inputs?: unknown
  readonly output?: unknown
}

/** Makes a definition of a list of steps inside of the step. */
export type Nest = (
  steps: unknown,
  own: Partial<Pick<WorkflowDefinition, 'parallel' | 'maxConcurrency' | 'failFast'>>,
) => WorkflowDefinition

/** @throws WORKFLOW_INVALID on a number or a time that is none. */
export function defineControl(
  step: AnyControlConfig,
  place: string,
  nest: Nest,
  workflowOf: (logic: unknown) => WorkflowDefinition | null,
): ControlDefinition {
  if (step.parallel !== undefined) return defineParallel(step, place, nest)
  if (step.condition !== undefined || step.cases !== undefined) return defineConditional(step, place, nest)
  if (step.wait !== undefined || step.waitForEvent !== undefined) return defineWait(step, place)
  if (step.scenario !== undefined) return defineScenario(step, place, workflowOf(step.scenario))
  return defineIterative(step, place, nest)
}

function defineParallel(step: AnyControlConfig, place: string, nest: Nest): ControlDefinition {
  const { waitFor: given = 'all', maxConcurrency = SCENARIO_DEFAULTS.maxConcurrency } = step
  const waitFor = given === 'any' ? 1 : given === 'all' ? given : count(given, 1, `${place}: waitFor`)
  const block = nest(step.parallel, {
    parallel: true,
    maxConcurrency: count(maxConcurrency, 1, `${place}: maxConcurrency`),
    // Where not all need succeed, one failure ends nothing.
    ...(waitFor !== 'all' && { failFast: false }),
  })
  if (waitFor !== 'all' && waitFor > block.steps.length)
    throw invalid(`${place}: waitFor`, `at most the number of its steps, ${block.steps.length}`, given)
  return { kind: 'parallel', block, waitFor, output: outputOf(step, place) }
}

function defineConditional(step: AnyControlConfig, place: string, nest: Nest): ControlDefinition {
  const cases = step.cases ?? [{ when: step.condition, steps: step.then }]
  const otherwise = step.cases ? step.default : step.else
  if (cases.length === 0) throw invalid(`${place}: cases`, 'at least one case', cases)
  return {
    kind: 'conditional',
    cases: cases.map((each, index) => {
      const own = `${place}: cases[${index}]`
      checkCaseShape(each, own)
      return { when: computed(each.when, `${own}.when`), block: nest(each.steps, {}) }
    }),
    otherwise: otherwise === undefined ? null : nest(otherwise, {}),
    output: outputOf(step, place),
  }
}

function defineIterative(step: AnyControlConfig, place: string, nest: Nest): ControlDefinition {
  const { forEach, while: again, until } = step
  const { maxConcurrency = CONTROL_DEFAULTS.iterationsConcurrency } = step
  return {
    kind: 'iterative',
    over:
      forEach !== undefined
        ? { kind: 'each', items: computed(forEach, `${place}: forEach`) }
        : again !== undefined
          ? { kind: 'while', condition: computed(again, `${place}: while`) }
          : { kind: 'until', condition: computed(until, `${place}: until`) },
    block: nest(step.steps, {}),
    iterationsMax: count(step.maxIterations ?? CONTROL_DEFAULTS.iterationsMax, 1, `${place}: maxIterations`),
    maxConcurrency: count(maxConcurrency, 1, `${place}: maxConcurrency`),
    tolerate: toleranceOf(step.tolerate ?? 0, `${place}: tolerate`),
    output: outputOf(step, place),
  }
}

const outputOf = ({ output }: AnyControlConfig, place: string) => computedOrNull(output, `${place}: output`)

function toleranceOf(given: number | string, place: string): { count: number } | { share: number } {
  if (typeof given === 'number') return { count: count(given, 0, place) }
  const [, percent] = /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(given) ?? []
  if (percent === undefined || Number(percent) > 100)
    throw invalid(place, 'a whole number from 0, or a share from "0%" to "100%"', given)
  return { share: Number(percent) / 100 }
}

function defineWait(step: AnyControlConfig, place: string): ControlDefinition {
  const { wait, waitForEvent, filter, timeout } = step
  const { onTimeout = CONTROL_DEFAULTS.onTimeout, shared = CONTROL_DEFAULTS.shared } = step
  const output = outputOf(step, place)
  if (waitForEvent === undefined)
    return { kind: 'wait', until: { kind: 'timer', delayMs: time(wait!, `${place}: wait`) }, output }
  if (waitForEvent === '') throw invalid(`${place}: waitForEvent`, 'the name of an event', waitForEvent)
  if (step.onTimeout !== undefined && timeout === undefined)
    throw new SagachartError(
      'WORKFLOW_INVALID',
      `${place}: onTimeout has no effect without timeout; give a timeout, or leave it out`,
    )
  const timeoutMs = timeOrNull(timeout, `${place}: timeout`)
  const until = {
    kind: 'event',
    event: waitForEvent,
    filter: computedOrNull(filter, `${place}: filter`),
    timeoutMs,
    onTimeout,
    shared,
  } as const
  return { kind: 'wait', until, output }
}

function defineScenario(
  step: AnyControlConfig,
  place: string,
  workflow: WorkflowDefinition | null,
): ControlDefinition {
  if (workflow === null)
    throw invalid(`${place}: scenario`, 'what createWorkflow of the same setup gave', step.scenario)
  const { inputs: given = {} } = step
  if (!isCallable(given)) {
    const fault = readInputs(workflow.inputs ?? {}, given as object as Record<string, unknown>, false)
      .faults[0]
    if (fault)
      throw new SagachartError('WORKFLOW_INVALID', `${place}: inputs: ${fault.message}; ${fault.remedy}`)
  }
  const inputs: Computed = {
    kind: 'function',
    ...(!isCallable(given) && { literal: given }),
    evaluate: (scope) => inputsOf(workflow, given, scope),
  }
  return { kind: 'scenario', workflow, inputs, output: outputOf(step, place) }
}

/**
 * The inputs of a workflow that a step calls: what the step gives, laid over what the run has; defaults filled in.
 * @throws EXPRESSION_FAILED, INPUT_INVALID
 */
function inputsOf({ name, inputs: declared }: WorkflowDefinition, given: unknown, scope: DataScope): object {
  const own = isCallable(given) ? given(scope) : given
  ignore(own)
  if (!isObject(own) || isPromise(own))
    throw new SagachartError(
      'EXPRESSION_FAILED',
      `The inputs of workflow "${name}": expected an object, found ${shownData(own)}; give one`,
      { retryable: false },
    )
  if (declared === null) return own as object
  const names = Object.keys(declared).filter((key) => Object.hasOwn(scope.inputs, key))
  const shared = Object.fromEntries(names.map((key) => [key, scope.inputs[key]]))
  const { inputs, faults } = readInputs(declared, { ...shared, ...(own as object) })
  if (faults.length === 0) return inputs
  const said = faults.map(({ message, remedy }) => `${message}; ${remedy}`).join('. ')
  throw new SagachartError('INPUT_INVALID', `Workflow "${name}": ${said}`, { retryable: false })
}
