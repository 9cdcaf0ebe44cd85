// The cost of the copies that operations get of their parameters, of none, of 1 kB, of 1 MB, and of functions that get no copy,
// in a loop that reads 1 MB. Each figure is the median of several runs in this one process.
//   npm exec -- node --expose-gc bench/copies.ts
import { setup, run } from 'sagachart'

const ROUNDS = 5
const at = setup({ modules: { m: { op: (_: unknown) => 1 } } })

/** About 100 bytes of JSON each. */
const rows = (count: number) =>
  Array.from({ length: count }, (_, id) => ({
    id,
    name: `row ${id}`,
    tags: ['a', 'b'],
    note: 'x'.repeat(50),
  }))
const KB = rows(10)
const MB = rows(10_000)

/** Steps one after the other, each with such parameters. */
const chain = (size: number, parameters: unknown) => {
  const step = { invoke: 'm.op', ...(parameters !== undefined && { parameters }) }
  const names = Array.from({ length: size }, (_, number) => `s${number}`)
  return at.createWorkflow({
    id: 'chain',
    steps: Object.fromEntries(names.map((name) => [name, step])),
  } as never)
}

/** Iterations of one step, each of which looks at all that the run was given. */
const loop = (size: number, parameters: (scope: { inputs: { big: typeof MB }; index: number }) => object) => {
  const forEach = Array.from({ length: size }, (_, item) => item)
  const steps = { loop: { forEach, maxIterations: size, steps: { step: { invoke: 'm.op', parameters } } } }
  return at.createWorkflow({ id: 'loop', inputs: { big: { type: 'list' } }, steps } as never)
}

const cells: readonly (readonly [
  name: string,
  size: number,
  workflow: ReturnType<typeof chain>,
  inputs?: object,
])[] = [
  ['a step without parameters', 2_000, chain(2_000, undefined)],
  ['a step with 1 kB, written down', 2_000, chain(2_000, { rows: KB })],
  ['a step with 1 kB, computed', 2_000, chain(2_000, () => ({ rows: KB }))],
  ['a step with 1 MB, written down', 20, chain(20, { rows: MB })],
  ['a step with 1 MB, computed', 20, chain(20, () => ({ rows: MB }))],
  [
    'an iteration that reads 1 MB in a function',
    10_000,
    loop(10_000, ({ inputs, index }) => ({ id: inputs.big[index]!.id })),
    { big: MB },
  ],
  ['an iteration that is given 1 MB', 20, loop(20, ({ inputs }) => ({ rows: inputs.big })), { big: MB }],
]

/** Microseconds of processor time a step. */
async function measure(workflow: ReturnType<typeof chain>, size: number, inputs: object): Promise<number> {
  globalThis.gc?.()
  const started = process.cpuUsage()
  const { status, error } = await run(workflow, { inputs })
  if (status !== 'completed') throw new Error(`The run ended ${status}: ${error?.message}`)
  const { user, system } = process.cpuUsage(started)
  return (user + system) / size
}

for (const [name, size, workflow, inputs = {}] of cells) {
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++) times.push(await measure(workflow, size, inputs))
  // The first run is the one in which the code is compiled.
  const [least, middle] = [0, (ROUNDS - 1) / 2].map(
    (place) => times.slice(1).toSorted((a, b) => a - b)[place]!,
  )
  console.log(`${name.padEnd(44)} ${middle!.toFixed(1).padStart(9)} µs, at best ${least!.toFixed(1)}`)
}
