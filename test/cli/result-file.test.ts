// The result as a file: as JSON or as text, compressed or not, by the document's word or the command line's.
import { constants } from 'node:buffer'
import { once } from 'node:events'
import { createReadStream, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createGunzip, gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { loadIntegrationText } from '../../src/load.ts'
import { flow, folderWith, sagachart, started, step } from './command.ts'

const M = `export default {
  ok: (parameters) => parameters,
  boom: () => { throw new Error('no luck\\u001b[31m\\nat all') },
}
`
const two = [step('a', 'ok', { parameters: { x: 1 } }), step('b', 'ok', { depends_on: ['a'] })]

/** A folder with a document whose result goes there. */
const withOutput = (output: object, steps: readonly object[] = two, more: object = {}) => {
  const document = {
    ...(JSON.parse(flow(steps, { outputs: { x: '${{ steps.a.output.x }}' } })) as object),
    ...more,
  }
  return folderWith({ 'flow.yaml': JSON.stringify({ ...document, output }), 'modules/m.mjs': M })
}

const read = (folder: string, file: string) => readFileSync(join(folder, file))
const times = (text: string) => text.replace(/\d+ m?s\b/g, 'TIME')

const TEXT = `✓ flow completed in TIME
  ✓ s: 2/2 steps TIME
      success a (m.ok, 1 attempt, TIME)
      success b (m.ok, 1 attempt, TIME)
      x: 1
  drill: 2 errors simulated, 2 handled, 0 recovered from
`

describe('a result as text', () => {
  it('is the summary with a line for every step', () => {
    const folder = withOutput({ format: 'text', file: 'r.txt' })
    const { status, stdout } = sagachart(folder, ['run', 'flow.yaml'])
    expect(status).toBe(0)
    expect(times(stdout)).toContain('  ✓ s: 2/2 steps TIME\n      x: 1\n  drill: ')
    expect(times(read(folder, 'r.txt').toString())).toBe(TEXT)
  })

  it('tells every failure with its whole message in one line, and every warning', () => {
    const retry = { retry_count: 2, retry: { initial: '1ms' } }
    const steps = [
      step('a', 'boom', retry),
      step('c', 'ok', { depends_on: ['a'] }),
      step('d', 'ok', { when: 'false' }),
      ...Array.from({ length: 12 }, (_, i) => step(`f${i}`, 'boom')),
    ]
    const folder = withOutput({ format: 'text', file: 'r.txt' }, steps, { logging: { level: 'INFO' } })
    expect(sagachart(folder, ['run', 'flow.yaml']).status).toBe(1)
    const text = times(read(folder, 'r.txt').toString())
    expect(text).toContain('      failed a (m.boom, 3 attempts, TIME): no luck [31m at all\n')
    expect(text).toContain("      failed c (m.ok, not started, TIME): Dependencies not satisfied: ['a']\n")
    expect(text).toContain('      skipped d (m.ok, not started, TIME)\n')
    expect(text.match(/^ {6}failed f\d+ /gm)).toHaveLength(12)
    expect(text).toMatch(/^ {2}warning: KEY_WITHOUT_EFFECT: logging: level has no effect/m)
    expect(text).not.toContain('\u001b')
  })

  it('leaves --json alone: stdout is the document', () => {
    const folder = withOutput({ format: 'text', file: 'r.txt' })
    const { stdout } = sagachart(folder, ['run', 'flow.yaml', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed' })
    expect(times(read(folder, 'r.txt').toString())).toBe(TEXT)
  })
})

describe('a result of more than half a gigabyte', () => {
  const size = 400_000
  const big = `export default { big: () => 'a'.repeat(${size}) }`
  const ten = '[1,2,3,4,5,6,7,8,9,10]'
  const row = `[${Array(14).fill('steps.a.output').join()}]`
  const outputs = { r: `\${{ ${ten}.map(i, ${ten}.map(j, ${row})) }}` }
  const document = flow([step('a', 'big')], { outputs })

  it('is written whole', async () => {
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.mjs': big })
    const { status, stdout } = await started(folder, ['run', 'flow.yaml', '--output', 'r.json.gz']).end()
    expect(status).toBe(0)
    expect(stdout).toContain('  result: r.json.gz\n')
    expect(stdout.length).toBeLessThan(1000)
    let [length, end] = [0, '']
    const unzipped = createReadStream(join(folder, 'r.json.gz')).pipe(createGunzip())
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      length += chunk.length
      end = `${end}${chunk.toString('latin1', Math.max(0, chunk.length - 20))}`.slice(-20)
    }
    expect(length).toBeGreaterThan(constants.MAX_STRING_LENGTH)
    expect(end).toMatch(/"degraded": false\n\}\n$/)
  }, 120_000)

  it('is told in a few lines as text', () => {
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.mjs': big })
    sagachart(folder, ['run', 'flow.yaml', '--output', 'r.txt', '--format', 'text'])
    expect(read(folder, 'r.txt').toString()).toMatch(/ {6}r: \[\[\["a{100,200}…\n/)
  })

  it('is printed whole with --json', async () => {
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.mjs': big })
    const { child } = started(folder, ['run', 'flow.yaml', '--json'])
    child.stdout.removeAllListeners('data')
    let length = 0
    child.stdout.on('data', (text: string) => (length += text.length))
    expect(await once(child, 'close')).toEqual([0, null])
    expect(length).toBeGreaterThan(constants.MAX_STRING_LENGTH)
  }, 120_000)
})

describe('--format', () => {
  it.each([
    ['json', 'text'],
    ['text', 'json'],
  ])('%s takes the place of the %s of the document', (format, ofDocument) => {
    const folder = withOutput({ format: ofDocument, file: 'r' })
    expect(sagachart(folder, ['run', 'flow.yaml', '--format', format]).status).toBe(0)
    expect(read(folder, 'r').toString()[0]).toBe(format === 'json' ? '{' : '✓')
  })

  it('counts for the file of --output, as that of the document does', () => {
    const folder = withOutput({ format: 'text' })
    sagachart(folder, ['run', 'flow.yaml', '--output', 'a'])
    sagachart(folder, ['run', 'flow.yaml', '--output', 'b.txt', '--format', 'json'])
    expect(times(read(folder, 'a').toString())).toBe(TEXT)
    expect(JSON.parse(read(folder, 'b.txt').toString())).toMatchObject({ status: 'completed' })
  })

  it.each([
    [['--format', 'txt'], /'txt' is invalid.*json, text/],
    [['--format', 'text'], /--format is that of the result's file, and there is none; add --output/],
  ])('%j is refused where it makes no sense', (args, why) => {
    const { status, stdout, stderr } = sagachart(withOutput({}), ['run', 'flow.yaml', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(why)
  })
})

describe('a compressed result', () => {
  it.each([
    ['r.json', 'r.json.gz'],
    ['r.json.gz', 'r.json.gz'],
  ])('that the document calls %s is %s', (file, written) => {
    const folder = withOutput({ file: `out/${file}`, compress: true })
    const { stdout } = sagachart(folder, ['run', 'flow.yaml'])
    expect(readdirSync(join(folder, 'out'))).toEqual([written])
    expect(stdout).toContain(`/out/${written}\n`)
    const result = JSON.parse(gunzipSync(read(folder, `out/${written}`)).toString()) as object
    expect(result).toMatchObject({ status: 'completed', integration_name: 'flow' })
  })

  it('may be text', () => {
    const folder = withOutput({ file: 'r.txt', format: 'text', compress: true })
    sagachart(folder, ['run', 'flow.yaml'])
    expect(times(gunzipSync(read(folder, 'r.txt.gz')).toString())).toBe(TEXT)
  })

  it('is one whose name ends with .gz, unless the document says no', () => {
    const named = withOutput({ file: 'r.gz' })
    sagachart(named, ['run', 'flow.yaml'])
    expect(JSON.parse(gunzipSync(read(named, 'r.gz')).toString())).toMatchObject({ status: 'completed' })
    const plain = withOutput({ file: 'r.gz', compress: false })
    sagachart(plain, ['run', 'flow.yaml'])
    expect(JSON.parse(read(plain, 'r.gz').toString())).toMatchObject({ status: 'completed' })
  })

  it('is asked for by the name alone on the command line', () => {
    const folder = withOutput({ file: 'never.json', compress: true })
    sagachart(folder, ['run', 'flow.yaml', '--output', 'a.json'])
    sagachart(folder, ['run', 'flow.yaml', '--output', 'b.json.gz'])
    expect(JSON.parse(read(folder, 'a.json').toString())).toMatchObject({ status: 'completed' })
    expect(JSON.parse(gunzipSync(read(folder, 'b.json.gz')).toString())).toMatchObject({
      status: 'completed',
    })
    expect(existsSync(join(folder, 'never.json.gz'))).toBe(false)
  })
})

describe('the settings of a document', () => {
  const settings = async (more: object) => {
    const text = JSON.stringify({ ...(JSON.parse(flow([step('a', 'ok')])) as object), ...more })
    const loaded = await loadIntegrationText(text, { modules: { m: { ok: () => 1 } } })
    return loaded.ok ? loaded.settings : loaded.diagnostics
  }

  it('are data for whoever runs it without the command', async () => {
    expect(await settings({})).toEqual({
      ...{ outputFile: null, outputFormat: 'json', outputCompressed: false, logging: null },
      outputFolders: [process.cwd()],
    })
    const output = { format: 'text', file: 'r.txt', compress: true }
    expect(await settings({ output, logging: { file: 'run.log', level: 'DEBUG' } })).toMatchObject({
      outputFile: join(process.cwd(), 'r.txt.gz'),
      outputFormat: 'text',
      outputCompressed: true,
      logging: { file: join(process.cwd(), 'run.log'), level: 'DEBUG', backupCount: 5 },
    })
  })
})
