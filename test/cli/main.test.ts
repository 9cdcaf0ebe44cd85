// The command line around the commands: help, version, mistakes of usage, and `validate`.
import { describe, expect, it } from 'vitest'
import { flow, folderWith, sagachart, step } from './command.ts'

const files = {
  'good.yaml': flow([step('a', 'ok')]),
  'bad.yaml': flow([step('a', 'okk', { retry_count: -1 }), step('a', 'ok', { depends_on: ['z'] })]),
  'warned.yaml': JSON.stringify({
    ...(JSON.parse(flow([step('a', 'ok')])) as object),
    logging: { level: 'INFO' },
  }),
  'asking.yaml': flow([step('a', 'ok')], {}, { inputs: { city: { type: 'string' } } }),
  'modules/m.mjs': 'export default { ok: () => { throw new Error("ran") } }',
}
const folder = folderWith(files)

describe('the command', () => {
  it('tells its version', () => {
    expect(sagachart(folder, ['--version'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    })
  })

  it.each(
    [
      '--help',
      'run --help',
      'validate --help',
      'simulate --help',
      'graph --help',
      'schema --help',
      'help run',
    ].map((line) => [line.split(' ')]),
  )('explains itself with an example: %j', (args) => {
    const { status, stdout } = sagachart(folder, args)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: sagachart/)
    expect(stdout).toMatch(/Examples:\n {2}sagachart \w+/)
    expect(stdout).not.toContain('[]')
  })

  it.each([
    [[], 'Usage: sagachart'],
    [['rum', 'good.yaml'], '(Did you mean run?)'],
    [['help', 'rum'], '(Did you mean run?)'],
    [['run'], "missing required argument 'file'"],
    [['run', 'good.yaml', 'bad.yaml'], 'too many arguments'],
    [['run', '--jason', 'good.yaml'], '(Did you mean --json?)'],
    [['run', 'good.yaml', '--output'], 'argument missing'],
    [['--vershun'], '(Did you mean --version?)'],
  ])('ends with 2 for %j, and says why', (args, why) => {
    const { status, stdout, stderr } = sagachart(folder, args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(why)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('says in one sentence that Node is too old', () => {
    const older = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.19.0' } })`
    expect(sagachart(folder, ['--version'], ['--import', older])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'sagachart needs Node 22.18 or newer, found 20.19.0: install a newer Node.\n',
    })
  })
})

describe('validate', () => {
  it('ends with 0 where nothing is wrong, and runs nothing', () => {
    expect(sagachart(folder, ['validate', 'good.yaml'])).toEqual({
      status: 0,
      stdout: 'good.yaml: nothing wrong\n',
      stderr: '',
    })
  })

  it('tells all problems of all documents, and ends with 2', () => {
    const { status, stdout, stderr } = sagachart(folder, ['validate', 'bad.yaml', 'good.yaml', 'nope.yaml'])
    expect(status).toBe(2)
    expect(stdout).toBe('good.yaml: nothing wrong\n')
    expect(stderr).toMatch(/^bad\.yaml:1:\d+: error /)
    expect(stderr).toContain('retry_count')
    expect(stderr).toContain('nope.yaml:1:1: error DOCUMENT_NOT_FOUND')
  })

  it('lets warnings pass, and tells them', () => {
    const { status, stdout, stderr } = sagachart(folder, ['validate', 'warned.yaml'])
    expect(status).toBe(0)
    expect(stdout).toBe('warned.yaml: nothing wrong, 1 warning\n')
    expect(stderr).toContain('warning KEY_WITHOUT_EFFECT')
  })

  it('says what a module of a CommonJS project needs, which is what npm init makes', () => {
    const commonjs = folderWith({
      'package.json': '{"type":"commonjs"}',
      'flow.json': flow([step('a', 'op')]),
      'modules/m.js': 'export default { op: () => 1 }',
    })
    const { status, stderr } = sagachart(commonjs, ['validate', 'flow.json'])
    expect(status).toBe(2)
    expect(stderr).toContain('→ make the project one of ES modules: npm pkg set type=module')
  })

  it('asks for no inputs', () => {
    expect(sagachart(folder, ['validate', 'asking.yaml']).status).toBe(0)
  })

  it('keeps what modules print while they are loaded out of the data of --json', () => {
    const noisy = folderWith({
      'flow.json': flow([step('a', 'op')]),
      'modules/m.mjs':
        'console.log("loading"); process.stdout.write("on\\n"); export default { op: () => 1 }',
    })
    const { stdout, stderr } = sagachart(noisy, ['validate', '--json', 'flow.json'])
    expect(JSON.parse(stdout)).toMatchObject({ diagnostics: [], documents: [{ ok: true }] })
    expect(stderr).toContain('loading\non\n')
    expect(sagachart(noisy, ['validate', 'flow.json']).stdout).toMatch(
      /^loading\non\nflow.json: nothing wrong/,
    )
  })

  it('prints what it found with --json, and what operations do to the world', () => {
    const bad = sagachart(folder, ['validate', '--json', 'bad.yaml', 'warned.yaml'])
    expect(bad).toMatchObject({ status: 2, stderr: '' })
    interface Found {
      readonly diagnostics: readonly { readonly file: string; readonly severity: string }[]
    }
    const { diagnostics: found } = JSON.parse(bad.stdout) as Found
    expect(new Set(found.map(({ file, severity }) => `${file} ${severity}`))).toEqual(
      new Set(['bad.yaml error', 'warned.yaml warning']),
    )
    for (const each of found) {
      const keys = ['code', 'column', 'file', 'frame', 'line', 'message', 'remedy', 'severity']
      expect(Object.keys(each).toSorted()).toEqual(keys)
    }
    const shop = folderWith({
      'flow.json': flow([step('a', 'pay')]),
      'modules/m.mjs': 'export default { pay: () => 1, find: () => 2, effects: { pay: "once" } }',
    })
    expect(JSON.parse(sagachart(shop, ['validate', '--json', 'flow.json']).stdout)).toEqual({
      diagnostics: [],
      documents: [
        {
          file: 'flow.json',
          ok: true,
          modules: [
            {
              name: 'm',
              operations: [
                { name: 'pay', effect: 'once' },
                { name: 'find', effect: 'unknown' },
              ],
            },
          ],
        },
      ],
    })
    const { stdout } = sagachart(shop, ['graph', '--json', 'flow.json'])
    expect(JSON.parse(stdout)).toMatchObject({
      scenarios: [{ nodes: [{ operation: 'pay', effect: 'once' }] }],
    })
  })
})
