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
import { readJournal } from './codec.ts'
import { Replay } from './replay.ts'
import type { Run } from '../run/run.ts'
import { attemptSettlement, settlement } from './settled.ts'
import { vouchFor } from '../charts/tell.ts'
import { raw } from '../../kernel/plain.ts'
import type { SessionAt, SessionRecord } from '../state/root-at.ts'

/** What has to be there again before an earlier life goes on. */
interface Preparation {
  initialiseAgain(ended: (error: unknown) => void): void
}

/** What is under way in a root: its timers and what is performed for it, in the order in which they began. */
export interface UnderWay {
  readonly now: number
  readonly timers: readonly RunningTimer[]
  readonly effects: readonly { readonly effect: Effect; readonly isAborted: boolean }[]
}

/** What was under way in an earlier life, and the time at which it goes on. */
export interface Revived {
  readonly now: number
  readonly timers: readonly RunningTimer[]
  readonly effects: readonly Effect[]
}

/** What the runtime runs for an effect; see perform.ts. */
export type Execute = (effect: Effect, control: EffectControl) => unknown

const NONE: ReadonlySet<Effect> = new Set()

/** The joint of one root and its host. */
export class Session {
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
  /** Runs inside of steps that have ended while an operation of theirs that was given up on may still succeed, by address. */
  readonly endedRuns = new Map<string, Run>()
  /** Effects that somebody waits for, in the order in which they were asked for. */
  private readonly awaited = new Set<Effect>()
  /** Those of them that were told to stop. */
  private readonly aborted = new Set<Effect>()
  /** In the order in which they were started. */
  private readonly timers = new Map<TimerHandle, RunningTimer>()
  /** Those that nobody waits for any more, as long as their end was not heard of. */
  private readonly abandoned = new WeakSet<Effect>()
  /** Effects that were under way when an earlier life of the root ended. */
  private interrupted: ReadonlySet<Effect> = NONE
  private replay: Replay | null
  /** What comes in while an earlier life is taken up. */
  private readonly held: (() => void)[] = []
  /** Effects that are no part of the history, and the timers that limit them. */
  private readonly aside = new Map<Effect | TimerHandle, (outcome: Outcome) => void>()
  /** Prepares what an earlier life had, once its journal is replayed, and says how that went. */
  preparation: Preparation | null = null
  private published = 0
  /** In the host's journal. */
  private entries = 0
  /** Events from outside on their way. */
  private readonly admitted = new Set<{ readonly to: string; readonly event: InboundEvent }>()
  /** What was under way when an earlier life was captured; `null` where there is none. */
  readonly revived: Revived | null
  /** What the charts asked for and nobody has done yet, in order: each a function and its two arguments. */
  private effects: unknown[] = []
  /** What is done after all that, and what is done last of all. */
  private readonly resting: (() => void)[] = []
  private readonly last: (() => void)[] = []
  /** What is told to the outside after all that. */
  private readonly outside: (() => void)[] = []
  private settling = false
  private handling = false
  private closed = false

  /**
   * @param at Where an earlier life was.
   * @throws RUN_NOT_RESUMABLE
   */
  constructor(
    self: ActorRef,
    host: Host,
    execute: Execute,
    request: RootRequest,
    at: { readonly future: SessionAt; readonly record: SessionRecord } | null = null,
  ) {
    const guest: Guest = {
      execute,
      settle: (effect, outcome) => this.settle(effect, outcome),
      deliver: (to, event, timer) => this.deliver(to, event, timer),
    }
    this.port = host.open({ ...request, revives: at !== null }, guest)
    this.runId = request.runId
    this.path = `run/${this.runId}`
    const earlier = this.earlierLife(at !== null)
    const entries = at ? earlier?.entries.slice(at.record.entries - 1) : earlier?.entries
    this.seed = at?.future.seed ?? earlier?.seed ?? this.port.seed
    this.time = startOf(at?.record, entries, earlier?.startedAt, this.port.now())
    this.entries = this.port.journal.length
    if (!earlier)
      this.write({
        at: this.time,
        to: this.path,
        event: { type: 'run.started', seed: this.seed, ...(at && { revived: true }) },
      })
    this.replay = at || earlier ? new Replay() : null
    if (this.replay) this.port.defer(() => this.replayAll(entries ?? []))
    this.actors.set(this.path, self)
    this.revived = at && this.revive(at.future, at.record)
  }

  /** What was under way in an earlier life is noted, as a replay would note it. */
  private revive(
    { timers, effects, admitted }: SessionAt,
    { published, lateReplies }: SessionRecord,
  ): Revived {
    const { time: now } = this
    this.published = published
    this.lateReplies = lateReplies
    const running = timers.map(({ to, event, delayMs, left }): RunningTimer => ({
      ...{ to, event, delayMs },
      due: now + left,
      handle: null,
    }))
    for (const timer of running) this.replay!.startTimer(timer)
    for (const { effect, isAborted } of effects) {
      this.perform(effect)
      if (isAborted) this.abort(effect)
    }
    for (const { to, event } of admitted) this.held.push(() => this.deliver(to, event))
    return { now, timers: running, effects: effects.map(({ effect }) => effect) }
  }

  /** What is under way, and the host's time. */
  get underWay(): UnderWay {
    const effects = Array.from(this.awaited, (effect) => ({ effect, isAborted: this.aborted.has(effect) }))
    return { now: this.port.now(), timers: [...this.timers.values()], effects }
  }

  /** Where it is, to be asked while the root is at rest and no earlier life is being taken up. */
  capture(): { readonly at: SessionAt; readonly record: SessionRecord } {
    const { seed, time, published, lateReplies, entries, admitted } = this
    const { now, timers, effects } = this.underWay
    return {
      at: {
        seed,
        timers: timers.map(({ to, event, delayMs, due }) => ({
          ...{ to, event: raw(event) as InboundEvent, delayMs },
          left: due - now,
        })),
        effects: effects.map(({ effect, isAborted }) => ({ effect: raw(effect) as Effect, isAborted })),
        admitted: [...admitted],
      },
      record: { time, published, lateReplies, entries },
    }
  }

  /** Whether an earlier life is being taken up. */
  get isReplaying(): boolean {
    return this.replay !== null
  }

  private earlierLife(isRevived: boolean): ReturnType<typeof readJournal> {
    try {
      const life = readJournal(this.runId, this.path, this.port.journal)
      if (life?.isTail && !isRevived) throw tailAlone(this.runId)
      return life
    } catch (error) {
      this.port.close()
      throw error
    }
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
    const { to } = effect
    const timer = this.port.startTimer(to, { type: 'module.timedOut' }, limitMs)
    const settle = (outcome: Outcome) => {
      this.aside.delete(effect)
      this.aside.delete(timer)
      this.port.cancelTimer(timer)
      ended(outcome)
    }
    this.aside.set(effect, settle)
    this.aside.set(timer, () => {
      this.port.abort(effect)
      this.port.abandon(effect)
      settle({ status: 'failed', error: new Error(`it did not end within ${limitMs} ms`) })
    })
    this.port.perform(effect)
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

  /**
   * Does something once the chart that asks for it has come to rest. All that charts ask for is done so, in order:
   * no chart is ever entered while another one is in the middle of a transition. Target and detail are handed over as
   * they are, for a closure an effect is what a step can least afford.
   */
  later<TTarget, TDetail>(
    effect: (target: TTarget, detail: TDetail) => void,
    target: TTarget,
    detail: TDetail,
  ): void {
    this.effects.push(effect, target, detail)
  }

  /** Does something once nothing else is left to be done, so that it finds all that begins at the same time. */
  atRest(effect: () => void): void {
    this.resting.push(effect)
  }

  /** Does something once all is done that rests, too. */
  atLast(effect: () => void): void {
    this.last.push(effect)
  }

  /** Does what the charts asked for, until they ask for nothing more. A fault of ours ends the root. */
  settleDown(): void {
    if (this.settling) return
    this.settling = true
    try {
      const { effects } = this
      for (let next = 0; !this.closed; next += 3) {
        if (next === effects.length) {
          const rest = this.resting.shift() ?? this.last.shift()
          if (!rest) break
          this.later(rest, undefined, undefined)
        }
        const effect = effects[next] as (target: unknown, detail: unknown) => void
        effect(effects[next + 1], effects[next + 2])
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.effects = []
      this.settling = false
    }
    this.tellOutside()
  }

  /** Tells something to whoever watches from outside once the tree is quiet: then the run is what it is. */
  atQuiet(tell: () => void): void {
    if (this.isQuiet) tell()
    else this.outside.push(tell)
  }

  private tellOutside(): void {
    if (!this.isQuiet) return
    for (let tell = this.outside.shift(); tell; tell = this.outside.shift()) tell()
  }

  /** Sends an actor what comes through the journal, or from nowhere. */
  private send(to: ActorRef, event: Message): void {
    vouchFor(to, event)
    to.send(event)
  }

  /** Lets an event from outside in, as an entry, once the tree is quiet. */
  admit(to: string, event: InboundEvent): void {
    const admitted = { to, event }
    this.admitted.add(admitted)
    this.port.defer(() => {
      this.admitted.delete(admitted)
      this.deliver(to, { ...event })
    })
  }

  /** Whether nothing is under way in the tree: no entry, and nothing that charts asked for. */
  get isQuiet(): boolean {
    return !this.handling && !this.settling
  }

  /** Lets an event from outside in: at once where the tree is quiet, so that it keeps its place before what follows. */
  enter(to: string, event: InboundEvent): void {
    if (this.isQuiet) this.deliver(to, event)
    else this.admit(to, event)
  }

  /** The one way in. What nobody waits for any more is counted and forgotten. */
  deliver(to: string, event: InboundEvent, timer?: TimerHandle): void {
    if (this.closed) return
    const aside = timer && this.aside.get(timer)
    if (aside) {
      aside({ status: 'failed', error: null })
      return
    }
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
  private replayAll(entries: readonly Entry[]): void {
    const { replay } = this
    if (!replay || this.closed) return
    try {
      for (const entry of entries) {
        replay.pass(entry)
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
  private fail(error: unknown): void {
    const root = this.actors.get(this.path)
    if (root) this.send(root, { type: 'root.failed', error })
  }

  /** The first reply counts: a later actor may have the same address, and this effect is not that actor's. */
  private settle(effect: Effect, outcome: Outcome): void {
    const aside = this.aside.get(effect)
    if (aside) {
      aside(outcome)
      return
    }
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

/** When it goes on: where entries follow that a captured state does not have, then; else now. */
function startOf(
  record: SessionRecord | undefined,
  entries: readonly Entry[] = [],
  startedAt: number | undefined,
  now: number,
): number {
  if (!record) return startedAt ?? now
  return entries.length > 0 ? record.time : Math.max(record.time, now)
}

const tailAlone = (runId: string) =>
  new SagachartError(
    'RUN_NOT_RESUMABLE',
    `Run ${runId} cannot be resumed: its journal begins where a captured state left off; give the snapshot, too`,
  )

/**
 * A chance from [0, 1), always the same for a seed and a key. FNV-1a over the key, then a finaliser (murmur3's), so that
 * near keys give far values.
 */
export function chance(seed: number, key: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
