// What run and integration have in common as actor logic: how an end, a stop, an error and an event from outside
// are handled around the chart's own transition. Four things do not come by themselves with actors that live
// outside of `children`: stop, throw, persist, restore.
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, EventObject, Snapshot } from 'xstate'
import { commandOf } from '../environment/outside.ts'
import type { Root } from './root.ts'
import { isChildEnd, type ChildEnd } from './settlement.ts'
import { halt, isVouchedFor } from './tell.ts'

/** What is under way below an actor. */
interface Seated {
  /** A finished child's event as its parent's chart knows it; `null` where the chart need not know. */
  settlementOf(child: ChildEnd): EventObject | null
  /** The end is not orderly: tells what is under way to stop. */
  abandonAll(stop: (child: AnyActorRef) => void): void
}

interface SeatedLogic<TSnapshot, TSeated> {
  readonly chart: { transition(snapshot: TSnapshot, event: EventObject, scope: AnyActorScope): TSnapshot }
  /** Called once with the last snapshot of an orderly end; returns it with the output that users get. */
  finish(last: TSnapshot, seated: TSeated): TSnapshot
}

/** Wraps a chart's transition. Without a root (a pure call, as in graph tools) only the chart speaks. */
export function transitionAround<TSnapshot extends AnyMachineSnapshot, TSeated extends Seated>(
  logic: SeatedLogic<TSnapshot, TSeated>,
  seat: { readonly root: Root | null; readonly seated: TSeated | null } | undefined,
  snapshot: TSnapshot,
  event: EventObject,
  scope: AnyActorScope,
): TSnapshot {
  const { chart } = logic
  const { root, seated } = seat ?? {}
  if (!root || !seated) return chart.transition(snapshot, event, scope)
  const self = scope.self as AnyActorRef
  if (isVouchedFor(event)) {
    if (event.type === 'root.failed') {
      end(self, root, seated)
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
    const { runId } = snapshot.context as { readonly runId: string }
    root.session.admit(command.type === 'event.refused' ? root.session.path : `run/${runId}`, command)
    return snapshot
  }
  const translated = isChildEnd(event) ? seated.settlementOf(event) : event
  if (translated === null) return snapshot
  try {
    const last = chart.transition(snapshot, translated, scope)
    if (last.status === 'done') return logic.finish(last, seated)
    if (last.status !== 'active') end(self, root, seated)
    // What a root hears while it starts waits until it has started: then no entry is under way that would settle it.
    else if (root.self === self && root.session.isQuiet) scope.defer(() => root.session.settleDown())
    return last
  } catch (error) {
    end(self, root, seated)
    throw error
  }
}

function end(self: AnyActorRef, root: Root, seated: Seated): void {
  seated.abandonAll(halt)
  if (root.self === self) root.abandon(halt)
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
