// What an iteration costs, in time and in memory that stays: loops of 1,000, 10,000 and 100,000 iterations of one step, in
// one run of this program. With `compensate`, each iteration is kept to be undone.
//   npm exec -- node --expose-gc bench/loops.ts
import { createActor, toPromise } from 'xstate'
import { setup } from 'sagachart'

const modules = { m: { op: () => 1, undo: (_: { input: object; output: number }) => undefined } }
const at = setup({ modules })

const items = (size: number) => Array.from({ length: size }, (_, index) => index)

const plain = (size: number, maxConcurrency: number) =>
  at.createWorkflow({
    id: 'loop',
    steps: { loop: { forEach: items(size), steps: { step: { invoke: 'm.op' } }, maxConcurrency } },
  })

const loops = {
  'one after the other': (size: number) => plain(size, 1),
  '16 at once': (size: number) => plain(size, 16),
  'each kept to be undone': (size: number) =>
    at.createWorkflow({
      id: 'loop',
      steps: { loop: { forEach: items(size), steps: { step: { invoke: 'm.op', compensate: 'm.undo' } } } },
    }),
}

/** Microseconds and bytes an iteration. */
async function measure(loop: (typeof loops)[keyof typeof loops], size: number) {
  const workflow = loop(size)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const actor = createActor(workflow)
  const started = performance.now()
  const end = toPromise(actor)
  actor.start()
  const { status, error } = await end
  const us = ((performance.now() - started) * 1000) / size
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / size
  if (status !== 'completed') throw new Error(`The loop ended ${status}: ${error?.message}`)
  return { us, bytes }
}

await measure(loops['one after the other'], 1000)
console.log('a loop of one step       iterations  µs each  bytes that stay')
for (const [name, loop] of Object.entries(loops)) {
  for (const size of [1000, 10_000, 100_000]) {
    const { us, bytes } = await measure(loop, size)
    console.log(
      `${name.padEnd(24)} ${String(size).padStart(10)} ${us.toFixed(1).padStart(8)} ${String(Math.round(bytes)).padStart(16)}`,
    )
  }
}
