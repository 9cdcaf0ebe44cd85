// What the runs of one root share: modules, pools and the bus, each an actor below the root.
// Not here: their life cycles, which their charts decide. Invariant: whatever was initialised is cleaned up,
// in reverse order, one after the other, before the root hears that its scope is released.
import { createActor, type AnyActorRef } from 'xstate'
import { matchesPattern, type BusContext, type Drop } from '../../../machines/bus.ts'
import { isHolder } from '../../../machines/lease-queue.ts'
import type { PoolContext } from '../../../machines/resource.ts'
import type { BusEvent, Failure, PoolEvent } from '../../../machines/protocol.ts'
import type { WorkflowEvent } from '../../../machines/workflow.ts'
import { Advice } from './advice.ts'
import { frozen, ownCopy } from '../../definition/json-copy.ts'
import type { Module, PoolDefinition } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { busChart } from '../charts/bus.ts'
import { ownedBy } from '../charts/compiled.ts'
import { moduleChart } from '../charts/module.ts'
import { poolChart } from '../charts/pool.ts'
import type { EffectControl, InboundEvent, TimerHandle } from '../port/host.ts'
import { Mailbox } from './mailbox.ts'
import { ModuleEffects } from './module-effects.ts'
import { emissionOf, type EmittedEvent, type RefusedEvent } from './outside.ts'
import type { Session } from '../journal/session.ts'
import type { Root } from '../charts/root.ts'
import { accepts, type Subscription } from './subscription.ts'
import { tell } from '../charts/tell.ts'
import type { Origin } from '../../kernel/waiters.ts'

export interface ScopeParts {
  readonly modules: readonly Module[]
  readonly pools: readonly PoolDefinition[]
  readonly leaseTimeoutMs: number
  readonly eventsEnabled: boolean
  readonly history: { readonly sizeMax: number; readonly ageMsMax: number }
  readonly subscriptions: readonly Subscription[]
}

/** Events that go to the bus in one message, at most: where nobody listens, only the history waits for them. */
const BATCH_MAX = 64

/** How a module fared. */
export interface ModuleReport {
  readonly name: string
  readonly status: 'pending' | 'success' | 'failed'
  readonly failure: Failure | null
}

/** Modules, pools and bus of one root. */
export class Scope {
  readonly parts: ScopeParts
  /** What steps wait for. */
  readonly mailbox: Mailbox
  /** What handlers answer to failures. */
  readonly advice: Advice
  /** Whether there are handlers that may answer to a failure. */
  readonly hasAdvisers: boolean
  private readonly root: Root
  private readonly modules: ReadonlyMap<string, Module>
  private readonly subscriptions: ReadonlyMap<string, Subscription>
  private readonly reports = new Map<string, ModuleReport>()
  /** Module actors in the order of their initialisation. */
  private started: { readonly name: string; readonly actor: AnyActorRef }[] = []
  private readonly pools = new Map<string, AnyActorRef>()
  private bus: AnyActorRef | null = null
  /** Events on their way to the bus. */
  private published: BusEvent[] = []
  private readonly issues: Failure[] = []
  /** Timers of waiting leases and of modules, by what they limit. */
  private readonly timers = new Map<string, TimerHandle>()
  readonly moduleEffects: ModuleEffects
  private phase: 'new' | 'preparing' | 'ready' | 'releasing' | 'released' = 'new'

  /** @param awaited The events that steps of the root's workflows wait for. */
  constructor(root: Root, parts: ScopeParts, awaited: Plan['awaited']) {
    this.root = root
    this.parts = parts
    this.moduleEffects = new ModuleEffects(root.session)
    this.mailbox = new Mailbox(awaited, root.session, (type, data) => {
      this.publish(type, root.session.path, data)
    })
    this.advice = new Advice((to, event) => {
      const { actors } = root.session
      const actor = actors.get(to)
      if (actor && this.bus) tell(this.bus, actor, event)
    })
    this.hasAdvisers =
      parts.eventsEnabled && parts.subscriptions.some(({ pattern }) => matchesPattern(pattern, 'step_failed'))
    this.modules = new Map(parts.modules.map((module) => [module.name, module]))
    this.subscriptions = new Map(parts.subscriptions.map((subscription) => [subscription.id, subscription]))
    for (const { name } of parts.modules) this.reports.set(name, { name, status: 'pending', failure: null })
  }

  get session(): Session {
    return this.root.session
  }

  /** Starts bus and pools, then initialises the modules one after the other; the root hears `scope.ready` or `scope.failed`. */
  prepare(): void {
    this.phase = 'preparing'
    if (this.parts.eventsEnabled) this.startBus()
    for (const { name, units } of this.parts.pools) {
      const input = { name, capacity: units, leaseTimeoutMs: this.parts.leaseTimeoutMs }
      this.pools.set(
        name,
        this.start(
          createActor(ownedBy(poolChart, this), {
            parent: this.root.self,
            id: this.pathOf('pool', name),
            input,
          }),
        ),
      )
    }
    for (const { name } of this.parts.modules) {
      this.publish('module_loaded', this.root.session.path, { module_name: name })
    }
    this.initialiseNext()
  }

  /** Cleans the modules up, the last one first; the root hears `scope.released`. */
  release(): void {
    if (this.phase === 'releasing' || this.phase === 'released') return
    this.phase = 'releasing'
    this.cleanUpNext()
  }

  /** Nobody waits any more: the clean-ups are left to the host. */
  abandon(stop: (child: AnyActorRef) => void): void {
    if (this.phase === 'released') return
    this.phase = 'released'
    const owed = this.started.filter(({ actor }) => this.moduleEffects.owesCleanup(actor)).reverse()
    this.root.session.performDetached(
      owed.map(({ name, actor }) => ({ kind: 'cleanup', to: actor.id, module: name })),
    )
    for (const { actor } of this.started) stop(actor)
    for (const pool of this.pools.values()) stop(pool)
    if (this.bus) stop(this.bus)
  }

  /**
   * Publishes an event on the bus, if there is one, and tells the steps that wait for it.
   * @returns the event's id, `null` where nobody could hear of it
   */
  publish(
    type: string,
    source: string,
    data: unknown,
    correlationId = this.root.session.runId,
    origin: Origin = 'engine',
  ): string | null {
    const isAwaited = this.mailbox.wants(type)
    if (!this.bus && !isAwaited) return null
    const { session } = this.root
    const event: BusEvent = frozen({
      id: session.nextEventId(),
      type,
      at: session.time,
      source,
      correlation_id: correlationId,
      data,
    })
    if (isAwaited) this.mailbox.offer(event, origin)
    if (!this.bus) return event.id
    this.root.emit(event)
    const count = this.published.push(event)
    if (count >= BATCH_MAX) this.flush()
    else if (count === 1 && this.parts.subscriptions.length > 0) this.later(() => this.flush())
    return event.id
  }

  /** Tells the root's steps of something outside. */
  signal(type: string, data: unknown, correlationId = this.root.session.runId): void {
    this.publish(type, 'outside', data ?? null, correlationId, 'outside')
  }

  /** Asks the handlers of a failure, which was published, for a verdict. */
  ask(failure: string | null, to: string): void {
    this.flush()
    if (failure !== null && this.busContext) this.advice.ask(failure, to, this.busContext, this.advisers)
  }

  /** Lets in what user code emits, through the journal. Ignored where events are off and no step waits for it. */
  emitFromOutside(
    bus: string,
    source: string,
    correlationId: string,
    data: unknown,
    origin: EmittedEvent['origin'] = 'operation',
  ): void {
    const event = emissionOf({ bus, source, correlation_id: correlationId, data, origin })
    if (event.type === 'event.refused' || this.bus || this.mailbox.wants(bus))
      this.root.session.enter(this.root.session.path, event)
  }

  /** What user code emitted has come through the journal, or what was sent from outside and is not valid. */
  hear(event: EmittedEvent | RefusedEvent): void {
    const { type, source } = event
    if (type === 'event.refused') this.mailbox.refuse(event.event, source, event.reason)
    else this.publish(event.bus, source, event.data, event.correlation_id, event.origin)
  }

  /** Subscriptions, the one of the highest priority first. */
  private get advisers(): readonly string[] {
    const { subscriptions } = this.parts
    return subscriptions.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0)).map(({ id }) => id)
  }

  /** Says, on the bus and in the log, that a handler is not told of all it asked for. */
  reportDrop(path: string, { subscription, pattern, events }: Drop): void {
    this.publish('events_dropped', path, { handler: subscription, pattern, events })
    const message = `The handler ${subscription} is not told of all events of "${pattern}": ${events} so far`
    this.root.session.log(path, message, undefined)
  }

  /** Performs the handler of a subscription; called when the bus delivers. */
  dispatch(subscription: string, event: BusEvent): void {
    this.root.session.perform({ kind: 'handler', to: this.pathOf('bus', 'events'), subscription, event })
  }

  handle(subscription: string, event: BusEvent, control: EffectControl): unknown {
    const found = this.subscriptions.get(subscription)
    if (!found || !accepts(found, event)) return undefined
    const path = this.pathOf('bus', 'events')
    return found.handler(ownCopy(event, 'Event') as BusEvent, {
      get signal() {
        return control.signal
      },
      emit: (type, data) => this.emitFromOutside(type, path, event.correlation_id, data),
      log: (message, data) => this.root.session.log(path, message, data),
    })
  }

  /** A module that a plan names. */
  module(name: string): Module {
    return this.modules.get(name)!
  }

  get modulesByName(): ReadonlyMap<string, Module> {
    return this.modules
  }

  sendToPool(from: AnyActorRef, pool: string, event: PoolEvent): void {
    const actor = this.pools.get(pool)
    if (actor) tell(from, actor, event)
  }

  /**
   * Tells whoever asked for a lease how it went, once all that came of the same entry is done: a lease starts nothing that
   * the verdict on the step that gave it back stops, or a signal that a wait takes. Whoever gave it back again meanwhile may
   * wait for another one, and is not told.
   */
  answerLease(pool: string, replyTo: string, event: WorkflowEvent): void {
    const { session } = this.root
    session.atLast(() => {
      const actor = session.actors.get(replyTo)
      const isOver =
        event.type === 'lease.granted' && !isHolder(contextOf(this.pools.get(event.pool)!), event.lease)
      if (actor && !isOver) tell(session.actors.get(pool)!, actor, event)
    })
  }

  /** An actor has one timer, or one for each of its leases. */
  startTimer(to: string, type: string, delayMs: number, lease = ''): void {
    const event = (lease === '' ? { type } : { type, lease }) as InboundEvent
    this.timers.set(`${to}|${lease}`, this.root.session.startTimer(to, event, delayMs))
  }

  stopTimer(to: string, lease = ''): void {
    const timer = this.timers.get(`${to}|${lease}`)
    if (timer) this.root.session.cancelTimer(timer)
    this.timers.delete(`${to}|${lease}`)
  }

  get moduleReports(): readonly ModuleReport[] {
    return [...this.reports.values()]
  }

  get busContext(): BusContext | null {
    this.flush()
    return (this.bus?.getSnapshot().context as BusContext | undefined) ?? null
  }

  /** Leases that actors below an address still hold. */
  leasesOpenOf(path: string): number {
    let open = 0
    for (const pool of this.pools.values()) {
      const { holders } = contextOf(pool)
      for (const { lease } of holders) if (lease.startsWith(`${path}/`)) open++
    }
    return open
  }

  private initialiseNext(): void {
    const next = this.parts.modules[this.started.length]
    if (this.phase !== 'preparing') return
    if (!next) {
      this.phase = 'ready'
      this.tell(this.root.self, { type: 'scope.ready' })
      return
    }
    const id = this.pathOf('module', next.name)
    const actor = createActor(ownedBy(moduleChart, this), {
      parent: this.root.self,
      id,
      input: { name: next.name },
    })
    this.started.push({ name: next.name, actor })
    actor.subscribe((snapshot) => {
      const { failure } = snapshot.context
      if (snapshot.matches('running')) this.later(() => this.reportModule(next.name, 'success', null))
      else if (snapshot.matches('failed')) this.later(() => this.reportModule(next.name, 'failed', failure))
    })
    this.start(actor)
    this.tell(actor, { type: 'module.initialise' })
  }

  private reportModule(name: string, status: 'success' | 'failed', failure: Failure | null): void {
    if (this.reports.get(name)?.status !== 'pending') return
    this.reports.set(name, { name, status, failure })
    if (this.phase !== 'preparing') return
    if (status === 'success') this.initialiseNext()
    else this.tell(this.root.self, { type: 'scope.failed', failure })
  }

  private cleanUpNext(): void {
    const last = this.started.at(-1)
    if (!last) {
      this.drainBus()
      return
    }
    const { actor } = last
    const next = () => {
      this.started.pop()
      const { cleanupFailure } = actor.getSnapshot().context as { cleanupFailure: Failure | null }
      if (cleanupFailure) this.issues.push(cleanupFailure)
      this.root.session.actors.delete(actor.id)
      this.cleanUpNext()
    }
    if (actor.getSnapshot().status !== 'active') next()
    else {
      actor.subscribe({ complete: () => this.later(next) })
      this.tell(actor, { type: 'module.cleanUp' })
    }
  }

  /** Hands the bus what was published since the last time. */
  private flush(): void {
    const events = this.published
    if (events.length === 0) return
    this.published = []
    if (this.bus) this.tell(this.bus, { type: 'events.published', events })
  }

  /** Sends an event of the root's own. */
  private tell(target: AnyActorRef, event: InboundEvent & Record<string, unknown>): void {
    tell(this.root.self, target, event)
  }

  private later(effect: () => void): void {
    this.root.session.later(effect, undefined, undefined)
  }

  private drainBus(): void {
    for (const pool of this.pools.values()) this.tell(pool, { type: 'pool.close' })
    const released = () => {
      this.phase = 'released'
      this.tell(this.root.self, { type: 'scope.released', issues: this.issues })
    }
    this.flush()
    if (!this.bus) {
      released()
      return
    }
    this.bus.subscribe({ complete: () => this.later(released) })
    this.tell(this.bus, { type: 'bus.close' })
  }

  private startBus(): void {
    const { sizeMax, ageMsMax } = this.parts.history
    const bus = createActor(ownedBy(busChart, this), {
      parent: this.root.self,
      id: this.pathOf('bus', 'events'),
      input: { historySizeMax: sizeMax, historyAgeMsMax: ageMsMax },
    })
    this.bus = this.start(bus)
    for (const { id, pattern, priority, once } of this.parts.subscriptions) {
      this.tell(bus, {
        type: 'subscription.added',
        id,
        pattern,
        priority: priority ?? 0,
        once: once ?? false,
      })
    }
  }

  private start<TActor extends AnyActorRef>(actor: TActor): TActor {
    this.root.session.actors.set(actor.id, actor)
    actor.start()
    return actor
  }

  private pathOf(kind: 'module' | 'pool' | 'bus', name: string): string {
    return `${this.root.session.path}/${kind}/${name}`
  }
}

const contextOf = (pool: AnyActorRef) => (pool.getSnapshot() as { readonly context: PoolContext }).context
