// Every way in which a process may end before its work is done: user code that ends it, errors that nobody catches, a wait for
// what cannot come, deaths. Each time modules are cleaned up, a result is written, and the exit code tells.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { BIN, flow, folderWith, sagachart, started, step } from './command.ts'

const M = `import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { exit } from 'node:process'
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
const soon = (what) => { setTimeout(what, 5); return sleep(10_000) }
export default {
  operations: {
    ok: () => 1,
    exit: () => process.exit(0),
    async later() { await sleep(1); process.exit(0) },
    named: () => exit(0),
    required: () => createRequire(import.meta.url)('process').exit(0),
    reallyExit: () => process.reallyExit(0),
    abort: () => process.abort(),
    execve: () => process.execve('/bin/true', ['true'], {}),
    kill: () => process.kill(process.pid, 'SIGKILL'),
    number: () => process.kill(process.pid, 9),
    group: () => process.kill(0, 'SIGQUIT'),
    inTimer: () => soon(() => process.exit(0)),
    inListener: () => { process.on('uncaughtException', () => process.exit(0)); return soon(() => { throw new Error('heard') }) },
    rejecting: () => { process.on('unhandledRejection', () => process.exit(0)); return soon(() => Promise.reject(new Error('heard'))) },
    timer: () => soon(() => { throw new Error('in a timer') }),
    tick: () => soon(() => process.nextTick(() => { throw new Error('in a tick') })),
    microtask: () => soon(() => queueMicrotask(() => { throw new Error('in a microtask') })),
    emitter: () => soon(() => new EventEmitter().emit('error', new Error('unheard'))),
    socket: () => { connect(1, '127.0.0.1'); return sleep(10_000) },
    listener: (_, { signal }) => { signal.addEventListener('abort', () => { throw new Error('in a listener') }); return sleep(2_000) },
    rejected: () => soon(() => Promise.reject(new Error('left behind'))),
    nothing: () => soon(() => { throw null }),
    bare: () => soon(() => Promise.reject(Object.create(null))),
    hostile: () => soon(() => { throw new Proxy({}, { get() { throw new Error('again') }, getPrototypeOf() { throw new Error('again') } }) }),
    storm: () => { setInterval(() => { throw new Error('one of many') }, 1); return sleep(1_000) },
    lies: () => { process.exitCode = 0; process.on('exit', () => { process.exitCode = 0 }); throw new Error('no luck') },
    leaves: () => { process.on('exit', () => process.exit(0)); throw new Error('no luck') },
    throws: () => { process.on('exit', () => { throw new Error('while it ends') }); throw new Error('no luck') },
    mute: () => { process.stdout.write = () => true; process.stderr.write = () => true; throw new Error('no luck') },
    undo: () => console.log('undone'),
    heap: () => { const all = []; for (;;) all.push(new Array(1e6).fill(0)) },
  },
  cleanup: () => console.log('cleaned up'),
}
`

const withM = (operation: string, more: object = {}) =>
  folderWith({ 'flow.yaml': flow([step('a', operation, more)]), 'modules/m.mjs': M })

const run = (folder: string, nodeArgs: readonly string[] = []) =>
  sagachart(folder, ['run', 'flow.yaml', '--no-drill', '--output', 'result.json'], nodeArgs)

const resultIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ResultDocument

describe('what would end the process', () => {
  const calls = ['exit', 'later', 'named', 'required', 'reallyExit', 'abort', 'kill', 'number', 'group']
  if ('execve' in process) calls.push('execve')

  it.each(calls)('fails the operation that calls it: %s', (operation) => {
    const folder = withM(operation, { retry_count: 3 })
    const { status, stdout } = run(folder)
    expect(status).toBe(1)
    expect(stdout).toContain('cleaned up')
    const { step_results: steps } = resultIn(folder).integration_scenarios.scenario_results[0]!.result
    expect(steps[0]).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'PROCESS_EXIT' } })
  })

  it.each(['inTimer', 'inListener', 'rejecting'])(
    'ends the run in order where nobody hears of it: %s',
    (operation) => {
      const folder = withM(operation)
      const { status, stdout } = run(folder)
      expect(status).toBe(70)
      expect(stdout).toContain('cleaned up')
      expect(resultIn(folder)).toMatchObject({ status: 'cancelled', error: { code: 'UNCAUGHT_ERROR' } })
    },
  )

  it.each(['lies', 'leaves', 'throws', 'mute'])('changes no exit code: %s', (operation) => {
    const folder = withM(operation)
    expect(run(folder).status).toBe(1)
    expect(resultIn(folder).status).toBe('failed')
  })

  it.each([
    ['run', ['run', 'flow.yaml', '--output', 'result.json']],
    ['validate', ['validate', 'flow.yaml']],
  ])('is a mistake of a module that is loaded: %s', (_, args) => {
    const early = `import 'node:fs'\nprocess.on('exit', () => { process.exitCode = 0 })\nprocess.exit(0)\n`
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), 'modules/m.mjs': early })
    const { status, stderr } = sagachart(folder, args)
    expect(status).toBe(2)
    expect(stderr).toMatch(/MODULE_LOAD_FAILED: .*process\.exit\(0\) was called/)
  })
})

describe('an error that nobody catches', () => {
  it.each([
    ['timer', 'an error that nobody caught: in a timer'],
    ['tick', 'an error that nobody caught: in a tick'],
    ['microtask', 'an error that nobody caught: in a microtask'],
    ['emitter', 'an error that nobody caught: unheard'],
    ['socket', 'an error that nobody caught: connect ECONNREFUSED'],
    ['rejected', 'a promise was left behind and was rejected: left behind'],
    ['nothing', 'an error that nobody caught: null'],
    ['bare', 'a promise was left behind and was rejected: A value that is no error was thrown'],
    ['hostile', 'an error that nobody caught: A value'],
  ])('(%s) ends the run in order, with 70', (operation, message) => {
    const folder = withM(operation)
    const { status, stdout, stderr } = run(folder)
    expect(status).toBe(70)
    expect(stderr).toContain(`sagachart run: ${message}`)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toMatch(/cleaned up\n✗ flow cancelled/)
    const { status: how, error, leases_open: leases } = resultIn(folder)
    expect({ how, leases }).toEqual({ how: 'cancelled', leases: 0 })
    expect(error).toMatchObject({
      code: 'UNCAUGHT_ERROR',
      message: expect.stringContaining(message) as string,
    })
  })

  it('ends it in order where it comes of the end, too', () => {
    const folder = withM('listener', { timeout: 0.2 })
    const { status, stdout } = run(folder)
    expect(status).toBe(70)
    expect(stdout).toContain('cleaned up')
    expect(existsSync(join(folder, 'result.json'))).toBe(true)
  })

  it('undoes what a cancelled run undoes', () => {
    const steps = [
      step('a', 'ok', { compensate: { operation: 'undo' } }),
      step('b', 'timer', { depends_on: ['a'] }),
    ]
    const folder = folderWith({ 'flow.yaml': flow(steps, { on_failure: 'compensate' }), 'modules/m.mjs': M })
    const { status, stdout } = run(folder)
    expect(status).toBe(70)
    expect(stdout).toMatch(/undone\ncleaned up/)
    const [scenario] = resultIn(folder).integration_scenarios.scenario_results
    expect(scenario).toMatchObject({ status: 'cancelled', result: { compensation: 'completed' } })
  })

  it('is told of a few times, however many there are', () => {
    const { status, stderr } = run(withM('storm'))
    expect(status).toBe(70)
    expect(stderr.match(/one of many/g)).toHaveLength(10)
  })

  it('ends what has not begun at once', () => {
    const module = `setTimeout(() => { throw new Error('early') }); await new Promise((done) => setTimeout(done, 1_000))
export default { ok: () => 1 }\n`
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), 'modules/m.mjs': module })
    for (const args of [
      ['run', 'flow.yaml'],
      ['validate', 'flow.yaml'],
    ]) {
      const { status, stdout, stderr } = sagachart(folder, args)
      expect({ status, stdout, stderr }).toEqual({
        status: 70,
        stdout: '',
        stderr: 'sagachart: an error that nobody caught: early\n',
      })
    }
  })
})

describe('a wait for what cannot come', () => {
  const timeless = `globalThis.setTimeout = () => 0\nprocess.exitCode = 0\n`
  const waits = 'process.exitCode = 0\nawait new Promise(() => {})\nexport default {}\n'

  it('ends the command', () => {
    const files = { 'modules/m.mjs': `${timeless}export default { ok: () => 1 }\n`, 'modules/w.mjs': waits }
    const document = flow([step('a', 'ok')], {}, { modules: ['m', 'w'] })
    const { status, stderr } = sagachart(folderWith({ 'flow.yaml': document, ...files }), [
      'validate',
      'flow.yaml',
    ])
    expect(status).toBe(70)
    expect(stderr).toMatch(/^sagachart: nothing is left to happen, and the work is not done/)
  })

  it('ends the run, and the command tells of it', () => {
    const module = `${timeless}export default { never: () => new Promise(() => {}) }\n`
    const { status, stderr } = run(
      folderWith({ 'flow.yaml': flow([step('a', 'never')]), 'modules/m.mjs': module }),
    )
    expect(stderr).toContain('sagachart run: nothing is left to happen, and the work is not done')
    expect(status).toBe(70)
  })
})

describe('a process that dies', () => {
  it('is told of, with the exit code that a shell gives it', async () => {
    const folder = folderWith({
      'flow.yaml': flow([step('a', 'hang')]),
      'modules/m.mjs': `export default { hang: (_, { log }) => { log('pid ' + process.pid + '.'); return new Promise((done) => setTimeout(done, 20_000)) } }`,
    })
    const command = started(folder, ['run', 'flow.yaml'])
    const pid = await command.pid()
    expect(pid).not.toBe(command.child.pid)
    process.kill(pid, 'SIGKILL')
    const { status, stderr } = await command.end()
    expect(status).toBe(137)
    expect(stderr).toContain(
      'was killed by SIGKILL before its work was done: nothing was cleaned up or undone',
    )
  })

  it('is told of where its memory is full', () => {
    const { status, stderr } = run(withM('heap'), ['--max-old-space-size=64'])
    expect(status).toBe(134)
    expect(stderr).toContain('was killed by SIGABRT before its work was done')
  })
})

describe('a command in two processes', () => {
  it('hands on the descriptors that its arguments name', () => {
    const folder = withM('ok')
    for (const fd of [3, 5]) {
      const command = `"$NODE" "$BIN" run flow.yaml --no-drill --output /dev/fd/${fd} ${fd}>${fd}.json`
      const env = { ...process.env, NODE: process.execPath, BIN }
      expect(spawnSync('sh', ['-c', command], { cwd: folder, env }).status).toBe(0)
      const written = readFileSync(join(folder, `${fd}.json`), 'utf8')
      expect(JSON.parse(written)).toMatchObject({ status: 'completed' })
    }
  })

  it('ends though a read that an operation left behind does not', () => {
    const folder = withM('ok')
    spawnSync('mkfifo', [join(folder, 'fifo')])
    const reads = `import { readFile } from 'node:fs'\nexport default { ok: () => { readFile('fifo', () => {}) } }\n`
    writeFileSync(join(folder, 'modules', 'm.mjs'), reads)
    expect(run(folder).status).toBe(0)
  })
})

describe('the library', () => {
  it('hears no signal, catches no error, and lets the process be', () => {
    const script = `
      const { run, setup } = await import(${JSON.stringify(join(BIN, '..', '..', 'index.js'))})
      const { loadIntegration } = await import(${JSON.stringify(join(BIN, '..', '..', 'load.js'))})
      const functions = () => ['exit', 'reallyExit', 'abort', 'kill'].map((name) => process[name])
      const own = functions()
      const state = () => JSON.stringify([process.eventNames().map(String), functions().map((one, at) => one === own[at])])
      const before = state()
      let during
      const { createWorkflow } = setup({ modules: { m: { op: () => { during = state() } } } })
      await run(createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } }))
      await loadIntegration('flow.yaml')
      console.log(JSON.stringify([before, during, state()]))`
    const folder = withM('ok')
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    })
    const [before, during, after] = JSON.parse(stdout) as string[]
    expect([during, after]).toEqual([before, before])
    expect(before).not.toMatch(/SIG|uncaught|unhandled|beforeExit|false/)
  })
})
