// Where a document may have files written: in its own folder, and where the command line says so.
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadIntegrationText } from '../../src/load.ts'
import { flow, folderWith, sagachart, step } from './command.ts'

const M = `import { symlinkSync } from 'node:fs'
export default {
  ok: () => 1,
  plant: () => symlinkSync(process.env.OUTSIDE, new URL('../out', import.meta.url)),
}
`

/** A document that names a file in one of the sections, beside a folder that is not its own. */
function withFile(section: 'output' | 'logging', file: (outside: string) => string, operation = 'ok') {
  const outside = folderWith({})
  const document = JSON.parse(flow([step('a', operation)])) as object
  const text = JSON.stringify({ ...document, [section]: { file: file(outside) } }, null, 1)
  return { outside, folder: folderWith({ 'flow.yaml': text, 'modules/m.mjs': M }) }
}

const WAYS = [
  ['an absolute path', (outside: string) => join(outside, 'x.log')],
  ['a way up', (outside: string) => `../${basename(outside)}/x.log`],
  ['a way up that is hidden', (outside: string) => `modules/../../${basename(outside)}/new/x.log`],
  ['a link', () => 'link'],
  ['a folder behind a link', () => 'logs/new/x.log'],
] as const

const SECTIONS = ['output', 'logging'] as const

describe.each(SECTIONS)('%s.file', (section) => {
  const withLinks = (way: (outside: string) => string) => {
    const { outside, folder } = withFile(section, way)
    symlinkSync(join(outside, 'x.log'), join(folder, 'link'))
    symlinkSync(outside, join(folder, 'logs'))
    return { outside, folder }
  }

  it.each(WAYS)('that leads outside by %s is refused with its place, and nothing runs', (_, way) => {
    const { outside, folder } = withLinks(way)
    const { status, stdout, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(
        `^flow\\.yaml:\\d+:\\d+: error OUTPUT_OUTSIDE_FOLDER: ${section}\\.file: expected .*, found .*${basename(outside)}`,
      ),
    )
    expect(stderr).toContain('^')
    expect(stderr).toContain('→ name a file in the folder, or allow its own with --allow-output DIR')
    expect(existsSync(join(outside, 'x.log'))).toBe(false)
    expect(existsSync(join(outside, 'new'))).toBe(false)
  })

  it.each(WAYS)('that leads outside by %s is written where --allow-output allows it', (_, way) => {
    const { outside, folder } = withLinks(way)
    const allow = ['--allow-output', '/nowhere', '--allow-output', outside]
    expect(sagachart(folder, ['run', 'flow.yaml', ...allow]).status).toBe(0)
    const written = join(outside, way(outside).includes('new') ? 'new/x.log' : 'x.log')
    expect(readFileSync(written, 'utf8')).toContain('completed')
  })

  it('is what validate tells, too', () => {
    const { outside, folder } = withFile(section, (other) => join(other, 'x.log'))
    expect(sagachart(folder, ['validate', 'flow.yaml']).stderr).toContain('OUTPUT_OUTSIDE_FOLDER')
    expect(sagachart(folder, ['validate', 'flow.yaml', '--allow-output', outside]).status).toBe(0)
  })

  it('in the folder is written, also where a link leads to it', () => {
    const { folder } = withFile(section, () => 'logs/deep/x.log')
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'logs'))
    expect(sagachart(folder, ['run', 'flow.yaml']).status).toBe(0)
    expect(readFileSync(join(folder, 'real/deep/x.log'), 'utf8')).toContain('completed')
  })

  it('is in the folder of a document that is reached by a link', () => {
    const { folder } = withFile(section, () => 'x.log')
    const elsewhere = folderWith({})
    symlinkSync(folder, join(elsewhere, 'flows'))
    expect(sagachart(elsewhere, ['run', 'flows/flow.yaml']).status).toBe(0)
    expect(existsSync(join(folder, 'x.log'))).toBe(true)
  })

  it('is of no concern to commands that do not write it', () => {
    const { folder } = withFile(section, (outside) => join(outside, 'x.log'))
    for (const command of ['graph', 'simulate'])
      expect(sagachart(folder, [command, 'flow.yaml']).status).toBe(0)
  })

  it('is held against the current folder for a document that is only text', async () => {
    const { folder } = withFile(section, (outside) => join(outside, 'x.log'))
    const load = (allowOutput: readonly string[]) =>
      loadIntegrationText(readFileSync(join(folder, 'flow.yaml'), 'utf8'), {
        modules: { m: { ok: () => 1 } },
        allowOutput,
      })
    expect(await load([])).toMatchObject({ ok: false, diagnostics: [{ code: 'OUTPUT_OUTSIDE_FOLDER' }] })
    expect(await load(['/'])).toMatchObject({ ok: true })
  })
})

describe('--output', () => {
  it('may name any file, whatever the document says', () => {
    const { outside, folder } = withFile('output', (other) => join(other, 'never.json'))
    const { status } = sagachart(folder, ['run', 'flow.yaml', '--output', join(outside, 'r.json')])
    expect(status).toBe(0)
    expect(existsSync(join(outside, 'r.json'))).toBe(true)
    expect(existsSync(join(outside, 'never.json'))).toBe(false)
  })

  it('of a document is held to its folder once more when it is written', () => {
    const { outside, folder } = withFile('output', () => 'out/r.json', 'plant')
    process.env['OUTSIDE'] = outside
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml'])
    delete process.env['OUTSIDE']
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /the result could not be written to .* \(it leads to .*, which is not in .*\); give another --output\n$/,
    )
    expect(existsSync(join(outside, 'r.json'))).toBe(false)
  })
})
