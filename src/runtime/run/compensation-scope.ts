// How much of the runs inside of a step is to be undone, and in which scenarios effects that are not part of the result are.
// Pure questions about runs; nothing is done here.
import type { CompensationExtent } from '../../../machines/protocol.ts'
import { extentOf } from '../../kernel/effects.ts'
import type { EndedRun } from './inside.ts'
import type { Run } from './run.ts'

/** The run that a list of steps belongs to: a scenario's own. Verdicts, limits and compensation are decided there. */
export function scenarioRun(run: Run): Run {
  let around = run
  while (around.options.within?.isOpen) around = around.options.within.run
  return around
}

/** Whether effects that are not part of a run's result are undone: its scenario compensates, or one around it does. */
export function undoesSurplus(run: Run): boolean {
  const scenario = scenarioRun(run)
  const { within } = scenario.options
  return scenario.workflow.onFailure === 'compensate' || (within !== null && undoesSurplus(within.run))
}

/** How much is undone of a run inside of a step: all of it where the step's result does not hold it. */
export function extentInside(
  run: Run,
  index: number,
  { attempt, isCompleted }: EndedRun,
  extent: CompensationExtent,
): CompensationExtent {
  const isEarlier = attempt < run.graph.attempts[index]!
  return isEarlier || !isCompleted ? 'all' : extentOf(run, index, extent)
}
