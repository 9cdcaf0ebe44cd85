// A document's text and how to point into it: offsets to lines and columns, paths to ranges.
// It knows nothing of YAML or of workflows; the parsers supply the ranges.

/** Deepest nesting of lists and mappings. */
export const NESTING_MAX = 64

/** The way from the root of a document to a value: keys and list positions. */
export type Path = readonly (string | number)[]

/** Half-open range of offsets in UTF-16 units. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** What of an entry is meant: its key or its value. */
export type Part = 'key' | 'value'

/** A document's text under the name that its diagnostics show. */
export interface Source {
  readonly file: string
  readonly text: string
}

/** A value that was read from a text, and where each part of it stands. */
export interface ParsedDocument {
  readonly source: Source
  readonly value: unknown
  /** The range at a path; where the path does not exist, that of its nearest existing ancestor. */
  locate(path: Path, part: Part): Range
}

/** Line and column of an offset, both from 1. Columns count UTF-16 units, as editors do. */
export function positionAt(source: Source, offset: number): { line: number; column: number } {
  const { text } = source
  const end = Math.max(0, Math.min(offset, text.length))
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: end - lineStart + 1 }
}

/** The line around an offset, without its line break. */
export function lineAt(source: Source, offset: number): { text: string; start: number } {
  const { text } = source
  const at = Math.max(0, Math.min(offset, text.length))
  const start = at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
  const next = text.indexOf('\n', start)
  const end = next < 0 ? text.length : next
  return { text: text.slice(start, text[end - 1] === '\r' ? end - 1 : end), start }
}
