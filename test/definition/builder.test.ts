// What the builder makes of a configuration: the definitions of control steps, of what undoes a step, and of what holds for
// failures. What it refuses is in shape.test.ts; that a run does what they say, in test/runtime.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { describe, expect, it } from 'vitest'
import { defineWorkflow, type AnyWorkflowConfig } from '../../src/definition/builder.ts'
import type { ControlDefinition, DataScope, StepDefinition } from '../../src/definition/model.ts'
import { everyStep } from '../../src/definition/nested.ts'

const define = (config: object) => defineWorkflow({ id: 'w', ...config } as AnyWorkflowConfig)
const stepOf = (step: object, config: object = {}): StepDefinition =>
  define({ ...config, steps: { a: step } }).steps[0]!
const controlOf = (step: object, config: object = {}): ControlDefinition => stepOf(step, config).control!
const op = { invoke: 'm.op' }
const yes = () => true

describe('the definition of a workflow', () => {
  it('says what happens on failure, and how long undoing may take', () => {
    const recovery = { strategies: 'skip', maxGrantedRetries: 3, handlerTimeout: '1m' }
    expect(define({ steps: {}, onFailure: 'compensate', compensationTimeout: 10, recovery })).toMatchObject({
      onFailure: 'compensate',
      compensationTimeoutMs: 10_000,
      recovery: { strategies: ['skip'], grantedRetriesMax: 3, answerMs: 60_000 },
    })
    expect(define({ steps: {} })).toMatchObject({
      onFailure: 'fail',
      compensationTimeoutMs: 300_000,
      recovery: { strategies: [], grantedRetriesMax: 1, answerMs: 5_000 },
    })
  })

  it('leaves to others what a step does not decide', () => {
    expect(stepOf(op).onFailure).toBeNull()
    expect(stepOf({ ...op, onFailure: 'compensate' }).onFailure).toEqual(['compensate'])
    expect(stepOf({ ...op, onFailure: ['retry', 'degradation'] }).onFailure).toEqual(['retry', 'degradation'])
  })
})

describe('what undoes a step', () => {
  it('is an operation that is given what the step was given and gave', () => {
    expect(stepOf({ ...op, compensate: 'm.undo' })).toMatchObject({
      compensate: {
        module: 'm',
        operation: 'undo',
        parameters: null,
        on: 'success',
        timeoutMs: null,
        retry: { count: 0 },
      },
      onCancel: 'await',
    })
  })

  it('takes parameters, a limit and retries of its own', () => {
    const parameters = ({ output }: { output: number }) => ({ output })
    const { compensate } = stepOf({
      ...op,
      compensate: { invoke: 'n.undo', parameters, on: 'attempt', timeout: 2, retry: { count: 3 } },
    })
    expect(compensate).toMatchObject({ module: 'n', on: 'attempt', timeoutMs: 2000, retry: { count: 3 } })
    expect(compensate?.parameters?.kind).toBe('function')
  })

  it('has running steps awaited, unless they say otherwise', () => {
    expect(stepOf(op).onCancel).toBe('abort')
    expect(stepOf({ ...op, onCancel: 'await' }).onCancel).toBe('await')
    expect(stepOf({ ...op, compensate: 'm.undo', onCancel: 'abort' }).onCancel).toBe('abort')
  })
})

describe('steps side by side', () => {
  it('are a workflow without limits of its own', () => {
    expect(
      stepOf({ parallel: { x: { ...op, heartbeat: 3 } }, output: yes, timeout: 5, retry: { count: 1 } }),
    ).toMatchObject({
      call: null,
      timeoutMs: 5000,
      retry: { count: 1 },
      control: {
        kind: 'parallel',
        waitFor: 'all',
        output: { kind: 'function' },
        block: {
          name: 'a',
          timeoutMs: null,
          inputs: null,
          outputs: {},
          parallel: true,
          maxConcurrency: 64,
          onFailure: 'fail',
          steps: [{ name: 'x', heartbeatMs: 3000, call: { module: 'm' } }],
        },
      },
    })
  })

  it.each([
    ['any', 1],
    [2, 2],
    ['all', 'all'],
  ])('wait for %s', (waitFor, expected) => {
    expect(controlOf({ parallel: { x: op, y: op }, waitFor })).toMatchObject({ waitFor: expected })
  })

  it.each([
    [{ failFast: true }, undefined, true],
    [{ onFailure: 'compensate' }, undefined, true],
    [{}, undefined, false],
    [{ failFast: true }, 'any', false],
    [{ onFailure: 'compensate' }, 1, false],
  ])('fail fast as their workflow does %j, unless some are enough: %s', (config, waitFor, failFast) => {
    expect(controlOf({ parallel: { x: op }, waitFor }, config)).toMatchObject({ block: { failFast } })
  })
})

describe('branches', () => {
  it('are asked in order', () => {
    const cases = [
      { when: yes, steps: { x: op } },
      { when: yes, steps: { y: op, z: op } },
    ]
    expect(controlOf({ cases, default: { d: op } })).toMatchObject({
      kind: 'conditional',
      cases: [{ when: { kind: 'function' }, block: { name: 'a', steps: [{ name: 'x' }] } }, { block: {} }],
      otherwise: { name: 'a', steps: [{ name: 'd' }] },
    })
  })

  it('are two where there is one condition', () => {
    expect(controlOf({ condition: yes, then: { x: op } })).toMatchObject({ cases: [{}], otherwise: null })
    expect(controlOf({ condition: yes, then: { x: op }, else: { y: op } })).toMatchObject({
      otherwise: { steps: [{ name: 'y' }] },
    })
  })
})

describe('iterations', () => {
  it('are over items', () => {
    expect(controlOf({ forEach: [1], steps: { x: op } })).toMatchObject({
      kind: 'iterative',
      over: { kind: 'each', items: { kind: 'value', value: [1] } },
      iterationsMax: 100_000,
      maxConcurrency: 1,
      tolerate: { count: 0 },
      output: null,
    })
    const more = { maxConcurrency: 3, maxIterations: 5, tolerate: 2 }
    expect(controlOf({ forEach: () => [1], steps: { x: op }, ...more })).toMatchObject({
      over: { items: { kind: 'function' } },
      iterationsMax: 5,
      maxConcurrency: 3,
      tolerate: { count: 2 },
    })
  })

  it.each([
    ['0%', 0],
    ['12.5%', 0.125],
    ['100%', 1],
  ])('put up with %s of failures', (tolerate, share) => {
    expect(controlOf({ forEach: [], steps: { x: op }, tolerate })).toMatchObject({ tolerate: { share } })
  })

  it.each(['while', 'until'])('go on by a condition: %s', (kind) => {
    expect(controlOf({ [kind]: yes, steps: { x: op } })).toMatchObject({
      over: { kind, condition: { kind: 'function' } },
      maxConcurrency: 1,
    })
  })
})

describe('waits', () => {
  it('are for a time', () => {
    expect(stepOf({ wait: '10s' })).toMatchObject({
      timeoutMs: null,
      control: { kind: 'wait', until: { kind: 'timer', delayMs: 10_000 }, output: null },
    })
  })

  it('are for an event, whose limit is not that of an attempt', () => {
    expect(stepOf({ waitForEvent: 'e', filter: yes, timeout: '1d', onTimeout: 'skip' })).toMatchObject({
      timeoutMs: null,
      control: {
        until: { kind: 'event', event: 'e', filter: {}, timeoutMs: 86_400_000, onTimeout: 'skip' },
      },
    })
    expect(controlOf({ waitForEvent: 'e' })).toMatchObject({
      until: { filter: null, timeoutMs: null, onTimeout: 'fail' },
    })
  })
})

describe('a workflow as a step', () => {
  const called = define({ id: 'called', inputs: { x: { type: 'number' }, y: { default: 2 } }, steps: {} })
  const logic = {}
  const calling = (step: object) => {
    const config = { id: 'w', steps: { a: { scenario: logic, ...step } } } as unknown as AnyWorkflowConfig
    const { control } = defineWorkflow(config, (given) => (given === logic ? called : null)).steps[0]!
    return control as Extract<ControlDefinition, { kind: 'scenario' }>
  }
  const inputsOf = (step: object, inputs: object) => {
    const { inputs: given } = calling(step)
    return given.kind === 'function' ? { ...(given.evaluate({ inputs } as DataScope) as object) } : null
  }

  it('is the workflow itself', () => {
    expect(calling({}).workflow).toBe(called)
  })

  it('is given inputs laid over those of the run, and defaults', () => {
    expect(inputsOf({ inputs: { x: 1 } }, { x: 7, z: 3 })).toEqual({ x: 1, y: 2 })
    expect(inputsOf({}, { x: 7, y: 8, z: 3 })).toEqual({ x: 7, y: 8 })
    const inputs = (scope: DataScope) => ({ y: scope.inputs['z'] })
    expect(inputsOf({ inputs }, { x: 7, z: 3 })).toEqual({ x: 7, y: 3 })
  })

  it.each([
    ['an input that is missing', {}, 'INPUT_INVALID'],
    ['an input of another kind', { inputs: () => ({ x: 'one' }) }, 'INPUT_INVALID'],
    ['an input that is not declared', { inputs: () => ({ x: 1, zz: 1 }) }, 'INPUT_INVALID'],
    ['inputs that are no object', { inputs: () => 3 }, 'EXPRESSION_FAILED'],
  ])('does not start with %s', (_, step, code) => {
    expect(() => inputsOf(step, {})).toThrow(expect.objectContaining({ code, retryable: false }) as Error)
  })
})

describe('nested steps', () => {
  const inner = { until: yes, steps: { deep: { parallel: { x: op } } } }
  const nested = define({
    parallel: true,
    maxConcurrency: 5,
    steps: { outer: { cases: [{ when: yes, steps: { inner } }] } },
  })

  it('have addresses, and their lists are named after them', () => {
    const all = [...everyStep(nested)]
    expect(all.map(({ address }) => address)).toEqual([
      'outer',
      'outer/inner',
      'outer/inner/deep',
      'outer/inner/deep/x',
    ])
    expect((all[2]!.step.control as { block: object }).block).toMatchObject({ name: 'outer/inner/deep' })
  })

  it('go side by side where the list around them does', () => {
    const { control } = [...everyStep(nested)][1]!.step
    expect(control).toMatchObject({ block: { parallel: true, maxConcurrency: 5 } })
    const [step] = define({ steps: { p: { parallel: { inner }, maxConcurrency: 2 } } }).steps
    expect(step?.control).toMatchObject({ block: { steps: [{ control: { block: { maxConcurrency: 2 } } }] } })
    const sequential = define({ steps: { inner } }).steps[0]?.control
    expect(sequential).toMatchObject({ block: { parallel: false } })
  })
})

describe('a list that grows', () => {
  interface List {
    steps(steps: object): List
    step(name: string, step: object): List
  }

  it('makes what a literal makes', () => {
    const literal = { x: op, y: { ...op, dependsOn: ['x'] } }
    const grown = (list: List) => list.steps({ x: op }).step('y', literal.y)
    expect(define({ steps: grown })).toEqual(define({ steps: literal }))
    expect(controlOf({ parallel: grown })).toEqual(controlOf({ parallel: literal }))
    expect(controlOf({ forEach: [1], steps: grown })).toEqual(controlOf({ forEach: [1], steps: literal }))
  })

  it('never changes', () => {
    const names = define({
      steps: (list: List) => {
        const first = list.steps({ x: op })
        first.step('left', op)
        return first.step('right', op)
      },
    }).steps.map(({ name }) => name)
    expect(names).toEqual(['x', 'right'])
  })

  it('costs the same for each step, however many there are', () => {
    const { steps } = define({
      steps: (list: List) => {
        let all = list
        for (let index = 0; index < 20_000; index++) all = all.step(`s${index}`, op)
        return all
      },
    })
    expect(steps).toHaveLength(20_000)
    expect(steps.at(-1)?.name).toBe('s19999')
  })
})
