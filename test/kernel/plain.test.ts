// State as JSON and back.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromPlain, raw, toPlain } from '../../src/kernel/plain.ts'

const through = (value: unknown): unknown => fromPlain(JSON.parse(JSON.stringify(toPlain(value))))

/** JSON has one zero. */
const number = fc.double().map((each) => each + 0)

const key = fc.oneof(fc.string(), fc.constantFrom('$', 'of', '__proto__', 'constructor'))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(fc.string(), fc.boolean(), fc.constant(null), number),
    fc.integer({ min: 0, max: 200 }).map((length) => new Uint8Array(length % 9).fill(length)),
    fc.array(number).map((numbers) => Float64Array.from(numbers)),
    fc.array(fc.integer()).map((numbers) => Int32Array.from(numbers)),
    fc.array(fc.nat()).map((numbers) => Uint32Array.from(numbers)),
    fc.array(tie('value')),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => new Map(entries)),
    fc.array(fc.tuple(key, tie('value'))).map((entries) => Object.fromEntries(entries)),
  ),
}))

describe('state as JSON', () => {
  it('comes back as it was, whatever its keys are', () => {
    fc.assert(
      fc.property(value, (state) => {
        expect(through(state)).toEqual(state)
      }),
      { numRuns: 500, examples: [[NaN], [Infinity], [new Map([['__proto__', 1]])]] },
    )
  })

  it('hands data through that is JSON already, and freezes what comes back', () => {
    const data = { $: 'map', of: [1, { deep: true }] }
    expect(toPlain(raw(data))).toEqual({ $: 'raw', of: data })
    const back = through({ data: raw(data), none: raw(null) }) as { data: typeof data; none: null }
    expect(back).toEqual({ data, none: null })
    expect(Object.isFrozen(back.data.of[1])).toBe(true)
    expect(Object.isFrozen(back)).toBe(false)
  })

  it('leaves out fields that are undefined, and keeps their place in lists', () => {
    expect(through({ a: undefined, b: [undefined, 1] })).toEqual({ b: [undefined, 1] })
    expect(Object.keys(through({ a: undefined }) as object)).toEqual([])
  })

  it('gives the same text for the same state', () => {
    const state = () => ({ a: new Map([[1, new Set(['x'])]]), b: Float64Array.of(NaN, 1) })
    expect(JSON.stringify(toPlain(state()))).toBe(JSON.stringify(toPlain(state())))
  })
})
