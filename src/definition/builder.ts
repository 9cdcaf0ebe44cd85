// Workflows written in TypeScript: turns the builder's camelCase configuration into the definition in which
// documents end too. Not the runtime: what runs a definition is in src/runtime.
import type { RunCondition, Verdict } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import { DURATION_EXPECTED, durationMs } from './duration.ts'
import type {
  Computed,
  DataScope,
  OperationCall,
  RetryDefinition,
  StepDefinition,
  StepView,
  WorkflowDefinition,
} from './model.ts'
import { nameFault } from './names.ts'

/** A time: seconds as a number, or text with a unit (`250ms`, `5s`, `2m`, `1h`, `1d`). Above zero. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

type OperationsOf<TModule> = TModule extends { readonly operations: infer TOperations }
  ? TOperations
  : TModule extends abstract new (...config: never[]) => infer TInstance
    ? Omit<TInstance, 'init' | 'cleanup' | 'health'>
    : Omit<TModule, 'init' | 'cleanup' | 'health'>

type NamesOf<TOperations> = {
  [TName in keyof TOperations & string]: TOperations[TName] extends (...args: never[]) => unknown
    ? TName
    : never
}[keyof TOperations & string]

/** `module.operation`, for every operation of every module. */
export type Invocation<TModules> = {
  [TModule in keyof TModules & string]: `${TModule}.${NamesOf<OperationsOf<TModules[TModule]>>}`
}[keyof TModules & string]

/** What the builder's functions see. */
export interface BuilderScope<TStep extends string> extends Omit<DataScope, 'steps'> {
  readonly steps: Readonly<Record<TStep, StepView>>
}

/** A value that is JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A value, or a function of what the run knows. */
export type Given<TValue, TStep extends string> = TValue | ((scope: BuilderScope<TStep>) => unknown)

export interface RetryConfig {
  /** Retries after the first attempt. Default 0. */
  readonly count?: number
  /** Default `exponential`. */
  readonly backoff?: 'exponential' | 'linear' | 'constant'
  /** Delay before the first retry. Default 1 s. */
  readonly initial?: Duration
  /** Default 2. */
  readonly factor?: number
  /** Default 60 s. */
  readonly max?: Duration
  /** Default `full`. */
  readonly jitter?: 'full' | 'equal' | 'none'
  /** No retry starts later than this after the first attempt's start. Default: no limit. */
  readonly maxElapsed?: Duration
  /** Names and codes of errors that are never retried. */
  readonly nonRetryable?: readonly string[]
}

export interface StepConfig<TModules, TResource extends string, TStep extends string> {
  /** The operation, as `module.operation`. */
  readonly invoke: Invocation<TModules>
  readonly parameters?: Given<{ readonly [name: string]: unknown }, TStep>
  readonly dependsOn?: readonly TStep[]
  /** Default `all_succeeded`. */
  readonly runIf?: RunCondition
  /** `false` skips the step. Its answer is journaled. */
  readonly when?: (scope: BuilderScope<TStep>) => boolean
  /** Of one attempt. Default: no limit. */
  readonly timeout?: Duration
  readonly retry?: RetryConfig
  /** One more attempt once the retries are spent, or a value in its place. */
  readonly fallback?:
    | {
        readonly invoke: Invocation<TModules>
        readonly parameters?: Given<{ readonly [name: string]: unknown }, TStep>
      }
    | { readonly value: Given<Json, TStep> }
  /** Default `fail`. Of a list, the first applicable one counts. */
  readonly onFailure?: Verdict | readonly Verdict[]
  readonly resources?: readonly (TResource | { readonly name: TResource; readonly units: number })[]
  /** Higher starts earlier. Default 0. */
  readonly priority?: number
}

export interface WorkflowConfig<TModules, TResource extends string, TStep extends string> {
  readonly id: string
  readonly description?: string
  /** Default: no limit. */
  readonly timeout?: Duration
  /** `false`, the default: one step at a time. */
  readonly parallel?: boolean
  /** With `parallel`. Default 64. */
  readonly maxConcurrency?: number
  /** The first failed step ends the run. Default `false`. */
  readonly failFast?: boolean
  readonly steps: { readonly [TName in TStep]: StepConfig<TModules, TResource, NoInfer<TStep>> }
  /** The run's own outputs. */
  readonly outputs?: Readonly<Record<string, Given<Json, NoInfer<TStep>>>>
}

/** Steps running at once, where nothing else is said. */
export const MAX_CONCURRENCY = 64

type AnyStepConfig = StepConfig<Record<string, Record<string, () => unknown>>, string, string>
type AnyWorkflowConfig = WorkflowConfig<Record<string, Record<string, () => unknown>>, string, string>

/**
 * A builder's configuration as a definition.
 * @throws WORKFLOW_INVALID on a bad name, number or time.
 */
export function defineWorkflow(config: AnyWorkflowConfig): WorkflowDefinition {
  const { id, description = '', timeout, parallel = false, failFast = false, outputs = {} } = config
  const place = `Workflow "${id}"`
  checkName(id, place)
  return {
    name: id,
    description,
    timeoutMs: timeout === undefined ? null : time(timeout, `${place}: timeout`),
    parallel,
    maxConcurrency: count(config.maxConcurrency ?? MAX_CONCURRENCY, 1, `${place}: maxConcurrency`),
    failFast,
    steps: Object.entries(config.steps).map(([name, step]) =>
      defineStep(name, step, `${place}, step "${name}"`),
    ),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, given]) => [name, computed(given)])),
  }
}

function defineStep(name: string, step: AnyStepConfig, place: string): StepDefinition {
  const { onFailure = 'fail', fallback } = step
  checkName(name, place)
  return {
    name,
    call: call(step.invoke, step.parameters, place),
    dependsOn: step.dependsOn ?? [],
    runIf: step.runIf ?? 'all_succeeded',
    when: step.when ? computed(step.when) : null,
    timeoutMs: step.timeout === undefined ? null : time(step.timeout, `${place}: timeout`),
    retry: defineRetry(step.retry ?? {}, place),
    fallback: !fallback
      ? null
      : 'invoke' in fallback
        ? call(fallback.invoke, fallback.parameters, `${place}: fallback`)
        : computed(fallback.value),
    onFailure: typeof onFailure === 'string' ? [onFailure] : onFailure,
    resources: (step.resources ?? []).map((need) =>
      typeof need === 'string'
        ? { pool: need, units: 1 }
        : { pool: need.name, units: count(need.units, 1, `${place}: units of ${need.name}`) },
    ),
    priority: step.priority ?? 0,
  }
}

function defineRetry(retry: RetryConfig, place: string): RetryDefinition {
  const { backoff = 'exponential', factor = 2, jitter = 'full', maxElapsed, nonRetryable = [] } = retry
  if (!(factor >= 1)) throw invalid(`${place}: retry.factor`, 'a number from 1', factor)
  return {
    count: count(retry.count ?? 0, 0, `${place}: retry.count`),
    backoff: {
      kind: backoff,
      initialMs: time(retry.initial ?? 1, `${place}: retry.initial`),
      factor,
      maxMs: time(retry.max ?? 60, `${place}: retry.max`),
      jitter,
      maxElapsedMs: maxElapsed === undefined ? null : time(maxElapsed, `${place}: retry.maxElapsed`),
    },
    nonRetryable,
  }
}

function call(invoke: string, parameters: unknown, place: string): OperationCall {
  const dot = invoke.indexOf('.')
  if (dot < 1 || dot === invoke.length - 1) throw invalid(`${place}: invoke`, '"module.operation"', invoke)
  return {
    module: invoke.slice(0, dot),
    operation: invoke.slice(dot + 1),
    parameters: computed(parameters ?? {}),
  }
}

function computed(given: unknown): Computed {
  if (typeof given !== 'function') return { kind: 'value', value: given }
  return { kind: 'function', evaluate: given as (scope: DataScope) => unknown }
}

function checkName(name: string, place: string): void {
  const fault = nameFault(name)
  if (fault !== null) throw invalid(`${place}: the name`, `a printable name (${fault})`, name)
}

function time(value: Duration, place: string): number {
  const ms = durationMs(value)
  if (ms === null) throw invalid(place, DURATION_EXPECTED, value)
  return ms
}

function count(value: number, min: number, place: string): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw invalid(place, `a whole number from ${min}`, value)
}

function invalid(place: string, expected: string, found: unknown): SagachartError {
  return new SagachartError(
    'WORKFLOW_INVALID',
    `${place}: expected ${expected}, found ${JSON.stringify(found)}; correct it`,
  )
}
