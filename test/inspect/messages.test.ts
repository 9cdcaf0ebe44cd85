// Names of actors in inspectors: each actor has one of its own, also where steps are tried again or undone, and a workflow has its id.
import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor, type InspectionEvent } from 'xstate'
import { setup, SimulationHost, withHost } from '../../src/index.ts'
import { Messages } from '../../src/inspect/messages.ts'
import { IntegrationLogic } from '../../src/runtime/charts/integration-logic.ts'
import { call, control, each, integration, sideBySide, undoneBy, workflow } from '../graph/definitions.ts'
import { build, conditionsOf, saga } from '../runtime/sagas.ts'
import { play } from '../runtime/workflows.ts'
import type { Told } from './viewer.ts'

/** Every message, and a function for `inspect`. */
function listener() {
  const messages = new Messages()
  const told: Told[] = []
  const inspect = (event: InspectionEvent) => {
    for (const text of messages.of(event)) told.push(JSON.parse(text) as Told)
  }
  return { told, inspect }
}

const actorsOf = (told: readonly Told[]) => told.filter(({ type }) => type === '@xstate.actor')

describe('what is told of actors', () => {
  it('names each of them once, below a parent that was named, and nobody else', () => {
    fc.assert(
      fc.property(saga, (plan) => {
        const { told, inspect } = listener()
        play(build(plan), { ...conditionsOf(plan), inspect })
        const known = new Set<string | undefined>([undefined])
        for (const { type, sessionId, parentId, sourceId } of told) {
          if (type === '@xstate.actor') {
            expect(known).not.toContain(sessionId)
            expect(known).toContain(parentId)
            known.add(sessionId)
          }
          expect(known).toContain(sessionId)
          expect(known).toContain(sourceId)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('names what is tried again, and what is undone, beside what went before', () => {
    const { told, inspect } = listener()
    const { createWorkflow } = setup({ modules: { m: { ok: () => 1, boom: () => fail() } } })
    const fail = () => {
      throw new Error('no luck')
    }
    const host = new SimulationHost()
    const trip = withHost(
      createWorkflow({
        id: 'trip',
        onFailure: 'compensate',
        steps: {
          seats: { forEach: [1, 2], steps: { seat: { invoke: 'm.ok', compensate: { invoke: 'm.ok' } } } },
          last: { dependsOn: ['seats'], parallel: { pay: { invoke: 'm.boom' } }, retry: { count: 1 } },
        },
      }),
      host,
    )
    createActor(trip, { input: { runId: '7' }, inspect }).start()
    host.run()
    const parents = actorsOf(told).map(({ sessionId, parentId }) => `${sessionId} < ${parentId}`)
    expect(parents.filter((line) => line.startsWith('run/7/steps/'))).toEqual([
      'run/7/steps/seats[0] < run/7/loop/seats',
      'run/7/steps/seats[1] < run/7/loop/seats',
      'run/7/steps/last < run/7/step/last',
      'run/7/steps/last[#2] < run/7/step/last',
      'run/7/steps/seats[1]#2 < run/7/compensation/seats',
      'run/7/steps/seats[0]#2 < run/7/compensation/seats',
    ])
  })

  it('gives an actor the same name in every life of its run', () => {
    const { told, inspect } = listener()
    const { createWorkflow } = setup({ modules: { m: { ok: () => 1 } } })
    const flow = createWorkflow({ id: 'flow', steps: { a: { invoke: 'm.ok' } } })
    for (let life = 0; life < 2; life++) {
      const host = new SimulationHost()
      createActor(withHost(flow, host), { input: { runId: '7' }, inspect }).start()
      host.run()
    }
    const names = actorsOf(told).map(({ sessionId }) => sessionId)
    expect(names).toContain('run/7/step/a')
    expect(names.slice(names.length / 2)).toEqual(names.slice(0, names.length / 2))
  })
})

const order = workflow('order', [
  call('reserve', undoneBy('release')),
  control('parcels', each({ kind: 'value', value: [1] }, workflow('parcels', [call('pack')]))),
  control(
    'both',
    sideBySide(workflow('both', [control('deep', sideBySide(workflow('both/deep', [call('x')])))])),
  ),
])

describe('the name of a workflow', () => {
  /** Names and charts, as an inspector is told of them. */
  function namesTold(listen: (inspect: (event: InspectionEvent) => void) => void) {
    const { told, inspect } = listener()
    listen(inspect)
    return actorsOf(told).map(({ name, definition }) => [
      name,
      (JSON.parse(definition!) as { readonly id: string }).id,
    ])
  }

  it('is its own, and that of a nested step its address', () => {
    const names = namesTold((inspect) => {
      const host = new SimulationHost()
      const modules = [
        {
          name: 'm',
          operations: { reserve: () => 1, release: () => 1, pack: () => 1, x: () => 1 },
          config: null,
        },
      ]
      const logic = new IntegrationLogic({ definition: integration([order]), modules, host })
      createActor(logic, { input: { runId: '7' }, inspect }).start()
      host.run()
    })
    expect(names).toEqual(
      expect.arrayContaining([
        ['flow', 'flow'],
        ['order', 'order'],
        ['reserve', 'step'],
        ['steps parcels[0]', 'parcels'],
        ['parcels[0]/pack', 'step'],
        ['both/deep/x', 'step'],
      ]),
    )
  })

  it("is what Stately's own inspector shows, too", async () => {
    const heard: StatelyInspectionEvent[] = []
    const inspector = createInspector({ send: (event) => void heard.push(event) })
    const host = new SimulationHost()
    const { createWorkflow } = setup({ modules: { m: { ok: () => 1 } } })
    const flow = createWorkflow({
      id: 'my.flow #1',
      steps: { both: { parallel: { a: { invoke: 'm.ok' } } } },
    })
    const actor = createActor(withHost(flow, host), { inspect: inspector.inspect }).start()
    host.run()
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed' })
    await new Promise((done) => setTimeout(done, 0))
    const told = heard.flatMap((event) => (event.type === '@xstate.actor' ? [event] : []))
    expect(told[0]!.name).toBe('my.flow #1')
    expect(told.map(({ definition }) => (JSON.parse(definition!) as { readonly id: string }).id)).toEqual(
      expect.arrayContaining(['my.flow #1', 'both']),
    )
  })
})
