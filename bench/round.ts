// One round of one case, in a process of its own: `node --expose-gc round.ts '<case as JSON>'` prints its measurement
// as JSON. A fresh process for each round, so that no side inherits the other's heap or compiled code.
import { graphOf, type Graph } from './graph.ts'
import { runOurs } from './ours.ts'
import { gated, median, type Case, type Measurement, type Prepared } from './case.ts'
import { runYardstick } from './yardstick.ts'

const SIDES = { ours: runOurs, yardstick: runYardstick }

/** Steps run before anything is measured, in small runs: enough for the compiler to settle. */
const WARM_UP_STEPS = 20_000
const WARM_UP_SIZE = 1000

/** Steps measured at least, so that a small graph is run many times. */
const MEASURED_STEPS = 20_000

/** Microseconds a step, the median over the runs of this process. */
async function time(given: Case): Promise<Measurement> {
  const small = Math.min(WARM_UP_SIZE, given.size)
  const warmUp = graphOf(given.shape, small)
  for (let done = 0; done < WARM_UP_STEPS; done += small) await runOnce(given, warmUp)
  const graph = graphOf(given.shape, given.size)
  const costs: number[] = []
  for (let done = 0; done < MEASURED_STEPS; done += given.size) costs.push(await runOnce(given, graph))
  return { value: median(costs) }
}

async function runOnce(given: Case, graph: Graph): Promise<number> {
  const gate = given.crowd ? gated(given, graph) : null
  const run = SIDES[given.side](graph, options(given, gate ? gate.operation : () => 1))
  collect()
  const started = performance.now()
  await run.start()
  return ((performance.now() - started) * 1000) / given.size
}

/**
 * Bytes a step, by the difference of two collected heaps in a run that is still going on: either every step but the
 * last has ended, or every step but the first is running.
 */
async function bytes(given: Case): Promise<Measurement> {
  const graph = graphOf(given.shape, given.size)
  const warmUp = graphOf(given.shape, Math.min(WARM_UP_SIZE, given.size))
  await SIDES[given.side](
    warmUp,
    options(given, () => 1),
  ).start()
  const reached = Promise.withResolvers<void>()
  const held = Promise.withResolvers<number>()
  let calls = 0
  const run = SIDES[given.side](
    graph,
    options(given, () => {
      const call = ++calls
      if (call === given.size) reached.resolve()
      const isHeld = given.what === 'running' ? call > 1 : call === given.size
      return isHeld ? held.promise : 1
    }),
  )
  collect()
  const before = process.memoryUsage().heapUsed
  const end = run.start()
  await reached.promise
  // The call that was counted last has not returned yet.
  await new Promise((done) => setTimeout(done, 50))
  collect()
  const value = (process.memoryUsage().heapUsed - before) / given.size
  held.resolve(1)
  await end
  return { value }
}

const options = (given: Case, operation: Prepared['operation']): Prepared => ({
  timeoutMs: given.timeout ? 60_000 : null,
  limit: given.limit,
  operation,
})

function collect(): void {
  if (!globalThis.gc) throw new Error('round.ts is to be run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
}

const given = JSON.parse(process.argv[2] ?? '') as Case
process.stdout.write(JSON.stringify(given.what === 'time' ? await time(given) : await bytes(given)))
