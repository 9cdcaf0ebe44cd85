// The bus's chart, bound: its effects are done on the scope that its root shares.
import { busMachine, type BusEffect } from '../../../machines/bus.ts'
import type { Scope } from '../environment/scope.ts'
import { bound } from './compiled.ts'

/** The bus's chart, for the bus of a root. */
export const busChart = bound<BusEffect, Scope>()(busMachine, {
  startTimer: ({ owner, self }, { delayMs }) => owner.startTimer(self.id, 'bus.timedOut', delayMs),
  stopTimer: ({ owner, self }) => owner.stopTimer(self.id),
  dispatch: ({ owner }, { subscription, event }) => owner.dispatch(subscription, event),
  reportDrop: ({ owner, self }, drop) => owner.reportDrop(self.id, drop),
  passAnswer: ({ owner, context: { underWay }, event }) => {
    if (event.type !== 'handler.succeeded' && event.type !== 'handler.failed') return
    const { subscription } = event
    const verdict = ('verdict' in event && event.verdict) || null
    owner.advice.answered(underWay[subscription]!, subscription, verdict)
  },
})
