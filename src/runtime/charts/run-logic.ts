// A workflow as actor logic: `createActor(workflow)`, `invoke: { src: workflow }`, `toPromise`, `inspect` all work.
// It is the workflow's chart, bound to a run; whatever is not in the chart is in run.ts.
import { StateMachine, type AnyActorRef, type AnyActorScope, type EventObject, type Snapshot } from 'xstate'
import { beginning } from '../../../machines/workflow-context.ts'
import { workflowMachine, type WorkflowMachineInput } from '../../../machines/workflow.ts'
import type { OnIncomplete } from '../../definition/builder.ts'
import type { Plan } from '../../definition/plan.ts'
import { RunChart, showing } from './run-chart.ts'
import { Seat, seatOf, type EarlierRun } from './seat.ts'
import type { OpenLogic } from './tell.ts'
import { workflowChart } from './workflow.ts'
import { checkedInputs, checkedRunId } from '../execute/given-inputs.ts'
import type { Host } from '../port/host.ts'
import { earlierLife, persisted, restored, transitionAround } from './lifecycle.ts'
import { RunNotCompletedError } from '../report/not-completed.ts'
import { Watch } from './rest.ts'
import { Root } from './root.ts'
import { Run } from '../run/run.ts'
import { Progress } from '../report/progress.ts'
import type { ScopeParts } from '../environment/scope.ts'
import type { RunOptions } from '../run/run-options.ts'
import type { ChartAt } from '../state/notes.ts'
import { revivedRun, reviveLiving, type Earlier } from '../state/revive.ts'
import { reviveMailbox, reviveRoot, reviving, type EarlierRoot } from '../state/root.ts'
import type { RunAt } from '../state/run-at.ts'
import { reportOf, type RunReport } from '../report/step-records.ts'
import type { RunInput } from './workflow-logic.ts'

/** Everything a workflow needs to run, on any host. */
export interface Blueprint {
  readonly plan: Plan
  readonly host: Host
  readonly env: Readonly<Record<string, string>>
  /** Used where the workflow runs on its own; a run below an integration shares the integration's. */
  readonly parts: ScopeParts
  /** Its number among the scenarios of an integration. Default 0. */
  readonly list?: number
  /** How a run that does not complete ends: with a report, the default, or in an error that carries it. */
  readonly onIncomplete?: OnIncomplete
}

type Base = typeof workflowMachine
type RunSnapshot = ReturnType<Base['getInitialSnapshot']>
const BaseMachine = StateMachine as new (
  config: Base['config'],
  implementations: Base['implementations'],
) => Base

/** Actor logic of a workflow; users see it as `WorkflowLogic`. Its output is a `RunReport`. */
export class RunLogic extends BaseMachine implements OpenLogic {
  readonly blueprint: Blueprint
  readonly hearsOutside = true
  /** Compiled. */
  readonly chart = new RunChart(this)

  constructor(
    blueprint: Blueprint,
    implementations: Base['implementations'] = workflowChart.implementations,
    // Inspectors show the id of a machine. React goes on with an actor as long as the configuration of its logic is the same object.
    config: Base['config'] = { ...workflowMachine.config, id: blueprint.plan.workflow.name },
  ) {
    super(config, implementations)
    this.blueprint = blueprint
  }

  /** The same workflow on another host. */
  withHost(host: Host): this {
    return new RunLogic({ ...this.blueprint, host }, this.implementations, this.config) as this
  }

  /** The same workflow as a scenario of an integration. */
  below(root: Root, earlier: EarlierRun | null = null): this {
    const seat = new Seat<Run>(root)
    seat.earlier = earlier
    return Object.create(this, {
      getInitialSnapshot: {
        value: (scope: AnyActorScope, input?: RunInput) => this.first(scope, input, seat),
      },
      restoreSnapshot: { value: (at: ChartAt) => this.restoredIn(at, seat) },
    }) as this
  }

  override provide(implementations: Parameters<Base['provide']>[0]): Base {
    return new RunLogic(this.blueprint, super.provide(implementations).implementations, this.config)
  }

  /** @throws INPUT_INVALID; an actor ends in an error by it. */
  override getInitialSnapshot(scope: AnyActorScope, input?: RunInput): RunSnapshot {
    return this.first(scope, input, new Seat(null))
  }

  override start(snapshot: RunSnapshot, scope?: AnyActorScope): void {
    super.start(snapshot)
    const seat = seatOf<Run>(snapshot)
    if (scope && seat && snapshot.status === 'active') this.open(seat, snapshot.context, scope)
  }

  override transition(snapshot: RunSnapshot, event: EventObject, scope: AnyActorScope): RunSnapshot {
    return transitionAround(this, seatOf<Run>(snapshot), snapshot, event, scope)
  }

  override getPersistedSnapshot(snapshot: RunSnapshot): Snapshot<unknown> {
    return persisted(snapshot)
  }

  override restoreSnapshot(snapshot: Snapshot<unknown>, scope: AnyActorScope): RunSnapshot {
    return restored(
      snapshot,
      scope,
      (input) => this.getInitialSnapshot(scope, input),
      (at, seat) => this.restoredIn(at, seat as Seat<Run>),
      ({ runId, inputs, output, error }) => {
        const { report: failed = null } = (error ?? {}) as { report?: Partial<RunReport> | null }
        const report = (output as Partial<RunReport> | undefined) ?? failed
        const { plan } = this.blueprint
        const context = beginning(chartInput(plan, runId, inputs))
        const last = this.resolveState({ value: VALUE_OF[report?.status ?? 'failed'], context })
        return showing(last, new Progress(plan, { seated: null }, report))
      },
    )
  }

  private first(scope: AnyActorScope, input: RunInput | undefined, seat: Seat<Run>): RunSnapshot {
    const { plan, host } = this.blueprint
    const { runId: name = host.newRunId(), inputs: given = {} } = input ?? {}
    // An integration names the runs of its scenarios after itself.
    const runId = seat.root ? name : checkedRunId(name)
    if (!seat.root) seat.watch = new Watch(scope.self as AnyActorRef)
    const begun = this.chart.initial(scope, chartInput(plan, runId, checkedInputs(plan, given)), seat)
    return showing(begun, new Progress(plan, seat))
  }

  private restoredIn(at: ChartAt, seat: Seat<Run>): RunSnapshot {
    return showing(this.chart.restored(at, seat) as RunSnapshot, new Progress(this.blueprint.plan, seat))
  }

  /** Joins the run to the root above it, or makes it a root of its own. */
  private open(seat: Seat<Run>, { runId, inputs }: RunSnapshot['context'], scope: AnyActorScope): void {
    const self = scope.self as AnyActorRef
    const { host, plan, env, parts, list = 0 } = this.blueprint
    // The root of an actor that is started again is its own, of an earlier life.
    const above = seat.root?.self === self ? null : seat.root
    const earlier = above ? null : earlierLife(seat, runId)
    const request = { runId, resume: seat.isRestored || earlier !== null }
    const root = above ?? new Root(scope, host, request, parts, plan.workflow, plan.awaited, earlier)
    seat.root = root
    const options = {
      runId,
      plan,
      modules: root.scope.modulesByName,
      inputs,
      env,
      scenario: plan.workflow.name,
      ownsScope: !above,
      within: null,
      list,
      waitFor: 'all',
    } as const
    const again = above
      ? (seat.earlier as EarlierRun | null)
      : earlier && reviving(root, () => firstOf(root, earlier))
    seat.seated = reviving(root, () => runOf(root, self, options, again))
    if (earlier) reviving(root, () => reviveMailbox(root, earlier, again!.notes))
    if (above) return
    root.session.watcher = seat.watch
    scope.defer(() => root.session.settleDown())
  }

  /** Gives the last snapshot the output that users get. */
  finish(last: RunSnapshot, run: Run): RunSnapshot {
    const report = reportOf(run, last.output!)
    if (run.options.ownsScope) run.session.finish()
    const rejects = this.blueprint.onIncomplete === 'reject' && report.status !== 'completed'
    const end = rejects
      ? { status: 'error', output: undefined, error: new RunNotCompletedError(report) }
      : { output: report }
    return { ...last, ...end } as RunSnapshot
  }
}

const firstOf = (root: Root, earlier: EarlierRoot): EarlierRun => ({
  at: (earlier.future.seated as { readonly run: RunAt }).run,
  notes: reviveRoot(root, earlier),
})

/** A run, or one that goes on. */
function runOf(root: Root, self: AnyActorRef, options: RunOptions, again: EarlierRun | null): Run {
  const make = (earlier?: Earlier) => {
    const run = new Run(self, root.session, root.scope, options, earlier)
    run.attach(self)
    return run
  }
  if (!again) return make()
  const run = revivedRun(again.at, options.plan, `run/${options.runId}`, again.notes, make)
  reviveLiving(run, again.at, again.notes)
  return run
}

const VALUE_OF = {
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  timed_out: 'timedOut',
  compensated: 'compensated',
  compensation_failed: 'compensationFailed',
} as const

/** What the chart of a run that stands alone starts with. */
function chartInput(
  { workflow }: Plan,
  runId: string,
  inputs: Readonly<Record<string, unknown>>,
): WorkflowMachineInput {
  const { failFast, timeoutMs, onFailure, compensationTimeoutMs } = workflow
  const limits = { failFast, timeoutMs, onFailure, compensationTimeoutMs }
  return { runId, inputs, ...limits, level: 'run', waitFor: 'all' }
}
