// Who answers to a failure, and what the answer does: handlers, lists of verdicts, what holds for a workflow; and
// heartbeats, which tell a failure from silence.
import { createActor } from 'xstate'
import { describe, expect, it } from 'vitest'
import type { BusEvent, Verdict } from '../../machines/protocol.ts'
import type { HandlerDefinition, IntegrationDefinition, Module } from '../../src/definition/model.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import type { Subscription } from '../../src/runtime/environment/subscription.ts'
import {
  breaks,
  fallbackCall,
  computed,
  parallel,
  play,
  retries,
  statuses,
  step,
  verdicts,
  workflow,
  type Play,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const handler = (
  id: string,
  handle: Subscription['handler'],
  more: Partial<Subscription> = {},
): Subscription => ({
  id,
  pattern: 'step_failed',
  handler: handle,
  ...more,
})
const says = (verdict: Verdict) => () => verdict
const dependents = [step('a'), step('b', { dependsOn: ['a'] }), step('c')]
const failing = { fates: { a: breaks } }

describe('a handler of step_failed', () => {
  it.each<[Verdict, object, string]>([
    ['retry', { a: 'failed', b: 'failed', c: 'success' }, 'failed'],
    ['skip', { a: 'skipped', b: 'success', c: 'success' }, 'completed'],
    ['fail', { a: 'failed', b: 'failed', c: 'success' }, 'failed'],
    ['fail_workflow', { a: 'failed', b: 'cancelled', c: 'cancelled' }, 'failed'],
    ['compensate', { a: 'failed', b: 'cancelled', c: 'cancelled' }, 'compensated'],
  ])('answers %s', (verdict, expected, status) => {
    const slow: Play['reply'] = (_, address) =>
      address === 'c' ? { kind: 'execute', afterMs: 1000 } : undefined
    const subscriptions = [handler('h', says(verdict))]
    const played = play(workflow(dependents), { ...failing, subscriptions, reply: slow })
    expect(statuses(played)).toEqual(expected)
    expect(played.report.status).toBe(status)
    expect(stepOf(played.report, 'a').attempts).toBe(verdict === 'retry' ? 2 : 1)
  })

  it('is asked once a step, and not where the step says something itself', () => {
    let asked = 0
    const subscriptions = [handler('h', () => (asked++, 'retry'))]
    play(workflow([step('a')]), { ...failing, subscriptions })
    play(workflow([step('a', verdicts('fail'))]), { ...failing, subscriptions })
    expect(asked).toBe(2)
    asked = 0
    play(workflow([step('a')]), { ...failing, subscriptions })
    expect(asked).toBe(1)
  })

  it('counts by priority, whoever answers first; one that throws or says nothing does not count', () => {
    const answer = (...subscriptions: Subscription[]) =>
      statuses(play(workflow([step('a')]), { ...failing, subscriptions }))['a']
    expect(answer(handler('low', says('fail')), handler('high', says('skip'), { priority: 1 }))).toBe(
      'skipped',
    )
    expect(
      answer(
        handler('x', breaks, { priority: 2 }),
        handler('y', () => undefined, { priority: 1 }),
        handler('z', says('skip')),
      ),
    ).toBe('skipped')
    expect(answer(handler('x', () => 'gibberish'))).toBe('failed')
    expect(answer(handler('x', says('skip'), { filter: () => false }))).toBe('failed')
  })

  it('has a limited time, after which the best answer counts that there is, or what holds for the workflow', () => {
    const late: Play['reply'] = () => undefined
    const subscriptions = [handler('slow', says('fail'), { priority: 1 }), handler('quick', says('skip'))]
    const hangs = (effect: { kind: string; subscription?: string }) =>
      effect.kind === 'handler' && effect.subscription === 'slow'
    const played = play(workflow([step('a')]), {
      ...failing,
      subscriptions,
      reply: late,
      handlerHangs: hangs,
    })
    expect(statuses(played)).toEqual({ a: 'skipped' })
    expect(stepOf(played.report, 'a').finishedAt).toBe(5000)
    const alone = play(
      workflow([step('a')], { recovery: { strategies: ['skip'], grantedRetriesMax: 1, answerMs: 700 } }),
      {
        ...failing,
        subscriptions: [subscriptions[0]!],
        handlerHangs: hangs,
      },
    )
    expect(statuses(alone)).toEqual({ a: 'skipped' })
    expect(stepOf(alone.report, 'a').finishedAt).toBe(700)
  })

  it('is not there without events, and the workflow decides at once', () => {
    const played = play(workflow([step('a')]), { ...failing, subscriptions: [], eventsEnabled: false })
    expect(statuses(played)).toEqual({ a: 'failed' })
  })

  it('may answer to a control step', () => {
    const subscriptions = [
      handler('h', ({ source }: BusEvent) => (source.endsWith('/step/p') ? 'skip' : undefined)),
    ]
    const played = play(workflow([parallel('p', [step('a')])]), { fates: { 'p/a': breaks }, subscriptions })
    expect(statuses(played)).toEqual({ p: 'skipped' })
  })
})

describe('what holds for a workflow', () => {
  const withStrategies = (...strategies: Verdict[]) => ({
    recovery: { strategies, grantedRetriesMax: 1, answerMs: 5000 },
  })

  it('counts for steps that say nothing', () => {
    const steps = [step('a'), step('b', verdicts('fail'))]
    const played = play(workflow(steps, withStrategies('retry', 'skip')), { fates: { a: breaks, b: breaks } })
    expect(statuses(played)).toEqual({ a: 'skipped', b: 'failed' })
    expect(stepOf(played.report, 'a').attempts).toBe(2)
  })

  it('marks the run as degraded where something stands in, and never invents a value', () => {
    const ladder = withStrategies('retry', 'fallback', 'degradation')
    const stands = play(workflow([step('a', { fallback: computed('old') })], ladder), failing)
    expect(stands.report).toMatchObject({ status: 'completed', degraded: true })
    expect(stepOf(stands.report, 'a').output).toBe('old')
    const none = play(workflow([step('a')], ladder), failing)
    expect(none.report).toMatchObject({ status: 'failed', degraded: false })
    const skipped = play(workflow([step('a', verdicts('degradation', 'skip'))]), failing)
    expect(skipped.report).toMatchObject({ status: 'completed', degraded: true })
    expect(stepOf(skipped.report, 'a').output).toBeNull()
    const plain = play(workflow([step('a', { fallback: computed('old') })]), failing)
    expect(plain.report).toMatchObject({ status: 'completed', degraded: true })
    expect(stepOf(plain.report, 'a').fallback).toBe(true)
    const tried = play(workflow([step('a', { fallback: fallbackCall() })]), failing)
    expect(tried.report).toMatchObject({ status: 'failed', degraded: false })
    expect(stepOf(tried.report, 'a').fallback).toBe(false)
  })

  it('grants retries inside of control steps, too, and says so of the run around it', () => {
    const inner = step('a', { fallback: computed('old'), ...verdicts('degradation', 'skip') })
    const played = play(workflow([parallel('p', [inner])]), { fates: { 'p/a': breaks } })
    expect(played.report.degraded).toBe(true)
  })
})

describe('a heartbeat', () => {
  const slow: Play['reply'] = () => ({ kind: 'execute', afterMs: 60_000 })

  it('that is missed fails the attempt, which may be retried', () => {
    const silent = step('a', { heartbeatMs: 2000, retry: retries(1) })
    const played = play(workflow([silent]), { reply: slow })
    expect(stepOf(played.report, 'a')).toMatchObject({ error: { code: 'HEARTBEAT_MISSED' }, attempts: 2 })
    expect(played.time).toBeLessThan(10_000)
  })

  it('is not held against an attempt that is made again after a crash', () => {
    const silent = workflow([step('a', { heartbeatMs: 2000 })])
    const journal = play(silent, { reply: slow }).journal.slice(0, 2)
    const quick: Play['reply'] = () => ({ kind: 'execute', afterMs: 500 })
    const resumed = play(silent, { journal, reply: quick, startAt: 60_000 })
    expect(resumed.calls).toEqual(['a'])
    expect(resumed.report.status).toBe('completed')
  })

  it('is nothing that a step without one has to do', () => {
    expect(play(workflow([step('a')]), { reply: slow }).report.status).toBe('completed')
  })
})

describe('the handlers that a document names', () => {
  const run = (handlers: readonly HandlerDefinition[], ops: Module['operations']) => {
    const said: unknown[] = []
    const host = new SimulationHost()
    const modules: Module[] = [{ name: 'm', operations: { op: breaks, ...ops }, config: { to: 'Ada' } }]
    const definition: IntegrationDefinition = {
      name: 'i',
      failFast: false,
      eventsEnabled: true,
      timeoutMs: null,
      maxConcurrentWorkflows: 1,
      leaseTimeoutMs: 300_000,
      history: { sizeMax: 1000, ageMsMax: 86_400_000 },
      pools: [],
      inputs: {},
      env: {},
      handlers,
      workflows: [workflow([step('a'), step('b', { dependsOn: ['a'] })])],
    }
    const open = host.open.bind(host)
    host.open = (...given) => {
      const port = open(...given)
      port.log = (path, message) => void said.push([path, message])
      return port
    }
    const actor = createActor(new IntegrationLogic({ definition, modules, host })).start()
    host.run()
    return { report: actor.getSnapshot().output as unknown as IntegrationReport, said }
  }

  it('are operations, which are given the event and may answer', () => {
    const given: unknown[] = []
    const decide = (event: BusEvent, { config, step: failed }: { config: unknown; step: string }) => {
      given.push([event.type, failed, config])
      return 'skip'
    }
    const target = { module: 'm', operation: 'decide' }
    const { report } = run([{ event: 'step_failed', target, priority: 0 }], { decide: decide as never })
    expect(report.scenarios[0]).toMatchObject({ status: 'completed', counts: { skipped: 2 } })
    expect(given).toEqual([
      ['step_failed', 'a', { to: 'Ada' }],
      ['step_failed', 'b', { to: 'Ada' }],
    ])
  })

  it('are built in: those that log', () => {
    const { said } = run([{ event: 'step_failed', target: { builtIn: 'log_step_failure' }, priority: 0 }], {})
    expect(said).toEqual([
      ['run/1/bus/events', 'step_failed: run/1/w/step/a'],
      ['run/1/bus/events', 'step_failed: run/1/w/step/b'],
    ])
  })
})
