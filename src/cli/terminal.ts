// What a terminal can show. Colours only where someone looks, and not where NO_COLOR or a dumb terminal says no.
import { inspect } from 'node:util'
import truncated from 'fast-string-truncated-width'
import { colouredLine, terminalLine } from '../definition/safe-text.ts'
import { isInstance, look, messageOf, textOf } from '../foreign.ts'

/** Wraps text in colours, or leaves it as it is. */
export interface Colours {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly dim: (text: string) => string
}

/** Whether lines of a stream can be drawn anew. */
export function isDrawable(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb'
}

/** Whether a stream is coloured. */
export function isColoured(stream: { readonly isTTY?: boolean }): boolean {
  return isDrawable(stream) && !process.env['NO_COLOR']
}

/** The colours of a stream. */
export function colours(stream: { readonly isTTY?: boolean }): Colours {
  const on = isColoured(stream)
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[39m` : text)
  return { good: wrap(32), bad: wrap(31), dim: wrap(90) }
}

/** A time for people. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Text without what a terminal would obey, cut to a width in cells: a CJK sign or an emoji takes two. */
export function printable(text: string, width: number): string {
  // No sign is longer than the longest emoji; what is far beyond the width need not be measured.
  const plain = terminalLine(text.slice(0, (width + 1) * 16))
  const { index, truncated: isCut } = truncated(plain, { limit: Math.max(1, width), ellipsis: '…' })
  return isCut ? `${plain.slice(0, index)}…` : plain
}

/** Text in a column of a width in cells: cut or filled up. */
export function column(text: string, width: number): string {
  const cut = printable(text, width)
  return cut + ' '.repeat(Math.max(0, width - cells(cut)))
}

/** How many cells of a terminal a text takes; colours take none. */
export function cells(text: string): number {
  return truncated(text).width
}

/** Data beside a message, in one line where it can be: anything may be logged, also what is no JSON. */
export function detail(data: unknown): string {
  if (data === undefined) return ''
  if (isInstance(data, Error)) return ` ${textOf(data, 'name') ?? 'Error'}: ${messageOf(data)}`
  const inspected = () => inspect(data, { breakLength: Infinity, depth: 4 })
  return ` ${look(() => JSON.stringify(data), null) ?? look(inspected, 'a value that cannot be shown')}`
}

/** A terminal whose last lines are redrawn. What is said in between stays above them. */
export class Screen {
  private readonly stream: NodeJS.WriteStream
  private readonly write: (text: string) => boolean
  private lines: readonly string[] = []
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
    this.write = stream.write.bind(stream)
  }

  /** Cells in a line. */
  get width(): number {
    return Math.max(1, (this.stream.columns || 80) - 1)
  }

  /** Lines that can be drawn anew: what has scrolled away can't be. */
  get height(): number {
    return Math.max(1, (this.stream.rows || 24) - 1)
  }

  get colours(): Colours {
    return colours(this.stream)
  }

  /** Redraws the last lines again and again, until it is closed. */
  animate(draw: () => readonly string[], everyMs: number): void {
    this.timer = setInterval(() => this.redraw(draw()), everyMs)
    this.timer.unref()
  }

  /** Writes a line that stays. */
  say(text: string): void {
    this.pass(terminalLine(text))
  }

  private pass(text: string): void {
    const { lines } = this
    this.redraw([])
    this.write(`${text}\n`)
    this.redraw(lines)
  }

  /** Passes on what others write to a stream, whole lines at a time, until the returned function is called. */
  divert(stream: NodeJS.WriteStream): () => void {
    const { write } = stream
    const decoder = new TextDecoder()
    let rest = ''
    const catchLines = (chunk: string | Uint8Array, ...more: readonly unknown[]) => {
      const lines = `${rest}${typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })}`
      const end = lines.lastIndexOf('\n')
      rest = lines.slice(end + 1)
      if (end >= 0) this.pass(lines.slice(0, end))
      const done = more.at(-1)
      if (typeof done === 'function') queueMicrotask(() => void done())
      return true
    }
    stream.write = catchLines as typeof write
    return () => {
      stream.write = write
      if (rest !== '') this.pass(rest)
    }
  }

  close(): void {
    clearInterval(this.timer)
    this.redraw([])
  }

  /**
   * Overwrites the lines, rather than to clear and draw them, so that nothing flickers. What a terminal finds wider
   * than it was reckoned is cut at its edge: a line that went on in the next row would never be erased.
   */
  private redraw(lines: readonly string[]): void {
    if (lines.length === this.lines.length && lines.every((line, at) => line === this.lines[at])) return
    const up = this.lines.reduce((rows, line) => rows + this.rowsOf(line), 0)
    const text = lines.map((line) => `${colouredLine(line)}\u001b[K\n`).join('')
    const back = up > 0 ? `\u001b[${up}A` : ''
    this.write(`\u001b[?7l${back}${text}\u001b[0J\u001b[?7h`)
    this.lines = lines
  }

  /** Rows that a line takes by now: a terminal that was made narrower has broken it. */
  private rowsOf(line: string): number {
    return Math.max(1, Math.ceil(cells(line) / (this.stream.columns || 80)))
  }
}
