// What conditions may turn out to be, whatever a run's data are: each is computed with everything unknown but the statuses
// that the steps it names can have. Not a solver: what it cannot tell may be either.
import type { StepStatus } from '../../../machines/protocol.ts'
import type { Computed, DataScope, StepView } from '../model.ts'
import { ExpressionFault } from '../operators.ts'

/** The statuses that a step may have for whoever asks; `null` where nothing is known of it. */
export type StatusesOf = (step: string) => readonly StepStatus[] | null

/** Which conditions of a row may be the first that holds. */
export interface Selection {
  /** Their places; the number of conditions where none may hold. */
  readonly taken: ReadonlySet<number>
  /** Steps whose statuses it hung on. */
  readonly asked: ReadonlySet<string>
}

/** Evaluations for one row of conditions; beyond them everything is held to be possible. */
const EVALUATIONS_MAX = 600

/** Nothing is known of any step. */
export const NOTHING_KNOWN: StatusesOf = () => null

/** Whether a condition can be true, and whether it can be false. */
export function possible(condition: Computed, statusesOf: StatusesOf): { true: boolean; false: boolean } {
  const { taken } = selected([condition], statusesOf)
  return { true: taken.has(0), false: taken.has(1) }
}

/** Which of some conditions, asked in their order, may be the first that holds. */
export function selected(conditions: readonly Computed[], statusesOf: StatusesOf): Selection {
  const search = new Search(conditions, statusesOf, (taken) => taken.size > conditions.length)
  search.explore(new Map())
  return search
}

/** The same of one condition, where all that matters is whether it can hold. */
export function mayHold(condition: Computed, statusesOf: StatusesOf): Selection {
  const search = new Search([condition], statusesOf, (taken) => taken.has(0))
  search.explore(new Map())
  return search
}

/** Goes through the statuses that conditions ask for, one after the other. */
class Search implements Selection {
  readonly taken = new Set<number>()
  readonly asked = new Set<string>()
  readonly #conditions: readonly Computed[]
  readonly #statusesOf: StatusesOf
  readonly #known = new Map<string, readonly StepStatus[] | null>()
  readonly #isEnough: (taken: ReadonlySet<number>) => boolean
  #evaluations = 0

  /** @param isEnough Whether nothing more need be found out. */
  constructor(
    conditions: readonly Computed[],
    statusesOf: StatusesOf,
    isEnough: (taken: ReadonlySet<number>) => boolean,
  ) {
    this.#conditions = conditions
    this.#isEnough = isEnough
    // Asked for again and again.
    this.#statusesOf = (step) => {
      let statuses = this.#known.get(step)
      if (statuses === undefined) this.#known.set(step, (statuses = statusesOf(step)))
      return statuses
    }
  }

  // It goes as deep as conditions name steps, which an expression's length bounds, and the evaluations more so.
  explore(known: ReadonlyMap<string, StepStatus>): void {
    for (const [index, condition] of this.#conditions.entries()) {
      const scope = new UnknownScope(known, this.#statusesOf)
      this.#evaluations++
      const value = valueOf(condition, scope)
      if (value === false) continue
      if (value === null && scope.wanted !== null && this.#evaluations < EVALUATIONS_MAX) {
        this.asked.add(scope.wanted)
        for (const status of this.#statusesOf(scope.wanted) ?? []) {
          if (this.#isEnough(this.taken)) return
          this.explore(new Map([...known, [scope.wanted, status]]))
        }
        return
      }
      this.taken.add(index)
      if (value === true) return
    }
    this.taken.add(this.#conditions.length)
  }
}

/** `null`: either, or it fails. */
function valueOf(condition: Computed, scope: UnknownScope): boolean | null {
  if (condition.kind === 'function') return null
  if (condition.kind === 'value') return typeof condition.value === 'boolean' ? condition.value : null
  try {
    const value = condition.evaluate(scope)
    return typeof value === 'boolean' ? value : null
  } catch {
    // Whatever it wanted to know is not known; or it fails, and then it is neither.
    return null
  }
}

/** Data of which nothing is known: whoever looks at them hears that they can't be read. */
class UnknownScope implements DataScope {
  readonly steps: DataScope['steps']
  readonly inputs = UNKNOWN
  readonly run = UNKNOWN as unknown as DataScope['run']
  readonly env = UNKNOWN as unknown as DataScope['env']
  /** The first step whose status was asked for, may be known and is not. */
  wanted: string | null = null

  constructor(known: ReadonlyMap<string, StepStatus>, statusesOf: StatusesOf) {
    const want = (name: string): never => {
      this.wanted ??= name
      return unknown()
    }
    this.steps = new Proxy<Record<string, StepView>>(
      {},
      {
        ...UNREADABLE,
        get(_, name) {
          if (typeof name !== 'string' || statusesOf(name) === null) return unknown()
          const status = known.get(name)
          return {
            get status(): StepStatus {
              return status ?? want(name)
            },
            // Only a success has an output.
            get output(): unknown {
              return status === undefined ? want(name) : status === 'success' ? unknown() : null
            },
            get error(): never {
              return unknown()
            },
            get attempts(): never {
              return unknown()
            },
          }
        },
      },
    )
  }
}

/** Thrown so often that one is made for all. */
const NOT_KNOWN = new ExpressionFault('it is not known')

function unknown(): never {
  throw NOT_KNOWN
}

const UNREADABLE: ProxyHandler<Record<string, never>> = {
  get: unknown,
  has: unknown,
  ownKeys: unknown,
  getOwnPropertyDescriptor: unknown,
}

const UNKNOWN = new Proxy<Record<string, never>>({}, UNREADABLE)
