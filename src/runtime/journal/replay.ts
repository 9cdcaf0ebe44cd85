// What a replay holds back: effects are noted instead of performed, timers noted instead of started.
// What the journal shows as settled is struck out; the rest is handed to the host at the end.
import type { InboundEvent } from '../port/events.ts'
import type { Effect, Entry, HostPort, TimerHandle } from '../port/host.ts'

interface NotedTimer extends TimerHandle {
  readonly to: string
  readonly event: InboundEvent
  readonly due: number
  readonly delayMs: number
  started: TimerHandle | null
}

interface NotedEffect {
  readonly effect: Effect
  aborted: boolean
}

/** The notes of one replay. */
export class Replay {
  private readonly effects = new Map<string, NotedEffect>()
  private readonly timers = new Map<string, Set<NotedTimer>>()

  /** The host's own handle of a timer that was started during a replay. */
  static startedAs(timer: TimerHandle): TimerHandle | undefined {
    return (timer as Partial<NotedTimer>).started ?? undefined
  }

  perform(effect: Effect): void {
    this.effects.set(keyOf(effect), { effect, aborted: false })
  }

  abort(effect: Effect): void {
    const noted = this.effects.get(keyOf(effect))
    if (noted) noted.aborted = true
  }

  abandon(effect: Effect): void {
    this.effects.delete(keyOf(effect))
  }

  startTimer(to: string, event: InboundEvent, at: number, delayMs: number): TimerHandle {
    const timer: NotedTimer = { to, event, due: at + delayMs, delayMs, started: null }
    const key = timerKey(to, event)
    const same = this.timers.get(key)
    if (same) same.add(timer)
    else this.timers.set(key, new Set([timer]))
    return timer
  }

  /** Returns the host's handle where the timer was started before the replay ended. */
  cancelTimer(timer: TimerHandle): TimerHandle | null {
    const noted = timer as NotedTimer
    this.timers.get(timerKey(noted.to, noted.event))?.delete(noted)
    return noted.started
  }

  /** Strikes out what an entry settles. */
  pass({ to, event }: Entry): void {
    this.effects.delete(settlementKey(to, event))
    const fired = this.timers.get(timerKey(to, event))
    const [first] = fired ?? []
    if (first) fired?.delete(first)
  }

  /** Hands what is left to the host: an interrupted attempt is made again under the same number. Returns these effects. */
  resume(port: HostPort): readonly Effect[] {
    const effects = [...this.effects.values()]
    for (const { effect, aborted } of effects) {
      port.perform(effect)
      if (aborted) port.abort(effect)
    }
    const now = port.now()
    for (const timers of this.timers.values()) {
      for (const timer of timers) {
        // An attempt that is made again has all its time to report, for nothing says when it last did.
        const left = timer.event.type === 'heartbeat.missed' ? timer.delayMs : timer.due - now
        timer.started = port.startTimer(timer.to, timer.event, Math.max(0, left))
      }
    }
    return effects.map(({ effect }) => effect)
  }
}

/** The same text for a timer and for its event, however late that was. */
const timerKey = (to: string, { blockedMs: _, ...event }: InboundEvent) => `${to}|${JSON.stringify(event)}`

/** The same text for an effect and for the event that settles it. */
function keyOf(effect: Effect): string {
  switch (effect.kind) {
    case 'attempt':
      return `${effect.to}|attempt|${effect.attempt}`
    case 'decision':
      return `${effect.to}|decision|${effect.index}`
    case 'handler':
      return `${effect.to}|handler|${effect.subscription}`
    default:
      return `${effect.to}|module`
  }
}

function settlementKey(to: string, event: InboundEvent): string {
  if (event.type === 'attempt.succeeded' || event.type === 'attempt.failed')
    return `${to}|attempt|${event.attempt}`
  if (event.type === 'decision.made') return `${to}|decision|${event.index}`
  if ('subscription' in event) return `${to}|handler|${event.subscription}`
  return event.type.startsWith('module.') ? `${to}|module` : ''
}
