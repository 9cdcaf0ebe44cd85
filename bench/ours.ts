// Our side: the graph as a workflow, through the public API and on the memory host, events on, nobody inspecting.
import { setup, type OperationContext } from 'sagachart'
import { createActor, toPromise } from 'xstate'
import type { Load, Runnable } from './adapter.ts'

/** Builds the workflow; a run does what `run` of the package does, and hands out the actor too. */
export function ours({ graph, limit, timeoutMs, operation }: Load): Runnable {
  const steps = Object.fromEntries(
    graph.dependencies.map((dependencies, step) => [
      nameOf(step),
      {
        invoke: 'bench.operation' as const,
        dependsOn: dependencies.map(nameOf),
        ...(timeoutMs !== null && { timeout: `${timeoutMs}ms` as const }),
      },
    ]),
  )
  const bench = {
    operation: (_: unknown, { step }: OperationContext) => operation(Number(step.slice(1))),
  }
  const workflow = setup({ modules: { bench } }).createWorkflow({
    id: 'bench',
    parallel: true,
    maxConcurrency: limit,
    steps,
  })
  return {
    async start() {
      const actor = createActor(workflow, { input: {} })
      const report = await toPromise(actor.start())
      const { status, counts } = report
      if (status !== 'completed' || counts.success !== graph.size) {
        throw new Error(`the run ended ${status} after ${counts.success} of ${graph.size} steps`)
      }
      return { actor, report }
    },
  }
}

const nameOf = (step: number) => `s${step}`
