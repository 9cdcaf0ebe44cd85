// The memory host keeps the rules of every host, and a few of its own.
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { OperationContext } from '../../src/definition/model.ts'
import { defineModule } from '../../src/definition/module.ts'
import { memoryHost } from '../../src/hosts/memory.ts'
import { run, setupOn } from '../../src/runtime/setup.ts'
import { conformance } from './conformance.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

/** How long a test waits for something to happen. */
const PATIENCE_MS = 15_000

conformance({
  name: 'memory',
  create: () => ({
    host: memoryHost(),
    async drive(done) {
      const deadline = performance.now() + PATIENCE_MS
      while (!done()) {
        if (performance.now() > deadline) throw new Error('It did not happen')
        await new Promise((next) => setTimeout(next, 1))
      }
    },
  }),
  gaps: {},
})

it('lets a run that has ended go with the young objects', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  const { createWorkflow } = setupOn(memoryHost())({ modules: { m: { op: () => 1 } } })
  const workflow = createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } })
  const runs = 300
  const start = async () => {
    for (let n = 0; n < runs; n++) await run(workflow)
  }
  const used = () => {
    collect({ type: 'minor' })
    collect({ type: 'minor' })
    return process.memoryUsage().heapUsed
  }
  await start()
  collect()
  const before = used()
  await start()
  // A run of one step has some 65 kB, and leaves 1; where an old object holds on to it, 24.
  expect((used() - before) / runs).toBeLessThan(8_000)
})

it('lets timers have their turn between synchronous operations', async () => {
  const { createWorkflow } = setupOn(memoryHost())({ modules: { m: { op: () => 1 } } })
  const names = Array.from({ length: 3000 }, (_, index) => `s${index}`)
  const steps = Object.fromEntries(
    names.map((name, index) => [
      name,
      { invoke: 'm.op' as const, dependsOn: names.slice(Math.max(0, index - 1), index) },
    ]),
  )
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const report = await run(createWorkflow({ id: 'chain', steps }))
  clearInterval(timer)
  expect(report.counts.success).toBe(3000)
  expect(turns).toBeGreaterThan(0)
})

it('counts what an abandoned operation says later', async () => {
  const host = memoryHost()
  let answer = (_: number) => {}
  const late = () => new Promise<number>((done) => (answer = done))
  const workflow = setupOn(host)({ modules: { m: { late } } }).createWorkflow({
    id: 'w',
    steps: { late: { invoke: 'm.late' } },
  })
  const actor = createActor(workflow).start()
  await new Promise((next) => setTimeout(next, 5))
  actor.stop()
  answer(1)
  await host.idle()
  expect(actor.getSnapshot().status).toBe('stopped')
})

it('cleans up after a stop once what was aborted has ended', async () => {
  const told: string[] = []
  const host = memoryHost()
  const m = defineModule({
    cleanup: () => told.push('cleaned up'),
    operations: {
      slow: async (_: unknown, { signal }: OperationContext) => {
        told.push('started')
        await once(signal, 'abort')
        await new Promise((resolve) => setImmediate(resolve))
        told.push('ended')
      },
    },
  })
  const workflow = setupOn(host)({ modules: { m } }).createWorkflow({
    id: 'w',
    steps: { a: { invoke: 'm.slow' } },
  })
  const actor = createActor(workflow).start()
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve))
  actor.stop()
  await host.idle()
  expect(told).toEqual(['started', 'ended', 'cleaned up'])
})

it('lets an operation that reports live, and ends one that falls silent', async () => {
  const pause = (ms: number) => new Promise((next) => setTimeout(next, ms))
  const shares: unknown[] = []
  const modules = {
    m: {
      async beats(_: unknown, { heartbeat }: OperationContext) {
        for (let beat = 0; beat < 6; beat++) {
          await pause(40)
          heartbeat()
        }
      },
      async reports(_: unknown, { progress }: OperationContext) {
        for (const share of [0, 0.5, 1]) {
          progress(share, `${share * 100} %`)
          await pause(1)
        }
      },
      silent: (_: unknown, { signal }: OperationContext) =>
        new Promise((_next, fail) => signal.addEventListener('abort', () => fail(signal.reason as Error))),
    },
  }
  const { createWorkflow } = setupOn(memoryHost())({
    modules,
    subscriptions: [{ id: 'p', pattern: 'step_progress', handler: ({ data }) => void shares.push(data) }],
  })
  const report = await run(
    createWorkflow({
      id: 'w',
      parallel: true,
      steps: {
        beats: { invoke: 'm.beats', heartbeat: '150ms' },
        reports: { invoke: 'm.reports', heartbeat: '5s' },
        silent: { invoke: 'm.silent', heartbeat: '50ms' },
      },
    }),
  )
  expect(report.counts).toMatchObject({ success: 2, failed: 1 })
  expect(stepOf(report, 'silent').error).toMatchObject({ code: 'HEARTBEAT_MISSED' })
  expect(shares).toMatchObject([{ progress: 0 }, { step_name: 'reports', progress: 1, message: '100 %' }])
})

/** Blocks the event loop. */
function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

const pause = (ms: number) => new Promise((next) => setTimeout(next, ms))

describe('a blocked event loop', () => {
  /** The time that a message says, in milliseconds. */
  const blockedMs = (message = '') => Number(/the event loop was blocked for (\d+) ms/.exec(message)?.[1])
  const modules = {
    m: {
      sync: () => block(120),
      fails: () => {
        block(120)
        throw new Error('late, too')
      },
      async: async () => {
        block(120)
      },
      later: async () => {
        await pause(1)
        block(200)
      },
      quick: () => 1,
      waits: () => pause(60),
      once: (_: unknown, { attempt }: OperationContext) => void (attempt === 1 && block(120)),
      beats(_: unknown, { heartbeat }: OperationContext) {
        for (let beat = 0; beat < 6; beat++) {
          block(20)
          heartbeat()
        }
      },
    },
  }
  const { createWorkflow } = setupOn(memoryHost())({ modules })

  it.each(['sync', 'fails', 'async'] as const)(
    'makes an operation that outlives its limit (%s) time out, and says for how long it was blocked',
    async (operation) => {
      const report = await run(
        createWorkflow({ id: 'w', steps: { a: { invoke: `m.${operation}`, timeout: '40ms' } } }),
      )
      const { status, error } = stepOf(report, 'a')
      expect(status).toBe('failed')
      expect(error).toMatchObject({ code: 'ATTEMPT_TIMED_OUT' })
      expect(blockedMs(error?.message)).toBeGreaterThanOrEqual(115)
    },
  )

  it('is told for as long as it is known to have been blocked, where that began somewhere in the operation', async () => {
    const report = await run(
      createWorkflow({ id: 'w', steps: { a: { invoke: 'm.later', timeout: '40ms' } } }),
    )
    expect(stepOf(report, 'a').error).toMatchObject({ code: 'ATTEMPT_TIMED_OUT' })
    expect(blockedMs(stepOf(report, 'a').error?.message)).toBeGreaterThanOrEqual(150)
  })

  it('is the cause of the limits of others, too', async () => {
    const report = await run(
      createWorkflow({
        id: 'w',
        parallel: true,
        steps: { a: { invoke: 'm.sync' }, b: { invoke: 'm.waits', timeout: '40ms' } },
      }),
    )
    expect(stepOf(report, 'a').status).toBe('success')
    expect(stepOf(report, 'b').error).toMatchObject({ code: 'ATTEMPT_TIMED_OUT' })
    expect(blockedMs(stepOf(report, 'b').error?.message)).toBeGreaterThanOrEqual(115)
  })

  it('is the cause of a limit of the whole run', async () => {
    const report = await run(createWorkflow({ id: 'w', timeout: '40ms', steps: { a: { invoke: 'm.sync' } } }))
    expect(report.status).toBe('timed_out')
    expect(report.error).toMatchObject({ code: 'RUN_TIMED_OUT' })
    expect(blockedMs(report.error?.message)).toBeGreaterThanOrEqual(115)
  })

  it('lets an attempt be retried', async () => {
    const steps = { a: { invoke: 'm.once', timeout: '40ms', retry: { count: 1, initial: '1ms' } } } as const
    const report = await run(createWorkflow({ id: 'w', steps }))
    expect(stepOf(report, 'a')).toMatchObject({ status: 'success', attempts: 2 })
  })

  it('ends nothing that reports meanwhile', async () => {
    const report = await run(
      createWorkflow({ id: 'w', steps: { a: { invoke: 'm.beats', heartbeat: '80ms' } } }),
    )
    expect(stepOf(report, 'a').status).toBe('success')
  })
})
