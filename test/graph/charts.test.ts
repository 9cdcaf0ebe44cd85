// Statecharts as pictures: every state and every transition of the charts that run is there.
// What they have is read off their configuration as it was written; @xstate/graph leaves out what is taken at once.
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import { chartOf, CHARTS, drawChart, toStateDiagram } from '../../src/graph/charts.ts'
import { toDot } from '../../src/graph/drawing.ts'
import { graphviz, stateDiagram, type Seen } from './readers.ts'

type Written = string | { readonly target?: string } | readonly { readonly target?: string }[] | undefined
interface WrittenState {
  readonly description: string
  readonly type?: string
  readonly on?: Readonly<Record<string, Written>>
  readonly always?: Written
}

const waysOf = ([key, { on = {}, always }]: [string, WrittenState]) =>
  [['', always] as const, ...Object.entries(on)].flatMap(([event, written]) =>
    [written ?? []].flat().map((way) => ({
      from: key,
      event,
      to: typeof way === 'string' ? way : (way.target ?? key),
    })),
  )

const written = Object.entries(CHARTS).map(([name, machine]) => {
  const states = Object.entries(machine.config.states as unknown as Record<string, WrittenState>)
  return [name, machine, states, states.flatMap(waysOf)] as const
})

describe.each(written)('%s', (_, machine, states, ways) => {
  const chart = chartOf(machine)
  const moves = ways.filter(({ from, to }) => from !== to)
  const textOf = ({ nodes, edges: drawn }: Seen) =>
    [...[...nodes.values()].flat(), ...drawn.map(({ label }) => label)].join('\n')

  it('has all its states and transitions as data', () => {
    expect(chart.states.map(({ key, description }) => [key, description])).toEqual(
      states.map(([key, { description }]) => [key, description]),
    )
    const keys = new Map(chart.states.map(({ id, key }) => [id, key]))
    const found = chart.transitions.map(({ from, event, to }) => ({
      from: keys.get(from),
      event,
      to: keys.get(to),
    }))
    const inOrder = (some: readonly object[]) => some.map((one) => JSON.stringify(one)).toSorted()
    expect(inOrder(found)).toEqual(inOrder(ways))
    // A chart with nested states or transitions of its root would need more than is drawn.
    expect(Object.keys(machine.config)).not.toContain('on')
    expect(states.filter(([, state]) => 'states' in state || 'invoke' in state || 'after' in state)).toEqual(
      [],
    )
    expect(chart.states.filter((state) => state.is_initial)).toHaveLength(1)
  })

  it('has all of them as a state diagram', async () => {
    const seen = await stateDiagram(toStateDiagram(chart))
    const finals = states.filter(([, { type }]) => type === 'final').length
    const marks = finals > 0 ? 2 : 1
    expect(seen.nodes.size).toBe(states.length + marks)
    expect(seen.edges).toHaveLength(moves.length + 1 + finals)
    for (const [key, { description }] of states) {
      expect(seen.nodes.get(key)!.slice(0, 2)).toEqual([key, description])
    }
  })

  it('has all of them in dot', async () => {
    const seen = await graphviz(toDot(drawChart(chart)))
    expect(seen.nodes.size).toBe(states.length + 1)
    expect(seen.edges).toHaveLength(moves.length + 1)
    expect(textOf(seen)).not.toContain('…')
  })

  it('names every action, guard and event in both', async () => {
    const both = [
      textOf(await stateDiagram(toStateDiagram(chart))),
      textOf(await graphviz(toDot(drawChart(chart)))),
    ]
    const names = [
      ...chart.states.flatMap(({ entry, exit }) => [...entry, ...exit]),
      ...chart.transitions.flatMap(({ event, guard, actions }) => [event, guard ?? '', ...actions]),
    ]
    expect(names.length).toBeGreaterThan(chart.states.length)
    for (const text of both) expect(names.filter((name) => !text.includes(name))).toEqual([])
  })
})

describe('a chart', () => {
  it('shows parameters that are given, and none that are worked out', () => {
    const machine = createMachine({
      initial: 'a',
      states: {
        a: {
          entry: [
            'plain',
            { type: 'given', params: { x: 'one', y: 2 } },
            { type: 'made', params: () => ({}) },
          ],
        },
      },
    })
    expect(chartOf(machine).states[0]!.entry).toEqual(['plain', 'given one 2', 'made'])
  })
})
