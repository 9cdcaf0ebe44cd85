// A run's log file: a record a line, of the level asked for and above, rotated by size. What is logged is run-log.ts's.
// The run never waits for the disk: lines wait in memory, up to a bound, and those beyond it are counted as lost.
import { constants, mkdir, open, rename, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { LOG_LEVELS, logLine, type LogLevel, type LoggingSettings } from '../definition/logging.ts'
import { found } from '../folder.ts'
import { placeOf } from './write.ts'

/** Characters that are written at once, at most: a write of its own for each line costs fifty times as much. */
const BATCH_MAX = 64 * 1024

/** A rotated file is larger than `max_file_size` by at most one line and this share of it. */
const EXCESS_MAX = 1 / 16

/** Bytes that wait for the disk, at most. */
export const BACKLOG_BYTES_MAX = 64 * 1024 * 1024

/** Bytes of a file's name, as systems have it. */
const NAME_BYTES_MAX = 255

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants

/** An open log file. */
export class LogFile {
  /** Whether a write has failed, which was reported. */
  hasFailed = false
  private readonly path: string
  private readonly settings: LoggingSettings
  private readonly complain: (problem: string) => void
  private readonly line: ReturnType<typeof logLine>
  private readonly least: number
  private readonly batchMax: number
  private handle: FileHandle | null = null
  /** Bytes in the file. */
  private size = 0
  private batch = ''
  private readonly waiting: Buffer[] = []
  private waitingBytes = 0
  private writing: Promise<void> | null = null
  private lost = 0

  private constructor(path: string, settings: LoggingSettings, complain: (problem: string) => void) {
    const { format, level, maxFileSize, backupCount } = settings
    this.path = path
    this.settings = settings
    this.complain = complain
    this.line = logLine(format)
    this.least = LOG_LEVELS.indexOf(level)
    this.batchMax = backupCount === 0 ? BATCH_MAX : Math.min(BATCH_MAX, maxFileSize * EXCESS_MAX)
  }

  /**
   * Opens the file, folders made, for appending. Says what went wrong where it can't.
   * @param complain is told once where the file can't be written any more, later on
   * @param within folders that it has to be in, links resolved
   */
  static async open(
    settings: LoggingSettings,
    complain: (problem: string) => void,
    within: readonly string[] | null = null,
  ): Promise<LogFile | string> {
    const { file } = settings
    try {
      const { target, there } = await placeOf(file, within)
      if (there && !there.isFile()) throw new Error('it is no regular file')
      const log = new LogFile(target, settings, complain)
      await log.open()
      await log.rotateIfFull()
      return log
    } catch (error) {
      return `the log file ${file} can't be written (${reasonOf(error)}); give another logging.file, or make that place writable`
    }
  }

  /** Whether records of a level are written. */
  takes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.least
  }

  /** @param at milliseconds since the epoch */
  write(level: LogLevel, name: string, message: string, at = Date.now()): void {
    if (!this.takes(level) || this.hasFailed) return
    if (this.waitingBytes > BACKLOG_BYTES_MAX) {
      this.lost++
      return
    }
    if (this.batch === '') setImmediate(() => this.flush())
    this.batch += `${this.line({ at, name, level, message })}\n`
    if (this.batch.length >= this.batchMax) this.flush()
  }

  /** Writes all that waits, and closes the file. */
  async close(): Promise<void> {
    this.flush()
    if (this.lost > 0) {
      const message = `${this.lost} records are missing above: the disk was slower than the run`
      this.batch = `${this.line({ at: Date.now(), name: 'sagachart', level: 'WARNING', message })}\n`
      this.flush()
    }
    await this.writing
    await this.tried(async () => this.handle?.close())
  }

  private flush(): void {
    if (this.batch === '') return
    const bytes = Buffer.from(this.batch)
    this.batch = ''
    this.waiting.push(bytes)
    this.waitingBytes += bytes.length
    this.writing ??= this.tried(() => this.writeWaiting())
  }

  private async writeWaiting(): Promise<void> {
    for (let bytes = this.waiting.shift(); bytes; bytes = this.waiting.shift()) {
      await this.handle!.writeFile(bytes)
      this.waitingBytes -= bytes.length
      this.size += bytes.length
      await this.rotateIfFull()
    }
    this.writing = null
  }

  private async rotateIfFull(): Promise<void> {
    const { backupCount, maxFileSize } = this.settings
    if (backupCount === 0 || this.size < maxFileSize) return
    await this.handle!.close()
    this.handle = null
    for (let count = backupCount; count > 0; count--)
      await found(rename(count === 1 ? this.path : this.backup(count - 1), this.backup(count)))
    await this.open()
  }

  private async open(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true })
    this.handle = await open(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW)
    this.size = (await this.handle.stat()).size
  }

  /** The path of a rotated file. A name that would be too long with its number is cut. */
  private backup(count: number): string {
    const name = Buffer.from(basename(this.path))
    let end = Math.min(name.length, NAME_BYTES_MAX - `.${count}`.length)
    while ((name[end]! & 0xc0) === 0x80) end--
    return join(dirname(this.path), `${name.toString('utf8', 0, end)}.${count}`)
  }

  /** Runs an action that may fail, and reports the first failure. */
  private async tried(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!this.hasFailed)
        this.complain(
          `the log file ${this.settings.file} can't be written any more (${reasonOf(error)}); the run goes on without`,
        )
      this.hasFailed = true
    }
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
