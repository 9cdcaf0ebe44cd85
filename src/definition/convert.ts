// Document to definition: snake_case to camelCase, times to whole milliseconds, defaults filled in. It takes only
// documents without errors, and judges nothing. Steps are convert-steps.ts's.
import { mayBeParallel, poolUnits } from './check.ts'
import { stepDefinitions } from './convert-steps.ts'
import { INTEGRATION_DEFAULTS, RECOVERY_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { durationMs } from './duration.ts'
import type { Acceptance } from './findings/codes.ts'
import { handlersOf } from './handlers.ts'
import type { IntegrationDefinition, RecoveryDefinition, WorkflowDefinition } from './model.ts'
import type { ScenarioParts } from './references.ts'
import type { CheckedDocument } from './schema.ts'

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
  const { integration, resources, events } = document
  const workflows = new Workflows(document, parts)
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
    handlers: handlersOf(document),
    workflows: integration.scenarios.map((_, i) => workflows.at(i)),
    ...(integration.accept && { accept: integration.accept as Acceptance }),
    ...(integration.error_scenarios && {
      errorScenarios: integration.error_scenarios.map((each) =>
        typeof each === 'string' ? { name: each, faults: [each] } : { name: each.name, faults: each.faults },
      ),
    }),
  }
}

/** Each scenario once: whoever runs it as a step shares it. */
class Workflows {
  readonly #document: CheckedDocument
  readonly #parts: readonly ScenarioParts[]
  readonly #recovery: RecoveryDefinition
  readonly #indexOf: ReadonlyMap<string, number>
  readonly #made = new Map<number, WorkflowDefinition>()

  constructor(document: CheckedDocument, parts: readonly ScenarioParts[]) {
    this.#document = document
    this.#parts = parts
    this.#recovery = recoveryOf(document)
    this.#indexOf = new Map(document.integration.scenarios.map(({ name }, i) => [name, i]))
  }

  // Recursion goes as deep as scenarios run each other, which check-scenarios.ts bounds.
  at(index: number): WorkflowDefinition {
    const made = this.#made.get(index)
    if (made) return made
    const { integration } = this.#document
    const scenario = integration.scenarios[index]!
    const parallelAllowed = mayBeParallel(this.#document)
    const bare = {
      name: scenario.name,
      description: scenario.description ?? '',
      timeoutMs: durationMs(scenario.timeout),
      parallel: parallelAllowed && (scenario.parallel_execution ?? SCENARIO_DEFAULTS.parallel),
      maxConcurrency: scenario.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
      failFast: integration.fail_fast ?? INTEGRATION_DEFAULTS.failFast,
      onFailure: scenario.on_failure ?? SCENARIO_DEFAULTS.onFailure,
      compensationTimeoutMs:
        durationMs(scenario.compensation_timeout) ?? SCENARIO_DEFAULTS.compensationTimeoutMs,
      recovery: this.#recovery,
      inputs: null,
    }
    const { steps, outputs } = this.#parts[index]!
    const { parallel, maxConcurrency } = bare
    const around = {
      retries: retryCountDefault(this.#document),
      parallelAllowed,
      inputs: integration.inputs ?? {},
      scenario: bare,
      workflowOf: (name: string) => this.at(this.#indexOf.get(name)!),
    }
    const mode = { prefix: '', parallel, maxConcurrency }
    const workflow = {
      ...bare,
      steps: stepDefinitions(scenario.steps, steps, mode, around),
      outputs,
      ...(scenario.accept && { accept: scenario.accept as Acceptance }),
    }
    this.#made.set(index, workflow)
    return workflow
  }
}

function recoveryOf({ error_handling: given }: CheckedDocument): RecoveryDefinition {
  return {
    strategies: given?.recovery_strategies ?? RECOVERY_DEFAULTS.strategies,
    grantedRetriesMax: given?.max_granted_retries ?? RECOVERY_DEFAULTS.grantedRetriesMax,
    answerMs: durationMs(given?.handler_timeout) ?? RECOVERY_DEFAULTS.answerMs,
  }
}

/** Retries of a step that gives no number. */
export function retryCountDefault({ integration }: CheckedDocument): number {
  const { retriesAllowed, retries } = INTEGRATION_DEFAULTS
  return (integration.retry_failed_steps ?? retriesAllowed) ? (integration.max_retries ?? retries) : 0
}
