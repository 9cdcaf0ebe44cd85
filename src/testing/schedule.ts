// One schedule: a root is started in a world, choices are taken one after the other until it has ended, and every rule
// watches. Not here: who chooses, and what is made of many schedules.
import { statusOf } from '../kernel/graph.ts'
import { createActor, type AnyActorRef } from 'xstate'
import { SagachartError } from '../errors.ts'
import { isInstance, messageOf } from '../foreign.ts'
import type { Effect, Entry, Outcome } from '../runtime/port/host.ts'
import type { Root } from '../runtime/charts/root.ts'
import type { Run } from '../runtime/run/run.ts'
import { rootOf, seatOf } from '../runtime/charts/seat.ts'
import { Answers } from './answers.ts'
import type { Subject } from './changing-host.ts'
import type { Checker, View } from './checkers/checker.ts'
import { labelOf, type Choice, type Decide, type FaultKind } from './choice.ts'
import { asWritten, differenceOf, fingerprint, outcomes } from './fingerprint.ts'
import { carryOut, type Note } from './deeds.ts'
import type { History, Moment } from './history.ts'
import type { UserInvariant } from './invariant.ts'
import { offersOf, shortOf, stepOf } from './offers.ts'
import type { Broken, Played, Setting } from './setting.ts'
import { Tracker } from './tracker.ts'
import { World, type Pending, type Witness } from './world.ts'

/** Plays one schedule. */
export function playSchedule(subject: Subject, setting: Setting, decide: Decide): Played {
  return new Playing(subject, setting, decide).play()
}

/** How often the same thing is asked and may go either way: a loop that no stub ends must end. */
const ASSUMED_MAX = 4

const NO_FAULTS: ReadonlySet<FaultKind> = new Set()

/** A schedule that is being played. */
export class Playing implements Witness {
  readonly world: World
  readonly taken: Choice[] = []
  readonly tracker = new Tracker()
  private readonly subject: Subject
  private readonly setting: Setting
  private readonly decide: Decide
  private readonly answers: Answers
  private readonly moments: Moment[] = []
  private checkers: readonly Checker[]
  private actor: AnyActorRef | null = null
  private broken: Broken | null = null
  private faults: FaultKind[] = []
  private crashedAt = 1
  private isCancelled = false
  /** Nobody watches any more. */
  private isOut = false
  private readonly signalled = new Map<string, number>()
  /** How often something was asked in this life; what was said, in all of them. */
  private readonly asked = new Map<string, number>()
  private readonly assumed = new Map<string, unknown>()

  constructor(subject: Subject, setting: Setting, decide: Decide) {
    this.subject = subject
    this.setting = setting
    this.decide = decide
    this.answers = new Answers(setting.outputOf, setting.isReal)
    this.world = new World(setting.seed, this)
    this.checkers = this.newCheckers()
  }

  /** The root of the life that goes on. */
  get root(): Root | undefined {
    return this.actor === null ? undefined : rootOf(this.actor)
  }

  /** What decides what can happen next and what rules see at the end, and is no part of the root. */
  get moreState(): string {
    const { world, crashedAt, isCancelled, signalled } = this
    const flags = [world.journal.length > crashedAt, isCancelled, [...signalled]]
    return `${JSON.stringify(flags)}${this.tracker.past}`
  }

  /** A number for where all steps are. */
  get digest(): number {
    return this.tracker.digest
  }

  /** The moments so far. */
  get past(): History {
    return this.moments
  }

  play(): Played {
    const { setting, taken } = this
    this.start({ runId: 'explored', inputs: this.subject.inputs })
    let isWhole = true
    while (this.broken === null && !this.isOver) {
      const offers = this.offers()
      if (offers.length === 0 || taken.length >= setting.eventsMax) {
        this.breakRule(
          'reaches-an-end',
          offers.length === 0 ? this.whatIsStuck() : `it has not ended after ${setting.eventsMax} events`,
        )
        break
      }
      const chosen = this.decide(offers)
      if (chosen === null) {
        isWhole = false
        break
      }
      this.take(offers[chosen]!)
    }
    if (this.broken === null && isWhole) this.end()
    const { broken, faults, moments } = this
    this.isOut = true
    this.actor?.stop()
    return {
      broken,
      status: this.statusOf(),
      // Named only when someone asks: of most schedules nobody does.
      get schedule() {
        return taken.map(labelOf)
      },
      faults,
      history: moments,
      isWhole,
    }
  }

  /** What can happen next. */
  offers(): Choice[] {
    const { world, root, answers, crashedAt, isCancelled, signalled, setting, faults } = this
    const kinds = faults.length < setting.faultsMax ? setting.kinds : NO_FAULTS
    return offersOf({ world, root: root!, answers, kinds, crashedAt, isCancelled, signalled })
  }

  // ---- what the world tells -----------------------------------------------------------------------------

  performed(effect: Effect): void {
    if (this.isOut) return
    if (effect.kind === 'attempt') this.note('attempt.started', stepOf(effect), effect)
    else if (effect.kind === 'init' || effect.kind === 'cleanup')
      this.note('module.started', effect.module, null, effect.kind)
    for (const checker of this.checkers) checker.performed?.(effect)
  }

  recorded(entry: Entry): void {
    for (const checker of this.checkers) checker.recorded?.(entry)
  }

  settled(pending: Pending, outcome: Outcome): void {
    for (const checker of this.checkers) checker.settled?.(pending, outcome)
  }

  // -------------------------------------------------------------------------------------------------------

  private start(from: object, isResumed = false): void {
    const { subject, setting } = this
    subject.host.world = this.world
    subject.host.assume = (address, ways) => this.assume(address, ways)
    this.asked.clear()
    const options = isResumed
      ? { snapshot: { status: 'active', ...from } as never }
      : { input: from as never }
    const inspect = setting.inspect === null ? {} : { inspect: setting.inspect }
    const actor = createActor(subject.logic, { ...options, ...inspect })
    actor.subscribe({ error: () => {} })
    this.actor = actor
    actor.start()
    const { error } = actor.getSnapshot() as { error?: unknown }
    if (isInstance(error, SagachartError) && error.code === 'INPUT_INVALID') throw error
    if (!isResumed) this.look()
  }

  private get isOver(): boolean {
    return this.actor!.getSnapshot().status !== 'active'
  }

  /** Decides what no stub decides, in the midst of things. A later life is told the same. */
  private assume(address: string, ways: readonly unknown[]): unknown {
    const times = (this.asked.get(address) ?? 0) + 1
    this.asked.set(address, times)
    const key = `${address}#${times}`
    if (this.assumed.has(key)) return this.assumed.get(key)
    const offers = ways.slice(0, times > ASSUMED_MAX ? 1 : undefined).map((way): Choice => ({
      act: 'assume',
      subject: address,
      detail: JSON.stringify(way),
      fault: null,
      target: way,
    }))
    const chosen = offers.length === 1 || this.isOut ? 0 : (this.decide(offers) ?? 0)
    const choice = offers[chosen]!
    if (offers.length > 1) this.taken.push(choice)
    this.assumed.set(key, choice.target)
    return choice.target
  }

  private take(choice: Choice): void {
    this.taken.push(choice)
    if (choice.fault !== null) this.faults.push(choice.fault)
    const { act } = choice
    // A late success tells something of its effect; a second reply tells nothing.
    const look =
      act === 'echo'
        ? () => this.fingerprintWithout(choice.target as Pending)
        : act === 'speakLate'
          ? () => outcomes(this.root!)
          : () => ''
    const before = look()
    this.attempted(() => this.happen(choice))
    if (this.broken !== null) return
    if (look() !== before)
      this.breakRule(
        'late-replies-change-nothing',
        `the reply of ${choice.subject} came late, and was not ignored`,
      )
    this.look()
  }

  private happen(choice: Choice): void {
    const { world, root, answers, note } = this
    const { act, subject, target, fault } = choice
    if (act === 'crash' || act === 'loseTail') {
      this.crash(target as number, fault)
      return
    }
    if (act === 'cancel') this.isCancelled = true
    else if (act === 'signal') this.signalled.set(subject, (this.signalled.get(subject) ?? 0) + 1)
    carryOut(choice, { world, root: root!, answers, note })
  }

  private fingerprintWithout(pending: Pending | null): string {
    const { life } = this.world
    const at = pending === null ? -1 : life!.pending.indexOf(pending)
    if (at >= 0) life!.pending.splice(at, 1)
    const text = this.root ? fingerprint(this.world, this.root) : ''
    if (at >= 0) life!.pending.splice(at, 0, pending!)
    return text
  }

  /**
   * The process dies. A new one goes on from the state that the run was captured in, or replays its journal into fresh actors: by
   * turns, for both must come to what was there. Where entries are lost, only the journal is left.
   */
  private crash(entriesLost: number, fault: FaultKind | null): void {
    const { world, taken } = this
    const isRevived = entriesLost === 0 && taken.length % 2 === 0
    const from = isRevived ? asWritten(this.actor!) : { runId: 'explored', inputs: this.subject.inputs }
    const before = this.withoutEchoes()
    const loss = entriesLost === 0 ? '' : `${entriesLost} entries of the journal are lost`
    this.note('process.crashed', '', null, loss, fault)
    const { actor } = this
    world.crash(entriesLost)
    this.actor = null
    this.checkers = this.newCheckers()
    for (const entry of world.journal) for (const checker of this.checkers) checker.recorded?.(entry)
    seatOf(actor!.getSnapshot())!.root = null
    this.attempted(() => {
      this.start(from, true)
      while (this.root?.session.isReplaying && world.life?.hasDeferred) world.life.runDeferred()
    })
    this.crashedAt = world.journal.length
    const { status, error } = this.actor!.getSnapshot() as { status: string; error?: unknown }
    if (status === 'error') this.breakRule('crash-changes-nothing', messageOf(error))
    const { root } = this
    if (this.isOver || !root) {
      this.tracker.begin(root?.session.runs ?? new Map())
      return
    }
    this.tracker.begin(root.session.runs)
    for (const checker of this.checkers) checker.resumed?.()
    if (entriesLost > 0 || this.broken !== null) return
    const after = fingerprint(world, root, true)
    if (after !== before) this.breakRule('crash-changes-nothing', differenceOf(before, after))
  }

  /** A process that is dead says nothing twice, and what was given up is forgotten. */
  private withoutEchoes(): string {
    const { life } = this.world
    const kept = life!.pending.filter(({ echo, isAbandoned }) => echo === null && !isAbandoned)
    life!.pending.splice(0, Infinity, ...kept)
    return fingerprint(this.world, this.root!, true)
  }

  /** Lets every rule look at what the last event came to. */
  private look(): void {
    const { root } = this
    if (root) this.guarded(() => this.lookAt(root))
  }

  private lookAt(root: Root): void {
    this.tracker.look(root.session.runs, (run, index, was) => {
      this.noteStep(run, index)
      for (const checker of this.checkers) checker.changed?.(run, index, was)
    })
    for (const checker of this.checkers) checker.moved?.()
    for (const invariant of this.setting.invariants) if (invariant.when === 'always') this.ask(invariant)
  }

  private noteStep(run: Run, index: number): void {
    const status = statusOf(run.graph, index)
    if (status === null) return
    const isUndone = status === 'compensated' || status === 'compensation_failed'
    this.note(isUndone ? 'step.undone' : 'step.ended', run.addressOf(index), null, status)
  }

  private end(): void {
    const status = this.statusOf()
    const snapshot = this.actor!.getSnapshot() as {
      status: string
      error?: unknown
      output?: { leasesOpen: number }
    }
    if (snapshot.status === 'error') {
      const { error } = snapshot
      this.breakRule('no-internal-error', messageOf(error))
      return
    }
    this.note('run.ended', '', null, status ?? '')
    this.guarded(() => {
      for (const checker of this.checkers) checker.ended?.(this.tracker.runs)
    })
    for (const invariant of this.setting.invariants)
      if (invariant.when === 'atEnd' || invariant.when === status) this.ask(invariant)
  }

  /** Whatever the engine throws is a fault of its own. */
  private attempted(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (isInstance(error, SagachartError) && error.code === 'SCHEDULE_INVALID') throw error
      this.breakRule('no-internal-error', messageOf(error))
    }
  }

  /** Breaking a rule throws, to end whatever the engine was about; here there is nothing to end. */
  private guarded(look: () => void): void {
    try {
      look()
    } catch (error) {
      if (this.broken === null) throw error
    }
  }

  private ask({ name, holds }: UserInvariant): void {
    try {
      const held = holds(this.moments)
      if (held === false) this.breakRule(name, 'it does not hold')
      else if (typeof held === 'string') this.breakRule(name, held)
    } catch (error) {
      this.breakRule(name, messageOf(error))
    }
  }

  /** What checkers look at: whatever life goes on. */
  private get view(): View {
    const root = () => this.root!
    return {
      world: this.world,
      history: this.moments,
      get root() {
        return root()
      },
    }
  }

  private newCheckers(): readonly Checker[] {
    const { view } = this
    return this.setting.rules.map((rule) =>
      rule.watch(view, (message) => {
        this.breakRule(rule.name, message)
        throw new SagachartError('INTERNAL', message)
      }),
    )
  }

  /** The first rule that is broken counts: what comes after may be its consequence. */
  private breakRule(rule: string, message: string): void {
    this.broken ??= { rule, message }
  }

  private statusOf(): string | null {
    const { output } = (this.actor?.getSnapshot() ?? {}) as { output?: { status?: string } }
    return output?.status ?? null
  }

  private whatIsStuck(): string {
    const open = [...(this.root?.session.actors.keys() ?? [])].map(shortOf).filter((name) => name !== '')
    return `nothing can happen any more, and the run has not ended; there are still ${open.slice(0, 5).join(', ') || 'no other actors'}`
  }

  private readonly note: Note = (kind, step, attempt = null, detail = '', fault = null) => {
    const { attempt: number = 0, target = null } = attempt ?? {}
    this.moments.push({ at: this.world.time, kind, step, attempt: number, target, detail, fault })
  }
}
