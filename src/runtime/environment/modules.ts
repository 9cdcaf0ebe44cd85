// The modules of one root, each an actor below it, and the functions of their life cycles that are under way or were called: one
// at a time a module. Not here: the order, which kernel/module-order.ts decides, and the life cycle, which the module's chart does.
import type { Failure } from '../../../machines/protocol.ts'
import { INIT_TIMEOUT_MS, type ModuleInput } from '../../../machines/module.ts'
import type { Module } from '../../definition/model.ts'
import { SagachartError } from '../../errors.ts'
import { messageOf } from '../../foreign.ts'
import {
  newModuleOrder,
  prepareModules,
  releaseModules,
  settleCleanUp,
  settleModule,
  type ModuleReport,
  type ModuleStep,
} from '../../kernel/module-order.ts'
import { actorBelow, type ActorRef, type Begin } from '../charts/actors.ts'
import { ownedBy, type Owner } from '../charts/compiled.ts'
import { moduleChart } from '../charts/module.ts'
import { tell } from '../charts/tell.ts'
import type { Session } from '../journal/session.ts'
import type { Effect } from '../port/host.ts'
import { checkForm } from '../state/form.ts'
import { chartOf, type Capturing, type Reviving } from '../state/notes.ts'
import type { ModulesAt } from '../state/root-at.ts'
import { ActorTimers } from './actor-timers.ts'
import type { Surroundings } from './surroundings.ts'

const notInitialised = (name: string, cause: unknown) =>
  new SagachartError(
    'MODULE_INIT_FAILED',
    `The run cannot go on: the module "${name}" could not be initialised again: ${messageOf(cause)}; resume the run once it can`,
    { cause },
  )

type ModuleActor = ReturnType<typeof actorBelow<typeof moduleChart>>

/** Modules, in the order in which they are declared. */
export class Modules implements Owner {
  readonly byName: ReadonlyMap<string, Module>
  readonly session: Session
  readonly publish: Surroundings['publish']
  readonly timers: ActorTimers
  private readonly self: ActorRef
  private readonly modules: readonly Module[]
  private readonly order
  /** Of those that were started and not cleaned up. */
  private readonly actors: ModuleActor[] = []
  /** The last function of a module, by the address of its actor. */
  private readonly last = new Map<string, Effect>()
  private readonly called = new WeakSet<Effect>()
  /** The actors of an earlier life of whose modules this one has called nothing yet: it owes them nothing. */
  private readonly revived = new Set<string>()
  private readonly issues: Failure[] = []
  private readonly released: (issues: readonly Failure[]) => void

  /** @param released Told once all are cleaned up; the root hears of the rest itself. */
  constructor(
    { self, session, publish }: Surroundings,
    modules: readonly Module[],
    released: (issues: readonly Failure[]) => void,
  ) {
    this.self = self
    this.session = session
    this.publish = publish
    this.modules = modules
    this.byName = new Map(modules.map((module) => [module.name, module]))
    this.order = newModuleOrder(modules.map(({ name }) => name))
    this.timers = new ActorTimers(session)
    this.released = released
  }

  get reports(): readonly ModuleReport[] {
    return [...this.order.reports]
  }

  /** Initialises them one after the other; the root hears `scope.ready` or `scope.failed`. */
  prepare(): void {
    for (const { name } of this.modules)
      this.publish('module_loaded', this.session.path, { module_name: name })
    this.follow(prepareModules(this.order))
  }

  /** Cleans them up, the last one first. */
  release(): void {
    this.follow(releaseModules(this.order))
  }

  /** Nobody waits any more: the clean-ups are left to the host. */
  abandon(stop: (child: ActorRef) => void): void {
    const owed = this.actors
      .flatMap((actor, at) => (this.owesCleanup(actor) ? [{ actor, at }] : []))
      .reverse()
    this.session.performDetached(
      owed.map(({ actor, at }) => ({ kind: 'cleanup', to: actor.id, module: this.modules[at]!.name })),
    )
    for (const actor of this.actors) stop(actor)
  }

  /** The host calls a module's function. */
  begin(effect: Effect): void {
    this.called.add(effect)
    this.revived.delete(effect.to)
  }

  // ---- what stays of it beyond this process ---------------------------------------------------------------

  capture(notes: Capturing): ModulesAt {
    const underWay = Array.from(this.last, ([to, effect]) => [to, notes.effect(effect)] as const)
    return {
      order: this.order,
      charts: this.actors.map(chartOf),
      underWay: underWay.filter(([, place]) => place !== null),
      timers: this.timers.capture(notes),
      issues: this.issues,
    }
  }

  revive({ order, charts, underWay, timers, issues }: ModulesAt, notes: Reviving): void {
    checkForm(order, { phase: '', reports: [], started: 0 }, 'modules.order')
    for (const [index, { name }] of this.modules.entries())
      checkForm(order.reports[index], { name }, 'modules.order.reports')
    for (const chart of charts) checkForm(chart, { value: '', context: { name: '' } }, 'modules.charts')
    if (order.started < charts.length || order.started > this.modules.length)
      throw new TypeError(`modules.order.started: found ${order.started}`)
    Object.assign(this.order, order)
    this.issues.push(...issues)
    for (const [to, place] of underWay) this.last.set(to, notes.effect(place)!)
    charts.forEach((at, module) => {
      const { id } = this.open(module, { snapshot: at })
      this.revived.add(id)
    })
    this.timers.revive(timers, notes)
    const last = this.actors.at(-1)
    if (order.phase === 'releasing' && last) this.awaitCleanUp(last)
  }

  /**
   * Initialises the modules that were running when an earlier life ended, in order: a new process has nothing of them. It is told
   * to nobody but the caller, for in the history of the run they are running.
   * @param ended Told once, with the error of the first that cannot be.
   */
  initialiseAgain(ended: (error: unknown) => void, from = 0): void {
    for (let module = from; module < this.actors.length; module++) {
      const { value } = this.actors[module]!.getSnapshot()
      const { name, init } = this.modules[module]!
      const to = this.actors[module]!.id
      if (value !== 'running') continue
      if (!init) {
        this.revived.delete(to)
        continue
      }
      const effect: Effect = { kind: 'init', to, module: name, resumed: true }
      this.session.performAside(effect, INIT_TIMEOUT_MS, (outcome) => {
        if (outcome.status === 'succeeded') this.initialiseAgain(ended, module + 1)
        else ended(notInitialised(name, outcome.error))
      })
      return
    }
    ended(null)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  perform(kind: 'init' | 'cleanup', to: string, module: string): void {
    const effect: Effect = { kind, to, module }
    this.last.set(to, effect)
    this.session.perform(effect)
  }

  abort(to: string): void {
    const effect = this.last.get(to)
    if (effect) this.session.abort(effect)
  }

  abandonEffect(to: string): void {
    const effect = this.last.get(to)
    if (!effect) return
    this.session.abort(effect)
    this.session.abandon(effect)
  }

  // -------------------------------------------------------------------------------------------------------

  private follow(step: ModuleStep): void {
    if (step === null) return
    switch (step.do) {
      case 'initialise':
        this.initialise(step.module)
        break
      case 'cleanUp':
        this.cleanUp()
        break
      case 'sayReady':
        tell(this.self, this.self, { type: 'scope.ready' })
        break
      case 'sayFailed':
        tell(this.self, this.self, { type: 'scope.failed', failure: step.failure })
        break
      case 'sayReleased':
        this.released(this.issues)
        break
    }
  }

  private initialise(module: number): void {
    const { name } = this.modules[module]!
    const actor = this.open(module, { input: { name } })
    tell(this.self, actor, { type: 'module.initialise' })
  }

  private open(module: number, begin: Begin<ModuleInput>): ModuleActor {
    const id = `${this.session.path}/module/${this.modules[module]!.name}`
    const actor = actorBelow(this.self, id, ownedBy(moduleChart, this), begin)
    this.actors.push(actor)
    actor.subscribe((snapshot) => {
      const { failure } = snapshot.context
      if (snapshot.value === 'running' || snapshot.value === 'failed')
        this.later(() => this.follow(settleModule(this.order, module, failure)))
    })
    this.session.actors.set(id, actor)
    actor.start()
    return actor
  }

  private cleanUp(): void {
    const actor = this.actors.at(-1)!
    if (actor.getSnapshot().status !== 'active') this.cleanedUp(actor)
    else {
      this.awaitCleanUp(actor)
      tell(this.self, actor, { type: 'module.cleanUp' })
    }
  }

  private awaitCleanUp(actor: ModuleActor): void {
    actor.subscribe({ complete: () => this.later(() => this.cleanedUp(actor)) })
  }

  private cleanedUp(actor: ModuleActor): void {
    this.actors.pop()
    const { cleanupFailure } = actor.getSnapshot().context
    if (cleanupFailure) this.issues.push(cleanupFailure)
    this.session.actors.delete(actor.id)
    this.follow(settleCleanUp(this.order))
  }

  /** Whether the init of the module of a live actor was called, and its cleanup was not. */
  private owesCleanup(actor: ModuleActor): boolean {
    const { value, status } = actor.getSnapshot()
    const effect = this.last.get(actor.id)
    const isCalled = effect !== undefined && this.called.has(effect)
    if (this.revived.has(actor.id)) return false
    return value === 'running' || (status === 'active' && isCalled === (value !== 'cleaningUp'))
  }

  private later(effect: () => void): void {
    this.session.later(effect, undefined, undefined)
  }
}
