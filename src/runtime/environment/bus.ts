// The bus of one root, an actor below it, and the handlers that hear of its events. Not here: who is told when, which the bus's
// chart decides; which answer of handlers counts, which kernel/verdicts.ts decides; and what steps wait for, in mailbox.ts.
import { matchesPattern, type BusContext, type Drop } from '../../../machines/bus.ts'
import type { BusEvent, Verdict } from '../../../machines/protocol.ts'
import { ownCopy } from '../../definition/json-copy.ts'
import { answerPoll, closePoll, noPolls, openPoll, type PollNews } from '../../kernel/verdicts.ts'
import { actorBelow, type ActorRef } from '../charts/actors.ts'
import { busChart } from '../charts/bus.ts'
import { ownedBy, type Owner } from '../charts/compiled.ts'
import { tell } from '../charts/tell.ts'
import type { Session } from '../journal/session.ts'
import type { EffectControl } from '../port/host.ts'
import { chartOf, type Capturing, type ChartAt, type Reviving } from '../state/notes.ts'
import type { BusAt, BusRecord } from '../state/root-at.ts'
import { ActorTimers } from './actor-timers.ts'
import { accepts, type Subscription } from './subscription.ts'
import type { Surroundings } from './surroundings.ts'

/** Events that go to the bus in one message, at most: where nobody listens, only the history waits for them. */
const BATCH_MAX = 64

/** Lets in what user code emits. */
export type EmitFromOutside = (type: string, source: string, correlationId: string, data: unknown) => void

/** What listens, and how much is kept. */
interface Parts {
  readonly history: { readonly sizeMax: number; readonly ageMsMax: number }
  readonly subscriptions: readonly Subscription[]
}

/** The bus, where there is one. */
export class Bus implements Owner {
  readonly session: Session
  readonly timers: ActorTimers
  readonly path: string
  /** What handlers are asked about failures. */
  readonly polls = noPolls()
  private readonly publish: Surroundings['publish']
  private readonly self: ActorRef
  private readonly actor: ActorRef
  /** By id, the one of the highest priority first. */
  private readonly subscriptions: ReadonlyMap<string, Subscription>
  private readonly emit: EmitFromOutside
  /** Whether somebody waits for its end. */
  private isClosing = false
  /** Events on their way. */
  private published: BusEvent[] = []

  constructor(
    { self, session, publish }: Surroundings,
    { history, subscriptions }: Parts,
    emit: EmitFromOutside,
    at: ChartAt | null = null,
  ) {
    this.self = self
    this.session = session
    this.publish = publish
    const ordered = subscriptions.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
    this.subscriptions = new Map(ordered.map((subscription) => [subscription.id, subscription]))
    this.emit = emit
    this.timers = new ActorTimers(session)
    this.path = `${session.path}/bus/events`
    const begin = at
      ? { snapshot: at }
      : { input: { historySizeMax: history.sizeMax, historyAgeMsMax: history.ageMsMax } }
    this.actor = actorBelow(self, this.path, ownedBy(busChart, this), begin)
    session.actors.set(this.path, this.actor)
    this.actor.start()
    if (at) return
    for (const { id, pattern, priority = 0, once = false } of subscriptions)
      tell(self, this.actor, { type: 'subscription.added', id, pattern, priority, once })
  }

  capture(notes: Capturing): { readonly at: BusAt; readonly record: BusRecord } {
    const { counters, drops, history, ...context } = this.context
    const { value } = chartOf(this.actor)
    const { polls, timers, isClosing } = this
    return {
      at: { value, context, polls, timers: timers.capture(notes), isClosing },
      record: { counters, drops, history },
    }
  }

  /** Takes up what was under way in an earlier life. @param drained As of `close`. */
  revive({ polls, timers, isClosing }: BusAt, notes: Reviving, drained: () => void): void {
    for (const [event, poll] of polls.open) this.polls.open.set(event, poll)
    for (const [to, event] of polls.asked) this.polls.asked.set(to, event)
    this.timers.revive(timers, notes)
    if (isClosing) this.whenDrained(drained)
  }

  /** What it knows, with all that was published. */
  get context(): BusContext {
    this.flush()
    return (this.actor.getSnapshot() as { readonly context: BusContext }).context
  }

  /** Takes an event, and hands it over with others. */
  take(event: BusEvent): void {
    const count = this.published.push(event)
    if (count >= BATCH_MAX) this.flush()
    else if (count === 1 && this.subscriptions.size > 0) this.later(() => this.flush())
  }

  /** Asks the handlers of a failure, which was published, for a verdict. */
  ask(failure: string, to: string): void {
    const { context } = this
    const advisers = [...this.subscriptions.keys()].filter((id) => isHanded(context, id, failure))
    this.tellSteps(openPoll(this.polls, failure, to, advisers))
  }

  /** A step asks no more. */
  stopAsking(to: string): void {
    closePoll(this.polls, to)
  }

  handle(subscription: string, event: BusEvent, control: EffectControl): unknown {
    const found = this.subscriptions.get(subscription)
    if (!found || !accepts(found, event)) return undefined
    return found.handler(ownCopy(event, 'Event') as BusEvent, {
      get signal() {
        return control.signal
      },
      emit: (type, data) => this.emit(type, this.path, event.correlation_id, data),
      log: (message, data) => this.session.log(this.path, message, data),
    })
  }

  /** Hands over what is left. @param drained Told once no handler is under way. */
  close(drained: () => void): void {
    this.flush()
    this.whenDrained(drained)
    tell(this.self, this.actor, { type: 'bus.close' })
  }

  abandon(stop: (child: ActorRef) => void): void {
    stop(this.actor)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  dispatch(subscription: string, event: BusEvent): void {
    this.session.perform({ kind: 'handler', to: this.path, subscription, event })
  }

  answered(event: string, subscription: string, verdict: Verdict | null): void {
    this.tellSteps(answerPoll(this.polls, event, subscription, verdict))
  }

  /** Says, on the bus and in the log, that a handler is not told of all it asked for. */
  reportDrop({ subscription, pattern, events }: Drop): void {
    this.publish('events_dropped', this.path, { handler: subscription, pattern, events })
    const message = `The handler ${subscription} is not told of all events of "${pattern}": ${events} so far`
    this.session.log(this.path, message, undefined)
  }

  // -------------------------------------------------------------------------------------------------------

  private whenDrained(drained: () => void): void {
    this.isClosing = true
    this.actor.subscribe({ complete: () => this.later(drained) })
  }

  private flush(): void {
    const events = this.published
    if (events.length === 0) return
    this.published = []
    tell(this.self, this.actor, { type: 'events.published', events })
  }

  private tellSteps(news: readonly PollNews[]): void {
    for (const { to, event } of news) {
      const step = this.session.actors.get(to)
      if (step) tell(this.actor, step, event)
    }
  }

  private later(effect: () => void): void {
    this.session.later(effect, undefined, undefined)
  }
}

/** Whether any handler may answer to a failure. */
export const hasAdvisers = (subscriptions: readonly Subscription[]) =>
  subscriptions.some(({ pattern }) => matchesPattern(pattern, 'step_failed'))

const isHanded = ({ underWay, subscriptions }: BusContext, id: string, event: string) =>
  underWay[id] === event ||
  subscriptions.some((other) => other.id === id && other.backlog.some((waiting) => waiting.id === event))
