// What is explored, made of a workflow, an integration or its definition: the same engine, with expressions that stubs cannot
// answer decided for them. Operations stay what they are; whether they are called is the exploration's to say.
import { shown } from '../definition/diagnostic.ts'
import type { AnyWorkflow } from '../definition/mirror.ts'
import type { IntegrationDefinition, WorkflowDefinition } from '../definition/model.ts'
import { planWorkflow } from '../definition/plan.ts'
import { SagachartError } from '../errors.ts'
import type { Host } from '../runtime/port/host.ts'
import { IntegrationLogic } from '../runtime/charts/integration-logic.ts'
import { RunLogic } from '../runtime/charts/run-logic.ts'
import { tolerantWith, tolerantWorkflow, type DecideOn } from './assumptions.ts'
import { ChangingHost, type Subject } from './changing-host.ts'
import { RULES } from './checkers/index.ts'
import { nothingLeftBehind } from './checkers/left-behind.ts'
import { everyList, StepAddresses } from './step-address.ts'
import { stubModules } from './stubs.ts'

/** Steps of what is explored, those inside of steps included: after each event, all of them are looked at. */
export const STEPS_MAX = 2_000

/** Actor logic of this library as it is made inside: a run's, or an integration's. */
export interface HostedLogic {
  withHost(host: Host): unknown
}

/** What can be explored: what `createWorkflow` gives, or an integration as actor logic or as a definition. */
export type Explorable = AnyWorkflow | HostedLogic | IntegrationDefinition

const NO_STUBS = { outputs: new Map(), earlier: new Map(), faults: new Map(), modules: new Set<string>() }

/**
 * Makes a subject of what is to be explored.
 * @param outputs What operations answer, by step, or a function.
 * @throws WORKFLOW_TOO_LARGE beyond `STEPS_MAX` steps
 * @throws STEP_UNKNOWN where an output is that of no step
 * @throws WORKFLOW_INVALID for what is none of this library's
 */
export function subjectOf(
  explored: Explorable,
  inputs: Readonly<Record<string, unknown>>,
  isReal: boolean,
  outputs: object | undefined,
): Subject {
  const names = typeof outputs === 'object' ? Object.keys(outputs) : []
  const host = new ChangingHost()
  const decide: DecideOn = (address, ways) => host.assume(address, ways)
  if (explored instanceof RunLogic) {
    const { plan, ...rest } = explored.blueprint
    checkSteps(plan.workflow, names)
    const own = isReal ? plan : planWorkflow(tolerantWorkflow(plan.workflow, decide))
    return {
      name: plan.workflow.name,
      logic: new RunLogic({ ...rest, plan: own, host, onIncomplete: 'report' }) as never,
      host,
      inputs,
      rules: rulesOf(plan.workflow),
    }
  }
  if (explored instanceof IntegrationLogic) {
    const { definition, ...rest } = explored.blueprint
    checkSteps(definition, names)
    const own = isReal ? definition : tolerantWith(definition, decide)
    const logic = new IntegrationLogic({ ...rest, definition: own, host })
    return { name: nameOf(definition), logic: logic as never, host, inputs, rules: rulesOf(definition) }
  }
  if (!('workflows' in explored)) {
    throw new SagachartError(
      'WORKFLOW_INVALID',
      'Expected a workflow or an integration of this library, found something else',
    )
  }
  checkSteps(explored, names)
  const definition = tolerantWith(explored, decide)
  const logic = new IntegrationLogic({ definition, modules: stubModules(explored, NO_STUBS), host })
  const all = { ...explored.inputs, ...inputs }
  return { name: nameOf(explored), logic: logic as never, host, inputs: all, rules: rulesOf(explored) }
}

/** A scenario that is explored on its own goes by its own name. */
const nameOf = ({ name, workflows }: IntegrationDefinition) =>
  workflows.length === 1 ? workflows[0]!.name : name

/**
 * Refuses what has too many steps, and outputs of steps that there are not.
 * @throws WORKFLOW_TOO_LARGE
 * @throws STEP_UNKNOWN
 */
function checkSteps(definition: IntegrationDefinition | WorkflowDefinition, names: readonly string[]): void {
  const workflows = 'workflows' in definition ? definition.workflows : [definition]
  const size = [...everyList(workflows)].reduce((sum, { steps }) => sum + steps.length, 0)
  if (size > STEPS_MAX) {
    throw new SagachartError(
      'WORKFLOW_TOO_LARGE',
      `"${definition.name}" has ${size} steps, at most ${STEPS_MAX} can be explored; explore a smaller one of the same shape`,
    )
  }
  const addresses = new StepAddresses(workflows)
  for (const name of names) {
    if (addresses.find(name).length > 0) continue
    const remedy = addresses.remedy(name, 'name a step by its address')
    throw new SagachartError(
      'STEP_UNKNOWN',
      `outputs: expected addresses of steps, found ${shown(name)}; ${remedy}`,
    )
  }
}

const rulesOf = (definition: IntegrationDefinition | WorkflowDefinition) => [
  ...RULES,
  nothingLeftBehind(definition),
]
