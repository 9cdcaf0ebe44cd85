// async.auto: tasks by name, each with the names that it waits for.
import { auto } from 'async'
import type { Load, Runnable } from '../adapter.ts'

/** The graph as a dictionary of tasks. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  const tasks = Object.fromEntries(
    graph.dependencies.map((needs, step) => {
      const work = async () => operation(step)
      return [`s${step}`, needs.length > 0 ? [...needs.map((need) => `s${need}`), work] : work]
    }),
  )
  return { start: () => auto(tasks as never, limit) }
}
