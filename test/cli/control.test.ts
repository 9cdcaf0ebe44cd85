// Documents with control steps and compensation, from the command line: what is printed, what the result holds, and Ctrl-C.
/* oxlint-disable unicorn/no-thenable -- a key of documents, which nobody awaits */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart, started } from './command.ts'

const step = (name: string, operation: string, more: object = {}) => ({
  name,
  module: 'm',
  operation,
  ...more,
})
const undoable = { compensate: { operation: 'undo' } }
const modules = `export default {
  ok: (given) => given,
  boom: () => { throw new Error('no luck') },
  undo: ({ input }) => console.log('undone ' + JSON.stringify(input)),
  hang: (_, { signal }) => {
    console.error('it hangs')
    return new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)))
  },
}`

const folderOf = (steps: object[], scenario: object = {}) =>
  folderWith({
    'flow.yaml': JSON.stringify({
      integration: { modules: ['m'], scenarios: [{ name: 's', steps, ...scenario }] },
    }),
    'modules/m.mjs': modules,
  })

const runIn = (folder: string, ...args: string[]) => {
  const ran = sagachart(folder, ['run', 'flow.yaml', '--output', 'out.json', ...args])
  const result = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as ResultDocument
  return { ...ran, result, scenario: result.integration_scenarios.scenario_results[0]! }
}

describe('a document with control steps', () => {
  const steps = [
    {
      name: 'scan',
      type: 'iterative',
      for_each: [1, 2],
      steps: [step('fetch', 'ok', { parameters: { n: '${{ item }}' }, ...undoable })],
    },
    {
      name: 'pick',
      type: 'conditional',
      depends_on: ['scan'],
      condition: 'size(steps.scan.output) == 2',
      then: [step('yes', 'ok')],
      else: [step('no', 'boom')],
    },
    {
      name: 'both',
      type: 'parallel',
      depends_on: ['pick'],
      steps: [step('a', 'ok'), step('b', 'boom', { on_failure: 'skip' })],
    },
  ]

  it('has the results of what is inside below those of the step', () => {
    const { status, scenario, result } = runIn(folderOf(steps))
    expect(status).toBe(0)
    expect(scenario.result).toMatchObject({ total_steps: 3, completed_steps: 3, compensation: 'none' })
    const [scan, pick, both] = scenario.result.step_results
    expect(scan).toMatchObject({ iterations_total: 2, data: [{ fetch: { n: 1 } }, { fetch: { n: 2 } }] })
    expect(
      scan!.iterations!.map(({ index, status: end, steps: inner }) => [index, end, inner[0]!.step_name]),
    ).toEqual([
      [0, 'completed', 'fetch'],
      [1, 'completed', 'fetch'],
    ])
    expect(pick!.steps!.map(({ step_name }) => step_name)).toEqual(['yes'])
    expect(both).toMatchObject({
      data: { a: {}, b: null },
      steps: [{ status: 'success' }, { status: 'skipped' }],
    })
    expect(result.integration_metrics).toMatchObject({ total_operations: 5 })
  })

  it('is undone where it fails, and says what it undid and what it could not', () => {
    const failing = [...steps, step('last', 'boom', { depends_on: ['both'] })]
    const { status, scenario, stdout } = runIn(folderOf(failing, { on_failure: 'compensate' }))
    expect(status).toBe(1)
    expect(scenario).toMatchObject({
      status: 'compensated',
      result: { compensation: 'completed', compensated_steps: 1 },
    })
    expect(stdout.match(/undone .*/g)).toEqual(['undone {"n":2}', 'undone {"n":1}'])
    expect(stdout).toContain('1 compensated')
    const left = runIn(
      folderOf([step('a', 'ok', { compensate: { operation: 'boom' } }), step('b', 'boom')], {
        on_failure: 'compensate',
      }),
    )
    expect(left.scenario).toMatchObject({ status: 'compensation_failed', result: { undone: ['a'] } })
    expect(left.stdout).toContain('not undone: a')
  })

  it('names the step inside that failed', () => {
    const { stdout } = runIn(folderOf([{ name: 'p', type: 'parallel', steps: [step('x', 'boom')] }]))
    expect(stdout).toContain('p/x (m.boom, 1 attempt): no luck')
    expect(stdout).toContain('--fault p/x=fatal')
    const limit = runIn(
      folderOf([
        { name: 'l', type: 'iterative', for_each: '[1, 2]', max_iterations: 1, steps: [step('x', 'ok')] },
      ]),
    )
    expect(limit.stdout).toContain('at most 1 iterations')
    expect(limit.stdout).not.toContain('--fault')
  })

  it('is undone on Ctrl-C, too', async () => {
    const folder = folderOf([step('a', 'ok', undoable), step('b', 'hang', { depends_on: ['a'] })], {
      on_failure: 'compensate',
    })
    const run = started(folder, ['run', 'flow.yaml', '--output', 'out.json'])
    await run.said('it hangs')
    run.child.kill('SIGINT')
    const { status, stdout } = await run.end()
    expect(status).toBe(130)
    expect(stdout).toContain('undone')
    const result = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as ResultDocument
    expect(result.integration_scenarios.scenario_results[0]).toMatchObject({
      status: 'cancelled',
      result: { compensation: 'completed' },
    })
  })
})

describe('a bad document with control steps', () => {
  it('is refused with every place', () => {
    const folder = folderOf([
      { name: 'p', type: 'parallel', steps: [step('a', 'ok', { depends_on: ['b'] })] },
      { name: 'l', type: 'iterative', steps: [] },
      step('c', 'nope'),
    ])
    const { status, stderr } = sagachart(folder, ['validate', 'flow.yaml'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/flow\.yaml:1:\d+: error DEPENDENCY_UNKNOWN: step "p\/a"/)
    expect(stderr).toMatch(/step "l": .*expected for_each, while or until/)
  })
})

describe('simulate', () => {
  it('cancels and signals from outside at a virtual time', () => {
    const folder = folderOf([
      { name: 'w', type: 'wait', event: 'go', timeout: '1h' },
      step('b', 'ok', { depends_on: ['w'] }),
    ])
    const signalled = sagachart(folder, ['simulate', 'flow.yaml', '--signal', 'go@5s={"by":"Ada"}'])
    expect([signalled.status, signalled.stdout]).toEqual([0, expect.stringContaining('0:05.000')])
    const cancelled = sagachart(folder, ['simulate', 'flow.yaml', '--cancel', '2s'])
    expect(cancelled.status).toBe(1)
    expect(cancelled.stdout).toContain('0:02.000')
  })
})
