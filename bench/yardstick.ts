// The yardstick: what XState itself costs. One parentless actor of the step's chart a step, scheduled by plain code
// with as many slots; its attempt succeeds in a microtask. No run, no records, no bus, no journal, no failures.
import { stepMachine } from 'sagachart/machines'
import { createActor, type ActorRefFrom } from 'xstate'
import type { Load, Runnable } from './adapter.ts'
import type { Graph } from './graphs.ts'

/** A step that is tried once. */
export const POLICY = {
  retries: 0,
  backoff: { kind: 'constant', initialMs: 0, factor: 1, maxMs: 0, jitter: 'none', maxElapsedMs: null },
  timeoutMs: null,
  heartbeatMs: null,
  graceMs: 5000,
  awaitMs: null,
  nonRetryable: [],
  hasFallback: false,
  verdicts: ['fail'],
  strategies: [],
  grantedRetriesMax: 1,
  answerMs: 5000,
} as const

type Step = ActorRefFrom<typeof stepMachine>

/** Binds the chart and turns the graph round; a run is the rest. */
export function yardstick({ graph, limit, timeoutMs, operation }: Load): Runnable {
  const chart = stepMachine.provide({
    actions: {
      startAttempt({ self, context: { index, attempt } }) {
        const timer =
          timeoutMs === null
            ? undefined
            : setTimeout(() => self.send({ type: 'attempt.timedOut', attempt }), timeoutMs)
        const succeed = (output: number) => {
          clearTimeout(timer)
          self.send({ type: 'attempt.succeeded', attempt, output })
        }
        queueMicrotask(() => {
          const output = operation(index)
          if (typeof output === 'number') succeed(output)
          else void output.then(succeed)
        })
      },
    },
  })
  const dependants: number[][] = graph.dependencies.map(() => [])
  graph.dependencies.forEach((list, step) => list.forEach((other) => dependants[other]!.push(step)))
  const create = (index: number) =>
    createActor(chart, { input: { index, path: `s${index}`, policy: POLICY, entry: 'admitted' } })
  return { start: () => schedule(graph, dependants, limit, create) }
}

/** Starts each step once all it waits for have ended and a slot is free. */
function schedule(
  { size, dependencies }: Graph,
  dependants: readonly (readonly number[])[],
  limit: number,
  create: (step: number) => Step,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const missing = Int32Array.from(dependencies, ({ length }) => length)
  const ready: number[] = []
  let next = 0
  let free = limit
  let ended = 0
  const end = (step: number, status: string | undefined) => {
    if (status !== 'success') reject(new Error(`step ${step} ended ${status}`))
    free++
    for (const dependant of dependants[step]!) if (--missing[dependant]! === 0) ready.push(dependant)
    if (++ended === size) resolve()
    pump()
  }
  const pump = () => {
    while (free > 0 && next < ready.length) {
      const step = ready[next++]!
      const actor = create(step)
      free--
      actor.subscribe({ complete: () => end(step, actor.getSnapshot().output?.status) })
      actor.start()
    }
  }
  missing.forEach((count, step) => count === 0 && ready.push(step))
  pump()
  return promise
}
