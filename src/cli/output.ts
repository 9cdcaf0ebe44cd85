// The command's stdout and stderr; no other file writes to them. Foreign text is made safe here, and a failed write is reported
// at the end and changes the exit code. The output of modules passes through the same streams unchanged.
import { fstatSync, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { colouredLine, isPlain, terminalLine } from '../definition/safe-text.ts'
import { colours, isColoured, isDrawable, Screen, type Colours } from './terminal.ts'

const USAGE = 2

class Output {
  /** The first error of a write; `null` if there was none, or if only the reader went away (`| head`). */
  fault: string | null = null
  private readonly stream: NodeJS.WriteStream
  /** The stream's own, for a module may put another one in its place that never calls back. */
  private readonly ownWrite: NodeJS.WriteStream['write']
  private isDiverted = false

  constructor(stream: NodeJS.WriteStream & { readonly fd: number }) {
    this.stream = stream
    this.ownWrite = stream.write.bind(stream)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const isGone = /^(?:EPIPE|ECONNRESET)$/.test(error.code ?? '') || (stream.isTTY && error.code === 'EIO')
      if (!isGone) this.fault ??= error.message
    })
    if (fstatSync(stream.fd).isFile()) writeWhole(stream)
  }

  get colours(): Colours {
    return colours(this.stream)
  }

  /** Cells in a line; `undefined` where the stream is no terminal. */
  get columns(): number | undefined {
    return this.stream.columns
  }

  /** Whether lines can be redrawn. */
  get isDrawable(): boolean {
    return isDrawable(this.stream)
  }

  get isTerminal(): boolean {
    return this.stream.isTTY
  }

  screen(): Screen {
    return new Screen(this.stream)
  }

  /** Sends what other code prints here to a screen. Returns a function that ends this. */
  divertTo(screen: Screen): () => void {
    const restore = screen.divert(this.stream)
    this.isDiverted = true
    return () => {
      restore()
      this.isDiverted = false
    }
  }

  /** Prints one line, whatever is in it. */
  line(text: string): void {
    this.lines(terminalLine(text))
  }

  /** Prints lines. Foreign text in them must be one line already, because line breaks are kept. */
  lines(text: string): void {
    void this.write(this.safe(text.endsWith('\n') ? text : `${text}\n`))
  }

  /** Prints lines of any size, piece by piece, as fast as they are read. */
  async print(pieces: Iterable<string>): Promise<void> {
    for (const piece of pieces) if (!(await this.write(this.safe(piece)))) return
  }

  /** Resolves once everything printed is written or has failed. */
  async flush(): Promise<void> {
    await this.write('')
    await nextTurn()
  }

  private safe(text: string): string {
    if (isPlain(text)) return text
    return text
      .split('\n')
      .map(isColoured(this.stream) ? colouredLine : terminalLine)
      .join('\n')
  }

  private write(text: string): Promise<boolean> {
    return new Promise((done) => {
      const written = (error?: Error | null) => done(error == null)
      if (this.isDiverted) this.stream.write(text, written)
      else this.ownWrite(text, written)
    })
  }
}

/** Writes each chunk completely: Node's stream for files ignores a short write, which happens when space runs out. */
function writeWhole(stream: NodeJS.WriteStream & { readonly fd: number }): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let at = 0; at < chunk.length;) at += writeSync(stream.fd, chunk, at)
      done()
    } catch (error) {
      done(error as Error)
    }
  }
}

/** For results. */
export const stdout = new Output(process.stdout)

/** For problems, progress, and what operations log. */
export const stderr = new Output(process.stderr)

/** Loads modules, or calls them: what they print to a stdout that is to be data goes to stderr. */
export async function keepingStdout<T>(work: () => Promise<T>): Promise<T> {
  const restore = stdout.divertTo(stderr.screen())
  return work().finally(restore)
}

/** Returns a function that reports a problem of usage and gives the exit code. */
export const refusing = (command: string) => (problem: string) => {
  stderr.line(`sagachart ${command}: ${problem}`)
  return USAGE
}

/** Waits until all output is written. Returns the given exit code, or 2 where a write failed. */
export async function settled(code: number): Promise<number> {
  await stdout.flush()
  if (stdout.fault !== null)
    stderr.line(`sagachart: stdout can't be written (${stdout.fault}); make room, or lead it elsewhere`)
  await stderr.flush()
  return stdout.fault === null && stderr.fault === null ? code : USAGE
}
