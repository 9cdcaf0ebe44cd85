// The step's chart, bound: its effects are done on the live steps of its run.
import { stepMachine, type StepEffect } from '../../../machines/step.ts'
import type { Attempting } from '../run/live-step.ts'
import type { StepActors } from '../run/step-actors.ts'
import { bound } from './compiled.ts'

interface OnAttempt {
  readonly owner: StepActors
  readonly context: Attempting
}

/** What the chart of a compensation asks for, too, because both make attempts. */
export const attempting = {
  requestSlot: ({ owner, context }: OnAttempt) => owner.requestSlot(context),
  withdrawRequest: ({ owner, context }: OnAttempt) => owner.withdrawRequest(context),
  startAttempt: ({ owner, context }: OnAttempt) => owner.startAttempt(context),
  abortAttempt: ({ owner, context }: OnAttempt) => owner.abortAttempt(context),
  abandonAttempt: ({ owner, context }: OnAttempt) => owner.abandonAttempt(context),
  endAttempt: ({ owner, context }: OnAttempt) => owner.endAttempt(context),
  startBackoff: ({ owner, context }: OnAttempt) => owner.startBackoff(context),
  stopBackoff: ({ owner, context }: OnAttempt) => owner.stopBackoff(context),
  publish: ({ owner, context }: OnAttempt, { type }: { readonly type: string }) =>
    owner.publish(context, type),
}

/** The step's chart, for the steps of a run. */
export const stepChart = bound<StepEffect, StepActors>()(stepMachine, {
  ...attempting,
  recordEffect: ({ owner, context, event }) => owner.recordEffect(context, event),
  limitAttempt: ({ owner, context }) => owner.limitAttempt(context),
  askHandlers: ({ owner, context }) => owner.askHandlers(context),
  stopAsking: ({ owner, context }) => owner.stopAsking(context),
})
