// What a root has around its runs, captured and revived in another process: modules, pools, bus, kept signals, other scenarios.
import { describe, expect, it } from 'vitest'
import { createActor, type AnyActorRef } from 'xstate'
import { defineWorkflow } from '../../src/definition/builder.ts'
import type { IntegrationDefinition, Module } from '../../src/definition/model.ts'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import type { Subscription } from '../../src/runtime/environment/subscription.ts'
import { throughJson } from './workflows.ts'

let calls: string[] = []
let isBroken = false

const module = (name: string, more: Partial<Module> = {}): Module => ({
  name,
  config: {},
  init: ({ resumed }) => {
    if (isBroken && resumed) throw new Error('no connection')
    calls.push(`init ${name}${resumed ? ' again' : ''}`)
  },
  cleanup: () => void calls.push(`cleanup ${name}`),
  operations: { ok: ((_: unknown, { step }: { step: string }) => void calls.push(step)) as never },
  ...more,
})

const handler = (id: string): Subscription => ({
  id,
  pattern: 'step_completed',
  handler: ({ source }) => void calls.push(`${id} heard of ${source.slice(source.lastIndexOf('/') + 1)}`),
})

const ok = { invoke: 'm.ok' }
const leased = { ...ok, resources: ['db'] }

const workflow = (id: string, steps: object) => defineWorkflow({ id, steps, parallel: true } as never)

const DEFINITION: IntegrationDefinition = {
  name: 'i',
  failFast: false,
  eventsEnabled: true,
  timeoutMs: 300_000,
  maxConcurrentWorkflows: 2,
  leaseTimeoutMs: 300_000,
  history: { sizeMax: 1000, ageMsMax: 86_400_000 },
  pools: [{ name: 'db', units: 1 }],
  inputs: {},
  env: {},
  handlers: [],
  workflows: [
    workflow('one', { a: leased, b: leased, c: { ...ok, dependsOn: ['a', 'b'] } }),
    workflow('two', { early: { wait: '10s' }, go: { waitForEvent: 'go', dependsOn: ['early'] } }),
    workflow('three', { last: leased }),
  ],
}

const logic = (host: SimulationHost, subscriptions: readonly Subscription[] = [handler('h')]) =>
  new IntegrationLogic({
    definition: DEFINITION,
    modules: [module('m'), module('n'), module('o', { init: undefined as never })],
    host,
    subscriptions,
  })

const reply = (effect: Effect): Reply =>
  effect.kind === 'attempt' ? { kind: 'execute', afterMs: 1_000 } : { kind: 'execute' }

/** Plays until so many entries are there, and captures. */
function capturedAfter(entries: number) {
  calls = []
  const host = new SimulationHost({ seed: 1, chooser: () => 0, reply })
  const actor = createActor(logic(host), { input: { runId: 'r' } })
  actor.subscribe({ error: (error) => expect.unreachable(String(error)) })
  actor.start()
  host.run(() => host.journal('r').length >= entries)
  actor.send({ type: 'run.signal', event: 'go', data: 1 } as never)
  while (host.step() && host.journal('r').length <= entries);
  const snapshot = throughJson(actor.getPersistedSnapshot())
  actor.stop()
  calls = []
  return snapshot
}

function revived(snapshot: unknown, subscriptions?: readonly Subscription[]) {
  const host = new SimulationHost({ seed: 1, chooser: () => 0, reply })
  const errors: unknown[] = []
  const actor: AnyActorRef = createActor(logic(host, subscriptions), { snapshot: snapshot as never })
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  host.run()
  return { actor, host, errors, report: actor.getSnapshot().output as IntegrationReport | undefined }
}

describe('an integration that is revived', () => {
  it.each(Array.from({ length: 10 }, (_, entries) => entries + 4))(
    'after %i entries goes on with all that its scenarios share',
    (entries) => {
      const { report, errors } = revived(capturedAfter(entries))
      expect(errors).toEqual([])
      expect(report).toMatchObject({ status: 'completed', leasesOpen: 0, events: { dropped: 0 } })
      expect(report!.scenarios.map((run) => run?.status)).toEqual(['completed', 'completed', 'completed'])
    },
  )

  it('initialises again, in order, what was running, and cleans all of it up', () => {
    revived(capturedAfter(8))
    expect(calls.slice(0, 2)).toEqual(['init m again', 'init n again'])
    const cleanups = calls.filter((call) => call.startsWith('cleanup'))
    expect(cleanups).toEqual(['cleanup o', 'cleanup n', 'cleanup m'])
  })

  it('ends with an error where a module cannot be initialised again, and may be revived once it can', () => {
    const snapshot = capturedAfter(8)
    isBroken = true
    const { errors } = revived(snapshot)
    isBroken = false
    expect(errors).toMatchObject([{ code: 'MODULE_INIT_FAILED' }])
    expect(String(errors[0])).toContain('the module "m" could not be initialised again: no connection')
    expect(calls).not.toContain('a')
    expect(revived(snapshot).report).toMatchObject({ status: 'completed' })
  })

  it('goes on with its handlers, by their ids, and refuses to where one is missing', () => {
    const snapshot = capturedAfter(8)
    revived(snapshot)
    expect(calls.filter((call) => call.startsWith('h heard of')).length).toBeGreaterThan(2)
    expect(revived(snapshot, []).errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
  })

  it('hears what is sent while its modules are initialised', () => {
    const snapshot = capturedAfter(8)
    const host = new SimulationHost({ seed: 1, chooser: () => 0, reply })
    const actor = createActor(logic(host), { snapshot: snapshot as never }).start()
    actor.send({ type: 'run.cancel' } as never)
    host.run()
    expect(actor.getSnapshot().output).toMatchObject({ status: 'cancelled', leasesOpen: 0 })
    expect(calls.slice(-3)).toEqual(['cleanup o', 'cleanup n', 'cleanup m'])
  })

  it.each([
    ['at once', 0],
    ['while its modules are initialised', 1],
  ])('keeps what is sent %s where it is captured before it has taken up where it was', (_, events) => {
    const snapshot = capturedAfter(8)
    const host = new SimulationHost({
      seed: 1,
      chooser: () => 0,
      reply: (effect) => (effect.kind === 'init' ? { kind: 'execute', afterMs: 5 } : reply(effect)),
    })
    const actor = createActor(logic(host), { snapshot: snapshot as never }).start()
    for (let event = 0; event < events; event++) host.step()
    actor.send({ type: 'run.cancel' } as never)
    for (let event = 0; event < events; event++) host.step()
    const { report } = revived(throughJson(actor.getPersistedSnapshot()))
    expect(report).toMatchObject({ status: 'cancelled' })
    // Once, and after what it had been sent before.
    expect(host.journal('r').filter(({ event }) => event.type === 'run.cancel')).toHaveLength(0)
  })
})

describe('a state that is not what was captured', () => {
  /** A copy in which one field is another one. */
  function altered(snapshot: unknown, path: string, value: unknown): unknown {
    const copy = throughJson(snapshot)
    const keys = path.split('.')
    const last = keys.pop()!
    const holder = keys.reduce((each, key) => each[key] as Fields, copy as Fields)
    expect(holder).toHaveProperty([last])
    holder[last] = value
    return copy
  }

  interface Fields {
    [key: string]: unknown
  }

  const run = 'future.seated.program.live.0.run'

  it.each([
    'future.session',
    'future.session.timers',
    'future.session.timers.0.event',
    'future.session.effects',
    'future.session.effects.0.effect',
    'future.session.admitted',
    'record.session',
    'future.scope.modules.order.reports',
    'future.scope.modules.charts.0.context',
    'future.seated.program.chart.value',
    `${run}.chart.value`,
    `${run}.state.graph.state`,
    `${run}.state.graph.counts`,
    `${run}.state.graph.failures`,
    `${run}.state.effects`,
    `${run}.state.slots.holders`,
    `${run}.state.compensation`,
    `${run}.live.0.index`,
    `${run}.live.0.chart.context`,
    'record.runs.0.counters',
  ])('is refused, and leaves nothing open: %s', (path) => {
    const snapshot = capturedAfter(8)
    for (const value of [undefined, null, 'x', -1, [null]]) {
      const host = new SimulationHost({ seed: 1, chooser: () => 0, reply })
      const actor = createActor(logic(host), { snapshot: altered(snapshot, path, value) as never })
      const errors: unknown[] = []
      actor.subscribe({ error: (error) => errors.push(error) })
      actor.start()
      host.run()
      expect([value, errors]).toMatchObject([value, [{ code: 'RUN_NOT_RESUMABLE' }]])
      expect(host.nextAt).toBeNull()
    }
  })
})
