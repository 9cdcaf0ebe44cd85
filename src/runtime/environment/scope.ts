// What the runs of one root share: modules, pools, the bus, and what steps wait for.
// Invariant: modules are cleaned up, and the bus has nothing under way, before the root hears that its scope is released.
import type { BusContext } from '../../../machines/bus.ts'
import type { BusEvent, Failure, PoolEvent } from '../../../machines/protocol.ts'
import { listed } from '../../definition/diagnostic.ts'
import { frozen } from '../../definition/json-copy.ts'
import { SagachartError } from '../../errors.ts'
import type { Module, PoolDefinition } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import type { ModuleReport } from '../../kernel/module-order.ts'
import type { Origin } from '../../kernel/waiters.ts'
import type { ActorRef } from '../charts/actors.ts'
import { tell } from '../charts/tell.ts'
import type { Session } from '../journal/session.ts'
import type { Effect, EffectControl } from '../port/host.ts'
import { Bus, hasAdvisers, type EmitFromOutside } from './bus.ts'
import { Mailbox } from './mailbox.ts'
import { Modules } from './modules.ts'
import type { EmittedEvent, RefusedEvent } from '../port/events.ts'
import { emissionOf } from './outside.ts'
import { Pools } from './pools.ts'
import type { Subscription } from './subscription.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { ScopeAt, ScopeRecord } from '../state/root-at.ts'
import type { Surroundings } from './surroundings.ts'

/** What a root has around its runs. */
export interface ScopeParts {
  readonly modules: readonly Module[]
  readonly pools: readonly PoolDefinition[]
  readonly leaseTimeoutMs: number
  readonly eventsEnabled: boolean
  readonly history: { readonly sizeMax: number; readonly ageMsMax: number }
  readonly subscriptions: readonly Subscription[]
}

/** Modules, pools, bus and mailbox of one root. */
export class Scope {
  readonly parts: ScopeParts
  /** What steps wait for. */
  readonly mailbox: Mailbox
  /** Whether there are handlers that may answer to a failure. */
  readonly hasAdvisers: boolean
  bus: Bus | null = null
  private readonly surroundings: Surroundings
  private readonly modules: Modules
  private readonly pools: Pools
  private readonly emit: (event: BusEvent) => void
  private isReleased = false

  /**
   * @param awaited The events that steps of the root's workflows wait for.
   * @param emit Hands an event to whoever listens with XState's `actor.on(type, …)`.
   */
  constructor(
    self: ActorRef,
    session: Session,
    parts: ScopeParts,
    awaited: Plan['awaited'],
    emit: (event: BusEvent) => void,
  ) {
    this.parts = parts
    this.emit = emit
    this.surroundings = { self, session, publish: (...event) => this.publish(...event) }
    this.modules = new Modules(this.surroundings, parts.modules, (issues) => this.drain(issues))
    this.pools = new Pools(this.surroundings)
    this.mailbox = new Mailbox(awaited, session, (type, data) => this.publish(type, session.path, data))
    this.hasAdvisers = parts.eventsEnabled && hasAdvisers(parts.subscriptions)
  }

  /** Starts bus and pools, then initialises the modules; the root hears `scope.ready` or `scope.failed`. */
  prepare(): void {
    const { surroundings, parts } = this
    if (parts.eventsEnabled)
      this.bus = new Bus(surroundings, parts, (...emitted) => this.emitFromOutside(...emitted))
    this.pools.start(parts.pools, parts.leaseTimeoutMs)
    this.modules.prepare()
  }

  capture(notes: Capturing): { readonly at: ScopeAt; readonly record: ScopeRecord } {
    const mailbox = this.mailbox.capture()
    const bus = this.bus?.capture(notes) ?? null
    return {
      at: {
        modules: this.modules.capture(notes),
        pools: this.pools.capture(notes),
        bus: bus && bus.at,
        mailbox: mailbox.at,
      },
      record: { bus: bus && bus.record, mailbox: mailbox.record },
    }
  }

  /** Takes up all but what steps wait for. @throws RUN_NOT_RESUMABLE where a handler that had subscribed is missing */
  revive({ modules, pools, bus }: ScopeAt, record: ScopeRecord, notes: Reviving): void {
    if (bus) {
      const { value, context } = bus
      this.checkHandlers(context)
      const emit: EmitFromOutside = (...emitted) => this.emitFromOutside(...emitted)
      const at = { value, context: { ...context, ...record.bus } }
      this.bus = new Bus(this.surroundings, this.parts, emit, at)
      this.bus.revive(bus, notes, () => this.released(modules.issues))
    }
    this.pools.revive(pools, notes)
    this.modules.revive(modules, notes)
  }

  private checkHandlers({ subscriptions, underWay }: Pick<BusContext, 'subscriptions' | 'underWay'>): void {
    const known = new Set(this.parts.subscriptions.map(({ id }) => id))
    const wanted = [...subscriptions.map(({ id }) => id), ...Object.keys(underWay)]
    const missing = wanted.find((id) => !known.has(id))
    if (missing === undefined) return
    const found = listed([...known])
    throw new SagachartError(
      'RUN_NOT_RESUMABLE',
      `Run ${this.surroundings.session.runId} cannot be resumed: expected a handler "${missing}", which had subscribed to its bus, found ${found}; give it under the same id`,
    )
  }

  /** Initialises the modules again that an earlier life had initialised. */
  initialiseAgain(ended: (error: unknown) => void): void {
    this.modules.initialiseAgain(ended)
  }

  /** Cleans the modules up, the last one first; the root hears `scope.released`. */
  release(): void {
    this.modules.release()
  }

  /** Nobody waits any more: the clean-ups are left to the host. */
  abandon(stop: (child: ActorRef) => void): void {
    if (this.isReleased) return
    this.isReleased = true
    this.modules.abandon(stop)
    this.pools.abandon(stop)
    this.bus?.abandon(stop)
  }

  /**
   * Publishes an event on the bus, if there is one, and tells the steps that wait for it.
   * @returns the event's id, `null` where nobody could hear of it
   */
  publish(
    type: string,
    source: string,
    data: unknown,
    correlationId = this.surroundings.session.runId,
    origin: Origin = 'engine',
  ): string | null {
    const isAwaited = this.mailbox.wants(type)
    if (!this.bus && !isAwaited) return null
    const { session } = this.surroundings
    const about = { type, at: session.time, source, correlation_id: correlationId, data }
    const event: BusEvent = frozen({ id: session.nextEventId(), ...about })
    if (isAwaited) this.mailbox.offer(event, origin)
    if (!this.bus) return event.id
    this.emit(event)
    this.bus.take(event)
    return event.id
  }

  /** Tells the root's steps of something outside. */
  signal(type: string, data: unknown, correlationId = this.surroundings.session.runId): void {
    this.publish(type, 'outside', data ?? null, correlationId, 'outside')
  }

  /** Asks the handlers of a failure, which was published, for a verdict. */
  ask(failure: string | null, to: string): void {
    if (failure !== null) this.bus?.ask(failure, to)
  }

  /** The step asks no more. */
  stopAsking(to: string): void {
    this.bus?.stopAsking(to)
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
    const { session } = this.surroundings
    if (event.type === 'event.refused' || this.bus || this.mailbox.wants(bus))
      session.enter(session.path, event)
  }

  /** What user code emitted has come through the journal, or what was sent from outside and is not valid. */
  hear(event: EmittedEvent | RefusedEvent): void {
    const { type, source } = event
    if (type === 'event.refused') this.mailbox.refuse(event.event, source, event.reason)
    else this.publish(event.bus, source, event.data, event.correlation_id, event.origin)
  }

  /** Calls a handler. */
  handle(subscription: string, event: BusEvent, control: EffectControl): unknown {
    return this.bus?.handle(subscription, event, control)
  }

  /** A module whose function the host calls now. */
  beginModule(effect: Extract<Effect, { readonly module: string }>): Module {
    this.modules.begin(effect)
    return this.modules.byName.get(effect.module)!
  }

  get modulesByName(): ReadonlyMap<string, Module> {
    return this.modules.byName
  }

  sendToPool(from: ActorRef, pool: string, event: PoolEvent): void {
    this.pools.send(from, pool, event)
  }

  get moduleReports(): readonly ModuleReport[] {
    return this.modules.reports
  }

  get busContext(): BusContext | null {
    return this.bus?.context ?? null
  }

  /** Leases that actors below an address still hold. */
  leasesOpenOf(path: string): number {
    return this.pools.openOf(path)
  }

  /** The modules are cleaned up. */
  private drain(issues: readonly Failure[]): void {
    this.pools.close()
    if (this.bus) this.bus.close(() => this.released(issues))
    else this.released(issues)
  }

  private released(issues: readonly Failure[]): void {
    const { self } = this.surroundings
    this.isReleased = true
    tell(self, self, { type: 'scope.released', issues })
  }
}
