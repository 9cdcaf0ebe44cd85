// Workflows written in TypeScript: turns the builder's camelCase configuration into the definition in which
// documents end too. Their steps are in builder-step.ts. Not the runtime: what runs a definition is in src/runtime.
import { SagachartError } from '../errors.ts'
import { defineSteps, type AnySteps } from './builder-step.ts'
import { checkName, computed, count, sharingCopies, time, timeOrNull, written } from './builder-values.ts'
import { RECOVERY_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import type { Acceptance } from './findings/codes.ts'
import type { InputConfig } from './inference.ts'
import type { RecoveryDefinition, WorkflowDefinition } from './model.ts'
import { readInputs, type DeclaredInputs } from './inputs.ts'
import { checkRecoveryShape, checkWorkflowShape } from './shape.ts'
import type { Duration } from './step-config.ts'

/** A value that is JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A verdict that holds for steps that say nothing. */
type Strategy = 'retry' | 'fallback' | 'skip' | 'degradation'

/** What holds for the failures of steps that say nothing of their own. */
export interface RecoveryConfig {
  /** Verdicts where no handler of `step_failed` answers; the first applicable one counts. Default: none, so the step fails. */
  readonly strategies?: Strategy | readonly Strategy[]
  /** Attempts that the verdict `retry` may add to a step. Default 1. */
  readonly maxGrantedRetries?: number
  /** How long handlers of `step_failed` may take to answer. Default 5 s. */
  readonly handlerTimeout?: Duration
}

/** Ways in which a run that does not complete may end as an actor. */
export type OnIncomplete = 'report' | 'reject'

/** A workflow: its graph, its limits, what goes in and what comes out. */
export interface WorkflowConfig<TSteps, TInputs, TOutputs, TRecovery = RecoveryConfig, TEnd = OnIncomplete> {
  readonly id: string
  readonly description?: string
  /** Of its functions: change it with what they say, and a run that began with another is not resumed. Default: none. */
  readonly version?: string
  /** Of the whole run, from its start: the preparation of its modules counts. Default: no limit. */
  readonly timeout?: Duration
  /** `false`, the default: one step at a time. */
  readonly parallel?: boolean
  /** With `parallel`. Default 64. */
  readonly maxConcurrency?: number
  /** The first failed step ends the run. Default `false`. */
  readonly failFast?: boolean
  /** `compensate`: the first failed step stops the run, and what succeeded is undone. Default `fail`. */
  readonly onFailure?: 'fail' | 'compensate'
  /** Of the whole compensation, outside the workflow's own limit. Default 300 s. */
  readonly compensationTimeout?: Duration
  /**
   * How a run that does not complete ends as an actor: with its report as output, or in an error (RUN_NOT_COMPLETED) that
   * carries the report. Default `report`. As a step of another workflow it just fails.
   */
  readonly onIncomplete?: TEnd
  readonly recovery?: TRecovery
  /** What a run may be given, checked before it starts. Default: nothing. */
  readonly inputs?: TInputs
  readonly steps: TSteps
  /** The run's own outputs. */
  readonly outputs?: TOutputs
  /** What may be found of its steps, and is meant; each with the reason. Default: nothing. */
  readonly accept?: Acceptance
}

/** A workflow whatever its types. */
export type AnyWorkflowConfig = WorkflowConfig<
  AnySteps,
  Readonly<Record<string, InputConfig>>,
  Readonly<Record<string, unknown>>
>

/**
 * A builder's configuration as a definition.
 * @param workflowOf the workflow behind actor logic that a step calls; `null` where it is none of the same `setup`
 * @throws WORKFLOW_INVALID on a bad name, number or time.
 */
export function defineWorkflow(
  config: AnyWorkflowConfig,
  workflowOf: (logic: unknown) => WorkflowDefinition | null = () => null,
): WorkflowDefinition {
  return sharingCopies(() => definitionOf(config, workflowOf))
}

function definitionOf(
  config: AnyWorkflowConfig,
  workflowOf: (logic: unknown) => WorkflowDefinition | null,
): WorkflowDefinition {
  checkWorkflowShape(config, 'Workflow')
  const {
    id,
    description = '',
    parallel = SCENARIO_DEFAULTS.parallel,
    failFast = false,
    outputs = {},
  } = config
  const { onFailure = SCENARIO_DEFAULTS.onFailure, compensationTimeout } = config
  const workflow = `Workflow "${id}"`
  checkName(id, workflow)
  for (const { kind, message } of readInputs(config.inputs ?? {}, {}, false).faults) {
    if (kind === 'default')
      throw new SagachartError('WORKFLOW_INVALID', `${workflow}: ${message}; correct it`)
  }
  const { maxConcurrency: many = SCENARIO_DEFAULTS.maxConcurrency } = config
  const maxConcurrency = count(many, 1, `${workflow}: maxConcurrency`)
  const compensationTimeoutMs =
    compensationTimeout === undefined
      ? SCENARIO_DEFAULTS.compensationTimeoutMs
      : time(compensationTimeout, `${workflow}: compensationTimeout`)
  const recovery = defineRecovery(config.recovery ?? {}, workflow)
  const shared = { failFast: failFast || onFailure === 'compensate', recovery, compensationTimeoutMs }
  const list = { workflow, address: '', depth: 1, parallel, maxConcurrency, shared, workflowOf }
  return {
    name: id,
    description,
    timeoutMs: timeOrNull(config.timeout, `${workflow}: timeout`),
    parallel,
    maxConcurrency,
    failFast,
    onFailure,
    compensationTimeoutMs,
    recovery,
    inputs: written(config.inputs ?? {}, `${workflow}: inputs`) as DeclaredInputs,
    steps: defineSteps(config.steps, list),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, given]) => [name, computed(given, `${workflow}: outputs.${name}`)]),
    ),
    ...(config.version !== undefined && { version: config.version }),
    ...(config.accept && { accept: config.accept }),
  }
}

function defineRecovery(recovery: RecoveryConfig, workflow: string): RecoveryDefinition {
  checkRecoveryShape(recovery, `${workflow}, recovery`)
  const { strategies = RECOVERY_DEFAULTS.strategies, maxGrantedRetries, handlerTimeout } = recovery
  const place = `${workflow}: recovery`
  return {
    strategies: typeof strategies === 'string' ? [strategies] : strategies,
    grantedRetriesMax: count(
      maxGrantedRetries ?? RECOVERY_DEFAULTS.grantedRetriesMax,
      0,
      `${place}.maxGrantedRetries`,
    ),
    answerMs:
      handlerTimeout === undefined
        ? RECOVERY_DEFAULTS.answerMs
        : time(handlerTimeout, `${place}.handlerTimeout`),
  }
}
