// What run and integration have in common as actor logic: how an end, a stop, an error and an event from outside
// are handled around the chart's own transition. Four things do not come by themselves with actors that live
// outside of `children`: stop, throw, persist, restore.
import type { AnyActorRef, AnyActorScope, AnyMachineSnapshot, EventObject, Snapshot } from 'xstate'
import { SagachartError } from '../../errors.ts'
import { look } from '../../foreign.ts'
import { commandOf } from '../environment/outside.ts'
import type { Program } from '../run/program.ts'
import type { Run } from '../run/run.ts'
import type { ChartAt } from '../state/notes.ts'
import {
  captureRoot,
  chartAt,
  readCaptured,
  refusalOf,
  stillGiven,
  type Captured,
  type EarlierRoot,
} from '../state/root.ts'
import { Watch } from './rest.ts'
import type { Root } from './root.ts'
import { Seat, seatOf } from './seat.ts'
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
  if (event.type === 'xstate.stop' && root.self === self) keepForRestart(seat as Seat, root, seated as never)
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

/**
 * An actor that is stopped may be started again: React does so with all that it mounts, in its strict mode. Whatever becomes of
 * this, it is stopped.
 */
function keepForRestart(seat: Seat, root: Root, seated: Run | Program): void {
  const { session } = root
  const capture = () => (session.isQuiet ? captureRoot(root, seated) : null)
  seat.stopped = session.isReplaying ? seat.given && stillGiven(seat.given, session) : look(capture, null)
}

function end(self: AnyActorRef, root: Root, seated: Seated): void {
  seated.abandonAll(halt)
  if (root.self === self) root.abandon(halt)
}

/** What `getPersistedSnapshot` gives: what a run is known by, where it is, or how it ended. */
export interface PersistedRun extends Partial<Captured> {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output: unknown
  readonly error: unknown
  readonly runId: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** `false` for a run that has not started. */
  readonly hasBegun?: boolean
}

interface Persistable extends Pick<PersistedRun, 'status' | 'output' | 'error'> {
  readonly context: Pick<PersistedRun, 'runId' | 'inputs'>
}

/** A snapshot to be written down. @throws RUN_NOT_AT_REST */
export function persisted(snapshot: Persistable): Snapshot<unknown> {
  const { status, output, error, context } = snapshot
  const { runId, inputs } = context
  const known = { status, output, error, runId, inputs }
  return (status === 'active' ? { ...known, ...where(seatOf(snapshot)) } : known) as Snapshot<unknown>
}

function where(seat: Seat | undefined): Partial<PersistedRun> {
  const { root, seated, given, stopped } = seat ?? {}
  if (!root || !seated) return given ?? { hasBegun: false }
  // One that was stopped and is to be started again.
  if (root.session.closed && stopped) return stopped
  // What is replayed is whole in the journal or in what was given, and nowhere else.
  if (root.session.isReplaying) return given ? stillGiven(given, root.session) : {}
  return captureRoot(root, seated)
}

/**
 * A snapshot from one that was written down. One that was under way, or that is none of ours, begins anew here:
 * the start resumes it or refuses, because an error thrown while restoring would not reach an outer `onError`.
 */
export function restored<TSnapshot extends object>(
  snapshot: Snapshot<unknown>,
  scope: AnyActorScope,
  begin: (input: { runId: string; inputs: PersistedRun['inputs'] }) => TSnapshot,
  goOn: (chart: ChartAt, seat: Seat) => TSnapshot,
  ended: (run: PersistedRun) => TSnapshot,
): TSnapshot {
  const run = snapshot as Snapshot<unknown> & PersistedRun
  const { status, output, error, runId, inputs, format, definition, future, record } = run
  if (status !== 'active' && typeof runId === 'string') return { ...ended(run), status, output, error }
  const seat = new Seat(null)
  try {
    seat.earlier = readCaptured(run, String(runId))
    seat.given = seat.earlier && ({ format, definition, future, record } as Captured)
    if (seat.earlier) {
      const first = goOn(chartAt(seat.earlier), seat)
      // Last, and so once: it changes the actor.
      seat.watch = new Watch(scope.self as AnyActorRef)
      return first
    }
  } catch (refusal) {
    seat.refusal = refusalOf(String(runId), refusal)
  }
  const first = begin({ runId: String(runId), inputs })
  Object.assign(seatOf(first)!, { isRestored: run.hasBegun !== false, refusal: seat.refusal })
  return first
}

/**
 * What an actor that starts is to go on from; `null` for one that begins. One that was stopped goes on from there.
 * @throws RUN_NOT_RESUMABLE
 */
export function earlierLife(seat: Seat, runId: string): EarlierRoot | null {
  if (seat.refusal !== null) throw seat.refusal
  if (seat.root === null) return seat.earlier as EarlierRoot | null
  if (seat.stopped) {
    seat.given = seat.stopped
    return readCaptured(seat.stopped, runId)
  }
  throw new SagachartError(
    'RUN_NOT_RESUMABLE',
    `Run ${runId} cannot be started again: it was stopped in the middle of a step, or while its journal was replayed; restore the snapshot that it had at rest`,
  )
}
