// Whether a control step's keys make sense beside each other. Which keys its type has is step-schema.ts's; the steps
// inside of it are judged in check-steps.ts.
import type { Known } from './check-steps.ts'
import { CONTROL_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { DiagnosticCode, Severity } from './diagnostic.ts'
import { wrongKinds } from './inputs.ts'
import type { Path } from './source.ts'
import type {
  ConditionalStepDocument,
  ControlStepDocument,
  IterativeStepDocument,
  ParallelStepDocument,
  ScenarioStepDocument,
  WaitStepDocument,
} from './step-schema.ts'

/** Says what is wrong with a step: at one of its keys, or at its type. */
class Judge {
  readonly known: Known
  readonly #what: string
  readonly #path: Path

  constructor(known: Known, what: string, path: Path) {
    this.known = known
    this.#what = what
    this.#path = path
  }

  value(key: string, message: string, remedy: string, severity: Severity = 'error'): void {
    this.#add('VALUE_INVALID', [key], 'value', message, remedy, severity)
  }

  missing(message: string, remedy: string): void {
    this.#add('KEY_MISSING', ['type'], 'key', message, remedy)
  }

  useless(key: string, message: string, remedy: string, severity: Severity = 'error'): void {
    this.#add('KEY_WITHOUT_EFFECT', [key], 'key', message, remedy, severity)
  }

  input(name: string, message: string, remedy: string): void {
    this.#add('INPUT_INVALID', ['inputs', name], 'value', message, remedy)
  }

  unknown(at: Path, part: 'key' | 'value', message: string, remedy: () => string): void {
    this.#add('REFERENCE_UNKNOWN', at, part, message, remedy)
  }

  #add(
    code: DiagnosticCode,
    at: Path,
    part: 'key' | 'value',
    message: string,
    remedy: string | (() => string),
    severity: Severity = 'error',
  ): void {
    const path = [...this.#path, ...at]
    this.known.problems.add({ code, severity, message: `${this.#what}: ${message}`, remedy, path, part })
  }
}

/** Reports keys of a control step that do not go together, and what they name that is not there. */
export function checkControl(step: ControlStepDocument, path: Path, what: string, known: Known): void {
  const judge = new Judge(known, what, path)
  switch (step.type) {
    case 'parallel':
      return checkParallel(step, judge)
    case 'conditional':
      return checkConditional(step, judge)
    case 'iterative':
      return checkIterative(step, judge)
    case 'wait':
      return checkWait(step, judge)
    case 'scenario':
      return checkScenarioStep(step, judge)
  }
}

/** How many successes a parallel step waits for. */
export function waitedFor({ wait_for = CONTROL_DEFAULTS.waitFor }: ParallelStepDocument): 'all' | number {
  return wait_for === 'any' ? 1 : wait_for
}

function checkParallel(step: ParallelStepDocument, judge: Judge): void {
  const successes = waitedFor(step)
  const count = step.steps.length
  if (successes !== 'all' && successes > count) {
    const said = `wait_for asks for ${successes} of its steps to succeed, and it has ${count}`
    judge.value('wait_for', said, count === 0 ? 'add steps' : `give all, any or a number up to ${count}`)
  }
  if (judge.known.parallelAllowed) return
  const said =
    'performance.parallel_execution forbids steps side by side, so those of it run one after the other'
  judge.useless('type', said, 'set performance.parallel_execution to true', 'warning')
}

function checkConditional(step: ConditionalStepDocument, judge: Judge): void {
  const { cases } = step
  if (cases !== undefined) {
    for (const key of ['condition', 'then', 'else'] as const) {
      if (step[key] === undefined) continue
      const remedy = key === 'else' ? 'use "default"' : 'make it one of the cases'
      judge.useless(key, `it has cases, which "${key}" can't stand beside`, remedy)
    }
    if (cases.length === 0) judge.value('cases', 'expected at least one case, found none', 'add a case')
    return
  }
  if (step.default !== undefined) judge.useless('default', '"default" belongs to cases', 'use "else"')
  const missing = (['condition', 'then'] as const).filter((key) => step[key] === undefined)
  if (missing.length === 2) {
    const remedy = 'add "condition" and "then", or "cases"'
    judge.missing('it has no branches: expected condition and then, or cases', remedy)
  } else if (missing[0] !== undefined) {
    judge.missing(`the key "${missing[0]}" is missing`, `add "${missing[0]}"`)
  }
}

const LOOPS = ['for_each', 'while', 'until'] as const

function checkIterative(step: IterativeStepDocument, judge: Judge): void {
  const given = LOOPS.filter((key) => step[key] !== undefined)
  if (given.length === 0) {
    const remedy = 'add one of them'
    judge.missing('nothing says how often it runs: expected for_each, while or until', remedy)
  }
  for (const key of given.slice(1)) {
    judge.useless(key, `it has "${given[0]!}", which "${key}" can't stand beside`, 'keep one of them')
  }
  const isOverItems = given[0] === 'for_each'
  const { max_concurrency: concurrency, for_each: items, tolerate } = step
  if (concurrency !== undefined && concurrency > 1) {
    if (given.length > 0 && !isOverItems) {
      const said = `with ${given[0]!} each iteration waits for the one before, so max_concurrency can only be 1, found ${concurrency}`
      judge.value('max_concurrency', said, 'remove it')
    } else if (!judge.known.parallelAllowed) {
      const said =
        'max_concurrency is forbidden by performance.parallel_execution, so iterations run one after the other'
      judge.useless('max_concurrency', said, 'set performance.parallel_execution to true', 'warning')
    }
  }
  if (typeof tolerate === 'string' && given.length > 0 && !isOverItems) {
    const said = `with ${given[0]!} nobody knows how many iterations there will be, so tolerate can't be a share, found ${shown(tolerate)}`
    judge.value('tolerate', said, 'give a whole number')
  }
  const limit = step.max_iterations ?? CONTROL_DEFAULTS.iterationsMax
  if (Array.isArray(items) && items.length > limit) {
    const said = `for_each has ${items.length} items, and max_iterations is ${limit}: it will fail with ITERATION_LIMIT`
    judge.value('for_each', said, 'raise max_iterations', 'warning')
  }
}

function checkWait(step: WaitStepDocument, judge: Judge): void {
  if (step.for === undefined && step.event === undefined) {
    judge.missing('nothing says what it waits for: expected for or event', 'add one of them')
  }
  if (step.for !== undefined && step.event !== undefined) {
    judge.useless(
      'for',
      'it waits for an event, which "for" can\'t stand beside',
      'use "timeout", or remove "event"',
    )
  }
  if (step.event?.trim() === '') judge.value('event', 'expected the name of an event, found none', 'name it')
  if (step.event === undefined) {
    for (const key of ['filter', 'timeout', 'on_timeout', 'shared'] as const) {
      if (step[key] === undefined) continue
      judge.useless(key, `"${key}" belongs to a wait for an event`, 'remove it, or add "event"')
    }
  } else if (step.on_timeout !== undefined && step.timeout === undefined) {
    judge.useless(
      'on_timeout',
      'without a timeout it waits as long as the run does',
      'add "timeout"',
      'warning',
    )
  }
}

function checkScenarioStep(step: ScenarioStepDocument, judge: Judge): void {
  const { scenarios, inputs } = judge.known
  if (!scenarios.has(step.scenario)) {
    const said = `it runs the scenario ${shown(step.scenario)}, and the document has none of that name`
    judge.unknown(['scenario'], 'value', said, () =>
      suggestion(step.scenario, scenarios, `use one of ${listed(scenarios)}`),
    )
  }
  const declared = Object.keys(inputs)
  const literal: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(step.inputs ?? {})) {
    if (Object.hasOwn(inputs, name)) {
      if (typeof value !== 'string' || !/\$\{\{|_output$/.test(value)) literal[name] = value
      continue
    }
    const said = `it gives the input ${shown(name)}, which integration.inputs does not declare`
    judge.unknown(['inputs', name], 'key', said, () =>
      suggestion(name, declared, `declare it there; it has ${listed(declared)}`),
    )
  }
  for (const { name, message, remedy } of wrongKinds(inputs, literal)) judge.input(name, message, remedy)
}
