// Modules whose values bite whoever looks at them: the command ends in order, and says why in few words.
import { describe, expect, it } from 'vitest'
import { flow, folderWith, sagachart, step } from './command.ts'

const BITES = `
const bite = () => { throw new Error('bitten') }
const trap = () => new Proxy({}, { get: bite, has: bite, ownKeys: bite, getPrototypeOf: bite, getOwnPropertyDescriptor: bite })
`
const MODULE = `${BITES}
export default {
  init: () => console.log('init'),
  cleanup: () => console.log('cleaned up'),
  operations: {
    symbol: () => { throw Object.assign(new Error('x'), { retryAfter: Symbol('x') }) },
    message: () => { throw { get message() { return bite() } } },
    trap: () => { throw trap() },
    returned: trap,
    promised: () => ({ get then() { return bite() } }),
    rejected: () => Promise.reject(trap()),
    logged: (_, { log }) => log(Symbol('said'), trap()),
    left: () => { Promise.reject(trap()) },
    long: () => { throw Object.assign(new Error('m'.repeat(1e6)), { name: 'n'.repeat(1e6), code: 'c'.repeat(1e6) }) },
  },
}`

describe('the command', () => {
  it.each([
    ['symbol', 1, /a \(m\.symbol, 1 attempt\): x\n/],
    ['message', 1, /A value that is no error was thrown/],
    ['trap', 1, /A value that is no error was thrown/],
    ['returned', 1, /Output is not JSON: .*found one that cannot be read/],
    ['promised', 1, /bitten/],
    ['rejected', 1, /A value that is no error was thrown/],
    ['logged', 0, /1\/1 steps/],
    ['left', 70, /1\/1 steps/],
    ['long', 1, /a \(m\.long, 1 attempt\): m{100}/],
  ])('ends a run in order where an operation gives what bites: %s', (operation, code, said) => {
    const folder = folderWith({ 'flow.yaml': flow([step('a', operation)]), 'modules/m.mjs': MODULE })
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml', '--no-drill'])
    expect(stdout).toMatch(said)
    expect(stdout).toMatch(/^init\ncleaned up\n/)
    expect(status).toBe(code)
    expect(`${stdout}${stderr}`).not.toMatch(/^\s+at /m)
    expect(stdout.length + stderr.length).toBeLessThan(3_000)
  })

  it.each([
    ['that throws it', `${BITES} throw trap()`],
    ['that exports it', `${BITES} export default trap()`],
    ['whose operations are it', `${BITES} export default { operations: trap() }`],
    ['whose class throws it', `${BITES} export default class { constructor() { throw trap() } }`],
    ['that is a promise of a kind', `${BITES} export const then = (_, fail) => fail(trap())`],
  ])('refuses a module %s', (_, text) => {
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), 'modules/m.mjs': text })
    for (const command of ['run', 'validate']) {
      const { status, stderr } = sagachart(folder, [command, 'flow.yaml'])
      expect(status).toBe(2)
      expect(stderr).toMatch(/MODULE_LOAD_FAILED: Failed to load module m/)
      expect(stderr.length).toBeLessThan(3_000)
    }
  })
})
