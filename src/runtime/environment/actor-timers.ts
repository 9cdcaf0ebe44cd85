// The timers of the actors that runs share: an actor has one, or one for each of its leases.
import type { Session } from '../journal/session.ts'
import type { TimerEvent } from '../port/events.ts'
import type { RunningTimer } from '../port/timers.ts'

/** Timers by what they limit. */
export class ActorTimers {
  private readonly session: Pick<Session, 'startTimer' | 'cancelTimer'>
  private readonly timers = new Map<string, RunningTimer>()

  constructor(session: Pick<Session, 'startTimer' | 'cancelTimer'>) {
    this.session = session
  }

  start(to: string, event: TimerEvent, delayMs: number): void {
    const lease = 'lease' in event ? event.lease : ''
    this.timers.set(`${to}|${lease}`, this.session.startTimer(to, event, delayMs))
  }

  stop(to: string, lease = ''): void {
    const timer = this.timers.get(`${to}|${lease}`)
    if (timer) this.session.cancelTimer(timer)
    this.timers.delete(`${to}|${lease}`)
  }
}
