// How a run is inside of a control step: what it is made with there. Pure.
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { DataScope } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { worstBefore } from '../../kernel/graph.ts'
import type { Run } from './run.ts'
import type { RunOptions, Within } from './run-options.ts'

/** What runs inside, and how. */
export interface Nesting extends Partial<Pick<Within, 'iteration' | 'absent'>> {
  readonly plan: Plan
  readonly waitFor?: 'all' | number
  /** Given for a scenario of its own, which sees nothing of what is around it. */
  readonly inputs?: DataScope['inputs']
  ended(run: Run, output: WorkflowMachineOutput): void
}

/** The plans of a control step's lists. */
export const plansOf = ({ options }: Pick<Run, 'options'>, index: number): readonly Plan[] =>
  options.plan.inside.get(index)!

/** What a run inside of an attempt of a step is made with. */
export function nestedOptions(
  outer: Run,
  index: number,
  attempt: number,
  nesting: Nesting,
): RunOptions & { readonly within: Within } {
  const { plan, iteration = null, absent = [], waitFor = 'all', inputs } = nesting
  const { runId, modules, env, scenario } = outer.options
  const retried = attempt > 1 ? `[#${attempt}]` : ''
  const number = iteration?.index === undefined ? '' : `[${iteration.index}]`
  const { control } = outer.stepAt(index)
  return {
    runId,
    plan,
    modules,
    env,
    inputs: inputs ?? outer.options.inputs,
    scenario: inputs === undefined ? scenario : plan.workflow.name,
    ownsScope: false,
    within: {
      run: outer,
      index,
      attempt,
      address: `${outer.addressOf(index)}${retried}${number}`,
      before: inputs === undefined ? worstBefore(outer.plan, outer.graph, index) : undefined,
      isOpen: inputs === undefined,
      iteration,
      absent,
      output: control && 'output' in control ? control.output : null,
      ended: (run, result) => nesting.ended(run, result),
    },
    list: iteration?.index ?? plansOf(outer, index).indexOf(plan),
    waitFor,
  }
}
