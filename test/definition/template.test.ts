// Values with expressions inside: types kept, texts joined, everything else left as it is.
import { describe, expect, it } from 'vitest'
import type { DataScope } from '../../src/definition/model.ts'
import { Compiler, readTemplate, splitTemplate } from '../../src/definition/template.ts'

const scope: DataScope = {
  steps: { a: { output: { n: 3, l: [1] }, status: 'success', error: null, attempts: 1 } },
  inputs: { s: 'x', nothing: null, yes: true },
  run: { id: 'r', scenario: 's', started_at: '' },
  env: {},
}
const read = (value: unknown) => readTemplate(value, ['p'], new Compiler())
const fill = (value: unknown): unknown => {
  const { computed, broken } = read(value)
  expect(broken).toEqual([])
  return computed.kind === 'value' ? computed.value : computed.evaluate(scope)
}

describe('template', () => {
  it.each<[unknown, unknown]>([
    ['${{ steps.a.output.n }}', 3],
    [' ${{ steps.a.output.l }}\n', [1]],
    ['n=${{ steps.a.output.n }}!', 'n=3!'],
    ['${{ inputs.s }}${{ inputs.yes }}', 'xtrue'],
    ['[${{ inputs.nothing }}] ${{ steps.a.output }}', '[] {"n":3,"l":[1]}'],
    ['${{ "}}" + \'}}\' }}', '}}}}'],
    ['${{ {"a": {"b": 1}}}}', { a: { b: 1 } }],
    ['${{ "\\"}}" }}', '"}}'],
    [
      { a: ['${{ inputs.s }}', { b: 'c ${{ 1 + 1 }}' }], d: 1 },
      { a: ['x', { b: 'c 2' }], d: 1 },
    ],
    ['{module} $x {{y}} $ {{ z', '{module} $x {{y}} $ {{ z'],
    [null, null],
    [{}, {}],
  ])('%j becomes %j', (value, expected) => {
    expect(fill(value)).toEqual(expected)
  })

  it('keeps a value without expressions as it is', () => {
    const value = { a: [1, { b: 'c' }] }
    expect(read(value).computed).toEqual({ kind: 'value', value })
  })

  it('says where each expression stands and what it reads', () => {
    const { found, computed } = read({ a: ['${{ steps.a.status }} ${{ inputs.s }}'] })
    expect(
      found.map(({ path, source, references }) => [path.join('.'), source, references[0]!.root]),
    ).toEqual([
      ['p.a.0', 'steps.a.status', 'steps'],
      ['p.a.0', 'inputs.s', 'inputs'],
    ])
    expect(computed).toMatchObject({ kind: 'expression', references: ['a'] })
  })

  it.each([['${{ 1'], ['${{ }}'], ['${{ 1 + }}'], ['${{ 1 } }}'], [{ '${{ 1 }}': 1 }]])(
    'finds fault with %j',
    (value) => {
      expect(read(value).broken).toHaveLength(1)
    },
  )

  it('reads a text that a step is meant by as that step', () => {
    const { computed } = readTemplate({ x: ['a_output', 'b_output'] }, [], new Compiler(), (text) =>
      text === 'a_output' ? 'a' : null,
    )
    expect(computed.kind === 'expression' && computed.evaluate(scope)).toEqual({
      x: [{ n: 3, l: [1] }, 'b_output'],
    })
    expect(computed).toMatchObject({ references: ['a'] })
  })

  it('splits and joins to the same text', () => {
    const text = 'a ${{ b }} c ${{ "d }}" }}'
    const joined = [...splitTemplate(text)]
      .map((piece) => (typeof piece === 'string' ? piece : `\${{${piece.source}}}`))
      .join('')
    expect(joined).toBe(text)
  })
})
