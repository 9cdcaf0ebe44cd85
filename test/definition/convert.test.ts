// What a definition makes of a document's control steps: blocks, limits, defaults.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import { describe, expect, it } from 'vitest'
import type { ControlDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { blocksOf, everyStep } from '../../src/definition/nested.ts'
import { accepted, flow, step } from './documents.ts'

const parallel = (name: string, more: object = {}) => ({
  name,
  type: 'parallel',
  steps: [step('a'), step('b')],
  ...more,
})
const workflow = (steps: object[], ...rest: object[]): WorkflowDefinition =>
  accepted(flow(steps, ...rest)).definition.workflows[0]!
const control = (x: object, ...rest: object[]): ControlDefinition =>
  workflow([{ name: 'x', ...x }], ...rest).steps[0]!.control!
const block = (x: object, ...rest: object[]): WorkflowDefinition =>
  blocksOf(workflow([{ name: 'x', ...x }], ...rest).steps[0]!)[0]!
const kept = { type: 'iterative', for_each: [1, 2], steps: [step('a')] }

describe('a control step', () => {
  it('calls nothing, and is tried once where nothing else is said', () => {
    const [x, y] = workflow(
      [parallel('x'), parallel('y', { retry_count: 2, timeout: 5 })],
      {},
      { max_retries: 3 },
    ).steps
    expect(x).toMatchObject({
      call: null,
      timeoutMs: null,
      retry: { count: 0 },
      resources: [],
      heartbeatMs: null,
    })
    expect(y).toMatchObject({ timeoutMs: 5000, retry: { count: 2 } })
    expect(blocksOf(x!)[0]!.steps[0]!.retry.count).toBe(3)
  })

  it('that waits is tried once, and its timeout is the wait’s own', () => {
    const more = { type: 'wait', event: 'e', timeout: '2m', on_timeout: 'skip' }
    const { steps } = workflow([{ name: 'w', ...more }], {}, { max_retries: 3 })
    expect(steps[0]).toMatchObject({
      timeoutMs: null,
      retry: { count: 0 },
      control: {
        kind: 'wait',
        until: {
          kind: 'event',
          event: 'e',
          filter: null,
          timeoutMs: 120_000,
          onTimeout: 'skip',
          shared: false,
        },
        output: null,
      },
    })
    expect(control({ type: 'wait', event: 'e' })).toMatchObject({
      until: { timeoutMs: null, onTimeout: 'fail' },
    })
    expect(control({ type: 'wait', for: '250ms' })).toEqual({
      kind: 'wait',
      until: { kind: 'timer', delayMs: 250 },
      output: null,
    })
  })

  it.each([
    [{}, 'all'],
    [{ wait_for: 'all' }, 'all'],
    [{ wait_for: 'any' }, 1],
    [{ wait_for: 2 }, 2],
  ])('waits for as many as it says: %j', (more, waitFor) => {
    expect(control(parallel('x', more))).toMatchObject({ kind: 'parallel', waitFor })
  })

  it.each([
    [{ condition: 'true', then: [step('t')] }, ['t'], null],
    [{ condition: 'true', then: [step('t')], else: [step('e')] }, ['t'], 'e'],
    [{ cases: [1, 2].map((n) => ({ when: `${n} == 2`, steps: [step(`c${n}`)] })) }, ['c1', 'c2'], null],
    [{ cases: [{ when: true, steps: [step('c')] }], default: [step('d')] }, ['c'], 'd'],
  ])('takes one of its branches: %j', (more, taken, otherwise) => {
    const made = control({ type: 'conditional', ...more })
    if (made.kind !== 'conditional') throw new Error(made.kind)
    expect(made.cases.map((one) => one.block.steps[0]!.name)).toEqual(taken)
    expect(made.otherwise?.steps[0]!.name ?? null).toBe(otherwise)
  })

  it.each([
    [{}, { iterationsMax: 100_000, maxConcurrency: 1, tolerate: { count: 0 } }],
    [
      { tolerate: 3, max_iterations: 7, max_concurrency: 2 },
      { iterationsMax: 7, maxConcurrency: 2, tolerate: { count: 3 } },
    ],
    [{ tolerate: '12.5%' }, { tolerate: { share: 0.125 } }],
    [{ tolerate: ' 100 %' }, { tolerate: { share: 1 } }],
  ])('iterates within its limits: %j', (more, limits) => {
    const over = { kind: 'each', items: { kind: 'value', value: [1, 2] } }
    expect(control({ ...kept, ...more })).toMatchObject({ kind: 'iterative', over, ...limits })
  })
})

describe('a list of steps inside', () => {
  it('is a workflow without limits of its own, named by its address', () => {
    const inner = { name: 'i', type: 'conditional', condition: true, then: [step('t')], else: [step('e')] }
    const more = {
      timeout: 60,
      description: 'd',
      on_failure: 'fail',
      compensation_timeout: 9,
      outputs: { x: 1 },
    }
    const outer = block(parallel('x', { steps: [inner] }), more)
    expect(outer).toMatchObject({
      name: 'x',
      description: '',
      timeoutMs: null,
      onFailure: 'fail',
      compensationTimeoutMs: 9000,
      inputs: null,
      outputs: {},
    })
    expect(blocksOf(outer.steps[0]!).map(({ name }) => name)).toEqual(['x/i', 'x/i'])
  })

  it.each<[object, object, object, boolean]>([
    [{}, {}, {}, false],
    [{}, {}, { fail_fast: true }, true],
    [{}, { on_failure: 'compensate' }, {}, true],
    [{ wait_for: 'any' }, { on_failure: 'compensate' }, { fail_fast: true }, false],
    [{ wait_for: 'all' }, {}, { fail_fast: true }, true],
  ])(
    'stops at its first failure where its scenario does: %j in %j, %j',
    (more, scenario, integration, failFast) => {
      expect(block(parallel('x', more), scenario, integration).failFast).toBe(failFast)
    },
  )

  it.each<[string, object, object, object, object]>([
    ['of a parallel step', parallel('x'), {}, {}, { parallel: true, maxConcurrency: 64 }],
    ['with a limit', parallel('x', { max_concurrency: 2 }), {}, {}, { parallel: true, maxConcurrency: 2 }],
    ['of an iteration', kept, {}, {}, { parallel: false, maxConcurrency: 64 }],
    [
      'of an iteration in a parallel scenario',
      kept,
      { parallel_execution: true, max_concurrency: 3 },
      {},
      { parallel: true, maxConcurrency: 3 },
    ],
    ['where that is forbidden', parallel('x'), {}, { parallel_execution: false }, { parallel: false }],
  ])(
    'runs side by side as it says, else as what is around it: %s',
    (_, x, scenario, performance, expected) => {
      expect(block(x, scenario, {}, { performance })).toMatchObject(expected)
    },
  )

  it('takes after the list around it, at any depth', () => {
    const inner = parallel('x', { max_concurrency: 2, steps: [{ ...kept, name: 'l' }] })
    expect(blocksOf(block(inner).steps[0]!)[0]).toMatchObject({
      name: 'x/l',
      parallel: true,
      maxConcurrency: 2,
    })
  })

  it('iterates one by one where steps side by side are forbidden', () => {
    const off = { performance: { parallel_execution: false } }
    expect(control({ ...kept, max_concurrency: 5 }, {}, {}, off)).toMatchObject({ maxConcurrency: 1 })
  })

  it('has addresses through all that nests', () => {
    const steps = [parallel('p', { steps: [{ ...kept, name: 'l' }, step('z')] })]
    expect([...everyStep(workflow(steps))].map(({ address }) => address)).toEqual([
      'p',
      'p/l',
      'p/l/a',
      'p/z',
    ])
  })
})
