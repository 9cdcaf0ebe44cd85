// LangGraph: a node a step, an edge a dependency. It runs in supersteps, level by level.
import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import type { Load, Runnable } from '../adapter.ts'

/** The graph as a compiled `StateGraph` whose state counts the steps that have run. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  const State = Annotation.Root({
    count: Annotation<number>({ reducer: (sum, more) => sum + more, default: () => 0 }),
  })
  // Names of nodes are part of its types; here they are only known when it runs.
  const builder = new StateGraph(State) as unknown as {
    addNode(name: string, work: () => Promise<{ count: number }>): void
    addEdge(from: string | string[], to: string): void
    compile(): { invoke(input: { count: number }, options: object): Promise<{ count: number }> }
  }
  const isNeeded = new Set(graph.dependencies.flat())
  graph.dependencies.forEach((_, step) => {
    builder.addNode(`s${step}`, async () => {
      await operation(step)
      return { count: 1 }
    })
  })
  graph.dependencies.forEach((needs, step) => {
    const names = needs.map((need) => `s${need}`)
    if (names.length === 0) builder.addEdge(START, `s${step}`)
    else builder.addEdge(names.length === 1 ? names[0]! : names, `s${step}`)
    if (!isNeeded.has(step)) builder.addEdge(`s${step}`, END)
  })
  const compiled = builder.compile()
  return {
    async start() {
      const options = { recursionLimit: graph.size + 10, maxConcurrency: limit }
      const { count } = await compiled.invoke({ count: 0 }, options)
      if (count !== graph.size) throw new Error(`${count} of ${graph.size} steps ran`)
    },
  }
}
