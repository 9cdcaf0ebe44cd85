// The chart of nested undoing, bound: its effects are done on the runs inside of a step.
import { nestedUndoingMachine, type NestedUndoingEffect } from '../../../machines/nested-undoing.ts'
import type { UndoingInside } from '../control/undoing-inside.ts'
import { lone } from './lone-chart.ts'

/** The chart of the undoing of what is inside of a step. */
export const nestedUndoingChart = lone<NestedUndoingEffect, UndoingInside>()(nestedUndoingMachine, {
  undoRun: (undoing, { place }) => undoing.undoRun(place),
  leaveRuns: (undoing, { count }) => undoing.leaveRuns(count),
  stopRuns: (undoing) => undoing.stopRuns(),
  tellEnd: (undoing, { isComplete }) => undoing.tellEnd(isComplete),
})
