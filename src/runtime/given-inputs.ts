// What a run is given, held against what its workflow declares.
import { readInputs } from '../definition/inputs.ts'
import type { Plan } from '../definition/plan.ts'
import { SagachartError } from '../errors.ts'

/** Defaults filled in. @throws INPUT_INVALID */
export function checkedInputs({ workflow }: Plan, given: Readonly<Record<string, unknown>>) {
  if (workflow.inputs === null) return given
  const { inputs, faults } = readInputs(workflow.inputs, given)
  if (faults.length === 0) return inputs
  const said = faults.map(({ message, remedy }) => `${message}; ${remedy}`).join('. ')
  throw new SagachartError('INPUT_INVALID', `Workflow "${workflow.name}": ${said}`)
}
