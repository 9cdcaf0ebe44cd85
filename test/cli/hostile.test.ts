// Foreign text wherever the command prints some: in what operations log, throw, emit and return, in documents, in the names
// of files and in the values of options. Whatever command it is, nothing of it steers a terminal or forges a line.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { safeJson, UNSAFE } from '../../src/definition/safe-text.ts'
import { folderWith, sagachart } from './command.ts'

/** OSC, CSI, C1, marks of direction, tags; and the beginning of a line that was never printed. */
const EVIL =
  '\u001b]0;PWNED\u0007\u001b[2J\u009b31m\u202e\r\nFORGED\u2028FORGED\u2029\u0085\u061c\u2066\u3164\u{e0041}\u007f'

const M = `const EVIL = ${JSON.stringify(EVIL)}
const evil = () => Object.assign(new Error(EVIL), { name: EVIL, code: EVIL })
export default {
  say: (_, { log, emit, progress }) => {
    log(EVIL, { [EVIL]: EVIL })
    log('error', evil())
    emit(EVIL, { [EVIL]: EVIL })
    progress(0.5, EVIL)
    return { [EVIL]: EVIL }
  },
  boom: () => { throw evil() },
  undo: async () => {
    // A fault of the process: the command ends with 70.
    void Promise.reject(evil())
    await new Promise((done) => setTimeout(done, 10))
    throw evil()
  },
  cleanup: () => { throw evil() },
}
`

const call = (name: string, operation: string, more: object = {}) => ({
  name,
  module: 'm',
  operation,
  ...more,
})
const QUOTED = JSON.stringify(EVIL)

const scenarios = [
  {
    name: 's',
    description: EVIL,
    parallel_execution: true,
    outputs: { [EVIL]: '${{ steps.a.output }}', text: '${{ inputs.x }}' },
    steps: [
      call('a', 'say', { when: `${QUOTED} != ''`, parameters: { [EVIL]: EVIL } }),
      { name: 'c', type: 'conditional', condition: `${QUOTED} == ''`, then: [call('x', 'say')] },
      {
        name: 'i',
        type: 'iterative',
        for_each: [EVIL],
        steps: [call('y', 'say', { parameters: { x: '${{ item }}' } })],
      },
    ],
  },
  {
    name: 't',
    on_failure: 'compensate',
    steps: [
      call('a', 'say', { compensate: { operation: 'undo' } }),
      call('b', 'boom', { depends_on: ['a'] }),
    ],
  },
]

const document = {
  integration: {
    workflow_id: 'flow',
    modules: ['m'],
    inputs: { x: { type: 'string', default: EVIL, description: EVIL } },
    scenarios,
  },
  logging: { file: 'logs/run.log', level: 'DEBUG' },
}

/** All that can be wrong with a document, in such words. */
const broken = {
  integration: {
    workflow_id: EVIL,
    modules: ['m', EVIL],
    [EVIL]: EVIL,
    scenarios: [
      {
        name: EVIL,
        [EVIL]: 1,
        steps: [
          {
            name: EVIL,
            module: EVIL,
            operation: EVIL,
            depends_on: [EVIL],
            when: EVIL,
            timeout: EVIL,
            resources: [EVIL],
          },
          call('a', 'say', { parameters: { x: `\${{ ${EVIL} }}`, y: `\${{ steps.${EVIL}.output }}` } }),
        ],
      },
    ],
  },
  output: { file: EVIL, format: EVIL },
  logging: { file: `../${EVIL}`, format: EVIL, level: EVIL },
  [EVIL]: 1,
}

const FILE = `${EVIL}.json`
const TEXT = safeJson(JSON.stringify(document))
const files = { 'flow.json': TEXT, [FILE]: TEXT, 'modules/m.mjs': M }

function expectSafe(text: string): void {
  const lines = text.split('\n')
  expect(lines.filter((line) => line.search(UNSAFE) >= 0)).toEqual([])
  expect(lines.filter((line) => /^\s*FORGED/.test(line))).toEqual([])
}

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  run: ['--scenario', '--input', '--concurrency', '--format', '--inspect', '--allow-modules', EVIL],
  simulate: ['--seed', '--fault', '--stub', '--outputs-from', '--cancel', '--signal', '--limit', EVIL],
  check: ['--faults', '--runs', '--time', '--seed', '--states', '--replay', EVIL],
  graph: ['--format', '--machine', '--scenario', `--${EVIL}`],
  schema: ['--output', `--${EVIL}`],
  validate: [`--${EVIL}`],
}

describe('foreign text is never obeyed', () => {
  const folder = folderWith(files)

  it.each([
    ['run FILE', 70],
    ['run FILE --json', 70],
    ['run FILE --output EVIL/result.json', 70],
    ['run FILE --output EVIL.txt --format text', 70],
    ['simulate FILE', 0],
    ['simulate FILE --json', 0],
    ['check FILE --runs 50 --states 0', 1],
    ['check FILE --runs 50 --states 0 --json', 1],
    ['graph FILE --format mermaid', 0],
    ['graph FILE --format dot', 0],
    ['graph FILE --format json', 0],
    ['validate FILE', 0],
  ])('where a document and its operations hold it: %s', (line, code) => {
    const args = line.split(' ').map((word) => word.replace('FILE', FILE).replace('EVIL', EVIL))
    const { status, stdout, stderr } = sagachart(folder, args)
    expect({ status, text: stdout + stderr }).toMatchObject({
      status: code,
      text: expect.stringContaining('FORGED'),
    })
    expectSafe(stdout + stderr)
  })

  it('in the files that a run writes', () => {
    sagachart(folder, ['run', 'flow.json', '--output', 'out/r.json'])
    sagachart(folder, ['run', 'flow.json', '--output', 'out/r.txt', '--format', 'text'])
    const written = ['logs/run.log', ...readdirSync(join(folder, 'out')).map((name) => `out/${name}`)]
    expect(written).toHaveLength(3)
    for (const file of written) expectSafe(readFileSync(join(folder, file), 'utf8'))
    const { integration_scenarios: found } = JSON.parse(readFileSync(join(folder, 'out/r.json'), 'utf8'))
    expect(found.scenario_results[0].result.outputs[EVIL]).toEqual({ [EVIL]: EVIL })
  })

  it('in a counterexample', () => {
    const args = ['check', 'flow.json', '--scenario', 't', '--pin', 'x.json', '--diagram', 'x.mmd']
    const { stdout, stderr } = sagachart(folder, [...args, '--runs', '200'])
    expectSafe(stdout + stderr)
    for (const name of readdirSync(folder).filter((file) => file.startsWith('x.')))
      expectSafe(readFileSync(join(folder, name), 'utf8'))
  })

  it.each([['validate'], ['validate', '--json'], ['run'], ['graph'], ['simulate'], ['check']])(
    'where a document is wrong: %s %s',
    (...args) => {
      const bad = folderWith({ [FILE]: safeJson(JSON.stringify(broken)), 'modules/m.mjs': M })
      const { status, stdout, stderr } = sagachart(bad, [...args, FILE])
      expect(status).toBe(2)
      expectSafe(stdout + stderr)
    },
  )

  it.each(
    Object.entries(OPTIONS).flatMap(([command, options]) =>
      options.map((option) => [command, option] as const),
    ),
  )('as the value of an option: %s %j', (command, option) => {
    const file = command === 'schema' ? [] : ['flow.json']
    const { stdout, stderr } = sagachart(folder, [command, ...file, option, EVIL])
    expectSafe(stdout + stderr)
  })

  it.each([
    [[EVIL]],
    [['help', EVIL]],
    [['run', EVIL]],
    [['validate', EVIL, 'flow.json']],
    [['schema', EVIL]],
  ])('as an argument: %j', (args) => {
    const { stdout, stderr } = sagachart(folder, args)
    expectSafe(stdout + stderr)
  })
})
