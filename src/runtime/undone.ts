// What a run that was to be undone has left, by address: for people, who have to see to it.
import type { Run } from './run.ts'

/**
 * Steps whose doing is left though it was to be undone, those inside first.
 * @param isDue Whether the run itself was to be undone; else only what its sub-scenarios left counts.
 */
export function leftUndone(run: Run, isDue: boolean): string[] {
  const left: string[] = []
  for (let index = 0; index < run.options.plan.size; index++) {
    const inside = run.inside.get(index)
    for (const address of inside?.left ?? []) left.push(address)
    const compensation = run.reversal.compensations.get(index)
    if (!isDue || compensation?.undone === true) continue
    for (const owed of inside?.owed ?? [])
      for (const address of leftUndone(owed.run, true)) left.push(address)
    const failedInside = compensation?.failure?.code === 'COMPENSATION_INCOMPLETE'
    if (run.reversal.owesItself(index) && !failedInside) left.push(run.addressOf(index))
  }
  return left
}
