// What those who watch a run are told, over real sockets on loopback.
import { createServer, type AddressInfo } from 'node:net'
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createActor, setup as machineSetup, waitFor } from 'xstate'
import { createInspector } from '../../src/inspect/index.ts'
import { run, setup } from '../../src/index.ts'
import { stepMachine } from '../../machines/step.ts'
import { openViewer, type Told } from './viewer.ts'

async function viewerHere() {
  const viewer = await openViewer()
  onTestFinished(() => viewer.close())
  return viewer
}

const m = {
  op: () => ({
    n: 1,
    token: 's3cret',
    list: Array.from({ length: 1000 }, (_, i) => i),
    text: 'x'.repeat(20_000),
  }),
  flaky: (_: unknown, { attempt }: { attempt: number }) => {
    if (attempt === 1) throw new Error('not yet')
    return attempt
  },
}
const flow = setup({ modules: { m }, resources: { pool: { units: 1 } } }).createWorkflow({
  id: 'flow',
  parallel: true,
  steps: {
    first: { invoke: 'm.op' },
    second: {
      invoke: 'm.flaky',
      dependsOn: ['first'],
      retry: { count: 1, initial: '1ms' },
      resources: ['pool'],
    },
  },
})

/** Runs the flow, watched, and gives what was told. */
async function watched(): Promise<Told[]> {
  const viewer = await viewerHere()
  const inspector = createInspector({ url: viewer.url })
  await inspector.ready()
  const report = await run(flow, { runId: '42' }, { inspect: inspector.inspect })
  expect(report.status).toBe('completed')
  await inspector.close()
  expect(inspector.dropped).toBe(0)
  return viewer.all()
}

const eventsTo = (told: readonly Told[], id: string) =>
  told
    .filter(({ type, sessionId }) => type === '@xstate.event' && sessionId === id)
    .map(({ event, sourceId }) => [event?.type, sourceId])

describe('an inspector', () => {
  it('shows each actor once, by its address, below its parent, with its real chart', async () => {
    const told = await watched()
    const actors = told.filter(({ type }) => type === '@xstate.actor')
    expect(actors.map(({ sessionId, parentId, name }) => [sessionId, parentId, name])).toEqual([
      ['run/42', undefined, 'flow'],
      ['run/42/bus/events', 'run/42', 'bus events'],
      ['run/42/pool/pool', 'run/42', 'pool pool'],
      ['run/42/module/m', 'run/42', 'module m'],
      ['run/42/step/first', 'run/42', 'first'],
      ['run/42/step/second', 'run/42', 'second'],
    ])
    expect(new Set(told.map(({ rootId }) => rootId))).toEqual(new Set(['run/42']))
    const step = JSON.parse(actors.at(-1)!.definition!) as typeof stepMachine.config
    expect(Object.keys(step.states!)).toEqual(Object.keys(stepMachine.config.states!))
    expect(step.states!['retrying']!.description).toBe(stepMachine.config.states!.retrying!.description)
  })

  it('tells of every event who sent it, and of none whose actor it has not told of', async () => {
    const told = await watched()
    const step = eventsTo(told, 'run/42/step/second')
    expect(step.slice(0, 2)).toEqual([
      ['xstate.init', 'run/42'],
      ['attempt.failed', undefined],
    ])
    expect(step).toContainEqual(['backoff.ended', undefined])
    expect(step).toContainEqual(['slot.granted', 'run/42'])
    const flowEvents = eventsTo(told, 'run/42')
    expect(flowEvents).toContainEqual(['slot.requested', 'run/42/step/second'])
    expect(flowEvents).toContainEqual(['lease.granted', 'run/42/pool/pool'])
    expect(flowEvents).toContainEqual(['xstate.done.actor.run/42/step/first', 'run/42/step/first'])
    expect(eventsTo(told, 'run/42/pool/pool')).toContainEqual(['lease.request', 'run/42'])
    const known = new Set<string>()
    for (const { type, sessionId, sourceId } of told) {
      if (type === '@xstate.actor') known.add(sessionId)
      expect(known).toContain(sessionId)
      if (sourceId !== undefined) expect(known).toContain(sourceId)
    }
  })

  it('shows where each actor is, without children, secrets or whole loads', async () => {
    const told = await watched()
    const values = told
      .filter(({ type, sessionId }) => type === '@xstate.snapshot' && sessionId === 'run/42/step/second')
      .map(({ snapshot }) => snapshot?.value)
    expect(values).toEqual(expect.arrayContaining(['running', 'retrying', 'waiting', 'succeeded']))
    expect(told.filter(({ snapshot }) => snapshot && 'children' in snapshot)).toEqual([])
    const settled = told.find(({ event }) => event?.type === 'attempt.succeeded')
    const { token, list, text } = settled!.event!['output'] as {
      token: string
      list: unknown[]
      text: string
    }
    expect(token).toBe('[redacted]')
    expect(list).toHaveLength(11)
    expect(text.length).toBeLessThan(11_000)
    expect(JSON.stringify(told)).not.toContain('s3cret')
  })

  it("shows a workflow within someone's own machine", async () => {
    const viewer = await viewerHere()
    const inspector = createInspector({ url: viewer.url })
    const order = machineSetup({ actors: { flow } }).createMachine({
      id: 'order',
      initial: 'shipping',
      states: {
        shipping: { invoke: { src: 'flow', id: 'shipping', input: { runId: '7' }, onDone: 'shipped' } },
        shipped: { type: 'final' },
      },
    })
    const actor = createActor(order, { inspect: inspector.inspect, id: 'my order' }).start()
    await waitFor(actor, ({ status }) => status === 'done')
    await inspector.close()
    const told = await viewer.all()
    const actors = told.filter(({ type }) => type === '@xstate.actor')
    expect(actors.slice(0, 2).map(({ name }) => name)).toEqual(['my order', 'flow'])
    expect(actors[1]).toMatchObject({ sessionId: 'run/7', parentId: actors[0]!.sessionId })
  })

  it('costs what there is to tell: ten times the steps, ten times the bytes', async () => {
    const bytes = async (size: number) => {
      const viewer = await viewerHere()
      const inspector = createInspector({ url: viewer.url })
      await inspector.ready()
      const steps = Array.from({ length: size }, (_, at) => [`s${at}`, { invoke: 'm.op' as const }] as const)
      const { createWorkflow } = setup({ modules: { m: { op: () => 1 } } })
      const wide = createWorkflow({ id: 'wide', parallel: true, steps: Object.fromEntries(steps) })
      await run(wide, { runId: '1' }, { inspect: inspector.inspect })
      await inspector.close()
      await viewer.all()
      expect(Math.max(...viewer.texts.map(({ length }) => length))).toBeLessThan(30_000)
      return viewer.texts.reduce((sum, { length }) => sum + length, 0)
    }
    const [few, many] = [await bytes(100), await bytes(1000)]
    expect(many / few).toBeLessThan(11)
  })

  it('says where nobody listens, and what to do', async () => {
    const viewer = await openViewer()
    await viewer.close()
    const inspector = createInspector({ url: viewer.url })
    await expect(inspector.ready()).rejects.toMatchObject({
      code: 'INSPECTOR_UNREACHABLE',
      message: expect.stringContaining(viewer.url) as string,
    })
    expect(() => createInspector({ url: 'not an address' })).toThrow(/ws:\/\/host:port/)
    await run(flow, {}, { inspect: inspector.inspect })
    expect(inspector.dropped).toBeGreaterThan(0)
    await inspector.close()
  })

  it('does not keep a run from ending when the watcher leaves', async () => {
    const viewer = await viewerHere()
    const inspector = createInspector({ url: viewer.url })
    await inspector.ready()
    const leave = { op: () => viewer.close().then(() => 1) }
    const leaving = setup({ modules: { leave, m } }).createWorkflow({
      id: 'leaving',
      steps: { a: { invoke: 'leave.op' }, b: { invoke: 'm.flaky', retry: { count: 1, initial: '1ms' } } },
    })
    const report = await run(leaving, {}, { inspect: inspector.inspect })
    expect(report.status).toBe('completed')
    await inspector.close()
  })

  it("is understood by the Stately inspector's own relay and receiver", async () => {
    const port = await freePort()
    const relay = createInspectorServer({ port, autoOpen: false })
    onTestFinished(() => relay.stop())
    const url = `ws://127.0.0.1:${port}`
    const inspector = createInspector({ url })
    await inspector.ready()
    const heard: StatelyInspectionEvent[] = []
    const done = Promise.withResolvers<void>()
    createWebSocketReceiver({ server: url }).subscribe((event) => {
      heard.push(event)
      if (
        event.type === '@xstate.snapshot' &&
        event.sessionId === 'run/9' &&
        event.snapshot.status === 'done'
      )
        done.resolve()
    })
    await run(flow, { runId: '9' }, { inspect: inspector.inspect })
    await done.promise
    await inspector.close()
    const names = heard.flatMap((event) => (event.type === '@xstate.actor' ? [event.name] : []))
    expect(names).toEqual(['flow', 'bus events', 'pool pool', 'module m', 'first', 'second'])
  })
})

/** A port that nobody listens on: the relay takes a number, not a choice. */
async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const { port } = server.address() as AddressInfo
  const closed = Promise.withResolvers<void>()
  server.close(() => closed.resolve())
  await closed.promise
  return port
}
