// What a run gives once all its steps have ended.
import { newBudget } from '../definition/operators.ts'
import { SagachartError } from '../errors.ts'
import { messageOf } from '../foreign.ts'
import type { Run } from './run.ts'

/**
 * What its workflow names; inside of a control step, what that asks for, else an object by the names of its steps.
 * @throws EXPRESSION_FAILED, which names the output that cannot be computed; of a control step, whatever a user's function throws
 */
export function outputOf({ workflow, options: { within }, data, execution, effects }: Run): unknown {
  const { outputs, steps } = workflow
  if (within?.isOpen && within.output) return data.evaluate(within.output)
  const names = Object.keys(outputs)
  if (within && names.length === 0)
    return Object.fromEntries(
      steps.map(({ name }, index) => [
        name,
        effects.isUnneeded(index) ? null : (execution.outputs[index] ?? null),
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
    const message = `The output "${name}" could not be computed: ${messageOf(cause)}`
    throw new SagachartError('EXPRESSION_FAILED', message, { cause, retryable: false })
  }
}
