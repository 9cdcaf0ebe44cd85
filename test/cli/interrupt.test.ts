// Ctrl-C: a run ends in order, modules clean up, the result is written; a second Ctrl-C does not wait.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/result.ts'
import { flow, folderWith, started, step } from './command.ts'

const POLITE = `import { writeFileSync } from 'node:fs'
export default {
  hang: (_, { signal, log }) => new Promise((_, refuse) => {
    setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => refuse(signal.reason))
    log('hanging')
  }),
  ok: () => 1,
  cleanup: () => writeFileSync(new URL('../cleaned', import.meta.url), 'yes'),
}
`

const STUBBORN = `export default {
  hang: (_, { log }) => new Promise(() => { setInterval(() => {}, 1000); log('hanging') }),
  ok: () => 1,
  cleanup: () => new Promise(() => {}),
}
`

const document = flow([step('a', 'hang'), step('b', 'ok', { depends_on: ['a'] })])

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('(%s) ends the run in order, with 130', async (signal) => {
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.mjs': POLITE })
    const run = started(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    await run.said('hanging')
    run.child.kill(signal)
    const { status, stdout, stderr } = await run.end()
    expect(status).toBe(130)
    expect(stderr).toContain('Ctrl-C again quits at once')
    expect(stdout).toContain('✗ flow cancelled')
    expect(existsSync(join(folder, 'cleaned'))).toBe(true)
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ResultDocument
    expect(result).toMatchObject({ status: 'cancelled', leases_open: 0 })
    const steps = result.integration_scenarios.scenario_results[0]!.result.step_results
    expect(steps.map(({ status: how }) => how)).toEqual(['cancelled', 'cancelled'])
  })

  it('twice quits at once, whatever still hangs', async () => {
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.mjs': STUBBORN })
    const run = started(folder, ['run', 'flow.yaml', '--output', 'result.json'])
    await run.said('hanging')
    run.child.kill('SIGINT')
    await run.said('Ctrl-C again quits at once')
    const before = performance.now()
    run.child.kill('SIGINT')
    const { status } = await run.end()
    expect(status).toBe(130)
    expect(performance.now() - before).toBeLessThan(2000)
    expect(existsSync(join(folder, 'result.json'))).toBe(false)
  })

  it('is not needed where an operation leaves a timer behind', async () => {
    const leaves = 'export default { ok: () => { setInterval(() => {}, 1000); return 1 } }'
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), 'modules/m.mjs': leaves })
    expect((await started(folder, ['run', 'flow.yaml']).end()).status).toBe(0)
  })
})
