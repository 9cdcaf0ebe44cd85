// Workflows written in TypeScript: turns the builder's camelCase configuration into the definition in which
// documents end too. Not the runtime: what runs a definition is in src/runtime.
import type { RunCondition, Verdict } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import { ControlConfig, controlOf, type Enclosing } from './builder-control.ts'
import { COMPENSATION_DEFAULTS, RECOVERY_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { computed, count, invalid, optionalTime, time, type Duration } from './given.ts'
import type {
  ControlStep,
  InputConfig,
  Invocation,
  Known,
  OutputOf,
  OutputsOf,
  ParametersOf,
  Substitutes,
  Undoing,
  UndoInput,
  Visible,
} from './inference.ts'
import type {
  CompensationDefinition,
  DataScope,
  OperationCall,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from './model.ts'
import { readInputs } from './inputs.ts'
import { nameFault } from './names.ts'
import { checkCompensateShape, checkStepShape, checkWorkflowShape } from './shape.ts'

export type { Duration } from './given.ts'

/** What the builder's functions see. */
export interface BuilderScope<TSteps, TInputs = Readonly<Record<string, unknown>>> extends Omit<
  DataScope,
  'steps' | 'inputs' | 'item' | 'index' | 'input' | 'output' | 'event'
> {
  /** The step's direct and indirect dependencies, by name. */
  readonly steps: TSteps
  readonly inputs: TInputs
}

/** A value that is JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A value, or a function of what the run knows. */
export type Given<TValue, TScope> = TValue | ((scope: TScope) => TValue)

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

/** The operation, and what it is given; parameters may be left out where the operation needs none. */
export type CallConfig<TCall, TParameters, TScope> = {
  readonly invoke: TCall
} & (undefined extends TParameters
  ? { readonly parameters?: Given<Exclude<TParameters, undefined>, TScope> }
  : { readonly parameters: Given<TParameters, TScope> })

/** What a step may say, beside what it calls. */
export interface StepOptions<TModules, TResource extends string, TCall, TScope> {
  /** Default `all_succeeded`. */
  readonly runIf?: RunCondition
  /** `false` skips the step. Its answer is journaled. */
  readonly when?: (scope: TScope) => boolean
  /** Of one attempt. Default: no limit. */
  readonly timeout?: Duration
  readonly retry?: RetryConfig
  /** One more attempt once the retries are spent, or a value in its place. It gives what the step gives. */
  readonly fallback?: FallbackConfig<TModules, OutputOf<TModules, TCall>, TScope>
  /**
   * Of a list, the first applicable one counts. Default: what a handler of `step_failed` answers, else the workflow's
   * `recovery.strategies`, else `fail`.
   */
  readonly onFailure?: Verdict | readonly Verdict[]
  /** What undoes the step when the run is compensated. */
  readonly compensate?: CompensateConfig<TModules, TCall, TScope>
  /** What a cancellation does to a running attempt. Default `await` where `compensate` is given, else `abort`. */
  readonly onCancel?: 'abort' | 'await'
  /** The operation must report within it, by `heartbeat()` or `progress()`. Default: it need not. */
  readonly heartbeat?: Duration
  readonly resources?: readonly (TResource | { readonly name: TResource; readonly units: number })[]
  /** Higher starts earlier. Default 0. */
  readonly priority?: number
}

/** An operation that undoes a step; where it is only named, it is given the step's `{input, output}`. */
export type CompensateConfig<TModules, TCall, TScope> =
  | Undoing<TModules, TCall>
  | (UndoOptions & { readonly invoke: Undoing<TModules, TCall>; readonly parameters?: undefined })
  | {
      [TUndo in Invocation<TModules>]: UndoOptions & {
        readonly invoke: TUndo
        readonly parameters: Given<
          Exclude<ParametersOf<TModules, TUndo>, undefined>,
          TScope & UndoInput<TModules, TCall>
        >
      }
    }[Invocation<TModules>]

interface UndoOptions {
  /** `attempt`: also where the step began and is not known to have succeeded; its output is null then. Default `success`. */
  readonly on?: 'success' | 'attempt'
  /** Of one attempt. Default: no limit but that of the whole compensation. */
  readonly timeout?: Duration
  readonly retry?: RetryConfig
}

/** Another operation in a step's place, or a value in place of its output. */
export type FallbackConfig<TModules, TOutput, TScope> =
  | {
      [TCall in Substitutes<TModules, TOutput>]: CallConfig<TCall, ParametersOf<TModules, TCall>, TScope>
    }[Substitutes<TModules, TOutput>]
  | { readonly value: Given<TOutput, TScope> }

/** One step: a call of an operation, its place in the graph, and what happens when it fails. */
export type StepConfig<TModules, TResource extends string, TCall, TSibling, TScope> = {
  /** Steps that come before. Only their outputs, and those of what they depend on, are visible. */
  readonly dependsOn?: readonly TSibling[]
} & CallConfig<Known<TModules, TCall, TScope>, ParametersOf<TModules, TCall>, TScope> &
  StepOptions<TModules, TResource, TCall, TScope>

/** A text that is inferred; the rest of the step's type says which are allowed. */
type Some<TText> = TText | (string & {})

/** The same for what a step invokes, which may be a control step. */
type SomeCall<TCall> = TCall | (string & {}) | ControlStep

/** What a step may depend on. Only one that names itself is held against a list of its own: that costs. */
type SiblingOf<TName, TNeeds, TStep extends keyof TNeeds> = TStep extends TNeeds[TStep]
  ? string extends TName
    ? TName
    : Exclude<TName, TStep>
  : TName

/** The steps of a workflow, by name: three sites to infer them from, and what each may be. */
export type StepsConfig<
  TModules,
  TResource extends string,
  TCalls,
  TNeeds,
  TRuns,
  TInputs,
  TViews = unknown,
  TMore = unknown,
> = {
  readonly [TStep in keyof TCalls]: { readonly invoke: SomeCall<TCalls[TStep]> }
} & { readonly [TStep in keyof TNeeds]: { readonly dependsOn?: readonly Some<TNeeds[TStep]>[] } } & {
  readonly [TStep in keyof TRuns]: { readonly runIf?: Some<TRuns[TStep]> }
} & NoInfer<{
    readonly [TStep in keyof TCalls]: StepConfig<
      TModules,
      TResource,
      TCalls[TStep],
      SiblingOf<keyof TCalls, TNeeds, TStep & keyof TNeeds>,
      TMore &
        BuilderScope<
          TViews & Visible<OutputsOf<TModules, TCalls>, TNeeds, TRuns, TStep & keyof TNeeds>,
          TInputs
        >
    >
  }>

/** What holds for failures of steps that say nothing themselves. */
export interface RecoveryConfig {
  /** Verdicts where no handler of `step_failed` answers; the first applicable one counts. Default: none, that is `fail`. */
  readonly strategies?: readonly Verdict[]
  /** Attempts that the verdict `retry` may add to a step. Default 1. */
  readonly maxGrantedRetries?: number
  /** How long handlers of `step_failed` may take to answer. Default 5 s. */
  readonly handlerTimeout?: Duration
}

/** A workflow: its graph, its limits, what goes in and what comes out. */
export interface WorkflowConfig<TSteps, TInputs, TOutputs> {
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
  /** `compensate`: the first failed step stops the run, and what succeeded is undone. Default `fail`. */
  readonly onFailure?: 'fail' | 'compensate'
  /** Of the whole compensation, beside the run's own limit. Default 300 s. */
  readonly compensationTimeout?: Duration
  /** What holds for failures of steps that say nothing themselves. */
  readonly recovery?: RecoveryConfig
  /** What a run may be given, checked before it starts. Default: nothing. */
  readonly inputs?: TInputs
  readonly steps: TSteps
  /** The run's own outputs. */
  readonly outputs?: TOutputs
}

/** Steps running at once, where nothing else is said. */
export const MAX_CONCURRENCY = 64

/** A step whatever its types: what is left once the compiler has had its say. */
export interface AnyStepConfig extends Omit<
  StepOptions<object, string, never, never>,
  'fallback' | 'compensate'
> {
  readonly fallback?: AnyFallback
  readonly compensate?: string | (UndoOptions & { readonly invoke: string; readonly parameters?: unknown })
  readonly invoke: string | ControlConfig
  readonly parameters?: unknown
  readonly dependsOn?: readonly string[]
}

type AnyFallback = { readonly invoke: string; readonly parameters?: unknown } | { readonly value: unknown }

/** A workflow whatever its types. */
export type AnyWorkflowConfig = WorkflowConfig<
  Readonly<Record<string, AnyStepConfig>>,
  Readonly<Record<string, InputConfig>>,
  Readonly<Record<string, unknown>>
>

/**
 * A builder's configuration as a definition.
 * @throws WORKFLOW_INVALID on a bad name, number or time.
 */
export function defineWorkflow(config: AnyWorkflowConfig): WorkflowDefinition {
  checkWorkflowShape(config, 'Workflow')
  const { id, description = '', timeout, parallel = false, failFast = false, outputs = {} } = config
  const place = `Workflow "${id}"`
  checkName(id, place)
  for (const { kind, message } of readInputs(config.inputs ?? {}, {}, false).faults) {
    if (kind === 'default') throw new SagachartError('WORKFLOW_INVALID', `${place}: ${message}; correct it`)
  }
  const { recovery: { strategies, maxGrantedRetries, handlerTimeout } = {} } = config
  const whole: WorkflowDefinition = {
    name: id,
    description,
    timeoutMs: timeout === undefined ? null : time(timeout, `${place}: timeout`),
    parallel,
    maxConcurrency: count(config.maxConcurrency ?? MAX_CONCURRENCY, 1, `${place}: maxConcurrency`),
    failFast,
    onFailure: config.onFailure ?? SCENARIO_DEFAULTS.onFailure,
    compensationTimeoutMs: optionalTime(
      config.compensationTimeout,
      SCENARIO_DEFAULTS.compensationTimeoutMs,
      `${place}: compensationTimeout`,
    ),
    recovery: {
      strategies: strategies ?? RECOVERY_DEFAULTS.strategies,
      grantedRetriesMax: count(
        maxGrantedRetries ?? RECOVERY_DEFAULTS.grantedRetriesMax,
        0,
        `${place}: recovery.maxGrantedRetries`,
      ),
      answerMs: optionalTime(handlerTimeout, RECOVERY_DEFAULTS.answerMs, `${place}: recovery.handlerTimeout`),
    },
    inputs: config.inputs ?? {},
    steps: [],
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, given]) => [name, computed(given)])),
  }
  return { ...whole, steps: defineSteps(config.steps, { list: whole, address: '', place, defineSteps }) }
}

function defineSteps(
  steps: Readonly<Record<string, AnyStepConfig>>,
  enclosing: Enclosing,
): readonly StepDefinition[] {
  return Object.entries(steps).map(([name, step]) => defineStep(name, step, enclosing))
}

function defineStep(name: string, step: AnyStepConfig, enclosing: Enclosing): StepDefinition {
  const place = `${enclosing.place}, step "${name}"`
  checkStepShape(step, place)
  const { onFailure = null, fallback, invoke } = step
  const isControl = invoke instanceof ControlConfig
  checkName(name, place)
  return {
    name,
    call: isControl ? null : call(invoke, step.parameters, place),
    control: isControl ? controlOf(invoke, name, { ...enclosing, place }) : null,
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
    compensate: compensation(step.compensate, place),
    onCancel: step.onCancel ?? (step.compensate === undefined ? 'abort' : 'await'),
    heartbeatMs: step.heartbeat === undefined ? null : time(step.heartbeat, `${place}: heartbeat`),
    resources: (step.resources ?? []).map((need) =>
      typeof need === 'string'
        ? { pool: need, units: 1 }
        : { pool: need.name, units: count(need.units, 1, `${place}: units of ${need.name}`) },
    ),
    priority: step.priority ?? 0,
  }
}

function compensation(given: AnyStepConfig['compensate'], place: string): CompensationDefinition | null {
  if (given === undefined) return null
  const config = typeof given === 'string' ? { invoke: given } : given
  checkCompensateShape(config, place)
  const { invoke, parameters, on, timeout, retry } = config
  const { module, operation } = call(invoke, undefined, `${place}: compensate`)
  return {
    module,
    operation,
    parameters: parameters === undefined ? null : computed(parameters),
    on: on ?? COMPENSATION_DEFAULTS.on,
    timeoutMs: timeout === undefined ? null : time(timeout, `${place}: compensate.timeout`),
    retry: defineRetry(retry ?? {}, `${place}, compensate`),
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

function checkName(name: string, place: string): void {
  const fault = nameFault(name)
  if (fault !== null) throw invalid(`${place}: the name`, `a printable name (${fault})`, name)
}
