// A promise graph as one writes it by hand: a promise a step that waits for those of its dependencies, and a counter for
// the limit. No retries, no records, no events: the floor of what a graph can cost.
import type { Load, Runnable } from '../adapter.ts'

/** The graph as promises. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  return {
    async start() {
      const waiting: (() => void)[] = []
      let free = limit
      const slot = (): Promise<void> | undefined => {
        if (free > 0) {
          free--
          return undefined
        }
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.push(resolve)
        return promise
      }
      const leave = () => {
        const next = waiting.pop()
        if (next) next()
        else free++
      }
      const promises: Promise<number>[] = []
      const run = async (step: number) => {
        const needs = graph.dependencies[step]!
        if (needs.length > 0) await Promise.all(needs.map((need) => promises[need]!))
        const wait = slot()
        if (wait) await wait
        const output = operation(step)
        const settled = typeof output === 'number' ? output : await output
        leave()
        return settled
      }
      for (let step = 0; step < graph.size; step++) promises.push(run(step))
      return Promise.all(promises)
    },
  }
}
