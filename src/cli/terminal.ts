// What a terminal can show. Colours only where someone looks, and not where NO_COLOR says no.

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
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** Text without what a terminal would obey, cut to a width. */
export function printable(text: string, width: number): string {
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length > width ? `${plain.slice(0, Math.max(0, width - 1))}…` : plain
}

/** A terminal whose last lines are redrawn. What is said in between stays above them. */
export class Screen {
  private readonly stream: NodeJS.WriteStream
  private lines: readonly string[] = []
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
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
    this.stream.write(`${text}\n`)
    this.redraw(lines)
  }

  close(): void {
    clearInterval(this.timer)
    this.redraw([])
  }

  private redraw(lines: readonly string[]): void {
    const erase = this.lines.length > 0 ? `\u001b[${this.lines.length}A\u001b[0J` : ''
    const text = lines.map((line) => `${line}\n`).join('')
    if (erase !== '' || text !== '') this.stream.write(`${erase}${text}`)
    this.lines = lines
  }
}
