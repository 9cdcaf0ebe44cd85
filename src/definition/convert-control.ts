// Control steps of a document as the definition that the runtime takes: what is inside of them, and what holds there.
import { SagachartError } from '../errors.ts'
import { toleratedShare } from './check-control.ts'
import { CONTROL_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { shown } from './diagnostic.ts'
import { durationMs } from './duration.ts'
import type { Computed, ControlDefinition, StepDefinition, WorkflowDefinition } from './model.ts'
import type { StepParts } from './references.ts'
import type { StepDocument } from './schema.ts'
import { listsOf } from './step-lists.ts'

/** What a step has around it. */
export interface Enclosing {
  /** Whether the document allows anything to go side by side. */
  readonly mayBeParallel: boolean
  /** A scenario by its name. */
  named(name: string): WorkflowDefinition
  /** One step, whatever its type. */
  stepOf(step: StepDocument, parts: StepParts, enclosing: Enclosing): StepDefinition
  /** Retries of a step that gives no number. */
  readonly retries: number
  /** What holds for the list that the step is in. */
  readonly list: WorkflowDefinition
  /** The address that the names of the list are behind: empty, or `outer/`. */
  readonly address: string
}

/** What a control step is made of. */
export function controlDefinition(
  step: StepDocument,
  parts: StepParts,
  enclosing: Enclosing,
): ControlDefinition {
  const { output } = parts
  switch (step.type!) {
    case 'parallel':
      return parallel(step, parts, enclosing)
    case 'conditional':
      return conditional(step, parts, enclosing)
    case 'iterative':
      return iterative(step, parts, enclosing)
    case 'wait':
      return { kind: 'wait', until: untilOf(step, parts), output }
    case 'scenario':
      return { kind: 'scenario', workflow: enclosing.named(step.scenario!), inputs: parts.inputs, output }
  }
}

type Kind<TKind extends ControlDefinition['kind']> = Extract<ControlDefinition, { readonly kind: TKind }>

function parallel(step: StepDocument, parts: StepParts, enclosing: Enclosing): Kind<'parallel'> {
  const waitFor = step.wait_for === 'any' ? 1 : (step.wait_for ?? 'all')
  const more = {
    parallel: enclosing.mayBeParallel,
    maxConcurrency: step.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
    ...(waitFor !== 'all' && { failFast: false }),
  }
  return { kind: 'parallel', block: block(step, parts, enclosing, 0, more), waitFor, output: parts.output }
}

function conditional(step: StepDocument, parts: StepParts, enclosing: Enclosing): Kind<'conditional'> {
  const key = step.cases ? 'when' : 'condition'
  const lists = parts.inside.map(({ when }, i) => ({
    when: when && truth(when, step.name, key),
    block: block(step, parts, enclosing, i),
  }))
  const cases = lists.flatMap((list) => (list.when ? [{ when: list.when, block: list.block }] : []))
  const otherwise = lists.find(({ when }) => when === null)?.block ?? null
  return { kind: 'conditional', cases, otherwise, output: parts.output }
}

function iterative(step: StepDocument, parts: StepParts, enclosing: Enclosing): Kind<'iterative'> {
  const { items, condition } = parts
  const kind = step.while === undefined ? 'until' : 'while'
  const over: Kind<'iterative'>['over'] = items
    ? { kind: 'each', items }
    : { kind, condition: truth(condition as Computed, step.name, kind) }
  const width = step.max_concurrency ?? CONTROL_DEFAULTS.iterationsConcurrency
  return {
    kind: 'iterative',
    over,
    block: block(step, parts, enclosing, 0),
    iterationsMax: step.max_iterations ?? CONTROL_DEFAULTS.iterationsMax,
    maxConcurrency: items && enclosing.mayBeParallel ? width : 1,
    tolerate: tolerated(step.tolerate),
    output: parts.output,
  }
}

function tolerated(tolerate: StepDocument['tolerate']): Kind<'iterative'>['tolerate'] {
  return typeof tolerate === 'string' ? { share: toleratedShare(tolerate) ?? 0 } : { count: tolerate ?? 0 }
}

function untilOf(step: StepDocument, { filter }: StepParts): Kind<'wait'>['until'] {
  if (step.event === undefined) return { kind: 'timer', delayMs: durationMs(step.for)! }
  return {
    kind: 'event',
    event: step.event,
    filter: filter && truth(filter, step.name, 'filter'),
    timeoutMs: durationMs(step.timeout),
    onTimeout: step.on_timeout ?? CONTROL_DEFAULTS.onTimeout,
  }
}

/** A list inside of a step: a workflow without limits of its own. */
function block(
  step: StepDocument,
  parts: StepParts,
  enclosing: Enclosing,
  at: number,
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  const { list, address } = enclosing
  const name = `${address}${step.name}`
  const inner: WorkflowDefinition = {
    ...list,
    name,
    description: '',
    timeoutMs: null,
    failFast: list.failFast || list.onFailure === 'compensate',
    onFailure: 'fail',
    inputs: null,
    outputs: {},
    ...more,
  }
  const { steps } = listsOf(step, [])[at]!
  const within = { ...enclosing, list: inner, address: `${name}/` }
  return {
    ...inner,
    steps: steps.map((each, i) => enclosing.stepOf(each, parts.inside[at]!.steps[i]!, within)),
  }
}

// A condition that yields anything but true or false is a mistake, not a "no".
/** A condition of a step. */
export function truth(computed: Computed, step: string, key: string): Computed {
  if (computed.kind === 'value') return computed
  return {
    ...computed,
    evaluate(scope) {
      const value = computed.evaluate(scope)
      if (typeof value === 'boolean') return value
      const message = `step ${shown(step)}: its "${key}" must yield true or false, found ${shown(value)}`
      throw new SagachartError('EXPRESSION_FAILED', message, { retryable: false })
    },
  }
}
