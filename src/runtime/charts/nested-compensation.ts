// The chart of nested undoing, bound: its effects are done on the runs inside of a step.
import {
  nestedCompensationMachine,
  type NestedCompensationEffect,
} from '../../../machines/nested-compensation.ts'
import type { UndoingInside } from '../control/undoing-inside.ts'
import { lone } from './lone-chart.ts'

/** The chart of the undoing of what is inside of a step. */
export const nestedCompensationChart = lone<NestedCompensationEffect, UndoingInside>()(
  nestedCompensationMachine,
  {
    compensateRun: (undoing, { place }) => undoing.compensateRun(place),
    leaveRuns: (undoing, { count }) => undoing.leaveRuns(count),
    stopRuns: (undoing) => undoing.stopRuns(),
    tellEnd: (undoing, { isComplete }) => undoing.tellEnd(isComplete),
  },
)
