// `sagachart simulate`, run as a user does: what the timeline says, and that nothing real is touched.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Moment } from '../../src/cli/timeline.ts'
import { flow, folderWith, sagachart, step } from './command.ts'

const document = flow(
  [
    step('find', 'find', { retry_count: 2, timeout: '5s', parameters: { city: '${{ inputs.city }}' } }),
    step('send', 'send', {
      depends_on: ['find'],
      when: 'size(steps.find.output) > 0',
      parameters: { to: 'find_output' },
      resources: ['line'],
    }),
    step('log', 'log', { depends_on: ['find'], resources: ['line'] }),
    step('clean', 'clean', { depends_on: ['send'], fallback: { operation: 'sweep' } }),
  ],
  { outputs: { sent: '${{ steps.send.output.count }}' } },
  { inputs: { city: { type: 'string', default: 'Oslo' } } },
)
const whole = document.replace(/\}$/, ',"resources":{"pools":{"line":{"units":1}}}}')

const skipping = flow([
  step('off', 'find', { when: 'false' }),
  step('any', 'find', { depends_on: ['off'], run_if: 'any_succeeded' }),
])

const folder = folderWith({
  'skipping.json': skipping,
  'flow.json': whole,
  'modules/m.js': `import { writeFileSync } from 'node:fs'
writeFileSync(new URL('../loaded', import.meta.url), '')
export default { find() {}, send() {}, log() {}, clean() {}, sweep() {} }`,
})
const simulate = (...args: string[]) => sagachart(folder, ['simulate', 'flow.json', ...args])

interface Told {
  readonly status: string
  readonly assumed: readonly string[]
  readonly warnings: readonly string[]
  readonly virtual_ms: number
  readonly timeline: readonly Moment[]
}
const told = (...args: string[]) => JSON.parse(simulate('--json', ...args).stdout) as Told
const statesOf = ({ timeline }: Told, name: string) =>
  timeline.filter((moment) => moment.step === name).map(({ state }) => state)

describe('sagachart simulate', () => {
  it('plays a run in virtual time, and loads no module', () => {
    const { status, stdout, stderr } = simulate()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/0:00\.000 {2}find +attempt 1\n/)
    expect(stdout).toMatch(/find +━+✓/)
    expect(stdout).toMatch(/flow completed/)
    expect(existsSync(join(folder, 'loaded'))).toBe(false)
  })

  it('tells the same story for the same seed, and another for another', () => {
    expect(simulate('--seed', '7').stdout).toBe(simulate('--seed', '7').stdout)
    expect(simulate('--seed', '7').stdout).not.toBe(simulate('--seed', '8').stdout)
  })

  it('shows retries, their backoff and what waits for a resource', () => {
    const story = told('--fault', 'find=fail:2')
    expect(statesOf(story, 'find')).toEqual([
      'running',
      'retrying',
      'waiting',
      'running',
      'retrying',
      'waiting',
      'running',
      'succeeded',
    ])
    const waited = story.timeline.filter(({ state, waited_ms: ms }) => state === 'running' && ms > 0)
    expect(waited.map(({ step: name }) => name)).toEqual([expect.stringMatching(/^(send|log)$/)])
  })

  it('times out what hangs, and falls back', () => {
    const story = told('--fault', 'find=hang', '--fault', 'clean=fatal')
    expect(story.status).toBe('failed')
    expect(statesOf(story, 'find').filter((state) => state === 'aborting')).toHaveLength(3)
    expect(story.virtual_ms).toBeGreaterThan(15_000)
    expect(statesOf(story, 'send')).toEqual(['failed'])
    const fallen = told('--fault', 'clean=fatal')
    expect(fallen.status).toBe('completed')
    expect(fallen.timeline.filter(({ target }) => target === 'fallback').map(({ state }) => state)).toEqual([
      'waiting',
      'running',
      'succeeded',
    ])
  })

  it('decides conditions by stubs, and says what it assumes without them', () => {
    expect(told().assumed).toEqual([
      expect.stringContaining('send runs') as string,
      expect.stringContaining('the output sent is null') as string,
    ])
    const stubbed = told('--stub', 'find=[]', '--stub', 's/send={"count":1}')
    expect(statesOf(stubbed, 'send')).toEqual(['skipped'])
    expect(told('--stub', 'find=["Ada"]', '--stub', 's/send={"count":1}').assumed).toEqual([])
  })

  it('takes outputs from the result of an earlier run, for steps without a stub of their own', () => {
    const step_results = [
      { step_name: 'find', status: 'success', data: [] },
      { step_name: 'send', status: 'failed', data: null },
    ]
    const result = {
      integration_scenarios: { scenario_results: [{ scenario_name: 's', result: { step_results } }] },
    }
    writeFileSync(join(folder, 'earlier.json'), JSON.stringify(result))
    expect(statesOf(told('--outputs-from', 'earlier.json'), 'send')).toEqual(['skipped'])
    expect(statesOf(told('--outputs-from', 'earlier.json', '--stub', 'find=[1]'), 'send').at(-1)).toBe(
      'succeeded',
    )
  })

  it('tells the warnings of the document, and lets handlers answer', () => {
    const handled = document.replace(
      /\}$/,
      ',"resources":{"pools":{"line":{"units":1}}},"monitoring":{"enabled":true},' +
        '"events":{"handlers":{"step_failed":[{"module":"m","operation":"sweep"}]}}}',
    )
    writeFileSync(join(folder, 'handled.json'), handled)
    const run = (...args: string[]) =>
      sagachart(folder, ['simulate', 'handled.json', '--fault', 'find=fatal', ...args])
    expect(run().stderr).toMatch(/handled\.json:1:\d+: warning NOT_BUILT/)
    const answered = JSON.parse(run('--json', '--stub', 'handler:m.sweep="skip"').stdout) as Told
    expect(answered.warnings).toEqual([expect.stringMatching(/^NOT_BUILT_YET: /)])
    expect(statesOf(answered, 'find').at(-1)).toBe('skipped')
    // The failure of the condition on its output is answered alike.
    expect(statesOf(answered, 'send').at(-1)).toBe('skipped')
    const silent = JSON.parse(run('--json').stdout) as Told
    expect(silent.assumed).toContain('m.sweep gives no verdict, for no --stub says which')
    const missing = run('--stub', 'handler:m.swep="skip"')
    expect([missing.status, missing.stderr]).toEqual([
      2,
      expect.stringContaining('found "m.swep"; did you mean "m.sweep"?'),
    ])
  })

  it('shows a module that cannot be initialised', () => {
    const { status, stdout } = simulate('--fault', 'module:m=fail')
    expect(status).toBe(1)
    expect(stdout).toMatch(/module m +failed: m cannot be initialised/)
  })

  it('cancels the run at a time, or a step', () => {
    const run = simulate('--fault', 'find=slow:4s', '--cancel', '2s')
    expect(run.status).toBe(1)
    expect(run.stdout).toMatch(/0:02\.000 {2}outside +cancels the run\n/)
    const story = told('--cancel', 'log@1ms', '--cancel', 's/clean@2ms')
    expect(statesOf(story, 'find').at(-1)).toBe('succeeded')
    const outside = story.timeline.filter(({ state }) => state === 'outside')
    expect(outside.map(({ at, detail }) => [at, detail])).toEqual([
      [1, 's/log'],
      [2, 's/clean'],
    ])
  })

  it('says which key kept a step from running', () => {
    const { stdout } = sagachart(folder, ['simulate', 'skipping.json'])
    expect(stdout).toMatch(/off +skipped: when does not hold\n.* any +skipped: run_if does not hold\n/)
  })

  it('bounds what it prints', () => {
    const { stdout } = simulate('--limit', '3')
    expect(stdout).toMatch(/… and \d+ more moments \(--limit\)/)
  })

  it.each([
    [['--fault', 'fnid=fail'], /found "fnid"; did you mean "find"\?/],
    [['--fault', 'find'], /--fault takes step=FAULT, found "find"/],
    [['--fault', 'find=fail:0'], /a fault is fail, .*found "fail:0"/],
    [['--fault', 'find=slow'], /found "slow"/],
    [['--fault', 'find=explode'], /found "explode"/],
    [['--fault', 'module:n=fail'], /a module that is called, found "n"/],
    [['--fault', 'module:m=hang'], /module:m takes fail, found "hang"/],
    [['--stub', 'find=yes'], /an output is JSON, found "yes"/],
    [['--stub', 'fnid=1'], /--stub names a step of the document, found "fnid"/],
    [['--stub', 'handler:m.x=1'], /--stub handler: names an operation that handles .* the document has none/],
    [['--outputs-from', 'nowhere.json'], /--outputs-from takes a result document .*ENOENT; name what/],
    [['--outputs-from', 'flow.json'], /flow\.json can't be read as one: it is none/],
    [['--cancel', 'fnid@2s'], /--cancel names a step of the document, found "fnid"; did you mean "find"/],
    [['--signal', 'go@2s'], /--signal names an event that a step waits for, found "go"/],
    [['--fault', 'undo:find=fail'], /nothing undoes "find"/],
    [['--seed', '-1'], /--seed takes a whole number from 0 to 4294967295, found "-1"/],
    [['--limit', '0'], /--limit takes a whole number from 1/],
    [['--scenario', 'z'], /--scenario names one of s/],
    [['--input', 'ctiy=Oslo'], /did you mean "city"/],
  ])('refuses %j', (args, message) => {
    const { status, stdout, stderr } = simulate(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n {4}at /)
  })
})
