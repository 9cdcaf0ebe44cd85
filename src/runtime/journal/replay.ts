// What a replay holds back: effects are noted instead of performed, timers noted instead of started.
// What the journal shows as settled is struck out; the rest is handed to the host at the end.
// Invariant: an entry that fits nothing is refused, never passed over.
import { SagachartError } from '../../errors.ts'
import { shown } from '../../definition/diagnostic.ts'
import type { InboundEvent, Settlement, TimerEvent } from '../port/events.ts'
import type { Effect, Entry, HostPort } from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'
import { notResumable, type EarlierLife } from './codec.ts'
import { mayHearOfForgotten, upgrade, type StepsOf } from './formats.ts'

interface NotedEffect {
  readonly effect: Effect
  aborted: boolean
}

/** Events that come only where something was asked for: the end of an effect, or of a time. The rest comes unasked. */
const ASKED_FOR = {
  'attempt.succeeded': true,
  'attempt.failed': true,
  'decision.made': true,
  'module.initialised': true,
  'module.failed': true,
  'module.cleaned': true,
  'handler.succeeded': true,
  'handler.failed': true,
  'attempt.timedOut': true,
  'heartbeat.missed': true,
  'grace.ended': true,
  'backoff.ended': true,
  'retries.expired': true,
  'verdict.timedOut': true,
  'run.timedOut': true,
  'compensation.timedOut': true,
  'module.timedOut': true,
  'bus.timedOut': true,
  'lease.timedOut': true,
} satisfies Record<(Settlement | TimerEvent)['type'], true>

/** Where an entry finds what it is about. */
interface Places {
  /** Whether an actor has this address. */
  hasActor(path: string): boolean
  readonly stepsOf: StepsOf
}

/** The notes of one replay. */
export class Replay {
  readonly life: EarlierLife
  private readonly runId: string
  /** Changes of the definition since the run began, in words. */
  private readonly changed: string | null
  private passed = 0
  private readonly noted = new Map<string, NotedEffect>()
  private readonly timers = new Map<string, Set<RunningTimer>>()

  constructor(runId: string, life: EarlierLife, changed: string | null) {
    this.runId = runId
    this.life = life
    this.changed = changed
  }

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

  /** Whether no entry is left. */
  get isOver(): boolean {
    return this.passed === this.life.entries.length
  }

  /**
   * The next entry, of the latest format; what it settles is struck out.
   * @throws RUN_NOT_RESUMABLE where it fits nothing that the run has
   */
  next({ hasActor, stepsOf }: Places): Entry {
    const { entries, format } = this.life
    const entry = upgrade(entries[this.passed]!, format, stepsOf)
    if (entry === null || !hasActor(entry.to) || !this.strikesOut(entry)) this.refuse()
    const { event } = entry
    if (event.type === 'effect.heard') {
      const steps = stepsOf(event.run)
      if (steps ? !steps.some(({ name }) => name === event.step) : !mayHearOfForgotten(format)) this.refuse()
    }
    this.passed++
    return entry
  }

  /** @throws RUN_NOT_RESUMABLE: the next entry is not of such a run */
  refuse(): never {
    const { to, event } = this.life.entries[this.passed]!
    const about = 'step' in event ? ` about the step ${shown(event.step)}` : ''
    const settings = this.changed === null ? '' : `; ${this.changed}`
    throw new SagachartError(
      'RUN_NOT_RESUMABLE',
      `${notResumable(this.runId)}: entry ${this.life.before + this.passed + 1}: expected something that the run has asked for by then, found ${event.type}${about} for ${shown(to)}${settings}; resume it with the journal and the definition that it began with`,
    )
  }

  /** Returns whether there was what an entry of its kind settles. */
  private strikesOut({ to, event }: Entry): boolean {
    if (this.noted.delete(settlementKey(to, event))) return true
    const fired = this.timers.get(timerKey(to, event))
    const [first] = fired ?? []
    if (first) fired?.delete(first)
    return first !== undefined || !Object.hasOwn(ASKED_FOR, event.type)
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

/**
 * The same text for a timer and for its event, however late that was, and whatever it says beside: what a wait gives is
 * computed when it begins, and may come to something else in another life, or with another limit.
 */
function timerKey(to: string, event: InboundEvent): string {
  const which = 'attempt' in event ? event.attempt : 'lease' in event ? event.lease : ''
  return `${to}|${event.type}|${which}`
}

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
