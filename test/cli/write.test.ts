// Where a result goes: what is there already is respected. Pipes and links are made in a folder of the test's own.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeAtomically } from '../../src/cli/write.ts'
import { flow, folderWith, started, step } from './command.ts'

describe('writing', () => {
  it('writes to a pipe and leaves it a pipe', async () => {
    const folder = folderWith({})
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [problem, read] = await Promise.all([writeAtomically(pipe, 'result'), readFile(pipe, 'utf8')])
    expect({ problem, read }).toEqual({ problem: null, read: 'result' })
    expect(lstatSync(pipe).isFIFO()).toBe(true)
    expect(readdirSync(folder)).toEqual(['pipe'])
  })

  it('writes to a pipe behind a link', async () => {
    const folder = folderWith({})
    execFileSync('mkfifo', [join(folder, 'pipe')])
    symlinkSync('pipe', join(folder, 'link'))
    const reading = readFile(join(folder, 'pipe'), 'utf8')
    expect(await writeAtomically(join(folder, 'link'), 'result')).toBe(null)
    expect(await reading).toBe('result')
    expect(readlinkSync(join(folder, 'link'))).toBe('pipe')
    expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true)
  })

  it.each([
    ['a file', 'old'],
    ['nothing yet', null],
  ])('replaces what a link points to, and keeps the link: %s', async (_, old) => {
    const folder = folderWith({})
    mkdirSync(join(folder, 'real'))
    if (old !== null) writeFileSync(join(folder, 'real', 'file'), old)
    symlinkSync(join('real', 'file'), join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    expect(await writeAtomically(join(folder, 'two'), 'new')).toBe(null)
    expect(readFileSync(join(folder, 'real', 'file'), 'utf8')).toBe('new')
    expect(readlinkSync(join(folder, 'two'))).toBe('one')
    expect(readlinkSync(join(folder, 'one'))).toBe(join('real', 'file'))
    expect(readdirSync(join(folder, 'real'))).toEqual(['file'])
  })

  it('goes round no circle of links', async () => {
    const folder = folderWith({})
    symlinkSync('two', join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    expect(await writeAtomically(join(folder, 'one'), 'new')).toMatch(/could not be written .*give another/)
    expect(readlinkSync(join(folder, 'one'))).toBe('two')
  })

  it.each([0o600, 0o640, 0o666, 0o755])('keeps the mode %o of a file that it replaces', async (mode) => {
    const file = join(folderWith({ file: 'old' }), 'file')
    chmodSync(file, mode)
    expect(await writeAtomically(file, 'new')).toBe(null)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o7777).toBe(mode)
  })

  it('replaces a file as a whole: who has the old one open reads on in it', async () => {
    const file = join(folderWith({ file: 'old' }), 'file')
    const before = statSync(file).ino
    expect(await writeAtomically(file, 'new')).toBe(null)
    expect(statSync(file).ino).not.toBe(before)
  })
})

describe('run --output', () => {
  it('gives its result to whoever reads the pipe', async () => {
    const modules = { 'modules/m.mjs': 'export default { ok: () => 1 }' }
    const folder = folderWith({ 'flow.yaml': flow([step('a', 'ok')]), ...modules })
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reading = readFile(pipe, 'utf8')
    const { status } = await started(folder, ['run', 'flow.yaml', '--output', 'pipe']).end()
    expect(status).toBe(0)
    expect(JSON.parse(await reading)).toMatchObject({ status: 'completed' })
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })
})
