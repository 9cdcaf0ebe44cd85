// Whether a document makes sense: names, dependencies, references, resources, limits.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DataScope } from '../../src/definition/model.ts'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const reads = (name: string) => ({ parameters: { x: `\${{ steps["${name}"].output }}` } })

describe('check', () => {
  it('knows which fields an error has, at any depth, and suggests the one that is meant', () => {
    const reading = (field: string) =>
      flow([step('a'), step('b', { depends_on: ['a'], when: `steps.a.error.${field} == null` })])
    for (const field of [
      'code',
      'message',
      'name',
      'retryable',
      'retryAfterMs',
      'effect',
      'cause',
      'cause.cause.name',
    ])
      expect(warnings(reading(field))).toEqual([])
    const [misspelt] = refused(reading('nmae'))
    expect(misspelt).toMatchObject({ remedy: 'did you mean "name"?' })
    expect(misspelt!.message).toContain(
      'reads "nmae" of error of the step "a", which has code, message, name, retryable, retryAfterMs, effect, step, cause',
    )
    const [deep] = refused(reading('cause.mesage'))
    expect(deep).toMatchObject({ remedy: 'did you mean "message"?' })
    expect(deep!.message).toContain('reads "mesage" of error.cause of the step "a"')
  })

  it.each([
    ['a step twice', flow([step('a'), step('a')]), 'NAME_DUPLICATE'],
    ['a module twice', flow([step('a')], {}, { modules: ['m', 'm'] }), 'NAME_DUPLICATE'],
    [
      'a scenario twice',
      '{"integration":{"modules":[],"scenarios":[{"name":"s","steps":[]},{"name":"s","steps":[]}]}}',
      'NAME_DUPLICATE',
    ],
    ['__proto__', flow([step('__proto__')]), 'NAME_INVALID'],
    ['constructor', flow([step('constructor')]), 'NAME_INVALID'],
    ['a slash', flow([step('a/b')]), 'NAME_INVALID'],
    ['a bracket', flow([step('a[0]')]), 'NAME_INVALID'],
    ['an empty name', flow([step('')]), 'NAME_INVALID'],
    ['a control character', flow([step('a\u0000b')]), 'NAME_INVALID'],
    ...[
      ...['\u061c', '\u2060', '\u3164', '\u115f', '\uffa0', '\u00ad', '\u034f', '\u180e', '\u200b', '\u200d'],
      ...['\u202e', '\u2063', '\u2800', '\ufeff', '\ufe0f', '\ufffa', '\u{1d173}', '\u{e0041}'],
    ].map((sign): [string, string, string] => [
      `a character that nobody sees (U+${sign.codePointAt(0)!.toString(16)})`,
      flow([step(`a${sign}b`)]),
      'NAME_INVALID',
    ]),
    [
      'a reserved module',
      flow([step('a', { module: '__proto__' })], {}, { modules: ['__proto__'] }),
      'NAME_INVALID',
    ],
    ['an environment variable with a dash', flow([], {}, { env: ['A-B'] }), 'NAME_INVALID'],
    ['an unknown module', flow([step('a', { module: 'n' })]), 'MODULE_NOT_REGISTERED'],
    [
      'an unknown module of a fallback',
      flow([step('a', { fallback: { module: 'n', operation: 'x' } })]),
      'MODULE_NOT_REGISTERED',
    ],
    ['an unknown dependency', flow([step('a', { depends_on: ['b'] })]), 'DEPENDENCY_UNKNOWN'],
    ['an unknown resource', flow([step('a', { resources: ['p'] })]), 'RESOURCE_UNKNOWN'],
    ['an undeclared typed resource', flow([step('a', { resources: ['database_x'] })]), 'NOT_BUILT_YET'],
    ['a stranger', flow([step('a', reads('zzz'))]), 'REFERENCE_UNKNOWN'],
    ['a step that is no dependency', flow([step('a'), step('b', reads('a'))]), 'REFERENCE_NOT_DEPENDENCY'],
    [
      'a dependent',
      flow([step('a', reads('b')), step('b', { depends_on: ['a'] })]),
      'REFERENCE_NOT_DEPENDENCY',
    ],
    ['itself', flow([step('a', reads('a'))]), 'REFERENCE_NOT_DEPENDENCY'],
    ['a stranger in when', flow([step('a', { when: 'steps.b.output' })]), 'REFERENCE_UNKNOWN'],
    [
      'a stranger in a fallback',
      flow([step('a', { fallback: { value: '${{ steps.b.output }}' } })]),
      'REFERENCE_UNKNOWN',
    ],
    [
      'a stranger in outputs',
      flow([step('a')], { outputs: { x: '${{ steps.b.output }}' } }),
      'REFERENCE_UNKNOWN',
    ],
    [
      'an unknown field of a step',
      flow([step('a'), step('b', { depends_on: ['a'], when: 'steps.a.rows > 1' })]),
      'REFERENCE_UNKNOWN',
    ],
    [
      'an unknown field of an error',
      flow([step('a'), step('b', { depends_on: ['a'], when: 'steps.a.error.nmae == "X"' })]),
      'REFERENCE_UNKNOWN',
    ],
    [
      'an unknown field of an error, asked for',
      flow([step('a'), step('b', { depends_on: ['a'], when: 'has(steps.a.error.nmae)' })]),
      'REFERENCE_UNKNOWN',
    ],
    [
      'an unknown field of an error in a fallback',
      flow([step('a'), step('b', { depends_on: ['a'], fallback: { value: '${{ steps.a.error.kind }}' } })]),
      'REFERENCE_UNKNOWN',
    ],
    [
      'an unknown field of an error in outputs',
      flow([step('a')], { outputs: { x: '${{ steps["a"]["error"]["Message"] }}' } }),
      'REFERENCE_UNKNOWN',
    ],
    [
      'a field of a status',
      flow([step('a'), step('b', { depends_on: ['a'], when: 'steps.a.status.code == 1' })]),
      'REFERENCE_UNKNOWN',
    ],
    ['an undeclared input', flow([step('a', { when: 'inputs.x' })]), 'REFERENCE_UNKNOWN'],
    ['an undeclared variable', flow([step('a', { when: 'env.X == ""' })]), 'REFERENCE_UNKNOWN'],
    ['an unknown field of the run', flow([step('a', { when: 'run.nr == 1' })]), 'REFERENCE_UNKNOWN'],
    ['a broken expression', flow([step('a', { when: '1 +' })]), 'EXPRESSION_INVALID'],
    [
      'a when of two expressions',
      flow([step('a', { when: '${{ true }} && ${{ true }}' })]),
      'EXPRESSION_INVALID',
    ],
    [
      'too many units',
      flow(
        [step('a', { resources: [{ name: 'p', units: 2 }, 'p'] })],
        {},
        {},
        { resources: { pools: { p: { units: 2 } } } },
      ),
      'RESOURCE_OVER_CAPACITY',
    ],
  ])('refuses %s, and nothing else', (_, text, code) => {
    expect(codes(text)).toEqual([code])
  })

  it('accepts any printable name', () => {
    const names = [
      'a.b',
      'a b',
      'a:b',
      'größe',
      '名',
      '-',
      'a{b}',
      'then',
      'a→b',
      '😀',
      '❤\ufe0f',
      'e\u0301',
      'नमस्ते',
    ]
    const steps = names.map((name, i) =>
      step(name, i === 0 ? {} : { depends_on: [names[i - 1]], ...reads(names[0]!) }),
    )
    expect(accepted(flow(steps)).definition.workflows[0]!.steps.map(({ name }) => name)).toEqual(names)
  })

  it('prints one short cycle of each tangle, and of a step with itself', () => {
    const edges: Record<string, string[]> = {
      a: ['b'],
      b: ['c'],
      c: ['a', 'd'],
      d: ['b', 'e'],
      e: [],
      f: ['f'],
      g: ['f', 'h'],
      h: ['g'],
    }
    const messages = refused(
      flow(Object.entries(edges).map(([name, on]) => step(name, { depends_on: on }))),
    ).map(({ message }) => message)
    expect(messages.map((message) => message.split(': ').at(-1))).toEqual([
      'a → b → c → a',
      'f → f',
      'g → h → g',
    ])
  })

  it('shortens a very long cycle', () => {
    const steps = Array.from({ length: 1000 }, (_, i) =>
      step(`s${i}`, { depends_on: [`s${(i + 1) % 1000}`] }),
    )
    const [one, ...others] = refused(flow(steps))
    expect(others).toEqual([])
    expect(one!.message).toMatch(/s0 → s1 → .* 989 more … → s0$/)
  })

  it('agrees with a plain search on who may read whom', () => {
    const graph = fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(graph, fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 10 }), (lists, pairs) => {
        const on = lists.map((list, i) => (i === 0 ? [] : [...new Set(list.map((n) => n % i))]))
        const wanted = pairs.map(([a, b]) => [a % on.length, b % on.length] as const)
        const text = flow(
          on.map((list, i) =>
            step(`s${i}`, {
              depends_on: list.map((n) => `s${n}`),
              parameters: Object.fromEntries(
                wanted.filter(([a]) => a === i).map(([, b]) => [`p${b}`, `\${{ steps.s${b}.status }}`]),
              ),
            }),
          ),
        )
        const above = (step: number): Set<number> => new Set(on[step]!.flatMap((n) => [n, ...above(n)]))
        const wrong = new Set(wanted.filter(([a, b]) => !above(a).has(b)).map(([a, b]) => `${a}-${b}`))
        if (wrong.size === 0) accepted(text)
        else expect(codes(text)).toEqual(Array(wrong.size).fill('REFERENCE_NOT_DEPENDENCY'))
      }),
      { numRuns: 300 },
    )
  })

  it('takes <step>_output of a direct or indirect dependency as its output, elsewhere as text', () => {
    const text = flow([
      step('a'),
      step('b', { depends_on: ['a'] }),
      step('c', {
        depends_on: ['b'],
        parameters: { x: ['a_output'], y: 'b_output', z: 'no_output', w: 'd_output' },
      }),
      step('d'),
    ])
    const { parameters } = accepted(text).definition.workflows[0]!.steps[2]!.call!
    const view = (output: unknown) => ({ output, status: 'success' as const, error: null, attempts: 1 })
    const scope: DataScope = {
      steps: { a: view(1), b: view({ n: 2 }) },
      inputs: {},
      run: { id: '', scenario: '', started_at: '' },
      env: {},
    }
    expect(parameters.kind === 'expression' && parameters.evaluate(scope)).toEqual({
      x: [1],
      y: { n: 2 },
      z: 'no_output',
      w: 'd_output',
    })
    expect(warnings(text).map(({ code }) => code)).toEqual(['REFERENCE_NOT_DEPENDENCY'])
  })

  it('lets an empty pool go by the size for all', () => {
    const pools = (units: number) =>
      flow(
        [step('a', { resources: [{ name: 'p', units }] })],
        {},
        {},
        { resources: { resource_pool_size: 3, pools: { p: {} } } },
      )
    expect(accepted(pools(3)).definition.pools).toEqual([{ name: 'p', units: 3 }])
    expect(codes(pools(4))).toEqual(['RESOURCE_OVER_CAPACITY'])
  })

  it.each([
    [
      'a timeout that retries exceed',
      flow([step('a', { timeout: 10, retry_count: 1 })], { timeout: 20 }),
      ['TIMEOUT_TOO_SHORT'],
    ],
    ['nothing where retries fit', flow([step('a', { timeout: 10, retry_count: 1 })], { timeout: 21 }), []],
    [
      'nothing where steps go side by side',
      flow([step('a', { timeout: 10 }), step('b', { timeout: 10 })], {
        timeout: 10,
        parallel_execution: true,
      }),
      [],
    ],
    [
      'steps after each other',
      flow([step('a', { timeout: 10 }), step('b', { timeout: 10 })], { timeout: 10 }),
      ['TIMEOUT_TOO_SHORT'],
    ],
    ['a scenario longer than the whole', flow([step('a')], { timeout: 600 }), ['TIMEOUT_TOO_SHORT']],
    ['a verdict that never applies', flow([step('a', { on_failure: 'fallback' })]), ['KEY_WITHOUT_EFFECT']],
    ['a limit that never applies', flow([step('a')], { max_concurrency: 4 }), ['KEY_WITHOUT_EFFECT']],
  ])('warns of %s', (_, text, expected) => {
    expect(warnings(text).map(({ code }) => code)).toEqual(expected)
  })

  const slow = (name: string, more: object = {}) => step(name, { timeout: 10, ...more })
  const block = (steps: object[], more: object = {}) => ({ name: 'x', type: 'parallel', steps, ...more })
  const loop = (more: object) => ({ name: 'x', type: 'iterative', steps: [slow('a')], ...more })
  const two = [slow('a'), slow('b')]
  const parallel = { parallel_execution: true }
  it.each<[string, object[], number, object?]>(
    [
      ['side by side', block(two), 10],
      ['side by side, with too few slots', block(two, { max_concurrency: 1 }), 20],
      ['after each other', block([slow('a'), slow('b', { depends_on: ['a'] })]), 20],
      ['until one succeeds', block(two, { wait_for: 'any' }), 10],
      ['within a limit', block(two, { max_concurrency: 1, timeout: 15 }), 15, { inner: true }],
      ['within a limit that they never reach', block(two, { timeout: 15 }), 10],
      ['within a limit that they may reach', block([slow('a'), step('b')], { timeout: 15 }), 15],
      ['again', block(two, { retry_count: 2, retry: { backoff: 'constant', initial: 5 } }), 40],
      ['a timer', { name: 'w', type: 'wait', for: 7 }, 7],
      ['a timer, which never fails', block([{ name: 'w', type: 'wait', for: 7 }], { retry_count: 3 }), 7],
      ['an event', { name: 'w', type: 'wait', event: 'e', timeout: 7 }, 7],
      ['a branch', { name: 'c', type: 'conditional', condition: 'true', then: [slow('a')], else: two }, 20],
      ['items', loop({ for_each: [1, 2, 3] }), 30],
      ['items side by side', loop({ for_each: [1, 2, 3], max_concurrency: 2 }), 20],
      ['a loop that ends', loop({ until: 'true' }), 10],
      ['deep', block([{ ...loop({ for_each: [1, 2] }), name: 'l' }]), 20],
    ].map(([name, x, s, more]) => [name, [x], s, more] as [string, object[], number, object?]),
  )('reckons with what nests: %s', (_, steps, seconds, more) => {
    const found = (timeout: number) =>
      warnings(flow(steps, { timeout })).map(({ code, message }) => [code, message.split(':')[0]])
    const inner = more ? [['TIMEOUT_TOO_SHORT', 'step "x"']] : []
    expect(found(seconds)).toEqual(inner)
    expect(found(seconds - 0.001)).toEqual([['TIMEOUT_TOO_SHORT', 'scenario "s"'], ...inner])
  })

  it.each<[string, object]>([
    ['nothing', loop({ for_each: [] })],
    ['items that nobody knows', loop({ for_each: '[1]' })],
    ['a loop that may not start', loop({ while: 'false' })],
    ['an event without end', { name: 'w', type: 'wait', event: 'e' }],
    ['steps without limits', block([step('a', { retry_count: 9 })])],
  ])('never reckons with what it does not know: %s', (_, x) => {
    expect(warnings(flow([x], { timeout: 0.001 }))).toEqual([])
  })

  it('reckons with a scenario as often as it is run, within its own limit', () => {
    const text = (timeout: number, own?: number): string =>
      JSON.stringify({
        integration: {
          modules: ['m'],
          scenarios: [
            {
              ...{ name: 'a', timeout },
              steps: ['x', 'y'].map((name) => ({ name, type: 'scenario', scenario: 'b' })),
            },
            { name: 'b', steps: [slow('s')], ...(own !== undefined && { timeout: own }) },
          ],
        },
      })
    const places = (from: string) => warnings(from).map(({ message }) => message.split(':')[0])
    expect(places(text(20))).toEqual([])
    expect(places(text(19))).toEqual(['scenario "a"'])
    expect(places(text(8, 4))).toEqual(['scenario "b"'])
    expect(places(text(7, 4))).toEqual(['scenario "a"', 'scenario "b"'])
    expect(warnings(flow([slow('a')], { timeout: 9, ...parallel }))).toHaveLength(1)
  })

  it('forbids parallel scenarios where performance.parallel_execution says so', () => {
    const text = flow(
      [step('a')],
      { parallel_execution: true },
      {},
      { performance: { parallel_execution: false } },
    )
    expect(accepted(text).definition.workflows[0]!.parallel).toBe(false)
    expect(warnings(text).map(({ code }) => code)).toEqual(['KEY_WITHOUT_EFFECT'])
  })

  it('makes a when that is neither true nor false a failure', () => {
    const { when } = accepted(flow([step('a', { when: 'size(run.id)' })])).definition.workflows[0]!.steps[0]!
    const scope: DataScope = {
      steps: {},
      inputs: {},
      run: { id: 'r', scenario: '', started_at: '' },
      env: {},
    }
    expect(() => when?.kind === 'expression' && when.evaluate(scope)).toThrow(
      /must yield true or false, found 1/,
    )
  })

  it.each([
    ['a default', { x: { type: 'integer', default: 1 } }, {}, { x: 1 }],
    ['a given value', { x: { type: 'integer', default: 1 } }, { x: 2 }, { x: 2 }],
    [
      'text of a command line',
      { x: { type: 'integer' }, l: { type: 'list' }, b: { type: 'boolean' } },
      { x: '2', l: '[1]', b: 'true' },
      { x: 2, l: [1], b: true },
    ],
    ['text as text', { x: { type: 'string' }, y: {} }, { x: '2', y: '3' }, { x: '2', y: '3' }],
  ])('takes as an input %s', (_, inputs, given, expected) => {
    expect({ ...accepted(flow([step('a')], {}, { inputs }), { inputs: given }).definition.inputs }).toEqual(
      expected,
    )
  })

  it.each([
    ['one that is missing', { x: {} }, {}, 'INPUT_INVALID'],
    ['one that is unknown', {}, { x: 1 }, 'INPUT_INVALID'],
    ['one of the wrong type', { x: { type: 'number' } }, { x: 'many' }, 'INPUT_INVALID'],
    ['a default of the wrong type', { x: { type: 'number', default: 'many' } }, {}, 'VALUE_INVALID'],
    ['a number that would be another', { x: { type: 'number' } }, { x: '9007199254740993' }, 'INPUT_INVALID'],
    ['a number that is too small', { x: { type: 'number' } }, { x: '1e-400' }, 'INPUT_INVALID'],
    ['a number beyond all', { x: { type: 'list' } }, { x: '[1, 1e400]' }, 'INPUT_INVALID'],
    ['a key given twice', { x: { type: 'object' } }, { x: '{"a": 1, "a": 2}' }, 'INPUT_INVALID'],
    ['a key that is no name', { x: { type: 'object' } }, { x: '{"__proto__": 1}' }, 'INPUT_INVALID'],
  ])('refuses as an input %s', (_, inputs, given, code) => {
    expect(codes(flow([step('a')], {}, { inputs }), { inputs: given })).toEqual([code])
  })

  it('asks for no inputs where nothing will run', () => {
    accepted(flow([step('a')], {}, { inputs: { x: {} } }), { requireInputs: false })
  })

  it('takes of the environment only what is named', () => {
    const { definition } = accepted(flow([step('a')], {}, { env: ['A', 'B'] }), {
      env: { A: '1', SECRET: '2' },
    })
    expect({ ...definition.env }).toEqual({ A: '1' })
  })
})
