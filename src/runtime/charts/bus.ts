// The bus's chart, bound: its effects are done on the handlers of its root.
import { busMachine, type BusEffect } from '../../../machines/bus.ts'
import type { Bus } from '../environment/bus.ts'
import { bound } from './compiled.ts'

/** The bus's chart, for the bus of a root. */
export const busChart = bound<BusEffect, Bus>()(busMachine, {
  startTimer: ({ owner, self }, { delayMs }) =>
    owner.timers.start(self.id, { type: 'bus.timedOut' }, delayMs),
  stopTimer: ({ owner, self }) => owner.timers.stop(self.id),
  dispatch: ({ owner }, { subscription, event }) => owner.dispatch(subscription, event),
  reportDrop: ({ owner }, drop) => owner.reportDrop(drop),
  passAnswer: ({ owner, context: { underWay }, event }) => {
    if (event.type !== 'handler.succeeded' && event.type !== 'handler.failed') return
    const { subscription } = event
    const verdict = ('verdict' in event && event.verdict) || null
    owner.answered(underWay[subscription]!, subscription, verdict)
  },
})
