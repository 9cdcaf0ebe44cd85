// Joins one root (an integration, or a run that stands alone) to its host: addresses, journal, time, replay.
// Decides nothing. Invariant: an entry is in the journal before an actor hears of it, and the time that actors
// see is the time of the entry, so that replaying the journal into fresh actors gives the same states.
import { recordEffect } from '../../kernel/effects.ts'
import type { ActorRef } from '../charts/actors.ts'
import { shown } from '../../definition/diagnostic.ts'
import { SagachartError } from '../../errors.ts'
import type { EffectHeard, InboundEvent, Message } from '../port/events.ts'
import type {
  Effect,
  EffectControl,
  Entry,
  Host,
  HostPort,
  Outcome,
  Guest,
  RootRequest,
  TimerHandle,
} from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { DefinitionRecord } from '../../definition/identity.ts'
import { Admissions, type Admitted } from './admissions.ts'
import { Agenda } from './agenda.ts'
import { Asides } from './asides.ts'
import type { Replay } from './replay.ts'
import type { Scope } from '../environment/scope.ts'
import type { Run } from '../run/run.ts'
import { attemptSettlement, settlement } from './settled.ts'
import { replayOf, startOf, timeOf, type EarlierSession } from './start.ts'
import { vouchFor } from '../charts/tell.ts'
import { underWayAt, underWayFrom, type UnderWay } from '../state/joint.ts'
import { chance } from './chance.ts'
import type { SessionAt, SessionRecord } from '../state/root-at.ts'

/** What the runtime runs for an effect; see perform.ts. */
export type Execute = (effect: Effect, control: EffectControl) => unknown

const NONE: ReadonlySet<Effect> = new Set()

/** The joint of one root and its host. */
export class Session extends Agenda {
  /** The root's own address. */
  readonly path: string
  readonly runId: string
  /** Live actors by address. */
  readonly actors = new Map<string, ActorRef>()
  /** Runs by address. */
  readonly runs = new Map<string, Run>()
  /** Settlements that nobody waited for any more. */
  lateReplies = 0
  /** The time of the entry that is being handled. */
  time: number
  private readonly port: HostPort
  private readonly seed: number
  readonly definition: () => DefinitionRecord
  /** Runs inside of steps that have ended while an operation of theirs that was given up on may still succeed, by address. */
  readonly endedRuns = new Map<string, Run>()
  /** Effects that somebody waits for, in the order in which they were asked for. */
  private readonly awaited = new Set<Effect>()
  /** Those of them that were told to stop. */
  private readonly aborted = new Set<Effect>()
  private readonly timers = new Map<TimerHandle, RunningTimer>()
  /** Those that nobody waits for any more, as long as their end was not heard of. */
  private readonly abandoned = new WeakSet<Effect>()
  /** Effects that were under way when an earlier life of the root ended. */
  private interrupted: ReadonlySet<Effect> = NONE
  private replay: Replay | null
  /** What comes in while an earlier life is taken up. */
  private readonly held: (() => void)[] = []
  private readonly asides: Asides
  /** Prepares what an earlier life had, once its journal is replayed, and says how that went. */
  preparation: Pick<Scope, 'initialiseAgain'> | null = null
  private published = 0
  /** Since the run began, those of its earlier lives, too. */
  private entries: number
  private readonly admissions = new Admissions()
  /** What was under way when an earlier life was captured; `null` where there is none. */
  readonly revived: UnderWay | null

  /**
   * @param definition The record of what is run: asked for only where a journal is read or kept, or a state is captured.
   * @param at Where an earlier life was.
   * @throws RUN_NOT_RESUMABLE
   */
  constructor(
    self: ActorRef,
    host: Host,
    execute: Execute,
    request: RootRequest,
    definition: () => DefinitionRecord,
    at: EarlierSession | null = null,
  ) {
    super()
    const guest: Guest = {
      execute,
      settle: (effect, outcome) => this.settle(effect, outcome),
      deliver: (to, event, timer) => this.deliver(to, event, timer),
    }
    this.port = host.open({ ...request, revives: at !== null, since: at?.record.time ?? 0 }, guest)
    this.runId = request.runId
    this.path = `run/${this.runId}`
    this.asides = new Asides(this.port)
    this.definition = definition
    const [replay, entries] = replayOf(this.runId, this.path, this.port, definition, at)
    this.replay = replay
    this.entries = entries
    const earlier = this.replay?.life
    this.seed = earlier?.seed ?? this.port.seed
    this.time = timeOf(at?.record, earlier, this.port.now())
    const isNew = this.port.journal.length === 0
    if (this.port.keepsJournal !== false && isNew)
      this.write({ at: this.time, to: this.path, event: startOf(this.seed, definition(), at) })
    if (at && isNew) this.entries = at.record.entries
    if (this.replay) this.port.defer(() => this.replayAll())
    this.actors.set(this.path, self)
    this.revived = at && this.revive(at.future, at.record)
  }

  /** What was under way in an earlier life is noted, as a replay would note it. */
  private revive(at: SessionAt, { published, lateReplies }: SessionRecord): UnderWay {
    const underWay = underWayFrom(at, this.time)
    this.published = published
    this.lateReplies = lateReplies
    for (const timer of underWay.timers) this.replay!.startTimer(timer)
    for (const { effect, isAborted } of underWay.effects) {
      this.perform(effect)
      if (isAborted) this.abort(effect)
    }
    for (const each of at.admitted) {
      this.admissions.revive(each)
      this.letIn(each)
    }
    return underWay
  }

  /** What is under way, and the host's time. */
  get underWay(): UnderWay {
    const effects = Array.from(this.awaited, (effect) => ({ effect, isAborted: this.aborted.has(effect) }))
    return { now: this.port.now(), timers: [...this.timers.values()], effects }
  }

  /** Where it is, to be asked while the root is at rest and no earlier life is being taken up. */
  get at(): SessionAt {
    return { seed: this.seed, ...underWayAt(this.underWay), admitted: this.admitted }
  }

  /** Events from outside on their way. */
  get admitted(): readonly Admitted[] {
    return this.admissions.all
  }

  /** What is to be read of what has happened. */
  get record(): SessionRecord {
    const { nextAt: time, published, lateReplies, entries } = this
    return { time, published, lateReplies, entries }
  }

  /** Whether an earlier life is being taken up. */
  get isReplaying(): boolean {
    return this.replay !== null
  }

  /** A chance from [0, 1), the same for the same key in every life of the run. */
  random(key: string): number {
    return chance(this.seed, key)
  }

  /** The host's time, for what leaves no trace in the run's states. */
  get now(): number {
    return this.port.now()
  }

  /** The next event's number on the bus. */
  nextEventId(): string {
    return `${this.runId}#${++this.published}`
  }

  perform(effect: Effect): void {
    this.awaited.add(effect)
    if (this.replay) this.replay.perform(effect)
    else this.port.perform(effect)
  }

  abort(effect: Effect): void {
    if (this.awaited.has(effect)) this.aborted.add(effect)
    if (this.replay) this.replay.abort(effect)
    else this.port.abort(effect)
  }

  abandon(effect: Effect): void {
    if (this.awaited.delete(effect)) this.abandoned.add(effect)
    this.aborted.delete(effect)
    if (this.replay) this.replay.abandon(effect)
    else this.port.abandon(effect)
  }

  /**
   * Performs an effect that is no part of the run's history, before it goes on.
   * @param ended Told once how it ended, or that it did not within its limit.
   */
  performAside(effect: Effect, limitMs: number, ended: (outcome: Outcome) => void): void {
    this.asides.perform(effect, { type: 'module.timedOut' }, limitMs, ended)
  }

  /** Performs effects one after the other, though their actors are gone. */
  performDetached(effects: readonly Effect[]): void {
    this.port.performDetached(effects)
  }

  startTimer(to: string, event: InboundEvent, delayMs: number): RunningTimer {
    const { replay } = this
    const timer: RunningTimer = {
      to,
      event,
      delayMs,
      due: (replay ? this.time : this.port.now()) + delayMs,
      handle: null,
    }
    if (replay) replay.startTimer(timer)
    else this.begin(timer, delayMs)
    return timer
  }

  cancelTimer(timer: RunningTimer): void {
    this.replay?.cancelTimer(timer)
    if (timer.handle === null) return
    this.timers.delete(timer.handle)
    this.port.cancelTimer(timer.handle)
  }

  private begin(timer: RunningTimer, delayMs: number): void {
    timer.handle = this.port.startTimer(timer.to, timer.event, delayMs)
    this.timers.set(timer.handle, timer)
  }

  /** A replay says nothing: the earlier life has said it. */
  log(path: string, message: unknown, data: unknown): void {
    if (!this.replay) this.port.log(path, typeof message === 'string' ? message : shown(message), data)
  }

  /** Sends an actor what comes through the journal, or from nowhere. */
  private send(to: ActorRef, event: Message): void {
    vouchFor(to, event)
    to.send(event)
  }

  /** Lets an event from outside in, as an entry, once the tree is quiet. */
  admit(to: string, event: InboundEvent): void {
    const admitted = { to, event }
    this.admissions.add(admitted)
    this.port.defer(() => this.letIn(admitted))
  }

  private letIn(admitted: Admitted): void {
    if (this.replay) this.held.push(() => this.letIn(admitted))
    else if (this.admissions.take(admitted)) this.deliver(admitted.to, { ...admitted.event })
  }

  /** Lets an event from outside in: at once where the tree is quiet, so that it keeps its place before what follows. */
  enter(to: string, event: InboundEvent): void {
    if (this.isQuiet) this.deliver(to, event)
    else this.admit(to, event)
  }

  /** The one way in. What nobody waits for any more is counted and forgotten. */
  deliver(to: string, event: InboundEvent, timer?: TimerHandle): void {
    if (this.closed) return
    if (timer && this.asides.settle(timer, null)) return
    if (this.replay) {
      this.held.push(() => this.deliver(to, event, timer))
      return
    }
    if (timer) this.timers.delete(timer)
    if (!this.actors.has(to)) {
      this.lateReplies++
      return
    }
    const entry: Entry = { at: this.nextAt, to, event }
    this.write(entry)
    this.handle(entry)
  }

  /** Ends the root: effects are aborted, timers forgotten, nothing gets in any more. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.port.close()
    this.actors.clear()
  }

  /** The same for an orderly end. @throws RUN_NOT_RESUMABLE where its journal says that it had not ended */
  finish(): void {
    if (this.replay?.isOver === false) this.replay.refuse()
    this.close()
  }

  /** The time of an entry that is made now. */
  private get nextAt(): number {
    return Math.max(this.port.now(), this.time)
  }

  private write(entry: Entry): void {
    this.entries++
    this.port.record(entry)
  }

  private handle(entry: Entry): void {
    this.time = entry.at
    const actor = this.actors.get(entry.to)
    if (actor === undefined)
      throw new SagachartError('INTERNAL', `The journal names ${entry.to}, which is not there`)
    this.handling = true
    try {
      this.send(actor, entry.event)
    } finally {
      this.handling = false
    }
    this.settleDown()
  }

  /** What was under way when the journal ended is performed again; what it records as ended is not. */
  private replayAll(): void {
    const { replay } = this
    if (!replay || this.closed) return
    const places = {
      hasActor: (path: string) => this.actors.has(path),
      stepsOf: (path: string) => this.runAt(path)?.workflow.steps,
    }
    try {
      while (!replay.isOver) {
        const entry = replay.next(places)
        this.admissions.strikeOut(entry)
        this.handle(entry)
        if (this.closed) return
      }
    } catch (error) {
      this.fail(error)
      return
    }
    const goOn = (error: unknown) => {
      if (this.closed) return
      this.replay = null
      if (error !== null) {
        this.fail(error)
        return
      }
      const { effects } = replay
      this.interrupted = new Set(effects)
      for (const known of [this.awaited, this.aborted])
        for (const effect of known) if (!this.interrupted.has(effect)) known.delete(effect)
      replay.resume(this.port, (timer, delayMs) => this.begin(timer, delayMs))
      for (const deliver of this.held.splice(0)) deliver()
    }
    if (this.preparation) this.preparation.initialiseAgain(goOn)
    else goOn(null)
  }

  /** A fault of ours, or a journal that is not this root's: the root ends with the error. */
  protected fail(error: unknown): void {
    const root = this.actors.get(this.path)
    if (root) this.send(root, { type: 'root.failed', error })
  }

  /** The first reply counts: a later actor may have the same address, and this effect is not that actor's. */
  private settle(effect: Effect, outcome: Outcome): void {
    if (this.asides.settle(effect, outcome)) return
    this.aborted.delete(effect)
    if (!this.awaited.delete(effect)) {
      this.lateReplies++
      if (this.abandoned.delete(effect)) this.settleLate(effect, outcome)
      return
    }
    this.deliver(effect.to, settlement(effect, outcome, this.nextAt, this.interrupted.has(effect)))
  }

  /** An operation that was given up on changes no outcome, but its effect is known from now on. */
  private settleLate(effect: Effect, outcome: Outcome): void {
    if (effect.kind !== 'attempt' || (effect.target !== 'operation' && effect.target !== 'fallback')) return
    const settled = attemptSettlement(effect.attempt, outcome, this.nextAt)
    if (settled.type === 'attempt.failed' && settled.failure.effect !== 'done') return
    const { run, index, target } = effect
    // A run that is forgotten undoes nothing more, so nothing hangs on what its steps have done.
    const step = this.runAt(run)?.stepAt(index).name
    const output = settled.type === 'attempt.succeeded' ? { value: settled.output } : null
    if (step !== undefined) this.deliver(this.path, { type: 'effect.heard', run, step, target, output })
  }

  /** What an operation that was given up on has done after all. */
  hear({ run: path, step, target, output }: EffectHeard): void {
    const run = this.runAt(path)
    const index = run?.plan.indexOf.get(step)
    if (run && index !== undefined)
      recordEffect(run.effects, index, target, run.reversal.isTooLate ? 'late' : 'done', output)
  }

  /** The run at an address: one that is under way, or has ended and may still hear of its effects. */
  runAt(path: string): Run | undefined {
    return this.runs.get(path) ?? this.endedRuns.get(path)
  }
}
