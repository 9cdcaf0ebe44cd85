// The command on a real terminal, which `script` (util-linux) lends: Node has none of its own. Where there is no
// such `script`, the tests are skipped, and say so.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { UNSAFE } from '../../src/definition/safe-text.ts'
import { BIN, flow, folderWith, hasScript, scriptReason, step } from './command.ts'

const M = `const after = (ms) => new Promise((done) => setTimeout(done, ms))
export default {
  nap: () => after(5),
  long: () => after(1200),
  boom: () => { throw new Error('no luck') },
}
`

const steps = [
  ...Array.from({ length: 300 }, (_, i) => step(`s${i}`, 'nap')),
  step('a long one', 'long'),
  step('b', 'boom'),
]

const folder = folderWith({ 'flow.yaml': flow(steps), 'modules/m.mjs': M })

/** What a terminal of 70 columns is sent. */
function onTerminal(environment: Readonly<Record<string, string>>, where = folder, code = 1): string {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NODE: process.execPath,
    BIN,
    TERM: 'xterm',
    ...environment,
  }
  for (const name of ['FORCE_COLOR', 'NO_COLOR']) if (!(name in environment)) delete env[name]
  const command = 'stty cols 70 rows 20; "$NODE" "$BIN" run flow.yaml'
  const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd: where,
    encoding: 'utf8',
    env,
    timeout: 30_000,
  })
  expect(status).toBe(code)
  return stdout.replaceAll('\r\n', '\n')
}

/** Escapes from U+001B on that change colours, and others. */
const escapes = (text: string) => {
  const all = text.split('\u001b').slice(1)
  const isColour = (escape: string) => /^\[\d+m/.test(escape)
  return { colours: all.filter(isColour).length, moves: all.filter((escape) => !isColour(escape)).length }
}

describe.skipIf(!hasScript)(`a real terminal${scriptReason}`, () => {
  it('gets colours, and progress that is gone at the end', () => {
    const text = onTerminal({})
    expect(escapes(text).colours).toBeGreaterThan(0)
    expect(text).toContain('  a long one')
    expect(text).toMatch(/301\/302, \S*1 failed/)
    // The last drawing goes up over what was drawn, draws nothing, and erases the rest.
    // oxlint-disable-next-line no-control-regex -- commands are what it is about
    const [, end] = /.*\u001b\[\d+A\u001b\[0J\u001b\[\?7h([^]*)$/.exec(text) ?? []
    expect(end).toMatch(/^\S*✗\S* flow \S*failed/)
  })

  it('gets nothing to obey from operations, while progress is shown', () => {
    const evil = '\u001b]0;PWNED\u0007\u001b[2J\u009b31m\u202e\r\nFORGED\u2028'
    const module = `const evil = ${JSON.stringify(evil)}
    export default {
      say: async (_, { log, progress }) => {
        log(evil, { evil })
        progress(0.5, evil)
        void Promise.reject(new Error(evil))
        await new Promise((done) => setTimeout(done, 900))
        throw new Error(evil)
      },
    }`
    // An unheard rejection is a fault of the process, so the command ends with 70.
    const text = onTerminal(
      {},
      folderWith({ 'flow.yaml': flow([step('a', 'say')]), 'modules/m.mjs': module }),
      70,
    )
    expect(text).toContain('\\u001b]0;PWNED\\u0007')
    // Ours are colours, and to draw lines anew; the terminal of `script` ends lines with a carriage return, too.
    // oxlint-disable-next-line no-control-regex -- escapes are what it is about
    const OURS = new RegExp('\u001b\\[(?:3[129]m|90m|\\?7[lh]|\\d+A|K|0J)|[\\r\\n]', 'g')
    expect(text.replaceAll(OURS, '').search(UNSAFE)).toBe(-1)
    expect(text).not.toMatch(/^FORGED/m)
  })

  it('gets no colour with NO_COLOR, and the same progress', () => {
    const text = onTerminal({ NO_COLOR: '1' })
    expect(escapes(text).colours).toBe(0)
    expect(escapes(text).moves).toBeGreaterThan(0)
  })

  it('gets nothing to obey where it is dumb', () => {
    const text = onTerminal({ TERM: 'dumb' })
    expect(text).not.toContain('\u001b')
    expect(text).toMatch(/^✗ flow failed/)
  })
})
