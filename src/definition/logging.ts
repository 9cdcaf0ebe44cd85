// The section `logging`: what it may say, and how a line of the log looks. No file is touched here.
// Invariant: a record is one line, whatever it holds.
import { shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { logText, safeJson, UNSAFE } from './safe-text.ts'
import type { CheckedDocument } from './schema.ts'

/** How grave a record is, least first. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const
/** One of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What is logged, as data. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The path of the actor that it comes from, or `sagachart`. */
  readonly name: string
  readonly level: LogLevel
  readonly message: string
}

/** Where and how a run is logged. */
export interface LoggingSettings {
  readonly level: LogLevel
  readonly file: string
  /** `json`, or text with `%(…)s` placeholders. */
  readonly format: string
  /** Bytes. A file that has reached them is rotated. */
  readonly maxFileSize: number
  /** Rotated files that are kept, as `file.1` (the newest) and so on; 0: the file is never rotated. */
  readonly backupCount: number
}

/** Rotated files that may be kept: each rotation renames all of them. */
export const BACKUP_COUNT_MAX = 1_000

/** What is meant where the section leaves a key out. The seed's template says the same. */
const DEFAULTS = {
  level: 'INFO',
  format: '%(asctime)s - %(name)s - %(levelname)s - %(message)s',
  maxFileSize: 10 * 1024 * 1024,
  backupCount: 5,
} as const

/** The settings of a document, its file as the document writes it; `null`: no log file. */
export function loggingSettings({ logging }: CheckedDocument): LoggingSettings | null {
  if (logging?.file === undefined) return null
  return {
    file: logging.file,
    level: logging.level ?? DEFAULTS.level,
    format: logging.format ?? DEFAULTS.format,
    maxFileSize: logging.max_file_size ?? DEFAULTS.maxFileSize,
    backupCount: logging.backup_count ?? DEFAULTS.backupCount,
  }
}

const FIELDS = {
  '%(asctime)s': ({ at }: LogRecord) => localTime(new Date(at)),
  '%(name)s': ({ name }: LogRecord) => logText(name),
  '%(levelname)s': ({ level }: LogRecord) => level,
  '%(message)s': ({ message }: LogRecord) => logText(message),
  '%%': () => '%',
} as const
const NAMES = Object.keys(FIELDS).slice(0, 4)

/** Characters of a placeholder's name, at most: without a bound, each of many open brackets would be followed to the end. */
const PLACEHOLDER_LENGTH_MAX = 100

/** Whatever a percent begins. */
const PIECE = new RegExp(`%(?:%|\\([^)]{0,${PLACEHOLDER_LENGTH_MAX}}\\)[-+ #0]*[\\d.]*[a-z]?)?`, 'gi')

/** Reports what makes no sense in the section. */
export function checkLogging({ logging }: CheckedDocument, problems: Problems): void {
  if (logging === undefined) return
  if (logging.format !== undefined && logging.format !== 'json') checkFormat(logging.format, problems)
  const idle = (key: string, message: string, remedy: string) => {
    const path = ['logging', key]
    problems.add({ code: 'KEY_WITHOUT_EFFECT', severity: 'warning', message, remedy, path, part: 'key' })
  }
  const keys = Object.keys(logging)
  if (logging.file === undefined && keys.length > 0) {
    const message = `logging: ${keys.join(', ')} ${keys.length === 1 ? 'has' : 'have'} no effect without a file`
    idle(keys[0]!, message, 'add logging.file, or remove the section')
  } else if (logging.backup_count === 0 && logging.max_file_size !== undefined) {
    const message = 'logging.max_file_size has no effect with backup_count: 0, which keeps one file for ever'
    idle('max_file_size', message, 'set backup_count to 1 or more, or remove max_file_size')
  }
}

function checkFormat(format: string, problems: Problems): void {
  const refuse = (message: string, remedy: string, snippet = '') =>
    problems.add({
      code: 'VALUE_INVALID',
      message: `logging.format: ${message}`,
      remedy,
      path: ['logging', 'format'],
      ...(snippet !== '' && { snippet }),
    })
  const pieces: readonly string[] = format.match(PIECE) ?? []
  const fault = pieces.find((piece) => !Object.hasOwn(FIELDS, piece))
  const expected = `expected ${NAMES.join(', ')} or json`
  if (fault?.startsWith('%(')) {
    refuse(
      `unknown placeholder: ${expected}, found ${shown(fault)}`,
      suggestion(fault, NAMES, expected),
      fault,
    )
  } else if (fault !== undefined) {
    refuse('a lone percent: expected a placeholder, or %% for the sign itself', 'write %%')
  } else if (!pieces.includes('%(message)s')) {
    refuse(
      `the message is nowhere: expected %(message)s in it, or json, found ${shown(format)}`,
      'add %(message)s',
    )
  } else if (format.replaceAll('\t', '').search(UNSAFE) >= 0) {
    refuse('a line break or control character: expected one line', 'keep to one line of printable text')
  }
}

/** How records look in a format that was checked: one line each, without its end. */
export function logLine(format: string): (record: LogRecord) => string {
  if (format === 'json') return jsonLine
  return (record) => format.replace(PIECE, (piece) => FIELDS[piece as keyof typeof FIELDS](record))
}

const jsonLine = ({ at, name, level, message }: LogRecord) =>
  safeJson(JSON.stringify({ time: new Date(at).toISOString(), level, name, message }))

/** As Python writes it: `2026-01-31 12:34:56,789`. */
function localTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
  return `${day} ${clock},${String(time.getMilliseconds()).padStart(3, '0')}`
}
