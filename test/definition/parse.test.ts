// Text to value: what is read, what is refused, where and within which bounds.
import { describe, expect, it } from 'vitest'
import { ALIASED_VALUES_MAX, parseText } from '../../src/definition/parse.ts'
import { NESTING_MAX } from '../../src/definition/source.ts'

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
    ['an unknown tag', 'a: !thing b', 'TAG_UNKNOWN', 1, 4],
    ['two documents', 'a: 1\n---\nb: 1\n', 'SYNTAX_INVALID', 2, 1],
    ['an alias of nothing', 'a: *x\n', 'SYNTAX_INVALID', 1, 4],
    ['an alias inside its own anchor', 'a: &x [*x]\n', null, 0, 0],
  ])('places %s', (_, text, code, line, column) => {
    if (code === null) expect(() => parseText(text, 'f')).not.toThrow()
    else expect(first(text)).toEqual({ code, line, column })
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
