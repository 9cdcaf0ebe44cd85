// Control steps of the builder: their configuration, and what it becomes. The types that a `Setup` gives to it are in
// control-types.ts. Not the steps inside, which are defined as any others are, by builder.ts.
import type { AnyStepConfig } from './builder.ts'
import { CONTROL_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { shown } from './diagnostic.ts'
import { computed, count, invalid, time, type Duration } from './given.ts'
import type { Computed, ControlDefinition, StepDefinition, WorkflowDefinition } from './model.ts'
import { anything, callable, checkShape, either, listOf, object, oneOf, text, type Kind } from './shape.ts'

type Steps = Readonly<Record<string, AnyStepConfig>>

/** What a control step was configured with, whatever its types. */
export type AnyControl =
  | {
      readonly kind: 'parallel'
      readonly steps: Steps
      readonly waitFor?: 'all' | 'any' | number
      readonly maxConcurrency?: number
      readonly output?: unknown
    }
  | {
      readonly kind: 'conditional'
      readonly condition?: unknown
      readonly then?: Steps
      readonly else?: Steps
      readonly cases?: readonly { readonly when: unknown; readonly steps: ControlConfig }[]
      readonly default?: ControlConfig
      readonly output?: unknown
    }
  | {
      readonly kind: 'forEach'
      readonly items: unknown
      readonly steps: Steps
      readonly maxConcurrency?: number
      readonly maxIterations?: number
      readonly tolerate?: number | string
      readonly output?: unknown
    }
  | {
      readonly kind: 'repeat'
      readonly while?: unknown
      readonly until?: unknown
      readonly steps: Steps
      readonly maxIterations?: number
      readonly output?: unknown
    }
  | { readonly kind: 'wait'; readonly delay: Duration }
  | {
      readonly kind: 'waitForEvent'
      readonly event: string
      readonly filter?: unknown
      readonly timeout?: Duration
      readonly onTimeout?: 'fail' | 'skip' | 'continue'
      readonly output?: unknown
    }
  | {
      readonly kind: 'scenario'
      readonly workflow: WorkflowDefinition
      readonly inputs?: unknown
      readonly output?: unknown
    }
  | { readonly kind: 'branch'; readonly steps: Steps }

/** A control step's configuration, as a `Setup` makes it. */
export class ControlConfig {
  readonly isControlStep = true
  readonly config: AnyControl

  constructor(config: AnyControl) {
    this.config = config
  }
}

/** What a step has around it. */
export interface Enclosing {
  /** What holds for the list that the step is in. */
  readonly list: WorkflowDefinition
  /** The address that the names of the list are behind: empty, or `outer/`. */
  readonly address: string
  /** Where it is, in words. */
  readonly place: string
  defineSteps(steps: Steps, enclosing: Enclosing): readonly StepDefinition[]
}

const SHAPES: Readonly<
  Record<AnyControl['kind'], readonly [required: string[], keys: Record<string, Kind>]>
> = {
  parallel: [['steps'], { steps: object, waitFor: anything, maxConcurrency: anything, output: callable }],
  conditional: [
    [],
    {
      condition: callable,
      // oxlint-disable-next-line unicorn/no-thenable -- a table of keys, which nobody awaits
      then: object,
      else: object,
      cases: listOf(object),
      default: object,
      output: callable,
    },
  ],
  forEach: [
    ['items', 'steps'],
    {
      items: either({ is: Array.isArray, says: 'a list' }, callable),
      steps: object,
      maxConcurrency: anything,
      maxIterations: anything,
      tolerate: anything,
      output: callable,
    },
  ],
  repeat: [
    ['steps'],
    { while: callable, until: callable, steps: object, maxIterations: anything, output: callable },
  ],
  wait: [['delay'], { delay: anything }],
  waitForEvent: [
    ['event'],
    {
      event: text,
      filter: callable,
      timeout: anything,
      onTimeout: oneOf('fail', 'skip', 'continue'),
      output: callable,
    },
  ],
  scenario: [['workflow'], { workflow: object, inputs: either(object, callable), output: callable }],
  branch: [['steps'], { steps: object }],
}

/**
 * A control step's configuration as a definition.
 * @throws WORKFLOW_INVALID on what makes no sense
 */
export function controlOf({ config }: ControlConfig, name: string, enclosing: Enclosing): ControlDefinition {
  const { place } = enclosing
  const [required, keys] = SHAPES[config.kind]
  checkShape(config, { kind: text, ...keys }, required, place)
  const output = 'output' in config && config.output !== undefined ? computed(config.output) : null
  const inside = (steps: Steps, more: Partial<WorkflowDefinition> = {}) => block(steps, name, enclosing, more)
  switch (config.kind) {
    case 'parallel':
      return parallel(config, output, inside, place)
    case 'conditional':
      return conditional(config, output, inside, place)
    case 'forEach':
    case 'repeat':
      return iterative(config, output, inside, place)
    case 'wait':
      return { kind: 'wait', until: { kind: 'timer', delayMs: time(config.delay, `${place}: wait`) }, output }
    case 'waitForEvent':
      return { kind: 'wait', until: eventOf(config, place), output }
    case 'scenario':
      return { kind: 'scenario', workflow: config.workflow, inputs: computed(config.inputs ?? {}), output }
    case 'branch':
      throw invalid(
        `${place}: invoke`,
        'an operation or a control step',
        'a branch, which belongs to a conditional',
      )
  }
}

type Config<TKind extends AnyControl['kind']> = Extract<AnyControl, { readonly kind: TKind }>
type Inside = (steps: Steps, more?: Partial<WorkflowDefinition>) => WorkflowDefinition

function parallel(
  config: Config<'parallel'>,
  output: Computed | null,
  inside: Inside,
  place: string,
): ControlDefinition {
  const { steps, waitFor: wanted = 'all', maxConcurrency = SCENARIO_DEFAULTS.maxConcurrency } = config
  const waitFor = wanted === 'any' ? 1 : wanted === 'all' ? wanted : count(wanted, 1, `${place}: waitFor`)
  const size = Object.keys(steps).length
  if (waitFor !== 'all' && waitFor > size)
    throw invalid(`${place}: waitFor`, `at most ${size} successes of as many steps`, waitFor)
  const block = inside(steps, {
    parallel: true,
    maxConcurrency: count(maxConcurrency, 1, `${place}: maxConcurrency`),
    ...(waitFor !== 'all' && { failFast: false }),
  })
  return { kind: 'parallel', block, waitFor, output }
}

function conditional(
  config: Config<'conditional'>,
  output: Computed | null,
  inside: Inside,
  place: string,
): ControlDefinition {
  const { condition, then, else: otherwise, cases, default: last } = config
  if (cases && (condition !== undefined || then !== undefined || otherwise !== undefined))
    throw invalid(`${place}: conditional`, 'cases and default, or condition, then and else', 'both')
  if (!cases && (condition === undefined || then === undefined))
    throw invalid(
      `${place}: conditional`,
      'condition and then, or cases',
      Object.keys(config).filter((key) => key !== 'kind'),
    )
  const branch = (given: ControlConfig) => {
    if (given instanceof ControlConfig && given.config.kind === 'branch') return inside(given.config.steps)
    throw invalid(`${place}: conditional`, 'each case with steps that `branch` made', shown(given))
  }
  return {
    kind: 'conditional',
    cases: cases
      ? cases.map(({ when, steps }) => ({ when: computed(when), block: branch(steps) }))
      : [{ when: computed(condition), block: inside(then!) }],
    otherwise: last ? branch(last) : otherwise ? inside(otherwise) : null,
    output,
  }
}

function iterative(
  config: Config<'forEach'> | Config<'repeat'>,
  output: Computed | null,
  inside: Inside,
  place: string,
): ControlDefinition {
  const { steps, maxIterations = CONTROL_DEFAULTS.iterationsMax } = config
  const shared = {
    kind: 'iterative',
    block: inside(steps),
    iterationsMax: count(maxIterations, 1, `${place}: maxIterations`),
    output,
  } as const
  if (config.kind === 'forEach') {
    const { items, maxConcurrency = CONTROL_DEFAULTS.iterationsConcurrency, tolerate = 0 } = config
    return {
      ...shared,
      over: { kind: 'each', items: computed(items) },
      maxConcurrency: count(maxConcurrency, 1, `${place}: maxConcurrency`),
      tolerate: tolerated(tolerate, place),
    }
  }
  const { while: before, until: after } = config
  if ((before === undefined) === (after === undefined))
    throw invalid(`${place}: repeat`, 'one of while and until', before === undefined ? 'none' : 'both')
  const over = {
    kind: before ? ('while' as const) : ('until' as const),
    condition: computed(before ?? after),
  }
  return { ...shared, over, maxConcurrency: 1, tolerate: { count: 0 } }
}

function tolerated(given: number | string, place: string): { count: number } | { share: number } {
  if (typeof given === 'number') return { count: count(given, 0, `${place}: tolerate`) }
  const share = Number(/^(\d+(?:\.\d+)?)%$/.exec(given)?.[1]) / 100
  if (share <= 1) return { share }
  throw invalid(`${place}: tolerate`, 'a number, or a share from "0%" to "100%"', given)
}

function eventOf(
  { event, filter, timeout, onTimeout = CONTROL_DEFAULTS.onTimeout }: Config<'waitForEvent'>,
  place: string,
): Extract<ControlDefinition, { kind: 'wait' }>['until'] {
  const timeoutMs = timeout === undefined ? null : time(timeout, `${place}: timeout`)
  return {
    kind: 'event',
    event,
    filter: filter === undefined ? null : computed(filter),
    timeoutMs,
    onTimeout,
  }
}

/** A list inside of a step: a workflow without limits of its own. */
function block(
  steps: Steps,
  step: string,
  { list, address, place, defineSteps }: Enclosing,
  more: Partial<WorkflowDefinition>,
): WorkflowDefinition {
  const name = `${address}${step}`
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
  return { ...inner, steps: defineSteps(steps, { list: inner, address: `${name}/`, place, defineSteps }) }
}
