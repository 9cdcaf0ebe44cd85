// The graph of a workflow in flat arrays, so that 100,000 steps cost what they weigh and nothing recurses.
// Not the state of a run: that is src/runtime/execution.ts.
import type { StepPolicy } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import { suggestion } from './diagnostic.ts'
import type { StepDefinition, WorkflowDefinition } from './model.ts'

/** How long an operation that was told to stop may take before it is abandoned, in milliseconds. */
export const GRACE_MS = 5_000

/** What every event of a step says of it. */
export interface StepTitle {
  readonly step_name: string
  readonly module_name: string
  readonly operation: string
}

/** A workflow, ready to run any number of times. */
export interface Plan {
  readonly workflow: WorkflowDefinition
  readonly size: number
  readonly indexOf: ReadonlyMap<string, number>
  readonly policies: readonly StepPolicy[]
  readonly titles: readonly StepTitle[]
  /** The dependencies of step i are `dependencies[dependencyStart[i] .. dependencyStart[i + 1])`. */
  readonly dependencyStart: Int32Array
  readonly dependencies: Int32Array
  /** The same for the steps that depend on step i. */
  readonly dependentStart: Int32Array
  readonly dependents: Int32Array
}

/**
 * Lays a workflow out. Linear in steps and dependencies.
 * @throws WORKFLOW_INVALID on a duplicate name, an unknown dependency or a cycle.
 */
export function planWorkflow(workflow: WorkflowDefinition): Plan {
  const { steps } = workflow
  const indexOf = indexSteps(workflow)
  const dependencyStart = new Int32Array(steps.length + 1)
  const dependentStart = new Int32Array(steps.length + 1)
  const resolved = steps.map((step) => resolveDependencies(workflow, step, indexOf))
  resolved.forEach((list, index) => {
    dependencyStart[index + 1] = dependencyStart[index]! + list.length
    for (const dependency of list) dependentStart[dependency + 1]!++
  })
  for (let index = 0; index < steps.length; index++) dependentStart[index + 1]! += dependentStart[index]!
  const dependencies = new Int32Array(dependencyStart[steps.length]!)
  const dependents = new Int32Array(dependencies.length)
  const filled = dependentStart.slice()
  resolved.forEach((list, index) => {
    dependencies.set(list, dependencyStart[index])
    for (const dependency of list) dependents[filled[dependency]!++] = index
  })
  const policies = policiesOf(steps)
  const titles = steps.map(({ name, call, control }) => ({
    step_name: name,
    module_name: call?.module ?? '',
    operation: call?.operation ?? control!.kind,
  }))
  const plan = {
    workflow,
    size: steps.length,
    indexOf,
    policies,
    titles,
    dependencyStart,
    dependencies,
    dependentStart,
    dependents,
  }
  refuseCycles(plan)
  return plan
}

function indexSteps(workflow: WorkflowDefinition): Map<string, number> {
  const indexOf = new Map<string, number>()
  workflow.steps.forEach((step, index) => {
    if (indexOf.has(step.name))
      throw invalid(workflow, `step names are unique, found "${step.name}" twice; rename one`)
    indexOf.set(step.name, index)
  })
  return indexOf
}

function resolveDependencies(
  workflow: WorkflowDefinition,
  step: StepDefinition,
  indexOf: Map<string, number>,
) {
  return [...new Set(step.dependsOn)].map((name) => {
    const index = indexOf.get(name)
    if (index !== undefined) return index
    const remedy = suggestion(name, indexOf.keys(), 'name one that it has')
    throw invalid(
      workflow,
      `step "${step.name}" depends on "${name}", and it has no step of that name; ${remedy}`,
    )
  })
}

/** Kahn's algorithm: what is left over lies on a cycle or behind one. */
function refuseCycles(plan: Plan): void {
  const waiting = new Int32Array(plan.size)
  const open: number[] = []
  for (let index = 0; index < plan.size; index++) {
    waiting[index] = plan.dependencyStart[index + 1]! - plan.dependencyStart[index]!
    if (waiting[index] === 0) open.push(index)
  }
  let seen = 0
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    seen++
    for (let at = plan.dependentStart[index]!; at < plan.dependentStart[index + 1]!; at++) {
      if (--waiting[plan.dependents[at]!]! === 0) open.push(plan.dependents[at]!)
    }
  }
  if (seen === plan.size) return
  const names = cycleAmong(plan, waiting).map((index) => plan.workflow.steps[index]!.name)
  throw invalid(
    plan.workflow,
    `steps depend on each other in a cycle: ${names.join(' → ')}; remove one of these from dependsOn`,
  )
}

/** Whoever still waits depends on someone who does: following them leads into a circle. The first comes last again. */
function cycleAmong({ dependencyStart, dependencies }: Plan, waiting: Int32Array): number[] {
  const path: number[] = []
  const placeOf = new Map<number, number>()
  let step = waiting.findIndex((count) => count > 0)
  while (!placeOf.has(step)) {
    placeOf.set(step, path.length)
    path.push(step)
    const needs = dependencies.subarray(dependencyStart[step], dependencyStart[step + 1])
    step = needs.find((need) => waiting[need]! > 0)!
  }
  return [...path.slice(placeOf.get(step)), step]
}

/** Steps of the same policy share one object: a step costs nothing for what it does not say. */
function policiesOf(steps: readonly StepDefinition[]): StepPolicy[] {
  const shared = new Map<string, StepPolicy>()
  return steps.map((step) => {
    const policy: StepPolicy = {
      retries: step.retry.count,
      backoff: step.retry.backoff,
      timeoutMs: step.timeoutMs,
      graceMs: GRACE_MS,
      nonRetryable: step.retry.nonRetryable,
      hasFallback: step.fallback !== null,
      verdicts: step.onFailure ?? ['fail'],
    }
    const key = JSON.stringify(policy)
    const same = shared.get(key)
    if (same === undefined) shared.set(key, policy)
    return same ?? policy
  })
}

function invalid(workflow: WorkflowDefinition, problem: string): SagachartError {
  return new SagachartError('WORKFLOW_INVALID', `Workflow "${workflow.name}": ${problem}`)
}
