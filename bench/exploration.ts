// What exploring costs: schedules a second with every rule watching, of a saga of five steps and of a graph of thirty, beside the
// same runs on the simulation host with nobody watching; and the memory of the exhaustive mode.
//   npm exec -- node --expose-gc bench/exploration.ts
import { createActor } from 'xstate'
import { setup, SimulationHost, withHost } from 'sagachart'
import { explore } from 'sagachart/testing'

const WARM_UP = 500
const ROUNDS = 5

const nothing = () => null
const modules = { m: { op: nothing, undo: nothing } }

/** Five steps in a row, each with a retry, a limit and something that undoes it. */
const saga = () =>
  setup({ modules }).createWorkflow({
    id: 'saga',
    onFailure: 'compensate',
    steps: Object.fromEntries(chain(5)),
  })

/** Thirty steps in six layers of five, eight at once. */
const graph = () =>
  setup({ modules }).createWorkflow({
    id: 'graph',
    onFailure: 'compensate',
    parallel: true,
    maxConcurrency: 8,
    steps: Object.fromEntries(layers(6, 5)),
  })

type Make = typeof saga | typeof graph

function step(dependsOn: string[]) {
  return {
    invoke: 'm.op' as const,
    dependsOn,
    retry: { count: 1 },
    timeout: '30s' as const,
    compensate: { invoke: 'm.undo' as const },
  }
}

const chain = (size: number) =>
  Array.from(
    { length: size },
    (_, index) => [`s${index}`, step(index === 0 ? [] : [`s${index - 1}`])] as const,
  )

const layers = (count: number, width: number) =>
  Array.from({ length: count * width }, (_, index) => {
    const before = index - width
    const dependsOn =
      before < 0 ? [] : [`s${before}`, `s${before - (before % width) + ((before + 1) % width)}`]
    return [`s${index}`, step(dependsOn)] as const
  })

/** Schedules a second: the best of some rounds, for what disturbs one makes it slower and never faster. */
async function schedulesPerSecond(make: Make, runs: number): Promise<number> {
  const workflow = make()
  await explore(workflow, { statesMax: 0, runs: WARM_UP })
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    const { outcome, schedules } = await explore(workflow, { statesMax: 0, runs, seed: 1_000 * round })
    if (outcome !== 'holds') throw new Error('the workflow does not hold')
    best = Math.max(best, (schedules / (performance.now() - startedAt)) * 1_000)
  }
  return best
}

/** Runs a second on the simulation host, where all goes well. */
function runsPerSecond(make: Make, runs: number): number {
  const workflow = make()
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    for (let run = 0; run < runs; run++) {
      const host = new SimulationHost({ seed: run })
      const actor = createActor(withHost(workflow, host)).start()
      host.run(() => actor.getSnapshot().status !== 'active')
    }
    best = Math.max(best, (runs / (performance.now() - startedAt)) * 1_000)
  }
  return best
}

const text = (number: number) => Math.round(number).toLocaleString('en-US')

for (const [name, make, runs] of [
  ['saga of 5 steps', saga, 2_000],
  ['graph of 30 steps', graph, 400],
] as const) {
  const explored = await schedulesPerSecond(make, runs)
  const plain = runsPerSecond(make, runs)
  console.log(
    `${name}: ${text(explored)} schedules/s explored, ${text(plain)} runs/s unwatched: ${(plain / explored).toFixed(2)} times the cost`,
  )
}

const collect = globalThis.gc ?? (() => {})
for (const statesMax of [5_000, 20_000, 80_000]) {
  collect()
  const before = process.memoryUsage().heapUsed
  let peak = 0
  const workflow = graph()
  const startedAt = performance.now()
  const answer = await explore(workflow, {
    faults: 2,
    statesMax,
    runs: 1,
    onProgress: () => {
      collect()
      peak = Math.max(peak, process.memoryUsage().heapUsed - before)
    },
  })
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(
    `exhaustive, at most ${text(statesMax)} situations: ${text(answer.schedules)} schedules, ${text(answer.states)} states, ${(peak / 1e6).toFixed(1)} MB at most, ${seconds} s`,
  )
}
