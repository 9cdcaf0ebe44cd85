// Runs what the README shows, as a user would who copies it: snippets must not rot.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatDiagnostics } from '../src/definition/diagnostic.ts'
import { readDocument } from '../src/definition/document.ts'

const ROOT = join(import.meta.dirname, '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const run = promisify(execFile)
let folder = ''

/** The snippets that name a file. */
const snippets = [...readme.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, file, text]) => ({
  file: file!,
  text: text!,
}))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'readme-'))
  for (const { file, text } of snippets) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const scope of ['@xstate', '@types'])
    mkdirSync(join(folder, 'node_modules', scope), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules', 'sagachart'))
  for (const name of ['xstate', 'react', '@xstate/react', '@types/react'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the README', () => {
  it('runs its YAML quick start', async () => {
    const bin = join(ROOT, 'dist', 'src', 'cli', 'bin.js')
    const args = [bin, 'run', 'flow.yaml', '--output', 'result.json']
    const { stdout, stderr } = await run(process.execPath, args, { cwd: folder })
    expect(stderr).toMatch(/\/greet\/step\/send: Hello from Oslo, Ada!/)
    expect(stdout).toMatch(
      /^✓ greeting completed in .*\n {2}✓ greet: 2\/2 steps .*\n {6}sent: 1\n {2}drill: 4 errors simulated, 4 handled, 0 recovered from\n {2}result: result\.json\n$/,
    )
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as {
      integration_scenarios: { scenario_results: { result: { outputs: unknown } }[] }
    }
    expect(result.integration_scenarios.scenario_results[0]?.result.outputs).toEqual({ sent: 1 })
  })

  it('shows what check finds, as it is', async () => {
    const bin = join(ROOT, 'dist', 'src', 'cli', 'bin.js')
    const check = (file: string) =>
      run(process.execPath, [bin, 'check', file], { cwd: folder }).catch((error: { stdout: string }) => error)
    const { stdout } = await check('book.yaml')
    const withoutTime = (text: string) => text.replace(/, in [\d.]+ s$/gm, '')
    const [, shown = ''] = /^\$ npx sagachart check book\.yaml\n([\s\S]*?)```/m.exec(readme) ?? []
    expect(withoutTime(stdout)).toContain(withoutTime(shown))
    const document = readFileSync(join(folder, 'book.yaml'), 'utf8')
    const mended = document.replace('          retry_count: 1', '          compensate: { operation: refund }')
    writeFileSync(join(folder, 'mended.yaml'), mended)
    const [, holds = ''] = /answers\s+`(book holds: [^`]*)`/.exec(readme) ?? []
    expect((await check('mended.yaml')).stdout).toContain(holds)
  })

  it('shows a diagnostic as it is', () => {
    const step = '{ name: a, module: m, operaton: nap }'
    const text = `integration:\n  modules: [m]\n  scenarios:\n    - name: s\n      steps:\n        - ${step}\n`
    const loaded = readDocument(text, 'flow.yaml')
    expect(loaded.ok).toBe(false)
    if (!loaded.ok) expect(readme).toContain(formatDiagnostics(loaded.diagnostics))
  })

  // Each line that prints says in a comment what it prints.
  it.each(snippets.filter(({ text }) => text.includes('console.log')))(
    'runs $file',
    async ({ file, text }) => {
      const { stdout } = await run(process.execPath, [file], { cwd: folder })
      const expected = [...text.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line)
      expect(expected.length).toBeGreaterThan(0)
      expect(stdout.trim().split('\n')).toEqual(expected)
    },
  )

  it('has type-correct TypeScript', async () => {
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(ROOT, 'node_modules', '@types')] },
      include: ['*.ts', '*.tsx', 'modules/*.ts'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', '.'], { cwd: folder })
  })

  it('draws the tree as it is', () => {
    const [, tree = ''] = /^```\nmachines\/[\s\S]*?```/m.exec(readme)?.[0].match(/```\n([\s\S]*)```/) ?? []
    let top = ''
    const paths = tree.split('\n').flatMap((line) => {
      const name = /^( *)(\S+)/.exec(line)
      if (!name) return []
      if (name[1] === '') top = name[2]!
      const beside = [...line.matchAll(/([\w-]+\.ts)[,)]/g)].map(([, file]) => `${top}${file}`)
      return [name[1] === '' ? top : `${top}${name[2]}`, ...beside]
    })
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsInRoot(path))).toEqual([])
  })
})

function existsInRoot(path: string): boolean {
  try {
    readFileSync(join(ROOT, path))
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EISDIR'
  }
}
