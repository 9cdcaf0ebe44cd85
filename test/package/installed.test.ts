// The package as users get it: packed, judged, installed into an empty project, imported, type-checked, run.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dependencies, install, MANIFEST, ROOT, type Installed } from './packed.ts'

let installed: Installed

beforeAll(() => {
  installed = install()
}, 60_000)
afterAll(() => installed?.remove())

const node = (...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: installed.project, encoding: 'utf8' })
const write = (name: string, text: string) => writeFileSync(join(installed.project, name), text)

describe('the packed package', () => {
  it('holds what runs and what explains, and nothing else', () => {
    const { files, size } = installed
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'package.json', MANIFEST.bin.sagachart]),
    )
    expect(files.filter((file) => !/^(?:dist\/|README\.md$|LICENSE$|package\.json$)/.test(file))).toEqual([])
    expect(size).toBeLessThan(480_000)
  })

  it('brings along what it depends on, and nothing more', () => {
    const folders = readdirSync(join(installed.project, 'node_modules')).filter(
      (name) => !name.startsWith('.'),
    )
    const names = ['sagachart', ...dependencies()].map((name) => name.split('/')[0])
    expect(new Set(folders)).toEqual(new Set(names))
  })

  it('is as publint wants it', async () => {
    const bytes = readFileSync(installed.tarball)
    const tarball = new Uint8Array(bytes).buffer
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  // For ES modules alone: the package has no CommonJS, and the old resolution knows no subpaths.
  it('has types that are found the way the code is, says attw', () => {
    const attw = join(ROOT, 'node_modules', '.bin', 'attw')
    const printed = execFileSync(attw, [installed.tarball, '--profile', 'esm-only', '--format', 'json'], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    const { analysis } = JSON.parse(printed) as {
      readonly analysis: {
        readonly entrypoints: Readonly<Record<string, unknown>>
        readonly problems: readonly { readonly resolutionKind?: string }[]
      }
    }
    expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(MANIFEST.exports))
    const ours = ['node16-esm', 'bundler']
    expect(analysis.problems.filter(({ resolutionKind: kind }) => !kind || ours.includes(kind))).toEqual([])
  })

  it('is imported by each of its entries, and by no other', () => {
    write(
      'entries.js',
      `import { run, setup, stepOf } from 'sagachart'
import { stepMachine } from 'sagachart/machines'
import { loadIntegrationText } from 'sagachart/document'
import { createInspector } from 'sagachart/inspect'
import { explore } from 'sagachart/testing'
const flow = setup({ modules: { m: { op: () => 7 } } }).createWorkflow({ id: 'w', steps: { a: { invoke: 'm.op' } } })
const loaded = await loadIntegrationText('integration: {modules: [], scenarios: []}')
console.log(stepOf(await run(flow), 'a').output, stepMachine.id, loaded.ok, typeof createInspector)
console.log((await explore(flow, { faults: 1 })).outcome)
await import('sagachart/dist/src/index.js').catch(({ code }) => console.log(code))`,
    )
    const stdout = '7 step true function\nholds\nERR_PACKAGE_PATH_NOT_EXPORTED\n'
    expect(node('entries.js')).toMatchObject({ stdout, stderr: '' })
  })

  // Without skipLibCheck, for our types are to be sound where others' are not looked away from either.
  it.each(['node16', 'nodenext', 'bundler'])('has types under module resolution %s', (moduleResolution) => {
    write(
      'typed.ts',
      `import { run, setup, type RunReport, stepOf } from 'sagachart'
import { stepMachine } from 'sagachart/machines'
import { loadIntegration } from 'sagachart/document'
import { createInspector } from 'sagachart/inspect'
import { explore, invariant, type Answer } from 'sagachart/testing'
const at = setup({ modules: { m: { op: ({ n }: { n: number }) => n + 1 } } })
const steps = { a: { invoke: 'm.op', parameters: { n: 6 } } } as const
const flow = at.createWorkflow({ id: 'w', steps, outputs: { seven: ({ steps }) => steps.a.output } })
export const report: Promise<RunReport<{ seven: number }>> = run(flow, {}, createInspector())
export const id: string = stepMachine.id
export const loaded = loadIntegration('flow.yaml')
export const answer: Promise<Answer> = explore(flow, { invariants: [invariant('is short', (history) => history.length < 9)] })
// @ts-expect-error there is no such kind of fault
explore(flow, { kinds: ['thrown'] })
// @ts-expect-error that is nothing to explore
explore({ steps: {} })
// @ts-expect-error there is no such operation
at.createWorkflow({ id: 'w', steps: { a: { invoke: 'm.zzz' } } })
`,
    )
    const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution
    const lib = ['es2024', 'dom']
    const options = { module, moduleResolution, target: 'es2022', lib, strict: true, noEmit: true, types: [] }
    write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['typed.ts'] }))
    const tsc = node(join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', '.')
    expect(tsc).toMatchObject({ stdout: '', status: 0 })
  })

  it('brings a command that runs', () => {
    const npx = (...args: string[]) =>
      spawnSync('npx', ['--no-install', 'sagachart', ...args], {
        cwd: installed.project,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env['PATH']}` },
      })
    expect(npx('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    mkdirSync(join(installed.project, 'modules'))
    write('modules/m.js', 'export default { op: () => 7 }')
    write(
      'flow.yaml',
      'integration: {modules: [m], scenarios: [{name: s, steps: [{name: a, module: m, operation: op}]}]}',
    )
    expect(npx('run', 'flow.yaml')).toMatchObject({ status: 0 })
  })
})
