// Compensation, handlers and recovery in documents: what nothing can ever reach, and what a definition makes of the rest.
import { describe, expect, it } from 'vitest'
import { checkOperations } from '../../src/definition/document.ts'
import { toModule } from '../../src/definition/module.ts'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const undone = (name = 'u', more: object = {}) => step(name, { compensate: { operation: 'undo' }, ...more })
const inside = (...steps: object[]) => ({ name: 'p', type: 'parallel', steps })
const call = (scenario: string) => ({ name: `run ${scenario}`, type: 'scenario', scenario })
const asks = step('asks', { on_failure: ['retry', 'compensate'] })

interface Scenario {
  readonly steps: object[]
  readonly on_failure?: string
}
const scenarios = (all: Readonly<Record<string, Scenario>>, top: object = {}): string =>
  JSON.stringify({
    integration: {
      modules: ['m'],
      scenarios: Object.entries(all).map(([name, scenario]) => ({ name, ...scenario })),
    },
    ...top,
  })
const handled = (event: string, handler: unknown) => ({ events: { handlers: { [event]: [handler] } } })
const operation = { module: 'm', operation: 'ok' }

describe('a compensation that nothing can ever reach', () => {
  it.each<[string, string]>([
    ['alone', flow([undone()])],
    ['nested', flow([inside(undone())])],
    [
      'beside a scenario that compensates',
      scenarios({ a: { steps: [undone()] }, b: { steps: [], on_failure: 'compensate' } }),
    ],
    [
      'above a scenario that compensates',
      scenarios({ a: { steps: [undone(), call('b')] }, b: { steps: [], on_failure: 'compensate' } }),
    ],
    [
      'with a handler that only logs',
      scenarios({ a: { steps: [undone()] } }, handled('step_failed', 'log_step_failure')),
    ],
    [
      'with a handler of something else',
      scenarios({ a: { steps: [undone()] } }, handled('step_started', operation)),
    ],
    [
      'with a handler of other patterns',
      scenarios({ a: { steps: [undone()] } }, handled('workflow_*', operation)),
    ],
  ])('is warned of: %s', (_, text) => {
    const [one, ...others] = warnings(text)
    expect(others).toEqual([])
    expect(one).toMatchObject({ code: 'KEY_WITHOUT_EFFECT', severity: 'warning' })
    expect(one!.message).toMatch(/^step "(p\/)?u": nothing can ever compensate it: /)
    expect(text.slice(one!.column - 1)).toMatch(/^"compensate"/)
  })

  it.each<[string, string]>([
    ['its scenario compensates', flow([undone()], { on_failure: 'compensate' })],
    ['nested in one that does', flow([inside(inside(undone()))], { on_failure: 'compensate' })],
    ['a step asks for it', flow([undone(), asks])],
    ['a nested step asks for it', flow([undone(), inside(asks)])],
    ['it asks for it itself', flow([undone('u', { on_failure: 'compensate' })])],
    [
      'who runs its scenario compensates',
      scenarios({ a: { steps: [call('b')], on_failure: 'compensate' }, b: { steps: [undone()] } }),
    ],
    [
      'who runs that one asks for it',
      scenarios({
        a: { steps: [inside(call('b')), asks] },
        b: { steps: [call('c')] },
        c: { steps: [undone()] },
      }),
    ],
    [
      'a scenario that it runs asks for it',
      scenarios({ a: { steps: [undone(), call('b')] }, b: { steps: [asks] } }),
    ],
    ['a handler may answer', scenarios({ a: { steps: [undone()] } }, handled('step_failed', operation))],
    [
      'a handler of a pattern may answer',
      scenarios({ a: { steps: [undone()] } }, handled('step_*', operation)),
    ],
    ['a handler of all may answer', scenarios({ a: { steps: [undone()] } }, handled('*', operation))],
  ])('is not where %s', (_, text) => {
    expect(warnings(text)).toEqual([])
  })
})

describe('a handler', () => {
  const handlers = (all: Readonly<Record<string, unknown[]>>) =>
    flow([step('a')], {}, {}, { events: { handlers: all } })

  it.each<[string, Readonly<Record<string, unknown[]>>, string, string]>([
    ['of an unknown name', { step_failed: ['page_ops'] }, 'REFERENCE_UNKNOWN', '"page_ops"'],
    ['of no name at all', { step_failed: ['log_'] }, 'REFERENCE_UNKNOWN', '"log_"'],
    ['of an unknown module', { x: [{ ...operation, module: 'n' }] }, 'MODULE_NOT_REGISTERED', '"n"'],
    ['of an event without name', { ' ': ['log_it'] }, 'NAME_INVALID', '" "'],
    ['of a pattern in the middle', { 'a*b': ['log_it'] }, 'NAME_INVALID', '"a*b"'],
    ['without operation', { x: [{ module: 'm' }] }, 'KEY_MISSING', ''],
    ['with an unknown key', { x: [{ ...operation, prioriy: 1 }] }, 'KEY_UNKNOWN', '"prioriy"'],
  ])('is refused: one %s', (_, all, code, at) => {
    const text = handlers(all)
    const [one, ...others] = refused(text)
    expect(others).toEqual([])
    expect(one!.code).toBe(code)
    expect(text.slice(one!.column - 1).startsWith(at)).toBe(true)
  })

  it('is told what was meant', () => {
    expect(refused(handlers({ x: ['initialise_monitoring'] }))[0]!.remedy).toBe(
      'did you mean "initialize_monitoring"?',
    )
    expect(refused(handlers({ x: ['lgo_step_failure'] }))[0]!.remedy).toBe('did you mean "log_step_failure"?')
  })

  it('comes in declared order', () => {
    const all = {
      'step_*': ['log_a', { ...operation, priority: -1 }],
      '*': ['notify_b'],
      step_failed: [operation],
    }
    expect(accepted(handlers(all)).definition.handlers).toEqual([
      { event: 'step_*', target: { builtIn: 'log_a' }, priority: 0 },
      { event: 'step_*', target: operation, priority: -1 },
      { event: '*', target: { builtIn: 'notify_b' }, priority: 0 },
      { event: 'step_failed', target: operation, priority: 0 },
    ])
  })
})

describe('recovery', () => {
  it.each<[string, object, string]>([
    ['an unknown strategy', { recovery_strategies: ['pray'] }, 'VALUE_INVALID'],
    ['less than no retries', { max_granted_retries: -1 }, 'VALUE_INVALID'],
    ['half a retry', { max_granted_retries: 0.5 }, 'VALUE_INVALID'],
    ['no time at all', { handler_timeout: 0 }, 'VALUE_INVALID'],
  ])('is refused: %s', (_, handling, code) => {
    expect(codes(flow([step('a')], {}, {}, { error_handling: handling }))).toEqual([code])
  })

  it('holds for all scenarios and the lists inside', () => {
    const error_handling = { recovery_strategies: ['skip'], max_granted_retries: 3, handler_timeout: 2 }
    const [workflow] = accepted(flow([inside(step('a'))], {}, {}, { error_handling })).definition.workflows
    const { control } = workflow!.steps[0]!
    const recovery = { strategies: ['skip'], grantedRetriesMax: 3, answerMs: 2000 }
    expect(workflow!.recovery).toEqual(recovery)
    expect(control?.kind === 'parallel' && control.block.recovery).toEqual(recovery)
  })
})

describe('the operations of loaded modules', () => {
  it('are looked for wherever a document calls one', () => {
    const gone = { operation: 'gone' }
    const text = flow(
      [
        step('a', { fallback: { ...gone, compensate: gone }, compensate: gone }),
        {
          name: 'c',
          type: 'conditional',
          cases: [{ when: true, steps: [step('b', gone)] }],
          fallback: { ...operation, ...gone },
        },
      ],
      { on_failure: 'compensate' },
      {},
      handled('step_failed', { ...operation, ...gone }),
    )
    const { checked, problems, document } = accepted(text)
    checkOperations(checked, [toModule('m', { ok: () => 1 }, {})], problems)
    const found = problems.place(document, 'error')
    expect(found.map(({ code }) => code)).toEqual(Array(6).fill('OPERATION_UNKNOWN'))
    expect(found.map(({ message }) => message.split(': the module')[0])).toEqual([
      'the fallback of step "a"',
      'the compensation of the fallback of step "a"',
      'the compensation of step "a"',
      'step "c/b"',
      'the fallback of step "c"',
      'a handler of "step_failed"',
    ])
    for (const { column } of found) expect(text.slice(column - 1)).toMatch(/^"gone"/)
  })

  it('says of an operation that it has the name of a hook', () => {
    const { checked, problems, document } = accepted(flow([step('a', { operation: 'health' })]))
    checkOperations(checked, [toModule('m', { ok: () => 1, health: () => 1 }, {})], problems)
    expect(problems.place(document, 'error')).toMatchObject([
      {
        code: 'OPERATION_UNKNOWN',
        remedy: expect.stringMatching(/^"health" is the name of a hook/) as string,
      },
    ])
  })
})

describe('a fallback that says what undoes it', () => {
  const compensate = { operation: 'cancel', parameters: { id: '${{ output.id }}', of: '${{ input }}' } }
  const fallback = { operation: 'invoice', compensate }

  it('has a compensation of its own, of its own module', () => {
    const text = flow([step('a', { fallback: { module: 'm', ...fallback } })], { on_failure: 'compensate' })
    const [a] = accepted(text).definition.workflows[0]!.steps
    expect(a).toMatchObject({
      compensate: null,
      fallback: { operation: 'invoice', compensate: { module: 'm', operation: 'cancel', on: 'success' } },
    })
  })

  it('is judged as any compensation', () => {
    expect(warnings(flow([step('a', { fallback })]))).toHaveLength(1)
    const stray = step('a', { fallback: { value: 1, compensate } })
    expect(codes(flow([stray], { on_failure: 'compensate' }))).not.toEqual([])
    const control = { ...inside(step('b')), fallback }
    expect(codes(flow([control], { on_failure: 'compensate' }))).toContain('KEY_MISSING')
  })
})

describe('the effects that a module declares', () => {
  const operations = { pay: () => 1, find: () => 2 }

  it('are known in every form of module', () => {
    const effects = { pay: 'once', find: 'reads' }
    class Bank {
      readonly effects = effects
      pay() {}
      find() {}
    }
    for (const source of [{ operations, effects }, { ...operations, effects }, Bank, new Bank()])
      expect(toModule('m', source, {})).toMatchObject({ effects })
    expect(toModule('m', operations, {}).effects).toBeUndefined()
  })

  it('are refused where they are none, or of no operation', () => {
    for (const effects of [{ pay: 'twice' }, { pya: 'once' }, ['once'], 'once', null, { pay: undefined }])
      expect(() => toModule('m', { operations, effects }, {})).toThrow(/^Failed to load module m: expected/)
  })
})
