// `run --inspect` and the example, watched over loopback from outside their process.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { folderWith, started } from '../cli/command.ts'
import { openViewer } from './viewer.ts'

const folder = folderWith({
  'flow.yaml': `integration:
  workflow_id: shop
  modules: [m]
  scenarios:
    - name: buy
      steps: [{ name: pay, module: m, operation: pay }]
`,
  'modules/m.js': 'export default { pay: () => 1 }',
})

async function watcher() {
  const viewer = await openViewer()
  onTestFinished(() => viewer.close())
  return viewer
}

describe('run --inspect', () => {
  it('shows integration, workflow and step, each below the other', async () => {
    const viewer = await watcher()
    const command = started(folder, ['run', 'flow.yaml', `--inspect=${viewer.url}`])
    expect(await command.end()).toMatchObject({ status: 0 })
    const told = await viewer.all()
    const actors = told.filter(({ type }) => type === '@xstate.actor')
    const chain = ['shop', 'buy', 'pay'].map((name) => actors.find((actor) => actor.name === name)!)
    const [integration, workflow, step] = chain
    expect(integration!.parentId).toBeUndefined()
    expect(workflow!.parentId).toBe(integration!.sessionId)
    expect(step!.parentId).toBe(workflow!.sessionId)
    expect(step!.sessionId).toBe(`${integration!.sessionId}/buy/step/pay`)
  })

  it('runs nothing where nobody listens', async () => {
    const viewer = await openViewer()
    await viewer.close()
    const { status, stderr, stdout } = await started(folder, [
      'run',
      'flow.yaml',
      `--inspect=${viewer.url}`,
    ]).end()
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/Inspector at ws:.*nobody listens there; start one/)
    expect(stderr).not.toContain('    at ')
  })
})

describe('examples/inspect.ts', () => {
  it('is seen, retries included', async () => {
    const viewer = await watcher()
    const root = join(import.meta.dirname, '../..')
    const child = spawn(process.execPath, ['examples/inspect.ts', viewer.url], { cwd: root })
    let printed = ''
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()))
    child.stderr.on('data', (text: Buffer) => (printed += text.toString()))
    const told = await viewer.all()
    const states = told.flatMap(({ sessionId, snapshot }) =>
      sessionId.endsWith('/step/charge') && snapshot?.value !== undefined ? [snapshot.value] : [],
    )
    expect(states.filter((value) => value === 'retrying').length).toBeGreaterThanOrEqual(2)
    expect(states.at(-1)).toBe('succeeded')
    if (child.exitCode === null) await new Promise((resolve) => child.on('close', resolve))
    expect(printed).toMatch(/^completed \{ receipt: 'receipt 3', label: 'TO ADA, OSLO' \}/)
  })
})
