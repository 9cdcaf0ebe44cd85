// The cost of one life of a step's chart, which is created, started, given one reply, and ends: by XState's interpreter, by compiled transitions
// in an actor, and by the compiled chart alone.
//   npm exec -- node --expose-gc bench/chart.ts
import { createActor, type AnyStateMachine } from 'xstate'
import { stepMachine } from '../machines/step.ts'
import { compile } from '../src/kernel/compile.ts'
import { compiled } from '../src/runtime/charts/compiled.ts'
import { median } from './table.ts'
import { POLICY } from './yardstick.ts'

const LIVES = 100_000
const ROUNDS = 9

const input = { index: 0, path: 's', entry: 'admitted', policy: POLICY } as const
const reply = { type: 'attempt.succeeded', attempt: 1, output: 1 } as const

const actorOf = (logic: AnyStateMachine) => () => {
  const actor = createActor(logic, { input })
  actor.start()
  actor.send(reply)
  return actor.getSnapshot() as { readonly status: string }
}

const chart = compile(stepMachine)

const lives: Readonly<Record<string, () => { readonly status: string }>> = {
  "XState's interpreter": actorOf(stepMachine),
  'compiled, in an actor': actorOf(compiled(stepMachine)),
  'compiled, alone': () => chart.transition(chart.initial(input)[0], reply)[0],
}

/** Microseconds of processor time for one life. */
function measure(life: () => { readonly status: string }): number {
  globalThis.gc?.()
  const before = process.cpuUsage()
  for (let n = 0; n < LIVES; n++) {
    const { status } = life()
    if (status !== 'done') throw new Error(`The step ended ${status}`)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / LIVES
}

const costs = new Map(Object.keys(lives).map((name) => [name, [] as number[]]))
for (let round = 0; round < ROUNDS; round++)
  for (const [name, life] of Object.entries(lives)) costs.get(name)!.push(measure(life))
for (const [name, all] of costs)
  console.log(`${name.padEnd(24)} ${median(all).toFixed(2).padStart(6)} µs a life`)
