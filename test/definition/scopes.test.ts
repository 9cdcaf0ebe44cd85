// What an expression sees: in nested lists, in iterations, in compensations and waits. And what it computes there.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Computed, DataScope } from '../../src/definition/model.ts'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const reading = (expression: string) => ({ parameters: { x: `\${{ ${expression} }}` } })
const of = (name: string) => `steps["${name}"].output`
const nest = (name: string, steps: object[], more: object = {}) => ({
  name,
  type: 'parallel',
  steps,
  ...more,
})
const each = (name: string, steps: object[], more: object = {}) => ({
  ...{ name, type: 'iterative', steps },
  ...('while' in more || 'until' in more ? {} : { for_each: [1] }),
  ...more,
})
const after = (...names: string[]) => ({ depends_on: names })
const view = (output: unknown) => ({ output, status: 'success' as const, error: null, attempts: 1 })
const compute = (computed: Computed | null | undefined, scope: Partial<DataScope>): unknown => {
  if (!computed || computed.kind === 'value') return computed?.value
  const whole = { steps: {}, inputs: {}, run: { id: 'r', scenario: 's', started_at: '' }, env: {}, ...scope }
  return computed.evaluate(whole)
}
const first = (text: string) => accepted(text).definition.workflows[0]!.steps

describe('nested steps see', () => {
  it.each<[string, object[]]>([
    [
      'siblings that they depend on',
      [nest('p', [step('a'), step('b', { ...after('a'), ...reading(of('a')) })])],
    ],
    [
      'what the step around them depends on',
      [step('a'), nest('p', [step('b', reading(of('a')))], after('a'))],
    ],
    [
      'what a step further out depends on',
      [step('a'), nest('p', [nest('q', [nest('r', [step('b', reading(of('a')))])])], after('a'))],
    ],
    [
      'what that depends on',
      [step('a'), step('b', after('a')), nest('p', [step('c', reading(of('a')))], after('b'))],
    ],
    [
      'the inner one of two of the same name',
      [step('a'), nest('p', [step('a'), step('b', { ...after('a'), ...reading(of('a')) })], after('a'))],
    ],
    ['the item', [each('l', [step('a', reading('item + index'))])]],
    ['the item of a loop further out', [each('l', [nest('p', [step('a', reading('item'))])])]],
    [
      'the item around an inner loop',
      [each('l', [each('k', [step('a', reading('[item, index]'))], { until: 'true' })])],
    ],
    [
      'in a branch, what is around it',
      [
        step('a'),
        {
          name: 'c',
          type: 'conditional',
          cases: [{ when: true, steps: [step('b', reading(of('a')))] }],
          ...after('a'),
        },
      ],
    ],
  ])('%s', (_, steps) => {
    expect(warnings(flow(steps))).toEqual([])
  })

  it.each<[string, object[], string]>([
    [
      'siblings that they do not depend on',
      [nest('p', [step('a'), step('b', reading(of('a')))])],
      'REFERENCE_NOT_DEPENDENCY',
    ],
    [
      'strangers of the step around them',
      [step('a'), nest('p', [step('b', reading(of('a')))])],
      'REFERENCE_NOT_DEPENDENCY',
    ],
    ['the step around them', [nest('p', [step('b', reading(of('p')))])], 'REFERENCE_NOT_DEPENDENCY'],
    [
      'an outer one that an inner one hides',
      [step('a'), nest('p', [step('a'), step('b', reading(of('a')))], after('a'))],
      'REFERENCE_NOT_DEPENDENCY',
    ],
    [
      'an outer one through itself',
      [step('a'), nest('p', [step('a', reading(of('a')))], after('a'))],
      'REFERENCE_NOT_DEPENDENCY',
    ],
    [
      'steps of other lists',
      [nest('p', [step('a')]), nest('q', [step('b', reading(of('a')))], after('p'))],
      'REFERENCE_UNKNOWN',
    ],
    [
      'steps inside of a sibling',
      [nest('p', [step('a')]), step('b', { ...after('p'), ...reading(of('a')) })],
      'REFERENCE_UNKNOWN',
    ],
    ['an item outside of loops', [nest('p', [step('a', reading('item'))])], 'EXPRESSION_INVALID'],
    ['an index outside of loops', [step('a', reading('index'))], 'EXPRESSION_INVALID'],
    [
      'an item where there are none',
      [each('l', [step('a', reading('item'))], { while: 'false' })],
      'EXPRESSION_INVALID',
    ],
    ['the item in the list of items', [each('l', [], { for_each: '[item]' })], 'EXPRESSION_INVALID'],
    ['the index when they are asked whether', [each('l', [], { when: 'index == 0' })], 'EXPRESSION_INVALID'],
    ['an event', [step('a', reading('event.data'))], 'EXPRESSION_INVALID'],
    ['an input', [step('a', reading('input.x'))], 'EXPRESSION_INVALID'],
    ['an output', [step('a', reading('output.x'))], 'EXPRESSION_INVALID'],
  ])('not %s', (_, steps, code) => {
    expect(codes(flow(steps))).toEqual([code])
  })

  it('the output of the scenario only outside', () => {
    const inner = flow([nest('p', [step('a')])], { outputs: { x: '${{ steps.a.output }}' } })
    expect(codes(inner)).toEqual(['REFERENCE_UNKNOWN'])
    accepted(flow([nest('p', [step('a')])], { outputs: { x: '${{ steps.p.output.a }}' } }))
  })

  it('and are told what to change', () => {
    const [one] = refused(flow([step('a'), nest('p', [step('b', reading(of('a')))])]))
    expect(one!.message).toBe(
      'step "p/b": the expression reads the step "a", which is not among the dependencies of "p", which it is inside of',
    )
    expect(one!.remedy).toBe('add "a" to depends_on of "p"')
    expect(refused(flow([step('a', reading('item.x'))]))[0]!.message).toBe(
      'step "a": the expression reads "item", which exists only inside an iterative step with for_each',
    )
    expect(refused(flow([step('a', reading('input.x'))]))[0]!.remedy).toBe('did you mean "inputs"?')
  })

  it('<step>_output of steps of whatever list they see', () => {
    const text = flow([
      step('far'),
      step('no'),
      nest(
        'p',
        [
          step('a'),
          step('b', { ...after('a'), parameters: { x: ['a_output', 'far_output'], y: 'no_output' } }),
        ],
        after('far'),
      ),
    ])
    const { control } = first(text)[2]!
    const block = control?.kind === 'parallel' ? control.block : null
    const { call } = block!.steps[1]!
    expect(call!.parameters).toMatchObject({ references: ['a', 'far'] })
    expect(compute(call!.parameters, { steps: { a: view(1), far: view(2) } })).toEqual({
      x: [1, 2],
      y: 'no_output',
    })
    expect(warnings(text).map(({ code, remedy }) => [code, remedy])).toEqual([
      ['REFERENCE_NOT_DEPENDENCY', 'add "no" to depends_on of "p" if its output is meant'],
    ])
  })
})

describe('a control step', () => {
  it('reads with its own conditions what its step may read, and with those of a loop its last steps', () => {
    accepted(
      flow([
        step('a'),
        each('l', [step('b')], { ...after('a'), until: 'steps.b.output.done && steps.a.output > index' }),
      ]),
    )
    accepted(
      flow([step('a'), { name: 'c', type: 'conditional', condition: of('a'), then: [], ...after('a') }]),
    )
    for (const steps of [
      [step('a'), each('l', [step('b')], { until: 'steps.a.output' })],
      [{ name: 'c', type: 'conditional', condition: of('b'), then: [step('b')] }],
      [each('l', [step('b')], { for_each: of('b') })],
      [each('l', [step('b')], { when: of('b') })],
      [step('a'), each('l', [step('b')], { for_each: 'a_output' })],
      [each('l', [step('b')], { while: 'item' })],
    ]) {
      expect(codes(flow(steps))).toHaveLength(1)
    }
  })

  it('reshapes its output by all of its steps, and what it may read itself', () => {
    const output = { x: '${{ steps.b.output }}', y: 'c_output', z: '${{ steps.a.output }}', w: 'a_output' }
    const text = flow([step('a'), nest('p', [step('b'), step('c')], { ...after('a'), output })])
    const { control } = first(text)[1]!
    expect(compute(control!.output, { steps: { a: view(1), b: view(2), c: view(3) } })).toEqual({
      x: 2,
      y: 3,
      z: 1,
      w: 1,
    })
    expect(warnings(text)).toEqual([])
    expect(codes(flow([step('a'), nest('p', [], { output: '${{ steps.a.output }}' })]))).toEqual([
      'REFERENCE_NOT_DEPENDENCY',
    ])
    expect(codes(flow([nest('p', [step('b')], { output: '${{ steps.p.output }}' })]))).toEqual([
      'REFERENCE_NOT_DEPENDENCY',
    ])
    expect(codes(flow([nest('p', [], { output: '${{ index }}' })]))).toEqual(['EXPRESSION_INVALID'])
  })

  it('reshapes the output of any branch, and of each iteration', () => {
    const branches = { condition: true, then: [step('a')], else: [step('b'), step('a')] }
    const output = '${{ [steps.a.output, steps.b.status] }}'
    const choice = first(flow([{ name: 'c', type: 'conditional', ...branches, output }]))[0]!.control
    expect(choice!.output).toMatchObject({ references: ['a', 'b'] })
    const loop = first(flow([each('l', [step('a')], { output: '${{ item + index + steps.a.output }}' })]))[0]!
      .control
    expect(compute(loop!.output, { steps: { a: view(1) }, item: 2, index: 3 })).toBe(6)
  })

  it('reads the event that it waits for, in its filter and its output', () => {
    const wait = { name: 'w', type: 'wait', event: 'e' }
    const text = flow([
      step('a'),
      { ...wait, ...after('a'), filter: 'event.data.id == steps.a.output', output: '${{ event.at }}' },
    ])
    const { control } = first(text)[1]!
    const until = control?.kind === 'wait' && control.until.kind === 'event' ? control.until : null
    const event = { type: 'e', data: { id: 7 }, at: 5, source: 'outside' }
    expect(compute(until!.filter, { steps: { a: view(7) }, event })).toBe(true)
    expect(compute(control!.output, { event })).toBe(5)
    expect(codes(flow([{ ...wait, filter: 'event.dta.id == 1' }]))).toEqual(['REFERENCE_UNKNOWN'])
    expect(codes(flow([{ ...wait, when: 'event.type == "e"' }]))).toEqual(['EXPRESSION_INVALID'])
    expect(codes(flow([{ name: 'w', type: 'wait', for: 1, output: '${{ event }}' }]))).toEqual([
      'EXPRESSION_INVALID',
    ])
    expect(() =>
      compute(until!.filter, { steps: { a: view({}) }, event: { ...event, data: null } }),
    ).toThrow()
  })

  it('reads of another scenario nothing but its output', () => {
    const text = (output: string) =>
      JSON.stringify({
        integration: {
          modules: ['m'],
          scenarios: [
            { name: 's', steps: [{ name: 'x', type: 'scenario', scenario: 't', output }] },
            { name: 't', steps: [step('a')], outputs: { rows: '${{ steps.a.output }}' } },
          ],
        },
      })
    expect(compute(first(text('${{ output.rows }}'))[0]!.control!.output, { output: { rows: 3 } })).toBe(3)
    expect(codes(text('${{ steps.a.output }}'))).toEqual(['REFERENCE_UNKNOWN'])
  })

  it('goes over a list, over an expression, and over a step by its shorthand', () => {
    const items = (for_each: unknown) => {
      const { control } = first(flow([step('a'), each('l', [], { ...after('a'), for_each })]))[1]!
      return control?.kind === 'iterative' && control.over.kind === 'each' ? control.over.items : null
    }
    expect(items([1, 'a'])).toEqual({ kind: 'value', value: [1, 'a'] })
    const scope = { steps: { a: view([1, 2]) } }
    for (const written of [
      'a_output',
      'steps.a.output',
      '${{ steps.a.output }}',
      ['${{ 1 }}', '${{ steps.a.output[1] }}'],
    ]) {
      expect(compute(items(written), scope)).toEqual([1, 2])
    }
    expect(() => compute(items('a_output'), { steps: { a: view(3) } })).toThrow(
      'step "l": its "for_each" must yield a list, found 3',
    )
    expect(codes(flow([each('l', [], { for_each: 'not cel' })]))).toEqual(['EXPRESSION_INVALID'])
    expect(codes(flow([each('l', [], { for_each: '${{ [1] }} and ${{ [2] }}' })]))).toEqual([
      'EXPRESSION_INVALID',
    ])
  })

  it('takes a condition that is neither true nor false for a failure', () => {
    const { control } = first(flow([each('l', [step('a')], { until: 'steps.a.output' })]))[0]!
    const over = control?.kind === 'iterative' && control.over.kind !== 'each' ? control.over : null
    expect(over!.kind).toBe('until')
    expect(() => compute(over!.condition, { steps: { a: view(1) } })).toThrow(
      /its "until" must yield true or false, found 1/,
    )
  })
})

describe('a compensation', () => {
  const compensated = (parameters: object, more: object = {}) =>
    flow([step('b'), step('a', { ...after('b'), compensate: { operation: 'undo', parameters }, ...more })], {
      on_failure: 'compensate',
    })

  it('reads what its step was given and gave, the step itself, and what the step may read', () => {
    const parameters = {
      given: '${{ input.x }}',
      gave: '${{ output }}',
      own: 'a_output',
      tries: '${{ steps.a.attempts }}',
      before: 'b_output',
    }
    const text = compensated(parameters)
    const { compensate } = first(text)[1]!
    const scope = { steps: { a: view(1), b: view(2) }, input: { x: 3 }, output: 1 }
    expect(compute(compensate!.parameters, scope)).toEqual({ given: 3, gave: 1, own: 1, tries: 1, before: 2 })
    expect(warnings(text)).toEqual([])
  })

  it('leaves its parameters to the operation where none are given', () => {
    const text = flow([step('a', { compensate: { operation: 'undo' } })], { on_failure: 'compensate' })
    expect(first(text)[0]!.compensate).toMatchObject({
      module: 'm',
      operation: 'undo',
      parameters: null,
      on: 'success',
    })
    expect(first(text)[0]!.onCancel).toBe('await')
  })

  it('reads no strangers, and no step around it', () => {
    expect(codes(compensated({ x: '${{ steps.c.output }}' }))).toEqual(['REFERENCE_UNKNOWN'])
    expect(codes(compensated({ x: '${{ item }}' }))).toEqual(['EXPRESSION_INVALID'])
    const inner = step('a', { compensate: { operation: 'undo', parameters: { x: '${{ steps.p.output }}' } } })
    expect(codes(flow([nest('p', [inner])], { on_failure: 'compensate' }))).toEqual([
      'REFERENCE_NOT_DEPENDENCY',
    ])
  })
})

describe('any nesting', () => {
  interface Tree {
    /** Dependencies among the siblings before it. */
    readonly on: readonly number[]
    readonly inside: readonly Tree[]
  }
  const { list } = fc.letrec<{ list: Tree[]; node: Tree }>((tie) => ({
    list: fc.array(tie('node'), { maxLength: 4 }),
    node: fc.record({
      on: fc.array(fc.nat(5), { maxLength: 2 }),
      inside: fc.oneof({ depthSize: 'small' }, fc.constant([]), tie('list')),
    }),
  }))

  it('shows what a plain search finds, and nothing else', () => {
    const property = fc.property(
      list,
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
      (trees, pairs) => {
        /** Every step, with all that it may read; names are unique here. */
        const nodes: { name: string; sees: Set<string>; step: Record<string, unknown> }[] = []
        const lay = (siblings: readonly Tree[], around: ReadonlySet<string>, prefix: string): object[] => {
          const seen: Set<string>[] = []
          return siblings.map(({ on, inside }, i) => {
            const name = `${prefix}${i}`
            const before = i === 0 ? [] : [...new Set(on.map((n) => n % i))]
            const own = new Set(before.flatMap((n) => [`${prefix}${n}`, ...seen[n]!]))
            seen.push(own)
            const sees = new Set([...own, ...around])
            const below = lay(inside, sees, `${name}_`)
            const more =
              below.length > 0 ? { type: 'parallel', steps: below } : { module: 'm', operation: 'ok' }
            const step = { name, depends_on: before.map((n) => `${prefix}${n}`), ...more }
            nodes.push({ name, sees, step })
            return step
          })
        }
        const steps = lay(trees, new Set(), 's')
        if (nodes.length === 0) return
        const readers = new Map<number, string>()
        for (const [a, b] of pairs) readers.set(a % nodes.length, nodes[b % nodes.length]!.name)
        let wrong = 0
        for (const [reader, name] of readers) {
          const { step: one, sees } = nodes[reader]!
          one['when'] = `steps["${name}"].status == "success"`
          if (!sees.has(name)) wrong++
        }
        const text = flow(steps)
        if (wrong === 0) accepted(text)
        else expect(codes(text)).toHaveLength(wrong)
      },
    )
    fc.assert(property, { numRuns: 500 })
  })
})
