// Large graphs: no recursion, about linear time, whatever their shape.
import { describe, expect, it } from 'vitest'
import { accepted, codes, flow, step } from './documents.ts'

const STEPS = 100_000
/** Enough to tell a quadratic from a line. */
const SOME = 30_000
const MS_MAX = 10_000

const graph = (more: (i: number) => object, count = SOME): string =>
  flow(Array.from({ length: count }, (_, i) => step(`s${i}`, more(i))))
const on = (i: number) => (i === 0 ? {} : { depends_on: [`s${i - 1}`] })
const timed = <T>(work: () => T): T => {
  const started = performance.now()
  const result = work()
  expect(performance.now() - started).toBeLessThan(MS_MAX)
  return result
}

describe('very many steps', { timeout: 60_000 }, () => {
  it('in a chain, each reading the step before', () => {
    const text = graph((i) => (i === 0 ? {} : { ...on(i), parameters: { x: `s${i - 1}_output` } }), STEPS)
    expect(timed(() => accepted(text)).definition.workflows[0]!.steps).toHaveLength(STEPS)
  })

  it('in a chain, each reading a step far above', () => {
    const text = graph((i) => (i === 0 ? {} : { ...on(i), when: `steps.s${i >> 1}.status == "success"` }))
    timed(() => accepted(text))
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
    timed(() => accepted(text))
  })

  it('in one cycle', () => {
    expect(timed(() => codes(graph((i) => ({ depends_on: [`s${(i + 1) % SOME}`] }))))).toEqual([
      'DEPENDENCY_CYCLE',
    ])
  })

  it('that fan in, the last reading all', () => {
    const all = Array.from({ length: SOME - 1 }, (_, i) => `s${i}`)
    const last = { depends_on: all, parameters: { x: all.map((name) => `${name}_output`) } }
    timed(() => accepted(graph((i) => (i === SOME - 1 ? last : {}))))
  })

  it('all of them wrong', () => {
    const found = timed(() =>
      codes(graph((i) => ({ ...on(i), module: 'gone', timeout: '1s', when: `steps.t${i}.output` }))),
    )
    expect(found.at(-1)).toBe('PROBLEMS_OMITTED')
  })
})
