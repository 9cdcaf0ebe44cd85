// What a replay holds back: effects are noted instead of performed, timers noted instead of started.
// What the journal shows as settled is struck out; the rest is handed to the host at the end.
import type { InboundEvent } from '../port/events.ts'
import type { Effect, Entry, HostPort } from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'

interface NotedEffect {
  readonly effect: Effect
  aborted: boolean
}

/** The notes of one replay. */
export class Replay {
  private readonly noted = new Map<string, NotedEffect>()
  private readonly timers = new Map<string, Set<RunningTimer>>()

  perform(effect: Effect): void {
    this.noted.set(keyOf(effect), { effect, aborted: false })
  }

  abort(effect: Effect): void {
    const noted = this.noted.get(keyOf(effect))
    if (noted) noted.aborted = true
  }

  abandon(effect: Effect): void {
    this.noted.delete(keyOf(effect))
  }

  startTimer(timer: RunningTimer): void {
    const key = timerKey(timer.to, timer.event)
    const same = this.timers.get(key)
    if (same) same.add(timer)
    else this.timers.set(key, new Set([timer]))
  }

  cancelTimer(timer: RunningTimer): void {
    this.timers.get(timerKey(timer.to, timer.event))?.delete(timer)
  }

  /** Strikes out what an entry settles. */
  pass({ to, event }: Entry): void {
    this.noted.delete(settlementKey(to, event))
    const fired = this.timers.get(timerKey(to, event))
    const [first] = fired ?? []
    if (first) fired?.delete(first)
  }

  /** Effects that are under way, in the order in which they were asked for. */
  get effects(): readonly Effect[] {
    return Array.from(this.noted.values(), ({ effect }) => effect)
  }

  /** Hands what is left to the host: an interrupted attempt is made again under the same number. */
  resume(port: HostPort, begin: (timer: RunningTimer, delayMs: number) => void): void {
    for (const { effect, aborted } of this.noted.values()) {
      port.perform(effect)
      if (aborted) port.abort(effect)
    }
    const now = port.now()
    for (const timers of this.timers.values()) {
      for (const timer of timers) {
        // An attempt that is made again has all its time to report, for nothing says when it last did.
        const left = timer.event.type === 'heartbeat.missed' ? timer.delayMs : timer.due - now
        begin(timer, Math.max(0, left))
      }
    }
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
      return `${effect.to}|decision|${effect.step}`
    case 'handler':
      return `${effect.to}|handler|${effect.subscription}`
    default:
      return `${effect.to}|module`
  }
}

function settlementKey(to: string, event: InboundEvent): string {
  if (event.type === 'attempt.succeeded' || event.type === 'attempt.failed')
    return `${to}|attempt|${event.attempt}`
  if (event.type === 'decision.made') return `${to}|decision|${event.step}`
  if ('subscription' in event) return `${to}|handler|${event.subscription}`
  return event.type.startsWith('module.') ? `${to}|module` : ''
}
