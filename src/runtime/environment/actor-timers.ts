// The timers of the actors that runs share: one for each actor, or for each thing of it that has a limit of its own.
import type { Session } from '../journal/session.ts'
import type { InboundEvent, TimerHandle } from '../port/host.ts'

/** Timers by what they limit. */
export class ActorTimers {
  private readonly session: Pick<Session, 'startTimer' | 'cancelTimer'>
  private readonly timers = new Map<string, TimerHandle>()

  constructor(session: Pick<Session, 'startTimer' | 'cancelTimer'>) {
    this.session = session
  }

  /** @param part Which of its things; the actor itself where that is empty. */
  start(to: string, event: InboundEvent, delayMs: number, part = ''): void {
    this.timers.set(`${to}|${part}`, this.session.startTimer(to, event, delayMs))
  }

  stop(to: string, part = ''): void {
    const timer = this.timers.get(`${to}|${part}`)
    if (timer) this.session.cancelTimer(timer)
    this.timers.delete(`${to}|${part}`)
  }
}
