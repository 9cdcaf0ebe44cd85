// Document to definition: snake_case to camelCase, times to whole milliseconds, defaults filled in. It takes only
// documents without errors, and judges nothing.
import { SagachartError } from '../errors.ts'
import type { BackoffPolicy, Verdict } from '../../machines/protocol.ts'
import { poolUnits } from './check.ts'
import {
  BACKOFF_DEFAULTS,
  INTEGRATION_DEFAULTS,
  RECOVERY_DEFAULTS,
  SCENARIO_DEFAULTS,
  STEP_DEFAULTS,
} from './defaults.ts'
import { shown } from './diagnostic.ts'
import { durationMs } from './duration.ts'
import type {
  Computed,
  IntegrationDefinition,
  OperationCall,
  StepDefinition,
  WorkflowDefinition,
} from './model.ts'
import type { ScenarioParts, StepParts } from './references.ts'
import type { CheckedDocument, RetryDocument, ScenarioDocument, StepDocument } from './schema.ts'

/** What a run is given from outside. */
export interface Given {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
}

/** A document without errors as the definition that the runtime takes. */
export function convert(
  document: CheckedDocument,
  parts: readonly ScenarioParts[],
  given: Given,
): IntegrationDefinition {
  const { integration, resources, events, performance } = document
  const mayBeParallel = performance?.parallel_execution ?? INTEGRATION_DEFAULTS.parallelAllowed
  return {
    name: integration.workflow_id ?? INTEGRATION_DEFAULTS.name,
    failFast: integration.fail_fast ?? INTEGRATION_DEFAULTS.failFast,
    eventsEnabled:
      (integration.enable_events ?? INTEGRATION_DEFAULTS.eventsEnabled) &&
      (events?.enabled ?? INTEGRATION_DEFAULTS.eventsEnabled),
    timeoutMs: durationMs(integration.max_execution_time) ?? INTEGRATION_DEFAULTS.timeoutMs,
    maxConcurrentWorkflows:
      resources?.max_concurrent_workflows ?? INTEGRATION_DEFAULTS.maxConcurrentWorkflows,
    leaseTimeoutMs: durationMs(resources?.resource_timeout) ?? INTEGRATION_DEFAULTS.leaseTimeoutMs,
    history: {
      sizeMax: events?.event_bus_size ?? INTEGRATION_DEFAULTS.historySize,
      ageMsMax: durationMs(events?.event_retention_hours, 3_600_000) ?? INTEGRATION_DEFAULTS.historyAgeMs,
    },
    pools: [...poolUnits(document)].map(([name, units]) => ({ name, units })),
    inputs: given.inputs,
    env: given.env,
    handlers: [],
    workflows: integration.scenarios.map((scenario, i) =>
      workflow(document, scenario, parts[i]!, mayBeParallel),
    ),
  }
}

function workflow(
  document: CheckedDocument,
  scenario: ScenarioDocument,
  parts: ScenarioParts,
  mayBeParallel: boolean,
): WorkflowDefinition {
  const { integration } = document
  const retries = retryCountDefault(document)
  return {
    name: scenario.name,
    description: scenario.description ?? '',
    timeoutMs: durationMs(scenario.timeout),
    parallel: mayBeParallel && (scenario.parallel_execution ?? SCENARIO_DEFAULTS.parallel),
    maxConcurrency: scenario.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
    failFast: integration.fail_fast ?? INTEGRATION_DEFAULTS.failFast,
    onFailure: SCENARIO_DEFAULTS.onFailure,
    compensationTimeoutMs: SCENARIO_DEFAULTS.compensationTimeoutMs,
    recovery: RECOVERY_DEFAULTS,
    inputs: null,
    steps: scenario.steps.map((step, i) => stepDefinition(step, parts.steps[i]!, retries)),
    outputs: parts.outputs,
  }
}

/** Retries of a step that gives no number. */
export function retryCountDefault({ integration }: CheckedDocument): number {
  const { retriesAllowed, retries } = INTEGRATION_DEFAULTS
  return (integration.retry_failed_steps ?? retriesAllowed) ? (integration.max_retries ?? retries) : 0
}

const NOTHING_LISTED: readonly string[] = []

function stepDefinition(step: StepDocument, parts: StepParts, retries: number): StepDefinition {
  const module = step.module ?? ''
  return {
    name: step.name,
    call: { module, operation: step.operation ?? '', parameters: parts.parameters },
    control: null,
    dependsOn: step.depends_on === undefined ? NOTHING_LISTED : [...new Set(step.depends_on)],
    runIf: step.run_if ?? STEP_DEFAULTS.runIf,
    when: parts.when === null ? null : truth(parts.when, step.name),
    timeoutMs: durationMs(step.timeout),
    retry: {
      count: step.retry_count ?? retries,
      backoff: backoffPolicy(step.retry),
      nonRetryable: step.retry?.non_retryable ?? NOTHING_LISTED,
    },
    fallback: fallback(step, parts.fallback),
    onFailure: verdicts(step),
    compensate: null,
    onCancel: 'abort',
    heartbeatMs: null,
    resources: needs(step),
    priority: step.priority ?? STEP_DEFAULTS.priority,
  }
}

/** How long a step with this `retry` waits between attempts. */
export function backoffPolicy(retry: RetryDocument | undefined): BackoffPolicy {
  if (retry === undefined) return BACKOFF_DEFAULTS
  return {
    kind: retry.backoff ?? BACKOFF_DEFAULTS.kind,
    initialMs: durationMs(retry.initial) ?? BACKOFF_DEFAULTS.initialMs,
    factor: retry.factor ?? BACKOFF_DEFAULTS.factor,
    maxMs: durationMs(retry.max) ?? BACKOFF_DEFAULTS.maxMs,
    jitter: retry.jitter ?? BACKOFF_DEFAULTS.jitter,
    maxElapsedMs: durationMs(retry.max_elapsed),
  }
}

function fallback(step: StepDocument, computed: Computed | null): OperationCall | Computed | null {
  if (step.fallback === undefined || computed === null) return null
  if (!('operation' in step.fallback)) return computed
  return {
    module: step.fallback.module ?? step.module ?? '',
    operation: step.fallback.operation,
    parameters: computed,
  }
}

const BUILT: ReadonlySet<string> = new Set<Verdict>(['fallback', 'skip', 'fail', 'fail_workflow'])

function verdicts(step: StepDocument): readonly Verdict[] | null {
  if (step.on_failure === undefined) return null
  return [step.on_failure].flat().filter((verdict): verdict is Verdict => BUILT.has(verdict))
}

function needs(step: StepDocument): StepDefinition['resources'] {
  const units = new Map<string, number>()
  for (const need of step.resources ?? []) {
    const [name, more] =
      typeof need === 'string' ? [need, STEP_DEFAULTS.units] : [need.name, need.units ?? STEP_DEFAULTS.units]
    units.set(name, (units.get(name) ?? 0) + more)
  }
  return [...units].map(([pool, count]) => ({ pool, units: count }))
}

// A condition that yields anything but true or false is a mistake, not a "no".
function truth(computed: Computed, step: string): Computed {
  if (computed.kind === 'value') return computed
  return {
    ...computed,
    evaluate(scope) {
      const value = computed.evaluate(scope)
      if (typeof value === 'boolean') return value
      const message = `step ${shown(step)}: its "when" must yield true or false, found ${shown(value)}`
      throw new SagachartError('EXPRESSION_FAILED', message, { retryable: false })
    },
  }
}
