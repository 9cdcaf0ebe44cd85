// The pools of one root, each an actor below it. Not here: who is granted what, which the pools' charts decide.
import { actorBelow, type ActorRef, type Begin } from '../charts/actors.ts'
import { isHolder } from '../../../machines/lease-queue.ts'
import type { PoolEvent, WorkflowEvent } from '../../../machines/protocol.ts'
import type { PoolContext, PoolInput } from '../../../machines/resource.ts'
import type { PoolDefinition } from '../../definition/model.ts'
import { ownedBy, type Owner } from '../charts/compiled.ts'
import { poolChart } from '../charts/pool.ts'
import { tell } from '../charts/tell.ts'
import type { Session } from '../journal/session.ts'
import { chartOf, type Capturing, type ChartAt, type Reviving } from '../state/notes.ts'
import type { PoolsAt } from '../state/root-at.ts'
import { ActorTimers } from './actor-timers.ts'
import type { Surroundings } from './surroundings.ts'

/** Pools by name. */
export class Pools implements Owner {
  readonly session: Session
  readonly publish: Surroundings['publish']
  readonly timers: ActorTimers
  private readonly self: ActorRef
  private readonly actors = new Map<string, ActorRef>()

  constructor({ self, session, publish }: Surroundings) {
    this.self = self
    this.session = session
    this.publish = publish
    this.timers = new ActorTimers(session)
  }

  start(definitions: readonly PoolDefinition[], leaseTimeoutMs: number): void {
    for (const { name, units } of definitions)
      this.open(name, { input: { name, capacity: units, leaseTimeoutMs } })
  }

  /** Ranks are times. */
  capture(notes: Capturing): PoolsAt {
    return {
      charts: Array.from(this.actors, ([name, actor]) => [name, shifted(chartOf(actor), -notes.now)]),
      timers: this.timers.capture(notes),
    }
  }

  revive({ charts, timers }: PoolsAt, notes: Reviving): void {
    for (const [name, at] of charts) this.open(name, { snapshot: shifted(at, notes.now) })
    this.timers.revive(timers, notes)
  }

  private open(name: string, begin: Begin<PoolInput>): void {
    const id = `${this.session.path}/pool/${name}`
    const actor = actorBelow(this.self, id, ownedBy(poolChart, this), begin)
    this.actors.set(name, actor)
    this.session.actors.set(id, actor)
    actor.start()
  }

  send(from: ActorRef, pool: string, event: PoolEvent): void {
    const actor = this.actors.get(pool)
    if (actor) tell(from, actor, event)
  }

  /**
   * Tells whoever asked for a lease how it went, once all that came of the same entry is done: a lease starts nothing that
   * the verdict on the step that gave it back stops, or a signal that a wait takes. Whoever gave it back again meanwhile may
   * wait for another one, and is not told.
   */
  answer(pool: string, replyTo: string, event: WorkflowEvent): void {
    const { session } = this
    session.atLast(() => {
      const actor = session.actors.get(replyTo)
      const isOver =
        event.type === 'lease.granted' && !isHolder(contextOf(this.actors.get(event.pool)!), event.lease)
      if (actor && !isOver) tell(session.actors.get(pool)!, actor, event)
    })
  }

  /** Leases that actors below an address still hold. */
  openOf(path: string): number {
    let open = 0
    for (const pool of this.actors.values()) {
      for (const { lease } of contextOf(pool).holders) if (lease.startsWith(`${path}/`)) open++
    }
    return open
  }

  close(): void {
    for (const pool of this.actors.values()) tell(this.self, pool, { type: 'pool.close' })
  }

  abandon(stop: (child: ActorRef) => void): void {
    for (const pool of this.actors.values()) stop(pool)
  }
}

function shifted({ value, context }: ChartAt, ms: number): ChartAt {
  const { waiting, ...rest } = context as PoolContext
  return { value, context: { ...rest, waiting: waiting.map((each) => ({ ...each, rank: each.rank + ms })) } }
}

const contextOf = (pool: ActorRef) => (pool.getSnapshot() as { readonly context: PoolContext }).context
