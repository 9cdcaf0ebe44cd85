// The result document of an integration: the JSON that the seed's "Integration Output Format" asks for.
// Every number in it was measured. Not written to disk here.
import type {
  CompensationStatus,
  Failure,
  IntegrationStatus,
  RunStatus,
  StepStatus,
} from '../../../machines/protocol.ts'
import { BACKLOG_MAX, DRAIN_MS_MAX, type Drop } from '../../../machines/bus.ts'
import type { IntegrationReport } from '../charts/integration-logic.ts'
import { timestamp } from '../execute/run-data.ts'
import type { InsideRecord, RunReport, StepRecord } from './step-records.ts'
import { KEPT_MAX } from '../../kernel/waiters.ts'

/** How one step fared. Times in seconds. */
export interface StepResult {
  readonly step_name: string
  readonly module_name: string
  readonly operation: string
  readonly status: StepStatus
  readonly data: unknown
  readonly error: Failure | null
  readonly execution_time: number
  readonly dependencies_satisfied: boolean
  readonly attempts: number
  readonly started_at: string | null
  readonly finished_at: string | null
  /** The fallback's output stands in for the operation's; left out where it does not. */
  readonly fallback?: true
  /** How undoing the step went; left out where nobody tried. */
  readonly compensation?: {
    readonly status: 'compensated' | 'failed'
    readonly error: Failure | null
    readonly attempts: number
  }
  /** Of a control step: what is inside of it. */
  readonly steps?: readonly StepResult[]
  /** Of an iterative step: its first iterations, and the first of the others that did not complete. */
  readonly iterations?: readonly {
    readonly index: number
    readonly status: string
    readonly steps: readonly StepResult[]
  }[]
  /** Of an iterative step: how many iterations ended. */
  readonly iterations_total?: number
}

export interface ScenarioResult {
  readonly scenario_name: string
  readonly status: RunStatus
  readonly error: Failure | null
  readonly result: {
    readonly workflow_name: string
    readonly run_id: string
    readonly total_steps: number
    readonly completed_steps: number
    readonly failed_steps: number
    readonly skipped_steps: number
    readonly cancelled_steps: number
    readonly compensated_steps: number
    /** Whether what the scenario did was undone. */
    readonly compensation: CompensationStatus
    /** Effects that happened and are left, though no part of the result, by the steps' addresses. */
    readonly undone: readonly string[]
    /** Effects that may have happened, by the steps' addresses. */
    readonly possibly_done: readonly string[]
    readonly degraded: boolean
    readonly execution_time: number
    /** Succeeded ÷ executed steps; 1 where none was executed. */
    readonly success_rate: number
    readonly outputs: unknown
    readonly step_results: readonly StepResult[]
  }
}

/** How one error scenario of the drill went. */
export interface DrilledError {
  /** `module_failure`, `communication_failure`, `resource_exhaustion`, or a name of the document's own. */
  readonly scenario: string
  /** The module, pool or steps that it strikes. */
  readonly target: string
  /** The integration came to its end, with no lease open. */
  readonly handled: boolean
  /** And every scenario of it completed, or was undone. */
  readonly recovered: boolean
  /** How the integration ended; `never_ended` where nothing limits what does not answer. */
  readonly status: IntegrationStatus | 'never_ended'
  readonly leases_open: number
}

/** What the drill came to. */
export interface DrillReport {
  /** Why nothing was played; `null` where all was. */
  readonly skipped: string | null
  readonly error_scenarios: readonly DrilledError[]
}

/** Errors of the run, and what the drill says of those that did not happen. */
export interface ErrorPropagation {
  /** Steps that failed in the run itself, at most 100. */
  readonly errors_seen: readonly { readonly step: string; readonly code: string; readonly message: string }[]
  readonly errors_simulated: number
  readonly errors_handled: number
  readonly recovery_successful: number
  readonly error_scenarios: readonly DrilledError[]
  /** Why there was no drill; `null` where there was one. */
  readonly drill_skipped: string | null
}

/** Grows with the product; what is there keeps its meaning. */
export interface ResultDocument {
  readonly status: IntegrationStatus
  readonly integration_name: string
  readonly run_id: string
  readonly error: Failure | null
  readonly module_initialization: {
    readonly modules_attempted: number
    readonly modules_successful: number
    readonly modules_failed: number
    readonly module_details: readonly { name: string; status: string; error?: Failure }[]
  }
  readonly integration_scenarios: {
    readonly scenarios_executed: number
    readonly scenario_results: readonly ScenarioResult[]
  }
  readonly cross_module_communication: {
    readonly events_exchanged: number
    /** Handlers that were not told of every event they asked for. */
    readonly events_dropped: readonly {
      readonly handler: string
      readonly pattern: string
      readonly events: number
    }[]
    /** Not valid, or named as the engine's own are. */
    readonly events_refused: number
    /** Kept for a wait, and dropped because there were too many. */
    readonly signals_dropped: number
    /** Passed over by a wait whose filter could not be computed for them. */
    readonly events_passed_over: number
    readonly modules_coordinated: number
    readonly shared_resources: number
    readonly communication_patterns: readonly string[]
  }
  readonly error_propagation: ErrorPropagation
  readonly integration_metrics: Readonly<Record<string, number | boolean>>
  readonly execution_summary: Readonly<Record<string, number | boolean>>
  readonly cleanup_issues: readonly Failure[]
  readonly warnings: readonly string[]
  readonly leases_open: number
  readonly late_replies: number
  readonly degraded: boolean
}

/** Whether every scenario completed, and every effect that is not part of a result was undone where it was to be. */
export const isCompleted = ({ status, integration_scenarios: { scenario_results: runs } }: ResultDocument) =>
  (status === 'completed' || status === 'completed_with_cleanup_issues') &&
  runs.every(({ result }) => result.compensation !== 'failed')

/** Errors that a result lists. */
const ERRORS_SEEN_MAX = 100

/**
 * Makes the document. Linear in the number of steps.
 * @param drill A text says why there was none.
 */
export function resultDocument(
  report: IntegrationReport,
  warnings: readonly string[],
  drill: DrillReport | string = 'it was not asked for',
): ResultDocument {
  const scenarios = report.scenarioNames.map((name, at) =>
    scenarioResult(name, report.scenarios[at] ?? null, report),
  )
  const steps = scenarios.flatMap(({ result }) => result.step_results)
  const executed = steps.filter(({ attempts }) => attempts > 0)
  const succeeded = executed.filter(({ status }) => status === 'success')
  const runs = report.scenarios.filter((run) => run !== null)
  const attempts = runs.reduce((sum, run) => sum + run.attempts, 0)
  const failedAttempts = runs.reduce((sum, run) => sum + run.failedAttempts, 0)
  const efficiency = executed.length === 0 ? 1 : succeeded.length / executed.length
  const modulesOk = report.modules.filter(({ status }) => status === 'success').length
  const delivered = report.bus?.counters.delivered ?? 0
  const coordinated = new Set(runs.flatMap(({ modules }) => modules)).size
  return {
    status: report.status,
    integration_name: report.name,
    run_id: report.runId,
    error: report.error,
    module_initialization: initialization(report, modulesOk),
    integration_scenarios: { scenarios_executed: runs.length, scenario_results: scenarios },
    cross_module_communication: communication(report, coordinated),
    error_propagation: errorPropagation(steps, drill),
    integration_metrics: {
      total_execution_time: seconds(report.finishedAt - report.startedAt),
      modules_integrated: modulesOk,
      workflows_executed: runs.length,
      total_operations: attempts,
      error_rate: attempts === 0 ? 0 : failedAttempts / attempts,
      integration_efficiency: efficiency,
      event_system_active: report.bus !== null,
      cross_module_communication: coordinated > 1,
    },
    execution_summary: {
      modules_integrated: modulesOk,
      workflows_executed: runs.length,
      total_operations: attempts,
      errors_encountered: failedAttempts,
      integration_success_rate: efficiency,
      event_driven_communication: delivered > 0,
    },
    cleanup_issues: report.cleanupIssues,
    warnings: [...warnings, ...lossesOf(report)],
    leases_open: report.leasesOpen,
    late_replies: report.lateReplies,
    degraded: runs.some(({ degraded }) => degraded),
  }
}

const initialization = ({ modules }: IntegrationReport, successful: number) => ({
  modules_attempted: modules.filter(({ status }) => status !== 'pending').length,
  modules_successful: successful,
  modules_failed: modules.filter(({ status }) => status === 'failed').length,
  module_details: modules.map(({ name, status, failure }) => ({
    name,
    status,
    ...(failure && { error: failure }),
  })),
})

/** What went over the bus and to the steps that wait, and what did not arrive. */
function communication(
  report: IntegrationReport,
  coordinated: number,
): ResultDocument['cross_module_communication'] {
  const { bus, pools } = report
  const { refused, dropped, passedOver } = report.events
  const drops = bus?.drops ?? []
  return {
    events_exchanged: bus?.counters.delivered ?? 0,
    events_dropped: drops.map(({ subscription: handler, pattern, events }) => ({ handler, pattern, events })),
    events_refused: refused,
    signals_dropped: dropped,
    events_passed_over: passedOver,
    modules_coordinated: coordinated,
    shared_resources: pools,
    communication_patterns: patterns(report, coordinated),
  }
}

function errorPropagation(steps: readonly StepResult[], given: DrillReport | string): ErrorPropagation {
  const { skipped, error_scenarios } =
    typeof given === 'string' ? { skipped: given, error_scenarios: [] } : given
  const seen = steps.flatMap(({ step_name: step, error }) =>
    error ? [{ step, code: error.code, message: error.message }] : [],
  )
  return {
    errors_seen: seen.slice(0, ERRORS_SEEN_MAX),
    errors_simulated: error_scenarios.length,
    errors_handled: error_scenarios.filter(({ handled }) => handled).length,
    recovery_successful: error_scenarios.filter(({ recovered }) => recovered).length,
    error_scenarios,
    drill_skipped: skipped,
  }
}

function scenarioResult(name: string, run: RunReport | null, report: IntegrationReport): ScenarioResult {
  const steps = (run?.steps ?? []).map(stepResult)
  const executed = steps.filter(({ attempts }) => attempts > 0)
  const { success = 0, failed = 0, skipped = 0, cancelled = 0, compensated = 0 } = run?.counts ?? {}
  return {
    scenario_name: name,
    status: run?.status ?? 'cancelled',
    error: run ? run.error : report.error,
    result: {
      workflow_name: name,
      run_id: run?.runId ?? '',
      total_steps: steps.length,
      completed_steps: success,
      failed_steps: failed,
      skipped_steps: skipped,
      cancelled_steps: cancelled,
      compensated_steps: compensated,
      compensation: run?.compensation ?? 'none',
      undone: run?.undone ?? [],
      possibly_done: run?.possiblyDone ?? [],
      degraded: run?.degraded ?? false,
      execution_time: run ? seconds(run.finishedAt - run.startedAt) : 0,
      success_rate: executed.length === 0 ? 1 : success / executed.length,
      outputs: run?.outputs ?? null,
      step_results: steps,
    },
  }
}

function stepResult(step: StepRecord): StepResult {
  return {
    step_name: step.name,
    module_name: step.module,
    operation: step.operation,
    status: step.status,
    data: step.output,
    error: step.error,
    execution_time: seconds((step.finishedAt ?? 0) - (step.startedAt ?? step.finishedAt ?? 0)),
    dependencies_satisfied: step.dependenciesSatisfied,
    attempts: step.attempts,
    started_at: step.startedAt === null ? null : timestamp(step.startedAt),
    finished_at: step.finishedAt === null ? null : timestamp(step.finishedAt),
    ...(step.fallback && { fallback: true }),
    ...(step.compensation && { compensation: step.compensation }),
    ...(step.inside && insideResult(step.inside)),
  }
}

function insideResult({
  ended,
  runs,
}: InsideRecord): Pick<StepResult, 'steps' | 'iterations' | 'iterations_total'> {
  if (runs.length === 0) return {}
  if (runs[0]!.iteration === null) return { steps: runs.flatMap(({ steps }) => steps.map(stepResult)) }
  return {
    iterations_total: ended,
    iterations: runs.map(({ iteration, status, steps }) => ({
      index: iteration!,
      status,
      steps: steps.map(stepResult),
    })),
  }
}

const dropWarning = ({ subscription, pattern, events }: Drop) =>
  `EVENTS_DROPPED: the handler ${subscription} was not told of ${events} events of "${pattern}": at most ${BACKLOG_MAX} wait for a handler, and ${DRAIN_MS_MAX / 1000} s at the end; let it do less, or emit fewer`

/** Events that are gone, as warnings. */
function lossesOf({ bus, events: { refused, dropped } }: IntegrationReport): string[] {
  const warnings = bus?.drops.map(dropWarning) ?? []
  if (refused > 0)
    warnings.push(`EVENT_REFUSED: events refused: ${refused}; they were not valid and changed nothing`)
  if (dropped > 0)
    warnings.push(
      `SIGNAL_DROPPED: signals and other events dropped: ${dropped}; no step took them, and ${KEPT_MAX} newer ones of a type are kept`,
    )
  return warnings
}

/** The patterns that really occurred. */
function patterns(report: IntegrationReport, coordinated: number): string[] {
  const found: string[] = []
  if ((report.bus?.counters.delivered ?? 0) > 0) found.push('event_driven')
  if (report.pools > 0) found.push('shared_resources')
  if (coordinated > 1) found.push('module_coordination')
  return found
}

const seconds = (ms: number) => ms / 1000
