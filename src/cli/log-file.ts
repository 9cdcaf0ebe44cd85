// A run's log file: a record a line, of the level asked for and above, rotated by size. What is logged is run-log.ts's.
// The run never waits for the disk: lines wait in memory, up to a bound, and those beyond it are counted as lost.
import { once } from 'node:events'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'
import { LOG_LEVELS, logLine, type LogLevel, type LoggingSettings } from '../definition/logging.ts'

/** Characters that are written at once, at most: a write of its own for each line costs fifty times as much. */
const BATCH_MAX = 64 * 1024

/** A rotated file is larger than `max_file_size` by at most one line and this share of it. */
const EXCESS_MAX = 1 / 16

/** Bytes that wait for the disk, at most. */
export const BACKLOG_BYTES_MAX = 64 * 1024 * 1024

/** An open log file. */
export class LogFile {
  private readonly stream: RotatingFileStream
  private readonly line: ReturnType<typeof logLine>
  private readonly least: number
  private readonly batchMax: number
  private batch = ''
  private lost = 0

  private constructor(stream: RotatingFileStream, settings: LoggingSettings) {
    const { format, level, maxFileSize, backupCount } = settings
    this.stream = stream
    this.line = logLine(format)
    this.least = LOG_LEVELS.indexOf(level)
    this.batchMax = backupCount === 0 ? BATCH_MAX : Math.min(BATCH_MAX, maxFileSize * EXCESS_MAX)
  }

  /**
   * Opens the file, folders made, for appending. Says what went wrong where it can't.
   * @param complain is told once where the file can't be written any more, later on
   */
  static async open(
    settings: LoggingSettings,
    complain: (problem: string) => void,
  ): Promise<LogFile | string> {
    const { file, maxFileSize, backupCount } = settings
    const rotation = { size: `${maxFileSize}B`, rotate: backupCount } as const
    const stream = createStream(file, backupCount === 0 ? {} : rotation)
    try {
      await once(stream, 'open')
    } catch (error) {
      return `the log file ${file} can't be written (${reasonOf(error)}); give another logging.file, or make that place writable`
    }
    stream.on('error', (error) =>
      complain(
        `the log file ${file} can't be written any more (${reasonOf(error)}); the run goes on without`,
      ),
    )
    return new LogFile(stream, settings)
  }

  /** Whether records of a level are written. */
  takes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.least
  }

  /** @param at milliseconds since the epoch */
  write(level: LogLevel, name: string, message: string, at = Date.now()): void {
    if (!this.takes(level) || !this.stream.writable) return
    if (this.stream.writableLength > BACKLOG_BYTES_MAX) {
      this.lost++
      return
    }
    if (this.batch === '') setImmediate(() => this.flush())
    this.batch += `${this.line({ at, name, level, message })}\n`
    if (this.batch.length >= this.batchMax) this.flush()
  }

  /** Writes all that waits, and closes the file. */
  async close(): Promise<void> {
    const { stream, lost } = this
    this.flush()
    if (lost > 0) {
      const message = `${lost} records are missing above: the disk was slower than the run`
      stream.write(`${this.line({ at: Date.now(), name: 'sagachart', level: 'WARNING', message })}\n`)
    }
    if (stream.closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    stream.once('close', resolve).end()
    await promise
  }

  private flush(): void {
    if (this.batch !== '' && this.stream.writable) this.stream.write(this.batch)
    this.batch = ''
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
