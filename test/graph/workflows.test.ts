// Workflows as pictures: what Mermaid and Graphviz make of them is what was meant, whatever names hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameFault } from '../../src/definition/names.ts'
import { toDot, toMermaid, type Drawing } from '../../src/graph/drawing.ts'
import { drawWorkflows } from '../../src/graph/pictures.ts'
import { graphOf } from '../../src/graph/workflows.ts'
import { accepted, flow, step } from '../definition/documents.ts'
import { flowchart, graphviz } from './readers.ts'

/** What means something to Mermaid, to Graphviz, to Markdown or to a browser. */
const NASTY = [
  String.raw`end|subgraph|graph|node|strict|style a: #b;|classDef a: #b;|click|A --> B|%% x|{x}|(x)|[x]|>x]|$$x$$`,
  String.raw`1. one|- a|*b*|_i_|~x~|#35;|#quot;|&amp;|&quot;|&#38;|<b>|<br/>|<script>|a"b|a'b|\|\N|a\|\"|\l|日本 語|é👩‍🚀|…`,
]
  .flatMap((texts) => texts.split('|'))
  .concat('|x|', '`md`')
/** One line of text, without the signs in which the readers keep something. */
const line = fc
  .oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.string({ maxLength: 30 }),
  )
  .map((text) => text.trim())
  .filter((text) => text !== '' && !/[\p{Cc}\u00a0ﬂ¶]/u.test(text))
// What stands in braces is refused as a placeholder that was left.
const name = line.filter((text) => nameFault(text) === null && !text.includes('{'))

const shape = fc
  .uniqueArray(name, { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc
      .tuple(...names.map((_, i) => fc.subarray(names.slice(0, i))))
      .map((above) => names.map((own, i) => ({ own, above: above[i]! }))),
  )

const drawingOf = (text: string): Drawing => {
  const { definition } = accepted(text)
  return drawWorkflows(
    definition.name,
    definition.workflows.map((workflow) => graphOf(workflow)),
  )
}

describe.each([
  ['Mermaid', toMermaid, flowchart],
  ['Graphviz', toDot, graphviz],
] as const)('%s', (_, write, read) => {
  it('sees each step and each dependency, whatever the names', async () => {
    await fc.assert(
      fc.asyncProperty(shape, name, async (steps, scenario) => {
        const text = flow(
          steps.map(({ own, above }) => step(own, { depends_on: above })),
          { name: scenario },
        )
        const seen = await read(write(drawingOf(text)))
        const nameOf = (id: string) => String(seen.nodes.get(id)![0])
        expect([...seen.nodes.keys()].map(nameOf).toSorted()).toEqual(steps.map(({ own }) => own).toSorted())
        const edges = seen.edges.map(({ from, to }) => `${nameOf(from)} → ${nameOf(to)}`)
        const meant = steps.flatMap(({ own, above }) => above.map((from) => `${from} → ${own}`))
        expect(edges.toSorted()).toEqual(meant.toSorted())
        expect(seen.groups).toEqual([`${scenario} (one at a time)`])
      }),
      { numRuns: 100 },
    )
  })

  it.each(NASTY)('draws %j as it is, in nodes, on edges, in titles', async (text) => {
    const nodes = [
      { id: 'a', lines: ['a', text] },
      { id: 'b', lines: [text, 'b'] },
    ]
    const edges = [{ from: 'a', to: 'b', label: text }]
    const seen = await read(write({ title: text, groups: [{ id: 'g', title: text, nodes, edges }] }))
    expect([...seen.nodes.values()]).toEqual([
      ['a', text],
      [text, 'b'],
    ])
    expect(seen.edges).toEqual([{ from: 'a', to: 'b', label: text }])
    expect(seen.groups).toEqual([text])
  })

  it('shows what matters when something fails', async () => {
    const steps = [
      step('plain'),
      step('careful', {
        ...{ depends_on: ['plain'], run_if: 'all_done', when: 'steps.plain.status != "failed" &&\n  1 < 2' },
        ...{ retry_count: 2, timeout: '1500ms', on_failure: ['fallback', 'skip'] },
        ...{ fallback: { operation: 'other' }, resources: ['pool', { name: 'quota', units: 3 }] },
      }),
      step('valued', { retry_count: 1, fallback: { value: 1 } }),
      step('last', { depends_on: ['careful'], run_if: 'ancestors_succeeded' }),
    ]
    const pools = { resources: { pools: { pool: {}, quota: { units: 5 } } } }
    const scenario = { parallel_execution: true, max_concurrency: 3, timeout: 90 }
    const seen = await read(write(drawingOf(flow(steps, scenario, {}, pools))))
    const text = [...seen.nodes.values()].map((lines) => lines.join(' | '))
    expect(text.toSorted()).toEqual([
      'a value',
      'careful | m.ok | when steps.plain.status != "failed" && 1 < 2 | 2 retries · ≤ 1.5 s · else fallback, skip | pool×1 · quota×3',
      'last | m.ok | ancestors_succeeded',
      'm.other',
      'plain | m.ok',
      'valued | m.ok | 1 retry',
    ])
    expect(seen.edges.map(({ label }) => label).toSorted()).toEqual(['', 'all_done', 'fallback', 'fallback'])
    expect(seen.groups).toEqual(['s (at most 3 at once, within 90 s)'])
  })

  it('cuts a line that is too long, and says so', async () => {
    const long = '&'.repeat(200)
    const seen = await read(write(drawingOf(flow([step(long)]))))
    expect([...seen.nodes.values()]).toEqual([[`${'&'.repeat(99)}…`, 'm.ok']])
  })
})

describe('a picture', () => {
  it('of 100,000 steps has them all', () => {
    const count = 100_000
    const steps = Array.from({ length: count }, (_, i) =>
      step(`s${i}`, i > 1 ? { depends_on: [`s${i - 1}`, `s${i - 2}`] } : {}),
    )
    const drawing = drawingOf(flow(steps))
    expect(toMermaid(drawing).split('\n')).toHaveLength(1 + 1 + count + 1 + 2 * (count - 2) + 1)
    expect(toDot(drawing).match(/ -> /g)).toHaveLength(2 * (count - 2))
  })
})
