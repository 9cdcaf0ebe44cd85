// Whoever watches a root from outside hears of it once its tree is quiet, and of the last of several snapshots: a run is captured
// whole wherever it is observed.
import type { AnyActorRef } from 'xstate'
import { rootOf } from './seat.ts'

type Subscribe = AnyActorRef['subscribe']

/** Whoever is told of snapshots, as XState has it. */
interface Observer {
  next?(snapshot: unknown): void
  error?(error: unknown): void
  complete?(): void
}

/** Makes an actor tell its observers so. A bound function, for the same reason as in tell.ts. */
export function tellAtRest(actor: AnyActorRef): void {
  actor.subscribe = subscribeAtRest.bind(null, actor, actor.subscribe.bind(actor)) as Subscribe
}

function subscribeAtRest(
  actor: AnyActorRef,
  subscribe: (observer: Observer) => ReturnType<Subscribe>,
  next?: Observer | Observer['next'],
  error?: Observer['error'],
  complete?: Observer['complete'],
): ReturnType<Subscribe> {
  const observer = typeof next === 'object' ? next : ({ next, error, complete } as Observer)
  const ear = new Ear(actor, observer)
  const subscription = subscribe({
    next: (snapshot: unknown) => ear.hear(snapshot),
    ...(observer.error && { error: (thrown: unknown) => observer.error!(thrown) }),
    complete: () => observer.complete?.(),
  })
  return {
    unsubscribe: () => {
      ear.isClosed = true
      subscription.unsubscribe()
    },
  }
}

/** What one observer is told. */
class Ear {
  isClosed = false
  private readonly actor: AnyActorRef
  private readonly observer: Observer
  private isWaiting = false

  constructor(actor: AnyActorRef, observer: Observer) {
    this.actor = actor
    this.observer = observer
  }

  hear(snapshot: unknown): void {
    const root = rootOf(this.actor)
    if (!root || (snapshot as { readonly status: string }).status !== 'active') this.tell(snapshot)
    else if (!this.isWaiting) {
      this.isWaiting = true
      root.session.atQuiet(() => this.tellWaiting())
    }
  }

  private tellWaiting(): void {
    if (this.isWaiting) this.tell(this.actor.getSnapshot())
  }

  private tell(snapshot: unknown): void {
    this.isWaiting = false
    if (!this.isClosed) this.observer.next?.(snapshot)
  }
}
