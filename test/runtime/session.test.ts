// What the joint between a run and its host promises: order of journal and effects, late replies, order of leases.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect, Entry, Host, HostPort } from '../../src/runtime/port/host.ts'
import { rootOf } from '../../src/runtime/charts/seat.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { stepOf, type RunReport } from '../../src/runtime/report/step-records.ts'
import { UNDER_WAY } from './workflows.ts'

const operations = { op: () => 1 }

const build = (host: Host, steps: object) =>
  setupOn(host)({
    modules: { m: operations },
    resources: { a: { units: 1 }, b: { units: 1 } },
    resourceTimeout: '1m',
  }).createWorkflow({
    id: 'w',
    parallel: true,
    steps,
  } as never)

function play(steps: object, reply: (effect: Effect) => Reply) {
  const host = new SimulationHost({ reply })
  const actor = createActor(build(host, steps)).start()
  const { session } = rootOf(actor)!
  host.run()
  return { report: actor.getSnapshot().output as unknown as RunReport, session, host }
}

describe('session', () => {
  it('writes an entry down before anything that depends on it starts', () => {
    const inner = new SimulationHost()
    const told: string[] = []
    const host: Host = {
      name: 'listening',
      newRunId: () => '1',
      idle: () => inner.idle(),
      open(request, guest) {
        const port = inner.open(request, guest)
        return new Proxy(port, {
          get(target, key: keyof HostPort) {
            const value = target[key]
            if (typeof value !== 'function') return value
            return (first: { to?: string; event?: { type: string } }, ...rest: unknown[]) => {
              if (key === 'record') told.push(`record ${first.event?.type} ${first.to}`)
              if (key === 'perform') told.push(`perform ${first.to}`)
              return (value as (...all: unknown[]) => unknown).call(target, first, ...rest)
            }
          },
        })
      },
    }
    createActor(build(host, { a: { invoke: 'm.op' }, b: { invoke: 'm.op', dependsOn: ['a'] } })).start()
    inner.run()
    const order = ['perform run/1/step/a', 'record attempt.succeeded run/1/step/a', 'perform run/1/step/b']
    expect(told.filter((line) => order.includes(line))).toEqual(order)
  })

  it('goes on from its journal where there was no module to prepare', () => {
    const host = new SimulationHost()
    const steps = { a: { wait: '1s' }, b: { wait: '1s', dependsOn: ['a'] } } as const
    const workflow = setupOn(host)({ modules: {} }).createWorkflow({ id: 'w', timeout: '5s', steps })
    const actor = createActor(workflow).start()
    host.run(() => host.journal('1').length === 2)
    const snapshot = actor.getPersistedSnapshot()
    host.crash()
    const again = createActor(workflow, { snapshot: snapshot as never }).start()
    host.run()
    expect(again.getSnapshot().output).toMatchObject({ status: 'completed' })
    expect(host.time).toBe(2000)
  })

  it('obeys a command that came before the start', () => {
    const host = new SimulationHost()
    const { createWorkflow } = setupOn(host)({ modules: {} })
    const actor = createActor(createWorkflow({ id: 'w', steps: { a: { wait: '1s' } } }))
    actor.send({ type: 'run.cancel' })
    actor.start()
    host.run()
    expect(actor.getSnapshot().output).toMatchObject({ status: 'cancelled' })
  })

  it('ends with an error where the journal is not of this workflow', () => {
    const journal: Entry[] = [
      { at: 0, to: 'run/1', event: { type: 'run.started', seed: 1 } },
      { at: 0, to: 'run/1/module/zzz', event: { type: 'module.initialised' } },
    ]
    const host = new SimulationHost({ journals: { 1: journal } })
    const snapshot = UNDER_WAY
    const actor = createActor(build(host, { a: { invoke: 'm.op' } }), { snapshot })
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => errors.push(error) })
    actor.start()
    host.run()
    expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
  })

  it('discards and counts what an abandoned operation says later', () => {
    const late = ({ to }: Effect): Reply =>
      to.endsWith('/late')
        ? { kind: 'deaf', afterMs: 60_000 }
        : { kind: 'execute', afterMs: to.endsWith('/slow') ? 90_000 : 0 }
    const { report, session, host } = play(
      { late: { invoke: 'm.op', timeout: '1s' }, slow: { invoke: 'm.op' } },
      late,
    )
    expect(stepOf(report, 'late')).toMatchObject({
      status: 'failed',
      output: null,
      error: { code: 'ATTEMPT_TIMED_OUT' },
    })
    expect(session.lateReplies).toBe(1)
    expect(
      host.journal('1').filter(({ to, event }) => to.endsWith('/late') && event.type === 'attempt.succeeded'),
    ).toEqual([])
  })

  it('takes the first answer of a condition, and no second', () => {
    const outcome = { status: 'succeeded', value: true } as const
    const twice = ({ kind }: Effect): Reply =>
      kind === 'decision' ? { kind: 'duplicate', outcome } : { kind: 'execute', afterMs: 1 }
    const { report } = play({ a: { invoke: 'm.op', when: () => true } }, twice)
    expect(stepOf(report, 'a')).toMatchObject({ status: 'success', attempts: 1 })
  })

  it('leaves no timer behind a step that has ended', () => {
    const slow = ({ to }: Effect): Reply => ({ kind: 'execute', afterMs: to.endsWith('/slow') ? 60_000 : 0 })
    const quick = { invoke: 'm.op', timeout: '1s', retry: { maxElapsed: '2s' } }
    const { session } = play({ quick, slow: { invoke: 'm.op' } }, slow)
    expect(session.lateReplies).toBe(0)
  })

  // Found by the properties: one step held the leases and waited for the slot, the other held the slot.
  it('lets no retry wait for leases of a step that waits for its slot', () => {
    const fails = ({ to }: Effect): Reply =>
      to.endsWith('/first')
        ? { kind: 'settle', outcome: { status: 'failed', error: new Error('no') } }
        : { kind: 'execute' }
    const retry = { count: 1, initial: '1s', jitter: 'none' } as const
    const host = new SimulationHost({ reply: fails })
    const at = setupOn(host)({ modules: { m: operations }, resources: { a: { units: 1 } } })
    const actor = createActor(
      at.createWorkflow({
        id: 'w',
        steps: {
          first: { invoke: 'm.op', resources: ['a'], retry },
          second: { invoke: 'm.op', resources: ['a'] },
        },
      }),
    ).start()
    host.run()
    expect(stepOf(actor.getSnapshot().output!, 'first')).toMatchObject({
      attempts: 2,
      error: { message: 'no' },
    })
    expect(host.time).toBe(1000)
  })

  it('lets no two steps wait for each other, in whatever order they name their resources', () => {
    const slow = ({ kind }: Effect): Reply => ({ kind: 'execute', afterMs: kind === 'attempt' ? 1000 : 0 })
    const steps = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [
        `s${index}`,
        { invoke: 'm.op', resources: index % 2 ? ['a', 'b'] : ['b', 'a'] },
      ]),
    )
    const { report, host } = play(steps, slow)
    expect(report.counts.success).toBe(10)
    expect(host.time).toBe(10_000)
  })
})
