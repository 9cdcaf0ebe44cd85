// Text in pieces: together they are what would have been made at once, and none of them is long.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonPieces, jsonStart, linePieces } from '../../src/cli/pieces.ts'

const whole = (value: unknown, indent?: number) => [...jsonPieces(value, indent)].join('')

describe('JSON in pieces', () => {
  it('is always what JSON.stringify makes of it', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, -0, 1.5, NaN, undefined, 'text', '"\\\n', new Date(0), () => 1, Symbol()),
        fc.string(),
        fc.array(tie('any')),
        fc.dictionary(fc.string(), tie('any')),
      ),
    })).any
    fc.assert(
      fc.property(fc.array(value), (given) => {
        expect(whole(given)).toBe(`${JSON.stringify(given, null, 2)}\n`)
        expect(whole(given, 0)).toBe(JSON.stringify(given))
      }),
    )
  })

  it('has no long piece, however long a text, a list or a mapping', () => {
    const text = 'emoji 🚀 and \u001b '.repeat(50_000)
    const value = {
      text,
      list: Array(50_000).fill('item'),
      nested: Array(2000).fill({ a: { b: [text.slice(0, 99)] } }),
    }
    const pieces = [...jsonPieces(value)]
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(200_000)
    expect(JSON.parse(pieces.join(''))).toEqual(value)
  })

  it('is made as it is asked for', () => {
    let made = 0
    const item = { toJSON: () => (made++, 'x'.repeat(1000)) }
    expect(jsonStart(Array(10_000).fill(item)).length).toBeLessThan(100_000)
    expect(made).toBeLessThan(100)
  })
})

describe('lines in pieces', () => {
  it('are all there, many in a piece', () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}`)
    const pieces = [...linePieces(lines)]
    expect(pieces.join('')).toBe(`${lines.join('\n')}\n`)
    expect(pieces.length).toBeLessThan(50)
  })
})
