// Text to value: what is read, what is refused, where and within which bounds.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROBLEMS_MAX } from '../../src/definition/diagnostic.ts'
import { JSON_VALUES_MAX, readJson } from '../../src/definition/json.ts'
import { ALIASED_VALUES_MAX, parseText } from '../../src/definition/parse.ts'
import { NESTING_MAX } from '../../src/definition/source.ts'
import { YAML_TOKENS_MAX } from '../../src/definition/yaml-text.ts'

const value = (text: string): unknown => {
  const parsed = parseText(text, 'f')
  if (!parsed.ok) throw new Error(parsed.diagnostics[0]!.message)
  return parsed.document.value
}
const first = (text: string) => {
  const parsed = parseText(text, 'f')
  if (parsed.ok) throw new Error('accepted')
  const { code, line, column } = parsed.diagnostics[0]!
  return { code, line, column }
}
const place = (text: string, path: (string | number)[], part: 'key' | 'value' = 'value'): string => {
  const parsed = parseText(text, 'f')
  if (!parsed.ok) throw new Error('refused')
  const { start, end } = parsed.document.locate(path, part)
  return text.slice(start, end)
}

/** Sign, digits and exponent of a number, whatever way it is written. */
const decimal = (number: string): string => {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(number) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const counting = digits.replace(/0+$/, '')
  return counting === ''
    ? '0'
    : `${sign}${counting}e${Number(exponent) - fraction.length + digits.length - counting.length}`
}

describe('JSON that is given beside a document', () => {
  it.each([
    ['1', 1],
    [' {"a": [null, "x"]} ', { a: [null, 'x'] }],
    ['"9007199254740993"', '9007199254740993'],
    ['0.1', 0.1],
  ])('reads %s', (text, value) => {
    expect(readJson(text)).toMatchObject({ value })
  })

  it.each([
    ['9007199254740993', /is read as 9007199254740992/],
    ['[1e400]', /finite/],
    ['1e-400', /too small/],
    ['{"a": 1, "a": 2}', /given twice/],
    ['{"a": 1, "\\u0061": 2}', /given twice/],
    ['{"__proto__": {}}', /__proto__/],
    ['['.repeat(100) + ']'.repeat(100), /nested deeper/],
    ['NaN', /no JSON/],
    ["'x'", /no JSON/],
  ])('refuses %.40s', (text, problem) => {
    expect(readJson(text)).toMatchObject({ problem: expect.stringMatching(problem) })
  })
})

describe('parse', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = 'a: 1\nb: [x, "y", null, true, 1.5]\nc:\n  d: e\n'
    expect(value(yaml)).toEqual({ a: 1, b: ['x', 'y', null, true, 1.5], c: { d: 'e' } })
    expect(value(JSON.stringify(value(yaml)))).toEqual(value(yaml))
  })

  it('keeps dates and yes as text', () => {
    expect(value('a: 2026-01-01\nb: yes\n')).toEqual({ a: '2026-01-01', b: 'yes' })
  })

  it('repeats what an alias names', () => {
    expect(value('a: &x {y: 1}\nb: *x\n')).toEqual({ a: { y: 1 }, b: { y: 1 } })
  })

  it('drops a byte order mark', () => {
    expect(value('\ufeffa: 1')).toEqual({ a: 1 })
  })

  it.each([
    ['nothing', '', 'DOCUMENT_EMPTY', 1, 1],
    ['only a comment', '# x\n', null, 0, 0],
    ['an open bracket', 'a: [b', 'SYNTAX_INVALID', 1, 6],
    ['a NUL', 'a: 1\nb: "\0"', 'CONTROL_CHARACTER', 2, 5],
    ['a key given twice', 'a: 1\nb: 2\na: 3\n', 'KEY_DUPLICATE', 3, 1],
    ['a key given twice in JSON', '{"a": {"b": 1,\n "b": 2}}', 'KEY_DUPLICATE', 2, 2],
    ['a key hidden by an escape', '{"a": 1, "\\u0061": 2}', 'KEY_DUPLICATE', 1, 10],
    ['__proto__', '{"a": {"__proto__": {}}}', 'KEY_INVALID', 1, 8],
    ['__proto__ behind an escape', '{"\\u005f_proto__": {}}', 'KEY_INVALID', 1, 2],
    ['a merge key', 'a: &a {x: 1}\nb:\n  <<: *a\n', 'MERGE_KEY', 3, 3],
    ['a list as a key', '? [a]\n: 1\n', 'KEY_INVALID', 1, 3],
    ['an infinite number', 'a: .inf', 'NUMBER_NOT_FINITE', 1, 4],
    ['a JSON number beyond all', '{"a": 1e999}', 'NUMBER_NOT_FINITE', 1, 7],
    ['an infinite number in a list of JSON', '{"a": [1,\n 1e400]}', 'NUMBER_NOT_FINITE', 2, 2],
    ['a JSON number beyond all, downwards', '[-1e400]', 'NUMBER_NOT_FINITE', 1, 2],
    ['.nan in capitals', 'a: [.NaN]', 'NUMBER_NOT_FINITE', 1, 5],
    ['a whole number beyond 2^53', 'a: 12345678901234567890', 'NUMBER_CHANGED', 1, 4],
    ['the same in JSON', '{"a": {"b": [9007199254740993]}}', 'NUMBER_CHANGED', 1, 14],
    ['a negative one', 'a: -9007199254740993', 'NUMBER_CHANGED', 1, 4],
    ['one with a fraction of nothing', '[9007199254740993.0]', 'NUMBER_CHANGED', 1, 2],
    ['one with an exponent', '[900719925474099.3e1]', 'NUMBER_CHANGED', 1, 2],
    ['one in base 16', 'a: 0x20000000000001', 'NUMBER_CHANGED', 1, 4],
    ['one in base 8', 'a: 0o777777777777777777777', 'NUMBER_CHANGED', 1, 4],
    ['one behind a tag', 'a: !!int "12345678901234567890"', 'NUMBER_CHANGED', 1, 10],
    ['a number that is too small', '{"a": 1e-400}', 'NUMBER_CHANGED', 1, 7],
    ['an unknown tag', 'a: !thing b', 'TAG_UNKNOWN', 1, 4],
    ['!!omap', 'a: !!omap [x: 1]', 'TAG_UNKNOWN', 1, 4],
    ['!!pairs', 'a: !!pairs [x: 1]', 'TAG_UNKNOWN', 1, 4],
    ['!!binary', 'a: !!binary aGk=', 'TAG_UNKNOWN', 1, 4],
    ['!!binary in full', 'a: !<tag:yaml.org,2002:binary> aGk=', 'TAG_UNKNOWN', 1, 4],
    ['!!binary by another name', '%TAG ! tag:yaml.org,2002:\n---\na: !binary aGk=', 'TAG_UNKNOWN', 3, 4],
    ['!!binary of a key', '? !!binary aGk=\n: 1', 'TAG_UNKNOWN', 1, 3],
    ['!!set', 'a: !!set {x, y}', 'TAG_UNKNOWN', 1, 4],
    ['!!timestamp', 'a: !!timestamp 2001-01-01', 'TAG_UNKNOWN', 1, 4],
    ['a tag of another kind', 'a: !!null x', 'TAG_UNKNOWN', 1, 4],
    ['%YAML 1.1', '%YAML 1.1\n---\na: yes', 'DIRECTIVE_INVALID', 1, 1],
    ['%YAML 1.1 behind comments', '# x\n\n%YAML 1.1 # y\n---\na: yes', 'DIRECTIVE_INVALID', 3, 1],
    ['%YAML of the future', '%YAML 1.3\n---\na: 1', 'DIRECTIVE_INVALID', 1, 1],
    ['%YAML given twice', '%YAML 1.2\n%YAML 1.2\n---\na: 1', 'DIRECTIVE_INVALID', 2, 1],
    ['%TAG given twice', '%TAG !a! x:\n%TAG  !a! y:\n---\na: 1', 'DIRECTIVE_INVALID', 2, 1],
    ['an unknown directive', '%THING x\n---\na: 1', 'DIRECTIVE_INVALID', 1, 1],
    ['two documents', 'a: 1\n---\nb: 1\n', 'SYNTAX_INVALID', 2, 1],
    ['an alias of nothing', 'a: *x\n', 'SYNTAX_INVALID', 1, 4],
    ['an alias inside its own anchor', 'a: &x [*x]\n', null, 0, 0],
  ])('places %s', (_, text, code, line, column) => {
    if (code === null) expect(() => parseText(text, 'f')).not.toThrow()
    else expect(first(text)).toEqual({ code, line, column })
  })

  it('takes tags and directives that change nothing', () => {
    const head = '%YAML 1.2 # as ever\n%TAG !y! tag:yaml.org,2002:\n%TAG !z! tag:yaml.org,2002:\n---\n'
    const text = `${head}a: !!str 1\nb: !y!int 2\nc: ! 3\nd: !!map {e: !!seq [!!null ~, !!bool true]}\n`
    expect(value(text)).toEqual({ a: '1', b: 2, c: '3', d: { e: [null, true] } })
  })

  it.each([
    ['1, 0, -1, 9007199254740991, -9007199254740991, 1e20, 1e23, 0.1, 0.30000000000000004, 5e-324, 1.50'],
    ['0.000000000000000000001, 1.7976931348623157e308, 100000000000000, 0e5, 123456789012345.6'],
  ])('keeps numbers without a word: %s', (numbers) => {
    for (const text of [`[${numbers}]`, `a: [${numbers}]`]) {
      const parsed = parseText(text, 'f')
      expect(parsed.ok && parsed.warnings).toEqual([])
    }
  })

  it.each([
    ['a leading zero', 'a: 017', 17, 'a leading zero means nothing'],
    ['a leading zero of a fraction', 'a: 01.5', 1.5, 'a leading zero means nothing'],
    ['zero with a sign', 'a: -0', -0, 'zero has no sign'],
    ['zero with a sign in JSON', '{"a": -0.0}', -0, 'zero has no sign'],
    ['digits that are rounded', 'a: 3.141592653589793238', Math.PI, 'about 16 digits'],
    ['digits that are rounded in JSON', '{"a": 3.141592653589793238}', Math.PI, 'about 16 digits'],
  ])('warns of %s', (_, text, number, message) => {
    const parsed = parseText(text, 'f')
    if (!parsed.ok) throw new Error('refused')
    expect(parsed.document.value).toEqual({ a: number })
    expect(parsed.warnings).toMatchObject([{ code: 'NUMBER_CHANGED', severity: 'warning', line: 1 }])
    expect(parsed.warnings[0]!.message).toContain(message)
    expect(text.slice(parsed.warnings[0]!.column - 1)).toMatch(/^[-\d]/)
  })

  it('reads a number as it is written, or says so', () => {
    const literal = fc
      .tuple(
        fc.constantFrom('', '-'),
        fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 25n }).map(String)),
        fc.option(fc.stringMatching(/^\.\d{1,25}$/), { nil: '' }),
        fc.option(fc.stringMatching(/^[eE][-+]?\d{1,3}$/), { nil: '' }),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(literal, (number) => {
        const [json, yaml] = [parseText(`[${number}]`, 'f'), parseText(`- ${number}`, 'f')]
        expect(json.ok).toBe(yaml.ok)
        const said = (read: typeof json) =>
          (read.ok ? read.warnings : read.diagnostics).map(({ code }) => code)
        expect(said(json)).toEqual(said(yaml))
        if (json.ok && json.warnings.length === 0) {
          const [kept] = json.document.value as number[]
          expect(decimal(String(kept))).toBe(decimal(number))
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('goes on beyond very many warnings, to an error', () => {
    const many = Array(200).fill('017').join('\n- ')
    const parsed = parseText(`- ${many}`, 'f')
    expect(parsed.ok && parsed.warnings).toHaveLength(PROBLEMS_MAX)
    expect(parsed.ok && (parsed.document.value as unknown[])).toHaveLength(200)
    expect(first(`- ${many}\n- 12345678901234567890`)).toMatchObject({ code: 'NUMBER_CHANGED', line: 201 })
    expect(first(`[${'-0,'.repeat(200)}\n1e400]`)).toMatchObject({ code: 'NUMBER_NOT_FINITE', line: 2 })
  })

  it.each([
    ['a flow list', `a: [${'1,'.repeat(YAML_TOKENS_MAX)}1]`],
    ['a block list', '- 1\n'.repeat(YAML_TOKENS_MAX / 4)],
    ['a mapping', Array.from({ length: YAML_TOKENS_MAX / 6 }, (_, i) => `k${i}: v`).join('\n')],
    ['comments', `a: 1\n${'#\n'.repeat(YAML_TOKENS_MAX)}`],
    ['empty lines', `a: 1\n${'\n'.repeat(YAML_TOKENS_MAX + 1)}`],
    ['anchors', `${'&a '.repeat(YAML_TOKENS_MAX)}x`],
    ['JSON', `[${'1,'.repeat(JSON_VALUES_MAX)}\n1]`],
    ['JSON of nothing', `[${'[],'.repeat(JSON_VALUES_MAX)}\n1]`],
  ])('refuses %s beyond the bound, at a place and before it is built', (_, text) => {
    const parsed = parseText(text, 'f')
    expect(parsed).toMatchObject({ ok: false, diagnostics: [{ code: 'DOCUMENT_TOO_LARGE' }] })
    if (parsed.ok) return
    const [{ line, column } = { line: 0, column: 0 }] = parsed.diagnostics
    expect(line + column).toBeGreaterThan(YAML_TOKENS_MAX / 10)
  })

  it('takes what is just within the bound', { timeout: 60_000 }, () => {
    expect(parseText(`[${'1,'.repeat(JSON_VALUES_MAX - 3)}1]`, 'f').ok).toBe(true)
    // A long text is one token.
    expect(parseText(`a: |\n${'  x, y: [z]\n'.repeat(YAML_TOKENS_MAX / 10)}`, 'f').ok).toBe(true)
  })

  it('says of JSON that is too large for YAML why it is no JSON', () => {
    const parsed = parseText(`[${'1,'.repeat(YAML_TOKENS_MAX / 2)}{"a":1,"a":2}]`, 'f')
    expect(!parsed.ok && parsed.diagnostics[0]!.message).toMatch(/tokens of YAML.*a key is given twice/)
  })

  it('reads numbers, directives and tags of any length in linear time', () => {
    const long = ' '.repeat(500_000)
    for (const number of [`1.${'0'.repeat(500_000)}1`, `1.${'01'.repeat(250_000)}`])
      for (const text of [`[${number}]`, `a: ${number}`]) expect(parseText(text, 'f').ok).toBe(true)
    for (const text of [
      `%A${long}x\n---\na: 1`,
      `%YAML 1.2${long}x\n---\na: 1`,
      `a: !${'x'.repeat(500_000)}%21 b`,
    ])
      expect(parseText(text, 'f').ok).toBe(false)
  })

  it('refuses nesting beyond the bound, and only beyond', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    for (const text of [nested(NESTING_MAX), `a: ${nested(NESTING_MAX - 1)}`])
      expect(parseText(text, 'f').ok).toBe(true)
    for (const text of [
      nested(NESTING_MAX + 2),
      `a: ${nested(NESTING_MAX + 1)}`,
      '['.repeat(100_000),
      '- '.repeat(50_000),
    ]) {
      expect(first(text).code).toBe('NESTING_TOO_DEEP')
    }
  })

  it('refuses an alias bomb, and an alias that bites its tail, in bounded time', () => {
    const rows = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(',')}]`,
    )
    expect(first(rows.join('\n')).code).toBe('ALIAS_LIMIT')
    const tail = parseText('a: &x [1, *x]\n', 'f')
    expect(tail.ok).toBe(false)
  })

  it('allows aliases up to the bound', () => {
    const list = (times: number) => `a: &a 1\nb: [${Array(times).fill('*a').join(',')}]`
    expect(parseText(list(ALIASED_VALUES_MAX), 'f').ok).toBe(true)
    expect(first(list(ALIASED_VALUES_MAX + 1)).code).toBe('ALIAS_LIMIT')
  })

  it.each([
    ['JSON', '{"a": {"b": [1, {"c": "x"}]}, "d e": 2}'],
    ['YAML', 'a:\n  b:\n    - 1\n    - c: "x"\nd e: 2\n'],
  ])('locates keys and values in %s', (_, text) => {
    expect(place(text, ['a', 'b', 1, 'c'])).toBe('"x"')
    expect(place(text, ['a', 'b', 1, 'c'], 'key').replaceAll('"', '')).toBe('c')
    expect(place(text, ['a', 'b', 0])).toBe('1')
    expect(place(text, ['d e'])).toBe('2')
    expect(place(text, ['d e'], 'key').replaceAll('"', '')).toBe('d e')
  })

  it('locates the nearest ancestor of what is not there', () => {
    expect(place('{"a": {"b": 1}}', ['a', 'x', 'y'])).toBe('{"b": 1}')
    expect(place('a: {b: 1}', ['a', 'x', 'y'])).toBe('{b: 1}')
  })
})
