// What a terminal shows while a run goes on. The terminal is a small one that obeys the two commands that are used.
import { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { createActor } from 'xstate'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryHost, setup } from '../../src/index.ts'
import { showProgress, type Course } from '../../src/cli/progress.ts'
import { cells, colours, column, detail, duration, printable, Screen } from '../../src/cli/terminal.ts'

// oxlint-disable-next-line no-control-regex -- commands are what it is about
const COMMANDS = /\u001b\[(\??\d*)([AJKhl])|([^\u001b]+|\u001b)/g

class Terminal extends Writable {
  readonly isTTY = true
  columns = 60
  rows = 24
  /** Lines on the screen. */
  lines = ['']
  /** The line that is being written. */
  row = 0
  private fresh = true
  frames: (readonly string[])[] = []

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const [, count, command, text] of chunk.toString().matchAll(COMMANDS)) {
      if (command === 'A') [this.row, this.fresh] = [this.row - Number(count), true]
      else if (command === 'J') this.lines.splice(this.row, Infinity, '')
      else if (command === undefined) this.type(text!)
    }
    this.frames.push([...this.lines])
    done()
  }

  private type(text: string): void {
    text.split('\n').forEach((line, at) => {
      if (at > 0) this.row++
      // What is written at the start of a line takes the place of what was there.
      this.lines[this.row] = at > 0 || this.fresh ? line : this.lines[this.row]! + line
      this.fresh = false
    })
    this.fresh = text.endsWith('\n')
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

  it('erases lines that a narrower terminal has broken', () => {
    const terminal = new Terminal()
    const screen = new Screen(terminal.stream)
    const draw = (lines: string[]) => (screen as unknown as { redraw(lines: string[]): void }).redraw(lines)
    draw(['x'.repeat(50)])
    terminal.columns = 20
    terminal.lines.splice(0, 1, 'x'.repeat(20), 'x'.repeat(20), 'x'.repeat(10))
    terminal.row = 3
    draw(['y'])
    expect(terminal.shown).toEqual(['y', ''])
    screen.close()
  })

  it('says what is foreign in one line, and lets nothing in it be obeyed', () => {
    const terminal = new Terminal()
    const screen = new Screen(terminal.stream)
    screen.say('a\u001b[2J\r\nFORGED\u202e')
    expect(terminal.shown).toEqual(['a [2J  FORGED ', ''])
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

/** Runs a workflow whose `long` steps end when they are told to, and shows its progress. */
function followed(steps: Readonly<Record<string, object>>, course: Partial<Course> = {}) {
  const terminal = new Terminal()
  const screen = new Screen(terminal.stream)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const m = {
    nap: async () => void (await elapsed(5)),
    long: () => released,
    boom: () => Promise.reject(new Error('no luck')),
  }
  const workflow = setup({ modules: { m }, host: memoryHost() }).createWorkflow({
    id: 'many',
    parallel: true,
    steps: steps as never,
  })
  const actor = createActor(workflow)
  const size = Object.keys(steps).length
  showProgress(actor, { steps: size, scenarios: 1, eventsEnabled: true, ...course }, screen)
  return {
    actor: actor.start(),
    terminal,
    screen,
    release,
    async until(shown: () => boolean) {
      while (!shown()) await elapsed(5)
    },
  }
}

const many = (count: number, invoke: string, more: object = {}) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${invoke}${i}`, { invoke, ...more }]))

describe('progress', () => {
  it('only counts short steps, calmly, however many there are', async () => {
    const before = performance.now()
    const { actor, terminal, screen, until } = followed(many(2000, 'm.nap'))
    await until(() => actor.getSnapshot().status !== 'active')
    const ms = performance.now() - before
    expect(terminal.frames.length).toBeLessThanOrEqual(ms / 100 + 1)
    expect(Math.max(...terminal.frames.map(({ length }) => length))).toBe(2)
    await until(() => terminal.shown[0] === '2000/2000')
    screen.close()
    expect(terminal.shown).toEqual([''])
  })

  it('gives a few long steps a line each, and keeps the lines when they end', async () => {
    const { terminal, screen, release, until } = followed({ ...many(20, 'm.long'), ...many(3, 'm.boom') })
    await until(() => terminal.lines.length === 8)
    expect(terminal.shown.slice(0, 6).map((line) => line.trim().split(' ')[0])).toEqual(
      Array.from({ length: 6 }, (_, i) => `m.long${i}`),
    )
    expect(terminal.shown.at(-2)).toMatch(/^3\/23, 3 failed, 20 running/)
    release()
    await until(() => terminal.shown.at(-2) === '23/23, 3 failed')
    expect(terminal.lines.length).toBe(8)
    screen.close()
  })

  it('stays within a terminal that is small, whatever the names', async () => {
    const { terminal, screen, release, until } = followed({
      '日本語のとても長い名前🚀🚀🚀': { invoke: 'm.long' },
    })
    terminal.columns = 24
    await until(() => terminal.lines.length === 3)
    expect(terminal.shown[0]).toMatch(/^ {2}日本語の.*… +\d+ ms$|^ {2}日本語の.*… +\d\.\d s$/)
    for (const line of terminal.shown) expect(cells(line)).toBeLessThan(24)
    terminal.rows = 2
    await until(() => terminal.lines.length === 2)
    release()
    screen.close()
  })

  it('counts what retries, and no failure that was set aside', async () => {
    const { actor, terminal, screen, until } = followed({
      a: { invoke: 'm.boom', retry: { count: 1, initial: '400ms', jitter: 'none' }, onFailure: 'skip' },
    })
    await until(() => terminal.shown[0] === '0/1, 1 running, 1 retrying')
    await until(() => actor.getSnapshot().status !== 'active')
    await until(() => terminal.shown[0] === '1/1')
    screen.close()
  })

  it('names the scenario where there is more than one', async () => {
    const { terminal, screen, release, until } = followed(many(1, 'm.long'), { scenarios: 2 })
    await until(() => terminal.lines.length === 3)
    expect(terminal.shown[0]).toContain('many › m.long0')
    release()
    screen.close()
  })

  it('says so where there are no events to follow', async () => {
    const { terminal, screen, until } = followed(many(1, 'm.nap'), { eventsEnabled: false })
    terminal.columns = 100
    await until(() => terminal.lines.length === 2)
    expect(terminal.shown[0]).toMatch(/^running for \d+ ms \(events are off/)
    screen.close()
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
    process.env['NO_COLOR'] = ''
    expect(colours({ isTTY: true }).good('x')).toBe('\u001b[32mx\u001b[39m')
    process.env['NO_COLOR'] = '0'
    expect(colours({ isTTY: true }).good('x')).toBe('x')
  })

  it('is measured in cells', () => {
    expect(printable('日本語', 6)).toBe('日本語')
    expect(printable('日本語', 5)).toBe('日本…')
    expect(column('日本語', 5)).toBe('日本…')
    expect(column('日本', 6)).toBe('日本  ')
    expect(cells('🚀\u001b[31mé\u001b[39m')).toBe(3)
    expect(printable('x'.repeat(1_000_000), 3)).toBe('xx…')
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
    expect(printable('\u202eabc', 4)).toBe(' abc')
  })

  it('shows data in one line, whatever it is', () => {
    expect(detail(undefined)).toBe('')
    expect(detail({ n: 1 })).toBe(' {"n":1}')
    expect(detail(1n)).toBe(' 1n')
    expect(detail(new RangeError('far'))).toBe(' RangeError: far')
  })
})
