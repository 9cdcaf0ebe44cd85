// Large graphs: no recursion, about linear time, whatever their shape.
import { describe, expect, it } from 'vitest'
import { accepted, codes, flow, step } from './documents.ts'

const STEPS = 100_000
/** Enough to tell a quadratic from a line. */
const SOME = 30_000

const graph = (more: (i: number) => object, count = SOME): string =>
  flow(Array.from({ length: count }, (_, i) => step(`s${i}`, more(i))))
const on = (i: number) => (i === 0 ? {} : { depends_on: [`s${i - 1}`] })

describe('very many steps', { timeout: 60_000 }, () => {
  it('in a chain, each reading the step before', () => {
    const text = graph((i) => (i === 0 ? {} : { ...on(i), parameters: { x: `s${i - 1}_output` } }), STEPS)
    expect(accepted(text).definition.workflows[0]!.steps).toHaveLength(STEPS)
  })

  it('in a chain, each reading a step far above', () => {
    const text = graph((i) => (i === 0 ? {} : { ...on(i), when: `steps.s${i >> 1}.status == "success"` }))
    accepted(text)
  })

  it('in a ladder, where no spanning tree answers', () => {
    const text = graph((i) =>
      i < 2
        ? {}
        : {
            depends_on: [`s${i - 2 - (i % 2)}`, `s${i - 1 - (i % 2)}`],
            parameters: { x: `\${{ steps.s${(i >> 2) | 1}.output }}` },
          },
    )
    accepted(text)
  })

  it('in one cycle', () => {
    expect(codes(graph((i) => ({ depends_on: [`s${(i + 1) % SOME}`] })))).toEqual(['DEPENDENCY_CYCLE'])
  })

  it('that fan in, the last reading all', () => {
    const all = Array.from({ length: SOME - 1 }, (_, i) => `s${i}`)
    const last = { depends_on: all, parameters: { x: all.map((name) => `${name}_output`) } }
    accepted(graph((i) => (i === SOME - 1 ? last : {})))
  })

  it('all of them wrong', () => {
    const found = codes(
      graph((i) => ({ ...on(i), module: 'gone', timeout: '1s', when: `steps.t${i}.output` })),
    )
    expect(found.at(-1)).toBe('PROBLEMS_OMITTED')
  })

  const block = (name: string, steps: object[], more: object = {}) => ({
    name,
    type: 'parallel',
    steps,
    ...more,
  })
  const many = <T>(count: number, make: (i: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => make(i))

  it('inside of one step, each reading its sibling and what is around', () => {
    const inner = many(STEPS, (i) =>
      step(`s${i}`, i === 0 ? {} : { ...on(i), parameters: { x: `s${i - 1}_output`, y: 'first_output' } }),
    )
    const text = flow([step('first'), block('all', inner, { depends_on: ['first'] })])
    const { control } = accepted(text).definition.workflows[0]!.steps[1]!
    expect(control?.kind === 'parallel' && control.block.steps).toHaveLength(STEPS)
  })

  it('inside of steps by the hundred, each reading far outwards', () => {
    const inner = (b: number) =>
      many(100, (i) => step(`s${i}`, { when: `steps.t${b >> 1}.status == "success"`, timeout: '1s' }))
    const text = flow(
      many(STEPS / 100, (b) =>
        b % 2 === 0
          ? step(`t${b >> 1}`, b === 0 ? {} : { depends_on: [`t${(b >> 1) - 1}`] })
          : block(`b${b}`, inner(b), { depends_on: [`t${b >> 1}`] }),
      ),
      { timeout: 1 },
    )
    expect(accepted(text).definition.workflows[0]!.steps).toHaveLength(STEPS / 100)
  })

  it('each of which nests a step', () => {
    const text = flow(
      many(SOME, (i) => ({
        ...{ name: `l${i}`, type: 'iterative', for_each: '[1]', ...on(0) },
        steps: [step('a', { parameters: { x: '${{ item }}' } })],
      })),
    )
    accepted(text)
  })

  it('in as many branches, whose output reads them all', () => {
    const cases = many(SOME, (i) => ({ when: 'run.id == "x"', steps: [step(`s${i}`)] }))
    const output = many(SOME, (i) => `s${i}_output`)
    accepted(flow([{ name: 'c', type: 'conditional', cases, output }]))
  })

  it('at the deepest', () => {
    const deep = (depth: number, width: number): object[] =>
      depth === 0
        ? many(width, (i) => step(`s${i}`, { parameters: { x: 'top_output' } }))
        : [block('x', deep(depth - 1, width))]
    accepted(flow([step('top'), block('x', deep(15, SOME), { depends_on: ['top'] })]))
  })

  it('in scenarios that run one another', () => {
    const call = (i: number) => ({ name: `c${i}`, type: 'scenario', scenario: `t${i % 1000}` })
    const scenarios = [
      { name: 's', steps: many(SOME, call) },
      ...many(1000, (i) => ({ name: `t${i}`, steps: [step('a', { compensate: { operation: 'ok' } })] })),
    ]
    accepted(JSON.stringify({ integration: { modules: ['m'], scenarios } }))
  })

  it('in as many scenarios, in a circle', () => {
    const scenarios = many(SOME, (i) => ({
      name: `s${i}`,
      steps: [{ name: 'a', type: 'scenario', scenario: `s${(i + 1) % SOME}` }],
    }))
    expect(codes(JSON.stringify({ integration: { modules: ['m'], scenarios } }))).toEqual([
      'DEPENDENCY_CYCLE',
    ])
  })

  it('nested, all of them wrong', () => {
    const inner = many(SOME, (i) =>
      step(`s${i}`, { module: 'gone', when: `steps.t${i}.output`, parameters: { x: '${{ item }}' } }),
    )
    expect(codes(flow([block('all', inner)])).at(-1)).toBe('PROBLEMS_OMITTED')
  })
})
