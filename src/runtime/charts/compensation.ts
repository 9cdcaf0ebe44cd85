// The chart of a compensation, bound: its effects are done on the live steps of its run, as the step's are.
import { compensationMachine, type CompensationEffect } from '../../../machines/compensation.ts'
import type { StepActors } from '../run/step-actors.ts'
import { bound } from './compiled.ts'
import { attempting } from './step.ts'

/** The chart of a compensation, for the steps of a run. */
export const compensationChart = bound<CompensationEffect, StepActors>()(compensationMachine, {
  ...attempting,
  undoInside: ({ owner, context }) => owner.undoInside(context),
  stopInside: ({ owner, context }) => owner.stopInside(context),
})
