// Signals: a run ends in order, modules clean up, the result is written; a second signal does not wait, also where the event
// loop is blocked and hears none. On a terminal Ctrl-C reaches the command and the process that it supervises.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { BIN, flow, folderWith, hasScript, scriptReason, started, step } from './command.ts'

const M = `import { writeFileSync } from 'node:fs'
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
export default {
  hang: (_, { signal, log }) => new Promise((_, refuse) => {
    setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => refuse(signal.reason))
    log('hanging, pid ' + process.pid + '.')
  }),
  loop: (_, { log }) => { log('looping, pid ' + process.pid + '.'); for (;;); },
  async busy(_, { log }) {
    log('busy, pid ' + process.pid + '.')
    await sleep(100)
    for (const until = Date.now() + 1500; Date.now() < until; );
    await sleep(10_000)
  },
  deaf: (_, { log }) => { process.on('SIGINT', () => process.exit(0)); log('deaf'); return sleep(300) },
  fault: async (_, { log }) => { setTimeout(() => { throw new Error('a fault') }, 1); await sleep(10_000) },
  ok: () => 1,
  cleanup: () => writeFileSync(new URL('../cleaned', import.meta.url), 'yes'),
}
`

const STUBBORN = `export default {
  hang: (_, { log }) => new Promise(() => { setInterval(() => {}, 1000); log('hanging') }),
  fault: async () => { setTimeout(() => { throw new Error('a fault') }, 1); await new Promise((done) => setTimeout(done, 10_000)) },
  ok: () => 1,
  cleanup: () => new Promise(() => {}),
}
`

const folderOf = (operation: string, module = M) =>
  folderWith({
    'flow.yaml': flow([step('a', operation), step('b', 'ok', { depends_on: ['a'] })]),
    'modules/m.mjs': module,
  })

const RUN = ['run', 'flow.yaml', '--no-drill', '--output', 'result.json']

const resultIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ResultDocument

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Whether a process is there. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Resolves once a process is gone. */
async function gone(pid: number, withinMs: number): Promise<void> {
  for (const until = performance.now() + withinMs; isAlive(pid); await pause(20)) {
    if (performance.now() > until) throw new Error(`process ${pid} is still there`)
  }
}

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('(%s) ends the run in order, with %i', async (signal, code) => {
    const folder = folderOf('hang')
    const run = started(folder, RUN)
    await run.said('hanging')
    run.child.kill(signal)
    const { status, stdout, stderr } = await run.end()
    expect(status).toBe(code)
    expect(stderr).toContain('Ctrl-C again quits at once')
    expect(stdout).toContain('✗ flow cancelled')
    expect(existsSync(join(folder, 'cleaned'))).toBe(true)
    const result = resultIn(folder)
    expect(result).toMatchObject({ status: 'cancelled', leases_open: 0 })
    expect(result.error).toMatchObject({
      code: 'RUN_CANCELLED',
      message: expect.stringContaining(signal) as string,
    })
    const steps = result.integration_scenarios.scenario_results[0]!.result.step_results
    expect(steps.map(({ status: how }) => how)).toEqual(['cancelled', 'cancelled'])
  })

  it('does the same where it comes to the process that executes, as an operation sends it', async () => {
    const folder = folderOf('hang')
    const run = started(folder, RUN)
    process.kill(await run.pid(), 'SIGTERM')
    expect((await run.end()).status).toBe(143)
    expect(resultIn(folder).status).toBe('cancelled')
  })

  it('ends a run whose operation would end the process when it hears of it', async () => {
    const folder = folderOf('deaf')
    const run = started(folder, RUN)
    await run.said('deaf')
    run.child.kill('SIGINT')
    expect((await run.end()).status).toBe(130)
    expect(existsSync(join(folder, 'cleaned'))).toBe(true)
  })

  it('is heard once the event loop is free again', async () => {
    const folder = folderOf('busy')
    const run = started(folder, RUN)
    await run.said('busy')
    await pause(300)
    run.child.kill('SIGINT')
    const { status, stderr } = await run.end()
    expect(stderr).toContain('the event loop is blocked')
    expect(status).toBe(130)
    expect(resultIn(folder).status).toBe('cancelled')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('twice (%s) quits at once, whatever still hangs', async (signal, code) => {
    const folder = folderOf('hang', STUBBORN)
    const run = started(folder, RUN)
    await run.said('hanging')
    run.child.kill(signal)
    await run.said('Ctrl-C again quits at once')
    await pause(150)
    const before = performance.now()
    run.child.kill(signal)
    const { status } = await run.end()
    expect(status).toBe(code)
    expect(performance.now() - before).toBeLessThan(2000)
    expect(existsSync(join(folder, 'result.json'))).toBe(false)
  })

  it('twice quits at once, also where the event loop is blocked', async () => {
    const run = started(folderOf('loop'), RUN)
    const pid = await run.pid()
    run.child.kill('SIGINT')
    await run.said('the event loop is blocked')
    expect(isAlive(pid)).toBe(true)
    run.child.kill('SIGINT')
    expect((await run.end()).status).toBe(130)
    await gone(pid, 1_000)
  })

  it('quits at once after a fault', async () => {
    const run = started(folderOf('fault', STUBBORN), RUN)
    await run.said('Ctrl-C quits at once')
    await pause(150)
    run.child.kill('SIGINT')
    expect((await run.end()).status).toBe(130)
  })

  it('that is sent twice at the same time counts once', async () => {
    const folder = folderOf('hang')
    const run = started(folder, RUN)
    await run.said('hanging')
    run.child.kill('SIGINT')
    await pause(5)
    run.child.kill('SIGINT')
    expect((await run.end()).status).toBe(130)
    expect(resultIn(folder).status).toBe('cancelled')
  })

  it('is heard by the process itself where it is debugged', async () => {
    const nodeArgs = ['--inspect=127.0.0.1:0']
    const folder = folderOf('hang')
    const polite = started(folder, RUN, nodeArgs)
    expect(await polite.pid()).toBe(polite.child.pid)
    polite.child.kill('SIGTERM')
    expect((await polite.end()).status).toBe(143)
    expect(resultIn(folder).status).toBe('cancelled')
    const stubborn = started(folderOf('hang', STUBBORN), RUN, nodeArgs)
    await stubborn.said('hanging')
    stubborn.child.kill('SIGINT')
    await stubborn.said('Ctrl-C again')
    await pause(150)
    stubborn.child.kill('SIGINT')
    expect((await stubborn.end()).status).toBe(130)
  })

  it('is not needed where an operation leaves a timer behind', async () => {
    const leaves = 'export default { ok: () => { setInterval(() => {}, 1000); return 1 } }'
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), 'modules/m.mjs': leaves })
    expect((await started(folder, ['run', 'flow.yaml']).end()).status).toBe(0)
  })
})

describe('a command that is killed', () => {
  it('leaves a run that ends in order', async () => {
    const folder = folderOf('hang')
    const run = started(folder, RUN)
    const pid = await run.pid()
    run.child.kill('SIGKILL')
    await gone(pid, 20_000)
    expect(existsSync(join(folder, 'cleaned'))).toBe(true)
    expect(resultIn(folder).status).toBe('cancelled')
  })

  it('leaves nothing that runs on, also where the event loop is blocked', async () => {
    const run = started(folderOf('loop'), RUN)
    const pid = await run.pid()
    // In its first half second a run has no guard yet.
    await pause(1000)
    run.child.kill('SIGKILL')
    await gone(pid, 20_000)
  })
})

describe.skipIf(!hasScript)(`Ctrl-C on a terminal${scriptReason}`, () => {
  /** Starts the command on a terminal, in the background of nothing, and types what is asked for. */
  function onTerminal(folder: string) {
    const env = { ...process.env, NODE: process.execPath, BIN, TERM: 'xterm' }
    const command = '"$NODE" "$BIN" run flow.yaml --no-drill --output result.json'
    const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: folder, env })
    let said = ''
    child.stdout.on('data', (text: Buffer) => (said += String(text)))
    const closed = once(child, 'close')
    return {
      async said(what: string): Promise<void> {
        while (!said.includes(what)) await Promise.race([pause(20), closed])
      },
      type: (text: string) => child.stdin.write(text),
      end: async () => ((await closed) as [number])[0],
    }
  }

  it('once ends the run in order', async () => {
    const folder = folderOf('hang')
    const terminal = onTerminal(folder)
    await terminal.said('hanging')
    terminal.type('\u0003')
    expect(await terminal.end()).toBe(130)
    expect(resultIn(folder).status).toBe('cancelled')
  })

  it('twice quits at once, also where the event loop is blocked', async () => {
    const terminal = onTerminal(folderOf('loop'))
    await terminal.said('looping')
    terminal.type('\u0003')
    await terminal.said('the event loop is blocked')
    terminal.type('\u0003')
    expect(await terminal.end()).toBe(130)
  })
})
