// Normalises readings, and works on them in worker threads.
import { Worker } from 'node:worker_threads'
import type { OperationContext } from 'sagachart'
import { leaveSet, normalise, readSet, type RawReading, type Reading } from '../readings.ts'

interface Config {
  readonly max_workers: number
}

/** Readings further from zero than this are none. */
const DEGREES_MAX = 60

export default class Process {
  readonly #config: Config

  constructor(config: Config) {
    this.#config = config
  }

  process_data({ input, transformations }: { input: string; transformations: readonly string[] }) {
    let readings: Reading[] | RawReading[] = readSet<RawReading[]>(input)
    const all = readings.length
    for (const transformation of transformations) {
      if (transformation === 'normalize') readings = (readings as RawReading[]).map(normalise)
      else if (transformation === 'validate')
        readings = (readings as Reading[]).filter(({ celsius }) => Math.abs(celsius) <= DEGREES_MAX)
      else throw new TypeError(`no transformation is called ${transformation}`)
    }
    leaveSet('processed_data', readings)
    return { rows: readings.length, dropped: all - readings.length }
  }

  /** Splits the readings among worker threads; each does its share, and the shares are put together. */
  async parallel_process(
    { workers, task_type: task }: { workers: number; task_type: 'analysis' | 'transformation' },
    { signal }: OperationContext,
  ) {
    const count = Math.min(workers, this.#config.max_workers)
    const readings = readSet<RawReading[]>('validated_input').map(normalise)
    const size = Math.ceil(readings.length / count)
    const shares = Array.from({ length: count }, (_, share) =>
      readings.slice(share * size, (share + 1) * size),
    )
    const done = await Promise.all(shares.map((share) => inThread(task, share, signal)))
    const result = done.flat()
    leaveSet(task, result)
    return { task, workers: count, items: result.length }
  }
}

async function inThread(task: string, readings: readonly Reading[], signal: AbortSignal): Promise<unknown[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>()
  const worker = new Worker(new URL('../worker.ts', import.meta.url), { workerData: { task, readings } })
  worker.once('message', resolve)
  worker.once('error', reject)
  const stop = () => reject(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
