// What an integration does with its scenarios, modules and pools, on the simulation host.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { defineWorkflow } from '../../src/definition/builder.ts'
import type { IntegrationDefinition, Module, OperationContext } from '../../src/definition/model.ts'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import { resultDocument } from '../../src/runtime/report/result.ts'
import type { Subscription } from '../../src/runtime/environment/subscription.ts'
import { UNDER_WAY } from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const calls: string[] = []

const module = (name: string, more: Partial<Module> = {}): Module => ({
  name,
  config: {},
  init: () => void calls.push(`init ${name}`),
  cleanup: () => void calls.push(`cleanup ${name}`),
  operations: {
    ok: ((_: unknown, { step, emit }: { step: string; emit: (type: string, data?: unknown) => void }) => {
      calls.push(step)
      emit('did', { step })
      return step
    }) as never,
    boom: () => {
      throw new Error('no luck')
    },
  },
  ...more,
})

type Steps = Record<string, object>

const workflow = (id: string, steps: Steps, more: object = {}) =>
  defineWorkflow({ id, steps, ...more } as never)

function definition(
  workflows: IntegrationDefinition['workflows'],
  more: Partial<IntegrationDefinition> = {},
) {
  return {
    name: 'i',
    failFast: false,
    eventsEnabled: true,
    timeoutMs: 300_000,
    maxConcurrentWorkflows: 1,
    leaseTimeoutMs: 300_000,
    history: { sizeMax: 1000, ageMsMax: 86_400_000 },
    pools: [],
    inputs: {},
    env: {},
    handlers: [],
    workflows,
    ...more,
  } satisfies IntegrationDefinition
}

interface Options {
  readonly modules?: readonly Module[]
  readonly reply?: (effect: Effect) => Reply
  readonly subscriptions?: readonly Subscription[]
  readonly cancelAfter?: number
  /** Sent once the scenarios wait for something. */
  readonly sent?: readonly object[]
}

function play(integration: IntegrationDefinition, options: Options = {}) {
  calls.length = 0
  const { modules = [module('m'), module('n')], reply, subscriptions = [], cancelAfter, sent = [] } = options
  const host = new SimulationHost(reply ? { reply } : {})
  const actor = createActor(
    new IntegrationLogic({ definition: integration, modules, host, subscriptions }),
  ).start()
  const waiting = [...sent]
  let count = 0
  host.run(() => {
    if (count++ === cancelAfter) actor.send({ type: 'run.cancel' })
    if (host.nextAt !== host.time) for (const event of waiting.splice(0)) actor.send(event as never)
    return false
  })
  return { report: actor.getSnapshot().output as unknown as IntegrationReport, host, actor }
}

const ok = { invoke: 'm.ok' }

describe('integration', () => {
  it('runs its scenarios in declared order, and cleans up in reverse order', () => {
    const { report } = play(
      definition([workflow('one', { a: ok }), workflow('two', { b: { invoke: 'n.ok' } })]),
    )
    expect(report.status).toBe('completed')
    expect(calls).toEqual(['init m', 'init n', 'a', 'b', 'cleanup n', 'cleanup m'])
    expect(report.scenarios.map((run) => run?.status)).toEqual(['completed', 'completed'])
  })

  it('runs as many scenarios at once as it may, and reports them in declared order', () => {
    const slow = (effect: Effect): Reply =>
      effect.kind === 'attempt'
        ? { kind: 'execute', afterMs: effect.to.includes('/one/') ? 2000 : 1000 }
        : { kind: 'execute' }
    const workflows = ['one', 'two', 'three'].map((id) => workflow(id, { [`${id}_step`]: ok }))
    const { report, host } = play(definition(workflows, { maxConcurrentWorkflows: 2 }), { reply: slow })
    expect(calls.filter((call) => call.endsWith('_step'))).toEqual(['two_step', 'one_step', 'three_step'])
    expect(report.scenarios.map((run) => run?.workflow)).toEqual(['one', 'two', 'three'])
    expect(host.time).toBe(2000)
  })

  it('gives a signal to the scenario that is declared first, and refuses what is not valid', () => {
    const wait = { wait: { waitForEvent: 'go', timeout: '1s', onTimeout: 'continue' } }
    const both = definition([workflow('one', wait), workflow('two', wait)], { maxConcurrentWorkflows: 2 })
    const signal = { type: 'run.signal', event: 'go', data: 'yes' }
    const hostile = [
      {},
      { type: 'scenarios.finished' },
      { type: 'scenario.settled' },
      { ...signal, data: 1n },
    ]
    const { report } = play(both, { sent: [...hostile, signal] })
    expect(report.scenarios.map((run) => stepOf(run!, 'wait').output)).toEqual(['yes', null])
    expect(report).toMatchObject({ status: 'completed', events: { refused: 4, dropped: 0, passedOver: 0 } })
    expect(resultDocument(report, ['first'])).toMatchObject({
      cross_module_communication: { events_refused: 4, signals_dropped: 0, events_passed_over: 0 },
      warnings: ['first', 'EVENT_REFUSED: events refused: 4; they were not valid and changed nothing'],
    })
  })

  it('lets later scenarios run after a failure, unless it fails fast', () => {
    const workflows = [workflow('one', { bad: { invoke: 'm.boom' } }), workflow('two', { b: ok })]
    const patient = play(definition(workflows)).report
    expect(patient).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
    expect(patient.scenarios.map((run) => run?.status)).toEqual(['failed', 'completed'])
    const hasty = play(definition(workflows, { failFast: true })).report
    expect(hasty.scenarios.map((run) => run?.status)).toEqual(['failed', undefined])
    const { integration_scenarios: scenarios } = resultDocument(hasty, [])
    expect(scenarios.scenarios_executed).toBe(1)
    expect(scenarios.scenario_results[1]).toMatchObject({ scenario_name: 'two', status: 'cancelled' })
  })

  it('fails when a module cannot be initialised, and cleans up those that were', () => {
    const broken = module('n', {
      init: () => {
        throw new Error('no connection')
      },
    })
    const { report } = play(definition([workflow('one', { a: ok })]), { modules: [module('m'), broken] })
    expect(report).toMatchObject({
      status: 'failed',
      error: { code: 'MODULE_INIT_FAILED', message: 'no connection' },
    })
    expect(calls).toEqual(['init m', 'cleanup m'])
    expect(report.modules.map(({ status }) => status)).toEqual(['success', 'failed'])
  })

  it('says when a module could not be cleaned up, and cleans up the others', () => {
    const messy = module('n', {
      cleanup: () => {
        throw new Error('stuck')
      },
    })
    const { report } = play(definition([workflow('one', { a: ok })]), { modules: [module('m'), messy] })
    expect(report).toMatchObject({
      status: 'completed_with_cleanup_issues',
      cleanupIssues: [{ message: 'stuck' }],
    })
    expect(calls.at(-1)).toBe('cleanup m')
  })

  it('does not wait for a module that hangs', () => {
    const hang =
      (kind: string) =>
      (effect: Effect): Reply =>
        effect.kind === kind ? { kind: 'deaf' } : { kind: 'execute' }
    const { report } = play(definition([workflow('one', { a: ok })]), { reply: hang('init') })
    expect(report).toMatchObject({ status: 'failed', error: { code: 'MODULE_INIT_FAILED' } })
    expect(play(definition([workflow('one', { a: ok })]), { reply: hang('cleanup') }).report).toMatchObject({
      status: 'completed_with_cleanup_issues',
    })
  })

  it('ends in order when it exceeds its time or is cancelled', () => {
    const hang = ({ kind }: Effect): Reply => (kind === 'attempt' ? { kind: 'hang' } : { kind: 'execute' })
    const late = play(definition([workflow('one', { a: ok }), workflow('two', { b: ok })]), {
      reply: hang,
    }).report
    expect(late).toMatchObject({ status: 'timed_out', error: { code: 'RUN_TIMED_OUT' }, leasesOpen: 0 })
    expect(late.scenarios.map((run) => run?.status)).toEqual(['timed_out', undefined])
    const { report } = play(definition([workflow('one', { a: ok })]), { reply: hang, cancelAfter: 2 })
    expect(report).toMatchObject({ status: 'cancelled', leasesOpen: 0 })
    expect(calls.slice(-2)).toEqual(['cleanup n', 'cleanup m'])
  })

  it('shares its pools among its scenarios', () => {
    const step = { invoke: 'm.ok', resources: ['db'] }
    const workflows = ['one', 'two'].map((id) => workflow(id, { [`${id}_step`]: step }))
    const slow = ({ kind }: Effect): Reply => ({ kind: 'execute', afterMs: kind === 'attempt' ? 1000 : 0 })
    const shared = definition(workflows, { maxConcurrentWorkflows: 2, pools: [{ name: 'db', units: 1 }] })
    const { report, host } = play(shared, { reply: slow })
    expect(report).toMatchObject({ status: 'completed', leasesOpen: 0 })
    expect(host.time).toBe(2000)
  })

  it('gives up on a lease that does not come, with the message of the seed', () => {
    const steps = { a: { invoke: 'm.ok', resources: ['db'] }, b: { invoke: 'm.ok', resources: ['db'] } }
    const hang = ({ kind }: Effect): Reply => ({ kind: 'execute', afterMs: kind === 'attempt' ? 5000 : 0 })
    const tight = definition([workflow('one', steps, { parallel: true })], {
      pools: [{ name: 'db', units: 1 }],
      leaseTimeoutMs: 100,
    })
    const { report } = play(tight, { reply: hang })
    expect(stepOf(report.scenarios[0]!, 'b')).toMatchObject({
      status: 'failed',
      error: { code: 'RESOURCE_TIMEOUT' },
    })
    expect(stepOf(report.scenarios[0]!, 'b')?.error?.message).toMatch(/^Resource timeout exceeded/)
  })

  it('hands events to subscribers, those of operations too, and harms nobody with one that throws', () => {
    const all: string[] = []
    const some: unknown[] = []
    const subscriptions: Subscription[] = [
      { id: 'all', pattern: '*', handler: ({ type }) => void all.push(type) },
      {
        id: 'bad',
        pattern: 'step_*',
        handler: () => {
          throw new Error('oops')
        },
      },
      {
        id: 'some',
        pattern: 'did',
        filter: ({ data }) => (data as { step: string }).step === 'b',
        handler: ({ data, source }) => void some.push([data, source]),
      },
    ]
    const { report } = play(definition([workflow('one', { a: ok, b: ok })]), { subscriptions })
    expect(report.status).toBe('completed')
    expect(all).toEqual([
      ...['module_loaded', 'module_loaded', 'module_initialized', 'module_initialized', 'workflow_started'],
      ...[
        'step_started',
        'did',
        'step_completed',
        'step_started',
        'did',
        'step_completed',
        'workflow_completed',
      ],
    ])
    expect(some).toEqual([[{ step: 'b' }, 'run/1/one/step/b']])
    expect(report.bus?.counters).toMatchObject({ failed: 4 })
  })

  it('tells of events that a handler is not told of: as an event, in the result and its warnings', () => {
    const drops: unknown[] = []
    let heard = 0
    const flood = (_: unknown, { emit }: OperationContext) => {
      for (let i = 0; i < 5000; i++) emit('row', { i })
    }
    const subscriptions: Subscription[] = [
      { id: 'slow', pattern: 'row', handler: () => void heard++ },
      { id: 'told', pattern: 'events_dropped', handler: ({ data }) => void drops.push(data) },
    ]
    const modules = [module('m', { operations: { flood } })]
    const { report } = play(definition([workflow('one', { a: { invoke: 'm.flood' } })]), {
      subscriptions,
      modules,
    })
    const dropped = { handler: 'slow', pattern: 'row', events: 5000 - heard }
    expect(heard).toBeLessThan(1100)
    expect(drops.at(0)).toMatchObject({ handler: 'slow', pattern: 'row' })
    expect(drops).toHaveLength(4)
    const { warnings, cross_module_communication: communication } = resultDocument(report, ['before'])
    expect(communication.events_dropped).toEqual([dropped])
    expect(warnings).toEqual([
      'before',
      expect.stringMatching(/^EVENTS_DROPPED: the handler slow was not told of \d+ events of "row"/),
    ])
  })

  it('runs without a bus where events are off', () => {
    const { report } = play(definition([workflow('one', { a: ok })], { eventsEnabled: false }))
    expect(report).toMatchObject({ status: 'completed', bus: null })
    expect(resultDocument(report, []).integration_metrics['event_system_active']).toBe(false)
  })
})

describe('a crash of an integration at any entry', () => {
  it('resumes to the same end, and repeats no recorded attempt', () => {
    const steps = {
      a: ok,
      bad: { invoke: 'm.boom', retry: { count: 1, initial: '1s' }, resources: ['db'] },
      c: { ...ok, resources: ['db'] },
    }
    const integration = definition([workflow('one', steps, { parallel: true }), workflow('two', { d: ok })], {
      pools: [{ name: 'db', units: 1 }],
    })
    const modules = [module('m')]
    const { host, report } = play(integration, { modules })
    const journal = host.journal('1')
    const snapshot = UNDER_WAY
    for (let length = 1; length <= journal.length; length++) {
      calls.length = 0
      const prefix = journal.slice(0, length)
      const again = new SimulationHost({ journals: { 1: prefix } })
      const actor = createActor(new IntegrationLogic({ definition: integration, modules, host: again }), {
        snapshot,
      }).start()
      again.run()
      const resumed = actor.getSnapshot().output as unknown as IntegrationReport
      expect(resumed).toMatchObject({ status: report.status, leasesOpen: 0 })
      expect(resumed.scenarios.map((run) => run?.counts)).toEqual(report.scenarios.map((run) => run?.counts))
      const done = prefix
        .filter(({ event }) => event.type === 'attempt.succeeded')
        .map(({ to }) => to.split('/').at(-1))
      expect(calls.filter((call) => done.includes(call))).toEqual([])
    }
  })

  it('restores a finished one as it was', () => {
    const integration = definition([workflow('one', { a: ok })])
    const { actor, host } = play(integration)
    const snapshot = actor.getPersistedSnapshot()
    const logic = new IntegrationLogic({ definition: integration, modules: [module('m'), module('n')], host })
    expect(createActor(logic, { snapshot }).start().getSnapshot()).toMatchObject({
      status: 'done',
      value: 'completed',
      output: { status: 'completed' },
    })
  })
})

describe('result document', () => {
  it('counts what was measured', () => {
    const steps = {
      a: ok,
      b: { invoke: 'n.ok', dependsOn: ['a'] },
      bad: { invoke: 'm.boom', retry: { count: 1 } },
      after: { ...ok, dependsOn: ['bad'] },
    }
    const document = resultDocument(play(definition([workflow('one', steps)])).report, ['a warning'])
    expect(document).toMatchObject({
      status: 'failed',
      integration_name: 'i',
      module_initialization: { modules_attempted: 2, modules_successful: 2, modules_failed: 0 },
      integration_metrics: { total_operations: 4, error_rate: 0.5, integration_efficiency: 2 / 3 },
      execution_summary: { errors_encountered: 2, workflows_executed: 1 },
      warnings: ['a warning'],
      leases_open: 0,
    })
    const [scenario] = document.integration_scenarios.scenario_results
    expect(scenario?.result).toMatchObject({
      total_steps: 4,
      completed_steps: 2,
      failed_steps: 2,
      success_rate: 2 / 3,
    })
    expect(scenario?.result.step_results[3]).toMatchObject({
      step_name: 'after',
      status: 'failed',
      dependencies_satisfied: false,
      attempts: 0,
      started_at: null,
    })
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })
})
