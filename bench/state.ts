// The cost of a capture in the middle of a run, of its JSON, of a copy of it and of its revival: workflows of so many steps, half of
// them done and 64 under way. The cost of a step shows whether it is linear.
//   npm exec -- node --expose-gc bench/state.ts
import { setup, SimulationHost, withHost } from 'sagachart'
import { createActor } from 'xstate'
import { collect } from './memory.ts'
import { median } from './table.ts'

const SIZES = [10, 1_000, 100_000]

/** Linear: a step of the largest costs at most so many times that of the middle one. */
const GROWTH_MAX = 1.5

const output = { text: 'a step gives some text and a number', number: 1 }
const modules = { m: { op: () => output } }

function workflowOf(size: number) {
  const steps = Array.from({ length: size }, (_, at) => {
    const before = at - 64
    return [`s${at}`, { invoke: 'm.op' as const, dependsOn: before < 0 ? [] : [`s${before}`] }] as const
  })
  return setup({ modules }).createWorkflow({
    id: 'w',
    parallel: true,
    maxConcurrency: 64,
    steps: Object.fromEntries(steps),
  })
}

function time<T>(work: () => T): [number, T] {
  collect()
  const { user, system } = process.cpuUsage()
  const result = work()
  const after = process.cpuUsage()
  return [(after.user + after.system - user - system) / 1000, result]
}

const parts = ['capture', 'to JSON', 'copy', 'from JSON', 'revive', 'resume'] as const
type Part = (typeof parts)[number]

function round(workflow: ReturnType<typeof workflowOf>, size: number): [Record<Part, number>, number] {
  const host = new SimulationHost()
  const actor = createActor(withHost(workflow, host), { input: { runId: 'r' } }).start()
  host.run(() => host.journal('r').length > size / 2)
  const [capture, snapshot] = time(() => actor.getPersistedSnapshot())
  const [write, text] = time(() => JSON.stringify(snapshot))
  const [copy] = time(() => structuredClone(snapshot))
  const [read, parsed] = time(() => JSON.parse(text) as typeof snapshot)
  const other = new SimulationHost()
  const [revive, again] = time(() => createActor(withHost(workflow, other), { snapshot: parsed }).start())
  const [resume] = time(() => other.step())
  other.run()
  const { output: report } = again.getSnapshot() as {
    output?: { status: string; counts: { success: number } }
  }
  if (report?.counts.success !== size) throw new Error(`It came to ${JSON.stringify(report?.counts)}`)
  return [{ capture, 'to JSON': write, copy, 'from JSON': read, revive, resume }, text.length]
}

const costs = new Map<number, Record<Part, number>>()
for (const size of SIZES) {
  const workflow = workflowOf(size)
  const rounds = Array.from({ length: size > 10_000 ? 5 : 15 }, () => round(workflow, size))
  const of = (part: Part) => median(rounds.map(([each]) => each[part]))
  costs.set(size, Object.fromEntries(parts.map((part) => [part, of(part)])) as Record<Part, number>)
  const [, length] = rounds[0]!
  console.log(`${size.toLocaleString('en')} steps, ${(length / 1024).toFixed(0)} kB of JSON`)
  for (const part of parts)
    console.log(
      `  ${part.padEnd(10)} ${of(part).toFixed(2).padStart(9)} ms  ${((of(part) / size) * 1000).toFixed(2).padStart(8)} µs a step`,
    )
}
const total = (size: number) => parts.reduce((sum, part) => sum + costs.get(size)![part], 0) / size
const [, middle = 0, largest = 0] = SIZES
const growth = total(largest) / total(middle)
console.log(
  `a step of ${largest.toLocaleString('en')} costs ${growth.toFixed(2)} times one of ${middle.toLocaleString('en')}; target: ≤ ${GROWTH_MAX}: ${growth <= GROWTH_MAX ? 'met' : 'MISSED'}`,
)
