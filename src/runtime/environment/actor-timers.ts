// The timers of the actors that runs share: an actor has one, or one for each of its leases.
import type { Session } from '../journal/session.ts'
import type { TimerEvent } from '../port/events.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { TimersAt } from '../state/root-at.ts'

/** Timers by what they limit. */
export class ActorTimers {
  private readonly session: Pick<Session, 'startTimer' | 'cancelTimer'>
  private readonly timers = new Map<string, RunningTimer>()

  constructor(session: Pick<Session, 'startTimer' | 'cancelTimer'>) {
    this.session = session
  }

  capture(notes: Capturing): TimersAt {
    return Array.from(this.timers, ([key, timer]) => [key, notes.timer(timer)] as const).filter(
      ([, place]) => place !== null,
    )
  }

  revive(at: TimersAt, notes: Reviving): void {
    for (const [key, place] of at) this.timers.set(key, notes.timer(place)!)
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
