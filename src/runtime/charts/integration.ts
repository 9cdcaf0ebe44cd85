// The integration's chart, bound: its effects are done on its scenarios.
import { integrationMachine, type IntegrationEffect } from '../../../machines/integration.ts'
import type { Program } from '../run/program.ts'
import { bound } from './compiled.ts'
import type { Seat } from './seat.ts'

/** The integration's chart, for its scenarios. */
export const integrationChart = bound<IntegrationEffect, Seat<Program>>()(integrationMachine, {
  prepareScope: ({ owner }) => owner.seated!.prepareScope(),
  releaseScope: ({ owner }) => owner.seated!.releaseScope(),
  startRunTimer: ({ owner, context }) => owner.seated!.startRunTimer(context),
  stopRunTimer: ({ owner }) => owner.seated!.stopRunTimer(),
  startScenarios: ({ owner }) => owner.seated!.startScenarios(),
  recordScenario: ({ owner, event }) => {
    if (event.type === 'scenario.settled') owner.seated!.recordScenario(event)
  },
  cancelScenarios: ({ owner }, { cause }) => owner.seated!.cancelScenarios(cause),
  forceScenarios: ({ owner }) => owner.seated!.forceScenarios(),
  cancelStep: ({ owner, event }) => {
    if (event.type === 'run.cancelStep') owner.seated!.cancelStep(event)
  },
  takeSignal: ({ owner, event }) => {
    if (event.type === 'run.signal') owner.seated!.takeSignal(event)
  },
})
