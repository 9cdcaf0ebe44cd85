// How the actors of one tree speak to each other. An event that is sent with `actor.send` comes from nowhere; whoever
// watches wants to know which actor it came from. XState says so only of what a chart's own actions send. And how an actor is
// stopped when all of the tree is.
import type { AnyActorRef } from 'xstate'
import type { InboundEvent } from './host.ts'

/** The part of an actor system through which every event goes; internal to XState, and the same since its version 5.0. */
interface Relay {
  _relay(source: AnyActorRef, target: AnyActorRef, event: InboundEvent): void
}

/** Sends an event from one actor to another, or to itself; one that has ended hears nothing more. */
export function tell(source: AnyActorRef, target: AnyActorRef, event: InboundEvent): void {
  if (target.getSnapshot().status !== 'active') return
  ;(target.system as unknown as Relay)._relay(source, target, event)
}

/** Stops an actor at once, wherever it is below the root: XState itself lets only a parent stop its own. */
export function halt(actor: AnyActorRef): void {
  ;(actor as unknown as { _stop(): void })._stop()
}
