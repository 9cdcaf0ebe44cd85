// Steps of a document to steps of a definition, with all that nests in them. A part of convert.ts: it takes only documents
// without errors, and judges nothing. Recursion goes as deep as control steps nest.
import { SagachartError } from '../errors.ts'
import type { BackoffPolicy } from '../../machines/protocol.ts'
import { waitedFor } from './check-control.ts'
import {
  BACKOFF_DEFAULTS,
  COMPENSATION_DEFAULTS,
  CONTROL_DEFAULTS,
  SCENARIO_DEFAULTS,
  STEP_DEFAULTS,
} from './defaults.ts'
import { shown, shownData } from './diagnostic.ts'
import { durationMs } from './duration.ts'
import type { Acceptance } from './findings/codes.ts'
import { wrongKinds } from './inputs.ts'
import type { DeclaredInputs } from './inputs.ts'
import type {
  Budget,
  CompensationDefinition,
  Computed,
  ControlDefinition,
  DataScope,
  FallbackCall,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from './model.ts'
import type { StepParts } from './references.ts'
import { listsOf } from './step-lists.ts'
import type {
  ConditionalStepDocument,
  ControlStepDocument,
  IterativeStepDocument,
  OperationStepDocument,
  ParallelStepDocument,
  RetryDocument,
  StepDocument,
  WaitStepDocument,
} from './step-schema.ts'

/** What the steps of a scenario share. */
export interface Surroundings {
  /** Retries of a step that gives no number. */
  readonly retries: number
  readonly parallelAllowed: boolean
  readonly inputs: DeclaredInputs
  /** The scenario, without its steps. */
  readonly scenario: Omit<WorkflowDefinition, 'steps' | 'outputs'>
  workflowOf(scenario: string): WorkflowDefinition
}

/** How the steps of a list run. */
export interface ListMode {
  /** Before the names of its steps, in their addresses. */
  readonly prefix: string
  readonly parallel: boolean
  readonly maxConcurrency: number
}

const NOTHING_LISTED: readonly string[] = []

/** A list of steps as their definitions. */
export function stepDefinitions(
  steps: readonly StepDocument[],
  parts: readonly StepParts[],
  mode: ListMode,
  around: Surroundings,
): StepDefinition[] {
  return steps.map((step, i) => stepDefinition(step, parts[i]!, mode, around))
}

function stepDefinition(
  step: StepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
): StepDefinition {
  const { type } = step
  return {
    name: step.name,
    call:
      type === undefined ? { module: step.module, operation: step.operation, parameters: parts.given } : null,
    control: type === undefined ? null : control(step, parts, mode, around),
    dependsOn: step.depends_on === undefined ? NOTHING_LISTED : [...new Set(step.depends_on)],
    runIf: step.run_if ?? STEP_DEFAULTS.runIf,
    when: parts.when === null ? null : truth(parts.when, step, 'when'),
    timeoutMs: type === 'wait' ? null : durationMs(step.timeout),
    retry: retryOf(step, around),
    fallback: fallback(step, parts),
    onFailure: step.on_failure === undefined ? null : [step.on_failure].flat(),
    compensate: compensation(step.compensate, moduleOf(step), parts.compensate),
    onCancel: step.on_cancel ?? (step.compensate === undefined ? 'abort' : 'await'),
    heartbeatMs: type === undefined ? durationMs(step.heartbeat) : null,
    resources: type === undefined ? needs(step) : NO_NEEDS,
    priority: step.priority ?? STEP_DEFAULTS.priority,
    ...(step.accept && { accept: step.accept as Acceptance }),
  }
}

/** How a step that calls an operation, or is made of others, is tried again. */
export function retryOf(step: StepDocument, { retries }: Pick<Surroundings, 'retries'>): RetryDefinition {
  if (step.type === 'wait') return retryDefinition(0, undefined)
  const preset = step.type === undefined ? retries : CONTROL_DEFAULTS.retries
  return retryDefinition(step.retry_count ?? preset, step.retry)
}

function retryDefinition(count: number, retry: RetryDocument | undefined): RetryDefinition {
  return { count, backoff: backoffPolicy(retry), nonRetryable: retry?.non_retryable ?? NOTHING_LISTED }
}

function backoffPolicy(retry: RetryDocument | undefined): BackoffPolicy {
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

/** A step's own module; a control step has none, and names one wherever it calls an operation. */
function moduleOf(step: StepDocument): string {
  return step.type === undefined ? step.module : ''
}

function fallback(step: StepDocument, parts: StepParts): FallbackCall | Computed | null {
  if (step.fallback === undefined || parts.fallback === null) return null
  if (!('operation' in step.fallback)) return parts.fallback
  const { module = moduleOf(step), operation, compensate } = step.fallback
  return {
    module,
    operation,
    parameters: parts.fallback,
    compensate: compensation(compensate, module, parts.fallbackCompensate),
  }
}

/** @param own The module that is meant where none is named. */
function compensation(
  given: StepDocument['compensate'],
  own: string,
  parameters: Computed | null,
): CompensationDefinition | null {
  if (given === undefined) return null
  const { module = own, operation, on, timeout, retry_count: count, retry } = given
  return {
    module,
    operation,
    parameters,
    on: on ?? COMPENSATION_DEFAULTS.on,
    timeoutMs: durationMs(timeout),
    retry: retryDefinition(count ?? COMPENSATION_DEFAULTS.retries, retry),
  }
}

const NO_NEEDS: StepDefinition['resources'] = []

function needs({ resources }: OperationStepDocument): StepDefinition['resources'] {
  if (resources === undefined) return NO_NEEDS
  const units = new Map<string, number>()
  for (const need of resources) {
    const [name, more] =
      typeof need === 'string' ? [need, STEP_DEFAULTS.units] : [need.name, need.units ?? STEP_DEFAULTS.units]
    units.set(name, (units.get(name) ?? 0) + more)
  }
  return [...units].map(([pool, count]) => ({ pool, units: count }))
}

function control(
  step: ControlStepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
): ControlDefinition {
  const { output } = parts
  switch (step.type) {
    case 'parallel':
      return parallel(step, parts, mode, around)
    case 'conditional':
      return conditional(step, parts, mode, around)
    case 'iterative':
      return iterative(step, parts, mode, around)
    case 'wait':
      return { kind: 'wait', until: awaited(step, parts), output }
    case 'scenario':
      return {
        kind: 'scenario',
        workflow: around.workflowOf(step.scenario),
        inputs: inputsOf(parts.given, step, around.inputs),
        output,
      }
  }
}

/** The steps inside of a step as workflows, in the order of `listsOf`; they run as those around them do. */
function blocks(
  step: StepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
  changed: Partial<WorkflowDefinition> = {},
): WorkflowDefinition[] {
  const name = `${mode.prefix}${step.name}`
  const { scenario } = around
  return listsOf(step).map((list, i) => {
    const block = {
      ...scenario,
      name,
      description: '',
      timeoutMs: null,
      parallel: mode.parallel,
      maxConcurrency: mode.maxConcurrency,
      failFast: scenario.failFast || scenario.onFailure === 'compensate',
      onFailure: 'fail' as const,
      ...changed,
    }
    const { parallel: isParallel, maxConcurrency } = block
    const within = { prefix: `${name}/`, parallel: isParallel, maxConcurrency }
    return { ...block, steps: stepDefinitions(list.steps, parts.inside[i]!, within, around), outputs: {} }
  })
}

function parallel(
  step: ParallelStepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
): ControlDefinition {
  const waitFor = waitedFor(step)
  const [block] = blocks(step, parts, mode, around, {
    parallel: around.parallelAllowed,
    maxConcurrency: step.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
    // Where some may fail, the first failure decides nothing.
    ...(waitFor !== 'all' && { failFast: false }),
  })
  return { kind: 'parallel', block: block!, waitFor, output: parts.output }
}

function conditional(
  step: ConditionalStepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
): ControlDefinition {
  const branches = blocks(step, parts, mode, around)
  const key = step.cases === undefined ? 'condition' : 'when'
  const cases = parts.conditions.map((when, i) => ({ when: truth(when, step, key), block: branches[i]! }))
  return { kind: 'conditional', cases, otherwise: branches[cases.length] ?? null, output: parts.output }
}

function iterative(
  step: IterativeStepDocument,
  parts: StepParts,
  mode: ListMode,
  around: Surroundings,
): ControlDefinition {
  const [block] = blocks(step, parts, mode, around)
  const loop = step.while === undefined ? 'until' : 'while'
  const concurrency = step.max_concurrency ?? CONTROL_DEFAULTS.iterationsConcurrency
  return {
    kind: 'iterative',
    over:
      step.for_each === undefined
        ? { kind: loop, condition: truth(parts.conditions[0]!, step, loop) }
        : { kind: 'each', items: items(parts.given, step) },
    block: block!,
    iterationsMax: step.max_iterations ?? CONTROL_DEFAULTS.iterationsMax,
    maxConcurrency: around.parallelAllowed ? concurrency : 1,
    tolerate: tolerated(step.tolerate ?? CONTROL_DEFAULTS.tolerate),
    output: parts.output,
  }
}

function tolerated(written: number | string): { count: number } | { share: number } {
  return typeof written === 'number' ? { count: written } : { share: Number.parseFloat(written) / 100 }
}

function awaited(
  step: WaitStepDocument,
  { conditions: [filter] }: StepParts,
): (ControlDefinition & { kind: 'wait' })['until'] {
  if (step.event === undefined) return { kind: 'timer', delayMs: durationMs(step.for)! }
  return {
    kind: 'event',
    event: step.event,
    filter: filter ? truth(filter, step, 'filter') : null,
    timeoutMs: durationMs(step.timeout),
    onTimeout: step.on_timeout ?? CONTROL_DEFAULTS.onTimeout,
    shared: step.shared ?? CONTROL_DEFAULTS.shared,
  }
}

// Data may turn out to be of another kind than the input is declared to be.
function inputsOf(computed: Computed, step: StepDocument, declared: DeclaredInputs): Computed {
  if (computed.kind === 'value') return computed
  return {
    ...computed,
    evaluate(scope: DataScope, budget?: Budget) {
      const value = computed.evaluate(scope, budget)
      const [wrong] = wrongKinds(declared, value as Record<string, unknown>)
      if (!wrong) return value
      const message = `step ${shown(step.name)}: ${wrong.message}; ${wrong.remedy}`
      throw new SagachartError('INPUT_INVALID', message, { retryable: false })
    },
  }
}

// A condition that yields anything but true or false is a mistake, not a "no".
function truth(computed: Computed, step: StepDocument, key: string): Computed {
  return holding(computed, step, key, 'true or false', (value) => typeof value === 'boolean')
}

function items(computed: Computed, step: StepDocument): Computed {
  return holding(computed, step, 'for_each', 'a list', Array.isArray)
}

function holding(
  computed: Computed,
  step: StepDocument,
  key: string,
  expected: string,
  fits: (value: unknown) => boolean,
): Computed {
  if (computed.kind === 'value') return computed
  return {
    ...computed,
    evaluate(scope: DataScope, budget?: Budget) {
      const value = computed.evaluate(scope, budget)
      if (fits(value)) return value
      const message = `step ${shown(step.name)}: its "${key}" must yield ${expected}, found ${shownData(value)}`
      throw new SagachartError('EXPRESSION_FAILED', message, { retryable: false })
    },
  }
}
