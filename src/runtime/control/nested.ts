// A run inside of a control step: the orchestrator's own chart, without modules and pools of its own.
// Invariant: while it is under way it is known to the session; when it has ended, it is known to nobody but those who
// keep it to undo it.
import { worstBefore } from '../../kernel/graph.ts'
import { createActor, type ActorRef } from '../charts/actors.ts'
import type { CompensationExtent } from '../../../machines/protocol.ts'
import type { WorkflowMachineInput, WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { DataScope } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { nestedChartFor } from '../charts/nested.ts'
import { Seat } from '../charts/seat.ts'
import type { Run } from '../run/run.ts'
import type { Within } from '../run/run-options.ts'
import type { Attempt } from './work.ts'

/** What runs inside, and how. */
export interface Nesting extends Partial<Pick<Within, 'iteration' | 'absent' | 'output'>> {
  readonly plan: Plan
  /** The actor above it. */
  readonly parent: ActorRef
  readonly waitFor?: 'all' | number
  /** Given for a scenario of its own, which sees nothing of what is around it. */
  readonly inputs?: DataScope['inputs']
  ended(run: Run, output: WorkflowMachineOutput): void
}

/** Starts a run inside of a step. */
export function startNested({ run: outer, index, attempt }: Attempt, nesting: Nesting): Run {
  const { plan, parent, iteration = null, absent = [], output = null, waitFor = 'all', inputs } = nesting
  const { runId, modules, env, scenario } = outer.options
  const retried = attempt > 1 ? `[#${attempt}]` : ''
  const number = iteration?.index === undefined ? '' : `[${iteration.index}]`
  const within: Within = {
    run: outer,
    index,
    address: `${outer.addressOf(index)}${retried}${number}`,
    before: inputs === undefined ? worstBefore(outer.plan, outer.graph, index) : undefined,
    isOpen: inputs === undefined,
    iteration,
    absent,
    output,
    ended: (run, result) => nesting.ended(run, result),
  }
  const options = {
    runId,
    plan,
    modules,
    env,
    inputs: inputs ?? outer.options.inputs,
    scenario: inputs === undefined ? scenario : plan.workflow.name,
    ownsScope: false,
    within,
    list: iteration?.index ?? outer.options.plan.inside.get(index)!.indexOf(plan),
    waitFor,
  }
  const id = `run/${runId}/steps/${within.address}`
  const input = inputOf(plan, options, 'start')
  const seat = new Seat<Run>(null)
  const actor = createActor(nestedChartFor(seat, plan.workflow), { parent, id, input })
  const run = outer.child(actor, options)
  seat.seated = run
  actor.start()
  return run
}

/** Undoes a run inside of a step that has ended, or the part of it that is not part of the result. */
export function undoNested(run: Run, parent: ActorRef, extent: CompensationExtent): void {
  const { options } = run
  const input = { ...inputOf(options.plan, options, 'undo'), extent }
  const seat = new Seat<Run>(null)
  const actor = createActor(nestedChartFor(seat, run.workflow), { parent, id: run.path, input })
  run.attach(actor)
  seat.seated = run
  actor.start()
}

/** Forgets a run that has ended. */
export function forget(run: Run): void {
  run.session.actors.delete(run.path)
  run.session.runs.delete(run.path)
}

function inputOf(
  { workflow }: Plan,
  { runId, inputs, within, waitFor }: Run['options'],
  entry: 'start' | 'undo',
): WorkflowMachineInput {
  const { failFast, timeoutMs, onFailure, compensationTimeoutMs } = workflow
  const level = within?.isOpen ? 'block' : 'call'
  return { runId, inputs, failFast, timeoutMs, onFailure, compensationTimeoutMs, level, waitFor, entry }
}
