// Whether a side does the work at all: each step once, after all it waits for, within the limit. Never timed.
import { type Adapter, type Load } from './adapter.ts'

/** Runs the load once, with operations that take a turn of the event loop. Rejects at the first thing that is wrong. */
export async function verify(name: string, adapter: Adapter, load: Load): Promise<void> {
  const { graph, limit } = load
  const started = new Uint8Array(graph.size)
  const ended = new Uint8Array(graph.size)
  let running = 0
  let runningMax = 0
  const faults: string[] = []
  const operation = async (step: number) => {
    if (started[step]) faults.push(`step ${step} ran twice`)
    started[step] = 1
    const early = graph.dependencies[step]!.filter((other) => !ended[other])
    if (early.length > 0) faults.push(`step ${step} ran before ${early.join(', ')}`)
    runningMax = Math.max(runningMax, ++running)
    const output = await load.operation(step)
    await new Promise<void>((resolve) => setImmediate(resolve))
    running--
    ended[step] = 1
    return output
  }
  await adapter({ ...load, operation }).start()
  const missed = started.indexOf(0)
  if (missed >= 0) faults.push(`step ${missed} did not run`)
  if (runningMax > limit) faults.push(`${runningMax} steps ran at once, with a limit of ${limit}`)
  if (faults.length > 0) throw new Error(`${name}: ${faults.slice(0, 10).join('; ')}`)
}
