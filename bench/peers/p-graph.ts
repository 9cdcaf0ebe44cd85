// p-graph: a graph of tasks, run in dependency order with a limit.
import { PGraph } from 'p-graph'
import type { Load, Runnable } from '../adapter.ts'

/** The graph as a `PGraph`, which can run many times. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  const nodes = new Map(graph.dependencies.map((_, step) => [String(step), { run: () => operation(step) }]))
  const dependencies = graph.dependencies.flatMap((needs, step) =>
    needs.map((need): [string, string] => [String(need), String(step)]),
  )
  const tasks = new PGraph(nodes, dependencies)
  return { start: () => tasks.run({ concurrency: limit }) }
}
