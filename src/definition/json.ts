// The quick way for texts that are JSON: the engine's own parser, with the rules it lacks (no key twice, no number that becomes
// another one, bounded nesting) and with places found by walking the text again, only when a diagnostic asks. A document that
// is anything else is left to the YAML reader, which reads JSON too.
import { PROBLEMS_MAX } from './diagnostic.ts'
import { numberChange } from './numbers.ts'
import type { NumberChange } from './numbers.ts'
import { NESTING_MAX } from './source.ts'
import type { Part, Path, Range } from './source.ts'

/** Most values of a document of JSON. */
export const JSON_VALUES_MAX = 2_000_000

/** A number that does not stay what is written, and its place. */
export interface PlacedChange extends NumberChange {
  readonly range: Range
}

/** Why a text is not read as JSON. */
interface Refusal {
  readonly ok: false
  /** In words. */
  readonly problem: string
  /** Where there are more values than are read; `null` where that is not the problem. */
  readonly tooLargeAt: number | null
}

/** What reading a text as JSON gives. */
export type JsonRead =
  { readonly ok: true; readonly value: unknown; readonly changes: readonly PlacedChange[] } | Refusal

/** Reads a text as JSON: every member and every number as it is written, or a reason why not. */
export function parseJson(text: string): JsonRead {
  const scan = scanJson(text)
  if (!scan.ok) return scan
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refusal('it is no JSON')
  }
  const { members, changes } = scan
  if (countKeys(value) === members) return { ok: true, value, changes }
  return refusal('a key is given twice in one mapping, or is "__proto__"')
}

/**
 * Reads JSON that is given beside a document.
 * @returns its value, or what is wrong with it, in words
 */
export function readJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  const read = parseJson(text)
  if (!read.ok) return read
  const change = read.changes.find(({ severity }) => severity === 'error')
  return change ? { problem: `${change.message}; ${change.remedy}` } : read
}

const refusal = (problem: string, tooLargeAt: number | null = null): Refusal => ({
  ok: false,
  problem,
  tooLargeAt,
})

// Colons outside of strings are members, commas and brackets are values, in text that turns out to be JSON.
function scanJson(text: string): { ok: true; members: number; changes: PlacedChange[] } | Refusal {
  const changes: PlacedChange[] = []
  const room = { error: PROBLEMS_MAX, warning: PROBLEMS_MAX }
  let members = 0
  let values = 1
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at)
    if (sign === 0x22) at = stringEnd(text, at)
    else if (sign === 0x3a) members++
    else if (sign === 0x2c) values++
    else if (sign === 0x7b || sign === 0x5b) {
      values++
      if (++depth > NESTING_MAX) return refusal(`it is nested deeper than ${NESTING_MAX} levels`)
    } else if (sign === 0x7d || sign === 0x5d) depth--
    else if (sign === 0x2d || (sign >= 0x30 && sign <= 0x39)) {
      const end = numberEnd(text, at)
      const change = mayChange(text, at, end) ? numberChange(text.slice(at, end)) : null
      if (change && room[change.severity]-- > 0) changes.push({ ...change, range: { start: at, end } })
      at = end - 1
    }
    if (values > JSON_VALUES_MAX) return refusal(`it holds more than ${JSON_VALUES_MAX} values`, at)
  }
  return { ok: true, members, changes }
}

function numberEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && NUMBER_SIGNS.includes(text[end]!)) end++
  return end
}

const NUMBER_SIGNS = '0123456789.eE+-'

// A short number without exponent stays what it is, but for -0.
function mayChange(text: string, start: number, end: number): boolean {
  return end - start > 15 || text.startsWith('-0', start) || /[eE]/.test(text.slice(start, end))
}

/** The offset of the quote that ends the string that starts at `at`; the text's length where none does. */
function stringEnd(text: string, at: number): number {
  let end = at + 1
  for (;;) {
    end = text.indexOf('"', end)
    if (end < 0) return text.length
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++
    if (escapes % 2 === 0) return end
    end++
  }
}

// Fewer keys than members means that one was given twice. `__proto__` is none of ours: the slow reader refuses it.
function countKeys(root: unknown): number {
  let keys = 0
  const open: unknown[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === 'object' && item !== null) open.push(item)
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (key === '__proto__') return -1
        if (typeof item === 'object' && item !== null) open.push(item)
        keys++
      }
    }
  }
  return keys
}

/** The place of a path in valid JSON, or of its nearest existing ancestor. */
export function locateJson(text: string, path: Path, part: Part): Range {
  let at = skipSpace(text, 0)
  let key: Range | null = null
  for (const step of path) {
    const entry: Entry | null =
      typeof step === 'number' ? findItem(text, at, step) : findMember(text, at, step)
    if (!entry) return { start: at, end: skipValue(text, at) }
    at = entry.value
    key = entry.key
  }
  return part === 'key' && key ? key : { start: at, end: skipValue(text, at) }
}

interface Entry {
  readonly key: Range | null
  /** Where the value starts. */
  readonly value: number
}

function findItem(text: string, list: number, index: number): Entry | null {
  if (text[list] !== '[') return null
  let at = skipSpace(text, list + 1)
  for (let i = 0; text[at] !== ']' && at < text.length; i++) {
    if (i === index) return { key: null, value: at }
    at = skipComma(text, skipValue(text, at))
  }
  return null
}

function findMember(text: string, map: number, name: string): Entry | null {
  if (text[map] !== '{') return null
  let at = skipSpace(text, map + 1)
  while (text[at] === '"') {
    const end = stringEnd(text, at) + 1
    const value = skipSpace(text, skipSpace(text, end) + 1)
    if (JSON.parse(text.slice(at, end)) === name) return { key: { start: at, end }, value }
    at = skipComma(text, skipValue(text, value))
  }
  return null
}

function skipComma(text: string, at: number): number {
  const next = skipSpace(text, at)
  return text[next] === ',' ? skipSpace(text, next + 1) : next
}

function skipSpace(text: string, at: number): number {
  let next = at
  while (next < text.length && text.charCodeAt(next) <= 0x20) next++
  return next
}

/** The offset behind the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  let depth = 0
  let next = at
  while (next < text.length) {
    const sign = text[next]!
    if (sign === '"') next = stringEnd(text, next)
    else if (sign === '{' || sign === '[') depth++
    else if (sign === '}' || sign === ']') {
      if (depth === 0) return next
      depth--
    } else if (depth === 0 && (sign === ',' || sign.charCodeAt(0) <= 0x20)) return next
    next++
    if (depth === 0 && (sign === '"' || sign === '}' || sign === ']')) return next
  }
  return next
}
