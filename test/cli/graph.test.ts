// `sagachart graph`: pictures of a document and of the statecharts, and what it says when it is asked wrongly.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createActor, createMachine } from 'xstate'
import { CHARTS } from '../../src/graph/charts.ts'
import { flow, folderWith, sagachart, step } from './command.ts'

const chain = Array.from({ length: 502 }, (_, i) =>
  step(`s${i}`, 'ok', i === 0 ? {} : { depends_on: [`s${i - 1}`] }),
)
const two = {
  integration: {
    ...{ workflow_id: 'two', modules: ['m'], inputs: { city: { type: 'string' } } },
    scenarios: [
      {
        name: 'first',
        steps: [step('a', 'ok'), step('b', 'ok', { depends_on: ['a'], when: 'inputs.city != ""' })],
      },
      { name: 'second', steps: [step('a', 'ok', { timeout: 3, retry_count: 1, fallback: { value: 0 } })] },
    ],
  },
}
const folder = folderWith({
  'two.yaml': JSON.stringify(two),
  'bad.yaml': flow([step('a', 'ok', { depends_on: ['z'] })]),
  'long.yaml': flow(chain),
  'effects.yaml': flow([step('a', 'ok')]),
  'modules/m.mjs': 'console.log("ran"); throw new Error("ran")',
})
const graph = (...args: string[]) => sagachart(folder, ['graph', ...args])

describe('graph', () => {
  it('draws a document as a flowchart, with a frame a scenario', () => {
    expect(graph('two.yaml')).toEqual({
      status: 0,
      stderr: '',
      stdout: [
        'flowchart TD',
        '  subgraph s0["first (one at a time)"]',
        '    s0n0["a<br/>m.ok"]',
        `    s0n1["b<br/>m.ok<br/>when inputs.city != #34;#34;"]`,
        '  end',
        '  s0n0 --> s0n1',
        '  subgraph s1["second (one at a time)"]',
        '    s1n0["a<br/>m.ok<br/>1 retry · ≤ 3 s"]',
        '    s1n0f("a value")',
        '  end',
        '  s1n0 -.->|"fallback"| s1n0f',
        '',
      ].join('\n'),
    })
  })

  it('draws one scenario where one is asked for, in dot too', () => {
    expect(graph('two.yaml', '--scenario', 'second').stdout).toMatch(
      /^flowchart TD\n {2}subgraph s0\["second/,
    )
    const { stdout } = graph('two.yaml', '--scenario', 'first', '--format', 'dot')
    expect(stdout).toMatch(/^digraph "two" \{/)
    expect(stdout.match(/subgraph/g)).toHaveLength(1)
  })

  it('gives the graph as data', () => {
    const { status, stdout } = graph('two.yaml', '--json')
    expect(status).toBe(0)
    const plain = {
      ...{ type: 'call', module: 'm', operation: 'ok', effect: 'unknown', run_if: 'all_succeeded' },
      on_failure: ['fail'],
      ...{ resources: [], priority: 0, compensate: null, on_cancel: 'abort', heartbeat_ms: null },
      ...{ control: null, blocks: [] },
    }
    const none = { when: null, timeout_ms: null, retries: 0, fallback: null }
    const limits = { timeout_ms: null, on_failure: 'fail', compensation_timeout_ms: 300_000 }
    const scenario = { description: '', parallel: false, max_concurrency: 1, ...limits }
    expect(JSON.parse(stdout)).toEqual({
      name: 'two',
      scenarios: [
        {
          ...{ name: 'first', ...scenario },
          nodes: [
            { name: 'a', address: 'a', ...plain, ...none },
            { name: 'b', address: 'b', ...plain, ...none, when: 'inputs.city != ""' },
          ],
          edges: [{ from: 'a', to: 'b' }],
        },
        {
          ...{ name: 'second', ...scenario },
          nodes: [
            { name: 'a', address: 'a', ...plain, ...none, timeout_ms: 3000, retries: 1, fallback: 'value' },
          ],
          edges: [],
        },
      ],
    })
    expect(graph('two.yaml', '--format', 'json').stdout).toBe(stdout)
    expect(graph('two.yaml', '--json', '--format', 'json').stdout).toBe(stdout)
  })

  it('loads no module for a picture, so none needs to be there, and none has an effect', () => {
    expect(graph('effects.yaml')).toMatchObject({ status: 0, stderr: '' })
    expect(graph('effects.yaml').stdout).not.toContain('ran')
    const bare = folderWith({ 'flow.yaml': flow([step('a', 'ok')]) })
    expect(sagachart(bare, ['graph', 'flow.yaml']).status).toBe(0)
  })

  it('writes a file where it is told to, and then nothing on stdout', () => {
    expect(graph('two.yaml', '--output', 'out/two.mmd')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(readFileSync(join(folder, 'out/two.mmd'), 'utf8')).toBe(graph('two.yaml').stdout)
    const into = graph('two.yaml', '--output', '.')
    expect(into).toMatchObject({ status: 2, stdout: '' })
    expect(into.stderr).toContain('give another --output')
  })

  it('says when a graph is more than Mermaid draws', () => {
    const { status, stdout, stderr } = graph('long.yaml')
    expect({ status, lines: stdout.split('\n').length }).toEqual({
      status: 0,
      lines: 1 + 1 + 502 + 1 + 501 + 1,
    })
    expect(stderr).toMatch(/at most 500 edges and 50000 characters, found 501 and \d+; raise its maxEdges/)
    expect(graph('long.yaml', '--format', 'dot').stderr).toBe('')
  })

  it('explains itself with examples', () => {
    const { status, stdout } = graph('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: sagachart graph \[options\] \[file\]/)
    expect(stdout).toMatch(/Examples:\n {2}sagachart graph flow\.yaml/)
  })

  it('uses no colours, also where they are asked for', () => {
    expect(graph('two.yaml').stdout).not.toContain('\u001b')
    expect(graph('--machine', 'step').stdout).not.toContain('\u001b')
  })
})

describe('graph --machine', () => {
  it('lists the charts where none is named', () => {
    const { status, stdout } = graph('--machine')
    const lines = Object.entries(CHARTS).map(
      ([name, { config }]) => `${name.padEnd('nested-compensation'.length)}  ${config.description}\n`,
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: lines.join('') })
    const listed = JSON.parse(graph('--machine', '--json').stdout) as { readonly name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(Object.keys(CHARTS))
  })

  it.each(Object.keys(CHARTS))('draws %s in every format', (name) => {
    const [mermaid, dot, json, config] = ['mermaid', 'dot', 'json', 'xstate'].map((format) => {
      const { status, stdout, stderr } = graph('--machine', name, '--format', format)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      return stdout
    })
    expect(mermaid).toMatch(/^stateDiagram-v2\n/)
    expect(dot).toMatch(/^digraph /)
    const chart = JSON.parse(json!) as {
      states: { id: string; key: string; is_initial: boolean }[]
      transitions: { from: string; to: string; event: string; guard: string | null }[]
    }
    // The configuration alone is a chart: it is loaded and started as any other.
    const machine = createMachine(JSON.parse(config!) as Parameters<typeof createMachine>[0])
    expect(Object.keys(machine.root.states)).toEqual(chart.states.map(({ key }) => key))
    expect(machine.config).not.toHaveProperty('context')
    const initial = machine.config.initial
    expect(chart.states.filter((state) => state.is_initial).map(({ key }) => key)).toEqual([initial])
    const guards = Object.fromEntries(
      [...config!.matchAll(/"guard": "(\w+)"/g)].map(([, guard]) => [guard, () => false]),
    )
    // With no guard that holds, it rests where nothing leads on by itself.
    let at = chart.states.find((state) => state.is_initial)!.id
    const onwards = () =>
      chart.transitions.find(({ from, event, guard }) => from === at && event === '' && guard === null)
    for (let way = onwards(); way; way = onwards()) at = way.to
    const { value } = createActor(machine.provide({ guards })).start().getSnapshot()
    expect(value).toBe(chart.states.find(({ id }) => id === at)!.key)
  })
})

describe('graph, asked wrongly', () => {
  it.each([
    [[], 'a document is needed, or --machine NAME'],
    [['two.yaml', '--format', 'mermiad'], 'found "mermiad"; did you mean "mermaid"?'],
    [['two.yaml', '--format', 'svg'], '--format takes mermaid, dot, json, xstate, found "svg"'],
    [['two.yaml', '--json', '--format', 'dot'], '--json is --format json, found --format dot beside it'],
    [['two.yaml', '--format', 'xstate'], 'add --machine step'],
    [['two.yaml', '--scenario', 'frist'], 'found "frist"; did you mean "first"?'],
    [['two.yaml', '--machine', 'step'], 'found "two.yaml" beside it'],
    [['--machine', 'step', '--scenario', 'first'], '--scenario is for a document'],
    [['--machine', 'modul'], 'found "modul"; did you mean "module"?'],
    [['--machine', 'constructor'], `${Object.keys(CHARTS).join(', ')}, found "constructor"`],
    [['--machine', '--format', 'dot'], 'draws one statechart; give --machine a name'],
    [['two.yaml', '--formt', 'dot'], '(Did you mean --format?)'],
    [['bad.yaml'], 'bad.yaml:1:'],
    [['bad.yaml', '--json'], 'DEPENDENCY_UNKNOWN'],
    [['gone.yaml'], 'DOCUMENT_NOT_FOUND'],
  ])('ends with 2 for %j, and says why', (args, why) => {
    const { status, stdout, stderr } = graph(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(why)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
