// Effects that are no part of a run's history: what has to be there again before an earlier life of it goes on. Each has a limit.
import type { InboundEvent } from '../port/events.ts'
import type { Effect, HostPort, Outcome, TimerHandle } from '../port/host.ts'

/** Such effects of one root. */
export class Asides {
  private readonly port: HostPort
  /** By effect, and by the timer that limits it. */
  private readonly open = new Map<Effect | TimerHandle, (outcome: Outcome | null) => void>()

  constructor(port: HostPort) {
    this.port = port
  }

  /** @param ended Told once how it ended, or that it did not within its limit. */
  perform(effect: Effect, limit: InboundEvent, limitMs: number, ended: (outcome: Outcome) => void): void {
    const { port, open } = this
    const timer = port.startTimer(effect.to, limit, limitMs)
    const settle = (outcome: Outcome | null) => {
      open.delete(effect)
      open.delete(timer)
      port.cancelTimer(timer)
      if (outcome === null) {
        port.abort(effect)
        port.abandon(effect)
      }
      const late = new Error(`it did not end within ${limitMs} ms`)
      ended(outcome ?? { status: 'failed', error: late })
    }
    open.set(effect, settle)
    open.set(timer, settle)
    port.perform(effect)
  }

  /**
   * An effect has ended, or a timer has fired: `null`.
   * @returns whether it was one of these
   */
  settle(which: Effect | TimerHandle, outcome: Outcome | null): boolean {
    const settle = this.open.get(which)
    settle?.(outcome)
    return settle !== undefined
  }
}
