// What is wrong with a document, where, and what to do about it: collected, bounded, and printed.
// Nothing here judges a document. At most PROBLEMS_MAX of each severity are kept, however many there are.
import { fieldOf, isPromise, look } from '../foreign.ts'
import type { FindingCode } from './findings/codes.ts'
import { visibleLine } from './safe-text.ts'
import { lineAt, positionAt } from './source.ts'
import type { ParsedDocument, Part, Path, Range, Source } from './source.ts'

/** The closed union of what can be said about a document. */
export type DiagnosticCode =
  | 'DOCUMENT_TOO_LARGE'
  | 'DOCUMENT_NOT_FOUND'
  | 'DOCUMENT_NOT_TEXT'
  | 'DOCUMENT_EMPTY'
  | 'CONTROL_CHARACTER'
  | 'SYNTAX_INVALID'
  | 'NESTING_TOO_DEEP'
  | 'ALIAS_LIMIT'
  | 'MERGE_KEY'
  | 'TAG_UNKNOWN'
  | 'DIRECTIVE_INVALID'
  | 'NUMBER_NOT_FINITE'
  | 'NUMBER_CHANGED'
  | 'KEY_INVALID'
  | 'KEY_DUPLICATE'
  | 'KEY_UNKNOWN'
  | 'KEY_MISSING'
  | 'PLACEHOLDER_LEFT'
  | 'VALUE_INVALID'
  | 'NOT_BUILT_YET'
  | 'NAME_INVALID'
  | 'NAME_DUPLICATE'
  | 'MODULE_NOT_REGISTERED'
  | 'MODULE_NOT_FOUND'
  | 'MODULE_LOAD_FAILED'
  | 'MODULE_OUTSIDE_FOLDER'
  | 'OUTPUT_OUTSIDE_FOLDER'
  | 'OPERATION_UNKNOWN'
  | 'DEPENDENCY_UNKNOWN'
  | 'DEPENDENCY_CYCLE'
  | 'RESOURCE_UNKNOWN'
  | 'RESOURCE_OVER_CAPACITY'
  | 'EXPRESSION_INVALID'
  | 'REFERENCE_UNKNOWN'
  | 'REFERENCE_NOT_DEPENDENCY'
  | 'INPUT_INVALID'
  | 'TIMEOUT_TOO_SHORT'
  | 'KEY_WITHOUT_EFFECT'
  | 'PROBLEMS_OMITTED'
  | FindingCode

/** `error`: the document is refused. `warning`: it runs, and the result says so. */
export type Severity = 'error' | 'warning'

/** One thing to know about a document. */
export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  /** Subject, what was expected, what was found. */
  readonly message: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** The line and a caret under the place. */
  readonly frame: string
  /** What to do; may be empty where the message says it. */
  readonly remedy: string
}

/** A finding before its place is worked out. */
export interface Problem {
  readonly code: DiagnosticCode
  /** Default `error`. */
  readonly severity?: Severity
  readonly message: string
  /** A function where it costs something to work out: most of very many problems are only counted. */
  readonly remedy?: string | (() => string)
  readonly path: Path
  /** Default `value`. */
  readonly part?: Part
  /** A piece of the value's own text to point at. */
  readonly snippet?: string
}

/** Problems of one severity that are kept; the others are counted. */
export const PROBLEMS_MAX = 50
/** Longest message or remedy, in characters. */
export const MESSAGE_LENGTH_MAX = 600
/** Widest piece of a line in a frame, in characters. */
export const FRAME_WIDTH_MAX = 100
/** Names beyond this many are not compared for a suggestion. */
const CANDIDATES_MAX = 2000
/** Longest name that is compared for a suggestion. */
const CANDIDATE_LENGTH_MAX = 80

/** Collects problems; a bounded number of them, and the count of all. */
export class Problems {
  readonly #kept: Record<Severity, Problem[]> = { error: [], warning: [] }
  readonly #count: Record<Severity, number> = { error: 0, warning: 0 }
  readonly #read: readonly Diagnostic[]

  /** @param read Warnings about the text itself, which the reader has placed. */
  constructor(read: readonly Diagnostic[] = []) {
    this.#read = read
  }

  add(problem: Problem): void {
    const severity = problem.severity ?? 'error'
    this.#count[severity]++
    if (this.#kept[severity].length < PROBLEMS_MAX) this.#kept[severity].push(problem)
  }

  get hasErrors(): boolean {
    return this.#count.error > 0
  }

  /** Problems kept of a severity, placed in the document and in the order of their places. */
  place(document: ParsedDocument, severity: Severity): Diagnostic[] {
    const kept = this.#kept[severity]
    const diagnostics = kept.map((problem) => {
      const { code, message } = problem
      const remedy = typeof problem.remedy === 'function' ? problem.remedy() : (problem.remedy ?? '')
      return diagnosticAt(document.source, rangeOf(document, problem), { code, severity, message, remedy })
    })
    diagnostics.push(...this.#read.filter((diagnostic) => diagnostic.severity === severity))
    diagnostics.sort((a, b) => a.line - b.line || a.column - b.column)
    const omitted = this.#count[severity] - kept.length
    const last = diagnostics.at(-1)
    if (omitted > 0 && last) {
      const message = `${omitted} more ${severity}${omitted === 1 ? '' : 's'} not shown`
      diagnostics.push({ ...last, code: 'PROBLEMS_OMITTED', message, remedy: 'mend those above first' })
    }
    return diagnostics
  }
}

function rangeOf(document: ParsedDocument, problem: Problem): Range {
  const range = document.locate(problem.path, problem.part ?? 'value')
  if (!problem.snippet) return range
  const at = document.source.text.indexOf(problem.snippet, range.start)
  return at >= 0 && at < range.end ? { start: at, end: at + problem.snippet.length } : range
}

/** A diagnostic at a range of a source. */
export function diagnosticAt(
  source: Source,
  range: Range,
  what: { code: DiagnosticCode; severity?: Severity; message: string; remedy?: string },
): Diagnostic {
  const { line, column } = positionAt(source, range.start)
  return {
    code: what.code,
    severity: what.severity ?? 'error',
    message: printable(what.message, MESSAGE_LENGTH_MAX),
    file: source.file,
    line,
    column,
    frame: frameAt(source, range, line),
    remedy: printable(what.remedy ?? '', MESSAGE_LENGTH_MAX),
  }
}

function frameAt(source: Source, range: Range, line: number): string {
  const { text, start } = lineAt(source, range.start)
  const at = Math.min(range.start - start, text.length)
  const from = at < FRAME_WIDTH_MAX - 20 ? 0 : at - Math.floor(FRAME_WIDTH_MAX / 2)
  const shown = text.slice(from, from + FRAME_WIDTH_MAX)
  const before = from > 0 ? '…' : ''
  const after = from + FRAME_WIDTH_MAX < text.length ? '…' : ''
  const width = Math.max(1, Math.min(range.end - range.start, shown.length - (at - from)))
  const gutter = String(line)
  const caret = ' '.repeat(before.length + at - from) + '^'.repeat(width)
  return `${gutter} | ${before}${visibleLine(shown)}${after}\n${' '.repeat(gutter.length)} | ${caret}`
}

/** Text that is safe to print in one line: no control characters, at most `max` characters. */
export function printable(text: string, max: number): string {
  const line = visibleLine(text.length > max ? text.slice(0, max) : text)
  return text.length > max ? `${line}…` : line
}

/** A value as a message shows it: JSON, in one short line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (look(() => Array.isArray(value), false)) {
    const length = fieldOf(value, 'length')
    return length === 0 ? 'an empty list' : typeof length === 'number' ? `a list of ${length}` : 'a list'
  }
  if (typeof value === 'object' && value !== null) return isPromise(value) ? 'a promise' : 'a mapping'
  if (typeof value === 'string') return JSON.stringify(printable(value, 60))
  return printable(String(value), 60)
}

/** A value of a run as a message shows it: text is not repeated, for it may be a secret. */
export const shownData = (value: unknown): string =>
  typeof value === 'string' ? `text of ${value.length} characters` : shown(value)

/** The way a person reads a path: `integration.scenarios[0].steps[1].timeout`. */
export function pathText(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[A-Za-z_][\w-]*$/.test(key)) text += text === '' ? key : `.${key}`
    else text += `[${JSON.stringify(printable(key, 60))}]`
  }
  return text === '' ? 'the document' : text
}

/** The candidate that a misspelt name most likely meant, or `null`. */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  if (name.length > CANDIDATE_LENGTH_MAX) return null
  let best: string | null = null
  let bestDistance = name.length < 3 ? 1 : Math.max(1, Math.floor(name.length / 3)) + 1
  let seen = 0
  for (const candidate of candidates) {
    if (++seen > CANDIDATES_MAX) break
    if (candidate.length > CANDIDATE_LENGTH_MAX) continue
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** A remedy that offers the nearest name, or else lists what there is. */
export function suggestion(name: string, candidates: Iterable<string>, otherwise: string): string {
  const meant = nearest(name, candidates)
  return meant === null ? otherwise : `did you mean ${JSON.stringify(meant)}?`
}

/** Up to eight names in a row, for a remedy. */
export function listed(names: Iterable<string>): string {
  const few: string[] = []
  let more = 0
  for (const name of names)
    if (few.length < 8) few.push(printable(name, 40))
    else more++
  if (few.length === 0) return 'none'
  return few.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

// Optimal string alignment: a swap of neighbours counts as one edit.
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

/** Diagnostics as a terminal shows them: place, code, message, frame, remedy. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join('\n\n')
}

function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, code, message, frame, remedy } = diagnostic
  const head = `${visibleLine(file)}:${line}:${column}: ${severity} ${code}: ${message}`
  const body = frame === '' ? head : `${head}\n${frame.replace(/^/gm, '  ')}`
  return remedy === '' ? body : `${body}\n  → ${remedy}`
}

/** A diagnostic as results have it: code, message and remedy in one line. */
export const diagnosticLine = ({ code, message, remedy }: Diagnostic): string =>
  `${code}: ${message} ${remedy}`.trim()
