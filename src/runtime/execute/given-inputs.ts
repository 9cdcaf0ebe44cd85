// What a run is given, held against what its workflow declares.
import { shown } from '../../definition/diagnostic.ts'
import { readInputs } from '../../definition/inputs.ts'
import { toJson } from '../../definition/json-copy.ts'
import type { Plan } from '../../definition/plan.ts'
import { SagachartError } from '../../errors.ts'
import { messageOf } from '../../foreign.ts'

/**
 * The name of a run that was given one. It is part of every address and key of the run, so it must not look like several.
 * @throws INPUT_INVALID
 */
export function checkedRunId(runId: string): string {
  if (typeof runId === 'string' && RUN_ID.test(runId)) return runId
  throw new SagachartError(
    'INPUT_INVALID',
    `The name of a run has 1 to ${RUN_ID_MAX} printable characters and no "/", found ${shown(runId)}; give it another one`,
  )
}

/** Characters of a run's name. */
const RUN_ID_MAX = 200
const RUN_ID = new RegExp(`^[^/\\p{C}]{1,${RUN_ID_MAX}}$`, 'u')

type Inputs = Readonly<Record<string, unknown>>

/** Inputs as a run keeps them, whatever becomes of those that it was given. @throws INPUT_INVALID */
export function keptInputs(given: Inputs): Inputs {
  try {
    return toJson(given, 'inputs') as Inputs
  } catch (error) {
    throw new SagachartError('INPUT_INVALID', messageOf(error))
  }
}

/** The same, defaults filled in. @throws INPUT_INVALID */
export function checkedInputs({ workflow }: Plan, given: Inputs): Inputs {
  const kept = keptInputs(given)
  if (workflow.inputs === null) return kept
  const { inputs, faults } = readInputs(workflow.inputs, kept)
  if (faults.length === 0) return keptInputs(inputs)
  const said = faults.map(({ message, remedy }) => `${message}; ${remedy}`).join('. ')
  throw new SagachartError('INPUT_INVALID', `Workflow "${workflow.name}": ${said}`)
}
