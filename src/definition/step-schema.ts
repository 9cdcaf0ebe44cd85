// Every key a step may have, by its type: what calls an operation, and the five control steps. A part of schema.ts.
// What one key means beside another is judged in check-control.ts. Lists of steps nest as deep as parse.ts lets them.
import * as z from 'zod'
import {
  BACKOFF_DEFAULTS,
  COMPENSATION_DEFAULTS,
  CONTROL_DEFAULTS,
  SCENARIO_DEFAULTS,
  STEP_DEFAULTS,
} from './defaults.ts'
import { durationWritten } from './duration.ts'
import {
  absent,
  acceptance,
  anything,
  atLeast,
  condition,
  defaulting,
  duration,
  flag,
  integer,
  list,
  mapping,
  name,
  oneOf,
  section,
  share,
  text,
  whole,
} from './fields.ts'
import { RUN_CONDITIONS } from './shape.ts'

/** The types of control steps. */
export const CONTROL_TYPES = ['parallel', 'conditional', 'iterative', 'wait', 'scenario'] as const

const verdict = () => oneOf('retry', 'fallback', 'skip', 'degradation', 'fail', 'fail_workflow', 'compensate')

const retry = section('retry', {
  backoff: defaulting(
    oneOf('exponential', 'linear', 'constant'),
    BACKOFF_DEFAULTS.kind,
    'how the delay grows',
  ),
  initial: defaulting(
    duration(),
    durationWritten(BACKOFF_DEFAULTS.initialMs),
    'delay before the first retry',
  ),
  factor: defaulting(atLeast(1), BACKOFF_DEFAULTS.factor, 'growth of an exponential delay'),
  max: defaulting(duration(), durationWritten(BACKOFF_DEFAULTS.maxMs), 'longest delay'),
  jitter: defaulting(oneOf('full', 'equal', 'none'), BACKOFF_DEFAULTS.jitter, 'how the delay is drawn'),
  max_elapsed: duration().optional().describe('no retry starts later than this after the first attempt'),
  non_retryable: list(text()).optional().describe('names and codes of errors that are never retried'),
})

const compensate = section('compensate', {
  module: name().optional().describe("default: the step's own module"),
  operation: name().describe('the operation that undoes the step'),
  parameters: mapping(anything())
    .optional()
    .describe("may hold ${{ expressions }}, which see the step's input and output; default {input, output}"),
  on: defaulting(
    oneOf('success', 'attempt'),
    COMPENSATION_DEFAULTS.on,
    'attempt: also where the step started and is not known to have succeeded',
  ),
  timeout: duration().optional().describe('limit of one attempt to compensate'),
  retry_count: defaulting(whole(0), COMPENSATION_DEFAULTS.retries, 'retries of a failing compensation'),
  retry: retry.optional().describe('delays between attempts to compensate'),
})

const fallback = z.union(
  [
    section('fallback', {
      module: name().optional().describe("default: the step's own module"),
      operation: name().describe('the operation that is called instead'),
      parameters: mapping(anything()).optional().describe('may hold ${{ expressions }}'),
      compensate: compensate.optional().describe('undoes what the fallback did when the run compensates'),
    }),
    section('fallback value', { value: anything().describe('the output in place of the failed one') }),
  ],
  { error: () => '{module, operation, parameters, compensate} or {value}' },
)

const need = section('resource of a step', {
  name: name().describe('a pool'),
  units: defaulting(whole(1), STEP_DEFAULTS.units, 'units taken'),
  mode: oneOf('exclusive', 'read', 'write').optional().describe('how the resource is shared'),
})

const cache = section('cache', {
  key: text().describe('expression; equal keys share an output'),
  ttl: duration().optional().describe('how long an output is kept'),
})

/** Keys of every step. */
const everyStep = {
  name: name().describe('unique in its list'),
  description: text().optional().describe('for people'),
  depends_on: list(name()).optional().describe('steps of the same list that come before'),
  run_if: defaulting(oneOf(...RUN_CONDITIONS), STEP_DEFAULTS.runIf, 'judged once all dependencies are final'),
  when: condition().optional().describe('CEL expression; the step is skipped where it is false'),
  fallback: fallback.optional().describe('one more attempt elsewhere, or a value, after the retries'),
  on_failure: z
    .union([verdict(), list(verdict())], { error: () => 'a verdict or a list of verdicts' })
    .optional()
    .describe('the first applicable verdict counts; default: handlers, then recovery_strategies, then fail'),
  compensate: compensate.optional().describe('undoes the step when the run compensates'),
  on_cancel: oneOf('abort', 'await')
    .optional()
    .describe('what a cancellation does to a running attempt; default await with compensate, else abort'),
  priority: defaulting(integer(), STEP_DEFAULTS.priority, 'higher starts earlier'),
  accept: acceptance.optional().describe('what check finds of it, and is meant; each with the reason'),
}

const timeout = duration().optional().describe('limit of one attempt; default none')

const delays = retry.optional().describe('delays between attempts')

/** Keys of every control step but a wait. */
const repeatable = {
  ...everyStep,
  timeout,
  retry_count: defaulting(whole(0), CONTROL_DEFAULTS.retries, 'retries of all that is inside'),
  retry: delays,
}

const output = (of: string) => anything().optional().describe(`reshapes the output; default ${of}`)

const operationStep = section('step', {
  type: absent().describe('only control steps have a type'),
  ...everyStep,
  module: name().describe('a module of integration.modules'),
  operation: name().describe('an operation of the module'),
  parameters: mapping(anything()).optional().describe('given to the operation; may hold ${{ expressions }}'),
  timeout,
  retry_count: whole(0)
    .optional()
    .describe('retries after the first attempt; default integration.max_retries'),
  retry: delays,
  resources: list(z.union([name(), need], { error: () => 'a pool, or {name, units}' }))
    .optional()
    .describe('held during each attempt'),
  heartbeat: duration().optional().describe('the operation must report within it'),
  cache: cache.optional().describe('reuses the output of an equal call'),
})

/** A list of steps; an interface, for the type refers to itself. */
export interface StepList extends ReadonlyArray<StepDocument> {}

const steps = (about: string): z.ZodType<StepList> => list(stepSchema).describe(about)

const parallelStep = section('parallel step', {
  type: z.literal('parallel').describe('its steps run side by side'),
  ...repeatable,
  get steps() {
    return steps('run side by side, after their dependencies')
  },
  max_concurrency: defaulting(whole(1), SCENARIO_DEFAULTS.maxConcurrency, 'steps side by side'),
  wait_for: defaulting(
    z.union([oneOf('all', 'any'), whole(1)], { error: () => 'all, any or a number of at least 1' }),
    CONTROL_DEFAULTS.waitFor,
    'successes that are enough; the rest is cancelled then',
  ),
  output: output("its steps' outputs by name"),
})

const branch = section('case', {
  when: condition().describe('CEL expression'),
  get steps() {
    return steps('the branch')
  },
})

const conditionalStep = section('conditional step', {
  type: z.literal('conditional').describe('one of its branches runs'),
  ...repeatable,
  condition: condition().optional().describe('CEL expression; chooses between then and else'),
  // oxlint-disable-next-line unicorn/no-thenable -- the document's own word; a schema is never awaited
  get then() {
    return steps('the branch where the condition is true').optional()
  },
  get else() {
    return steps('the branch where the condition is false').optional()
  },
  cases: list(branch).optional().describe('branches, of which the first true one is taken'),
  get default() {
    return steps('the branch where no case is true').optional()
  },
  output: output("the taken branch's outputs by name"),
})

const iterativeStep = section('iterative step', {
  type: z.literal('iterative').describe('its steps run again and again'),
  ...repeatable,
  for_each: z
    .union([text(), list(anything())], { error: () => 'a list or an expression' })
    .optional()
    .describe('an iteration for each item'),
  while: condition().optional().describe('iterates as long as it is true; asked before each iteration'),
  until: condition().optional().describe('iterates until it is true; asked after each iteration'),
  get steps() {
    return steps('one iteration; they see item and index')
  },
  max_iterations: defaulting(
    whole(1),
    CONTROL_DEFAULTS.iterationsMax,
    'more of them fail with ITERATION_LIMIT',
  ),
  max_concurrency: defaulting(
    whole(1),
    CONTROL_DEFAULTS.iterationsConcurrency,
    'iterations side by side, of for_each',
  ),
  tolerate: defaulting(
    z.union([whole(0), share()], { error: () => 'a whole number, or a share from "0%" to "100%"' }),
    CONTROL_DEFAULTS.tolerate,
    'failed iterations that are put up with; each gives null',
  ),
  output: output("of one iteration: its steps' outputs by name"),
})

const waitStep = section('wait step', {
  type: z.literal('wait').describe('waits for a time or an event'),
  ...everyStep,
  for: duration().optional().describe('how long it waits'),
  event: text().optional().describe('the event that it waits for'),
  filter: condition().optional().describe('CEL expression over the event; which events count'),
  timeout: duration().optional().describe('how long it waits for the event; default as long as the run does'),
  on_timeout: defaulting(
    oneOf('fail', 'skip', 'continue'),
    CONTROL_DEFAULTS.onTimeout,
    'continue: succeeds with null',
  ),
  shared: defaulting(flag(), CONTROL_DEFAULTS.shared, 'leaves the signals that it takes to other waits, too'),
  output: output("the event's data"),
})

const scenarioStep = section('scenario step', {
  type: z.literal('scenario').describe('runs another scenario of the document'),
  ...repeatable,
  scenario: name().describe('which one'),
  inputs: mapping(anything()).optional().describe("laid over the run's inputs; may hold ${{ expressions }}"),
  output: output("the scenario's outputs"),
})

/** One step, of whatever type. */
export const stepSchema = z
  .discriminatedUnion(
    'type',
    [operationStep, parallelStep, conditionalStep, iterativeStep, waitStep, scenarioStep],
    {
      error: ({ code }) =>
        code === 'invalid_union' ? `one of ${CONTROL_TYPES.join(', ')}, or no type` : 'a mapping (step)',
    },
  )
  .meta({ id: 'any-step' })

const KINDS = [operationStep, parallelStep, conditionalStep, iterativeStep, waitStep, scenarioStep]

/** For each key that some steps have, the titles of those that have it. */
export const STEPS_WITH_KEY: ReadonlyMap<string, readonly string[]> = (() => {
  const titles = new Map<string, string[]>()
  for (const { def, meta } of KINDS) {
    for (const key of Object.keys(def.shape)) {
      titles.set(key, [...(titles.get(key) ?? []), String(meta()?.title)])
    }
  }
  return titles
})()

export type RetryDocument = z.infer<typeof retry>

/** A step that calls an operation. */
export type OperationStepDocument = z.infer<typeof operationStep>
export type ParallelStepDocument = z.infer<typeof parallelStep>
export type ConditionalStepDocument = z.infer<typeof conditionalStep>
export type IterativeStepDocument = z.infer<typeof iterativeStep>
export type WaitStepDocument = z.infer<typeof waitStep>
export type ScenarioStepDocument = z.infer<typeof scenarioStep>
/** A step that is made of other steps, or that waits. */
export type ControlStepDocument =
  | ParallelStepDocument
  | ConditionalStepDocument
  | IterativeStepDocument
  | WaitStepDocument
  | ScenarioStepDocument
export type StepDocument = OperationStepDocument | ControlStepDocument
