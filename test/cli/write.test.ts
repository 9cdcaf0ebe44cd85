// Where a result goes: what is there already is respected. Pipes and links are made in a folder of the test's own.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
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
    const [problem, read] = await Promise.all([writeAtomically(pipe, ['result']), readFile(pipe, 'utf8')])
    expect({ problem, read }).toEqual({ problem: null, read: 'result' })
    expect(lstatSync(pipe).isFIFO()).toBe(true)
    expect(readdirSync(folder)).toEqual(['pipe'])
  })

  it('writes to a pipe behind a link', async () => {
    const folder = folderWith({})
    execFileSync('mkfifo', [join(folder, 'pipe')])
    symlinkSync('pipe', join(folder, 'link'))
    const reading = readFile(join(folder, 'pipe'), 'utf8')
    expect(await writeAtomically(join(folder, 'link'), ['result'])).toBe(null)
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
    expect(await writeAtomically(join(folder, 'two'), ['new'])).toBe(null)
    expect(readFileSync(join(folder, 'real', 'file'), 'utf8')).toBe('new')
    expect(readlinkSync(join(folder, 'two'))).toBe('one')
    expect(readlinkSync(join(folder, 'one'))).toBe(join('real', 'file'))
    expect(readdirSync(join(folder, 'real'))).toEqual(['file'])
  })

  it('goes round no circle of links', async () => {
    const folder = folderWith({})
    symlinkSync('two', join(folder, 'one'))
    symlinkSync('one', join(folder, 'two'))
    expect(await writeAtomically(join(folder, 'one'), ['new'])).toMatch(/could not be written .*give another/)
    expect(readlinkSync(join(folder, 'one'))).toBe('two')
  })

  it.each([0o600, 0o640, 0o666, 0o755])('keeps the mode %o of a file that it replaces', async (mode) => {
    const file = join(folderWith({ file: 'old' }), 'file')
    chmodSync(file, mode)
    expect(await writeAtomically(file, ['new'])).toBe(null)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o7777).toBe(mode)
  })

  it('replaces a file as a whole: who has the old one open reads on in it', async () => {
    const file = join(folderWith({ file: 'old' }), 'file')
    const before = statSync(file).ino
    expect(await writeAtomically(file, ['new'])).toBe(null)
    expect(statSync(file).ino).not.toBe(before)
  })
})

/** A folder with a file of 255 bytes, the longest name that there is. */
const longest = (ending: string, sign = 'x') => {
  const name = sign.repeat(Math.floor((255 - ending.length) / Buffer.byteLength(sign))) + ending
  return 'y'.repeat(255 - Buffer.byteLength(name)) + name
}

describe('a draft', () => {
  it('has a name that nobody can know before, so that no planted link is written through', async () => {
    const folder = folderWith({ precious: 'precious' })
    const drafts = new Set<string>()
    const pieces = function* () {
      for (const name of readdirSync(folder)) if (name.endsWith('.draft')) drafts.add(name)
      yield 'new'
    }
    symlinkSync('precious', join(folder, `.result.${process.pid}.draft`))
    for (let round = 0; round < 3; round++)
      expect(await writeAtomically(join(folder, 'result'), pieces())).toBe(null)
    expect(drafts.size).toBe(4)
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('precious')
    expect(readFileSync(join(folder, 'result'), 'utf8')).toBe('new')
  })

  it('is gone where what is written cannot be made', async () => {
    const folder = folderWith({ result: 'old' })
    const pieces = function* () {
      yield 'new'
      throw new Error('no more')
    }
    for (const compressed of [false, true]) {
      expect(await writeAtomically(join(folder, 'result'), pieces(), { compressed })).toMatch(/\(no more\)/)
      expect(readdirSync(folder)).toEqual(['result'])
      expect(readFileSync(join(folder, 'result'), 'utf8')).toBe('old')
    }
  })

  it('is gone where the process ends while it is written', () => {
    const folder = folderWith({ result: 'old' })
    const code = `import { readdirSync } from 'node:fs'
      import { writeAtomically } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/write.ts'))}
      await writeAtomically('result', (function* () { yield 'new'; process.exit(readdirSync('.').length) })())`
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder })
    expect(status).toBe(2)
    expect(readdirSync(folder)).toEqual(['result'])
    expect(readFileSync(join(folder, 'result'), 'utf8')).toBe('old')
  })

  it('of one writer is none of another: many at once leave one whole file', async () => {
    const folder = folderWith({})
    const texts = Array.from({ length: 30 }, (_, i) => String(i).repeat(100_000))
    const problems = await Promise.all(texts.map((text) => writeAtomically(join(folder, 'result'), [text])))
    expect(problems.filter((problem) => problem !== null)).toEqual([])
    expect(readdirSync(folder)).toEqual(['result'])
    expect(texts).toContain(readFileSync(join(folder, 'result'), 'utf8'))
  })

  it.each(['x', 'ü', '日', '🚀'])(
    'has room beside a file whose name is as long as can be, of %s',
    async (sign) => {
      const folder = folderWith({})
      const name = longest('.json', sign)
      expect(Buffer.byteLength(name)).toBe(255)
      expect(await writeAtomically(join(folder, name), ['new'])).toBe(null)
      expect(readdirSync(folder)).toEqual([name])
    },
  )
})

describe('a file that has to be in a folder', () => {
  const inside = async (prepare: (folder: string, outside: string) => void, file: string) => {
    const [folder, outside] = [folderWith({ 'sub/x': '' }), folderWith({ file: 'precious' })]
    prepare(folder, outside)
    const problem = await writeAtomically(join(folder, file), ['new'], { within: [realpathSync(folder)] })
    expect(readdirSync(outside)).toEqual(['file'])
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('precious')
    return problem
  }
  const OUTSIDE = /it leads to .*, which is not in /

  it('may be deep in it, and behind a link that stays there', async () => {
    expect(await inside(() => {}, 'a/b/c')).toBe(null)
    expect(await inside((folder) => symlinkSync('sub', join(folder, 'a')), 'a/c')).toBe(null)
    expect(await inside((folder) => symlinkSync(join('sub', 'new'), join(folder, 'a')), 'a')).toBe(null)
  })

  it.each<[string, (folder: string, outside: string) => void, string]>([
    ['a link', (folder, outside) => symlinkSync(join(outside, 'file'), join(folder, 'a')), 'a'],
    ['a link to nothing yet', (folder, outside) => symlinkSync(join(outside, 'new'), join(folder, 'a')), 'a'],
    ['a link to a folder', (folder, outside) => symlinkSync(outside, join(folder, 'a')), 'a/new'],
    [
      'a link to a folder further up',
      (folder, outside) => symlinkSync(outside, join(folder, 'a')),
      'a/b/c/new',
    ],
    [
      'links that lead on',
      (folder, outside) => {
        symlinkSync(join(outside, 'new'), join(folder, 'b'))
        symlinkSync('b', join(folder, 'a'))
      },
      'a',
    ],
    ['a way up', () => {}, '../new'],
    ['a way up that is hidden', () => {}, 'sub/../../new'],
  ])('is not written where %s leads out of it', async (_, prepare, file) => {
    expect(await inside(prepare, file)).toMatch(OUTSIDE)
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
