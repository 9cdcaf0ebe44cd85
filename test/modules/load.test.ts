// Finding and loading modules: forms, places, and what is said when something is amiss.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatDiagnostics } from '../../src/definition/diagnostic.ts'
import { defineModule, toModule } from '../../src/definition/module.ts'
import type { ModuleContext, OperationContext } from '../../src/definition/model.ts'
import { loadIntegration, loadIntegrationText } from '../../src/load.ts'
import type { Loaded, LoadOptions } from '../../src/load.ts'
import { hostile } from '../runtime/hostile-values.ts'

const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'sagachart-load-'))
const trace = globalThis as { sagachartTouched?: string[] }
afterAll(() => rmSync(root, { recursive: true, force: true }))
beforeAll(() => {
  trace.sagachartTouched = []
})

let count = 0
/** A folder with these files beside a document that has these modules, and one step of the first. */
function folder(
  modules: unknown[],
  files: Record<string, string>,
  more: { operation?: string; top?: object } = {},
): string {
  const dir = join(root, `f${++count}`)
  const [first] = modules
  const module = typeof first === 'string' ? first : (first as { name: string }).name
  const steps = [{ name: 'a', module, operation: more.operation ?? 'ok' }]
  const document = { integration: { modules, scenarios: [{ name: 's', steps }] }, ...more.top }
  for (const [file, text] of Object.entries({ ...files, 'flow.yaml': JSON.stringify(document) })) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  return dir
}
const load = (dir: string, options?: LoadOptions): Promise<Loaded> =>
  loadIntegration(join(dir, 'flow.yaml'), options)
const ok = 'export default { ok: () => 1 }'

async function refusal(dir: string, options?: LoadOptions): Promise<{ codes: string[]; text: string }> {
  const loaded = await load(dir, options)
  if (loaded.ok) throw new Error('accepted')
  return { codes: loaded.diagnostics.map(({ code }) => code), text: formatDiagnostics(loaded.diagnostics) }
}
async function loaded(dir: string, options?: LoadOptions): Promise<Extract<Loaded, { ok: true }>> {
  const result = await load(dir, options)
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics))
  return result
}
const context = {} as OperationContext & ModuleContext

describe('a module that bites whoever looks at it', () => {
  it('is refused, or loaded, and the refusal is short', async () => {
    const text = JSON.stringify({
      integration: {
        modules: ['m'],
        scenarios: [{ name: 's', steps: [{ name: 'a', module: 'm', operation: 'ok' }] }],
      },
    })
    const check = async (value: unknown) => {
      const result = await loadIntegrationText(text, { modules: { m: value } })
      if (!result.ok) expect(formatDiagnostics(result.diagnostics).length).toBeLessThan(3_000)
    }
    const property = fc.asyncProperty(hostile, async (make) => {
      await check(make())
      await check({ operations: make() })
      await check(
        class {
          constructor() {
            throw make()
          }
        },
      )
    })
    await fc.assert(property, { numRuns: 200 })
  })
})

describe('toModule', () => {
  const call = (operation: unknown, ...args: unknown[]): unknown =>
    (operation as (...args: unknown[]) => unknown)(...args)

  it('takes a plain object of operations', () => {
    const { operations, init } = toModule('m', { a: () => 1, version: '1' }, {})
    expect(Object.keys(operations)).toEqual(['a'])
    expect([call(operations['a']), init]).toEqual([1, undefined])
  })

  it('takes defineModule with a life cycle, whose functions are called on their object', () => {
    const seen: string[] = []
    const source = defineModule({
      init: () => seen.push('init'),
      cleanup: () => seen.push('cleanup'),
      operations: { a: (parameters: { n: number }) => parameters.n },
    })
    const { operations, init, cleanup } = toModule('m', source, {})
    init?.(context)
    cleanup?.(context)
    expect([call(operations['a'], { n: 2 }), Object.keys(operations), seen]).toEqual([
      2,
      ['a'],
      ['init', 'cleanup'],
    ])
  })

  it('builds a class with its configuration; its own and inherited methods are operations', () => {
    class Base {
      protected n: number
      constructor(config: { n: number }) {
        this.n = config.n
      }
      init() {
        this.n++
      }
      health() {
        return true
      }
      base() {
        return this.n
      }
      shared() {
        return 'base'
      }
    }
    class Own extends Base {
      arrow = () => this.n
      get trap(): number {
        throw new Error('read')
      }
      override shared() {
        return 'own'
      }
    }
    const { operations, init } = toModule('m', Own, { n: 1 })
    init?.(context)
    expect(Object.keys(operations).toSorted()).toEqual(['arrow', 'base', 'shared'])
    expect(['arrow', 'base', 'shared'].map((name) => call(operations[name]))).toEqual([2, 2, 'own'])
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'x'],
    ['a list', [() => 1]],
    ['a plain function', () => 1],
    ['an object without operations', { a: 1 }],
    ['only a life cycle', { init: () => 1 }],
    ['no operations', { operations: {} }],
    [
      'a class that throws',
      class {
        constructor() {
          throw new Error('no')
        }
      },
    ],
  ])('refuses %s', (_, value) => {
    expect(() => toModule('m', value, {})).toThrow(/^Failed to load module m: /)
  })

  it('says of hooks that they are no operations', () => {
    expect(() => toModule('m', { health: () => 1 }, {})).toThrow(
      /expected at least one operation, found health; "health" is the name of a hook/,
    )
  })
})

describe('loading', () => {
  it.each([
    ['ts', 'export default { ok: (p: { x: number }): number => p.x }'],
    ['js', 'module.exports = { ok() { return 1 } }'],
    [
      'mjs',
      'export default class { constructor(config) { this.config = config } ok() { return this.config } }',
    ],
  ])('finds modules/<name>.%s beside the document', async (ending, text) => {
    const { modules, loading } = await loaded(folder(['m'], { [`modules/m.${ending}`]: text }))
    expect(Object.keys(modules[0]!.operations)).toEqual(['ok'])
    expect(loading).toEqual({ modules_requested: 1, modules_loaded: 1, load_errors: [] })
  })

  it('takes a path, with or without its ending, from the entry or from the block', async () => {
    const files = { 'lib/x.mjs': ok }
    await loaded(folder([{ name: 'm', path: './lib/x.mjs' }], files))
    await loaded(folder([{ name: 'm', path: 'lib/x' }], files))
    await loaded(folder(['m'], files, { top: { m: { path: 'lib/x.mjs' } } }))
  })

  it('takes registered modules before files', async () => {
    const { modules } = await loaded(folder(['m'], { 'modules/m.mjs': 'throw new Error("never")' }), {
      modules: { m: { ok: () => 2 } },
    })
    expect(modules[0]!.name).toBe('m')
  })

  it('joins parameters and configuration, the block last', async () => {
    const dir = folder(
      [{ name: 'm', parameters: { a: 1, b: 1 } }],
      { 'modules/m.mjs': ok },
      { top: { m: { config: { b: 2 } } } },
    )
    expect((await loaded(dir)).modules[0]!.config).toEqual({ a: 1, b: 2 })
  })

  it('keeps the order of the document, and resolves the output beside it', async () => {
    const dir = folder(
      ['b', 'a'],
      { 'modules/a.mjs': ok, 'modules/b.mjs': ok },
      { top: { output: { file: 'out/r.json' } } },
    )
    const { modules, settings } = await loaded(dir)
    expect(modules.map(({ name }) => name)).toEqual(['b', 'a'])
    expect(settings).toMatchObject({ outputFile: join(dir, 'out/r.json'), outputFormat: 'json' })
  })

  it('runs nothing of a module where the document has errors', async () => {
    const dir = folder(['m', 'm'], {
      'modules/m.mjs': 'globalThis.sagachartTouched.push("m"); export default { ok() {} }',
    })
    expect((await refusal(dir)).codes).toEqual(['NAME_DUPLICATE'])
    expect(trace.sagachartTouched).toEqual([])
  })

  it('says what was looked for, and what is there', async () => {
    const { codes, text } = await refusal(folder(['ingst'], { 'modules/ingest.mjs': ok }))
    expect(codes).toEqual(['MODULE_NOT_FOUND'])
    expect(text).toMatch(
      /Module not registered: ingst: .*modules\/ingst\.ts, modules\/ingst\.js, modules\/ingst\.mjs/,
    )
    expect(text).toContain('did you mean modules/ingest.mjs?')
  })

  it.each([
    ['an import that throws', 'throw new TypeError("no config")', /TypeError: no config/],
    ['an import that throws text', 'throw "x"', /it threw x/],
    ['a package that is not there', 'import "no-such-package-here"', /no-such-package-here/],
    ['no default export', 'export const ok = () => 1', /no default export; it exports ok/],
    ['a default export of the wrong kind', 'export default 42', /expected an object of operations/],
  ])('reports %s in one line, without a stack', async (_, text, message) => {
    const result = await refusal(folder(['m'], { 'modules/m.mjs': text }))
    expect(result.codes).toEqual(['MODULE_LOAD_FAILED'])
    expect(result.text).toMatch(message)
    expect(result.text).not.toMatch(/^\s+at .*\.(js|ts|mjs):\d+/m)
  })

  // The test runner transforms what it imports; only node itself shows how node's own errors read.
  it.each([
    ['mjs', 'export default {\n  ok() { return 1 +* 2 }\n}', /m\.mjs:2: SyntaxError: /],
    ['ts', 'export default {\n  ok(): number { return 1 +* 2 }\n}', /m\.ts.*SyntaxError: /],
    ['ts', 'enum E { A }\nexport default { ok: () => E.A }', /m\.ts.*SyntaxError: .*enum/],
  ])('reports a syntax error of a %s file with its place, in one line', (ending, text, message) => {
    const dir = folder(['m'], { [`modules/m.${ending}`]: text })
    const script = `import { loadIntegration } from ${JSON.stringify(new URL('../../src/load.ts', import.meta.url).href)}
      const { diagnostics } = await loadIntegration(process.argv[1])
      console.log(diagnostics.length, diagnostics[0].message)`
    const said = execFileSync(node, ['--input-type=module', '-e', script, join(dir, 'flow.yaml')], {
      encoding: 'utf8',
    })
    expect(said).toMatch(/^1 Failed to load module m: /)
    expect(said).toMatch(message)
    expect(said).not.toMatch(/^\s+at /m)
  })

  it('reports every module that fails and every unknown operation of the others', async () => {
    const dir = folder(
      ['m', 'gone', 'bad'],
      { 'modules/m.mjs': ok, 'modules/bad.mjs': 'throw 1' },
      { operation: 'okk' },
    )
    const { codes, text } = await refusal(dir)
    expect(codes.toSorted()).toEqual(['MODULE_LOAD_FAILED', 'MODULE_NOT_FOUND', 'OPERATION_UNKNOWN'])
    expect(text).toContain('did you mean "ok"?')
  })

  it('does not take what every object has for an operation', async () => {
    expect((await refusal(folder(['m'], { 'modules/m.mjs': ok }, { operation: 'toString' }))).codes).toEqual([
      'OPERATION_UNKNOWN',
    ])
  })

  it('refuses paths and links that lead out of the folder, unless their folder is allowed', async () => {
    const outside = join(root, 'outside')
    mkdirSync(outside, { recursive: true })
    writeFileSync(join(outside, 'x.mjs'), ok)
    const linked = folder(['m'], { 'modules/other.mjs': ok })
    symlinkSync(join(outside, 'x.mjs'), join(linked, 'modules/m.mjs'))
    const direct = folder([{ name: 'm', path: '../outside/x.mjs' }], {})
    const absolute = folder([{ name: 'm', path: '/etc/passwd' }], {})
    for (const dir of [linked, direct, absolute])
      expect((await refusal(dir)).codes).toEqual(['MODULE_OUTSIDE_FOLDER'])
    for (const dir of [linked, direct]) await loaded(dir, { allowModules: [outside] })
    const near = folder([{ name: 'm', path: '../outside-near/x.mjs' }], {})
    mkdirSync(join(root, 'outside-near'), { recursive: true })
    writeFileSync(join(root, 'outside-near/x.mjs'), ok)
    expect((await refusal(near, { allowModules: [outside] })).codes).toEqual(['MODULE_OUTSIDE_FOLDER'])
  })

  it('finds modules also where the document is reached through a link', async () => {
    const dir = folder(['m'], { 'modules/m.mjs': ok })
    symlinkSync(dir, `${dir}-link`)
    await loaded(`${dir}-link`)
  })

  it('reads no file for a text, and takes only registered modules', async () => {
    const text = '{"integration":{"modules":["m"],"scenarios":[]}}'
    const result = await loadIntegrationText(text, { modules: { m: { ok: () => 1 } } })
    expect(result.ok).toBe(true)
    const missing = await loadIntegrationText(text)
    expect(!missing.ok && missing.diagnostics[0]).toMatchObject({
      code: 'MODULE_NOT_REGISTERED',
      file: '<document>',
    })
  })

  it.each([
    ['no file', 'nope.yaml', 'DOCUMENT_NOT_FOUND'],
    ['a folder', '.', 'DOCUMENT_NOT_FOUND'],
    ['what is no text', 'binary.yaml', 'DOCUMENT_NOT_TEXT'],
  ])('refuses %s', async (_, file, code) => {
    writeFileSync(join(root, 'binary.yaml'), Buffer.from([0x61, 0xff, 0xfe]))
    const result = await loadIntegration(join(root, file))
    expect(!result.ok && result.diagnostics[0]!.code).toBe(code)
  })

  it.each(['/dev/zero', '/dev/tty'].filter(existsSync))('refuses a device: %s', async (device) => {
    symlinkSync(device, join(root, `device${++count}`))
    for (const file of [device, join(root, `device${count}`)]) {
      const result = await loadIntegration(file)
      expect(!result.ok && result.diagnostics[0]).toMatchObject({
        code: 'DOCUMENT_NOT_FOUND',
        message: "the document can't be read: it is a device",
      })
    }
  })

  it('reads a pipe, and no more of it than a document may be long', () => {
    const bin = fileURLToPath(new URL('../../dist/src/cli/bin.js', import.meta.url))
    const validate = (writer: string) => `${writer} | ${node} ${bin} validate /dev/stdin`
    const piped = (writer: string) =>
      spawnSync('sh', ['-c', validate(writer)], { encoding: 'utf8', timeout: 20_000 })
    expect(piped(`echo '{"integration":{"modules":[],"scenarios":[]}}'`).status).toBe(0)
    // Node itself hung at the end of every second such process, where its heap was near a limit.
    for (let time = 0; time < 5; time++) {
      const endless = piped(`yes '# a comment that never ends'`)
      expect(endless.status).toBe(2)
      expect(endless.stderr).toMatch(/DOCUMENT_TOO_LARGE: .*found more/)
    }
  })
})
