// Which steps of a result failed of themselves, and where they are. How they are told is for summary.ts and closer-look.ts.
import type { StepResult } from '../runtime/report/result.ts'

/** A step and where it is: `load`, `scan[3]/fetch`. */
export interface Placed {
  readonly step: StepResult
  readonly address: string
}

/** Whether a step failed, and not for those that it depends on. */
export const isCause = ({ status, dependencies_satisfied: satisfied }: StepResult) =>
  status === 'failed' && satisfied

/** The steps that failed of themselves: of a control step, those inside of it. */
export function causesOf(steps: readonly StepResult[], prefix = ''): Placed[] {
  return steps.filter(isCause).flatMap((step) => {
    const address = `${prefix}${step.step_name}`
    const inside = insideOf(step, address).flatMap(({ steps: inner, prefix: at }) => causesOf(inner, at))
    return inside.length > 0 ? inside : [{ step, address }]
  })
}

/** The lists of steps that ran inside of a step, each with the address that its steps begin with. */
export function insideOf({ steps, iterations }: StepResult, address: string) {
  if (steps) return [{ steps, prefix: `${address}/` }]
  return (iterations ?? []).map(({ index, steps: inner }) => ({
    steps: inner,
    prefix: `${address}[${index}]/`,
  }))
}
