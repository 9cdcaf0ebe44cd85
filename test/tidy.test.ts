// The rules of the house, enforced: rules that nothing checks rot. Each rule is shown to catch a violation.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMachine, type AnyStateNode } from 'xstate'
import * as machines from '../machines/index.ts'
import { forbiddenImports, importCycles } from './tidy/layers.ts'
import { strayPrints } from './tidy/printing.ts'
import { longFiles, longFunctions, undocumented } from './tidy/sizes.ts'
import { importsOf, matches, ROOT, source, sources, type Source } from './tidy/source.ts'

const product = sources(['machines', 'src'])
const tests = sources(['test'])
/** Those who use the package as anyone would. */
const users = sources(['examples', 'bench'])
const pure = product.filter(({ path }) => /^(?:machines|src\/kernel|src\/runtime)\//.test(path))
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => existsSync(join(ROOT, path)))

const IMPURE =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnew Promise\b|\bperformance\.|\bprocess\.|\bcrypto\./g
const UNSAFE = /\beval\(|\bnew Function\b/g
const LOOSE = /\bas any\b|:\s*any\b|<any>|@ts-ignore|@ts-nocheck/g
const BITES = /\binstanceof (?:\w*Error|Promise)\b|\bString\((?:error|reason|thrown)\)/g
const SKIPPED = /\b(?:it|test|describe)\.(?:skip|only|todo)\b/g
const VAGUE = /(?:^|\/)(?:utils?|helpers?|common|types?|misc)(?:\.[a-z]+)*(?:\/|$)/
const TOP_LEVEL = new Set([
  ...['src', 'machines', 'test', 'examples', 'bench', '.ci', 'package.json', 'package-lock.json'],
  ...[
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'SECURITY.md',
    'LICENSE',
    'vitest.config.ts',
    'knip.json',
  ],
])

const statesOf = (state: AnyStateNode): AnyStateNode[] => [
  state,
  ...Object.values(state.states).flatMap(statesOf),
]

const all = (files: readonly Source[], rule: (file: Source) => string[]) => files.flatMap(rule)

describe('the house', () => {
  it('imports only downwards', () => {
    expect(all([...product, ...users], forbiddenImports)).toEqual([])
  })

  it('has no circle of imports', () => {
    expect(importCycles(product)).toEqual([])
  })

  it('has no clock and no chance in its charts and its runtime', () => {
    expect(all(pure, (file) => matches(file, IMPURE))).toEqual([])
  })

  it('looks at what user code throws and promises in one module', () => {
    const lookers = product.filter(({ path }) => /^src\/(?:runtime|hosts|modules)\//.test(path))
    expect(all(lookers, (file) => matches(file, BITES))).toEqual([])
  })

  it('runs no text as code', () => {
    expect(all([...product, ...users], (file) => matches(file, UNSAFE))).toEqual([])
  })

  it('prints in one place, where foreign text is made safe', () => {
    expect(all(product, strayPrints)).toEqual([])
  })

  it('is strictly typed', () => {
    expect(all([...product, ...tests, ...users], (file) => matches(file, LOOSE))).toEqual([])
  })

  it('skips no test', () => {
    expect(all(tests, (file) => matches(file, SKIPPED))).toEqual([])
  })

  it('keeps files and functions short', () => {
    expect(all([...product, ...users], (file) => [...longFiles(file), ...longFunctions(file)])).toEqual([])
  })

  it('says of every export what it is for', () => {
    expect(all(product, undocumented)).toEqual([])
  })

  it('opens every file with what it is', () => {
    const silent = [...product, ...tests].filter(
      ({ text }) => !text.startsWith('//') && !text.startsWith('#!'),
    )
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  it('leaves no open end', () => {
    const open = product.filter(({ text }) => /\b(?:TODO|FIXME|XXX)\b/.test(text))
    expect(open.map(({ path }) => path)).toEqual([])
  })

  it('has no file of a vague name, and nothing new at the top', () => {
    expect(tracked.filter((path) => VAGUE.test(path))).toEqual([])
    const top = new Set(tracked.map((path) => path.split('/')[0]!))
    expect([...top].filter((name) => !TOP_LEVEL.has(name) && !/^\.[a-z]/.test(name))).toEqual([])
  })

  it('names no host of a registry', () => {
    const host = new RegExp(['registry', 'npmjs', 'org'].join('\\.'))
    const text = tracked.filter((path) => /\.(?:[cm]?[jt]s|json|md|ya?ml)$|^\.|run$/.test(path))
    expect(text.filter((path) => host.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([])
  })

  it('describes every chart and every state in one sentence', () => {
    const charts = Object.values(machines).filter(
      (value) => typeof value === 'object' && 'definition' in value,
    )
    expect(charts.length).toBe(11)
    const poor = charts.flatMap(({ root }) => {
      return statesOf(root)
        .filter(({ description }) => !/^[A-Z].*\.$/.test(description ?? ''))
        .map(({ id }) => id)
    })
    expect(poor).toEqual([])
  })
})

describe('its rules', () => {
  const from = (path: string, text: string) => source(path, text)

  it.each([
    [forbiddenImports, 'machines/a.ts', "import { x } from '../src/runtime/run/run.ts'"],
    [forbiddenImports, 'src/runtime/a.ts', "import { readFile } from 'node:fs'"],
    [forbiddenImports, 'src/runtime/a.ts', "import {\n  x,\n  y,\n} from '../index.ts'"],
    [forbiddenImports, 'src/hosts/memory.ts', "export { x } from './simulation.ts'"],
    [forbiddenImports, 'src/definition/a.ts', "const x = await import('../runtime/run.ts')"],
    [forbiddenImports, 'examples/a.ts', "import { x } from '../src/index.ts'"],
    [forbiddenImports, 'src/strange/a.ts', "import { x } from 'yaml'"],
    [(file: Source) => matches(file, IMPURE), 'machines/a.ts', 'const x = Date.now()'],
    [(file: Source) => matches(file, IMPURE), 'machines/a.ts', 'await new Promise(() => {})'],
    [(file: Source) => matches(file, LOOSE), 'src/a.ts', 'const x: any = 1'],
    [(file: Source) => matches(file, BITES), 'src/runtime/a.ts', 'if (error instanceof Error) throw error'],
    [(file: Source) => matches(file, BITES), 'src/runtime/a.ts', 'const text = String(error)'],
    [(file: Source) => matches(file, SKIPPED), 'test/a.ts', 'it.skip()'],
    [strayPrints, 'src/cli/a.ts', 'process.stdout.write(name)'],
    [strayPrints, 'src/cli/a.ts', 'new Screen(process.stderr)'],
    [strayPrints, 'src/cli/a.ts', "process['std' + 'out'].write(name)"],
    [strayPrints, 'src/cli/a.ts', 'const { stdout } = process'],
    [strayPrints, 'src/runtime/a.ts', 'console.log(name)'],
    [strayPrints, 'src/runtime/a.ts', 'const { log } = console'],
    [strayPrints, 'src/cli/a.ts', "import { stdout } from 'node:process'"],
    [strayPrints, 'src/cli/a.ts', 'globalThis.console'],
    [strayPrints, 'src/cli/a.ts', 'writeSync(2, name)'],
    [longFiles, 'machines/a.ts', 'x\n'.repeat(201)],
    [longFunctions, 'src/a.ts', `function x() {\n${'  y()\n'.repeat(70)}}\n`],
    [
      longFunctions,
      'src/a.ts',
      `class X {\n  private async go(a: string): Promise<void> {\n${'    y()\n'.repeat(70)}  }\n}\n`,
    ],
    [longFunctions, 'src/a.ts', `export const x = (a: string) => {\n${'  y()\n'.repeat(70)}}\n`],
    [
      longFunctions,
      'src/a.ts',
      `class X {\n  go(\n    a: string,\n  ): void {\n${'    y()\n'.repeat(70)}  }\n}\n`,
    ],
    [forbiddenImports, 'machines/a.ts', "const x = 1; export * from '../src/errors.ts'"],
    [forbiddenImports, 'machines/a.ts', "type X = import('../src/errors.ts').ErrorCode"],
    [forbiddenImports, 'bench/a.ts', "import { x } from '../src/index.ts'"],
    [undocumented, 'src/a.ts', 'export function x() {}'],
  ])('%o catches a violation in %s', (rule, path, text) => {
    expect(rule(from(path, text))).toHaveLength(1)
  })

  it('find circles, and pass over those of types', () => {
    const circle = [
      from('src/a.ts', "import { b } from './b.ts'"),
      from('src/b.ts', "import { a } from './a.ts'"),
    ]
    expect(importCycles(circle)).toEqual(['src/a.ts', 'src/b.ts'])
    expect(importCycles([circle[0]!, from('src/b.ts', "import type { a } from './a.ts'")])).toEqual([])
  })

  it('find states within states', () => {
    const chart = createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } })
    expect(statesOf(chart.root).map(({ key }) => key)).toEqual(['(machine)', 'a', 'b'])
  })

  it('look neither into comments nor into strings', () => {
    const text = "// Date.now()\n/* Math.random() */\nconst x = 'new Promise'\n// import { x } from 'zzz'\n"
    expect(matches(from('machines/a.ts', text), IMPURE)).toEqual([])
    expect(importsOf(from('machines/a.ts', text))).toEqual([])
  })

  it.each(['src/utils.ts', 'src/common/a.ts', 'src/types.d.ts', 'test/helper.ts'])(
    'find %s vague',
    (path) => {
      expect(VAGUE.test(path)).toBe(true)
    },
  )
})
