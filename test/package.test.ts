// The package as users get it: packed, unpacked into an empty project, imported, type-checked, run.
// Dependencies are linked instead of installed, so that the test needs no network.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const { dependencies, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
  bin: { sagachart: string }
}
let project = ''
let files: string[] = []

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'package-'))
  const installed = join(project, 'node_modules', 'sagachart')
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [pack] = JSON.parse(packed) as { filename: string; files: { path: string }[] }[]
  files = pack!.files.map(({ path }) => path)
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(project, pack!.filename), '-C', installed, '--strip-components=1'])
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name))
  }
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })

describe('the packed package', () => {
  it('holds what runs and what explains, and nothing else', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json', bin.sagachart]))
    expect(files.filter((file) => !/^(?:dist\/|README\.md$|LICENSE$|package\.json$)/.test(file))).toEqual([])
  })

  it('is imported by each of its entries', () => {
    writeFileSync(
      join(project, 'entries.js'),
      `import { run, setup } from 'sagachart'
import { stepMachine } from 'sagachart/machines'
import { loadIntegrationText } from 'sagachart/document'
const flow = setup({ modules: { m: { op: () => 7 } } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } })
const loaded = await loadIntegrationText('integration: {modules: [], scenarios: []}')
console.log((await run(flow)).step('a').output, stepMachine.id, loaded.ok)`,
    )
    expect(node('entries.js')).toMatchObject({ stdout: '7 step true\n', stderr: '' })
  })

  it.each(['nodenext', 'bundler'])('has types under module resolution %s', (moduleResolution) => {
    writeFileSync(
      join(project, 'typed.ts'),
      `import { run, setup, type RunReport } from 'sagachart'
import { stepMachine } from 'sagachart/machines'
const flow = setup({ modules: { m: { op: () => 7 } } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } })
export const report: Promise<RunReport> = run(flow)
export const id: string = stepMachine.id
// @ts-expect-error there is no such operation
setup({ modules: { m: { op: () => 7 } } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.zzz' } } })
`,
    )
    const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
    const options = { module, moduleResolution, target: 'es2024', strict: true, noEmit: true, types: [] }
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['typed.ts'] }),
    )
    expect(node(join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', '.')).toMatchObject({
      stdout: '',
      status: 0,
    })
  })

  it('brings a command that runs', () => {
    const command = join('node_modules', 'sagachart', bin.sagachart)
    expect(node(command, '--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    mkdirSync(join(project, 'modules'))
    writeFileSync(join(project, 'modules', 'm.js'), 'export default { op: () => 7 }')
    writeFileSync(
      join(project, 'flow.yaml'),
      'integration: {modules: [m], scenarios: [{name: s, steps: [{name: a, module: m, operation: op}]}]}',
    )
    expect(node(command, 'run', 'flow.yaml')).toMatchObject({ status: 0, stderr: '' })
  })
})
