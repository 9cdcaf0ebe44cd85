// Where the steps of a run are, as its snapshots tell: before it starts, under way, after its end and in a later life; and that
// those who only look at snapshots miss nothing.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assign,
  createActor,
  setup as machineSetup,
  toPromise,
  waitFor,
  type InspectionEvent,
  type Snapshot,
} from 'xstate'
import { setup, type ProgressStatus, type RunContext } from '../../src/index.ts'
import { build, conditionsOf, saga } from './sagas.ts'
import { breaks, play, retries, step, workflow } from './workflows.ts'

/** An operation whose calls end when they are told to, each by its name. */
const held = () => {
  const calls = new Map<string, PromiseWithResolvers<string>>()
  const callOf = (name: string) => {
    const call = calls.get(name) ?? Promise.withResolvers<string>()
    calls.set(name, call)
    return call
  }
  const hold = ({ name }: { name: string }) => callOf(name).promise
  const end = (name: string) => callOf(name).resolve(name)
  return { hold, end }
}

const NONE: RunContext['counts'] = {
  ...{ pending: 0, waiting: 0, running: 0, success: 0, failed: 0, skipped: 0, cancelled: 0 },
  ...{ compensated: 0, compensation_failed: 0 },
}

const RANK: Readonly<Record<ProgressStatus, number>> = {
  ...{ pending: 0, waiting: 1, running: 2, success: 3, failed: 4, skipped: 4, cancelled: 4 },
  ...{ compensated: 4, compensation_failed: 4 },
}

interface Shown {
  readonly context: RunContext
}

const contextOf = (actor: { getSnapshot(): unknown }) => (actor.getSnapshot() as Shown).context

const statusesIn = ({ steps }: RunContext) =>
  Object.fromEntries(Object.entries(steps).map(([name, { status }]) => [name, status]))

const m = { one: () => 1, bad: breaks }
const { createWorkflow } = setup({ modules: { m } })
const chain = createWorkflow({
  id: 'chain',
  steps: { a: { invoke: 'm.one' }, b: { invoke: 'm.one', dependsOn: ['a'] } },
})
const strict = createWorkflow({
  id: 'strict',
  onIncomplete: 'reject',
  steps: { a: { invoke: 'm.one' }, bad: { invoke: 'm.bad', dependsOn: ['a'] } },
})

describe('the progress of a run', () => {
  it('counts and ranks the steps of any run, and ends as its report says', () => {
    fc.assert(
      fc.property(saga, (plan) => {
        const definition = build(plan)
        const before = new Map<string, readonly [rank: number, attempts: number]>()
        let last: RunContext | null = null
        const { report } = play(definition, {
          ...conditionsOf(plan),
          keepsStates: false,
          each(session) {
            const actor = session.actors.get(session.path)
            last ??= contextOf(actor!)
            const tally = { ...NONE }
            for (const [name, { status, attempts, startedAt, finishedAt }] of Object.entries(last.steps)) {
              tally[status]++
              const [rank, earlier] = before.get(name) ?? [0, 0]
              expect(RANK[status]).toBeGreaterThanOrEqual(rank)
              if (rank === RANK.failed) expect(RANK[status]).toBe(rank)
              expect(attempts).toBeGreaterThanOrEqual(earlier)
              if (status === 'pending' || status === 'waiting')
                expect([attempts, startedAt]).toEqual([0, null])
              expect(finishedAt === null).toBe(RANK[status] < RANK.success)
              before.set(name, [RANK[status], attempts])
            }
            expect(last.counts).toEqual(tally)
          },
        })
        const { steps, counts } = last!
        expect(counts).toEqual({ ...NONE, ...report.counts })
        expect(Object.keys(steps)).toEqual(definition.steps.map(({ name }) => name))
        for (const record of report.steps) expect(record).toMatchObject(steps[record.name]!)
      }),
      { numRuns: 150, seed: 1 },
    )
  })

  it('is known to whoever looks at snapshots alone, once the run rests', () => {
    fc.assert(
      fc.property(saga, (plan) => {
        const shown: string[] = []
        const select = memoised((snapshot) => JSON.stringify((snapshot as Shown).context.steps))
        let isWatched = false
        play(build(plan), {
          ...conditionsOf(plan),
          keepsStates: false,
          each(session) {
            const actor = session.actors.get(session.path)
            if (!actor) return
            if (!isWatched) actor.subscribe(() => shown.push(select(actor.getSnapshot())))
            if (isWatched) expect(shown.at(-1)).toBe(JSON.stringify(contextOf(actor).steps))
            isWatched = true
            shown.push(select(actor.getSnapshot()))
          },
        })
      }),
      { numRuns: 100, seed: 1 },
    )
  })

  it('is that of an actor that has not started', () => {
    const { context } = createActor(chain, { input: { runId: '7' } }).getSnapshot()
    expect(context.runId).toBe('7')
    expect(statusesIn(context)).toEqual({ a: 'pending', b: 'pending' })
    expect(context.counts).toEqual({ ...NONE, pending: 2 })
    expect(context.steps.a).toEqual({
      ...{ status: 'pending', attempts: 0, startedAt: null, finishedAt: null, output: null, error: null },
    })
  })

  it('tells a step that waits for a slot or resources from one that runs', async () => {
    const { hold, end } = held()
    const at = setup({ modules: { m: { hold } }, resources: { pool: { units: 1 } } })
    const holding = (name: string) => ({ invoke: 'm.hold', parameters: { name } }) as const
    const flow = at.createWorkflow({
      id: 'w',
      parallel: true,
      maxConcurrency: 2,
      steps: {
        lends: { ...holding('lends'), resources: ['pool'] },
        borrows: { ...holding('borrows'), resources: ['pool'] },
        free: holding('free'),
        full: { ...holding('full'), priority: -1 },
        last: { ...holding('last'), dependsOn: ['full'] },
      },
    })
    const actor = createActor(flow).start()
    const { context } = await waitFor(actor, ({ context: { counts } }) => counts.running === 2)
    expect(Object.values(statusesIn(context)).toSorted()).toEqual([
      ...['pending', 'running', 'running', 'waiting', 'waiting'],
    ])
    expect(context.steps.last.status).toBe('pending')
    expect(context.steps.free).toMatchObject({ status: 'running', attempts: 1, finishedAt: null })
    expect(context.steps.free.startedAt).toBeTypeOf('number')
    end('free')
    await waitFor(
      actor,
      ({ context: { counts, steps } }) => counts.running === 2 && steps.free.output === 'free',
    )
    for (let ended = 1; ended < 5; ended++) {
      const { steps } = (
        await waitFor(actor, ({ context: { counts } }) => counts.running > 0 && counts.success === ended)
      ).context
      end(Object.entries(steps).find(([, { status }]) => status === 'running')![0])
    }
    await toPromise(actor)
    expect(actor.getSnapshot().context.counts).toEqual({ ...NONE, success: 5 })
  })

  it('counts the attempt that is under way', () => {
    const seen = new Set<string>()
    play(workflow([step('a', { retry: retries(2) })]), {
      fates: { a: breaks },
      each(session) {
        const root = session.actors.get(session.path)
        const { status, attempts } = root ? contextOf(root).steps['a']! : { status: 'gone', attempts: 0 }
        seen.add(`${status} ${attempts}`)
      },
    })
    expect([...seen]).toEqual(['pending 0', 'running 1', 'running 2', 'running 3', 'failed 3', 'gone 0'])
  })

  it('is kept after the end, also by the error of a run that did not complete, and in a later life', async () => {
    const actor = createActor(strict)
    await expect(toPromise(actor.start())).rejects.toMatchObject({ code: 'RUN_NOT_COMPLETED' })
    const { context } = actor.getSnapshot()
    expect(statusesIn(context)).toEqual({ a: 'success', bad: 'failed' })
    expect(context.steps.bad.error).toMatchObject({ message: expect.any(String) as string })
    const lives = [
      actor.getPersistedSnapshot(),
      JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) as object,
    ]
    for (const snapshot of lives) {
      const again = createActor(strict, { snapshot: snapshot as Snapshot<unknown> })
      again.subscribe({ error() {} })
      again.start()
      expect({ ...again.getSnapshot().context.steps }).toEqual({ ...context.steps })
      expect(again.getSnapshot().context.counts).toEqual({ ...NONE, success: 1, failed: 1 })
    }
  })

  it('is unknown of a run that was stopped in an earlier life, or whose report is gone', () => {
    for (const status of ['stopped', 'done', 'error']) {
      const snapshot = { status, output: undefined, error: undefined, runId: '7', inputs: {} }
      const { context } = createActor(chain, { snapshot: snapshot as never }).getSnapshot()
      expect(context.counts).toEqual({ ...NONE, pending: 2 })
      expect(statusesIn(context)).toEqual({ a: 'pending', b: 'pending' })
    }
  })

  it('stays where it was when the actor is stopped', async () => {
    const { hold } = held()
    const flow = setup({ modules: { m: { hold } } }).createWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.hold', parameters: { name: 'a' } } },
    })
    const actor = createActor(flow).start()
    await waitFor(actor, ({ context }) => context.counts.running === 1)
    actor.stop()
    expect(actor.getSnapshot()).toMatchObject({ status: 'stopped', context: { counts: { running: 1 } } })
  })
})

describe('a machine around a workflow', () => {
  it('follows it by onSnapshot, and reads it among its children', async () => {
    const order = machineSetup({
      types: {} as { context: { seen: readonly string[] } },
      actors: { chain },
    }).createMachine({
      context: { seen: [] },
      initial: 'shipping',
      states: {
        shipping: {
          invoke: {
            id: 'ship',
            src: 'chain',
            onSnapshot: {
              actions: assign({
                seen: ({ context: { seen }, event: { snapshot } }) => [
                  ...seen,
                  Object.values(statusesIn(snapshot.context)).join(),
                ],
              }),
            },
            onDone: 'shipped',
          },
        },
        shipped: { type: 'final' },
      },
    })
    const actor = createActor(order).start()
    expect(actor.getSnapshot().children.ship!.getSnapshot().context.counts.pending).toBeGreaterThan(0)
    await toPromise(actor)
    expect(new Set(actor.getSnapshot().context.seen)).toContain('success,running')
  })
})

describe('the view of the steps', () => {
  it('is data to all who copy, print or search it', async () => {
    const actor = createActor(chain).start()
    await toPromise(actor)
    const { context } = actor.getSnapshot()
    const copy = { ...context.steps }
    expect(copy.b).toEqual(context.steps.b)
    expect(structuredClone(context.steps)).toEqual(copy)
    expect(JSON.parse(JSON.stringify(context.steps))).toEqual(copy)
    expect(inspect(context.steps)).toBe(inspect(copy))
    expect(Object.keys(context.steps)).toEqual(['a', 'b'])
    expect('c' in context.steps).toBe(false)
    expect((context.steps as Record<string, unknown>)['toString']).toBeUndefined()
    expect(context.steps).toBe(actor.getSnapshot().context.steps)
  })

  it('is no part of what is written down or copied of a context', async () => {
    const actor = createActor(chain).start()
    await toPromise(actor)
    const { context } = actor.getSnapshot()
    for (const copy of [
      { ...context },
      structuredClone(context),
      JSON.parse(JSON.stringify(context)) as object,
    ])
      expect(Object.keys(copy)).toEqual(Object.keys(context))
    expect(Object.keys(context)).not.toContain('steps')
    expect(Object.keys(context)).not.toContain('counts')
  })

  it('has steps of any name', () => {
    const names = ['length', 'then', 'steps', 'counts']
    const steps = Object.fromEntries(names.map((name) => [name, { invoke: 'm.one' as const }]))
    const { context } = createActor(createWorkflow({ id: 'w', steps })).getSnapshot()
    expect(Object.keys(context.steps)).toEqual(names)
    for (const name of names) expect(context.steps[name]!.status).toBe('pending')
  })
})

describe('what a run tells of its progress', () => {
  it('can be read at each step of a long run', async () => {
    const size = 10_000
    const names = Array.from({ length: size }, (_, index) => `s${index}`)
    const steps = Object.fromEntries(names.map((name) => [name, { invoke: 'm.one' as const }]))
    const actor = createActor(createWorkflow({ id: 'w', steps }))
    let seen = 0
    actor.subscribe(({ context }) => {
      if (context.counts.success > 0 && context.steps['s0']!.status === 'success') seen++
    })
    await toPromise(actor.start())
    expect(seen).toBeGreaterThan(size / 2)
  })

  it('reaches no inspector: those hear of the steps themselves', async () => {
    const told: InspectionEvent[] = []
    const actor = createActor(chain, { inspect: (event) => void told.push(event) })
    let notified = 0
    actor.subscribe(() => notified++)
    await toPromise(actor.start())
    const own = told.filter(
      (event) => event.type === '@xstate.snapshot' && event.actorRef === (actor as never),
    )
    expect(notified).toBeGreaterThan(3)
    expect(own.filter((event) => 'event' in event && event.event.type === '')).toEqual([])
  })

  it('is told to all subscribers, though one of them throws', async () => {
    const uncaught = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const errors: unknown[] = []
    process.on('uncaughtException', (error) => errors.push(error))
    try {
      const actor = createActor(chain)
      let seen = 0
      actor.subscribe(() => {
        throw new Error('of a subscriber')
      })
      actor.subscribe(() => seen++)
      await toPromise(actor.start())
      await new Promise((next) => setTimeout(next, 5))
      expect(actor.getSnapshot().output).toMatchObject({ status: 'completed' })
      expect(errors).toHaveLength(seen)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of uncaught) process.on('uncaughtException', listener)
    }
  })
})

/** A selector that looks again only where the snapshot is another one, as that of `useSelector` does. */
function memoised<T>(select: (snapshot: unknown) => T): (snapshot: unknown) => T {
  let last: unknown
  let selected: T | undefined
  return (snapshot) => {
    if (snapshot !== last) selected = select(snapshot)
    last = snapshot
    return selected as T
  }
}
