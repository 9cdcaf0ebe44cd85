// What a terminal shows while a run goes on. The terminal is a small one that obeys the two commands that are used.
import { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { createActor } from 'xstate'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryHost, setup } from '../../src/index.ts'
import { showProgress } from '../../src/cli/progress.ts'
import { colours, detail, duration, printable, Screen } from '../../src/cli/terminal.ts'

class Terminal extends Writable {
  readonly isTTY = true
  readonly columns = 60
  /** Lines on the screen, the last one being written. */
  lines = ['']
  frames: (readonly string[])[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // oxlint-disable-next-line no-control-regex -- commands are what it is about
    for (const [, up, text] of chunk.toString().matchAll(/\u001b\[(\d+)A\u001b\[0J|([^\u001b]+|\u001b)/g)) {
      if (up !== undefined) this.lines = [...this.lines.slice(0, -1 - Number(up)), '']
      else {
        const [first, ...more] = text!.split('\n')
        this.lines = [...this.lines.slice(0, -1), this.lines.at(-1)! + first!, ...more]
      }
    }
    this.frames.push(this.lines)
    done()
  }

  get stream(): WriteStream {
    return this as unknown as WriteStream
  }

  /** What is shown, without colours. */
  get shown(): string[] {
    // oxlint-disable-next-line no-control-regex -- colours are what it is about
    return this.lines.map((line) => line.replace(/\u001b\[\d+m/g, ''))
  }
}

const elapsed = (ms: number) => new Promise((done) => setTimeout(done, ms))

describe('a screen', () => {
  it('keeps what is said above the lines that are redrawn, and clears those at the end', async () => {
    const terminal = new Terminal()
    const screen = new Screen(terminal.stream)
    let frame = 0
    screen.animate(() => ['working', `frame ${++frame}`], 5)
    while (frame < 2) await elapsed(5)
    screen.say('one')
    screen.say('two')
    while (frame < 4) await elapsed(5)
    expect(terminal.shown).toEqual(['one', 'two', 'working', `frame ${frame}`, ''])
    screen.close()
    expect(terminal.shown).toEqual(['one', 'two', ''])
  })

  it('takes in what others write, in whole lines, and gives the stream back', () => {
    const terminal = new Terminal()
    const other = new Terminal()
    const screen = new Screen(terminal.stream)
    const restore = screen.divert(other.stream)
    other.write('one\ntw')
    other.write(Buffer.from('o\nthr'))
    expect(terminal.shown).toEqual(['one', 'two', ''])
    restore()
    expect(terminal.shown).toEqual(['one', 'two', 'thr', ''])
    other.write('four\n')
    expect(other.shown).toEqual(['four', ''])
  })

  it('takes in its own stream too', () => {
    const terminal = new Terminal()
    const restore = new Screen(terminal.stream).divert(terminal.stream)
    terminal.write('one\n')
    restore()
    expect(terminal.shown).toEqual(['one', ''])
  })
})

describe('progress', () => {
  it('shows a few running steps and a bar, calmly, however many steps there are', async () => {
    const terminal = new Terminal()
    const screen = new Screen(terminal.stream)
    const names = Array.from({ length: 2000 }, (_, i) => `step${i}`)
    const nap = async () => void (await elapsed(5))
    const workflow = setup({ modules: { m: { nap } }, host: memoryHost() }).createWorkflow({
      id: 'many',
      parallel: true,
      steps: Object.fromEntries(names.map((name) => [name, { invoke: 'm.nap' as const }])),
    })
    const actor = createActor(workflow)
    showProgress(actor, names.length, screen)
    const before = performance.now()
    actor.start()
    while (actor.getSnapshot().status === 'active') await elapsed(5)
    const ms = performance.now() - before
    expect(terminal.frames.length).toBeLessThanOrEqual(ms / 100 + 1)
    expect(Math.max(...terminal.frames.map(({ length }) => length))).toBe(8)
    expect(terminal.shown.at(-2)).toMatch(/^━{30} \d+\/2000(?:, \d+ running)?$/)
    expect(Math.max(...terminal.shown.map(({ length }) => length))).toBeLessThan(terminal.columns)
    screen.close()
    expect(terminal.shown).toEqual([''])
  })
})

describe('text for people', () => {
  const before = process.env['NO_COLOR']
  afterEach(() => {
    if (before === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = before
  })

  it('is coloured on a terminal only, and not where NO_COLOR is set', () => {
    delete process.env['NO_COLOR']
    expect(colours({ isTTY: true }).good('x')).toBe('\u001b[32mx\u001b[39m')
    expect(colours({ isTTY: false }).good('x')).toBe('x')
    process.env['NO_COLOR'] = '1'
    expect(colours({ isTTY: true }).good('x')).toBe('x')
  })

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1500, '1.5 s'],
    [59_960, '1 min 0 s'],
    [119_999, '2 min 0 s'],
    [3_723_000, '62 min 3 s'],
  ])('says %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })

  it('gives a terminal nothing to obey', () => {
    expect(printable('a\u001b[2Jb\r\n', 20)).toBe('a [2Jb  ')
    expect(printable('abcdef', 4)).toBe('abc…')
  })

  it('shows data in one line, whatever it is', () => {
    expect(detail(undefined)).toBe('')
    expect(detail({ n: 1 })).toBe(' {"n":1}')
    expect(detail(1n)).toBe(' 1n')
    expect(detail(new RangeError('far'))).toBe(' RangeError: far')
  })
})
