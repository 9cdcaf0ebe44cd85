// The chart of steps that run once, bound: its effects are done on the attempt that they are inside of.
import { branchMachine, type BranchEffect } from '../../../machines/branch.ts'
import type { Branch } from '../control/branch.ts'
import { lone } from './lone-chart.ts'

/** The chart of one attempt of a step with steps inside that run once. */
export const branchChart = lone<BranchEffect, Branch>()(branchMachine, {
  choose: (branch) => branch.choose(),
  takeBackQuestion: (branch) => branch.takeBackQuestion(),
  cancelInside: (branch, { force }) => branch.cancelInside(force),
  succeed: (branch) => branch.succeed(),
  fail: (branch, { failure, verdict }) => branch.fail(failure, verdict),
  cancel: (branch) => branch.cancel(),
})
