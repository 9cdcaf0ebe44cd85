// A run inside of a control step: the orchestrator's own chart, without modules and pools of its own.
// Invariant: while it is under way it is known to the session; when it has ended, it is known to nobody but those who
// keep it to undo it.
import { actorBelow, type ActorRef, type Begin } from '../charts/actors.ts'
import type { CompensationExtent } from '../../../machines/protocol.ts'
import type { WorkflowMachineInput } from '../../../machines/workflow.ts'
import { nestedChartFor } from '../charts/nested.ts'
import { Seat } from '../charts/seat.ts'
import { nestedOptions, type Nesting } from '../run/nesting.ts'
import type { Run } from '../run/run.ts'
import type { ChartAt, Reviving } from '../state/notes.ts'
import { nestingOf, revivedRun, reviveLiving, type Earlier } from '../state/revive.ts'
import type { NestedAt } from '../state/run-at.ts'
import type { Attempt } from './work.ts'

/** Starts a run inside of a step, below an actor. */
export function startNested(attempt: Attempt, parent: ActorRef, nesting: Nesting): Run {
  const { run: outer, index } = attempt
  const options = nestedOptions(outer, index, attempt.attempt, nesting)
  const [actor, seat] = actorOf(options, parent, { input: inputOf(options, 'start') })
  const run = outer.child(actor, options)
  seat.seated = run
  run.attach(actor)
  actor.start()
  return run
}

/** Takes up one that was under way in an earlier life. */
export function reviveNested(
  { run: outer, index }: Attempt,
  parent: ActorRef,
  at: NestedAt,
  notes: Reviving,
  ended: Nesting['ended'],
): Run {
  const options = nestedOptions(outer, index, at.attempt, nestingOf(outer, index, at, ended))
  const [actor, seat] = actorOf(options, parent, { snapshot: withInputs(at.run.chart, options) })
  const make = (earlier: Earlier) => (seat.seated = outer.child(actor, options, earlier))
  const run = revivedRun(at.run, options.plan, actor.id, notes, make)
  run.attach(actor)
  actor.start()
  reviveLiving(run, at.run, notes)
  return run
}

/**
 * Undoes a run inside of a step that has ended, or the part of it that is not part of the result.
 * @param at Where that was in an earlier life.
 */
export function undoNested(run: Run, parent: ActorRef, extent: CompensationExtent, at?: ChartAt): void {
  const { options } = run
  const begin = at
    ? { snapshot: withInputs(at, options) }
    : { input: { ...inputOf(options, 'undo'), extent } }
  const [actor, seat] = actorOf(options, parent, begin)
  run.attach(actor)
  seat.seated = run
  actor.start()
}

/** Forgets a run that has ended. */
export function forget(run: Run): void {
  run.session.actors.delete(run.path)
  run.session.runs.delete(run.path)
}

function actorOf(
  { plan, runId, within }: Run['options'],
  parent: ActorRef,
  begin: Begin<WorkflowMachineInput>,
): readonly [ActorRef, Seat<Run>] {
  const seat = new Seat<Run>(null)
  const id = `run/${runId}/steps/${within!.address}`
  return [actorBelow(parent, id, nestedChartFor(seat, plan.workflow), begin), seat]
}

/** Inputs are captured once, by the run that has them first. */
const withInputs = ({ value, context }: ChartAt, { inputs }: Run['options']): ChartAt => ({
  value,
  context: { ...context, inputs },
})

function inputOf(
  { plan: { workflow }, runId, inputs, within, waitFor }: Run['options'],
  entry: 'start' | 'undo',
): WorkflowMachineInput {
  const { failFast, timeoutMs, onFailure, compensationTimeoutMs } = workflow
  const level = within?.isOpen ? 'block' : 'call'
  return { runId, inputs, failFast, timeoutMs, onFailure, compensationTimeoutMs, level, waitFor, entry }
}
