// XState as its documentation shows it: a parent that spawns a child a step and hears when each is done. What follows from
// keeping the children where XState keeps them is what sagachart was built to avoid.
import { assign, createActor, enqueueActions, fromPromise, setup, toPromise } from 'xstate'
import type { Load, Runnable } from '../adapter.ts'

interface Context {
  readonly missing: readonly number[]
  readonly ready: readonly number[]
  readonly free: number
  readonly left: number
}

/** The graph as a machine. */
export function adapter({ graph, limit, operation }: Load): Runnable {
  const dependants: number[][] = graph.dependencies.map(() => [])
  graph.dependencies.forEach((needs, step) => needs.forEach((need) => dependants[need]!.push(step)))
  const step = fromPromise(({ input }: { input: number }) => Promise.resolve(operation(input)))
  const ended = ({ type }: { readonly type: string }) => Number(type.split('.s').at(-1))
  const machine = setup({
    types: { context: {} as Context, events: {} as { readonly type: `xstate.done.actor.s${number}` } },
    actors: { step },
    actions: {
      note: assign(({ context, event }) => {
        const missing = [...context.missing]
        const ready = [...context.ready]
        for (const other of dependants[ended(event)]!) if (--missing[other]! === 0) ready.push(other)
        return { missing, ready, free: context.free + 1, left: context.left - 1 }
      }),
      spawnReady: enqueueActions(({ context, enqueue }) => {
        const now = context.ready.slice(0, context.free)
        for (const each of now) enqueue.spawnChild('step', { id: `s${each}`, input: each })
        enqueue.assign({ ready: context.ready.slice(now.length), free: context.free - now.length })
      }),
    },
    guards: { isDone: ({ context }) => context.left === 0 },
  }).createMachine({
    context: () => ({
      missing: graph.dependencies.map(({ length }) => length),
      ready: graph.dependencies.flatMap((needs, index) => (needs.length === 0 ? [index] : [])),
      free: limit,
      left: graph.size,
    }),
    initial: 'running',
    states: {
      running: {
        entry: 'spawnReady',
        always: { guard: 'isDone', target: 'done' },
        on: { '*': { actions: ['note', 'spawnReady'] } },
      },
      done: { type: 'final' },
    },
  })
  return { start: () => toPromise(createActor(machine).start()) }
}
