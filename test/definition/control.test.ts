// Control steps, compensation, verdicts and handlers in documents: what they become, and what is refused.
/* oxlint-disable unicorn/no-thenable -- a key of documents, which nobody awaits */
import { describe, expect, it } from 'vitest'
import type { ControlDefinition, DataScope, StepDefinition } from '../../src/definition/model.ts'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const parallel = (name: string, steps: object[], more: object = {}) => ({
  name,
  type: 'parallel',
  steps,
  ...more,
})
const loop = (name: string, more: object = {}) => ({
  name,
  type: 'iterative',
  for_each: [1, 2],
  steps: [step('f')],
  ...more,
})
const wait = (more: object) => ({ name: 'w', type: 'wait', ...more })
const choice = (more: object) => ({ name: 'c', type: 'conditional', ...more })

const definitionOf = (text: string) => accepted(text).definition
const first = (steps: object[], scenario = {}, integration = {}, top = {}): StepDefinition =>
  definitionOf(flow(steps, scenario, integration, top)).workflows[0]!.steps[0]!
const controlOf = <TKind extends ControlDefinition['kind']>(one: object, scenario = {}) =>
  first([one], scenario).control as Extract<ControlDefinition, { kind: TKind }>

const view = (output: unknown) => ({ output, status: 'success' as const, error: null, attempts: 1 })
const scope = (steps: Record<string, unknown>, more: Partial<DataScope> = {}): DataScope => ({
  steps: Object.fromEntries(Object.entries(steps).map(([name, output]) => [name, view(output)])),
  inputs: {},
  env: {},
  run: { id: '1', scenario: 's', started_at: '' },
  ...more,
})

describe('control steps of documents', () => {
  it('become lists of steps with the limits of where they are', () => {
    const { block, waitFor } = controlOf<'parallel'>(
      parallel('p', [step('a'), step('b')], { max_concurrency: 3 }),
    )
    expect(block).toMatchObject({
      name: 'p',
      parallel: true,
      maxConcurrency: 3,
      failFast: false,
      timeoutMs: null,
    })
    expect(block.steps.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(waitFor).toBe('all')
    const inherited = controlOf<'iterative'>(loop('l'), {
      parallel_execution: true,
      max_concurrency: 5,
      on_failure: 'compensate',
    })
    expect(inherited.block).toMatchObject({
      parallel: true,
      maxConcurrency: 5,
      failFast: true,
      onFailure: 'fail',
    })
    const any = controlOf<'parallel'>(parallel('p', [step('a')], { wait_for: 'any' }), {
      on_failure: 'compensate',
    })
    expect(any).toMatchObject({ waitFor: 1, block: { failFast: false } })
  })

  it('go one at a time where the document forbids all else', () => {
    const text = flow(
      [parallel('p', [loop('l', { max_concurrency: 4 })])],
      {},
      {},
      { performance: { parallel_execution: false } },
    )
    const outer = definitionOf(text).workflows[0]!.steps[0]!.control as Extract<
      ControlDefinition,
      { kind: 'parallel' }
    >
    expect(outer.block.parallel).toBe(false)
    expect(outer.block.steps[0]!.control).toMatchObject({ maxConcurrency: 1 })
    expect(outer.block.steps[0]!.control).toMatchObject({ block: { name: 'p/l' } })
  })

  it('choose by a condition, or by the first case', () => {
    const two = controlOf<'conditional'>(
      choice({ condition: 'run.id == "1"', then: [step('a')], else: [step('b')] }),
      {},
    )
    expect(two).toMatchObject({
      cases: [{ block: { steps: [{ name: 'a' }] } }],
      otherwise: { steps: [{ name: 'b' }] },
    })
    const many = controlOf<'conditional'>(
      choice({
        cases: [
          { when: true, steps: [step('a')] },
          { when: false, steps: [] },
        ],
      }),
    )
    expect(many.cases.map(({ when }) => when)).toEqual([
      { kind: 'value', value: true },
      { kind: 'value', value: false },
    ])
    expect(many.otherwise).toBeNull()
  })

  it('iterate over items, or as long as a condition says', () => {
    const over = (more: object) => controlOf<'iterative'>({ ...loop('l'), for_each: undefined, ...more }).over
    expect(over({ for_each: [1, 2] })).toEqual({ kind: 'each', items: { kind: 'value', value: [1, 2] } })
    const items = over({ for_each: '[run.id, 2]' }) as { items: { evaluate(scope: DataScope): unknown } }
    expect(items.items.evaluate(scope({}))).toEqual(['1', 2])
    const until = over({ until: 'steps.f.output == index' }) as {
      kind: string
      condition: { evaluate(scope: DataScope): unknown }
    }
    expect(until.kind).toBe('until')
    expect(until.condition.evaluate(scope({ f: 3 }, { index: 3 }))).toBe(true)
    expect(controlOf<'iterative'>(loop('l', { tolerate: '10%' })).tolerate).toEqual({ share: 0.1 })
    expect(controlOf<'iterative'>(loop('l', { tolerate: 2 })).tolerate).toEqual({ count: 2 })
  })

  it('wait for a time, or for an event', () => {
    expect(controlOf<'wait'>(wait({ for: '10s' })).until).toEqual({ kind: 'timer', delayMs: 10_000 })
    const event = controlOf<'wait'>(
      wait({ event: 'approved', filter: 'event.data.by == "Ada"', timeout: '1h', on_timeout: 'skip' }),
    )
    expect(event.until).toMatchObject({ event: 'approved', timeoutMs: 3_600_000, onTimeout: 'skip' })
    expect(first([wait({ event: 'approved', timeout: '1h' })]).timeoutMs).toBeNull()
  })

  it('run other scenarios, each of which is there once', () => {
    const text = JSON.stringify({
      integration: {
        modules: ['m'],
        inputs: { who: { default: 'nobody' } },
        scenarios: [
          { name: 'a', steps: [{ name: 'x', type: 'scenario', scenario: 'b', inputs: { who: 'Ada' } }] },
          { name: 'b', steps: [step('y')] },
        ],
      },
    })
    const { workflows } = definitionOf(text)
    const called = workflows[0]!.steps[0]!.control as Extract<ControlDefinition, { kind: 'scenario' }>
    expect(called.workflow).toBe(workflows[1])
    expect(called.inputs).toEqual({ kind: 'value', value: { who: 'Ada' } })
  })

  it('are retried only where they say so themselves, what is inside by default', () => {
    const outer = first([parallel('p', [step('a')])], {}, { max_retries: 3 })
    expect(outer.retry.count).toBe(0)
    expect(
      (outer.control as Extract<ControlDefinition, { kind: 'parallel' }>).block.steps[0]!.retry.count,
    ).toBe(3)
  })

  it.each<[string, object, string]>([
    ['a parallel without steps', { name: 'p', type: 'parallel' }, 'KEY_MISSING'],
    ['a conditional without then', choice({ condition: true }), 'KEY_MISSING'],
    ['a conditional with both', choice({ condition: true, then: [], cases: [] }), 'VALUE_INVALID'],
    ['default without cases', choice({ condition: true, then: [], default: [] }), 'VALUE_INVALID'],
    ['a loop over nothing', { name: 'l', type: 'iterative', steps: [] }, 'KEY_MISSING'],
    ['a loop over two', loop('l', { while: 'true' }), 'VALUE_INVALID'],
    [
      'a while side by side',
      { name: 'l', type: 'iterative', while: 'true', steps: [], max_concurrency: 2 },
      'VALUE_INVALID',
    ],
    ['a share that is none', loop('l', { tolerate: '150%' }), 'VALUE_INVALID'],
    ['more items than iterations', loop('l', { max_iterations: 1 }), 'VALUE_INVALID'],
    ['a wait for nothing', wait({}), 'KEY_MISSING'],
    ['a wait for both', wait({ for: 1, event: 'x' }), 'VALUE_INVALID'],
    ['a filter of a time', wait({ for: 1, filter: 'true' }), 'VALUE_INVALID'],
    ['a wait that is retried', wait({ for: 1, retry_count: 2 }), 'KEY_WITHOUT_EFFECT'],
    ['a scenario that is not there', { name: 'x', type: 'scenario', scenario: 'nope' }, 'REFERENCE_UNKNOWN'],
    [
      'an input that is not there',
      { name: 'x', type: 'scenario', scenario: 's', inputs: { y: 1 } },
      'INPUT_INVALID',
    ],
    ['a scenario that runs itself', { name: 'x', type: 'scenario', scenario: 's' }, 'DEPENDENCY_CYCLE'],
    ['a module', parallel('p', [], { module: 'm' }), 'KEY_WITHOUT_EFFECT'],
    ['resources', parallel('p', [], { resources: [] }), 'KEY_WITHOUT_EFFECT'],
    ['a key of another type', parallel('p', [], { for_each: [] }), 'KEY_WITHOUT_EFFECT'],
    ['compensation without module', parallel('p', [], { compensate: { operation: 'x' } }), 'KEY_MISSING'],
    ['more successes than steps', parallel('p', [step('a')], { wait_for: 2 }), 'VALUE_INVALID'],
    ['an inner name twice', parallel('p', [step('a'), step('a')]), 'NAME_DUPLICATE'],
    [
      'an inner cycle',
      parallel('p', [step('a', { depends_on: ['b'] }), step('b', { depends_on: ['a'] })]),
      'DEPENDENCY_CYCLE',
    ],
    [
      'an inner dependency on an outer step',
      parallel('p', [step('a', { depends_on: ['p'] })]),
      'DEPENDENCY_UNKNOWN',
    ],
    ['an inner module', parallel('p', [step('a', { module: 'nope' })]), 'MODULE_NOT_REGISTERED'],
    ['an inner pool', parallel('p', [step('a', { resources: ['nope'] })]), 'RESOURCE_UNKNOWN'],
    ['an unknown type', { name: 'p', type: 'paralel', steps: [] }, 'VALUE_INVALID'],
  ])('are refused: %s', (_, one, code) => {
    expect(codes(flow([one]))).toContain(code)
  })

  it('are refused with a place and a remedy', () => {
    const [one] = refused(
      flow([parallel('p', [choice({ condition: true, then: [step('a', { depends_on: ['b'] })] })])]),
    )
    expect(one).toMatchObject({ code: 'DEPENDENCY_UNKNOWN', remedy: 'expected one of a' })
    expect(one!.message).toContain('step "a"')
  })

  it('are refused beyond a depth', () => {
    const nest = (depth: number): object => (depth === 0 ? step('a') : parallel('p', [nest(depth - 1)]))
    accepted(flow([nest(16)]))
    expect(codes(flow([nest(17)]))).toEqual(['NESTING_TOO_DEEP'])
  })

  it('name every scenario of a cycle', () => {
    const calls = (name: string, scenario: string) => ({
      name,
      steps: [{ name: 'x', type: 'scenario', scenario }],
    })
    const text = JSON.stringify({
      integration: { modules: [], scenarios: [calls('a', 'b'), calls('b', 'a')] },
    })
    expect(refused(text)[0]!.message).toContain('a → b → a')
  })
})

describe('what expressions see inside of control steps', () => {
  const before = step('before')
  const reads = (source: string) => ({ parameters: { x: `\${{ ${source} }}` } })

  it.each<[string, object]>([
    [
      'what the step around depends on',
      parallel('p', [step('a', reads('steps.before.output'))], { depends_on: ['before'] }),
    ],
    [
      'siblings it depends on',
      parallel('p', [step('a'), step('b', { depends_on: ['a'], ...reads('steps.a.output') })]),
    ],
    ['item and index', loop('l', { steps: [step('a', reads('item + index'))] })],
    ['those of the loop around', loop('l', { steps: [parallel('p', [step('a', reads('item'))])] })],
    [
      'all inner steps in an output',
      parallel('p', [step('a'), step('b')], { output: '${{ steps.a.output + steps.b.output }}' }),
    ],
    [
      'all branches in an output',
      choice({
        condition: true,
        then: [step('a')],
        else: [step('b')],
        output: '${{ [steps.a.status, steps.b.status] }}',
      }),
    ],
    [
      'the last iteration',
      { name: 'l', type: 'iterative', until: 'steps.a.output > index', steps: [step('a')] },
    ],
    ['the event', wait({ event: 'x', filter: 'event.data.ok', output: '${{ event.data.by }}' })],
    [
      'input, output and itself in a compensation',
      step('a', {
        compensate: { operation: 'ok', parameters: { x: '${{ [input, output, steps.a.output] }}' } },
        on_failure: 'compensate',
      }),
    ],
  ])('is %s', (_, one) => {
    accepted(flow([before, one]))
  })

  it.each<[string, object, string]>([
    [
      'a step that the one around does not depend on',
      parallel('p', [step('a', reads('steps.before.output'))]),
      'REFERENCE_NOT_DEPENDENCY',
    ],
    [
      'a sibling that it does not depend on',
      parallel('p', [step('a'), step('b', reads('steps.a.output'))]),
      'REFERENCE_NOT_DEPENDENCY',
    ],
    ['the step around', parallel('p', [step('a', reads('steps.p.output'))]), 'REFERENCE_NOT_DEPENDENCY'],
    ['a misspelt input', step('a', reads('input.x')), 'EXPRESSION_INVALID'],
    ['item outside of loops', step('a', reads('item')), 'EXPRESSION_INVALID'],
    [
      'item in a while',
      { name: 'l', type: 'iterative', while: 'true', steps: [step('a', reads('item'))] },
      'EXPRESSION_INVALID',
    ],
    ['the output in parameters', step('a', reads('output')), 'EXPRESSION_INVALID'],
    ['the event in a condition', step('a', { when: 'event.data' }), 'EXPRESSION_INVALID'],
    ['a step that is nowhere', parallel('p', [step('a', reads('steps.nope.output'))]), 'REFERENCE_UNKNOWN'],
  ])('is not %s', (_, one, code) => {
    expect(codes(flow([before, one]))).toEqual([code])
  })

  it('is no inner step from outside', () => {
    const outside = step('b', { depends_on: ['p'], ...reads('steps.a.output') })
    expect(codes(flow([parallel('p', [step('a')]), outside]))).toEqual(['REFERENCE_UNKNOWN'])
  })

  it('is the inner step of a name that is there twice', () => {
    const inner = [step('before'), step('a', { depends_on: ['before'], ...reads('steps.before.output') })]
    accepted(flow([before, parallel('p', inner)]))
  })

  it('is found by the shorthand, too', () => {
    const inner = [step('a', { parameters: { x: 'before_output' } })]
    const { control } = definitionOf(flow([before, parallel('p', inner, { depends_on: ['before'] })]))
      .workflows[0]!.steps[1]!
    const { block } = control as Extract<ControlDefinition, { kind: 'parallel' }>
    const { parameters } = block.steps[0]!.call!
    expect(parameters.kind === 'expression' && parameters.evaluate(scope({ before: 7 }))).toEqual({ x: 7 })
  })
})

describe('recovery in documents', () => {
  it('is read with its defaults', () => {
    const one = first([
      step('a', { compensate: { operation: 'undo' }, heartbeat: 5, on_failure: ['retry', 'compensate'] }),
    ])
    expect(one).toMatchObject({
      compensate: {
        module: 'm',
        operation: 'undo',
        parameters: null,
        on: 'success',
        timeoutMs: null,
        retry: { count: 0 },
      },
      onCancel: 'await',
      heartbeatMs: 5000,
      onFailure: ['retry', 'compensate'],
    })
    expect(first([step('a')])).toMatchObject({
      compensate: null,
      onCancel: 'abort',
      heartbeatMs: null,
      onFailure: null,
    })
  })

  it('has what holds for the whole', () => {
    const top = {
      error_handling: {
        recovery_strategies: ['retry', 'degradation'],
        max_granted_retries: 2,
        handler_timeout: '1s',
      },
    }
    const scenario = { on_failure: 'compensate', compensation_timeout: '10s' }
    expect(definitionOf(flow([step('a')], scenario, {}, top)).workflows[0]).toMatchObject({
      onFailure: 'compensate',
      compensationTimeoutMs: 10_000,
      recovery: { strategies: ['retry', 'degradation'], grantedRetriesMax: 2, answerMs: 1000 },
    })
  })

  it('has handlers: operations, and those that log', () => {
    const handlers = {
      step_failed: ['log_step_failure', { module: 'm', operation: 'page', priority: 2 }],
      'step_*': ['notify_all'],
    }
    expect(definitionOf(flow([step('a')], {}, {}, { events: { handlers } })).handlers).toEqual([
      { event: 'step_failed', target: { builtIn: 'log_step_failure' }, priority: 0 },
      { event: 'step_failed', target: { module: 'm', operation: 'page' }, priority: 2 },
      { event: 'step_*', target: { builtIn: 'notify_all' }, priority: 0 },
    ])
  })

  it('refuses handlers that are not there, and warns of those that will be', () => {
    const text = (handler: unknown) =>
      flow([step('a')], {}, {}, { events: { handlers: { step_failed: [handler] } } })
    expect(codes(text('panic'))).toEqual(['VALUE_INVALID'])
    expect(codes(text({ module: 'nope', operation: 'x' }))).toEqual(['MODULE_NOT_REGISTERED'])
    expect(warnings(text('trigger_error_recovery')).map(({ code }) => code)).toEqual(['NOT_BUILT_YET'])
  })

  it('warns of compensation that nothing asks for', () => {
    const undoable = step('a', { compensate: { operation: 'undo' } })
    const warned = (steps: object[], scenario = {}, top = {}) =>
      warnings(flow(steps, scenario, {}, top)).map(({ code }) => code)
    expect(warned([undoable])).toEqual(['KEY_WITHOUT_EFFECT'])
    expect(warned([parallel('p', [undoable])])).toEqual(['KEY_WITHOUT_EFFECT'])
    expect(warned([undoable], { on_failure: 'compensate' })).toEqual([])
    expect(warned([undoable, parallel('p', [step('b', { on_failure: 'compensate' })])])).toEqual([])
    expect(
      warned([undoable], {}, { events: { handlers: { 'step_*': [{ module: 'm', operation: 'x' }] } } }),
    ).toEqual([])
  })

  it('warns of verdicts that never apply', () => {
    const messages = (verdict: unknown) =>
      warnings(flow([step('a', { on_failure: verdict })])).map(({ message }) => message)
    expect(messages('degradation')[0]).toContain('degradation never applies')
    expect(messages(['degradation', 'skip'])).toEqual([])
    expect(messages(['fallback', 'fail'])[0]).toContain('fallback never applies')
  })

  it('reckons with what is inside where it warns of limits', () => {
    const warned = (steps: object[]) => warnings(flow(steps, { timeout: 10 })).map(({ code }) => code)
    expect(warned([wait({ for: '20s' })])).toEqual(['TIMEOUT_TOO_SHORT'])
    expect(warned([loop('l', { steps: [step('a', { timeout: 4 })] })])).toEqual([])
    expect(warned([loop('l', { for_each: [1, 2, 3], steps: [step('a', { timeout: 4 })] })])).toEqual([
      'TIMEOUT_TOO_SHORT',
    ])
    expect(
      warned([
        parallel('p', [step('a', { timeout: 4 }), step('b', { timeout: 4 }), step('c', { timeout: 4 })]),
      ]),
    ).toEqual([])
    expect(warned([choice({ condition: true, then: [step('a', { timeout: 11 })] })])).toEqual([
      'TIMEOUT_TOO_SHORT',
    ])
  })
})
