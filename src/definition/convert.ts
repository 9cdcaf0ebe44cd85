// Document to definition: snake_case to camelCase, times to whole milliseconds, defaults filled in. It takes only
// documents without errors, and judges nothing.
import type { BackoffPolicy, Verdict } from '../../machines/protocol.ts'
import { poolUnits } from './check.ts'
import {
  BACKOFF_DEFAULTS,
  INTEGRATION_DEFAULTS,
  RECOVERY_DEFAULTS,
  SCENARIO_DEFAULTS,
  STEP_DEFAULTS,
} from './defaults.ts'
import { durationMs } from './duration.ts'
import { controlDefinition, truth, type Enclosing } from './convert-control.ts'
import type {
  CompensationDefinition,
  Computed,
  HandlerDefinition,
  IntegrationDefinition,
  OperationCall,
  RecoveryDefinition,
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
    handlers: handlers(document),
    workflows: scenarios(document, parts, mayBeParallel),
  }
}

/** Every scenario once, also where others run it. */
function scenarios(
  document: CheckedDocument,
  parts: readonly ScenarioParts[],
  mayBeParallel: boolean,
): WorkflowDefinition[] {
  const { scenarios: all } = document.integration
  const placeOf = new Map(all.map(({ name }, i) => [name, i]))
  const made = new Map<string, WorkflowDefinition>()
  // Scenarios run each other in no cycle: check.ts has seen to it.
  const named = (name: string): WorkflowDefinition => {
    const known = made.get(name)
    if (known) return known
    const place = placeOf.get(name)!
    const found = workflow(document, all[place]!, parts[place]!, { mayBeParallel, named })
    made.set(name, found)
    return found
  }
  return all.map(({ name }) => named(name))
}

function handlers({ events }: CheckedDocument): readonly HandlerDefinition[] {
  return Object.entries(events?.handlers ?? {}).flatMap(([event, list]) =>
    list.flatMap((handler): HandlerDefinition[] => {
      if (typeof handler !== 'string') {
        const { module, operation, priority = 0 } = handler
        return [{ event, target: { module, operation }, priority }]
      }
      return /^(?:log|notify)_/.test(handler) ? [{ event, target: { builtIn: handler }, priority: 0 }] : []
    }),
  )
}

function workflow(
  document: CheckedDocument,
  scenario: ScenarioDocument,
  parts: ScenarioParts,
  { mayBeParallel, named }: Pick<Enclosing, 'mayBeParallel' | 'named'>,
): WorkflowDefinition {
  const { integration } = document
  const retries = retryCountDefault(document)
  const whole: WorkflowDefinition = {
    name: scenario.name,
    description: scenario.description ?? '',
    timeoutMs: durationMs(scenario.timeout),
    parallel: mayBeParallel && (scenario.parallel_execution ?? SCENARIO_DEFAULTS.parallel),
    maxConcurrency: scenario.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
    failFast: integration.fail_fast ?? INTEGRATION_DEFAULTS.failFast,
    onFailure: scenario.on_failure ?? SCENARIO_DEFAULTS.onFailure,
    compensationTimeoutMs:
      durationMs(scenario.compensation_timeout) ?? SCENARIO_DEFAULTS.compensationTimeoutMs,
    recovery: recovery(document),
    inputs: null,
    steps: [],
    outputs: parts.outputs,
  }
  const enclosing: Enclosing = {
    mayBeParallel,
    named,
    stepOf: stepDefinition,
    retries,
    list: whole,
    address: '',
  }
  return {
    ...whole,
    steps: scenario.steps.map((step, i) => stepDefinition(step, parts.steps[i]!, enclosing)),
  }
}

function recovery({ error_handling: handling }: CheckedDocument): RecoveryDefinition {
  return {
    strategies: handling?.recovery_strategies ?? RECOVERY_DEFAULTS.strategies,
    grantedRetriesMax: handling?.max_granted_retries ?? RECOVERY_DEFAULTS.grantedRetriesMax,
    answerMs: durationMs(handling?.handler_timeout) ?? RECOVERY_DEFAULTS.answerMs,
  }
}

/** Retries of a step that gives no number. */
export function retryCountDefault({ integration }: CheckedDocument): number {
  const { retriesAllowed, retries } = INTEGRATION_DEFAULTS
  return (integration.retry_failed_steps ?? retriesAllowed) ? (integration.max_retries ?? retries) : 0
}

const NOTHING_LISTED: readonly string[] = []

function stepDefinition(step: StepDocument, parts: StepParts, enclosing: Enclosing): StepDefinition {
  const module = step.module ?? ''
  const isControl = step.type !== undefined
  return {
    name: step.name,
    call: isControl ? null : { module, operation: step.operation ?? '', parameters: parts.parameters },
    control: isControl ? controlDefinition(step, parts, enclosing) : null,
    dependsOn: step.depends_on === undefined ? NOTHING_LISTED : [...new Set(step.depends_on)],
    runIf: step.run_if ?? STEP_DEFAULTS.runIf,
    when: parts.when === null ? null : truth(parts.when, step.name, 'when'),
    // Of a wait, it is the wait's own.
    timeoutMs: step.type === 'wait' ? null : durationMs(step.timeout),
    retry: {
      // What is inside of a control step is retried by itself: the default is not for the whole of it, too.
      count: step.retry_count ?? (isControl ? 0 : enclosing.retries),
      backoff: backoffPolicy(step.retry),
      nonRetryable: step.retry?.non_retryable ?? NOTHING_LISTED,
    },
    fallback: fallback(step, parts.fallback),
    onFailure: verdicts(step),
    compensate: compensation(step, parts.compensate),
    onCancel: step.on_cancel ?? (step.compensate === undefined ? 'abort' : 'await'),
    heartbeatMs: durationMs(step.heartbeat),
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

function verdicts(step: StepDocument): readonly Verdict[] | null {
  if (step.on_failure === undefined) return null
  return [step.on_failure].flat()
}

function compensation(
  { compensate, module }: StepDocument,
  parameters: Computed | null,
): CompensationDefinition | null {
  if (compensate === undefined) return null
  return {
    module: compensate.module ?? module ?? '',
    operation: compensate.operation,
    parameters,
    on: compensate.on ?? STEP_DEFAULTS.compensateOn,
    timeoutMs: durationMs(compensate.timeout),
    retry: {
      count: compensate.retry_count ?? 0,
      backoff: backoffPolicy(compensate.retry),
      nonRetryable: compensate.retry?.non_retryable ?? NOTHING_LISTED,
    },
  }
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
