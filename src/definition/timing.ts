// Warns of limits that a document's own retries can't keep. It reckons with the worst: every attempt takes its whole
// timeout and every delay its longest. Steps without a timeout count nothing, so it warns too seldom, never too often.
import { backoffPolicy, retryCountDefault } from './convert.ts'
import { INTEGRATION_DEFAULTS } from './defaults.ts'
import type { Graph } from './check.ts'
import { shown } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { durationMs, durationText } from './duration.ts'
import { topologicalOrder } from './graph.ts'
import type { CheckedDocument, StepDocument } from './schema.ts'

/** Retries beyond this many are reckoned with the longest delay. */
const DELAYS_MAX = 1000

/** Reports limits that are too short for what is below them. */
export function checkTiming(
  document: CheckedDocument,
  graphs: readonly (Graph | null)[],
  problems: Problems,
): void {
  const { integration } = document
  const limit = durationMs(integration.max_execution_time) ?? INTEGRATION_DEFAULTS.timeoutMs
  const retries = retryCountDefault(document)
  integration.scenarios.forEach((scenario, i) => {
    const graph = graphs[i]
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
    if (!graph?.acyclic || timeout === null) return
    const parallel =
      scenario.parallel_execution === true && document.performance?.parallel_execution !== false
    const longest = worstOfList(graph, parallel, { document, graphs, retries })
    if (longest <= timeout) return
    const message = `scenario ${shown(scenario.name)}: its steps, with all their retries, may take ${durationText(longest)}, and its timeout is ${durationText(timeout)}`
    const remedy = 'raise the timeout, or lower the timeouts and retries of its steps'
    problems.add({ code: 'TIMEOUT_TOO_SHORT', severity: 'warning', message, remedy, path })
  })
}

/** What the worst depends on, wherever a step is. */
interface Around {
  readonly document: CheckedDocument
  readonly graphs: readonly (Graph | null)[]
  readonly retries: number
}

// Scenarios run each other in no cycle, and control steps are nested no deeper than check.ts allows.
function worstOfList(graph: Graph, parallel: boolean, around: Around): number {
  if (!graph.acyclic) return 0
  const costs = graph.steps.map((step, index) => {
    if (step.type === undefined) return worstOfStep(step, around.retries, durationMs(step.timeout))
    const inside = worstInside(step, graph.inside.get(index) ?? [], parallel, around)
    const limit = step.type === 'wait' ? null : durationMs(step.timeout)
    return worstOfStep(step, 0, limit === null ? inside : Math.min(limit, inside))
  })
  return worst(costs, graph, parallel)
}

/** What is inside of a control step, once. Of iterations it counts those that are sure to be made. */
function worstInside(step: StepDocument, lists: readonly Graph[], parallel: boolean, around: Around): number {
  const longest = Math.max(
    0,
    ...lists.map((list) => worstOfList(list, parallel || step.type === 'parallel', around)),
  )
  switch (step.type) {
    case 'iterative': {
      if (step.until !== undefined) return longest
      const items = Array.isArray(step.for_each) ? step.for_each.length : 0
      return Math.ceil(items / (step.max_concurrency ?? 1)) * longest
    }
    case 'wait':
      return durationMs(step.for ?? step.timeout) ?? 0
    case 'scenario': {
      const { scenarios } = around.document.integration
      const called = scenarios.findIndex(({ name }) => name === step.scenario)
      const graph = around.graphs[called]
      const limit = durationMs(scenarios[called]?.timeout)
      const inside = graph ? worstOfList(graph, scenarios[called]!.parallel_execution === true, around) : 0
      return limit === null ? inside : Math.min(limit, inside)
    }
    default:
      return longest
  }
}

function worst(costs: readonly number[], graph: Graph, parallel: boolean): number {
  if (!parallel) return costs.reduce((sum, cost) => sum + cost, 0)
  const ends = new Float64Array(costs.length)
  let longest = 0
  for (const step of topologicalOrder(graph.dependencies)) {
    let start = 0
    for (const on of graph.dependencies[step]!) start = Math.max(start, ends[on]!)
    ends[step] = start + costs[step]!
    longest = Math.max(longest, ends[step]!)
  }
  return longest
}

function worstOfStep(step: StepDocument, retriesDefault: number, timeout: number | null): number {
  if (timeout === null) return 0
  const retries = step.retry_count ?? retriesDefault
  const { kind, initialMs, factor, maxMs, maxElapsedMs } = backoffPolicy(step.retry)
  let delays = 0
  for (let retry = 0; retry < Math.min(retries, DELAYS_MAX); retry++) {
    const grown =
      kind === 'constant'
        ? initialMs
        : kind === 'linear'
          ? initialMs * (retry + 1)
          : initialMs * factor ** retry
    delays += Math.min(grown, maxMs)
  }
  if (retries > DELAYS_MAX) delays += (retries - DELAYS_MAX) * maxMs
  const all = timeout * (retries + 1) + delays
  return maxElapsedMs === null ? all : Math.min(all, maxElapsedMs + timeout)
}
