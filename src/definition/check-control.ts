// Whether a control step has what its type needs, and nothing that its type does not know. Which steps are inside of it, and
// what they depend on, is judged in check.ts.
import { CONTROL_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { StepDocument } from './schema.ts'
import type { Path } from './source.ts'

type ControlType = NonNullable<StepDocument['type']>

/** Keys that belong to control steps, by type. */
const CONTROL_KEYS: Readonly<Record<ControlType, readonly string[]>> = {
  parallel: ['steps', 'max_concurrency', 'wait_for', 'output'],
  conditional: ['condition', 'then', 'else', 'cases', 'default', 'output'],
  iterative: [
    'for_each',
    'while',
    'until',
    'steps',
    'max_iterations',
    'max_concurrency',
    'tolerate',
    'output',
  ],
  wait: ['for', 'event', 'filter', 'on_timeout', 'output'],
  scenario: ['scenario', 'inputs', 'output'],
}

/** Keys of steps that call an operation. */
const CALL_KEYS = ['module', 'operation', 'parameters', 'resources', 'heartbeat', 'cache']

const ALL_CONTROL_KEYS: ReadonlySet<string> = new Set(Object.values(CONTROL_KEYS).flat())

/** Reports keys that a step without a type does not have. */
export function refuseControlKeys(step: StepDocument, path: Path, problems: Problems): void {
  for (const key of Object.keys(step)) {
    if (!ALL_CONTROL_KEYS.has(key)) continue
    const types = Object.entries(CONTROL_KEYS).filter(([, keys]) => keys.includes(key))
    const message = `step ${shown(step.name)}: the key "${key}" belongs to a control step, and this step has no type`
    const remedy = `add type: ${types.map(([type]) => type).join(' or ')}, or remove the key`
    problems.add({ code: 'KEY_WITHOUT_EFFECT', message, remedy, path: [...path, key], part: 'key' })
  }
}

/** Reports what a control step lacks, and what it has too much. */
export function checkControl(
  step: StepDocument & { readonly type: ControlType },
  path: Path,
  problems: Problems,
): void {
  const { type } = step
  const known = CONTROL_KEYS[type]
  for (const key of Object.keys(step)) {
    const isForeign = (ALL_CONTROL_KEYS.has(key) && !known.includes(key)) || CALL_KEYS.includes(key)
    const isUseless = type === 'wait' && (key === 'retry' || key === 'retry_count')
    if (!isForeign && !isUseless) continue
    const message = `step ${shown(step.name)}: a step of type ${type} has no key "${key}"`
    const remedy = (): string => suggestion(key, known, `remove it; there are ${listed(known)}`)
    problems.add({ code: 'KEY_WITHOUT_EFFECT', message, remedy, path: [...path, key], part: 'key' })
  }
  const judge = new Judge(step, path, problems)
  if (type === 'parallel') judge.parallel()
  else if (type === 'conditional') judge.conditional()
  else if (type === 'iterative') judge.iterative()
  else if (type === 'wait') judge.wait()
  else judge.needs('scenario')
  for (const key of ['fallback', 'compensate'] as const) {
    const target = step[key]
    if (!target || !('operation' in target) || target.module !== undefined) continue
    judge.miss(`its ${key} names no module, and a control step has none of its own`, 'add "module"', [key])
  }
}

class Judge {
  readonly #step: StepDocument
  readonly #path: Path
  readonly #problems: Problems

  constructor(step: StepDocument, path: Path, problems: Problems) {
    this.#step = step
    this.#path = path
    this.#problems = problems
  }

  miss(what: string, remedy: string, at: Path): void {
    const message = `step ${shown(this.#step.name)}: ${what}`
    this.#problems.add({ code: 'KEY_MISSING', message, remedy, path: [...this.#path, ...at], part: 'key' })
  }

  wrong(what: string, remedy: string, key: string): void {
    const message = `step ${shown(this.#step.name)}: ${what}`
    this.#problems.add({ code: 'VALUE_INVALID', message, remedy, path: [...this.#path, key] })
  }

  needs(...keys: (keyof StepDocument)[]): void {
    for (const key of keys) {
      if (this.#step[key] === undefined)
        this.miss(`a step of type ${this.#step.type} needs "${key}"`, `add "${key}"`, ['type'])
    }
  }

  /** Just one of some keys. */
  oneOf(...keys: (keyof StepDocument)[]): void {
    const given = keys.filter((key) => this.#step[key] !== undefined)
    if (given.length === 0)
      this.miss(`a step of type ${this.#step.type} needs one of ${keys.join(', ')}`, `add "${keys[0]}"`, [
        'type',
      ])
    else if (given.length > 1)
      this.wrong(`it has ${given.join(' and ')}, expected one of them`, `remove "${given[1]}"`, given[1]!)
  }

  parallel(): void {
    this.needs('steps')
    const { wait_for: wanted, steps = [] } = this.#step
    const count = wanted === 'any' ? 1 : wanted
    if (typeof count === 'number' && count > steps.length)
      this.wrong(
        `it waits for ${count} successes of ${steps.length} steps`,
        `give at most ${steps.length}`,
        'wait_for',
      )
  }

  conditional(): void {
    const { condition, then, cases, default: otherwise } = this.#step
    if (cases === undefined) this.needs('condition', 'then')
    else if (condition !== undefined || then !== undefined || this.#step.else !== undefined)
      this.wrong(
        'it has both cases and a condition',
        'keep "cases" and "default", or "condition", "then" and "else"',
        'cases',
      )
    if (cases === undefined && otherwise !== undefined)
      this.wrong('"default" belongs to "cases"', 'rename it to "else"', 'default')
  }

  iterative(): void {
    this.needs('steps')
    this.oneOf('for_each', 'while', 'until')
    const { max_concurrency: width = 1, for_each: items, tolerate, max_iterations: most } = this.#step
    if (items === undefined && width > 1)
      this.wrong(
        'each iteration depends on the one before',
        'remove "max_concurrency", or use for_each',
        'max_concurrency',
      )
    if (typeof tolerate === 'string' && toleratedShare(tolerate) === null)
      this.wrong(
        `tolerate: expected a number, or a share from 0% to 100%, found ${shown(tolerate)}`,
        'give such as 2 or "10%"',
        'tolerate',
      )
    const limit = most ?? CONTROL_DEFAULTS.iterationsMax
    if (Array.isArray(items) && items.length > limit)
      this.wrong(
        `it has ${items.length} items, and at most ${limit} iterations`,
        'raise "max_iterations"',
        'for_each',
      )
  }

  wait(): void {
    this.oneOf('for', 'event')
    if (this.#step.for === undefined) return
    for (const key of ['filter', 'on_timeout', 'timeout'] as const) {
      if (this.#step[key] !== undefined)
        this.wrong(`"${key}" belongs to a wait for an event`, `remove "${key}"`, key)
    }
  }
}

/** `10%` as 0.1; `null` for what is no share. */
export function toleratedShare(text: string): number | null {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? []
  const share = Number(number) / 100
  return number !== undefined && share <= 1 ? share : null
}
