// A definition laid out for looking at it: its runs, callers before those they call, and in each the lists of steps that
// nest in it. It judges nothing. Recursion goes as deep as steps nest; nothing recurses over a graph.
import type { IntegrationDefinition, StepDefinition, WorkflowDefinition } from '../model.ts'
import { planWorkflows } from '../plan.ts'
import type { Plan } from '../plan.ts'

/** A list of steps: a workflow's own, or one inside of a step. */
export interface StepList {
  readonly plan: Plan
  readonly steps: readonly StepDefinition[]
  readonly run: RunOfSteps
  /** The step that it is inside of, and which of its lists it is. */
  readonly outer: { readonly list: StepList; readonly index: number; readonly which: number } | null
  /** The lists inside of each step, in the order of `blocksOf`; none of another workflow that a step calls. */
  readonly inside: ReadonlyMap<number, readonly StepList[]>
  /** Its steps in an order in which a run that meets no failure may go through them; of one that goes step by step, it does. */
  readonly order: Int32Array
}

/** A workflow that runs: by itself, or called by steps of others. */
export class RunOfSteps {
  readonly workflow: WorkflowDefinition
  /** All its lists, each before those inside of it. */
  readonly lists: StepList[] = []
  /** Whether it runs by itself. */
  readonly isStarted: boolean

  constructor(workflow: WorkflowDefinition, isStarted: boolean) {
    this.workflow = workflow
    this.isStarted = isStarted
  }

  /** The workflow's own list. */
  get top(): StepList {
    return this.lists[0]!
  }
}

/** A definition, laid out. */
export interface Survey {
  /** `null` for a single workflow. */
  readonly integration: IntegrationDefinition | null
  /** Callers before those they call; among others, in declared order. */
  readonly runs: readonly RunOfSteps[]
  readonly runOf: ReadonlyMap<WorkflowDefinition, RunOfSteps>
}

/** Lays a definition out. Linear in steps and dependencies. @throws WORKFLOW_INVALID as `planWorkflow` does. */
export function survey(definition: IntegrationDefinition | WorkflowDefinition): Survey {
  const integration = 'workflows' in definition ? definition : null
  const started: readonly WorkflowDefinition[] =
    'workflows' in definition ? definition.workflows : [definition]
  const isStarted = new Set(started)
  const plans = planWorkflows(started)
  const runOf = new Map<WorkflowDefinition, RunOfSteps>()
  const calleesFirst: RunOfSteps[] = []
  const visit = (plan: Plan): void => {
    if (runOf.has(plan.workflow)) return
    const run = new RunOfSteps(plan.workflow, isStarted.has(plan.workflow))
    runOf.set(plan.workflow, run)
    listOf(plan, run, null, visit)
    calleesFirst.push(run)
  }
  // Whoever is visited last comes first: so the declared order is kept among those that do not call each other.
  for (const plan of plans.toReversed()) visit(plan)
  return { integration, runs: calleesFirst.toReversed(), runOf }
}

function listOf(
  plan: Plan,
  run: RunOfSteps,
  outer: StepList['outer'],
  visit: (called: Plan) => void,
): StepList {
  const { steps } = plan.workflow
  const inside = new Map<number, readonly StepList[]>()
  const list: StepList = { plan, steps, run, outer, inside, order: orderOf(plan) }
  run.lists.push(list)
  for (const [index, plans] of plan.inside) {
    if (steps[index]!.control?.kind === 'scenario') plans.forEach(visit)
    else {
      const lists = plans.map((block, which) => listOf(block, run, { list, index, which }, visit))
      inside.set(index, lists)
    }
  }
  return list
}

/** The dependencies of a step. */
export const dependenciesOf = ({ plan }: StepList, index: number): Int32Array =>
  plan.dependencies.subarray(plan.dependencyStart[index], plan.dependencyStart[index + 1])

/** The steps that depend on one. */
export const dependentsOf = ({ plan }: StepList, index: number): Int32Array =>
  plan.dependents.subarray(plan.dependentStart[index], plan.dependentStart[index + 1])

// As the runtime's queue has it: the higher priority, then the declared order.
function orderOf({ workflow, size, dependencyStart, dependentStart, dependents }: Plan): Int32Array {
  const { steps } = workflow
  const byRank = Int32Array.from(steps.keys())
  if (steps.some(({ priority }) => priority !== 0))
    byRank.sort((a, b) => steps[b]!.priority - steps[a]!.priority || a - b)
  const rankOf = new Int32Array(size)
  byRank.forEach((step, rank) => (rankOf[step] = rank))
  const waiting = new Int32Array(size)
  const ready = new LeastFirst()
  for (let step = 0; step < size; step++) {
    waiting[step] = dependencyStart[step + 1]! - dependencyStart[step]!
    if (waiting[step] === 0) ready.push(rankOf[step]!)
  }
  const order = new Int32Array(size)
  for (let at = 0; at < size; at++) {
    const step = byRank[ready.pop()]!
    order[at] = step
    for (const dependent of dependents.subarray(dependentStart[step], dependentStart[step + 1]))
      if (--waiting[dependent]! === 0) ready.push(rankOf[dependent]!)
  }
  return order
}

/** A binary heap of numbers. */
class LeastFirst {
  readonly #items: number[] = []

  push(item: number): void {
    const items = this.#items
    let at = items.length
    for (; at > 0 && items[(at - 1) >> 1]! > item; at = (at - 1) >> 1) items[at] = items[(at - 1) >> 1]!
    items[at] = item
  }

  /** Only where there is one. */
  pop(): number {
    const items = this.#items
    const least = items[0]!
    const last = items.pop()!
    let at = 0
    while (at * 2 + 1 < items.length) {
      const left = at * 2 + 1
      const child = left + 1 < items.length && items[left + 1]! < items[left]! ? left + 1 : left
      if (items[child]! >= last) break
      items[at] = items[child]!
      at = child
    }
    if (items.length > 0) items[at] = last
    return least
  }
}
