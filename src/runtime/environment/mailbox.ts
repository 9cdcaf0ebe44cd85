// Events that steps wait for, on their way to the waits of one root: offered in turn, kept where nobody takes them, and told
// about where they are lost. Only events that some step waits for are looked at. Who takes an event is decided in waiters.ts.
import type { BusEvent } from '../../../machines/protocol.ts'
import type { Plan } from '../../definition/plan.ts'
import type { Session } from '../journal/session.ts'
import type { Reviving } from '../state/notes.ts'
import type { MailboxAt, MailboxRecord } from '../state/root-at.ts'
import { lineAt, reviveLine } from '../state/line.ts'
import {
  answer,
  arrive,
  begin,
  emptyLine,
  end,
  KEPT_MAX,
  proceed,
  type Line,
  type Offered,
  type Origin,
  type Waiter,
} from '../../kernel/waiters.ts'

/** What became of events that nobody got. */
export interface EventCounts {
  /** Not valid, or of a type that is the engine's own. */
  readonly refused: number
  /** Kept for a wait, and dropped because there were too many. */
  readonly dropped: number
  /** Passed over by a wait whose filter could not be computed for them. */
  readonly passedOver: number
}

/** A step that waits for an event. */
export interface Listener {
  readonly awaits: string
  readonly waiter: Waiter
  /** Whether it accepts the event; `null` where it has to think first, and answers later. */
  judge(event: BusEvent): boolean | null
  /** The event is its own, and it waits no more. */
  take(event: BusEvent): void
}

/** What one root's steps wait for. */
export class Mailbox {
  /** The waits and what is kept for them, by type. */
  readonly lines: ReadonlyMap<string, Line>
  /** By type. */
  private readonly drops = new Map<string, number>()
  private readonly counters = { refused: 0, dropped: 0, passedOver: 0 }
  private readonly listeners = new Map<string, Listener>()
  private readonly session: Pick<Session, 'path' | 'atRest' | 'log'>
  private readonly publish: (type: string, data: object) => void

  /** @param awaited The types that some step waits for. */
  constructor(awaited: Plan['awaited'], session: Mailbox['session'], publish: Mailbox['publish']) {
    this.lines = new Map([...awaited].map(([type, isShared]) => [type, emptyLine(isShared)]))
    this.session = session
    this.publish = publish
  }

  get counts(): EventCounts {
    return { ...this.counters }
  }

  /** Whether some step may wait for events of this type. */
  wants(type: string): boolean {
    return this.lines.has(type)
  }

  /** The types that someone waits for now. */
  get awaited(): readonly string[] {
    const types = new Set([...this.listeners.values()].map(({ awaits }) => awaits))
    return [...this.lines.keys()].filter((type) => types.has(type))
  }

  /** An event has come. */
  offer(event: BusEvent, origin: Origin): void {
    const line = this.lineOf(event.type)
    if (!arrive(line, event, origin)) this.drop({ event, origin })
    this.goOn(line)
  }

  /** Whether a step waits here. */
  knows({ waiter }: Listener): boolean {
    return this.listeners.has(waiter.path)
  }

  capture(): { readonly at: MailboxAt; readonly record: MailboxRecord } {
    const { drops, counters } = this
    return { at: Array.from(this.lines, ([type, line]) => [type, lineAt(line)]), record: { drops, counters } }
  }

  /** To be called once the waits are there. */
  revive(at: MailboxAt, { drops, counters }: MailboxRecord, { listeners }: Reviving): void {
    for (const [path, listener] of listeners) this.listeners.set(path, listener)
    for (const [type, line] of at) reviveLine(this.lineOf(type), line, (path) => listeners.get(path)!.waiter)
    for (const [type, count] of drops) this.drops.set(type, count)
    Object.assign(this.counters, counters)
  }

  /** A step begins to wait, and is offered what is kept. */
  add(listener: Listener): void {
    this.listeners.set(listener.waiter.path, listener)
    const line = this.lineOf(listener.awaits)
    begin(line, listener.waiter)
    this.goOn(line)
  }

  /** It waits no more. An event that it was thinking about goes on to others. */
  remove({ awaits, waiter }: Listener): void {
    if (!this.listeners.delete(waiter.path)) return
    const line = this.lineOf(awaits)
    if (end(line, waiter)) this.goOn(line)
  }

  /** A wait has thought. */
  answer({ awaits, waiter }: Listener, accepts: boolean): void {
    const line = this.lineOf(awaits)
    if (line.asked?.waiter !== waiter) return
    this.conclude(line, accepts)
    this.goOn(line)
  }

  /** Counts an event that is not let in. */
  refuse(type: string, source: string, reason: string): void {
    this.counters.refused++
    const message = `The event "${type}" from ${source} is refused: ${reason}`
    this.tell('event_refused', { event: type, source, reason }, message)
  }

  /** Counts an event for which a filter cannot be computed. */
  passOver(): void {
    this.counters.passedOver++
  }

  private lineOf(type: string): Line {
    return this.lines.get(type)!
  }

  /** Waits that begin at the same time are all there before the first of them is offered anything. */
  private goOn(line: Line): void {
    this.session.atRest(() => this.advance(line))
  }

  private advance(line: Line): void {
    for (let step = proceed(line); step; step = proceed(line)) {
      if ('dropped' in step) this.drop(step.dropped)
      else {
        const accepts = this.listeners.get(step.waiter.path)!.judge(step.offered.event)
        if (accepts === null) return
        this.conclude(line, accepts)
      }
    }
  }

  private conclude(line: Line, accepts: boolean): void {
    const { asked } = line
    answer(line, accepts)
    if (!asked || !accepts) return
    const listener = this.listeners.get(asked.waiter.path)!
    this.listeners.delete(asked.waiter.path)
    listener.take(asked.offered.event)
  }

  /** Told the first time for each type, then every tenfold. What is said of the engine's own events would be one more of them. */
  private drop({ event, origin }: Pick<Offered, 'event' | 'origin'>): void {
    if (origin === 'engine') return
    this.counters.dropped++
    const { type, source } = event
    const dropped = (this.drops.get(type) ?? 0) + 1
    this.drops.set(type, dropped)
    if (!/^10*$/.test(String(dropped))) return
    const message = `Events "${type}" that no step took are dropped, ${dropped} so far, this one from ${source}: ${KEPT_MAX} newer ones are kept`
    this.tell('signal_dropped', { event: type, source, dropped }, message)
  }

  /** On the bus, and in the log. */
  private tell(type: 'event_refused' | 'signal_dropped', data: object, message: string): void {
    const { session } = this
    this.publish(type, data)
    session.log(session.path, message, undefined)
  }
}
