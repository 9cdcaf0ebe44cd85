// The clock of the memory host: the monotonic one, or a fake of it. XState's own clock counts for nothing. No test here depends on
// how fast real time passes.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createActor, createMachine, SimulatedClock } from 'xstate'
import type { OperationContext } from '../../src/definition/model.ts'
import { memoryHost } from '../../src/hosts/memory.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { run, setupOn, withHost } from '../../src/runtime/setup.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

afterEach(() => {
  vi.useRealTimers()
})

const modules = {
  m: {
    op: () => 1,
    hang: (_: unknown, { signal }: OperationContext) =>
      new Promise((_done, fail) => signal.addEventListener('abort', () => fail(signal.reason as Error))),
  },
}
const builder = setupOn(memoryHost())({ modules })

const MINUTE_MS = 60_000

const limited = builder.createWorkflow({
  id: 'limited',
  parallel: true,
  steps: {
    short: { invoke: 'm.hang', timeout: '1m' },
    long: { invoke: 'm.hang', timeout: '30m' },
    pause: { wait: '5m' },
    after: { invoke: 'm.op', dependsOn: ['pause'] },
  },
})

const realTurn = setImmediate

/** Lets time pass, and then the event loop turn: a slow machine needs turns between operations. */
async function pass(ms: number) {
  await vi.advanceTimersByTimeAsync(ms)
  for (let turn = 0; turn < 3; turn++) await new Promise((done) => realTurn(done))
}

/** Starts it, and gives the times of its events as it goes. */
async function watched() {
  const events: { readonly type: string; readonly step: string; readonly at: number }[] = []
  const actor = createActor(limited)
  actor.on('*' as never, (event: { type: string; at: number; data: { step_name?: string } }) => {
    events.push({ type: event.type, at: event.at, step: event.data?.step_name ?? '' })
  })
  actor.start()
  await pass(0)
  return { actor, events }
}

describe('a limit', () => {
  it('comes when its time has passed, whatever the wall clock is set to, and back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            afterMs: fc.nat({ max: 2 * MINUTE_MS }),
            jumpMs: fc.integer({ min: -1e10, max: 1e10 }),
          }),
          {
            maxLength: 5,
          },
        ),
        async (jumps) => {
          vi.useFakeTimers()
          const start = Date.now()
          const { actor, events } = await watched()
          let passedMs = 0
          for (const { afterMs, jumpMs } of jumps) {
            await pass(afterMs)
            passedMs += afterMs
            vi.setSystemTime(Date.now() + jumpMs)
          }
          await pass(30 * MINUTE_MS - passedMs - 1)
          expect(actor.getSnapshot().status).toBe('active')
          await pass(1)
          const { output } = actor.getSnapshot()
          expect(output?.status).toBe('failed')
          const took = (step: 'short' | 'long' | 'pause') => {
            const { startedAt, finishedAt } = stepOf(output!, step)
            return finishedAt! - startedAt!
          }
          expect([took('short'), took('pause'), took('long')]).toEqual([
            MINUTE_MS,
            5 * MINUTE_MS,
            30 * MINUTE_MS,
          ])
          const times = events.map(({ at }) => at - start)
          expect(times).toEqual(times.toSorted((a, b) => a - b))
          expect(events.find(({ type }) => type === 'workflow_error')!.at - start).toBe(30 * MINUTE_MS)
          vi.useRealTimers()
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe("a test's own timers", () => {
  it.each([[[]], [['performance']], [['Date']], [['Date', 'performance']]] as const)(
    'make time pass with setTimeout, beside %j',
    async (more) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', ...more] })
      const { actor, events } = await watched()
      const failed = () => events.filter(({ type }) => type === 'step_failed').map(({ step }) => step)
      const started = () => events.filter(({ type }) => type === 'step_started').map(({ step }) => step)
      // Real time counts, too, where performance is real: half a minute is enough for any machine.
      await pass(0.5 * MINUTE_MS)
      expect(failed()).toEqual([])
      await pass(MINUTE_MS)
      expect(failed()).toEqual(['short'])
      await pass(3 * MINUTE_MS)
      expect(started()).not.toContain('after')
      await pass(MINUTE_MS)
      expect(started()).toContain('after')
      await pass(30 * MINUTE_MS)
      expect(stepOf(actor.getSnapshot().output!, 'long').error).toMatchObject({ code: 'ATTEMPT_TIMED_OUT' })
    },
  )

  it('make time pass where all of them are its own', async () => {
    vi.useFakeTimers()
    const report = run(limited)
    await vi.runAllTimersAsync()
    expect((await report).steps.map(({ status }) => status)).toEqual([
      'failed',
      'failed',
      'success',
      'success',
    ])
  })

  it.each([[['Date']], [['performance']], [['Date', 'performance']]] as const)(
    'leave real time to pass where they are %j alone',
    async (toFake) => {
      vi.useFakeTimers({ toFake: [...toFake] })
      const workflow = builder.createWorkflow({
        id: 'w',
        steps: {
          a: { invoke: 'm.hang', timeout: '20ms' },
          b: { wait: '20ms', runIf: 'all_done', dependsOn: ['a'] },
        },
      })
      const actor = createActor(workflow).start()
      await new Promise<void>((done) => actor.subscribe({ complete: done }))
      expect(actor.getSnapshot().output?.steps.map(({ status }) => status)).toEqual(['failed', 'success'])
    },
  )
})

describe("a clock of XState's", () => {
  const clock = new SimulatedClock()
  const refusal = {
    code: 'CLOCK_NOT_SUPPORTED',
    message: expect.stringContaining('withHost(workflow, new SimulationHost())') as string,
  }

  it('is refused by the memory host', () => {
    const actor = createActor(limited, { clock })
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => errors.push(error) })
    actor.start()
    expect(errors).toEqual([expect.objectContaining(refusal)])
  })

  const outer = createMachine({
    initial: 'working',
    states: {
      working: { invoke: { src: 'workflow', onDone: 'happy', onError: 'sad' } },
      happy: {},
      sad: {},
    },
  })

  it("is refused within someone else's machine, whose onError hears of it", () => {
    const actor = createActor(outer.provide({ actors: { workflow: limited } as never }), { clock })
    const errors: unknown[] = []
    actor.system.inspect((event) => {
      if (event.type === '@xstate.event' && 'error' in event.event) errors.push(event.event['error'])
    })
    actor.start()
    expect(actor.getSnapshot().value).toBe('sad')
    expect(errors).toEqual([expect.objectContaining(refusal)])
  })

  it('is nothing to a host of virtual time', () => {
    const host = new SimulationHost()
    const workflow = builder.createWorkflow({ id: 'w', steps: { a: { wait: '1h' }, b: { invoke: 'm.op' } } })
    const actor = createActor(outer.provide({ actors: { workflow: withHost(workflow, host) } as never }), {
      clock,
    }).start()
    host.run()
    expect(actor.getSnapshot().value).toBe('happy')
  })

  it.each([
    ['this', createActor],
    [
      'another',
      (createRequire(import.meta.url)('xstate') as { createActor: typeof createActor }).createActor,
    ],
  ])('is what every actor has that was given none, of %s copy of XState', (_, create) => {
    const actor = create(outer.provide({ actors: { workflow: limited } as never })).start()
    expect(actor.getSnapshot().value).toBe('working')
    actor.stop()
  })
})
