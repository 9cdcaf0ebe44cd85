// The graph of a workflow in flat arrays, so that 100,000 steps cost what they weigh and nothing recurses.
// Not the state of a run: that is src/kernel/graph.ts.
import type { CompensationPolicy, EffectTarget, StepPolicy } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import { suggestion } from './diagnostic.ts'
import type { CompensationDefinition, StepDefinition, WorkflowDefinition } from './model.ts'
import { blocksOf } from './nested.ts'

/** How long an operation that was told to stop may take before it is abandoned, in milliseconds. */
export const GRACE_MS = 5_000

/** How long a cancellation waits for an attempt that has no limit of its own, in milliseconds. */
export const AWAIT_MS = 30_000

/** What results say of control steps, which call no module. */
export const CONTROL_MODULE = 'custom_orchestrator'

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
  /** What is known of undoing each step's operation; `null` where nothing undoes it. */
  readonly undoing: readonly (CompensationPolicy | null)[]
  /** The same of fallbacks, for the few that have something that undoes them. */
  readonly undoingFallback: ReadonlyMap<number, CompensationPolicy>
  /** The plans of what is inside of control steps, by step, in the order of `blocksOf`. */
  readonly inside: ReadonlyMap<number, readonly Plan[]>
  /** The events that steps wait for, those inside included; for each, whether some wait shares its signals. */
  readonly awaited: ReadonlyMap<string, boolean>
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
  return layOut(workflow, new Map())
}

/** The same for several that may run each other: each is laid out once. @throws WORKFLOW_INVALID */
export function planWorkflows(workflows: readonly WorkflowDefinition[]): Plan[] {
  const known = new Map<WorkflowDefinition, Plan>()
  return workflows.map((workflow) => layOut(workflow, known))
}

/** A scenario that several steps run is laid out once. */
function layOut(workflow: WorkflowDefinition, known: Map<WorkflowDefinition, Plan>): Plan {
  const same = known.get(workflow)
  if (same) return same
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
  const inside = insideOf(steps, known)
  const plan = {
    workflow,
    size: steps.length,
    indexOf,
    policies: policiesOf(workflow),
    titles: steps.map(titleOf),
    undoing: steps.map((step) => undoingOf(step, 'operation')),
    undoingFallback: undoingFallbacks(steps),
    inside,
    awaited: awaitedBy(steps, inside),
    dependencyStart,
    dependencies,
    dependentStart,
    dependents,
  }
  refuseCycles(plan)
  known.set(workflow, plan)
  return plan
}

function titleOf({ name, call, control }: StepDefinition): StepTitle {
  const { module, operation } = call ?? { module: CONTROL_MODULE, operation: control!.kind }
  return { step_name: name, module_name: module, operation }
}

/** What undoes the effect of a step's operation, or of its fallback. */
export function compensationOf(
  { compensate, fallback }: StepDefinition,
  target: EffectTarget,
): CompensationDefinition | null {
  if (target === 'operation') return compensate
  return fallback && 'module' in fallback ? fallback.compensate : null
}

/** What is known of undoing an effect of a step. */
export const undoPolicy = ({ undoing, undoingFallback }: Plan, index: number, target: EffectTarget) =>
  (target === 'operation' ? undoing[index] : undoingFallback.get(index)) ?? null

function undoingOf(step: StepDefinition, target: EffectTarget): CompensationPolicy | null {
  const compensate = compensationOf(step, target)
  if (compensate === null) return null
  const { retry, timeoutMs } = compensate
  const { count: retries, backoff, nonRetryable } = retry
  return { retries, backoff, nonRetryable, timeoutMs, graceMs: GRACE_MS }
}

function undoingFallbacks(steps: readonly StepDefinition[]): ReadonlyMap<number, CompensationPolicy> {
  const undoing = new Map<number, CompensationPolicy>()
  steps.forEach((step, index) => {
    const policy = undoingOf(step, 'fallback')
    if (policy) undoing.set(index, policy)
  })
  return undoing
}

function insideOf(steps: readonly StepDefinition[], known: Map<WorkflowDefinition, Plan>): Plan['inside'] {
  const inside = new Map<number, readonly Plan[]>()
  steps.forEach((step, index) => {
    if (step.control)
      inside.set(
        index,
        blocksOf(step).map((block) => layOut(block, known)),
      )
  })
  return inside
}

function awaitedBy(steps: readonly StepDefinition[], inside: Plan['inside']): Plan['awaited'] {
  const own = steps.flatMap(({ control }) =>
    control?.kind === 'wait' && control.until.kind === 'event'
      ? new Map([[control.until.event, control.until.shared]])
      : [],
  )
  return awaitedByAll([...own, ...[...inside.values()].flat().map(({ awaited }) => awaited)])
}

/** The events that steps of several workflows wait for. */
export function awaitedByAll(each: readonly Plan['awaited'][]): Plan['awaited'] {
  const awaited = new Map<string, boolean>()
  for (const [event, isShared] of each.flatMap((one) => [...one]))
    awaited.set(event, isShared || awaited.get(event) === true)
  return awaited
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
function policiesOf({ steps, recovery }: WorkflowDefinition): StepPolicy[] {
  const shared = new Map<string, StepPolicy>()
  const { strategies, grantedRetriesMax, answerMs } = recovery
  return steps.map((step) => {
    const policy: StepPolicy = {
      retries: step.retry.count,
      backoff: step.retry.backoff,
      timeoutMs: step.timeoutMs,
      heartbeatMs: step.heartbeatMs,
      graceMs: GRACE_MS,
      awaitMs: step.onCancel === 'await' ? AWAIT_MS : null,
      nonRetryable: step.retry.nonRetryable,
      hasFallback: step.fallback !== null,
      verdicts: step.onFailure,
      strategies,
      grantedRetriesMax,
      answerMs,
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
