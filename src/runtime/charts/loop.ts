// The loop's chart, bound: its effects are done on the iterations of one attempt.
import { loopMachine, type LoopEffect } from '../../../machines/loop.ts'
import type { Loop } from '../control/loop.ts'
import { bound } from './compiled.ts'

/** The loop's chart, for an attempt of an iterative step. */
export const loopChart = bound<LoopEffect, Loop>()(loopMachine, {
  countItems: ({ owner }) => owner.countItems(),
  askCondition: ({ owner }) => owner.askCondition(),
  startIterations: ({ owner, context }) => owner.startIterations(context),
  cancelIterations: ({ owner }, { force }) => owner.cancelIterations(force),
})
