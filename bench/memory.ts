// Bytes a step, as differences of collected heaps. Not here: what a definition and its plan take, for both heaps have it.
import { setTimeout as sleep } from 'node:timers/promises'
import { loadOf, type Adapter, type Situation } from './adapter.ts'

/** Kept from one heap to the next: nothing of what is measured may be collected for want of a reader. */
const kept = new Set<unknown>()

/** Of a step that ended: while the caller holds the run's actor and its report, journal and all. */
export async function bytesEnded(adapter: Adapter, situation: Situation): Promise<number> {
  await warmUp(adapter, situation)
  const runnable = adapter(loadOf(situation))
  const before = await heap()
  kept.add(await runnable.start())
  const bytes = (await heap()) - before
  kept.add(runnable)
  return bytes / situation.size
}

/** Of a running step: while all but the first of a fan-out hang, which share the one promise that they wait for. */
export async function bytesRunning(adapter: Adapter, situation: Situation): Promise<number> {
  await warmUp(adapter, situation)
  const running = situation.size - 1
  const reached = Promise.withResolvers<void>()
  const held = Promise.withResolvers<number>()
  let calls = 0
  const operation = (step: number) => {
    if (++calls === situation.size) reached.resolve()
    return step === 0 ? 1 : held.promise
  }
  const runnable = adapter({ ...loadOf(situation), operation })
  const before = await heap()
  const end = runnable.start()
  await reached.promise
  const bytes = (await heap()) - before
  held.resolve(1)
  kept.add(await end)
  return bytes / running
}

/** Small runs, so that neither compiled code nor what a process makes once counts as a step's. */
async function warmUp(adapter: Adapter, situation: Situation): Promise<void> {
  const runnable = adapter(loadOf({ ...situation, size: Math.min(1000, situation.size) }))
  for (let run = 0; run < 10; run++) await runnable.start()
}

/** Bytes in use, after what was under way has come to rest. External memory has the array buffers in it. */
async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await sleep(20)
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Collects garbage. */
export function collect(): void {
  if (!globalThis.gc) throw new Error('Run this with --expose-gc')
  globalThis.gc()
}
