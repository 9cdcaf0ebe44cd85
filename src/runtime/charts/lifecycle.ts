// What run and integration have in common as actor logic: how an end, a stop, an error and an event from outside
// are handled around the chart's own transition. Four things do not come by themselves with actors that live
// outside of `children`: stop, throw, persist, restore.
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, Snapshot } from 'xstate'
import type { InboundEvent } from '../port/host.ts'
import { seatOf } from './seat.ts'
import { commandOf, type EmittedEvent, type RefusedEvent } from '../environment/outside.ts'
import type { EffectHeard } from '../journal/session.ts'
import { halt, isVouchedFor } from './tell.ts'

/** A finished child's event as its parent's chart knows it; `null` where the chart need not know. */
export type Translate = (
  event: InboundEvent & { readonly output?: unknown; readonly error?: unknown },
) => InboundEvent | null

interface Around<TSnapshot> {
  readonly snapshot: TSnapshot
  readonly event: InboundEvent
  readonly scope: AnyActorScope
  /** The actor's address. */
  readonly address: string
  readonly translate: Translate
  /** The chart's own transition. */
  readonly next: (event: InboundEvent) => TSnapshot
  /** Called once with the last snapshot of an orderly end; returns it with the output that users get. */
  readonly finish: (last: TSnapshot) => TSnapshot
  /** Called where the end is not orderly: tells what is under way to stop. */
  readonly abandon: (stop: (child: AnyActorRef) => void) => void
}

/** Wraps a chart's transition. Without a root (a pure call, as in graph tools) only the chart speaks. */
export function transitionAround<TSnapshot extends AnyMachineSnapshot>(around: Around<TSnapshot>): TSnapshot {
  const { snapshot, event, scope, address, translate, next, finish, abandon } = around
  const self = scope.self as AnyActorRef
  const root = seatOf(snapshot)?.root
  if (!root) return next(event)
  if (!isVouchedFor(event) && !isOfXState(event)) {
    const command = commandOf(event)
    root.session.admit(command.type === 'event.refused' ? root.session.path : address, command)
    return snapshot
  }
  if (event.type === 'effect.heard') {
    root.session.hear(event as EffectHeard)
    return snapshot
  }
  if (event.type === 'event.emitted' || event.type === 'event.refused') {
    root.scope.hear(event as EmittedEvent | RefusedEvent)
    return snapshot
  }
  const translated = isChildEvent(event) ? translate(event) : event
  if (translated === null) return snapshot
  const end = () => {
    abandon(halt)
    if (root.self === self) root.abandon(halt)
  }
  try {
    if (translated.type === 'root.failed') throw (translated as unknown as { readonly error: unknown }).error
    const last = next(translated)
    if (last.status === 'done') return finish(last)
    if (last.status !== 'active') end()
    // What a root hears while it starts waits until it has started: then no entry is under way that would settle it.
    else if (root.self === self && root.session.isQuiet) scope.defer(() => root.session.settleDown())
    return last
  } catch (error) {
    end()
    throw error
  }
}

/** Whether XState itself stops the actor, or says that a child has ended. */
const isOfXState = (event: InboundEvent) => event.type === 'xstate.stop' || isChildEvent(event)

/** Whether an event says that a child has ended. */
export const isChildEvent = ({ type }: InboundEvent) =>
  typeof type === 'string' &&
  (type.startsWith('xstate.done.actor.') || type.startsWith('xstate.error.actor.'))

/** What `getPersistedSnapshot` gives: what a run is known by, and how it ended. */
export interface PersistedRun {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output: unknown
  readonly error: unknown
  readonly runId: string
  readonly inputs: Readonly<Record<string, unknown>>
}

interface Persistable extends Pick<PersistedRun, 'status' | 'output' | 'error'> {
  readonly context: Pick<PersistedRun, 'runId' | 'inputs'>
}

/** Actors that were restored from a run that was under way, and have not started yet. */
const resuming = new WeakSet<AnyActorRef>()

/** Whether an actor is to take up an earlier life of its run. */
export const isResuming = (self: AnyActorRef) => resuming.has(self)

/** A snapshot to be written down. */
export function persisted({ status, output, error, context }: Persistable): Snapshot<unknown> {
  const { runId, inputs } = context
  return { status, output, error, runId, inputs } as unknown as Snapshot<unknown>
}

/**
 * A snapshot from one that was written down. One that was under way, or that is none of ours, begins anew here:
 * the start resumes it or refuses, because an error thrown while restoring would not reach an outer `onError`.
 */
export function restored<TSnapshot>(
  snapshot: Snapshot<unknown>,
  scope: AnyActorScope,
  begin: (input: { runId: string; inputs: PersistedRun['inputs'] }) => TSnapshot,
  ended: (run: PersistedRun) => TSnapshot,
): TSnapshot {
  const run = snapshot as unknown as PersistedRun
  const { status, output, error, runId, inputs } = run
  if (status !== 'active' && typeof runId === 'string') return { ...ended(run), status, output, error }
  resuming.add(scope.self as AnyActorRef)
  return begin({ runId: String(runId), inputs })
}
