// CEL as documents use it: plain numbers, named references, and bounds that hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileExpression, EXPRESSION_LENGTH_MAX } from '../../src/definition/expression.ts'
import type { DataScope } from '../../src/definition/model.ts'
import { LIST_ITEMS_MAX, TEXT_LENGTH_MAX } from '../../src/definition/operators.ts'
import { SagachartError } from '../../src/errors.ts'

const view = (output: unknown) => ({
  output,
  status: output === null ? ('failed' as const) : ('success' as const),
  error: null,
  attempts: 1,
})
const scope = {
  steps: {
    a: view({ rows: 7, text: 'x', list: [3, 1, 2], none: null, constructor: 'own' }),
    'a.b-c': view(5),
    failed: view(null),
  },
  inputs: {
    x: 1,
    half: 0.5,
    name: 'Ada',
    items: [{ id: 1 }, { id: 2 }],
    many: Array.from({ length: 2000 }, (_, i) => i),
  },
  run: { id: 'r1', scenario: 's', started_at: '2026-01-01T00:00:00.000Z' },
  env: { HOME: '/root' },
} satisfies DataScope

const run = (text: string, over: Partial<DataScope> = {}): unknown =>
  compileExpression(text).evaluate({ ...scope, ...over })
const failure = (text: string, over: Partial<DataScope> = {}): SagachartError => {
  try {
    run(text, over)
  } catch (error) {
    if (error instanceof SagachartError) return error
    throw error
  }
  throw new Error(`${text} did not fail`)
}

describe('expression', () => {
  it.each<[string, unknown]>([
    ['1', 1],
    ['inputs.x + 1', 2],
    ['1 + inputs.half', 1.5],
    ['inputs.x == 1', true],
    ['inputs.x == 1.0', true],
    ['inputs.x != 2', true],
    ['steps.a.output.rows > 0', true],
    ['steps.a.output.rows >= 7.5', false],
    ['steps["a.b-c"].output * 2', 10],
    ["steps['a.b-c'].status", 'success'],
    ['7 / 2', 3],
    ['7 % 4', 3],
    ['-7 / 2', -3],
    ['steps.a.output.rows / 2', 3.5],
    ['steps.a.output.rows % 4', 3],
    ['-inputs.x', -1],
    ['size(steps.a.output.list)', 3],
    ['steps.a.output.list.size() == 3', true],
    ['size("añ😀")', 3],
    ['"a" + "b"', 'ab'],
    ['[1] + [2.5]', [1, 2.5]],
    ['{"n": 1, "l": [2, {"m": 3}]}', { n: 1, l: [2, { m: 3 }] }],
    ['steps.a.output.list[0]', 3],
    ['steps.a.output.list[inputs.x]', 1],
    ['steps.a.output["text"]', 'x'],
    ['2 in steps.a.output.list', true],
    ['"x" in inputs', true],
    ['"toString" in inputs', false],
    ['inputs.x > 0 ? "yes" : null', 'yes'],
    ['inputs.x > 1 ? "yes" : null', null],
    ['has(inputs.x) && !has(inputs.nope)', true],
    ['has(steps.a.output.rows)', true],
    ['steps.failed.output == null', true],
    ['steps.a.output.none == null', true],
    ['steps.a.output.constructor', 'own'],
    ['inputs.items.map(i, i.id + 1)', [2, 3]],
    ['inputs.items.map(i, i.id > 1, i.id)', [2]],
    ['inputs.items.filter(i, i.id == 2)', [{ id: 2 }]],
    ['inputs.items.exists(i, i.id == 2)', true],
    ['inputs.items.all(i, i.id > 1)', false],
    ['inputs.items.exists_one(i, i.id > 1)', true],
    ['{"b": 1}.map(k, k)', ['b']],
    ['[1, 2].map(x, [3].map(y, x * y))', [[3], [6]]],
    ['inputs.nope == 1 || true', true],
    ['false && inputs.nope == 1', false],
    ['[0, 1].exists(i, 1 / i == 1)', true],
    ['inputs.name.contains("d") && inputs.name.startsWith("A") && inputs.name.endsWith("a")', true],
    ['inputs.name.lowerAscii() + inputs.name.upperAscii()', 'adaADA'],
    ['" x ".trim()', 'x'],
    ['"abc".indexOf("c") + "abcc".lastIndexOf("c")', 5],
    ['"abc".substring(1) + "abc".substring(0, 1)', 'bca'],
    ['"a,b,c".split(",")', ['a', 'b', 'c']],
    ['"a,b,c".split(",", 2)', ['a', 'b,c']],
    ['["a", "b"].join("-")', 'a-b'],
    ['int("42") + int(3.9)', 45],
    ['double("1.5") + double(1)', 2.5],
    ['string(inputs.x) + string(true) + string(2)', '1true2'],
    ['bool("true")', true],
    ['[1, [2]] == [1.0, [2]] && {"a": 1} == {"a": 1}', true],
    ['{"a": 1} == {"b": 1}', false],
    ['run.scenario + env.HOME', 's/root'],
    ['size(inputs) > 3', true],
  ])('%s is %j', (text, value) => {
    expect(run(text)).toEqual(value)
  })

  it('gives JavaScript numbers and plain JSON only, also deep inside', () => {
    const value = run('[1, {"a": [2, 3].map(x, {"y": x, "z": [x + 1]})}, size("abc"), inputs.items]')
    expect(JSON.parse(JSON.stringify(value))).toEqual(value)
  })

  it.each([
    ['steps.failed.output.rows', /null unless the step succeeded/],
    ['steps.a.output.none.deeper', /is null, which has no field "deeper"/],
    ['steps.a.output.rowz', /it has rows, text/],
    ['inputs.toString', /has no field "toString"/],
    ['inputs.name.length', /has no field "length"/],
    ['steps.a.output.list[3]', /list of 3 has no item 3/],
    ['steps.a.output.list[0.5]', /no item 0.5/],
    ['"a" + 1', /string\(…\)/],
    ['1 / 0', /division by zero/],
    ['inputs.x / 0', /division by zero/],
    ['inputs.x > "a"', /can't compare/],
    ['inputs.x && true', /expected true or false/],
    ['!inputs.x', /expected true or false/],
    ['9007199254740993', /beyond the whole numbers/],
    ['9223372036854775807 + 1', /beyond 64 bits/],
    ['1e308 * 10.0', /no finite number/],
    ['{"__proto__": 1}', /text as the key/],
    ['env.UNSET', /not set/],
  ])('fails for good on %s', (text, message) => {
    const error = failure(text)
    expect(error).toMatchObject({ code: 'EXPRESSION_FAILED', retryable: false })
    expect(error.message).toMatch(message)
  })

  it.each([
    ...[
      'inputs.s + 1',
      'inputs.s > 1',
      '!inputs.s',
      'inputs.s ? 1 : 2',
      'inputs.s.field',
      'inputs.s[0]',
      '-inputs.s',
    ],
    ...['inputs.items[inputs.s]', 'inputs.s in 3', 'inputs.s % 2'],
    ...[
      'int(inputs.s)',
      'double(inputs.s)',
      'bool(inputs.s)',
      'inputs.items.contains(inputs.s)',
      'inputs.s.map(x, x)',
    ],
    ...['inputs.s && true', '[1].all(x, inputs.s)', '3.contains(inputs.s)'],
  ])('repeats no text of a run where it fails: %s', (text) => {
    expect(failure(text, { inputs: { ...scope.inputs, s: 'hunter2' } }).message).not.toContain('hunter2')
  })

  it.each([
    ['1 +', /Unexpected token/],
    ['', /found nothing/],
    ['x', /unknown name "x"/],
    ['inptus.x', /did you mean "inputs"/],
    ['[1].map(inputs, 1)', /can't be the name of a variable/],
    ['steps', /followed by a name/],
    ['steps[inputs.x]', /followed by a name/],
    ['steps.map(s, s)', /followed by a name/],
    ['env["H" + "OME"]', /followed by a name/],
    ['"a".matches("(a+)+$")', /not supported/],
    ['foo(1)', /unknown function foo/],
    ['inputs.x.contain("a")', /did you mean contains/],
    ['size()', /takes 1 argument/],
    ['cel.bind(a, 1, a)', /unknown function bind/],
    ['inputs.?x', /./],
    ['1u', /not supported/],
    ['b"x"', /not supported/],
    ['[1].map(x, [2].map(y, [3].map(z, x)))', /at most 2/],
    ['[1].map(steps, steps)', /can't be the name of a variable/],
    ['"x".repeat(10)', /unknown function/],
    ['1'.repeat(EXPRESSION_LENGTH_MAX + 1), /at most 4096 characters/],
    ['('.repeat(1000) + '1' + ')'.repeat(1000), /not valid/],
    [`[${'1,'.repeat(1500)}1]`, /not valid/],
    [Array(700).fill('1').join('+'), /not valid/],
  ])('refuses to read %.40s', (text, message) => {
    expect(() => compileExpression(text)).toThrow(SagachartError)
    expect(() => compileExpression(text)).toThrow(message)
  })

  it('lists the names that it reads', () => {
    const { references } = compileExpression(
      'steps.a.output.x + steps["b c"].status + inputs.y + env.Z + run.id + [1].map(s, s)[0]',
    )
    expect(references.map(({ root, name, field }) => [root, name, field])).toEqual([
      ['steps', 'a', 'output'],
      ['steps', 'b c', 'status'],
      ['inputs', 'y', null],
      ['env', 'Z', null],
      ['run', 'id', null],
    ])
  })

  it('lists what is read of a step as far as it is written out', () => {
    const { references } = compileExpression(
      'steps.a.error.cause["name"] + steps.a.output[0].x + steps.a.error[inputs.f].g + steps.a',
    )
    expect(references.map(({ name, field, inner }) => [name, field, inner])).toEqual([
      ['a', 'error', ['cause', 'name']],
      ['a', 'output', []],
      ['a', 'error', []],
      ['f', null, []],
      ['a', null, []],
    ])
  })

  it('lists what only some expressions may read, and computes it where it is there', () => {
    const { references } = compileExpression('item.n + index + event.data + [1].map(item, item)[0]')
    expect(references.map(({ root, name }) => [root, name])).toEqual([
      ['item', ''],
      ['index', ''],
      ['event', 'data'],
    ])
    expect(run('item.n + index', { item: { n: 2 }, index: 1 })).toBe(3)
    expect(run('index / 2', { index: 3 })).toBe(1.5)
    expect(run('item', { item: null })).toBe(null)
    expect(run('[input.a, output]', { input: { a: 1 }, output: null })).toEqual([1, null])
    const event = { type: 'e', data: { ok: true }, at: 1, source: 'outside' }
    expect(run('event.data.ok && event.type == "e"', { event })).toBe(true)
    expect(run('event', { event })).toEqual(event)
    expect(failure('item.n')).toMatchObject({ code: 'EXPRESSION_FAILED', retryable: false })
    expect(failure('item.n').message).toMatch(/"item" is not in scope/)
  })

  it('sees no step where a variable hides the root, nor through has()', () => {
    expect(compileExpression('has(steps.a.output.x)').references).toEqual([
      { root: 'steps', name: 'a', field: 'output', inner: ['x'] },
    ])
    expect(compileExpression('inputs.items.map(i, i.steps)').references).toHaveLength(1)
  })

  it('changes nothing that it is given', () => {
    const frozen = structuredClone(scope)
    run('[inputs.items, steps.a.output].map(x, [x]) + [inputs]')
    expect(scope).toEqual(frozen)
  })

  it.each([
    ['a list beyond the cap', 'inputs.big.map(i, i)', { inputs: { big: Array(LIST_ITEMS_MAX + 1).fill(0) } }],
    ['lists within lists', 'inputs.many.all(a, inputs.many.all(b, a + b >= 0))', {}],
    ['a text that doubles', `["${'x'.repeat(1000)}"]${'.map(a, a + a)'.repeat(40)}`, {}],
    ['a list that doubles', `[[1]]${'.map(a, a + a)'.repeat(40)}`, {}],
    ['a result that doubles when written out', `[1]${'.map(a, [a, a])'.repeat(40)}`, {}],
    [
      'long texts compared',
      'inputs.many.all(i, inputs.s + "a" == inputs.s + "a")',
      { inputs: { ...scope.inputs, s: 'x'.repeat(TEXT_LENGTH_MAX - 1) } },
    ],
    [
      'failures forgiven again and again',
      'inputs.many.exists(a, inputs.many.exists(b, inputs.nope == 1) || 1 / 0 == 1)',
      {},
    ],
  ])('ends soon on %s', (_, text, over) => {
    expect(failure(text, over).code).toBe('EXPRESSION_FAILED')
  })

  it('computes whole numbers as CEL does, and reads any text without throwing anything else', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        expect(run(`(${a}) + (${b})`)).toBe(a + b)
        expect(run('inputs.a + inputs.b - inputs.a', { inputs: { a, b } })).toBe(a + b - a)
        expect(run(`(${a}) < (${b})`)).toBe(a < b)
        if (b !== 0) expect(run(`(${a}) / (${b})`)).toBe(Math.trunc(a / b) + 0)
      }),
      { numRuns: 200 },
    )
    const token = fc.constantFrom(
      ...'steps inputs . a [ ] ( ) { } "x" 1 2.5 + - * / % && || ! ? : , in map filter has size == < x'.split(
        ' ',
      ),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join(' ')),
        ),
        (text) => {
          try {
            run(text)
          } catch (error) {
            expect(error).toBeInstanceOf(SagachartError)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
