// Whoever watches a root from outside hears of it once its tree is at rest, and of where it is then: what its chart has asked for is
// done, the step that comes next has begun, and the run can be captured whole. Inspectors hear of each event as it comes.
// Invariant: each time that anything has changed, observers are told once, of a snapshot that they have not seen.
import type { AnyActorRef, AnyMachineSnapshot, EventObject } from 'xstate'
import { rootOf } from './seat.ts'
import { guardSend } from './tell.ts'

type Subscribe = AnyActorRef['subscribe']

/** Whoever is told of snapshots, as XState has it. */
interface Observer {
  next?(snapshot: unknown): void
  error?(error: unknown): void
  complete?(): void
}

/** What is read of XState's own, the same since its version 5.0: how an actor tells its observers, also those that throw. */
interface Internals {
  _snapshot: AnyMachineSnapshot
  update(this: Told, snapshot: AnyMachineSnapshot, event: EventObject): void
}

/** As much of an actor as XState needs for that. */
interface Told extends Pick<Internals, '_snapshot'> {
  readonly observers: ReadonlySet<Observer>
  readonly _deferred: readonly (() => void)[]
  readonly system: { readonly _sendInspectionEvent: () => void }
}

const SILENT: Told['system'] = { _sendInspectionEvent() {} }
const EVENT: EventObject = { type: '' }

/** Watches a root for the observers of its actor. */
export class Watch {
  private readonly actor: AnyActorRef
  private readonly observers = new Set<Observer>()
  /** XState has told of something that observers have not heard of. */
  private isPending = false

  constructor(actor: AnyActorRef) {
    this.actor = actor
    // Once, when it is made: users keep the methods of an actor, and may start it again. Bound, for the reason in tell.ts.
    guardSend(actor)
    actor.subscribe = subscribeAtRest.bind(null, this, actor.subscribe.bind(actor)) as Subscribe
  }

  /**
   * The tree is at rest. Selectors look again only where the snapshot is another one.
   * @param hasActed Whether anything was done that charts had asked for.
   */
  rested(hasActed: boolean): void {
    const { actor, observers } = this
    if (observers.size === 0 || !(hasActed || this.isPending)) return
    this.isPending = false
    const internals = actor as unknown as Internals
    if (internals._snapshot.status !== 'active') return
    const snapshot = { ...internals._snapshot }
    internals._snapshot = snapshot
    internals.update.call({ _snapshot: snapshot, observers, _deferred: [], system: SILENT }, snapshot, EVENT)
  }

  add(observer: Observer): void {
    if (observer.next) this.observers.add(observer)
  }

  remove(observer: Observer): void {
    this.observers.delete(observer)
  }

  /** XState tells of a snapshot. */
  hear(observer: Observer, snapshot: unknown): void {
    const root = rootOf(this.actor)
    const isOver = (snapshot as { readonly status: string }).status !== 'active'
    if (isOver || !root || root.session.isQuiet) observer.next?.(snapshot)
    else this.isPending = true
  }
}

function subscribeAtRest(
  watch: Watch,
  subscribe: (observer: Observer) => ReturnType<Subscribe>,
  next?: Observer | Observer['next'],
  error?: Observer['error'],
  complete?: Observer['complete'],
): ReturnType<Subscribe> {
  const given = typeof next === 'object' ? next : { next, error, complete }
  const observer: Observer = {
    ...(given.next && { next: (snapshot: unknown) => given.next!(snapshot) }),
  }
  const subscription = subscribe({
    ...(given.next && { next: (snapshot: unknown) => watch.hear(observer, snapshot) }),
    ...(given.error && { error: (thrown: unknown) => given.error!(thrown) }),
    complete: () => {
      watch.remove(observer)
      given.complete?.()
    },
  })
  watch.add(observer)
  return {
    unsubscribe: () => {
      watch.remove(observer)
      subscription.unsubscribe()
    },
  }
}
