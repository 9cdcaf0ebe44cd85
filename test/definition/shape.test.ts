// What the builder refuses, for those whose compiler did not: keys, kinds, words and numbers, each with the place and what
// to do about it.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { describe, expect, it } from 'vitest'
import { defineWorkflow, type AnyWorkflowConfig } from '../../src/definition/builder.ts'
import { STEP_NESTING_MAX } from '../../src/definition/builder-step.ts'

const op = { invoke: 'm.op' }
const x = { x: op }
const yes = () => true
const define = (config: object) => () =>
  defineWorkflow({ id: 'w', steps: {}, ...config } as AnyWorkflowConfig)
const refused = (message: string) =>
  expect.objectContaining({ code: 'WORKFLOW_INVALID', message: expect.stringContaining(message) }) as Error

describe('a step', () => {
  it.each([
    ['nothing to do', { timeout: 1 }, 'it says nothing to do; give one of invoke, parallel, condition'],
    ['a kind that is misspelt', { paralel: x }, 'unknown key "paralel"; did you mean "parallel"?'],
    ['two kinds', { ...op, parallel: x }, 'it has both invoke and parallel, and a step does one thing'],
    ['two conditions', { while: yes, until: yes, steps: x }, 'it has both while and until'],
    ['a misspelt key', { wait: 1, outptu: yes }, 'unknown key "outptu"; did you mean "output"?'],
    ['a list where an object belongs', [], 'expected an object, found an empty list'],
    [
      'a word that is not there',
      { ...op, onCancel: 'wait' },
      'onCancel: expected one of abort, await, found "wait"',
    ],
    [
      'a verdict that is not there',
      { ...op, onFailure: ['retry', 'redo'] },
      'onFailure: expected one of retry,',
    ],
    ['a heartbeat that is none', { ...op, heartbeat: 0 }, 'heartbeat: expected a time above zero'],
    ['a version that is no text', { ...op, version: 2 }, 'version: expected text, found 2'],
    ['a fallback of no kind', { ...op, fallback: {} }, 'fallback: value is missing'],
    [
      'a misspelt key of a fallback',
      { ...op, fallback: { invoke: 'm.op', params: 1 } },
      'fallback: unknown key "params"; there are invoke, parameters',
    ],
  ])('is refused with %s', (_, step, message) => {
    expect(define({ steps: { a: step } })).toThrow(refused(`Workflow "w", step "a": ${message}`))
  })

  it.each([
    ['a control step', 'resources', { parallel: x, resources: [] }, 'parallel'],
    ['a control step', 'heartbeat', { forEach: [], steps: x, heartbeat: 1 }, 'forEach'],
    ['a control step', 'parameters', { scenario: {}, parameters: {} }, 'scenario'],
    ['a wait', 'retry', { wait: 1, retry: {} }, 'wait'],
    ['a wait for a time', 'timeout', { wait: 1, timeout: 1 }, 'wait'],
    ['a wait for an event', 'retry', { waitForEvent: 'e', retry: {} }, 'waitForEvent'],
    ['an operation', 'waitFor', { ...op, waitFor: 'any' }, 'invoke'],
    ['an operation', 'output', { ...op, output: yes }, 'invoke'],
    ['a loop', 'maxConcurrency', { while: yes, steps: x, maxConcurrency: 2 }, 'while'],
    ['a loop', 'tolerate', { until: yes, steps: x, tolerate: 2 }, 'until'],
    ['a choice', 'else', { cases: [], else: x }, 'cases'],
  ])('that is %s has no %s', (_, key, step, kind) => {
    expect(define({ steps: { a: step } })).toThrow(
      refused(`step "a": ${key} has no effect in a step with ${kind}; leave it out`),
    )
  })
})

describe('a control step', () => {
  it.each([
    [
      'more successes than steps',
      { parallel: x, waitFor: 2 },
      'waitFor: expected at most the number of its steps, 1, found 2',
    ],
    ['no success at all', { parallel: x, waitFor: 0 }, 'waitFor: expected a whole number from 1, found 0'],
    [
      'another word',
      { parallel: x, waitFor: 'some' },
      'waitFor: expected one of all, any, or a number, found "some"',
    ],
    [
      'nothing side by side',
      { parallel: {}, waitFor: 'any' },
      'waitFor: expected at most the number of its steps, 0',
    ],
    ['no branch', { condition: yes }, 'then is missing; give it'],
    ['no case', { cases: [] }, 'cases: expected at least one case'],
    ['a case without steps', { cases: [{ when: yes }] }, 'cases[0]: steps is missing'],
    ['a case with more', { cases: [{ when: yes, steps: x, then: x }] }, 'cases[0]: unknown key "then"'],
    ['a condition that is none', { condition: true, then: x }, 'condition: expected a function, found true'],
    ['no steps', { forEach: [] }, 'steps is missing; give it'],
    ['items that are no list', { forEach: 3, steps: x }, 'forEach: expected a list, or a function, found 3'],
    [
      'no iteration',
      { forEach: [], steps: x, maxIterations: 0 },
      'maxIterations: expected a whole number from 1',
    ],
    [
      'a share that is none',
      { forEach: [], steps: x, tolerate: '10' },
      'tolerate: expected a whole number from 0, or a share',
    ],
    [
      'more than all',
      { forEach: [], steps: x, tolerate: '101%' },
      'tolerate: expected a whole number from 0, or a share',
    ],
    ['less than none', { forEach: [], steps: x, tolerate: -1 }, 'tolerate: expected a whole number from 0'],
    ['half a failure', { forEach: [], steps: x, tolerate: 0.5 }, 'tolerate: expected a whole number from 0'],
    ['a time that is none', { wait: '5' }, 'wait: expected a time above zero'],
    ['no event', { waitForEvent: '' }, 'waitForEvent: expected the name of an event'],
    ['no flag', { waitForEvent: 'e', shared: 'yes' }, 'shared: expected true or false, found "yes"'],
    [
      'an end that never comes',
      { waitForEvent: 'e', onTimeout: 'skip' },
      'onTimeout has no effect without timeout',
    ],
    ['no workflow', { scenario: {} }, 'scenario: expected what createWorkflow of the same setup gave'],
    ['a list that is none', { parallel: () => 3 }, 'steps: expected the list that the function was given'],
  ])('is refused with %s', (_, step, message) => {
    expect(define({ steps: { a: step } })).toThrow(refused(`Workflow "w", step "a": ${message}`))
  })

  it('knows the inputs of what it calls', () => {
    const called = defineWorkflow({ id: 'called', inputs: { x: { type: 'number' } }, steps: {} })
    const calling = (inputs: object) => () =>
      defineWorkflow({ id: 'w', steps: { a: { scenario: {}, inputs } } } as never, () => called)
    expect(calling({ y: 1 })).toThrow(refused('step "a": inputs: the input "y" was given'))
    expect(calling({ x: 'one' })).toThrow(refused('expected type number, found "one"'))
    expect(calling({})).not.toThrow()
  })
})

describe('what undoes a step', () => {
  it.each([
    ['no operation', {}, 'invoke is missing'],
    ['half a name', 'undo', 'invoke: expected "module.operation", found "undo"'],
    ['another word', { invoke: 'm.undo', on: 'failure' }, 'on: expected one of success, attempt'],
    ['a misspelt key', { invoke: 'm.undo', retires: 1 }, 'unknown key "retires"'],
    [
      'a misspelt key of its retries',
      { invoke: 'm.undo', retry: { cuont: 1 } },
      'retry: unknown key "cuont"',
    ],
    ['no time', { invoke: 'm.undo', timeout: -1 }, 'timeout: expected a time above zero'],
  ])('is refused with %s', (_, compensate, message) => {
    const found = define({ steps: { a: { ...op, compensate } } })
    expect(found).toThrow(refused('Workflow "w", step "a": compensate'))
    expect(found).toThrow(refused(message))
  })
})

describe('a workflow', () => {
  it.each([
    ['another end', { onFailure: 'undo' }, 'onFailure: expected one of fail, compensate'],
    ['no time to undo', { compensationTimeout: 0 }, 'compensationTimeout: expected a time above zero'],
    [
      'a strategy that is a verdict',
      { recovery: { strategies: ['fail'] } },
      'strategies: expected one of retry, fallback',
    ],
    ['a misspelt key', { recovery: { strategy: 'skip' } }, 'unknown key "strategy"'],
    [
      'fewer than no retries',
      { recovery: { maxGrantedRetries: -1 } },
      'maxGrantedRetries: expected a whole number',
    ],
    [
      'no time to answer',
      { recovery: { handlerTimeout: '0s' } },
      'handlerTimeout: expected a time above zero',
    ],
    ['steps that are none', { steps: [] }, 'steps: expected an object, or a function, found an empty list'],
  ])('is refused with %s', (_, config, message) => {
    expect(define(config)).toThrow(refused(message))
  })

  it('says where in nested steps something is wrong', () => {
    const inner = { until: yes, steps: { deep: { parallel: { x: { ...op, retyr: 1 } } } } }
    expect(define({ steps: { outer: { parallel: { inner } } } })).toThrow(
      refused('Workflow "w", step "outer/inner/deep/x": unknown key "retyr"; did you mean "retry"?'),
    )
  })

  it('nests no deeper than it says, also where it nests itself', () => {
    const circle: { parallel: Record<string, unknown> } = { parallel: {} }
    circle.parallel['again'] = circle
    expect(define({ steps: { circle } })).toThrow(
      refused(`nested more than ${STEP_NESTING_MAX} deep; make a workflow`),
    )
    let deep: object = op
    for (let depth = 1; depth < STEP_NESTING_MAX; depth++) deep = { parallel: { deep } }
    expect(define({ steps: { deep } })).not.toThrow()
    expect(define({ steps: { deep: { parallel: { deep } } } })).toThrow(refused('nested more than'))
  })
})
