// Warns of limits that a document's own retries can't keep. It reckons with the worst: every attempt takes its whole
// timeout and every delay its longest. What has no limit counts nothing, so it warns too seldom, never too often.
import { mayBeParallel } from './check.ts'
import type { Graph } from './check-steps.ts'
import { retryCountDefault } from './convert.ts'
import { retryOf } from './convert-steps.ts'
import { CONTROL_DEFAULTS, INTEGRATION_DEFAULTS, SCENARIO_DEFAULTS } from './defaults.ts'
import { shown } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { durationMs, durationText } from './duration.ts'
import { topologicalOrder } from './graph.ts'
import type { RetryDefinition } from './model.ts'
import type { CheckedDocument, ScenarioDocument } from './schema.ts'
import type { Path } from './source.ts'
import { listsOf } from './step-lists.ts'
import type { IterativeStepDocument, StepDocument } from './step-schema.ts'

/** Retries beyond this many are reckoned with the longest delay. */
const DELAYS_MAX = 1000

/** How long something may take. */
interface Cost {
  /** What its limits add up to, in milliseconds. */
  readonly ms: number
  /** Something in it has no limit. */
  readonly isOpen: boolean
  /** It may fail, and be tried again. */
  readonly mayFail: boolean
}

/** How the steps of a list run. */
interface Mode {
  readonly parallel: boolean
  readonly maxConcurrency: number
}

/** Reports limits that are too short for what is below them. Only for documents without errors. */
export function checkTiming(
  document: CheckedDocument,
  graphs: readonly (Graph | null)[],
  problems: Problems,
): void {
  const { integration } = document
  const limit = durationMs(integration.max_execution_time) ?? INTEGRATION_DEFAULTS.timeoutMs
  const reckoning = new Reckoning(document, graphs, problems)
  integration.scenarios.forEach((scenario, i) => {
    const timeout = durationMs(scenario.timeout)
    const path = ['integration', 'scenarios', i, 'timeout']
    if (timeout !== null && timeout > limit) {
      const given = integration.max_execution_time === undefined ? ', the default' : ''
      const message = `scenario ${shown(scenario.name)}: its timeout of ${durationText(timeout)} is longer than the whole integration's max_execution_time of ${durationText(limit)}${given}`
      problems.add({
        code: 'TIMEOUT_TOO_SHORT',
        severity: 'warning',
        message,
        remedy: 'raise integration.max_execution_time',
        path,
      })
    }
    reckoning.scenario(i)
  })
}

/** The worst case of each scenario, worked out once. Recursion goes as deep as control steps nest. */
class Reckoning {
  readonly #document: CheckedDocument
  readonly #graphs: readonly (Graph | null)[]
  readonly #problems: Problems
  readonly #retries: number
  readonly #parallelAllowed: boolean
  readonly #indexOf: ReadonlyMap<string, number>
  readonly #costs = new Map<number, Cost>()

  constructor(document: CheckedDocument, graphs: readonly (Graph | null)[], problems: Problems) {
    this.#document = document
    this.#graphs = graphs
    this.#problems = problems
    this.#retries = retryCountDefault(document)
    this.#parallelAllowed = mayBeParallel(document)
    this.#indexOf = new Map(document.integration.scenarios.map(({ name }, i) => [name, i]))
  }

  scenario(index: number): Cost {
    const known = this.#costs.get(index)
    if (known) return known
    const scenario: ScenarioDocument = this.#document.integration.scenarios[index]!
    const path = ['integration', 'scenarios', index]
    const mode = {
      parallel: this.#parallelAllowed && (scenario.parallel_execution ?? SCENARIO_DEFAULTS.parallel),
      maxConcurrency: scenario.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
    }
    const inside = this.#list(scenario.steps, this.#graphs[index]!, mode, [...path, 'steps'], '')
    const what = `scenario ${shown(scenario.name)}`
    const cost = this.#limited(inside, durationMs(scenario.timeout), what, path)
    this.#costs.set(index, cost)
    return cost
  }

  #list(steps: readonly StepDocument[], graph: Graph, mode: Mode, path: Path, prefix: string): Cost {
    const costs = steps.map((step, i) => this.#step(step, i, graph, mode, [...path, i], prefix))
    return {
      ms: longest(
        costs.map(({ ms }) => ms),
        graph,
        mode,
      ),
      isOpen: costs.some(({ isOpen }) => isOpen),
      mayFail: costs.some(({ mayFail }) => mayFail),
    }
  }

  #step(step: StepDocument, index: number, graph: Graph, mode: Mode, path: Path, prefix: string): Cost {
    if (step.type === 'wait') {
      const ms = durationMs(step.event === undefined ? step.for : step.timeout)
      const fails = step.event !== undefined && (step.on_timeout ?? CONTROL_DEFAULTS.onTimeout) === 'fail'
      return { ms: ms ?? 0, isOpen: ms === null, mayFail: fails }
    }
    const timeout = durationMs(step.timeout)
    const retry = retryOf(step, { retries: this.#retries })
    if (step.type === undefined) {
      return repeated({ ms: timeout ?? 0, isOpen: timeout === null, mayFail: true }, retry)
    }
    const address = `${prefix}${step.name}`
    const inside = this.#inside(step, graph.inside.get(index) ?? [], mode, path, address)
    return repeated(this.#limited(inside, timeout, `step ${shown(address)}`, path), retry)
  }

  #inside(step: StepDocument, graphs: readonly Graph[], mode: Mode, path: Path, address: string): Cost {
    if (step.type === 'scenario') return this.scenario(this.#indexOf.get(step.scenario)!)
    const within =
      step.type === 'parallel'
        ? {
            parallel: this.#parallelAllowed,
            maxConcurrency: step.max_concurrency ?? SCENARIO_DEFAULTS.maxConcurrency,
          }
        : mode
    const lists = listsOf(step).map((list, i) =>
      this.#list(list.steps, graphs[i]!, within, [...path, ...list.path], `${address}/`),
    )
    const worst = {
      ms: lists.reduce((most, { ms }) => Math.max(most, ms), 0),
      isOpen: lists.some(({ isOpen }) => isOpen),
      // An output that is computed may fail at the very end.
      mayFail: (step.type !== undefined && step.output !== undefined) || lists.some(({ mayFail }) => mayFail),
    }
    return step.type === 'iterative' ? iterated(step, worst, this.#parallelAllowed) : worst
  }

  /** Reports a limit that what is inside may take longer than; and what it takes with the limit. */
  #limited(inside: Cost, timeout: number | null, what: string, path: Path): Cost {
    if (timeout === null) return inside
    if (inside.ms > timeout) {
      const message = `${what}: its steps, with all their retries, may take ${durationText(inside.ms)}, and its timeout is ${durationText(timeout)}`
      const remedy = 'raise the timeout, or lower the timeouts and retries of its steps'
      const at = [...path, 'timeout']
      this.#problems.add({ code: 'TIMEOUT_TOO_SHORT', severity: 'warning', message, remedy, path: at })
    }
    const ms = inside.isOpen ? timeout : Math.min(timeout, inside.ms)
    return { ms, isOpen: false, mayFail: inside.mayFail || inside.ms > timeout }
  }
}

/** The longest chain of dependencies; or what all take together, where there are not slots enough. */
function longest(costs: readonly number[], graph: Graph, { parallel, maxConcurrency }: Mode): number {
  const sum = costs.reduce((all, cost) => all + cost, 0)
  if (!parallel) return sum
  const ends = new Float64Array(costs.length)
  let last = sum / maxConcurrency
  for (const step of topologicalOrder(graph.dependencies)) {
    let start = 0
    for (const on of graph.dependencies[step]!) start = Math.max(start, ends[on]!)
    ends[step] = start + costs[step]!
    last = Math.max(last, ends[step]!)
  }
  return last
}

// How many iterations there will be is known only of a list that is written out; `until` has one at least.
function iterated(step: IterativeStepDocument, once: Cost, parallelAllowed: boolean): Cost {
  if (!Array.isArray(step.for_each)) {
    const times = step.until === undefined ? 0 : 1
    return { ...once, ms: once.ms * times, isOpen: true }
  }
  const count = step.for_each.length
  // Too many items fail before the first iteration.
  if (count > (step.max_iterations ?? CONTROL_DEFAULTS.iterationsMax))
    return { ...once, ms: 0, isOpen: false }
  const slots = parallelAllowed ? (step.max_concurrency ?? CONTROL_DEFAULTS.iterationsConcurrency) : 1
  return { ...once, ms: once.ms * Math.ceil(count / slots), isOpen: once.isOpen && count > 0 }
}

function repeated(once: Cost, { count, backoff }: RetryDefinition): Cost {
  if (count === 0 || !once.mayFail || once.ms === 0) return once
  const { kind, initialMs, factor, maxMs, maxElapsedMs } = backoff
  let delays = 0
  for (let retry = 0; retry < Math.min(count, DELAYS_MAX); retry++) {
    const grown =
      kind === 'constant'
        ? initialMs
        : kind === 'linear'
          ? initialMs * (retry + 1)
          : initialMs * factor ** retry
    delays += Math.min(grown, maxMs)
  }
  if (count > DELAYS_MAX) delays += (count - DELAYS_MAX) * maxMs
  const all = once.ms * (count + 1) + delays
  return { ...once, ms: maxElapsedMs === null ? all : Math.min(all, maxElapsedMs + once.ms) }
}
