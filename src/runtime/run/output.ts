// What a run gives once all its steps have ended.
import { newBudget } from '../../definition/operators.ts'
import { notComputed, toFailure } from '../execute/failure.ts'
import { toJson } from '../../definition/json-copy.ts'
import type { Run } from './run.ts'

type EndedRun = Pick<Run, 'workflow' | 'options' | 'data' | 'graph' | 'effects' | 'reversal' | 'tellSelf'>

/**
 * What its workflow names; inside of a control step, what that asks for, else an object by the names of its steps.
 * @throws EXPRESSION_FAILED, which names the output that cannot be computed; of a control step, whatever a user's function throws
 */
function outputOf({ workflow, options: { within }, data, graph, effects }: EndedRun): unknown {
  const { outputs, steps } = workflow
  if (within?.isOpen && within.output) return data.evaluate(within.output)
  const names = Object.keys(outputs)
  if (within && names.length === 0)
    return Object.fromEntries(
      steps.map(({ name }, index) => [
        name,
        effects.unneeded.has(index) ? null : (graph.outputs[index] ?? null),
      ]),
    )
  const budget = newBudget()
  return Object.fromEntries(
    names.map((name) => [name, computed(name, () => data.evaluate(outputs[name]!, {}, budget))]),
  )
}

function computed(name: string, evaluate: () => unknown): unknown {
  try {
    return evaluate()
  } catch (cause) {
    throw notComputed(`The output "${name}"`, cause)
  }
}

/** Computes a run's own outputs, and tells its chart. */
export function collectOutputs(run: EndedRun): void {
  const surplus = run.reversal.hasSurplus
  try {
    run.tellSelf({ type: 'outputs.collected', output: toJson(outputOf(run)), surplus })
  } catch (error) {
    run.tellSelf({ type: 'outputs.failed', failure: toFailure(error, 'EXPRESSION_FAILED'), surplus })
  }
}
