// What expressions cost: each built-in charges what it does, so that the work charged bounds the work done, whatever the
// expression. Work done is counted here, in what the engine is asked for, and never by a clock.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileExpression, type Expression } from '../../src/definition/expression.ts'
import type { DataScope } from '../../src/definition/model.ts'
import { FUNCTIONS, METHODS, newBudget, WORK_MAX } from '../../src/definition/operators.ts'
import { Compiler, readTemplate } from '../../src/definition/template.ts'
import { SagachartError } from '../../src/errors.ts'

const scopeOf = (inputs: DataScope['inputs']): DataScope => ({
  steps: {},
  inputs,
  run: { id: 'r', scenario: 's', started_at: '' },
  env: {},
})

/** Evaluates to the end or to its bound. */
function spend({ evaluate }: Expression, inputs: DataScope['inputs']) {
  const budget = newBudget()
  try {
    evaluate(scopeOf(inputs), budget)
    return { work: budget.work, failure: null }
  } catch (error) {
    if (!(error instanceof SagachartError)) throw error
    return { work: budget.work, failure: error.message }
  }
}

const spent = (text: string, inputs: DataScope['inputs']) => spend(compileExpression(text), inputs)

const list = (length: number) => Array.from({ length }, (_, i) => i)
const mapping = (length: number) => Object.fromEntries(list(length).map((i) => [`k${i}`, i]))
const data = (n: number) => ({
  s: 'x'.repeat(n),
  t: `${'x'.repeat(n - 1)}y`,
  digits: '1'.repeat(n),
  blank: ' '.repeat(n),
  l: list(n),
  texts: list(n).map(String),
  m: mapping(n),
})

/** By built-in: an expression whose work grows with the data. */
const GROWING: Readonly<Record<string, string>> = {
  '+ of texts': '(inputs.s + inputs.s) != ""',
  '+ of lists': 'inputs.l + inputs.l',
  '== of texts': 'inputs.s == inputs.t',
  '== of lists': 'inputs.l == inputs.l.map(i, i)',
  '== of mappings': '{} == inputs.m',
  '!= of texts': 'inputs.s != inputs.t',
  '< of texts': 'inputs.s < inputs.t',
  '>= of texts': 'inputs.s >= inputs.t',
  'in of a list': '-1 in inputs.l',
  'in of a mapping': 'inputs.s in {}',
  '[] of a mapping': 'inputs.m[inputs.s]',
  'a key of a literal': '{inputs.s: 1}',
  'a missing field': 'inputs.m.nope',
  all: 'inputs.l.all(i, true)',
  'all of a mapping': 'inputs.m.all(k, true)',
  exists: 'inputs.l.exists(i, false)',
  exists_one: 'inputs.l.exists_one(i, false)',
  map: 'inputs.l.map(i, i)',
  filter: 'inputs.l.filter(i, false)',
  'size()': 'size(inputs.s)',
  'size() of a mapping': 'size(inputs.m)',
  'double()': 'double(inputs.digits)',
  size: 'inputs.s.size()',
  contains: 'inputs.s.contains("y")',
  startsWith: 'inputs.s.startsWith(inputs.t)',
  endsWith: 'inputs.s.endsWith(inputs.t)',
  lowerAscii: 'inputs.s.lowerAscii()',
  upperAscii: 'inputs.s.upperAscii()',
  trim: 'inputs.blank.trim()',
  indexOf: 'inputs.s.indexOf("y")',
  lastIndexOf: 'inputs.s.lastIndexOf("y")',
  substring: 'inputs.s.substring(1)',
  split: 'inputs.s.split("y")',
  join: 'inputs.texts.join()',
}

/** Built-ins that do the same however long their argument is, or look at a bounded part of it. */
const CONSTANT = ['int()', 'string()', 'bool()', 'dyn()']

describe('the work of an expression', () => {
  it.each(Object.entries(GROWING))('grows with the data: %s', (_, text) => {
    const [small, large] = [spent(text, data(500)), spent(text, data(8000))]
    expect(large.work - small.work).toBeGreaterThan(7500 / 128)
    expect(large.work).toBeLessThan(WORK_MAX)
  })

  it('is known of every function and method', () => {
    const known = [...Object.keys(GROWING), ...CONSTANT]
    for (const name of FUNCTIONS.keys()) expect(known).toContain(`${name}()`)
    for (const name of METHODS.keys()) expect(known).toContain(name)
  })

  it.each(['contains', 'indexOf', 'lastIndexOf', 'split'])('of .%s() is text × needle', (method) => {
    const work = (needle: number) =>
      spent(`inputs.s.${method}(inputs.n) == 0`, { s: 'x'.repeat(10_000), n: 'x'.repeat(needle) }).work
    expect(work(1000) - work(100)).toBeGreaterThan((10_000 * 900) / 200)
  })

  const million = `['${'a'.repeat(1000)}'.split('').map(z, '${'a'.repeat(1000)}').join('')]`
  it.each([
    ['contains', `${million}.exists(s, s.contains(s.substring(0,250000)+'b'+s.substring(0,250000)))`],
    ['lastIndexOf', `${million}.exists(s, s.lastIndexOf(s.substring(0,500000)+'b') > 0)`],
    ['indexOf', `${million}.exists(s, s.indexOf(s.substring(0,250000)+'b'+s.substring(0,250000)) > 0)`],
    ['split', `${million}.exists(s, s.split(s.substring(0,250000)+'b'+s.substring(0,250000)) == [])`],
    ['size', `${million}.exists(s, s.substring(0,9999).split('').all(i, s.size() > 0))`],
    ['startsWith', `${million}.exists(s, s.substring(0,9999).split('').all(i, s.startsWith(s)))`],
    ['< of texts', `${million}.exists(s, s.substring(0,9999).split('').all(i, s <= s.substring(1)))`],
    ['upperAscii', `${million}.exists(s, s.substring(0,9999).split('').all(i, (s+'é').upperAscii() != ''))`],
    ['double', `${million}.exists(s, s.substring(0,9999).split('').all(i, double(s + '1') > 0.0))`],
  ])('ends with the budget where %s would take seconds', (_, text) => {
    expect(text.length).toBeLessThan(2300)
    const expression = compileExpression(text)
    const { result, operations } = counted(() => spend(expression, {}))
    expect(operations).toBeLessThan(WORK_MAX * OPERATIONS_PER_UNIT)
    if (result.failure !== null) expect(result.failure).toMatch(/units of work|more than \d+ characters/)
  })

  it('is bounded for all expressions of one value together', () => {
    const heavy = `\${{ inputs.l.all(a, inputs.l.all(b, a + b >= 0)) }}`
    const evaluate = (value: unknown) => {
      const { computed, broken } = readTemplate(value, [], new Compiler())
      expect(broken).toEqual([])
      if (computed.kind !== 'expression') throw new Error('no expression')
      return () => computed.evaluate(scopeOf({ l: list(120), o: mapping(1000), s: 'x'.repeat(1000) }))
    }
    expect(evaluate(heavy)()).toBe(true)
    const message = /units of work/
    expect(evaluate({ a: heavy, b: [heavy, heavy] })).toThrow(message)
    expect(evaluate(`${heavy} ${heavy} ${heavy}`)).toThrow(message)
    expect(evaluate(Array(500).fill('is ${{ inputs.o }}'))).toThrow(message)
    // What only names something is as long as the document.
    expect(evaluate(list(50_000).map(() => '${{ inputs.s }}'))()).toHaveLength(50_000)
  })

  it('bounds the operations, whatever the expression', { timeout: 120_000 }, () => {
    const inputs = { ...data(2000), s: 'x'.repeat(100_000), t: `${'x'.repeat(60_000)}é`, few: [1, 2, 3] }
    let evaluated = 0
    fc.assert(
      fc.property(anyExpression, (text) => {
        const expression = new Compiler().expression(text)
        // It is too long, too deep or too large to be one.
        if (typeof expression === 'string') return
        const { result, operations } = counted(() => spend(expression, inputs))
        if (result.failure === null) evaluated++
        // What would overstep the bound is charged, and not done.
        const done = Math.min(result.work, WORK_MAX + text.length)
        expect(operations).toBeLessThanOrEqual(done * OPERATIONS_PER_UNIT + UNPAID_MAX)
      }),
      { numRuns: 700 },
    )
    expect(evaluated).toBeGreaterThan(150)
  })
})

/** Operations of the last message, and of listing the mapping whose keys overstep the bound. */
const UNPAID_MAX = 4000

/** Operations that a unit of work stands for, at most: pairs of characters, characters, keys. */
const OPERATIONS_PER_UNIT = 128

/** Runs something, and counts what the engine is asked to do meanwhile, each call at its worst. */
function counted<T>(run: () => T): { result: T; operations: number } {
  let operations = 0
  const restore: (() => void)[] = []
  const count = (holder: object, name: string, cost: (self: string, args: unknown[]) => number) => {
    const real = Reflect.get(holder, name) as (...args: unknown[]) => unknown
    const put = (value: unknown) =>
      Object.defineProperty(holder, name, { value, configurable: true, writable: true })
    put(function (this: unknown, ...args: unknown[]) {
      operations += cost(this as string, args)
      return Reflect.apply(real, this, args) as unknown
    })
    restore.push(() => put(real))
  }
  const search = (text: string, [needle]: unknown[]) => text.length * Math.max(1, String(needle).length)
  const ofText = String.prototype
  for (const name of ['includes', 'indexOf', 'lastIndexOf', 'split']) count(ofText, name, search)
  for (const name of ['startsWith', 'endsWith']) count(ofText, name, (_, [part]) => String(part).length)
  for (const name of ['trim', 'toLowerCase', 'toUpperCase']) count(ofText, name, (text) => text.length)
  count(ofText, 'charCodeAt', () => 1)
  count(ofText, 'substring', () => 1)
  // A function is called for each match.
  count(
    ofText,
    'replace',
    (text, [sought]) => text.length + 100 * (text.match(sought as RegExp)?.length ?? 0),
  )
  count(RegExp.prototype, 'test', (_, [text]) => Math.min(String(text).length, 1000))
  count(Object, 'hasOwn', () => 1)
  const keys = Object.keys
  count(Object, 'keys', (_, [of]) => (keys(of as object).length > 100 ? keys(of as object).length : 0))
  try {
    return { result: run(), operations }
  } finally {
    for (const back of restore) back()
  }
}

type Part = fc.Arbitrary<string>

/** Words around parts. */
const say = (words: TemplateStringsArray, ...parts: Part[]): Part =>
  fc.tuple(...parts).map((values) => words.reduce((all, word, at) => `${all}${values[at - 1]}${word}`))

const { bool: anyExpression } = fc.letrec<
  Record<'bool' | 'text' | 'number' | 'items' | 'texts' | 'map', string>
>((tie) => {
  const bool = tie('bool')
  const text = tie('text')
  const number = tie('number')
  const items = tie('items')
  const texts = tie('texts')
  const map = tie('map')
  const anyOf = (...ways: Part[]) => fc.oneof({ maxDepth: 4, depthSize: 'small' }, ...ways)
  const compare = fc.constantFrom('==', '!=', '<', '<=', '>', '>=')
  const over = fc.constantFrom('all', 'exists', 'exists_one')
  const method = fc.constantFrom('contains', 'startsWith', 'endsWith')
  const find = fc.constantFrom('indexOf', 'lastIndexOf')
  const recase = fc.constantFrom('lowerAscii', 'upperAscii', 'trim')
  return {
    bool: anyOf(
      fc.constantFrom('true', 'false'),
      say`(${text} ${compare} ${text})`,
      say`${text}.${method}(${text})`,
      say`(${number} ${compare} ${number})`,
      say`(${items} == ${items})`,
      say`(${map} == ${map})`,
      say`(${bool} && ${bool} || !${bool})`,
      say`${items}.${over}(a, a ${compare} ${number} || ${bool})`,
      say`${texts}.${over}(b, b.${method}(${text}))`,
      say`${map}.${over}(c, c in ${map} && ${bool})`,
      say`(${number} in ${items})`,
      say`(${text} in ${map})`,
    ),
    text: anyOf(
      fc.constantFrom('"x"', '"xy"', '""', 'inputs.s', 'inputs.t', 'inputs.blank', 'inputs.digits'),
      say`(${text} + ${text})`,
      say`${text}.${recase}()`,
      say`${text}.substring(${fc.constantFrom('0', '1', '500')})`,
      say`${texts}.join(${text})`,
      say`string(${number})`,
      say`(${bool} ? ${text} : ${text})`,
    ),
    number: anyOf(
      fc.constantFrom('1', '2.5', '-7'),
      say`size(${text})`,
      say`${items}.size()`,
      say`size(${map})`,
      say`${text}.${find}(${text})`,
      say`double(${text})`,
      say`(${number} * ${number} + ${number})`,
      say`${map}["k1"]`,
    ),
    items: anyOf(
      fc.constantFrom('inputs.l', 'inputs.few', '[]', '[1, 2]'),
      say`(${items} + ${items})`,
      say`${items}.filter(d, ${bool})`,
      say`${items}.map(d, d + ${number})`,
      say`${map}.map(d, ${number})`,
    ),
    texts: anyOf(
      fc.constantFrom('inputs.texts', '["x", "yy"]'),
      say`${text}.split(${text})`,
      say`${items}.map(e, ${text})`,
    ),
    map: anyOf(fc.constantFrom('inputs.m', '{}'), say`{"k1": ${number}, ${text}: ${bool}}`),
  }
})
