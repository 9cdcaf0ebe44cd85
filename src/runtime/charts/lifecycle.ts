// What run and integration have in common as actor logic: how an end, a stop, an error and an event from outside
// are handled around the chart's own transition. Four things do not come by themselves with actors that live
// outside of `children`: stop, throw, persist, restore.
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, EventObject, Snapshot } from 'xstate'
import { seatOf } from './seat.ts'
import { commandOf } from '../environment/outside.ts'
import { isChildEnd, type ChildEnd } from './settlement.ts'
import { halt, isVouchedFor } from './tell.ts'

interface Around<TSnapshot> {
  readonly snapshot: TSnapshot
  readonly event: EventObject
  readonly scope: AnyActorScope
  /** The actor's address. */
  readonly address: string
  /** A finished child's event as its parent's chart knows it; `null` where the chart need not know. */
  readonly translate: (child: ChildEnd) => EventObject | null
  /** The chart's own transition. */
  readonly next: (event: EventObject) => TSnapshot
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
  const end = () => {
    abandon(halt)
    if (root.self === self) root.abandon(halt)
  }
  if (isVouchedFor(event)) {
    if (event.type === 'root.failed') {
      end()
      throw event.error
    }
    if (event.type === 'effect.heard') {
      root.session.hear(event)
      return snapshot
    }
    if (event.type === 'event.emitted' || event.type === 'event.refused') {
      root.scope.hear(event)
      return snapshot
    }
  } else if (!isChildEnd(event) && event.type !== 'xstate.stop') {
    const command = commandOf(event)
    root.session.admit(command.type === 'event.refused' ? root.session.path : address, command)
    return snapshot
  }
  const translated = isChildEnd(event) ? translate(event) : event
  if (translated === null) return snapshot
  try {
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
  return { status, output, error, runId, inputs } as Snapshot<unknown>
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
  const run = snapshot as Snapshot<unknown> & PersistedRun
  const { status, output, error, runId, inputs } = run
  if (status !== 'active' && typeof runId === 'string') return { ...ended(run), status, output, error }
  resuming.add(scope.self as AnyActorRef)
  return begin({ runId: String(runId), inputs })
}
