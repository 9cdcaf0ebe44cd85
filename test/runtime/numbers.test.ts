// The numbers of the result, held against what happened: random documents under random faults, limits and cancellations,
// whose numbers are computed anew from the attempts that the host performed and the events that the steps heard.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor, type AnyActorRef, type EventObject, type InspectionEvent } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import type { StepDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { everyStep } from '../../src/definition/nested.ts'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import { rootOf } from '../../src/runtime/charts/seat.ts'
import { resultDocument, type StepResult } from '../../src/runtime/report/result.ts'
import { arbitraries } from '../../src/testing/index.ts'
import { each as over, loop, parallel, retries, step, workflow } from './workflows.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300)

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** An attempt that was performed, of a step. */
interface Made {
  readonly path: string
  readonly effect: Attempt
  readonly step: StepDefinition
}

/** What an actor of a step heard. */
interface Heard {
  readonly path: string
  readonly event: EventObject & { readonly attempt?: number; readonly force?: boolean }
}

type Fate =
  'succeeds' | 'fails' | 'fails for good' | 'asks' | 'is slow' | 'hangs' | 'is deaf' | 'answers twice'

interface Plan {
  readonly workflows: readonly WorkflowDefinition[]
  /** By effect, over and over. */
  readonly fates: readonly Fate[]
  readonly seed: number
  readonly stop: {
    readonly after: number
    readonly event: EventObject & { readonly [key: string]: unknown }
  } | null
}

const settle = (value: unknown, afterMs?: number): Reply => ({
  ...{ kind: 'settle', outcome: { status: 'succeeded', value } },
  ...(afterMs !== undefined && { afterMs }),
})

const fail = (more: object = {}): Reply => ({
  kind: 'settle',
  outcome: { status: 'failed', error: Object.assign(new Error('no luck'), more) },
})

/** Three times out of four, in no short circle: a loop whose condition were asked at every third reply might go on for ever. */
const holdsAt = (count: number) => Math.imul(count, 0x9e3779b1) >>> 30 > 0

function replyTo(effect: Effect, fate: Fate, count: number): Reply {
  if (effect.kind === 'decision') return settle(effect.question === 'branch' ? count % 2 : holdsAt(count))
  if (effect.kind !== 'attempt') return settle(null)
  switch (fate) {
    case 'succeeds':
      return settle(count)
    case 'fails':
      return fail()
    case 'fails for good':
      return fail({ retryable: false })
    case 'asks':
      return fail({ retryAfter: 3 })
    case 'is slow':
      return settle(count, 4_000)
    case 'answers twice':
      return { kind: 'duplicate', outcome: { status: 'succeeded', value: count } }
    case 'hangs':
      return { kind: 'hang' }
    case 'is deaf':
      return { kind: 'deaf', afterMs: 9_000 }
  }
}

const logicOf = (workflows: readonly WorkflowDefinition[], host: SimulationHost) =>
  new IntegrationLogic({
    definition: {
      ...{ name: 'i', failFast: false, eventsEnabled: true, timeoutMs: 60_000, maxConcurrentWorkflows: 1 },
      ...{
        leaseTimeoutMs: 20_000,
        history: { sizeMax: 10, ageMsMax: 1_000 },
        inputs: {},
        env: {},
        handlers: [],
      },
      pools: [{ name: 'pool', units: 2 }],
      workflows: workflows.map((each, index) => ({ ...each, name: `w${index}` })),
    },
    modules: ['m', 'n'].map((name) => ({ name, operations: {}, config: null })),
    subscriptions: [{ id: 'watcher', pattern: 'step_*', handler: () => null }],
    host,
  })

function play({ workflows, fates, seed, stop }: Plan) {
  const history: (Made | Heard)[] = []
  const events: BusEvent[] = []
  let handled = 0
  let count = 0
  const host = new SimulationHost({
    seed,
    eventsMax: 200_000,
    reply: (effect) => {
      if (effect.kind === 'handler') handled++
      if (effect.kind === 'attempt' && effect.target !== 'compensation') {
        const run = rootOf(actor as unknown as AnyActorRef)!.session.runs.get(effect.run)!
        history.push({ path: effect.to, effect, step: run.stepAt(effect.index) })
      }
      return replyTo(effect, fates[++count % fates.length]!, count)
    },
  })
  const actor = createActor(logicOf(workflows, host), {
    inspect: (seen: InspectionEvent) => {
      const { id = '' } = seen.actorRef as { id?: string }
      if (seen.type === '@xstate.event' && id.includes('/step/'))
        history.push({ path: id, event: seen.event })
    },
  })
  actor.on('*' as never, (event: unknown) => void events.push(event as BusEvent))
  actor.start()
  let happened = 0
  host.run(() => {
    if (happened++ === stop?.after && actor.getSnapshot().status === 'active') actor.send(stop.event as never)
    return false
  })
  const { status, output } = actor.getSnapshot()
  expect(status).toBe('done')
  const made = history.filter((each): each is Made => 'effect' in each)
  return { report: output as unknown as IntegrationReport, history, made, events, handled }
}

/** Attempts that failed: those that said so, fell silent or outlived their limit, unless they were cut off before. */
function failuresIn(history: readonly (Made | Heard)[]): number {
  const open = new Map<string, { readonly made: Made; state: 'running' | 'awaited' | 'cut off' }>()
  let failures = 0
  for (const each of history) {
    const { path } = each
    if ('effect' in each) {
      open.set(path, { made: each, state: 'running' })
      continue
    }
    const current = open.get(path)
    const { type, attempt, force = false } = each.event
    if (!current || (attempt ?? current.made.effect.attempt) !== current.made.effect.attempt) continue
    switch (type) {
      case 'step.cancel': {
        const isAwaited = current.state === 'running' && current.made.step.onCancel === 'await' && !force
        current.state = isAwaited ? 'awaited' : 'cut off'
        break
      }
      case 'attempt.succeeded':
        open.delete(path)
        break
      case 'attempt.failed':
        if (current.state !== 'cut off') failures++
        open.delete(path)
        break
      case 'attempt.timedOut':
      case 'heartbeat.missed':
      case 'lease.lost':
        if (current.state === 'awaited') current.state = 'cut off'
        if (current.state === 'cut off') break
        failures++
        open.delete(path)
    }
  }
  return failures
}

/** Top-level steps of a scenario by what was published about them. */
function published(events: readonly BusEvent[], scenario: string, ...types: string[]): Set<string> {
  const [name, around] = [/^run\/1\/(?:[^/]+)\/(?:step|compensation)\/([^/]+)$/, `run/1/${scenario}/`]
  const found = events.filter(({ type, source }) => types.includes(type) && source.startsWith(around))
  return new Set(found.flatMap(({ source }) => name.exec(source)?.[1] ?? []))
}

const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole)

function check(plan: Plan): void {
  const { report, history, made, events, handled } = play(plan)
  const { integration_metrics: metrics, execution_summary: summary, ...document } = resultDocument(report, [])
  const failures = failuresIn(history)
  expect(metrics['total_operations']).toBe(made.length)
  expect(summary['total_operations']).toBe(made.length)
  expect(summary['errors_encountered']).toBe(failures)
  expect(metrics['error_rate']).toBe(made.length === 0 ? 0 : failures / made.length)

  const scenarios = document.integration_scenarios.scenario_results
  let [executed, succeeded] = [0, 0]
  for (const [at, { scenario_name: name, result }] of scenarios.entries()) {
    const began = published(events, name, 'step_started')
    const done = published(events, name, 'step_completed')
    for (const { step_name: each, status: ending, ...told } of result.step_results) {
      const isUndone = published(events, name, 'step_compensated', 'step_compensation_failed').has(each)
      // What is undone of a success is not always the success: inside of it, or before its fallback, more was done.
      const mayStay = told.fallback === true || told.module_name === 'custom_orchestrator'
      // Of a compensation that was ended before it got to a step nothing is published.
      if ((isUndone && !(mayStay && ending === 'success')) || told.compensation?.attempts === 0)
        done.delete(each)
    }
    executed += began.size
    succeeded += done.size
    const count = (status: string) => result.step_results.filter((each) => each.status === status).length
    expect(result).toMatchObject({
      total_steps: result.run_id === '' ? 0 : plan.workflows[at]!.steps.length,
      completed_steps: done.size,
      failed_steps: count('failed'),
      skipped_steps: count('skipped'),
      cancelled_steps: count('cancelled'),
      compensated_steps: count('compensated'),
      success_rate: share(done.size, began.size),
    })
    for (const each of result.step_results) checkStep(each, `run/1/${name}/step/${each.step_name}`, made)
  }
  expect(metrics['integration_efficiency']).toBe(share(succeeded, executed))
  expect(summary['integration_success_rate']).toBe(share(succeeded, executed))
  expect(metrics['workflows_executed']).toBe(scenarios.filter(({ result }) => result.run_id !== '').length)

  const called = made.flatMap(({ effect: { target }, step: { call, fallback } }) => {
    const calling = target === 'fallback' ? fallback : call
    return calling && 'module' in calling ? [calling.module] : []
  })
  expect(document.cross_module_communication).toMatchObject({
    events_exchanged: handled,
    modules_coordinated: new Set(called).size,
  })
  const steps = scenarios.flatMap(({ result }) => result.step_results)
  expect(document.error_propagation.errors_seen.length).toBe(steps.filter(({ error }) => error).length)
  expect(document.leases_open).toBe(0)
}

/** A step that calls an operation says how often it did, and so do those inside of a step that ran once. */
function checkStep(
  { module_name: module, attempts, steps = [] }: StepResult,
  path: string,
  made: readonly Made[],
) {
  const last = made.findLast((each) => each.path === path)
  if (module !== 'custom_orchestrator') expect([path, attempts]).toEqual([path, last?.effect.attempt ?? 0])
  if (attempts === 1) for (const each of steps) checkStep(each, `${path}/${each.step_name}`, made)
}

/** Definitions whose fallbacks are values, or operations of another module. */
const definition = fc.tuple(arbitraries.definition({ depthMax: 2 }), fc.boolean()).map(([each, isCalled]) => {
  const fallback = {
    module: 'n',
    operation: 'op',
    parameters: { kind: 'value', value: {} },
    compensate: null,
  }
  if (isCalled)
    for (const { step: one } of everyStep(each)) if (one.fallback) Object.assign(one, { fallback })
  return each
})

const plan: fc.Arbitrary<Plan> = fc.record({
  workflows: fc.array(definition, { minLength: 1, maxLength: 2 }),
  fates: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<Fate>('succeeds') },
      { weight: 2, arbitrary: fc.constantFrom<Fate>('fails') },
      {
        weight: 3,
        arbitrary: fc.constantFrom<Fate>(
          ...(['fails for good', 'asks', 'is slow', 'hangs', 'is deaf', 'answers twice'] as const),
        ),
      },
    ),
    { minLength: 1, maxLength: 12 },
  ),
  seed: fc.nat(),
  stop: fc.option(
    fc.record({
      after: fc.nat({ max: 30 }),
      event: fc.constantFrom(
        { type: 'run.cancel' },
        { type: 'run.cancel', force: true },
        { type: 'run.cancelStep', step: 'w0/s0' },
      ),
    }),
  ),
})

describe('the numbers of a result', () => {
  it('are those of what happened', { timeout: 600_000 }, () => {
    fc.assert(fc.property(plan, check), { numRuns: RUNS })
  })

  const one = (
    steps: readonly StepDefinition[],
    fates: readonly Fate[],
    more: Partial<WorkflowDefinition> = {},
  ) => {
    const { report } = play({ workflows: [workflow(steps, more)], fates, seed: 1, stop: null })
    const { total_operations, errors_encountered } = resultDocument(report, []).execution_summary
    return { total_operations, errors_encountered }
  }

  it('count an attempt that failed before its step was cancelled in its backoff', () => {
    expect(one([step('a', { retry: retries(5) })], ['fails'], { timeoutMs: 3_500 })).toEqual({
      total_operations: 4,
      errors_encountered: 4,
    })
  })

  it('do not count as failed what was cut off', () => {
    expect(one([step('a', { retry: retries(5) })], ['hangs'], { timeoutMs: 3_500 })).toEqual({
      total_operations: 1,
      errors_encountered: 0,
    })
  })

  it('count what is inside of other steps, and the fallback of such a step', () => {
    const fallback = {
      module: 'n',
      operation: 'op',
      parameters: { kind: 'value', value: {} },
      compensate: null,
    } as const
    const inner = step('inner', { retry: retries(1) })
    expect(one([parallel('g', [inner], {}, { fallback })], ['fails'])).toEqual({
      total_operations: 3,
      errors_encountered: 3,
    })
    expect(one([loop('l', over([1, 2]), [inner])], ['succeeds'])).toEqual({
      total_operations: 2,
      errors_encountered: 0,
    })
  })
})
