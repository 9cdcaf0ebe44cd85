// What expressions and builder functions see of a run, and their evaluation.
// Not the language: an expression arrives compiled.
import { statusOf } from '../../kernel/graph.ts'
import { shownData } from '../../definition/diagnostic.ts'
import { SagachartError } from '../../errors.ts'
import { ignore, isPromise } from '../../foreign.ts'
import type { Budget, Computed, DataScope, StepView } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { errorView } from '../../definition/step-fields.ts'
import type { Run } from '../run/run.ts'

/** What is seen of a run. */
type SeenRun = Pick<Run, 'options' | 'workflow' | 'graph' | 'effects' | 'runId' | 'startedAt'>

/** A class, for what a run sees is made when somebody looks, and V8 makes a shape of its own for each object with a getter. */
export class RunData {
  private readonly run: SeenRun
  private seen: DataScope | null = null

  constructor(run: SeenRun) {
    this.run = run
  }

  get scope(): DataScope {
    return (this.seen ??= scopeOf(this.run))
  }

  /**
   * @param more What is seen beside the run's own data.
   * @param budget What it may cost, with all else that is computed in the same go.
   * @throws EXPRESSION_FAILED, or whatever a user's function throws.
   */
  evaluate(computed: Computed, more?: Partial<DataScope>, budget?: Budget): unknown {
    if (computed.kind === 'value') return computed.value
    const value = computed.evaluate(more ? laidOver(this.scope, more) : this.scope, budget)
    if (computed.kind === 'function') ignore(value)
    return value
  }

  /** @throws EXPRESSION_FAILED where a CEL condition is no boolean. */
  condition(when: Computed, more?: Partial<DataScope>, budget?: Budget): boolean {
    const holds = this.evaluate(when, more, budget)
    if (typeof holds === 'boolean') return holds
    if (when.kind === 'function' && !isPromise(holds)) return Boolean(holds)
    throw new SagachartError(
      'EXPRESSION_FAILED',
      `A condition of "${this.run.workflow.name}" gives true or false, found ${shownData(holds)}; compare it with something`,
      { retryable: false },
    )
  }
}

/** A view that costs nothing for the steps nobody asks about. */
function scopeOf(run: SeenRun): DataScope {
  const { inputs, env, within, scenario } = run.options
  const outer = within?.isOpen ? within.run.data.scope : {}
  const { item, index } = { ...outer, ...within?.iteration } as Partial<DataScope>
  const { runId: id, startedAt } = run
  return Object.freeze({
    steps: views(run, within?.absent ?? []),
    inputs,
    env: Object.freeze(env),
    run: Object.freeze({ id, scenario, started_at: timestamp(startedAt) }),
    ...(item !== undefined && { item }),
    ...(index !== undefined && { index }),
  })
}

/** Getters stay getters: what nobody reads is not computed. */
const laidOver = (scope: DataScope, more: Partial<DataScope>): DataScope =>
  Object.freeze(Object.defineProperties({ ...scope }, Object.getOwnPropertyDescriptors(more)))

/** The steps that a run sees; those of `absent` plans, which do not run, count as skipped. */
export function views(run: SeenRun, absent: readonly Plan[]): DataScope['steps'] {
  const find = (name: string | symbol) => viewOf(run, name, absent)
  return new Proxy(Object.create(null) as Record<string, StepView>, {
    get: (_, name) => find(name),
    has: (_, name) => find(name) !== undefined,
    ownKeys: () => namesSeen(run, absent).filter((name) => find(name) !== undefined),
    getOwnPropertyDescriptor: (_, name) => {
      const value = find(name)
      return value && { value, enumerable: true, configurable: true, writable: false }
    },
    set: refused,
    defineProperty: refused,
    deleteProperty: refused,
    setPrototypeOf: refused,
    preventExtensions: refused,
  })
}

/** Nobody changes what a run sees. */
const refused = () => false

/** Milliseconds since the epoch as ISO 8601 in UTC. Pure: the time is given. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString()
}

const SKIPPED: StepView = Object.freeze({ output: null, status: 'skipped', error: null, attempts: 0 })

/** A step that is final, as data; `undefined` for any other. An inner step hides an outer one of its name. */
function viewOf(run: SeenRun, name: string | symbol, absent: readonly Plan[]): StepView | undefined {
  if (typeof name !== 'string') return undefined
  const { graph, effects, options } = run
  const index = options.plan.indexOf.get(name)
  if (index === undefined) {
    if (absent.some((plan) => plan.indexOf.has(name))) return SKIPPED
    const { within } = options
    return within?.isOpen ? viewOf(within.run, name, within.run.options.within?.absent ?? []) : undefined
  }
  const status = statusOf(graph, index)
  if (status === null) return undefined
  const failure = graph.failures.get(index)
  return Object.freeze({
    output: effects.unneeded.has(index) ? null : graph.outputs[index],
    status,
    error: failure ? errorView(failure) : null,
    attempts: graph.attempts[index]!,
  })
}

function namesSeen({ options: { plan, within } }: SeenRun, absent: readonly Plan[]): string[] {
  const names = new Set([plan, ...absent].flatMap(({ indexOf }) => [...indexOf.keys()]))
  if (within?.isOpen)
    for (const name of namesSeen(within.run, within.run.options.within?.absent ?? [])) names.add(name)
  return [...names]
}
