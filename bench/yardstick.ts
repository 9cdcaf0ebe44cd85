// The yardstick: what XState itself costs. One parentless actor of the step's chart a step, scheduled by plain code
// with as many slots; its attempt succeeds in a microtask. No run, no records, no bus, no journal, no failures.
import { stepMachine } from 'sagachart/machines'
import { createActor, type ActorRefFrom } from 'xstate'
import type { Graph } from './graph.ts'
import type { Prepared, Runnable } from './case.ts'

const POLICY = {
  retries: 0,
  backoff: { kind: 'constant', initialMs: 0, factor: 1, maxMs: 0, jitter: 'none', maxElapsedMs: null },
  timeoutMs: null,
  graceMs: 5000,
  nonRetryable: [],
  hasFallback: false,
  verdicts: ['fail'],
} as const

/** Binds the chart; starting runs the graph to its end and checks that every step succeeded. */
export function runYardstick(graph: Graph, { timeoutMs, limit, operation }: Prepared): Runnable {
  const timers = new Map<unknown, ReturnType<typeof setTimeout>>()
  const startAttempt = (self: ActorRefFrom<typeof stepMachine>, attempt: number) => {
    if (timeoutMs !== null) {
      const timer = setTimeout(() => self.send({ type: 'attempt.timedOut', attempt }), timeoutMs)
      timers.set(self, timer)
    }
    const succeed = (output: number) => {
      clearTimeout(timers.get(self))
      timers.delete(self)
      self.send({ type: 'attempt.succeeded', attempt, output })
    }
    queueMicrotask(() => {
      const output = operation()
      if (typeof output === 'number') succeed(output)
      else void output.then(succeed)
    })
  }
  const chart = stepMachine.provide({
    actions: { startAttempt: ({ self, context }) => startAttempt(self as never, context.attempt) },
  })
  return { start: () => schedule(graph, limit, (step) => actorOf(chart, step)) }
}

function actorOf(chart: typeof stepMachine, step: number): ActorRefFrom<typeof stepMachine> {
  const input = { index: step, path: `step-${step}`, policy: POLICY, entry: 'admitted' } as const
  return createActor(chart, { input })
}

/** Starts each step once all it waits for have ended and a slot is free. */
function schedule(
  { size, dependencies }: Graph,
  limit: number,
  create: (step: number) => ActorRefFrom<typeof stepMachine>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const missing = Int32Array.from(dependencies, ({ length }) => length)
  const dependants: number[][] = dependencies.map(() => [])
  dependencies.forEach((list, step) => list.forEach((dependency) => dependants[dependency]!.push(step)))
  const ready: number[] = []
  missing.forEach((count, step) => count === 0 && ready.push(step))
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
  pump()
  return promise
}
