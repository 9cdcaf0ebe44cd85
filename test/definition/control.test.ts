// Control steps in documents: which keys go together, what nests in what, and where each mistake is placed.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import { describe, expect, it } from 'vitest'
import { CONTROL_NESTING_MAX } from '../../src/definition/check-steps.ts'
import { STEPS_EXPANDED_MAX } from '../../src/definition/check-scenarios.ts'
import type { Diagnostic } from '../../src/definition/diagnostic.ts'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const named = (type: string, more: object) => ({ name: 'x', type, ...more })
const parallel = (more: object = {}) => named('parallel', { steps: [step('a'), step('b')], ...more })
const choice = (more: object) => named('conditional', more)
const loop = (more: object) => named('iterative', { steps: [step('a')], ...more })
const wait = (more: object) => named('wait', more)
const call = (scenario: string, more: object = {}) => ({
  name: scenario,
  type: 'scenario',
  scenario,
  ...more,
})

/** A document of scenarios by name, each with its steps. */
const scenarios = (all: Readonly<Record<string, object[]>>, top: object = {}, more: object = {}): string =>
  JSON.stringify({
    integration: {
      modules: ['m'],
      scenarios: Object.entries(all).map(([name, steps]) => ({ name, ...more, steps })),
    },
    ...top,
  })

/** Where the first error of a document with one control step points to. */
const pointed = (x: object): [string, string] => {
  const text = `integration:\n  modules: [m]\n  scenarios:\n    - name: s\n      steps:\n        - ${JSON.stringify(x)}\n`
  const [{ code, line, column }] = refused(text) as readonly [Diagnostic]
  const at = text.split('\n')[line - 1]!.slice(column - 1)
  return [code, /^"[^"]*"|^[\w.-]+|^[[{]/.exec(at)![0].replaceAll('"', '')]
}

describe('the keys of a control step', () => {
  it.each<[string, object, string, string]>([
    ['parallel without steps', named('parallel', {}), 'KEY_MISSING', '{'],
    ['iterative without steps', named('iterative', { for_each: [] }), 'KEY_MISSING', '{'],
    ['a case without steps', choice({ cases: [{ when: 'true' }] }), 'KEY_MISSING', '{'],
    ['a scenario step without scenario', named('scenario', {}), 'KEY_MISSING', '{'],
    ['a misspelt key', parallel({ wait_fro: 'any' }), 'KEY_UNKNOWN', 'wait_fro'],
    ['a module', parallel({ module: 'm' }), 'KEY_WITHOUT_EFFECT', 'module'],
    ['resources', parallel({ resources: ['p'] }), 'KEY_WITHOUT_EFFECT', 'resources'],
    ['heartbeat', loop({ for_each: [1], heartbeat: 1 }), 'KEY_WITHOUT_EFFECT', 'heartbeat'],
    ['a key of another type', parallel({ for_each: [1] }), 'KEY_WITHOUT_EFFECT', 'for_each'],
    ['a retried wait', wait({ for: 1, retry_count: 1 }), 'KEY_WITHOUT_EFFECT', 'retry_count'],
    ['more successes than steps', parallel({ wait_for: 3 }), 'VALUE_INVALID', '3'],
    ['any of no steps', parallel({ wait_for: 'any', steps: [] }), 'VALUE_INVALID', 'any'],
    ['no success', parallel({ wait_for: 0 }), 'VALUE_INVALID', '0'],
    ['no branches', choice({}), 'KEY_MISSING', 'type'],
    ['a condition alone', choice({ condition: 'true' }), 'KEY_MISSING', 'type'],
    ['a branch alone', choice({ then: [] }), 'KEY_MISSING', 'type'],
    ['no cases', choice({ cases: [] }), 'VALUE_INVALID', '['],
    [
      'cases and then',
      choice({ cases: [{ when: 'true', steps: [] }], then: [] }),
      'KEY_WITHOUT_EFFECT',
      'then',
    ],
    [
      'cases and else',
      choice({ cases: [{ when: 'true', steps: [] }], else: [] }),
      'KEY_WITHOUT_EFFECT',
      'else',
    ],
    ['then and default', choice({ condition: true, then: [], default: [] }), 'KEY_WITHOUT_EFFECT', 'default'],
    ['a loop over nothing', loop({}), 'KEY_MISSING', 'type'],
    ['two kinds of loops', loop({ for_each: [1], until: 'true' }), 'KEY_WITHOUT_EFFECT', 'until'],
    ['while side by side', loop({ while: 'false', max_concurrency: 2 }), 'VALUE_INVALID', '2'],
    ['until side by side', loop({ until: 'true', max_concurrency: 2 }), 'VALUE_INVALID', '2'],
    ['a share of no items', loop({ until: 'true', tolerate: '10%' }), 'VALUE_INVALID', '10%'],
    ['more than all', loop({ for_each: [1], tolerate: '101%' }), 'VALUE_INVALID', '101%'],
    ['a share without sign', loop({ for_each: [1], tolerate: '10' }), 'VALUE_INVALID', '10'],
    ['less than none', loop({ for_each: [1], tolerate: -1 }), 'VALUE_INVALID', '-1'],
    ['no iterations', loop({ for_each: [1], max_iterations: 0 }), 'VALUE_INVALID', '0'],
    ['a wait for nothing', wait({}), 'KEY_MISSING', 'type'],
    ['a wait for both', wait({ for: 1, event: 'e' }), 'KEY_WITHOUT_EFFECT', 'for'],
    ['a wait for an event of no name', wait({ event: ' ' }), 'VALUE_INVALID', ' '],
    ['a filtered timer', wait({ for: 1, filter: 'true' }), 'KEY_WITHOUT_EFFECT', 'filter'],
    ['a shared timer', wait({ for: 1, shared: true }), 'KEY_WITHOUT_EFFECT', 'shared'],
    ['a share that is none', wait({ event: 'e', shared: 'all' }), 'VALUE_INVALID', 'all'],
    ['a limited timer', wait({ for: 1, timeout: 1 }), 'KEY_WITHOUT_EFFECT', 'timeout'],
    ['a fallback nowhere', parallel({ fallback: { operation: 'ok' } }), 'KEY_MISSING', 'fallback'],
    ['a compensation nowhere', parallel({ compensate: { operation: 'ok' } }), 'KEY_MISSING', 'compensate'],
    [
      'a compensation by a stranger',
      parallel({ compensate: { module: 'n', operation: 'ok' } }),
      'MODULE_NOT_REGISTERED',
      'n',
    ],
    ['a scenario that is not there', call('t'), 'REFERENCE_UNKNOWN', 't'],
  ])('are refused: %s', (_, x, code, at) => {
    expect(pointed(x)).toEqual([code, at])
  })

  it.each<[string, object]>([
    ['a parallel step', parallel({ wait_for: 2, max_concurrency: 1, timeout: 5, retry_count: 1, retry: {} })],
    ['any', parallel({ wait_for: 'any', run_if: 'all_done', priority: 3, output: { a: 1 } })],
    ['a fallback elsewhere', parallel({ fallback: { module: 'm', operation: 'ok' } })],
    ['a fallback value', wait({ event: 'e', fallback: { value: 1 }, on_failure: ['fallback', 'fail'] })],
    ['then without else', choice({ condition: 'true', then: [] })],
    ['cases without default', choice({ cases: [{ when: true, steps: [step('a')] }] })],
    ['the same names in both branches', choice({ condition: true, then: [step('a')], else: [step('a')] })],
    ['a name as around it', named('parallel', { steps: [step('x')] })],
    ['items', loop({ for_each: [1, { a: '${{ run.id }}' }], tolerate: '2.5%', max_concurrency: 4 })],
    ['while', loop({ while: 'index < 3', tolerate: 2, max_concurrency: 1 })],
    ['a timer', wait({ for: '2m', when: 'true', on_cancel: 'await' })],
    ['a shared event', wait({ event: 'approved', shared: true })],
    ['an event', wait({ event: 'approved', filter: 'event.data.ok', timeout: '1h', on_timeout: 'continue' })],
  ])('are accepted: %s', (_, x) => {
    expect(warnings(flow([x]))).toEqual([])
  })

  it('are told whose they are, and the type that was meant', () => {
    const [one] = refused(flow([step('a', { for_each: [1] })]))
    expect(one).toMatchObject({ remedy: 'remove it, or add "type: iterative"' })
    expect(one!.message).toMatch(/"for_each" belongs to an iterative step, and this step has no type$/)
    const [bare] = refused(flow([{ name: 'a', steps: [] }])).filter(
      ({ code }) => code === 'KEY_WITHOUT_EFFECT',
    )
    expect(bare!.remedy).toBe('remove it, or add "type: parallel" or "type: iterative"')
    expect(refused(flow([named('paralell', { steps: [] })]))[0]).toMatchObject({
      remedy: 'did you mean "parallel"?',
    })
    expect(refused(flow([parallel({ wait_fro: 'any' })]))[0]!.remedy).toBe('did you mean "wait_for"?')
  })

  it.each<[string, string, string]>([
    ['too many items', flow([loop({ for_each: [1, 2], max_iterations: 1 })]), 'VALUE_INVALID'],
    ['on_timeout without timeout', flow([wait({ event: 'e', on_timeout: 'skip' })]), 'KEY_WITHOUT_EFFECT'],
    [
      'a forbidden parallel step',
      flow([parallel()], {}, {}, { performance: { parallel_execution: false } }),
      'KEY_WITHOUT_EFFECT',
    ],
    [
      'forbidden iterations side by side',
      flow(
        [loop({ for_each: [1], max_concurrency: 2 })],
        {},
        {},
        { performance: { parallel_execution: false } },
      ),
      'KEY_WITHOUT_EFFECT',
    ],
    ['degradation to nothing', flow([step('a', { on_failure: 'degradation' })]), 'KEY_WITHOUT_EFFECT'],
  ])('are warned of: %s', (_, text, code) => {
    expect(warnings(text).map((one) => one.code)).toEqual([code])
  })

  it.each([
    [{ on_failure: ['degradation', 'skip'] }],
    [{ on_failure: 'degradation', fallback: { value: 1 } }],
    [{ on_failure: ['retry', 'fail_workflow'] }],
  ])('may degrade: %j', (more) => {
    expect(warnings(flow([step('a', more)]))).toEqual([])
  })
})

describe('nested steps', () => {
  const each: [string, (steps: object[]) => object][] = [
    ['parallel', (steps) => named('parallel', { steps })],
    ['iterative', (steps) => loop({ for_each: [1], steps })],
    ['then', (steps) => choice({ condition: true, then: steps })],
    ['else', (steps) => choice({ condition: true, then: [], else: steps })],
    ['cases', (steps) => choice({ cases: [{ when: true, steps }] })],
    ['default', (steps) => choice({ cases: [{ when: true, steps: [] }], default: steps })],
  ]
  const wrong: [string, object[], string][] = [
    ['a name twice', [step('a'), step('a')], 'NAME_DUPLICATE'],
    ['a name that is none', [step('a/b')], 'NAME_INVALID'],
    ['an unknown key', [step('a', { retires: 1 })], 'KEY_UNKNOWN'],
    ['an unknown module', [step('a', { module: 'n' })], 'MODULE_NOT_REGISTERED'],
    ['an unknown dependency', [step('a', { depends_on: ['b'] })], 'DEPENDENCY_UNKNOWN'],
    ['an unknown resource', [step('a', { resources: ['p'] })], 'RESOURCE_UNKNOWN'],
    ['a cycle', [step('a', { depends_on: ['a'] })], 'DEPENDENCY_CYCLE'],
    ['a broken expression', [step('a', { when: '1 +' })], 'EXPRESSION_INVALID'],
    ['an unknown scenario', [call('t')], 'REFERENCE_UNKNOWN'],
  ]
  it.each(each.flatMap(([where, of]) => wrong.map(([what, ...rest]) => [what, where, of, ...rest] as const)))(
    'are judged as any other: %s in %s',
    (_what, _where, of, steps, code) => {
      expect(codes(flow([of(steps)]))).toEqual([code])
      expect(codes(flow([named('parallel', { steps: [of(steps)] })]))).toEqual([code])
    },
  )

  it('depend on their siblings only', () => {
    const inner = named('parallel', { steps: [step('b', { depends_on: ['a'] })] })
    expect(codes(flow([step('a'), inner]))).toEqual(['DEPENDENCY_UNKNOWN'])
    expect(codes(flow([{ ...parallel(), name: 'p' }, step('c', { depends_on: ['a'] })]))).toEqual([
      'DEPENDENCY_UNKNOWN',
    ])
  })

  it('are named by their address', () => {
    const text = flow([
      named('parallel', { steps: [named('iterative', { for_each: [1], steps: [call('t')] })] }),
    ])
    expect(refused(text)[0]!.message).toMatch(/^step "x\/x\/t": /)
    const cycle = flow([
      named('parallel', { steps: [step('a', { depends_on: ['b'] }), step('b', { depends_on: ['a'] })] }),
    ])
    expect(refused(cycle)[0]!.message).toBe('step "x": steps depend on each other in a cycle: a → b → a')
  })

  it('are bounded in depth, and only there', () => {
    const deep = (depth: number): object =>
      depth === 0 ? step('a') : named('parallel', { steps: [deep(depth - 1)] })
    accepted(flow([deep(CONTROL_NESTING_MAX)]))
    expect(codes(flow([deep(CONTROL_NESTING_MAX + 1)]))).toEqual(['NESTING_TOO_DEEP'])
    expect(codes(flow([deep(200)]))).toEqual(['NESTING_TOO_DEEP'])
  })
})

describe('scenarios that run each other', () => {
  it.each<[string, Readonly<Record<string, object[]>>, string]>([
    ['itself', { a: [call('a')] }, 'a → a'],
    ['each other', { a: [call('b')], b: [named('parallel', { steps: [call('a')] })] }, 'a → b → a'],
    ['in a long circle', { a: [call('b')], b: [call('c')], c: [call('a')] }, 'a → b → c → a'],
  ])('are refused where one runs %s', (_, all, printed) => {
    const found = refused(scenarios(all))
    expect(found.map(({ code }) => code)).toEqual(['DEPENDENCY_CYCLE'])
    expect(found[0]!.message.endsWith(`: ${printed}`)).toBe(true)
    expect(found[0]!.frame).toContain('^')
  })

  it('are found behind one that is broken elsewhere', () => {
    const all = { a: [call('b')], b: [step('x', { retires: 1 })] }
    expect(codes(scenarios(all))).toEqual(['KEY_UNKNOWN'])
  })

  it('count as nesting', () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, i) => [`s${i}`, i + 1 < length ? [call(`s${i + 1}`)] : [step('a')]]),
      )
    accepted(scenarios(chain(CONTROL_NESTING_MAX + 1)))
    expect(codes(scenarios(chain(CONTROL_NESTING_MAX + 2)))).toEqual(['NESTING_TOO_DEEP'])
    // One report, not one for each scenario above.
    expect(codes(scenarios(chain(CONTROL_NESTING_MAX + 12)))).toEqual(['NESTING_TOO_DEEP'])
  })

  it('may not say more steps than a run can have', () => {
    const times = 10
    const levels = Math.ceil(Math.log10(STEPS_EXPANDED_MAX)) + 1
    const all = Object.fromEntries(
      Array.from({ length: levels }, (_, i) => [
        `s${i}`,
        Array.from({ length: times }, (_unused, n) =>
          i + 1 < levels ? { ...call(`s${i + 1}`), name: `n${n}` } : step(`n${n}`),
        ),
      ]),
    )
    expect(codes(scenarios(all))).toEqual(['DOCUMENT_TOO_LARGE'])
  })

  it('share one definition', () => {
    const all = { a: [call('c'), { ...call('c'), name: 'again' }], b: [call('c')], c: [step('x')] }
    const [a, b, c] = accepted(scenarios(all)).definition.workflows
    const run = [...a!.steps, ...b!.steps].map(
      ({ control }) => control?.kind === 'scenario' && control.workflow,
    )
    expect(run).toHaveLength(3)
    for (const workflow of run) expect(workflow).toBe(c)
  })

  const inputs = { n: { type: 'integer', default: 1 }, l: { type: 'list', default: [] } }
  const giving = (given: object): string =>
    JSON.stringify({
      integration: {
        modules: ['m'],
        inputs,
        scenarios: [
          { name: 'a', steps: [step('s'), { ...call('b', { inputs: given }), depends_on: ['s'] }] },
          { name: 'b', steps: [] },
        ],
      },
    })
  it.each([
    ['an unknown one', { m: 1 }, 'REFERENCE_UNKNOWN'],
    ['one of another kind', { n: 'many' }, 'INPUT_INVALID'],
    ['a list that is none', { l: { a: '${{ 1 }}' } }, 'INPUT_INVALID'],
  ])('are given only inputs that are declared: %s', (_, given, code) => {
    expect(codes(giving(given))).toEqual([code])
  })

  it('are given inputs of the declared kind, when they run at the latest', () => {
    const { control } = accepted(giving({ n: '${{ run.id }}', l: 's_output' })).definition.workflows[0]!
      .steps[1]!
    const given = control?.kind === 'scenario' ? control.inputs : null
    const view = { output: [1], status: 'success' as const, error: null, attempts: 1 }
    const scope = { steps: { s: view }, inputs: {}, run: { id: 'r', scenario: 'a', started_at: '' }, env: {} }
    expect(() => given?.kind === 'expression' && given.evaluate(scope)).toThrow(
      /step "b": the input "n": expected type integer, found "r"/,
    )
    expect(warnings(giving({ n: 2, l: ['${{ run.id }}'] }))).toEqual([])
  })
})
