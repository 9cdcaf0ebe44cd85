// `sagachart run` from outside: exit codes, what is printed where, what is written.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { BIN, flow, folderWith, sagachart, started, step } from './command.ts'

const M = `import { appendFileSync } from 'node:fs'
const note = (text) => appendFileSync(new URL('../trace', import.meta.url), text + '\\n')
export default {
  ok: async (parameters) => ({ ...parameters }),
  nap: async ({ name }) => {
    note('start ' + name)
    await new Promise((done) => setTimeout(done, 20))
    note('end ' + name)
  },
  boom: async () => { throw Object.assign(new Error('no luck'), { code: 'UNLUCKY' }) },
}
`

const withFlow = (document: string, more: Readonly<Record<string, string>> = {}) =>
  folderWith({ 'flow.yaml': document, 'modules/m.mjs': M, ...more })

const resultIn = (folder: string, file = 'result.json') =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')) as ResultDocument

describe('run', () => {
  it('ends with 0 where all went well, and says so on stdout alone', () => {
    const folder = withFlow(flow([step('a', 'ok'), step('b', 'ok', { depends_on: ['a'] })]))
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^✓ flow completed in \d+ m?s\n {2}✓ s: 2\/2 steps \d+ m?s\n {2}drill: .*\n$/)
    expect(readdirSync(folder).toSorted()).toEqual(['flow.yaml', 'modules'])
  })

  it('ends with 1 where a step failed, and says which, why and after how many attempts', () => {
    const retry = { retry_count: 2, retry: { initial: '1ms' } }
    const folder = withFlow(flow([step('a', 'boom', retry), step('b', 'ok', { depends_on: ['a'] })]))
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(stdout).toContain('✗ flow failed in')
    expect(stdout).toContain('✗ s: 0/2 steps, 2 failed')
    expect(stdout).toContain('a (m.boom, 3 attempts): no luck')
    expect(stdout).toContain('1 not run: a dependency failed')
    expect(stdout).not.toMatch(/^\s+at /m)
  })

  it('names a few of many failures, and counts the rest', () => {
    const folder = withFlow(flow(Array.from({ length: 25 }, (_, i) => step(`s${i}`, 'boom'))))
    const { stdout } = sagachart(folder, ['run', 'flow.yaml'])
    expect(stdout.match(/no luck/g)).toHaveLength(10)
    expect(stdout).toContain('… and 15 more')
  })

  it('shows what a scenario gives back', () => {
    const steps = [step('a', 'ok', { parameters: { rows: 3, where: 'out/report.html' } })]
    const outputs = { rows: '${{ steps.a.output.rows }}', report: '${{ steps.a.output.where }}' }
    const { stdout } = sagachart(withFlow(flow(steps, { outputs })), ['run', 'flow.yaml'])
    expect(stdout).toContain('      rows: 3\n      report: out/report.html\n')
  })

  it('counts a failed clean-up as completed, and tells it', () => {
    const document = flow([step('a', 'ok')], {}, { modules: ['m', 'leaky'] })
    const leaky = 'export default { op: () => 1, cleanup: () => { throw new Error("still locked") } }'
    const folder = withFlow(document, { 'modules/leaky.mjs': leaky })
    const { status, stdout } = sagachart(folder, ['run', 'flow.yaml'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/completed_with_cleanup_issues[\s\S]*clean-up: .*still locked/)
  })

  it('prints what operations log on stderr', () => {
    const speaker = 'export default { say: (_, { log }) => log("hello", { n: 1 }) }'
    const document = flow([{ name: 'a', module: 'speaker', operation: 'say' }], {}, { modules: ['speaker'] })
    const folder = withFlow(document, { 'modules/speaker.mjs': speaker })
    const { stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect(stderr).toMatch(/^run\/\w+\/s\/step\/a: hello \{"n":1\}\n$/)
    expect(stdout).not.toContain('hello')
  })

  it('logs whatever it is given', () => {
    const speaker = `export default { say: (_, { log }) => {
      log('big', 10n)
      log('wrong', new TypeError('odd'))
      const loop = {}
      log('round', Object.assign(loop, { loop }))
    } }`
    const document = flow([{ name: 'a', module: 'speaker', operation: 'say' }], {}, { modules: ['speaker'] })
    const { status, stderr } = sagachart(withFlow(document, { 'modules/speaker.mjs': speaker }), [
      'run',
      'flow.yaml',
    ])
    expect(status).toBe(0)
    expect(stderr).toMatch(/a: big 10n\n.*a: wrong TypeError: odd\n.*a: round .*Circular/)
  })

  it('goes on where nobody reads what it says', async () => {
    const chatty = `export default { talk: async (_, { log }) => {
      for (let i = 0; i < 20; i++) {
        log('line ' + i)
        console.log('line ' + i)
        await new Promise((done) => setTimeout(done, 5))
      }
    } }`
    const document = flow([{ name: 'a', module: 'chatty', operation: 'talk' }], {}, { modules: ['chatty'] })
    const folder = withFlow(document, { 'modules/chatty.mjs': chatty })
    const run = started(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    await run.said('line 0')
    run.child.stdout.destroy()
    run.child.stderr.destroy()
    expect((await run.end()).status).toBe(0)
    expect(resultIn(folder).status).toBe('completed')
  })

  it('tells of a promise that is left behind and rejected, also at the very end', () => {
    const careless =
      'export default { op: () => 1, cleanup: () => { Promise.reject(new Error("left behind")) } }'
    const document = flow([{ name: 'a', module: 'careless', operation: 'op' }], {}, { modules: ['careless'] })
    const folder = withFlow(document, { 'modules/careless.mjs': careless })
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    expect(status).toBe(70)
    expect(stderr).toMatch(/^sagachart run: a promise was left behind and was rejected: left behind\n/)
    const { status: how, warnings } = resultIn(folder)
    expect(how).toBe('completed')
    expect(warnings).toEqual(['UNCAUGHT_ERROR: a promise was left behind and was rejected: left behind'])
  })

  it('prints no colour where nobody looks', () => {
    const folder = withFlow(flow([step('a', 'boom')]))
    const { stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect(stdout + stderr).not.toContain('\u001b')
  })
})

describe('the result', () => {
  it('is printed as JSON and nothing else with --json', () => {
    const folder = withFlow(flow([step('a', 'ok', { parameters: { x: 1 } })]))
    const { status, stdout } = sagachart(folder, ['run', 'flow.yaml', '--json'])
    expect(status).toBe(0)
    const result = JSON.parse(stdout) as ResultDocument
    expect(result).toMatchObject({
      status: 'completed',
      integration_name: 'flow',
      module_initialization: { modules_attempted: 1, modules_successful: 1, modules_failed: 0 },
      execution_summary: { workflows_executed: 1, total_operations: 1, errors_encountered: 0 },
      warnings: [],
      leases_open: 0,
    })
    const [scenario] = result.integration_scenarios.scenario_results
    expect(scenario).toMatchObject({ scenario_name: 's', status: 'completed', result: { success_rate: 1 } })
    expect(scenario!.result.step_results[0]).toMatchObject({
      ...{ step_name: 'a', module_name: 'm', operation: 'ok', status: 'success', data: { x: 1 } },
      ...{ error: null, attempts: 1, dependencies_satisfied: true },
    })
  })

  it('stays JSON with --json where a module prints on stdout', () => {
    const loud = 'export default { op: () => { console.log("one"); process.stdout.write("two") } }'
    const document = flow([{ name: 'a', module: 'loud', operation: 'op' }], {}, { modules: ['loud'] })
    const folder = withFlow(document, { 'modules/loud.mjs': loud })
    const { stdout, stderr } = sagachart(folder, ['run', 'flow.yaml', '--json'])
    expect((JSON.parse(stdout) as ResultDocument).status).toBe('completed')
    expect(stderr).toBe('one\ntwo\n')
    expect(sagachart(folder, ['run', 'flow.yaml']).stdout).toMatch(/^one\ntwo✓ flow/)
  })

  it('is written where --output says, folders made, nothing left beside it', () => {
    const folder = withFlow(flow([step('a', 'ok')]))
    const { status, stdout } = sagachart(folder, ['run', 'flow.yaml', '--output', 'deep/er/result.json'])
    expect(status).toBe(0)
    expect(stdout).toContain('result: deep/er/result.json')
    expect(readdirSync(join(folder, 'deep', 'er'))).toEqual(['result.json'])
    expect(resultIn(folder, 'deep/er/result.json').status).toBe('completed')
  })

  it('is written where the document says, from the document on', () => {
    const document = { ...JSON.parse(flow([step('a', 'ok')])), output: { file: 'out/r.json' } } as object
    const folder = folderWith({ 'sub/flow.yaml': JSON.stringify(document), 'sub/modules/m.mjs': M })
    expect(sagachart(folder, ['run', 'sub/flow.yaml']).status).toBe(0)
    expect(resultIn(folder, 'sub/out/r.json').status).toBe('completed')
    expect(sagachart(folder, ['run', 'sub/flow.yaml', '--output', 'mine.json']).status).toBe(0)
    expect(resultIn(folder, 'mine.json').status).toBe('completed')
  })

  it('is written also where the run failed, with the failure as data', () => {
    const folder = withFlow(flow([step('a', 'boom')]))
    expect(sagachart(folder, ['run', 'flow.yaml', '--output', 'result.json']).status).toBe(1)
    const [scenario] = resultIn(folder).integration_scenarios.scenario_results
    expect(scenario!.result.step_results[0]).toMatchObject({
      status: 'failed',
      error: { code: 'UNLUCKY', message: 'no luck' },
    })
  })

  it('takes the place of an older one as a whole', () => {
    const folder = withFlow(flow([step('a', 'ok')]), { 'result.json': 'old'.repeat(100_000) })
    expect(sagachart(folder, ['run', 'flow.yaml', '--output', 'result.json']).status).toBe(0)
    expect(resultIn(folder).status).toBe('completed')
  })

  it('that cannot be written is told in a sentence, and nothing is left half done', () => {
    const folder = withFlow(flow([step('a', 'ok')]))
    mkdirSync(join(folder, 'taken'))
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'taken'])
    expect(status).toBe(2)
    expect(stdout).toContain('✓ flow completed')
    expect(stdout).not.toContain('result:')
    expect(stderr).toMatch(/the result could not be written to .*taken .*; give another --output\n$/)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(readdirSync(folder).filter((name) => name.includes('draft'))).toEqual([])
  })
})

describe('the summary of a run that failed', () => {
  const folder = folderWith({
    'my flow.json': flow([
      step("don't", 'fails'),
      step('again', 'flaky', { retry_count: 2, retry: { initial: '1ms' } }),
      step('later', 'ok', { depends_on: ["don't"] }),
    ]),
    'modules/m.js': `let tries = 0
export default {
  fails() { throw new Error('no luck') },
  flaky() { if (++tries < 3) throw new Error('not yet') },
  ok() {},
}`,
  })
  const lineOf = (stdout: string, start: string) =>
    stdout.split('\n').find((line) => line.trimStart().startsWith(start))!

  it('names what failed and why, and what came through only after retries', () => {
    const { status, stdout } = sagachart(folder, ['run', 'my flow.json'])
    expect(status).toBe(1)
    expect(stdout).toMatch(/s: 1\/3 steps, 1 of them retried, 2 failed/)
    expect(stdout).toContain("don't (m.fails, 1 attempt): no luck")
    expect(stdout).toContain('1 not run: a dependency failed')
  })

  it('gives commands to look closer, which a shell takes as they are', () => {
    const { stdout } = sagachart(folder, ['run', 'my flow.json'])
    const shell = (line: string) => {
      const command = line.slice(line.indexOf(': ') + 2).replace('sagachart', '"$NODE" "$BIN"')
      const env = { ...process.env, NODE: process.execPath, BIN }
      return spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env })
    }
    const again = shell(lineOf(stdout, "every step's data"))
    expect(again.status).toBe(1)
    expect(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))).toMatchObject({ status: 'failed' })
    const played = shell(lineOf(stdout, "what follows when don't fails"))
    expect(played.status).toBe(1)
    expect(played.stdout).toMatch(/don't +failed: a simulated failure/)
    const written = sagachart(folder, ['run', 'my flow.json', '--output', 'out.json']).stdout
    expect(lineOf(written, "every step's data")).toMatch(/: .*out\.json$/)
    expect(shell(lineOf(written, 'what follows')).stdout).toMatch(/again +succeeded/)
  })

  it('repeats no value of an input in them', () => {
    const secret = flow(
      [step('a', 'fails')],
      {},
      { inputs: { card: { type: 'string' }, pin: { type: 'string' } } },
    )
    writeFileSync(join(folder, 'secret.json'), secret)
    const given = ['--input', 'card=4111=1', '--input', 'pin=']
    const { stdout, stderr } = sagachart(folder, ['run', 'secret.json', ...given])
    expect(stdout).toContain("run secret.json --input 'card=…' --input 'pin=…' --output result.json")
    expect(stdout + stderr).not.toContain('4111')
  })

  it('gives none where all is well', () => {
    const { stdout } = sagachart(folder, ['simulate', 'my flow.json'])
    expect(stdout).not.toContain('what follows')
  })
})

describe('options of run', () => {
  const two = JSON.stringify({
    integration: {
      modules: ['m'],
      scenarios: ['nightly', 'hourly'].map((name) => ({ name, steps: [step('a', 'ok')] })),
    },
  })
  const inputs = { n: { type: 'integer' }, place: { type: 'string', default: 'Oslo' } }
  const parameters = { n: '${{ inputs.n + 1 }}', place: '${{ inputs.place }}' }
  const withInputs = flow([step('a', 'ok', { parameters })], {}, { inputs })

  it('--scenario runs one, and offers the nearest where there is none', () => {
    const folder = withFlow(two)
    const { stdout } = sagachart(folder, ['run', 'flow.yaml', '--scenario', 'hourly'])
    expect(stdout).toContain('✓ hourly: 1/1')
    expect(stdout).not.toContain('nightly')
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--scenario', 'hourli'])
    expect(status).toBe(2)
    expect(stderr).toContain('nightly, hourly')
    expect(stderr).toContain('did you mean "hourly"?')
  })

  it('--input is read as the document types it', () => {
    const folder = withFlow(withInputs)
    const { stdout } = sagachart(folder, [
      'run',
      'flow.yaml',
      '--json',
      '--input',
      'n=41',
      '--input',
      'place=a=b',
    ])
    const [scenario] = (JSON.parse(stdout) as ResultDocument).integration_scenarios.scenario_results
    expect(scenario!.result.step_results[0]!.data).toEqual({ n: 42, place: 'a=b' })
  })

  it.each([
    [['--input', 'n=many'], /flow\.yaml:\d+:\d+: .*"n".*integer/],
    [['--input', 'n=1', '--input', 'plaice=x'], /did you mean "place"\?/],
    [[], /flow\.yaml:\d+:\d+: .*"n"/],
    [['--input', 'n'], /--input takes name=value, found "n"/],
    [['--input', '=s3cret'], /--input takes name=value, found "="; write/],
    [['--input', 'n=1', '--concurrency', 'x'.repeat(1_000)], /from 1, found "x{60}…"; correct it/],
    [['--input', 'n=1', '--input', 'n=2'], /--input gives "n" twice/],
    [['--input', 'n=1', '--concurrency', '0'], /--concurrency takes a whole number from 1, found "0"/],
    [['--input', 'n=1', '--concurrency', 'x'], /--concurrency takes a whole number from 1, found "x"/],
    [['--outptu', 'x'], /unknown option '--outptu'[\s\S]*--output/],
  ])('%j is refused before anything runs', (args, why) => {
    const { status, stdout, stderr } = sagachart(withFlow(withInputs), ['run', 'flow.yaml', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(why)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('--concurrency takes the place of max_concurrency', () => {
    const steps = ['a', 'b', 'c'].map((name) => step(name, 'nap', { parameters: { name } }))
    const folder = withFlow(flow(steps, { max_concurrency: 3 }))
    expect(sagachart(folder, ['run', 'flow.yaml', '--concurrency', '1']).status).toBe(0)
    const trace = readFileSync(join(folder, 'trace'), 'utf8').trim().split('\n')
    expect(trace).toEqual(['a', 'b', 'c'].flatMap((name) => [`start ${name}`, `end ${name}`]))
  })

  it('drills each module and each error scenario of the document, and leaves it out with --no-drill', () => {
    const folder = withFlow(
      flow([step('a', 'ok')], {}, { error_scenarios: ['a=fatal', { name: 'slow', faults: ['a=slow:1s'] }] }),
    )
    const propagation = (...options: string[]) =>
      JSON.parse(sagachart(folder, ['run', 'flow.yaml', '--json', ...options]).stdout).error_propagation
    expect(propagation()).toMatchObject({
      errors_seen: [],
      errors_simulated: 4,
      errors_handled: 4,
      recovery_successful: 1,
      drill_skipped: null,
    })
    expect(propagation('--no-drill')).toMatchObject({
      errors_simulated: 0,
      drill_skipped: 'it was not asked for',
    })
    expect(sagachart(folder, ['run', 'flow.yaml']).stdout).toContain(
      'drill: 4 errors simulated, 4 handled, 1 recovered from',
    )
    const wrong = withFlow(flow([step('a', 'ok')], {}, { error_scenarios: ['b=fatal'] }))
    const { status, stderr } = sagachart(wrong, ['run', 'flow.yaml'])
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error_scenarios, "b=fatal"'),
    })
  })

  it('--allow-modules opens a folder beside the document', () => {
    const lib = folderWith({ 'm.mjs': M })
    const modules = [{ name: 'm', path: join(lib, 'm.mjs') }]
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')], {}, { modules }) })
    const refused = sagachart(folder, ['run', 'flow.yaml'])
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('--allow-modules')
    expect(sagachart(folder, ['run', 'flow.yaml', '--allow-modules', lib]).status).toBe(0)
  })
})

describe('a document that is wrong', () => {
  it('is told with its place, its line, a caret and a remedy, and nothing of it runs', () => {
    const text = `integration:
  modules: [m]
  scenarios:
    - name: s
      steps:
        - { name: a, module: m, operaton: nap }
`
    const folder = withFlow(text)
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^flow\.yaml:6:33: error /)
    expect(stderr).toMatch(/\^{8}/)
    expect(stderr).toContain('did you mean "operation"?')
    expect(existsSync(join(folder, 'result.json'))).toBe(false)
  })

  it('that is not there, or is a folder, is told in the same way', () => {
    const folder = withFlow('')
    for (const name of ['nope.yaml', 'modules']) {
      const { status, stderr } = sagachart(folder, ['run', name])
      expect(status).toBe(2)
      expect(stderr).toMatch(new RegExp(`^${name}:1:1: error DOCUMENT_NOT_FOUND`))
    }
  })

  it('has its warnings on stderr and in the result, and runs', () => {
    const document = { ...JSON.parse(flow([step('a', 'ok')])), logging: { level: 'INFO' } } as object
    const folder = withFlow(JSON.stringify(document))
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    expect(status).toBe(0)
    expect(stderr).toMatch(/^flow\.yaml:1:\d+: warning KEY_WITHOUT_EFFECT: logging: level/)
    expect(resultIn(folder).warnings).toEqual([expect.stringMatching(/^KEY_WITHOUT_EFFECT: logging: level/)])
  })

  it('that has a module with a mistake names the file', () => {
    const folder = withFlow(flow([step('a', 'ok')]))
    writeFileSync(join(folder, 'modules', 'm.mjs'), 'export default {')
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect(status).toBe(2)
    expect(stderr).toContain('Failed to load module m')
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
