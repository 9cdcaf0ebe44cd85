// Steps inside of steps as pictures and as data: what is inside of what, what leads where, and the way back.
import { describe, expect, it } from 'vitest'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import { toDot, toMermaid } from '../../src/graph/drawing.ts'
import { drawWorkflows } from '../../src/graph/pictures.ts'
import { graphOf } from '../../src/graph/workflows.ts'
import {
  call,
  computed,
  control,
  each,
  event,
  given,
  retries,
  scenario,
  sideBySide,
  undoneBy,
  workflow,
} from './definitions.ts'
import { flowchart, graphviz, type Seen } from './readers.ts'

const never = () => null

const notify = workflow('notify', [
  call('mail', undoneBy('apologise')),
  call('post', { dependsOn: ['mail'] }),
])
const order = workflow('order', [
  call('reserve'),
  control(
    'checks',
    sideBySide(
      workflow('checks', [call('fraud'), call('stock'), call('credit', { dependsOn: ['fraud'] })]),
      2,
    ),
    { dependsOn: ['reserve'], timeoutMs: 5000, ...retries(2) },
  ),
  control(
    'approve',
    event('approved', { filter: computed('event.data.ok', never), timeoutMs: 60_000, onTimeout: 'skip' }),
    { dependsOn: ['reserve'] },
  ),
  control(
    'route',
    {
      kind: 'conditional',
      cases: [
        { when: computed('inputs.express', never), block: workflow('route', [call('courier')]) },
        { when: given(true), block: workflow('route', [call('drone')]) },
      ],
      otherwise: workflow('route', [call('parcel')]),
      output: null,
    },
    { dependsOn: ['checks', 'approve'], onFailure: ['retry', 'skip'], fallback: given(0) },
  ),
  control(
    'scan',
    each(
      computed('inputs.items', never),
      workflow('scan', [
        call('fetch'),
        control('deep', sideBySide(workflow('scan/deep', [call('dig')])), { dependsOn: ['fetch'] }),
      ]),
      { maxConcurrency: 4, tolerate: { share: 0.1 }, iterationsMax: 50 },
    ),
    { dependsOn: ['route'], runIf: 'all_done' },
  ),
  control('pause', { kind: 'wait', until: { kind: 'timer', delayMs: 10_000 }, output: null }),
  control('tell', scenario(notify), { dependsOn: ['scan', 'pause'] }),
])

const drawingOf = (...workflows: WorkflowDefinition[]) =>
  drawWorkflows(
    'all',
    workflows.map((workflow) => graphOf(workflow)),
  )

/** Names of steps for the ids of a picture: nodes by their first line, frames by that of their title. */
function named({ nodes, edges, groups }: Seen, ids: ReadonlyMap<string, string>) {
  const nameOf = (id: string) => nodes.get(id)?.[0] ?? ids.get(id) ?? id
  return {
    nodes: [...nodes.values()].map((lines) => lines.join(' | ')).toSorted(),
    edges: edges
      .map(({ from, to, label }) => [nameOf(from), label, nameOf(to)].filter(Boolean).join(' → '))
      .toSorted(),
    groups: groups.toSorted(),
  }
}

/** The same picture as both programs see it. */
async function seen(...workflows: WorkflowDefinition[]) {
  const drawing = drawingOf(...workflows)
  const ids = new Map<string, string>()
  const open = drawing.groups.flatMap(({ frames = [] }) => frames)
  for (let frame = open.pop(); frame; frame = open.pop()) {
    for (const end of ['', 'i', 'o']) ids.set(`${frame.id}${end}`, frame.lines[0]!)
    open.push(...(frame.frames ?? []))
  }
  const mermaid = named(await flowchart(toMermaid(drawing)), ids)
  const dot = named(await graphviz(toDot(drawing)), ids)
  // Mermaid breaks lines by a mark, Graphviz by the sign itself.
  const groups = mermaid.groups.map((title) => title.replaceAll('<br/>', '\n')).toSorted()
  expect(dot).toEqual({ ...mermaid, groups })
  return { ...mermaid, groups: groups.map((title) => title.split('\n').join(' | ')) }
}

describe('a picture of nested steps', () => {
  it('has a frame a control step, a frame a branch, and edges to and from them', async () => {
    const { nodes, edges, groups } = await seen(order, notify)
    expect(groups.toSorted()).toEqual([
      'case 1: inputs.express',
      'case 2: true',
      'checks | any 2 of 3, at most 64 at once | 2 retries · ≤ 5 s',
      'deep | all 1, at most 64 at once',
      'default',
      'notify (at most 64 at once)',
      'order (at most 64 at once)',
      'route | the first case that holds | else retry, skip',
      'scan | ↻ for each inputs.items | 4 at once · at most 50 times · tolerates 10%',
    ])
    expect(nodes).toEqual([
      'a value',
      'approve | waits for approved | where event.data.ok | ≤ 60 s, then skip',
      'courier | m.courier',
      'credit | m.credit',
      'dig | m.dig',
      'drone | m.drone',
      'fetch | m.fetch',
      'fraud | m.fraud',
      'mail | m.mail',
      'parcel | m.parcel',
      'pause | waits 10 s',
      'post | m.post',
      'reserve | m.reserve',
      'stock | m.stock',
      'tell | runs notify',
    ])
    expect(edges).toEqual([
      'approve → route',
      'checks → route',
      'fetch → deep',
      'fraud → credit',
      'mail → post',
      'pause → tell',
      'reserve → approve',
      'reserve → checks',
      'route → all_done → scan',
      'route → fallback → a value',
      'scan → tell',
    ])
  })

  it('says of a condition, of loops and of sequences what they do', async () => {
    const block = workflow('w', [call('x')], { parallel: false })
    const loop = (kind: 'while' | 'until') =>
      control(kind, {
        ...{ kind: 'iterative', over: { kind, condition: computed('steps.x.output  > 1', never) }, block },
        ...{ iterationsMax: 100_000, maxConcurrency: 1, tolerate: { count: 0 }, output: null },
      })
    const { groups, nodes } = await seen(
      workflow('w', [
        loop('while'),
        loop('until'),
        control('maybe', {
          ...{ kind: 'conditional', cases: [{ when: computed('a < b', never), block }] },
          ...{ otherwise: workflow('w', []), output: null },
        }),
        control('any', sideBySide(block, 1)),
      ]),
    )
    expect(groups.toSorted()).toEqual([
      'any | any of 1, one at a time',
      'else',
      'maybe | if a < b',
      'then',
      'until | ↻ until steps.x.output > 1',
      'w (at most 64 at once)',
      'while | ↻ while steps.x.output > 1',
    ])
    expect(nodes).toEqual(['nothing', 'x | m.x', 'x | m.x', 'x | m.x', 'x | m.x'])
  })

  it('names what cancelling does where it is not what one would expect, and the heartbeat', async () => {
    const { nodes } = await seen(
      workflow('w', [
        call('patient', { onCancel: 'await', heartbeatMs: 3000 }),
        call('hasty', { ...undoneBy('undo'), onCancel: 'abort' }),
        call('usual', undoneBy('undo')),
      ]),
    )
    expect(nodes).toEqual([
      'hasty | m.hasty | stops when cancelled',
      'patient | m.patient | heartbeat 3 s · finishes when cancelled',
      'usual | m.usual',
    ])
  })

  it('takes the verdicts of its workflow for steps that say nothing', async () => {
    const recovery = { strategies: ['fallback', 'skip'], grantedRetriesMax: 1, answerMs: 5000 } as const
    const { nodes } = await seen(workflow('w', [call('a'), call('b', { onFailure: ['fail'] })], { recovery }))
    expect(nodes).toEqual(['a | m.a | else fallback, skip', 'b | m.b'])
  })
})

describe('the way back', () => {
  const steps = [
    call('a', undoneBy('unA')),
    call('b', { dependsOn: ['a'] }),
    call('c', { dependsOn: ['b', 'a'], ...undoneBy('unC', { on: 'attempt' }) }),
  ]
  const back = ['a → undo → m.unA', 'c → undo (on attempt) → m.unC', 'm.unC → m.unA']

  it('is drawn where a scenario undoes what it did, from the last step to the first', async () => {
    const { edges, groups } = await seen(workflow('w', steps, { onFailure: 'compensate' }))
    expect(edges).toEqual(['a → b', 'a → c', 'a → undo → m.unA', 'b → c', ...back.slice(1)])
    expect(groups).toEqual(['w (at most 64 at once, undoes on failure)'])
  })

  it('is drawn where a step, however far inside, may ask for it, and nowhere else', async () => {
    const asking = control('outer', sideBySide(workflow('outer', [call('x', { onFailure: ['compensate'] })])))
    expect((await seen(workflow('w', [...steps, asking]))).edges).toEqual(expect.arrayContaining(back))
    expect((await seen(workflow('w', steps))).edges).toEqual(['a → b', 'a → c', 'b → c'])
  })

  it('leads through a control step with something to undo inside, then to what undoes the step itself', async () => {
    const inner = workflow('outer', [
      call('x', undoneBy('unX')),
      call('y', { dependsOn: ['x'], ...undoneBy('unY') }),
    ])
    const { edges } = await seen(
      workflow(
        'w',
        [
          call('a', undoneBy('unA')),
          control('outer', sideBySide(inner), { dependsOn: ['a'], ...undoneBy('unOuter') }),
          control('plain', sideBySide(workflow('plain', [call('z', undoneBy('unZ'))])), {
            dependsOn: ['outer'],
          }),
          call('e', { dependsOn: ['plain'], ...undoneBy('unE') }),
        ],
        { onFailure: 'compensate' },
      ),
    )
    expect(edges).toEqual(
      expect.arrayContaining([
        'm.unE → plain',
        'plain → outer',
        'm.unY → m.unX',
        'outer → undo → m.unOuter',
        'm.unOuter → m.unA',
      ]),
    )
  })

  it('leads through a scenario that is run as a step, and is drawn there, too', async () => {
    const caller = workflow(
      'w',
      [call('a', undoneBy('unA')), control('tell', scenario(notify), { dependsOn: ['a'] })],
      { onFailure: 'compensate' },
    )
    expect((await seen(caller, notify)).edges).toEqual(
      expect.arrayContaining(['tell → m.unA', 'mail → undo → m.apologise']),
    )
    expect((await seen(notify)).edges).toEqual(['mail → post'])
  })

  it('of 100,000 steps is drawn, too', () => {
    const count = 100_000
    const many = Array.from({ length: count }, (_, i) =>
      call(`s${i}`, { ...(i > 0 && { dependsOn: [`s${i - 1}`] }), ...(i % 3 === 0 && undoneBy('undo')) }),
    )
    const drawing = drawingOf(workflow('w', many, { onFailure: 'compensate' }))
    const undone = Math.ceil(count / 3)
    expect(drawing.groups[0]!.edges).toHaveLength(count - 1 + undone + (undone - 1))
    expect(toMermaid(drawing).split('\n').length).toBeGreaterThan(count)
    expect(toDot(drawing).match(/constraint=false/g)).toHaveLength(undone - 1)
  })

  it('leads through marks where it would be too many arrows', async () => {
    const some = Array.from({ length: 20 }, (_, i) => `a${i}`)
    const first = some.map((name) => call(name, undoneBy('undo')))
    const last = some.map((name) => call(`b${name}`, { dependsOn: ['join'], ...undoneBy('undo') }))
    const drawing = drawingOf(
      workflow('w', [...first, call('join', { dependsOn: some }), ...last], { onFailure: 'compensate' }),
    )
    const marks = drawing.groups[0]!.nodes.filter(({ shape }) => shape === 'junction')
    expect(marks).toHaveLength(1)
    const { nodes } = await flowchart(toMermaid(drawing))
    expect(nodes.has(marks[0]!.id)).toBe(true)
    expect((await graphviz(toDot(drawing))).nodes.has(marks[0]!.id)).toBe(true)
  })
})

describe('nested steps as data', () => {
  it('say what they are, where, and what is inside', () => {
    const { nodes } = graphOf(order)
    const [reserve, checks, approve, route, scan, pause, tell] = nodes
    expect(reserve).toMatchObject({
      type: 'call',
      address: 'reserve',
      module: 'm',
      control: null,
      blocks: [],
    })
    expect(checks).toMatchObject({
      ...{ type: 'parallel', module: null, operation: null, address: 'checks' },
      control: { type: 'parallel', wait_for: 2, output: null },
      blocks: [
        {
          ...{ label: null, parallel: true, max_concurrency: 64 },
          nodes: [{ address: 'checks/fraud' }, { address: 'checks/stock' }, { address: 'checks/credit' }],
          edges: [{ from: 'fraud', to: 'credit' }],
        },
      ],
    })
    expect(approve!.control).toEqual({
      ...{ type: 'wait', event: 'approved', filter: 'event.data.ok', timeout_ms: 60_000, on_timeout: 'skip' },
      shared: false,
      output: null,
    })
    expect(route!.blocks.map(({ label }) => label)).toEqual([
      'case 1: inputs.express',
      'case 2: true',
      'default',
    ])
    expect(route!.control).toMatchObject({ conditions: ['inputs.express', 'true'] })
    expect(scan!.control).toEqual({
      ...{ type: 'iterative', over: 'for_each', of: 'inputs.items', max_iterations: 50, max_concurrency: 4 },
      ...{ tolerate: '10%', output: null },
    })
    expect(scan!.blocks).toMatchObject([
      { label: 'each', nodes: [{}, { blocks: [{ nodes: [{ address: 'scan/deep/dig' }] }] }] },
    ])
    expect(pause!.control).toEqual({ type: 'wait', for_ms: 10_000, output: null })
    expect(tell).toMatchObject({
      control: { type: 'scenario', scenario: 'notify', has_compensation: true },
      blocks: [],
    })
  })

  it('say what undoes them', () => {
    const { nodes, ...graph } = graphOf(
      workflow('w', [call('a', { ...undoneBy('unA', { on: 'attempt' }), heartbeatMs: 10 })], {
        onFailure: 'compensate',
      }),
    )
    expect(graph).toMatchObject({ on_failure: 'compensate', compensation_timeout_ms: 300_000 })
    expect(nodes[0]).toMatchObject({
      compensate: { module: 'm', operation: 'unA', on: 'attempt' },
      ...{ on_cancel: 'await', heartbeat_ms: 10, on_failure: ['fail'] },
    })
  })

  it('write short lists out and count long ones', () => {
    const over = (items: unknown) =>
      graphOf(workflow('w', [control('l', each(given(items), workflow('l', [call('x')])))]))
    expect(over([1, 2]).nodes[0]!.control).toMatchObject({ of: '[1,2]' })
    expect(over(Array.from({ length: 500 }, () => 'x')).nodes[0]!.control).toMatchObject({ of: '500 items' })
  })
})
