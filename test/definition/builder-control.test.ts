// Control steps and recovery in TypeScript: they become what a document's would, and what makes no sense is refused when it
// runs, for those who write JavaScript.
/* oxlint-disable unicorn/no-thenable -- a key of configurations, which nobody awaits */
import { describe, expect, it } from 'vitest'
import type { ControlDefinition, StepDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import type { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { accepted, flow, step } from './documents.ts'

const modules = { m: { ok: () => 1, undo: (_: { input: unknown; output: unknown }) => undefined } }
const at = setupOn(new SimulationHost())({ modules })
const ok = { invoke: 'm.ok' } as const

const workflowOf = (steps: object, more: object = {}): WorkflowDefinition =>
  (at.createWorkflow({ id: 's', steps, ...more } as never) as unknown as RunLogic).blueprint.plan.workflow
const controlOf = (x: object) => workflowOf({ x }).steps[0]!.control

/** A definition without what functions and expressions cannot share. */
const plain = (definition: ControlDefinition | StepDefinition | null): unknown =>
  JSON.parse(
    JSON.stringify(definition, (key, value: unknown) =>
      key === 'inputs' || (typeof value === 'object' && value !== null && 'evaluate' in value)
        ? 'computed'
        : value,
    ),
  )
const inDocument = (one: object) =>
  accepted(flow([{ name: 'x', ...one }])).definition.workflows[0]!.steps[0]!.control

describe('control steps of the builder', () => {
  it.each<[string, object, object]>([
    [
      'parallel',
      { parallel: { a: ok, b: ok }, waitFor: 'any', maxConcurrency: 2 },
      { type: 'parallel', steps: [step('a'), step('b')], wait_for: 'any', max_concurrency: 2 },
    ],
    [
      'conditional',
      { condition: () => true, then: { a: ok }, else: { b: ok } },
      { type: 'conditional', condition: 'run.id == ""', then: [step('a')], else: [step('b')] },
    ],
    [
      'choose',
      { cases: [{ when: () => true, steps: { a: ok } }], default: { b: ok } },
      { type: 'conditional', cases: [{ when: 'run.id == ""', steps: [step('a')] }], default: [step('b')] },
    ],
    [
      'forEach',
      { forEach: [1, 2], steps: { a: ok }, maxConcurrency: 3, maxIterations: 9, tolerate: '5%' },
      {
        type: 'iterative',
        for_each: [1, 2],
        steps: [step('a')],
        max_concurrency: 3,
        max_iterations: 9,
        tolerate: '5%',
      },
    ],
    [
      'repeat',
      { until: () => true, steps: { a: ok } },
      { type: 'iterative', until: 'index > 1', steps: [step('a')] },
    ],
    ['wait', { wait: '10s' }, { type: 'wait', for: '10s' }],
    [
      'waitForEvent',
      { waitForEvent: 'go', filter: () => true, timeout: '1m', onTimeout: 'skip', shared: true },
      { type: 'wait', event: 'go', filter: 'event.data', timeout: '1m', on_timeout: 'skip', shared: true },
    ],
  ])('%s is what a document makes of it', (_, made, written) => {
    expect(plain(controlOf(made))).toEqual(plain(inDocument(written)))
  })

  it('inherit what holds where they are', () => {
    const { steps } = workflowOf(
      { x: { forEach: [1], steps: { y: { parallel: { a: ok } } } } },
      { parallel: true, maxConcurrency: 5, onFailure: 'compensate' },
    )
    const outer = steps[0]!.control as Extract<ControlDefinition, { kind: 'iterative' }>
    expect(outer.block).toMatchObject({
      name: 'x',
      parallel: true,
      maxConcurrency: 5,
      failFast: true,
      onFailure: 'fail',
    })
    expect(outer.block.steps[0]!.control).toMatchObject({ block: { name: 'x/y', maxConcurrency: 64 } })
  })
})

describe('recovery of the builder', () => {
  it('is what a document makes of it', () => {
    const more = {
      compensate: { invoke: 'm.undo', on: 'attempt', timeout: 2, retry: { count: 1 } },
      heartbeat: '5s',
      onFailure: ['retry', 'skip'],
    }
    const { steps, ...whole } = workflowOf(
      { a: { ...ok, ...more } },
      {
        onFailure: 'compensate',
        compensationTimeout: '10s',
        recovery: { strategies: ['skip'], maxGrantedRetries: 3, handlerTimeout: 1 },
      },
    )
    const document = accepted(
      flow(
        [
          step('a', {
            compensate: { operation: 'undo', on: 'attempt', timeout: 2, retry_count: 1 },
            heartbeat: 5,
            on_failure: ['retry', 'skip'],
          }),
        ],
        { on_failure: 'compensate', compensation_timeout: 10 },
        {},
        { error_handling: { recovery_strategies: ['skip'], max_granted_retries: 3, handler_timeout: 1 } },
      ),
    ).definition.workflows[0]!
    expect(plain(steps[0]!)).toEqual(plain(document.steps[0]!))
    const { onFailure, compensationTimeoutMs, recovery } = document
    expect(whole).toMatchObject({ onFailure, compensationTimeoutMs, recovery })
  })

  it.each<[string, object, object, RegExp]>([
    ['a compensation that is not there', { compensate: 'm.nope' }, {}, /no operation "nope"/],
    ['an unknown key of one', { compensate: { invoke: 'm.undo', retires: 1 } }, {}, /unknown key "retires"/],
    [
      'a word that is none',
      { compensate: { invoke: 'm.undo', on: 'failure' } },
      {},
      /on: expected one of success, attempt/,
    ],
    ['a heartbeat that is none', { heartbeat: -1 }, {}, /heartbeat: expected/],
    ['an unknown key of recovery', {}, { recovery: { strategy: [] } }, /unknown key "strategy"/],
    ['an unknown strategy', {}, { recovery: { strategies: ['panic'] } }, /strategies: expected one of retry/],
    ['a time that is none', {}, { compensationTimeout: 0 }, /compensationTimeout: expected/],
  ])('refuses %s', (_, more, whole, message) => {
    expect(() => workflowOf({ a: { ...ok, ...more } }, whole)).toThrow(message)
  })
})
