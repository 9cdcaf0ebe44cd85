// One actor, or one snapshot, more than once: stopped and started again, restored twice, two actors side by side, another logic
// object of the same definition, and all of that within a machine of somebody's own. That a snapshot goes on as its run would have
// is in state.test.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createActor,
  fromPromise,
  setup as machineSetup,
  toPromise,
  waitFor,
  type AnyActorRef,
  type Snapshot,
} from 'xstate'
import { memoryHost, setup, type ModuleContext, type OperationContext } from '../../src/index.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { IntegrationLogic } from '../../src/runtime/charts/integration-logic.ts'
import { accepted } from '../definition/documents.ts'
import { stopForRestart } from './rehydrate.ts'
import { throughJson } from './workflows.ts'

/** An order on the simulation host that runs to its end, and what its operations were called for. */
function simulatedOrder(host = new SimulationHost({ chooser: () => 0 })) {
  const calls: string[] = []
  const shop = {
    init: ({ resumed }: ModuleContext) => void calls.push(resumed ? 'init again' : 'init'),
    cleanup: () => void calls.push('cleanup'),
    operations: {
      reserve: (_: object, { idempotencyKey }: OperationContext) => void calls.push(idempotencyKey),
      pay: (_: object, { attempt, idempotencyKey }: OperationContext) => {
        calls.push(`${idempotencyKey}#${attempt}`)
        if (attempt === 1) throw new Error('declined')
        return 'paid'
      },
      ship: ({ item }: { item: string }, { idempotencyKey }: OperationContext) =>
        void calls.push(`${idempotencyKey} ${item}`),
    },
  }
  const order = setup({ modules: { shop }, host }).createWorkflow({
    id: 'order',
    steps: {
      reserve: { invoke: 'shop.reserve' },
      pay: { invoke: 'shop.pay', dependsOn: ['reserve'], retry: { count: 1 } },
      parcels: {
        forEach: ['kettle', 'teapot'],
        dependsOn: ['pay'],
        steps: { ship: { invoke: 'shop.ship', parameters: ({ item }) => ({ item }) } },
      },
      rest: { wait: '1m', dependsOn: ['parcels'] },
    },
    outputs: { paid: ({ steps }) => steps.pay.output },
  })
  return { calls, order, host }
}

const WHOLE = [
  'init',
  'run/r/step/reserve',
  'run/r/step/pay#1',
  'run/r/step/pay#2',
  'run/r/step/parcels[0]/ship kettle',
  'run/r/step/parcels[1]/ship teapot',
  'cleanup',
]

describe('an actor that is stopped and started again', () => {
  it('goes on from wherever it is stopped, and calls again only what was under way', () => {
    const whole = simulatedOrder()
    const once = createActor(whole.order, { input: { runId: 'r' } }).start()
    const events = whole.host.run()
    const { outputs } = once.getSnapshot().output!
    expect(whole.calls).toEqual(WHOLE)
    const stops = fc.array(fc.nat({ max: events + 4 }), { maxLength: 4 })
    const property = fc.property(stops, (stopped) => {
      const { calls, order, host } = simulatedOrder()
      const actor = createActor(order, { input: { runId: 'r' } }).start()
      for (const count of stopped) {
        let left = count
        host.run(() => left-- === 0 || actor.getSnapshot().status !== 'active')
        if (actor.getSnapshot().status !== 'active') break
        stopForRestart(actor)
        actor.start()
      }
      host.run()
      expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed', output: { outputs } })
      // Each operation answers in the same turn in which it is called: none is under way where the actor is stopped.
      const operations = calls.filter((call) => call.startsWith('run/'))
      expect(operations).toEqual(WHOLE.filter((call) => call.startsWith('run/')))
      // A clean-up that was under way is called again; no init is, before what it did is cleaned up.
      const hooks = calls.filter((call) => !call.startsWith('run/')).map((call) => call.replace(' again', ''))
      const paired = hooks.filter((hook, index) => hook !== 'cleanup' || hooks[index - 1] !== 'cleanup')
      expect(paired).toEqual(paired.map((_, index) => (index % 2 === 0 ? 'init' : 'cleanup')))
      expect(paired.at(-1)).toBe('cleanup')
    })
    fc.assert(property, { numRuns: 100, examples: [[[0]], [[0, 0]], [[3, 0, 0]], [[1, 1, 1, 1]]] })
  })

  it('goes on as an integration, too', () => {
    const { definition } = accepted(`
integration:
  modules: [m]
  scenarios:
    - name: s
      steps: [{ name: a, module: m, operation: a }, { name: b, type: wait, for: 5s, depends_on: [a] }]
`)
    const events = 8
    for (let count = 0; count < events; count++) {
      const host = new SimulationHost()
      const calls: number[] = []
      const modules = [{ name: 'm', config: {}, operations: { a: () => calls.push(1) } }]
      const actor = createActor(new IntegrationLogic({ definition, modules, host })).start()
      let left = count
      host.run(() => left-- === 0)
      for (let times = 0; times < 2 && actor.getSnapshot().status === 'active'; times++) {
        stopForRestart(actor)
        actor.start()
      }
      host.run()
      expect(actor.getSnapshot().output).toMatchObject({ status: 'completed' })
      expect(calls).toEqual([1])
    }
  })

  it('may be stopped again before it has taken up where it was, and asked for its snapshot there', () => {
    const { calls, order, host } = simulatedOrder()
    const actor = createActor(order, { input: { runId: 'r' } }).start()
    let left = 6
    host.run(() => left-- === 0)
    const before = throughJson(actor.getPersistedSnapshot())
    for (let times = 0; times < 3; times++) {
      stopForRestart(actor)
      expect(throughJson(actor.getPersistedSnapshot())).toEqual(before)
      actor.start()
      expect(throughJson(actor.getPersistedSnapshot())).toEqual(before)
    }
    host.run()
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', output: { status: 'completed' } })
    expect(calls).toEqual([...WHOLE.slice(0, 5), 'cleanup', 'init again', ...WHOLE.slice(5)])
  })

  it('is refused where it was stopped before its journal was replayed, and known by its run until then', () => {
    const first = simulatedOrder()
    createActor(first.order, { input: { runId: 'r' } }).start()
    first.host.run(() => first.host.journal('r').length === 4)
    const journal = throughJson(first.host.journal('r'))
    const { calls, order, host } = simulatedOrder(new SimulationHost({ journals: { r: journal } }))
    const snapshot = { status: 'active', output: undefined, error: undefined, runId: 'r', inputs: {} }
    const actor = createActor(order, { snapshot: snapshot as Snapshot<never> }).start()
    const known = throughJson(snapshot)
    expect(throughJson(actor.getPersistedSnapshot())).toEqual(known)
    stopForRestart(actor)
    expect(throughJson(actor.getPersistedSnapshot())).toEqual(known)
    expectRefused(actor)
    expect(calls).toEqual([])
    // The journal is as it was.
    const again = createActor(order, { snapshot: snapshot as Snapshot<never> }).start()
    host.run()
    expect(again.getSnapshot()).toMatchObject({ status: 'done', output: { status: 'completed' } })
    expect(calls).toEqual(['init again', ...WHOLE.slice(3)])
  })

  it('cleans its modules up before it initialises them again', async () => {
    const calls: string[] = []
    const called: string[] = []
    let isOpen = false
    const m = {
      init: ({ resumed }: ModuleContext) => {
        calls.push(`init ${resumed}`)
        isOpen = true
      },
      cleanup: async () => {
        calls.push('cleanup begins')
        await sleep(5)
        isOpen = false
        calls.push('cleanup ends')
      },
      operations: {
        slow: async (_: object, { idempotencyKey, signal }: OperationContext) => {
          called.push(idempotencyKey)
          await sleep(called.length === 1 ? 60_000 : 1, null, { signal })
          if (!isOpen) throw new Error('the module is not open')
        },
      },
    }
    const { createWorkflow } = setup({ modules: { m }, host: memoryHost() })
    const workflow = createWorkflow({ id: 'w', steps: { slow: { invoke: 'm.slow' } } })
    const actor = createActor(workflow, { input: { runId: 'r' } }).start()
    await until(() => called.length > 0)
    stopForRestart(actor)
    actor.start()
    stopForRestart(actor)
    actor.start()
    expect(await toPromise(actor)).toMatchObject({ status: 'completed' })
    expect(called).toEqual(['run/r/step/slow', 'run/r/step/slow'])
    const life = ['cleanup begins', 'cleanup ends']
    expect(calls).toEqual(['init false', ...life, 'init true', ...life])
  })

  it('makes no attempt again while the one that it was stopped in is still under way', async () => {
    let underWay = 0
    let most = 0
    const m = {
      deaf: async () => {
        most = Math.max(most, ++underWay)
        await sleep(20)
        underWay--
      },
    }
    const { createWorkflow } = setup({ modules: { m }, host: memoryHost() })
    const actor = createActor(createWorkflow({ id: 'w', steps: { deaf: { invoke: 'm.deaf' } } })).start()
    await until(() => underWay > 0)
    for (let times = 0; times < 2; times++) {
      stopForRestart(actor)
      actor.start()
    }
    expect(await toPromise(actor)).toMatchObject({ status: 'completed' })
    expect(most).toBe(1)
  })

  it('stays stopped where nothing but stop and start is called, as any actor does', () => {
    const { order, host } = simulatedOrder()
    for (const actor of [createActor(order), createActor(fromPromise(async () => 1))]) {
      actor.start()
      actor.stop()
      actor.start()
      expect(actor.getSnapshot().status).toBe('stopped')
    }
    expect(host.nextAt).toBeNull()
  })

  it('keeps its methods', () => {
    const { order } = simulatedOrder()
    const actor = createActor(order)
    const { send, subscribe } = actor
    actor.start()
    stopForRestart(actor)
    actor.start()
    expect([actor.send === send, actor.subscribe === subscribe]).toEqual([true, true])
    expect(() => send(Symbol('no event') as never)).not.toThrow()
    actor.stop()
  })

  it('is refused where it was stopped in the middle of a step, and says so', () => {
    const { order, host } = simulatedOrder()
    const actor = createActor(order)
    let tries = 0
    actor.on('workflow_started', () => {
      tries++
      expect(() => actor.getPersistedSnapshot()).toThrow(
        expect.objectContaining({
          code: 'RUN_NOT_AT_REST',
          message: expect.stringContaining('is in the middle of a step: expected it at rest'),
        }),
      )
      stopForRestart(actor)
    })
    actor.start()
    host.run(() => tries > 0)
    // Nobody knows where it was: what is left of it is no state of a run.
    expect(() => actor.getPersistedSnapshot()).toThrow(expect.objectContaining({ code: 'RUN_NOT_AT_REST' }))
    expectRefused(actor)
    expect(tries).toBe(1)
  })
})

/** It cannot be started again, and says why. */
function expectRefused(actor: AnyActorRef): void {
  const refused: unknown[] = []
  actor.subscribe({ error: (error) => refused.push(error) })
  actor.start()
  expect(refused).toMatchObject([
    {
      code: 'RUN_NOT_RESUMABLE',
      message: expect.stringContaining(
        'cannot be started again: it was stopped in the middle of a step, or while its journal was replayed; restore',
      ),
    },
  ])
}

/** Waits for something that other timers bring about. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1)
}

/** An order that waits for a word in its middle, on the memory host. */
function order({ version }: { version?: string } = {}) {
  const calls: string[] = []
  const shop = {
    open: ({ item }: { item: string }, { idempotencyKey }: OperationContext) => {
      calls.push(`${idempotencyKey} ${item}`)
      return `${item}, open`
    },
    close: ({ word }: { word: unknown }, { idempotencyKey }: OperationContext) => {
      calls.push(`${idempotencyKey} ${String(word)}`)
      return word
    },
  }
  const { createWorkflow } = setup({ modules: { shop }, host: memoryHost() })
  const workflow = createWorkflow({
    id: 'order',
    ...(version !== undefined && { version }),
    inputs: { item: { type: 'string' } },
    steps: {
      open: { invoke: 'shop.open', parameters: ({ inputs }) => inputs },
      word: { waitForEvent: 'word', dependsOn: ['open'] },
      close: {
        invoke: 'shop.close',
        dependsOn: ['word'],
        parameters: ({ steps }) => ({ word: steps.word.output }),
      },
    },
    outputs: { opened: ({ steps }) => steps.open.output, word: ({ steps }) => steps.close.output },
  })
  return { calls, workflow }
}

/** A snapshot of an order that waits for its word, as it is written down. */
async function waiting(runId: string, item: string): Promise<Snapshot<never>> {
  const { calls, workflow } = order()
  const actor = createActor(workflow, { input: { runId, inputs: { item } } })
  let snapshot = ''
  actor.subscribe(() => {
    if (calls.length > 0) snapshot = JSON.stringify(actor.getPersistedSnapshot())
  })
  actor.start()
  await until(() => snapshot.includes('"listens":true'))
  actor.stop()
  return JSON.parse(snapshot) as Snapshot<never>
}

/** What the type of an actor asks for; a snapshot counts. */
const input = { inputs: { item: 'none' } }

const say = (data: string) => ({ type: 'run.signal', event: 'word', data }) as const

describe('a snapshot', () => {
  it('gives actors that know nothing of one another, and is left as it was', async () => {
    const snapshot = await waiting('r', 'kettle')
    const before = JSON.stringify(snapshot)
    const { calls, workflow } = order()
    const [one, other, third] = [1, 2, 3].map(() => createActor(workflow, { snapshot, input }).start())
    const heard: unknown[] = []
    other!.on('*', ({ type }) => void heard.push(type))
    one!.send(say('one'))
    expect(await toPromise(one!)).toMatchObject({ outputs: { opened: 'kettle, open', word: 'one' } })
    expect([other!.getSnapshot().status, heard]).toEqual(['active', []])
    third!.send({ type: 'run.cancel' })
    expect(await toPromise(third!)).toMatchObject({ status: 'cancelled' })
    other!.send(say('other'))
    expect(await toPromise(other!)).toMatchObject({ outputs: { opened: 'kettle, open', word: 'other' } })
    expect(calls).toEqual(['run/r/step/close one', 'run/r/step/close other'])
    expect(JSON.stringify(snapshot)).toBe(before)
  })

  it('is restored by another logic object of the same definition: a file that was loaded anew', async () => {
    const first = order()
    const actor = createActor(first.workflow, { input: { inputs: { item: 'kettle' } } }).start()
    await until(() => first.calls.length > 0)
    const snapshot = actor.getPersistedSnapshot() as Snapshot<never>
    const second = order()
    const again = createActor(second.workflow, { snapshot, input })
    // As @xstate/react does: the snapshot is taken first, and the new actor starts after the old one was stopped.
    actor.stop()
    again.start()
    again.send(say('on'))
    expect(await toPromise(again)).toMatchObject({ status: 'completed', outputs: { word: 'on' } })
    expect([first.calls.length, second.calls.length]).toEqual([1, 1])
  })

  it('is refused by a logic object of another definition, which says what differs', async () => {
    const snapshot = await waiting('r', 'kettle')
    const { calls, workflow } = order({ version: '2' })
    const refused: unknown[] = []
    const actor = createActor(workflow, { snapshot, input })
    actor.subscribe({ error: (error) => refused.push(error) })
    actor.start()
    expect(refused).toMatchObject([
      {
        code: 'RUN_NOT_RESUMABLE',
        message: expect.stringContaining('workflow "order": version: expected none, found "2"'),
      },
    ])
    expect(calls).toEqual([])
  })
})

describe('two actors of one workflow', () => {
  it('run side by side with inputs of their own', async () => {
    const { calls, workflow } = order()
    const [kettle, teapot] = ['kettle', 'teapot'].map((item) =>
      createActor(workflow, { input: { runId: item, inputs: { item } } }).start(),
    )
    await until(() => calls.length === 2)
    kettle!.send(say('hot'))
    expect(await toPromise(kettle!)).toMatchObject({ outputs: { opened: 'kettle, open', word: 'hot' } })
    expect(teapot!.getSnapshot().status).toBe('active')
    teapot!.send(say('full'))
    expect(await toPromise(teapot!)).toMatchObject({ outputs: { opened: 'teapot, open', word: 'full' } })
    expect(calls).toEqual([
      'run/kettle/step/open kettle',
      'run/teapot/step/open teapot',
      'run/kettle/step/close hot',
      'run/teapot/step/close full',
    ])
  })
})

describe('a workflow in a machine of somebody', () => {
  const machineOf = (workflow: ReturnType<typeof order>['workflow']) =>
    machineSetup({ actors: { order: workflow } }).createMachine({
      initial: 'ordering',
      context: { count: 1 },
      states: {
        ordering: {
          invoke: {
            src: 'order',
            id: 'order',
            input: { runId: 'r', inputs: { item: 'kettle' } },
            onDone: { target: 'done', actions: ({ event }) => ends.push(event.output.outputs) },
            onError: { target: 'failed', actions: ({ event }) => ends.push(event.error) },
          },
          on: { leave: 'left' },
        },
        left: { on: { enter: 'ordering' } },
        done: { type: 'final' },
        failed: { type: 'final' },
      },
    })
  const ends: unknown[] = []

  const begun = async () => {
    ends.length = 0
    const { calls, workflow } = order()
    const outer = createActor(machineOf(workflow)).start()
    await until(() => calls.length > 0)
    return { calls, outer }
  }

  it('is persisted with it, and goes on with it, in each of two copies', async () => {
    const { outer } = await begun()
    const snapshot = throughJson(outer.getPersistedSnapshot()) as Snapshot<never>
    outer.stop()
    const { calls, workflow } = order()
    const copies = ['one', 'other'].map((word) => {
      const copy = createActor(machineOf(workflow), { snapshot }).start()
      copy.getSnapshot().children['order']!.send(say(word))
      return copy
    })
    for (const copy of copies)
      expect(await waitFor(copy, ({ status }) => status === 'done')).toMatchObject({ value: 'done' })
    expect(calls).toEqual(['run/r/step/close one', 'run/r/step/close other'])
    expect(ends).toEqual(['one', 'other'].map((word) => ({ opened: 'kettle, open', word })))
  })

  it('goes on with it where it is stopped and started again', async () => {
    const { calls, outer } = await begun()
    for (let times = 0; times < 3; times++) {
      stopForRestart(outer)
      outer.start()
    }
    outer.getSnapshot().children['order']!.send(say('on'))
    await until(() => ends.length > 0)
    expect([outer.getSnapshot().value, ends]).toEqual(['done', [{ opened: 'kettle, open', word: 'on' }]])
    expect(calls).toEqual(['run/r/step/open kettle', 'run/r/step/close on'])
  })

  it('tells it where the definition has changed meanwhile', async () => {
    const { outer } = await begun()
    const snapshot = throughJson(outer.getPersistedSnapshot()) as Snapshot<never>
    outer.stop()
    const again = createActor(machineOf(order({ version: '2' }).workflow), { snapshot }).start()
    expect(again.getSnapshot().value).toBe('failed')
    expect(ends).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
  })

  it('begins anew where its state is left and entered again, and what it leaves is done with', async () => {
    const { calls, outer } = await begun()
    const { order: first } = outer.getSnapshot().children
    outer.send({ type: 'leave' })
    outer.send({ type: 'enter' })
    await until(() => calls.length === 2)
    first!.send(say('late'))
    outer.getSnapshot().children['order']!.send(say('on'))
    await until(() => ends.length > 0)
    expect(calls).toEqual(['run/r/step/open kettle', 'run/r/step/open kettle', 'run/r/step/close on'])
  })
})
