// What every host must do with a run that has little to prepare, or much.
/* oxlint-disable unicorn/no-thenable -- a key of configurations, which nobody awaits */
import { expect, it } from 'vitest'
import { createActor, createMachine } from 'xstate'
import type { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import type { WorkflowLogic } from '../../src/runtime/charts/workflow-logic.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import type { Harness } from './conformance.ts'

/** The builder as JavaScript sees it: these rules are about running, not about types. */
interface Builder {
  createWorkflow(config: object): WorkflowLogic
}

const pause = { wait: '1ms' }

/** Rules of the start of a run. */
export function startRules(create: () => Harness): void {
  const on = (harness: Harness, options: object) =>
    setupOn(harness.host)({ modules: {}, ...options } as never) as unknown as Builder
  const finish = async (config: object, options: object = {}) => {
    const harness = create()
    const actor = createActor(on(harness, options).createWorkflow({ id: 'w', ...config })).start()
    await harness.drive(() => actor.getSnapshot().status !== 'active')
    return actor.getSnapshot().output as RunReport
  }
  it.each([
    ['no step', {}],
    ['a wait', { a: pause }],
    ['steps side by side', { a: { parallel: { b: pause, c: pause } } }],
    ['a loop', { a: { forEach: [1, 2], steps: { b: pause } } }],
    ['a branch', { a: { condition: () => true, then: { b: pause } } }],
    ['a step that is skipped', { a: { ...pause, when: () => false } }],
  ])('runs %s without a module to prepare', async (_, steps) => {
    const { status, leasesOpen } = await finish({ steps })
    expect({ status, leasesOpen }).toEqual({ status: 'completed', leasesOpen: 0 })
  })

  it('runs a scenario without a module to prepare', async () => {
    const harness = create()
    const { createWorkflow } = on(harness, {})
    const called = createWorkflow({ id: 'called', steps: { pause } })
    const actor = createActor(createWorkflow({ id: 'w', steps: { a: { scenario: called } } })).start()
    await harness.drive(() => actor.getSnapshot().status !== 'active')
    expect(actor.getSnapshot().output).toMatchObject({ status: 'completed' })
  })

  it('runs without a module in a machine of its own', async () => {
    const harness = create()
    const workflow = on(harness, {}).createWorkflow({ id: 'w', steps: { a: pause } }) as unknown as RunLogic
    const actor = createActor(
      createMachine({
        initial: 'waiting',
        states: { waiting: { invoke: { src: workflow, input: {}, onDone: 'done' } }, done: {} },
      }),
    ).start()
    await harness.drive(() => actor.getSnapshot().value === 'done')
    actor.stop()
  })

  it('counts its limit from its start, while nothing but a wait is under way', async () => {
    expect(await finish({ timeout: '10ms', steps: { a: { wait: '1h' } } })).toMatchObject({
      status: 'timed_out',
      error: { code: 'RUN_TIMED_OUT' },
    })
  })

  it('cleans up no module whose init was not called, wherever it is stopped', async () => {
    const ends: string[][] = []
    for (let events = 0; events < 40; events++) {
      const harness = create()
      const calls: string[] = []
      const module = (name: string) => ({
        init: () => void calls.push(`init ${name}`),
        cleanup: () => void calls.push(`cleanup ${name}`),
        operations: { op: () => null },
      })
      const { createWorkflow } = on(harness, { modules: { m: module('m'), n: module('n') } })
      const actor = createActor(
        createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } } as never),
      ).start()
      let seen = 0
      if (events > 0) await harness.drive(() => ++seen > events || actor.getSnapshot().status !== 'active')
      actor.stop()
      await harness.host.idle()
      const inits = calls.filter((call) => call.startsWith('init'))
      expect(calls.slice(inits.length)).toEqual(
        inits.map((call) => call.replace('init', 'cleanup')).reverse(),
      )
      ends.push(calls)
    }
    expect(ends[0]).toEqual([])
    expect(ends.at(-1)).toHaveLength(4)
  })

  it('counts its limit from its start, while a module is being prepared', async () => {
    const calls: string[] = []
    const first = {
      init: () => void calls.push('init'),
      cleanup: () => void calls.push('cleanup'),
      operations: { op: () => null },
    }
    const hang = {
      init: ({ signal }: { signal: AbortSignal }) =>
        new Promise((_done, fail) => signal.addEventListener('abort', () => fail(new Error('aborted')))),
      operations: { op: () => void calls.push('op') },
    }
    const report = await finish(
      { timeout: '10ms', steps: { a: { invoke: 'hang.op' } } },
      { modules: { first, hang } },
    )
    expect(report).toMatchObject({ status: 'timed_out', counts: { cancelled: 1 } })
    expect(calls).toEqual(['init', 'cleanup'])
  })
}
