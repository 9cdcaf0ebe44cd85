// The simulation host keeps the rules of every host, and plays the same history for the same choices.
import { expect, it } from 'vitest'
import { createActor } from 'xstate'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { conformance } from './conformance.ts'

const replyOf = (effect: Effect): Reply =>
  effect.to.includes('/step/hang') || (effect.kind === 'init' && effect.module.startsWith('hang'))
    ? { kind: 'hang' }
    : effect.to.includes('/step/deaf')
      ? { kind: 'deaf' }
      : { kind: 'execute' }

conformance({
  name: 'simulation',
  create: () => {
    const host = new SimulationHost({ reply: replyOf })
    return {
      host,
      drive: (done) => {
        host.run(done)
        return done() ? Promise.resolve() : Promise.reject(new Error('It did not happen'))
      },
    }
  },
  gaps: {},
})

function play(seed: number, reply?: (effect: Effect) => Reply) {
  const host = new SimulationHost({ seed, ...(reply && { reply }) })
  const flaky = (_: unknown, { attempt }: { attempt: number }) => {
    if (attempt < 2) throw new Error('again')
    return attempt
  }
  const { createWorkflow } = setupOn(host)({ modules: { m: { flaky } } })
  const step = { invoke: 'm.flaky', retry: { count: 3 } } as const
  const workflow = createWorkflow({
    id: 'w',
    parallel: true,
    steps: { a: step, b: step, c: { ...step, dependsOn: ['a'] } },
  })
  const actor = createActor(workflow).start()
  host.run()
  return { actor, host }
}

it('plays the same history for the same seed, and another for another', () => {
  const histories = [1, 1, 2].map((seed) => JSON.stringify(play(seed).host.journal('1')))
  expect(histories[0]).toBe(histories[1])
  expect(histories[0]).not.toBe(histories[2])
})

it('changes nothing on a duplicate reply', () => {
  const outcome = { status: 'succeeded', value: 7 } as const
  const { actor } = play(3, ({ kind }) =>
    kind === 'attempt' ? { kind: 'duplicate', outcome } : { kind: 'execute' },
  )
  expect(actor.getSnapshot().output?.steps.map(({ attempts, output }) => [attempts, output])).toEqual([
    [1, 7],
    [1, 7],
    [1, 7],
  ])
})

it('takes no real time for virtual time', () => {
  const host = new SimulationHost({ reply: () => ({ kind: 'execute', afterMs: 10_000 }) })
  const { createWorkflow } = setupOn(host)({ modules: { m: { op: () => 1 } } })
  const actor = createActor(
    createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' }, b: { invoke: 'm.op' } } }),
  ).start()
  host.run()
  expect(actor.getSnapshot().output).toMatchObject({ status: 'completed' })
  expect(host.time).toBe(4 * 10_000)
})

// Whatever can happen at an instant used to be listed again at every event: a wide fan-out cost its square.
it('plays 20,000 steps that all answer at the same instant', () => {
  const host = new SimulationHost({ seed: 5 })
  const { createWorkflow } = setupOn(host)({ modules: { m: { op: () => 1 } } })
  const names = Array.from({ length: 20_000 }, (_, at) => `s${at}`)
  const steps = Object.fromEntries(names.map((name) => [name, { invoke: 'm.op' as const }]))
  const workflow = createWorkflow({ id: 'w', parallel: true, maxConcurrency: names.length, steps })
  const actor = createActor(workflow).start()
  host.run()
  expect(actor.getSnapshot().output?.counts.success).toBe(names.length)
})
