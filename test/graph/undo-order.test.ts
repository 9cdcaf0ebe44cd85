// The order of undoing: what the arrows say is what the dependencies say, and there are never many more of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { undoOrder, type UndoOrder } from '../../src/graph/undo-order.ts'

/** Steps that come after each one, as arrows say: those that are undone, straight or through others. */
function reached({ arrows }: UndoOrder, count: number): Set<number>[] {
  const next = Array.from({ length: count }, () => new Set<number>())
  for (const [from, to] of arrows) next[from]!.add(to)
  return next.map((_, from) => closure(from, (step) => next[step]!))
}

function closure(from: number, next: (step: number) => Iterable<number>): Set<number> {
  const found = new Set<number>()
  const open = [from]
  for (let step = open.pop(); step !== undefined; step = open.pop())
    for (const to of next(step)) {
      if (found.has(to)) continue
      found.add(to)
      open.push(to)
    }
  return found
}

const graph = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.record({
    needs: fc.tuple(
      ...Array.from({ length: count }, (_, step) =>
        fc.subarray(Array.from({ length: step }, (__, other) => other)),
      ),
    ),
    undone: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
  }),
)

describe('the order of undoing', () => {
  it('is the dependencies, turned round, between the steps that are undone', () => {
    fc.assert(
      fc.property(graph, ({ needs, undone }) => {
        const order = undoOrder(needs, (step) => undone[step]!)
        const after = reached(order, needs.length)
        const junctions = new Set(order.junctions)
        for (const [step, isUndone] of undone.entries()) {
          if (!isUndone) continue
          const meant = [...closure(step, (each) => needs[each]!)].filter((each) => undone[each])
          const drawn = [...after[step]!].filter((each) => !junctions.has(each))
          expect(new Set(drawn)).toEqual(new Set(meant))
        }
        expect(order.junctions.filter((step) => undone[step])).toEqual([])
      }),
    )
  })

  it('leaves out what other arrows say', () => {
    const { arrows } = undoOrder([[], [0], [0, 1]], () => true)
    expect(arrows).toEqual([
      [1, 0],
      [2, 1],
    ])
  })

  it('leads past steps that have nothing to undo, and through them where it would be too many arrows', () => {
    const past = undoOrder([[], [], [0, 1], [2]], (step) => step !== 2)
    expect(past).toEqual({
      arrows: [
        [3, 0],
        [3, 1],
      ],
      junctions: [],
    })
    const many = 1_000
    const first = Array.from({ length: many }, () => [])
    const last = Array.from({ length: many }, () => [many])
    const needs = [...first, first.map((_, step) => step), ...last]
    const through = undoOrder(needs, (step) => step !== many)
    expect(through.junctions).toEqual([many])
    expect(through.arrows).toHaveLength(2 * many)
  })

  const comb = (step: number) => (step % 3 === 0 ? [] : step % 3 === 2 ? [step - 1] : [step - 1, step - 3])
  const net = (step: number) => [1, 2, 3, 4].filter((far) => far <= step).map((far) => step - far)
  it.each([
    [
      'a comb',
      (step: number) => comb(step).filter((needed) => needed >= 0),
      (step: number) => step % 3 !== 1,
    ],
    ['a chain', (step: number) => (step > 0 ? [step - 1] : []), (step: number) => step % 3 === 0],
    ['a net', net, (step: number) => step % 5 === 0],
  ])('is linear in 100,000 steps of %s', (_, needsOf, isUndone) => {
    const needs = Array.from({ length: 100_000 }, (__, step) => needsOf(step))
    const dependencies = needs.reduce((sum, { length }) => sum + length, 0)
    const { arrows } = undoOrder(needs, isUndone)
    expect(arrows.length).toBeGreaterThan(0)
    expect(arrows.length).toBeLessThanOrEqual(4 * dependencies)
  })
})
