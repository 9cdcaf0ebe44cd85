// Any text and any change to a valid document: accepted, or refused at a place, soon and briefly; never thrown at.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDiagnostics } from '../../src/definition/diagnostic.ts'
import { readDocument } from '../../src/definition/document.ts'
import { stringify } from 'yaml'

const OUTPUT_LENGTH_MAX = 100_000
const MS_MAX = 3000

function judge(text: string): boolean {
  const started = performance.now()
  const result = readDocument(text, 'flow.yaml')
  expect(performance.now() - started).toBeLessThan(MS_MAX)
  if (result.ok) {
    for (const workflow of result.read.definition.workflows) expect(Array.isArray(workflow.steps)).toBe(true)
    return true
  }
  expect(result.diagnostics.some(({ severity }) => severity === 'error')).toBe(true)
  const lines = text.split('\n').length
  for (const { line, column, message, code, frame } of result.diagnostics) {
    expect(line).toBeGreaterThanOrEqual(1)
    expect(line).toBeLessThanOrEqual(lines)
    expect(column).toBeGreaterThanOrEqual(1)
    expect(message.length).toBeGreaterThan(0)
    expect(code).toMatch(/^[A-Z_]+$/)
    expect(frame).toContain('^')
  }
  const printed = formatDiagnostics(result.diagnostics)
  expect(printed.length).toBeLessThan(OUTPUT_LENGTH_MAX)
  expect(printed).not.toMatch(/^\s+at .*\.ts:\d+/m)
  return false
}

const document = {
  integration: {
    workflow_id: 'fuzzed',
    modules: ['m', { name: 'n', path: './n.ts' }],
    inputs: { date: { type: 'string', default: '2026-01-01' } },
    env: ['HOME'],
    scenarios: [
      {
        name: 's',
        timeout: '2m',
        parallel_execution: true,
        outputs: { rows: '${{ steps.b.output }}' },
        steps: [
          {
            name: 'a',
            module: 'm',
            operation: 'x',
            parameters: { d: '${{ inputs.date }}', l: [1, { k: 'v' }] },
          },
          {
            name: 'b',
            module: 'n',
            operation: 'y',
            depends_on: ['a'],
            when: 'steps.a.output.rows > 0',
            retry: { initial: 1, jitter: 'none' },
            fallback: { value: 'a_output' },
            on_failure: ['fallback', 'skip'],
            resources: ['p', { name: 'q', units: 2 }],
            compensate: { operation: 'u', parameters: { x: '${{ input.d }} ${{ output }}', y: 'b_output' } },
          },
          {
            ...{ name: 'p', type: 'parallel', wait_for: 'any', depends_on: ['a'] },
            steps: [
              { name: 'w', type: 'wait', event: 'e', filter: 'event.data == steps.a.output', timeout: '1s' },
            ],
            output: { x: '${{ steps.w.output }}' },
          },
          {
            ...{ name: 'l', type: 'iterative', for_each: 'a_output', tolerate: '10%', depends_on: ['a'] },
            steps: [
              { name: 'a', module: 'm', operation: 'x', parameters: { i: '${{ item }} ${{ index }}' } },
              {
                name: 'k',
                type: 'iterative',
                until: 'steps.b.output',
                steps: [{ name: 'b', module: 'm', operation: 'x' }],
              },
            ],
          },
          {
            ...{
              name: 'c',
              type: 'conditional',
              depends_on: ['l'],
              cases: [{ when: 'steps.a.output', steps: [] }],
            },
            default: [
              {
                name: 't',
                type: 'scenario',
                scenario: 't',
                inputs: { date: 'l_output' },
                output: '${{ output }}',
              },
            ],
          },
          {
            name: 'd',
            type: 'conditional',
            condition: 'true',
            then: [],
            else: [{ name: 'w', type: 'wait', for: 1 }],
          },
        ],
      },
      {
        name: 't',
        on_failure: 'compensate',
        steps: [{ name: 'a', module: 'm', operation: 'x', on_failure: 'retry' }],
      },
    ],
  },
  n: { version: '1', config: { deep: { er: [null, true] } } },
  resources: { pools: { p: {}, q: { units: 3 } } },
  events: {
    event_bus_size: 10,
    handlers: { step_failed: ['log_step_failure', { module: 'm', operation: 'h' }] },
  },
  output: { format: 'json', file: 'out.json' },
}

/** Every way into the document. */
function paths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value)
  return [path, ...entries.flatMap(([key, item]) => paths(item, [...path, key]))]
}

const strange = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1e308,
    '',
    '0s',
    '__proto__',
    'constructor',
    'a',
    'zzz',
    '{x}',
    '${{ }}',
    '${{ steps.a.output',
    '${{ steps["a"].output }}',
    '${{ [1].map(x, [x].map(y, y)) }}',
    'a_output',
    'b_output',
    [],
    {},
    [[[[]]]],
    { name: 'a' },
    { value: 1, operation: 'x' },
    'parallel',
    'iterative',
    'scenario',
    '${{ item }}',
    '${{ [steps.l.output, event, input, output] }}',
    'l_output',
    [{ name: 'a', type: 'parallel', steps: [] }],
    { name: 's', type: 'scenario', scenario: 's' },
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

type Change = { at: number; kind: 'set' | 'remove' | 'rename' | 'double'; value: unknown; name: string }

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10_000),
  kind: fc.constantFrom('set', 'remove', 'rename', 'double'),
  value: strange,
  name: fc.oneof(
    fc.constantFrom('steps', 'type', 'module', 'toString', 'n', '<<', '{module1}'),
    fc.string({ maxLength: 8 }),
  ),
})

function changed(root: unknown, { at, kind, value, name }: Change): unknown {
  const copy = structuredClone(root)
  const ways = paths(copy).filter((path) => path.length > 0)
  const way = ways[at % Math.max(1, ways.length)]
  if (!way) return value
  let holder = copy as Record<string | number, unknown>
  for (const key of way.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>
  const key = way.at(-1)!
  if (kind === 'double' && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]))
  else if (kind === 'set') holder[key] = value
  else if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else {
    if (kind === 'rename')
      Object.defineProperty(holder, name, {
        value: holder[key],
        enumerable: true,
        configurable: true,
        writable: true,
      })
    delete holder[key]
  }
  return copy
}

/** Documents of nested steps, most of whose parts exist, and of which many make sense. */
const anyName = fc.constantFrom('a', 'b', 'c', 'd')
const anyExpression = fc.oneof(
  { weight: 5, arbitrary: fc.constant('run.id == "x"') },
  { weight: 1, arbitrary: anyName.map((name) => `steps.${name}.output`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('item == 1', 'index < 2', 'event.data', 'output', 'size(', 'inputs.n'),
  },
)
const anyValue = fc.oneof(
  anyExpression.map((text) => `\${{ ${text} }}`),
  anyName.map((name) => `${name}_output`),
  fc.constantFrom<unknown>(1, [1, 2], 'x'),
)
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const shared = {
  name: anyName,
  depends_on: sometimes(fc.array(anyName, { maxLength: 2 })),
  when: sometimes(anyExpression),
  timeout: sometimes(fc.constantFrom(1, '2s')),
  compensate: sometimes(fc.constant({ module: 'm', operation: 'u' })),
  on_failure: sometimes(fc.constantFrom('skip', 'compensate', ['fallback', 'degradation'])),
}
const { steps: anySteps } = fc.letrec<{ step: object; steps: object[] }>((tie) => ({
  steps: fc.uniqueArray(tie('step'), { maxLength: 3, selector: (of) => (of as { name: string }).name }),
  step: fc.oneof(
    { maxDepth: 6, depthSize: 'large', withCrossShrink: true },
    fc.record({
      ...shared,
      module: fc.constant('m'),
      operation: fc.constant('o'),
      parameters: sometimes(fc.record({ x: anyValue })),
    }),
    fc.record({
      ...shared,
      type: fc.constant('wait'),
      event: fc.constant('e'),
      filter: sometimes(anyExpression),
    }),
    fc.record({
      ...{ ...shared, type: fc.constant('scenario'), scenario: fc.constantFrom('t', 'u') },
      inputs: sometimes(fc.record({ n: anyValue })),
    }),
    fc.record({
      ...{ ...shared, type: fc.constant('parallel'), steps: tie('steps') },
      ...{ wait_for: sometimes(fc.constantFrom('any', 'all', 2)), output: sometimes(anyValue) },
    }),
    fc.record({
      ...{ ...shared, type: fc.constant('iterative'), steps: tie('steps') },
      ...{
        for_each: fc.oneof(fc.constant([1]), anyExpression),
        tolerate: sometimes(fc.constantFrom(1, '5%')),
      },
    }),
    fc.record({
      ...{ ...shared, type: fc.constant('iterative'), steps: tie('steps') },
      ...{ until: anyExpression, max_iterations: sometimes(fc.constant(3)) },
    }),
    fc.record({
      ...{ ...shared, type: fc.constant('conditional'), condition: anyExpression },
      ...{ then: tie('steps'), else: sometimes(tie('steps')) },
    }),
  ),
}))
const nestedDocument = fc
  .tuple(anySteps, anySteps, anySteps, fc.constantFrom('fail', 'compensate'))
  .map(([s, t, u, on_failure]) => ({
    integration: {
      modules: ['m'],
      inputs: { n: { type: 'any', default: 0 } },
      scenarios: [
        { name: 's', on_failure, steps: s },
        { name: 't', timeout: 3, steps: t },
        { name: 'u', parallel_execution: true, steps: u },
      ],
    },
  }))

const mark = fc.constantFrom(
  ...': - [ ] { } , & * ! | > " \' # % @ ? \n \t << &a *a --- ... \u0000 \u2028 \ufeff ${{ }} {x}'.split(' '),
  '\n',
  '  ',
)

describe('any document', { timeout: 60_000 }, () => {
  it('is accepted unchanged', () => {
    expect(judge(JSON.stringify(document))).toBe(true)
    expect(judge(stringify(document))).toBe(true)
  })

  it('of random text is judged', () => {
    const signs = fc.array(
      fc.oneof(mark, fc.string({ maxLength: 5 }), fc.constantFrom('integration', 'modules', 'steps')),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          signs.map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => void judge(text),
      ),
      { numRuns: 1000 },
    )
  })

  it('with changed values and keys is judged, and JSON and YAML alike', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const value = changes.reduce<unknown>(changed, document)
        const json = judge(JSON.stringify(value) ?? 'null')
        if (json) accepted++
        // Without quotes << is YAML's merge key, which JSON has not.
        const yaml = stringify(value)
        if (!/^[\s-]*<<:/m.test(yaml)) expect(judge(yaml)).toBe(json)
      }),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(50)
  })

  it('of nested steps is judged', () => {
    let accepted = 0
    fc.assert(
      fc.property(nestedDocument, (value) => {
        if (judge(JSON.stringify(value))) accepted++
      }),
      { numRuns: 1500 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it('with changed text is judged', () => {
    const texts = [stringify(document), JSON.stringify(document), JSON.stringify(document, null, 2)]
    const edit = fc.record({
      at: fc.nat(10_000),
      remove: fc.nat(12),
      insert: fc.oneof(mark, fc.string({ maxLength: 3 })),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        (text, edits) => {
          let edited = text
          for (const { at, remove, insert } of edits) {
            const start = at % edited.length
            edited = edited.slice(0, start) + insert + edited.slice(start + remove)
            if (edited === '') edited = ' '
          }
          judge(edited)
        },
      ),
      { numRuns: 700 },
    )
  })

  it('of great size is judged', () => {
    for (const text of [
      '- '.repeat(20_000),
      'a: '.repeat(5000),
      '{"a":'.repeat(20_000),
      '"\\'.repeat(20_000),
      `integration: {modules: [${'m, '.repeat(20_000)}], scenarios: []}`,
      `integration:\n  modules: []\n  scenarios: []\n${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')}`,
      `${'&a '.repeat(5000)}x`,
      '#'.repeat(1_000_000),
      `integration: {modules: [], scenarios: [{name: s, steps: [${'{name: a, depends_on: [a, b]}, '.repeat(3000)}]}]}`,
      `integration: {modules: [], scenarios: [{name: s, steps: [${'{name: a, type: parallel, steps: ['.repeat(5000)}`,
      `integration: {modules: [], scenarios: [{name: s, steps: [${'{name: a, type: parallel, steps: ['.repeat(28)}${']}'.repeat(28)}]}]}`,
      `integration: {modules: [], scenarios: [{name: s, steps: [${'{name: a, type: conditional, cases: [{when: index, steps: []}]}, '.repeat(3000)}]}]}`,
      `integration: {modules: [], scenarios: [${'{name: s, steps: [{name: a, type: scenario, scenario: s}]}, '.repeat(3000)}]}`,
    ]) {
      expect(judge(text)).toBe(false)
    }
  })
})
