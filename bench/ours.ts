// Our side: the graph as a workflow, through the public API and on the memory host, events on, nobody inspecting.
import { run, setup } from 'sagachart'
import type { Graph } from './graph.ts'
import type { Prepared, Runnable } from './case.ts'

/** Makes the workflow; starting it runs it to its end and checks that every step succeeded. */
export function runOurs(graph: Graph, { timeoutMs, limit, operation }: Prepared): Runnable {
  const steps = Object.fromEntries(
    graph.dependencies.map((dependencies, step) => [
      `step-${step}`,
      {
        invoke: 'bench.operation' as const,
        dependsOn: dependencies.map((dependency) => `step-${dependency}`),
        ...(timeoutMs !== null && { timeout: `${timeoutMs}ms` as const }),
      },
    ]),
  )
  const workflow = setup({ modules: { bench: { operation } } }).createWorkflow({
    id: 'bench',
    parallel: true,
    maxConcurrency: limit,
    steps,
  })
  return {
    async start() {
      const { status, counts } = await run(workflow)
      if (status !== 'completed' || counts.success !== graph.size) {
        throw new Error(`the run ended ${status} after ${counts.success} of ${graph.size} steps`)
      }
    },
  }
}
