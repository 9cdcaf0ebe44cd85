// Long text in pieces, because V8 limits a string to half a gigabyte: lines, and the JSON of a value, which equals the output of
// `JSON.stringify` except that characters a terminal would obey are escaped.
import { safeJson } from '../definition/safe-text.ts'

/** Length of a piece, about, and of the slices of a long string. */
const PIECE = 64 * 1024

/** Lines as pieces of text. */
export function* linePieces(lines: Iterable<string>): Generator<string> {
  let piece = ''
  for (const line of lines) {
    piece += `${line}\n`
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield piece
}

/** The JSON of a value, with a line break at the end; with an indent of 0, one line without it. */
export function* jsonPieces(value: unknown, indent = 2): Generator<string> {
  const writer = new JsonWriter(indent)
  yield* writer.value(plain(value), '\n')
  yield writer.take(indent > 0 ? '\n' : '')
}

/** The JSON of a value in one line, cut off where it is long. */
export const jsonStart = (value: unknown): string => jsonPieces(value, 0).next().value as string

class JsonWriter {
  private readonly indent: string
  private readonly colon: string
  private piece = ''

  constructor(indent: number) {
    this.indent = ' '.repeat(indent)
    this.colon = indent > 0 ? ': ' : ':'
  }

  /** The text that was not yielded yet, followed by `end`. */
  take(end = ''): string {
    const piece = safeJson(this.piece + end)
    this.piece = ''
    return piece
  }

  /** @param margin a line break and the indentation of the line that the value begins in */
  *value(value: unknown, margin: string): Generator<string> {
    if (isLong(value)) yield* this.longText(value)
    else if (isObject(value)) yield* this.members(value, margin)
    else this.piece += JSON.stringify(value) ?? 'null'
  }

  private *members(value: object, margin: string): Generator<string> {
    const keys = Array.isArray(value) ? null : Object.keys(value)
    const members: readonly unknown[] = keys === null ? (value as unknown[]) : Object.values(value)
    const inner = this.indent === '' ? '' : margin + this.indent
    let isEmpty = true
    this.piece += keys ? '{' : '['
    for (let at = 0; at < members.length; at++) {
      const member = plain(members[at])
      // A generator for each short value would cost more than the rest.
      const text = isObject(member) || isLong(member) ? null : (JSON.stringify(member) as string | undefined)
      if (keys && text === undefined) continue
      this.piece += `${isEmpty ? '' : ','}${inner}${keys ? `${JSON.stringify(keys[at])}${this.colon}` : ''}`
      isEmpty = false
      if (text === null) yield* this.value(member, inner)
      else this.piece += text ?? 'null'
      if (this.piece.length >= PIECE) yield this.take()
    }
    this.piece += `${isEmpty || this.indent === '' ? '' : margin}${keys ? '}' : ']'}`
  }

  /** Slicing may split a surrogate pair; its halves become two escapes, which read back as the pair. */
  private *longText(text: string): Generator<string> {
    this.piece += '"'
    for (let at = 0; at < text.length; at += PIECE) {
      this.piece += JSON.stringify(text.slice(at, at + PIECE)).slice(1, -1)
      yield this.take()
    }
    this.piece += '"'
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const isLong = (value: unknown): value is string => typeof value === 'string' && value.length > PIECE

/** What `toJSON` returns where a value has it, else the value. */
function plain(value: unknown): unknown {
  const isOwn = isObject(value) && 'toJSON' in value && typeof value.toJSON === 'function'
  return isOwn ? (value as { toJSON(): unknown }).toJSON() : value
}
