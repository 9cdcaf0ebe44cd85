// The cost of starting and ending a run of one step, beside a promise: each as an actor of its own, and invoked by a machine.
//   npm exec -- node --expose-gc bench/single.ts
import { setup } from 'sagachart'
import { createActor, createMachine, fromPromise, toPromise, type AnyActorLogic } from 'xstate'
import { collect } from './memory.ts'
import { median } from './table.ts'

const RUNS = 2_000
const ROUNDS = 11

/** Microseconds that a run of one step may take. */
const BOUND = 150

const workflow = setup({ modules: { bench: { operation: () => 1 } } }).createWorkflow({
  id: 'single',
  steps: { step: { invoke: 'bench.operation' } },
})
const promise = fromPromise(() => Promise.resolve(1))

const invoking = (src: AnyActorLogic) =>
  createMachine({
    initial: 'busy',
    states: { busy: { invoke: { src, onDone: 'done' } }, done: { type: 'final' } },
  })

const sides: Readonly<Record<string, AnyActorLogic>> = {
  'a run of one step': workflow,
  'a promise': promise,
  'the run, invoked': invoking(workflow),
  'the promise, invoked': invoking(promise),
}

/** Microseconds of processor time for one start and end. */
async function measure(logic: AnyActorLogic): Promise<number> {
  collect()
  const before = process.cpuUsage()
  for (let run = 0; run < RUNS; run++) await toPromise(createActor(logic).start())
  const { user, system } = process.cpuUsage(before)
  return (user + system) / RUNS
}

const costs = new Map(Object.keys(sides).map((name) => [name, [] as number[]]))
for (const logic of Object.values(sides)) await measure(logic)
for (let round = 0; round < ROUNDS; round++)
  for (const [name, logic] of Object.entries(sides)) costs.get(name)!.push(await measure(logic))
for (const [name, all] of costs)
  console.log(
    `${name.padEnd(22)} ${median(all).toFixed(0).padStart(5)} µs, ${Math.min(...all).toFixed(0)} at least`,
  )
const cost = median(costs.get('a run of one step')!)
console.log(`target: a run of one step ≤ ${BOUND} µs: ${cost <= BOUND ? 'met' : 'MISSED'}`)
