// What a terminal can show. Colours only where someone looks, and not where NO_COLOR says no.
import { inspect } from 'node:util'

/** Wraps text in colours, or leaves it as it is. */
export interface Colours {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly dim: (text: string) => string
}

/** The colours of a stream. */
export function colours(stream: { readonly isTTY?: boolean }): Colours {
  const on = stream.isTTY === true && !process.env['NO_COLOR']
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

/** Text without what a terminal would obey, cut to a width. */
export function printable(text: string, width: number): string {
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length > width ? `${plain.slice(0, Math.max(0, width - 1))}…` : plain
}

/** Data beside a message, in one line where it can be: anything may be logged, also what is no JSON. */
export function detail(data: unknown): string {
  if (data === undefined) return ''
  if (data instanceof Error) return ` ${data.name}: ${data.message}`
  try {
    return ` ${JSON.stringify(data)}`
  } catch {
    return ` ${inspect(data, { breakLength: Infinity, depth: 4 })}`
  }
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

  /** Characters in a line. */
  get width(): number {
    return Math.max(20, (this.stream.columns || 80) - 1)
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
    const { lines } = this
    this.redraw([])
    this.write(`${text}\n`)
    this.redraw(lines)
  }

  /** Says what others write to a stream, whole lines at a time, until the returned function is called. */
  divert(stream: NodeJS.WriteStream): () => void {
    const { write } = stream
    const decoder = new TextDecoder()
    let rest = ''
    const catchLines = (chunk: string | Uint8Array, ...more: readonly unknown[]) => {
      const lines = `${rest}${typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })}`
      const end = lines.lastIndexOf('\n')
      rest = lines.slice(end + 1)
      if (end >= 0) this.say(lines.slice(0, end))
      const done = more.at(-1)
      if (typeof done === 'function') queueMicrotask(() => void done())
      return true
    }
    stream.write = catchLines as typeof write
    return () => {
      stream.write = write
      if (rest !== '') this.say(rest)
    }
  }

  close(): void {
    clearInterval(this.timer)
    this.redraw([])
  }

  private redraw(lines: readonly string[]): void {
    const erase = this.lines.length > 0 ? `\u001b[${this.lines.length}A\u001b[0J` : ''
    const text = lines.map((line) => `${line}\n`).join('')
    if (erase !== '' || text !== '') this.write(`${erase}${text}`)
    this.lines = lines
  }
}
