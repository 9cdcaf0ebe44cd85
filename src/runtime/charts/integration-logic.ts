// An integration as actor logic: the integration's chart, bound to its scenarios, modules, pools and bus.
import { StateMachine, type AnyActorRef, type AnyActorScope, type EventObject, type Snapshot } from 'xstate'
import { integrationMachine } from '../../../machines/integration.ts'
import type { BusContext } from '../../../machines/bus.ts'
import type { Failure, IntegrationStatus } from '../../../machines/protocol.ts'
import type { IntegrationDefinition, Module } from '../../definition/model.ts'
import { awaitedByAll, planWorkflow, type Plan } from '../../definition/plan.ts'
import { ActorChart } from './compiled.ts'
import { integrationChart } from './integration.ts'
import { Seat, seatOf } from './seat.ts'
import type { OpenLogic } from './tell.ts'
import type { Host } from '../port/host.ts'
import { earlierLife, persisted, restored, transitionAround } from './lifecycle.ts'
import { checkedRunId, keptInputs } from '../execute/given-inputs.ts'
import { handlerSubscriptions } from '../environment/handlers.ts'
import type { EventCounts } from '../environment/mailbox.ts'
import { Program } from '../run/program.ts'
import { Watch } from './rest.ts'
import { Root } from './root.ts'
import { RunLogic } from './run-logic.ts'
import type { ModuleReport } from '../../kernel/module-order.ts'
import type { ScopeParts } from '../environment/scope.ts'
import type { ProgramAt } from '../state/root-at.ts'
import { reviveMailbox, reviveRoot, reviving, type EarlierRoot } from '../state/root.ts'
import type { RunReport } from '../report/step-records.ts'
import type { Subscription } from '../environment/subscription.ts'
import type { RunInput } from './workflow-logic.ts'

export interface IntegrationBlueprint {
  readonly definition: IntegrationDefinition
  readonly modules: readonly Module[]
  readonly host: Host
  readonly subscriptions?: readonly Subscription[]
}

/** What an integration leaves behind; the result document is made from it. */
export interface IntegrationReport {
  readonly runId: string
  readonly name: string
  readonly status: IntegrationStatus
  readonly error: Failure | null
  readonly startedAt: number
  readonly finishedAt: number
  readonly modules: readonly ModuleReport[]
  /** In declared order; `null` for a scenario that never started. */
  readonly scenarios: readonly (RunReport | null)[]
  readonly scenarioNames: readonly string[]
  readonly cleanupIssues: readonly Failure[]
  readonly leasesOpen: number
  readonly lateReplies: number
  /** Events that reached no step. */
  readonly events: EventCounts
  /** `null` where events are off. */
  readonly bus: BusContext | null
  readonly pools: number
}

type Base = typeof integrationMachine
type IntegrationSnapshot = ReturnType<Base['getInitialSnapshot']>
const BaseMachine = StateMachine as new (
  config: Base['config'],
  implementations: Base['implementations'],
) => Base

/** Actor logic: `createActor(new IntegrationLogic(…))`. Its output is an `IntegrationReport`. */
export class IntegrationLogic extends BaseMachine implements OpenLogic {
  readonly blueprint: IntegrationBlueprint
  readonly hearsOutside = true
  /** Compiled. */
  readonly chart = new ActorChart(this)
  private readonly workflows: readonly RunLogic[]
  private readonly parts: ScopeParts
  /** The events that steps wait for. */
  private readonly awaited: Plan['awaited']

  /** @throws WORKFLOW_INVALID */
  constructor(
    blueprint: IntegrationBlueprint,
    implementations: Base['implementations'] = integrationChart.implementations,
    // As that of a run.
    config: Base['config'] = { ...integrationMachine.config, id: blueprint.definition.name },
  ) {
    super(config, implementations)
    const { definition, modules, host, subscriptions: given = [] } = blueprint
    const { pools, leaseTimeoutMs, eventsEnabled, history, env } = definition
    this.blueprint = blueprint
    const subscriptions = [...given, ...handlerSubscriptions(definition.handlers, modules)]
    const parts: ScopeParts = { modules, pools, leaseTimeoutMs, eventsEnabled, history, subscriptions }
    this.parts = parts
    this.workflows = definition.workflows.map(
      (workflow, list) => new RunLogic({ plan: planWorkflow(workflow), host, env, parts, list }),
    )
    this.awaited = awaitedByAll(this.workflows.map(({ blueprint: { plan } }) => plan.awaited))
  }

  /** The same integration on another host. */
  withHost(host: Host): IntegrationLogic {
    return new IntegrationLogic({ ...this.blueprint, host }, this.implementations, this.config)
  }

  override provide(implementations: Parameters<Base['provide']>[0]): Base {
    return new IntegrationLogic(this.blueprint, super.provide(implementations).implementations, this.config)
  }

  override getInitialSnapshot(scope: AnyActorScope, input?: RunInput): IntegrationSnapshot {
    const { host, definition } = this.blueprint
    const { failFast, timeoutMs, inputs: defaults } = definition
    const { runId = host.newRunId(), inputs = {} } = input ?? {}
    const first = {
      runId: checkedRunId(runId),
      inputs: keptInputs({ ...defaults, ...inputs }),
      failFast,
      timeoutMs,
    }
    const seat = new Seat(null)
    seat.watch = new Watch(scope.self as AnyActorRef)
    return this.chart.initial(scope, first, seat)
  }

  override start(snapshot: IntegrationSnapshot, scope?: AnyActorScope): void {
    super.start(snapshot)
    const seat = seatOf<Program>(snapshot)
    if (!scope || !seat || snapshot.status !== 'active') return
    const { host, definition } = this.blueprint
    const { runId, inputs } = snapshot.context
    const earlier = earlierLife(seat, runId)
    const request = { runId, resume: seat.isRestored || earlier !== null }
    const root = new Root(scope, host, request, this.parts, definition, this.awaited, earlier)
    seat.root = root
    root.session.watcher = seat.watch
    scope.defer(() => root.session.settleDown())
    const options = { runId, concurrentMax: definition.maxConcurrentWorkflows, inputs }
    const program = new Program(root, this.workflows, options, earlier?.record.program)
    seat.seated = program
    if (earlier) reviving(root, () => reviveProgram(root, program, earlier))
  }

  override transition(
    snapshot: IntegrationSnapshot,
    event: EventObject,
    scope: AnyActorScope,
  ): IntegrationSnapshot {
    return transitionAround(this, seatOf<Program>(snapshot), snapshot, event, scope)
  }

  override getPersistedSnapshot(snapshot: IntegrationSnapshot): Snapshot<unknown> {
    return persisted(snapshot)
  }

  override restoreSnapshot(snapshot: Snapshot<unknown>, scope: AnyActorScope): IntegrationSnapshot {
    return restored(
      snapshot,
      scope,
      (input) => this.getInitialSnapshot(scope, input),
      (at, seat) => this.chart.restored(at, seat) as IntegrationSnapshot,
      ({ runId, inputs, output }) => {
        const { failFast, timeoutMs } = this.blueprint.definition
        const status = (output as { status?: IntegrationStatus } | undefined)?.status ?? 'failed'
        const cause = status === 'completed_with_cleanup_issues' ? 'completed' : status
        const context = { runId, inputs, failFast, timeoutMs, cause, failure: null, cleanupIssues: [] }
        return this.resolveState({ value: VALUE_OF[status], context })
      },
    )
  }

  /** Gives the last snapshot the output that users get. */
  finish(last: IntegrationSnapshot, program: Program): IntegrationSnapshot {
    const { status, failure, cleanupIssues } = last.output!
    const { definition } = this.blueprint
    const { session, scope } = program.root
    const output: unknown = {
      runId: program.runId,
      name: definition.name,
      status,
      error: failure,
      startedAt: program.startedAt,
      finishedAt: session.time,
      modules: scope.moduleReports,
      scenarios: program.reports,
      scenarioNames: definition.workflows.map(({ name }) => name),
      cleanupIssues,
      leasesOpen: scope.leasesOpenOf(session.path),
      lateReplies: session.lateReplies,
      events: scope.mailbox.counts,
      bus: scope.busContext,
      pools: definition.pools.length,
    } satisfies IntegrationReport
    session.finish()
    return { ...last, output } as IntegrationSnapshot
  }
}

function reviveProgram(root: Root, program: Program, earlier: EarlierRoot): void {
  const notes = reviveRoot(root, earlier)
  program.revive((earlier.future.seated as { readonly program: ProgramAt }).program, notes)
  reviveMailbox(root, earlier, notes)
}

const VALUE_OF = {
  completed: 'completed',
  completed_with_cleanup_issues: 'completedWithCleanupIssues',
  failed: 'failed',
  cancelled: 'cancelled',
  timed_out: 'timedOut',
} as const
