// The chart of a wait, bound: its effects are done on the attempt that waits.
import { waitMachine, type WaitEffect } from '../../../machines/wait.ts'
import type { Wait } from '../control/wait.ts'
import { lone } from './lone-chart.ts'

/** The chart of one attempt that waits. */
export const waitChart = lone<WaitEffect, Wait>()(waitMachine, {
  begin: (wait) => wait.begin(),
  askFilter: (wait) => wait.askFilter(),
  takeBackQuestion: (wait) => wait.takeBackQuestion(),
  answerMailbox: (wait, { holds }) => wait.answerMailbox(holds),
  passOver: (wait, about) => wait.passOver(about),
  close: (wait) => wait.close(),
  succeed: (wait, { event }) => wait.succeed(event),
  fail: (wait, { failure }) => wait.fail(failure),
})
