// Effect: a fiber a step, which waits for the deferred results of its dependencies and for a permit.
import { Deferred, Effect, Semaphore } from 'effect'
import type { Load, Runnable } from '../adapter.ts'

/** The graph as one effect. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  const steps = graph.dependencies.map((_, step) => step)
  const program = Effect.gen(function* () {
    const permits = yield* Semaphore.make(limit)
    const results = steps.map(() => Deferred.makeUnsafe<number>())
    const work = (step: number) =>
      Effect.suspend(() => {
        const output = operation(step)
        return typeof output === 'number' ? Effect.succeed(output) : Effect.promise(() => output)
      })
    const run = (step: number) =>
      Effect.gen(function* () {
        for (const need of graph.dependencies[step]!) yield* Deferred.await(results[need]!)
        const output = yield* permits.withPermits(1)(work(step))
        yield* Deferred.succeed(results[step]!, output)
      })
    yield* Effect.forEach(steps, run, { concurrency: 'unbounded', discard: true })
  })
  return { start: () => Effect.runPromise(program) }
}
