// How the actors of one tree speak to each other. An event that is sent with `actor.send` comes from nowhere; whoever
// watches wants to know which actor it came from. XState says so only of what a chart's own actions send. And how an actor is
// stopped when all of the tree is.
import type { AnyActorRef, EventObject } from 'xstate'
import type { Message } from '../port/events.ts'

/** The part of an actor system through which every event goes; internal to XState, and the same since its version 5.0. */
interface Relay {
  _relay(source: AnyActorRef, target: AnyActorRef, event: Message): void
}

/** Events to roots and their runs that did not come straight from outside. */
const vouchedFor = new WeakSet<EventObject>()

/** Whether an event came through the journal or from an actor of its tree. */
export const isVouchedFor = (event: EventObject): event is Message => vouchedFor.has(event)

/** Logic of actors that hear events from outside, too, and tell them from those of their tree. */
export interface OpenLogic {
  readonly hearsOutside: true
}

/** Lets an event through to an actor that asks for it. */
export function vouchFor(target: AnyActorRef, event: Message): void {
  if ((target as { readonly logic?: Partial<OpenLogic> }).logic?.hearsOutside) vouchedFor.add(event)
}

/** Sends an event from one actor to another, or to itself; one that has ended hears nothing more. */
export function tell(source: AnyActorRef, target: AnyActorRef, event: Message): void {
  if (target.getSnapshot().status !== 'active') return
  vouchFor(target, event)
  ;(target.system as AnyActorRef['system'] & Relay)._relay(source, target, event)
}

/**
 * Keeps from an actor what XState stumbles over for good: an event that is no object, or whose type cannot be read. A function
 * that is bound, no arrow function: V8 makes one that is assigned to a property an old object, and with it keeps the whole run
 * until its next full collection.
 */
export function guardSend(actor: AnyActorRef): void {
  actor.send = sendReadable.bind(null, actor.send)
}

function sendReadable(send: AnyActorRef['send'], event: EventObject): void {
  send(hasReadableType(event) ? event : { type: '' })
}

function hasReadableType(event: EventObject): boolean {
  try {
    void event.type
    return true
  } catch {
    return false
  }
}

/** Stops an actor at once, wherever it is below the root: XState itself lets only a parent stop its own. */
export function halt(actor: AnyActorRef): void {
  ;(actor as AnyActorRef & { _stop(): void })._stop()
}
