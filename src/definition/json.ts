// The quick way for documents that are JSON: the engine's own parser, with the rules it lacks (no key twice, bounded
// nesting) and with places found by walking the text again, only when a diagnostic asks. Anything unusual is left
// to the YAML reader, which reads JSON too.
import type { Part, Path, Range } from './source.ts'

/** A value as `JSON.parse` gives it, or `null` where the text is not JSON or needs the slower reader. */
export function parseJson(text: string, nestingMax: number): { value: unknown } | null {
  const first = /^\s*[{[]/.exec(text)
  if (!first) return null
  const members = countMembers(text, nestingMax)
  if (members === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  return countKeys(value) === members ? { value } : null
}

// Colons outside of strings are members, in text that turns out to be JSON.
function countMembers(text: string, nestingMax: number): number | null {
  let members = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at)
    if (sign === 0x22) at = stringEnd(text, at)
    else if (sign === 0x3a) members++
    else if (sign === 0x7b || sign === 0x5b) {
      if (++depth > nestingMax) return null
    } else if (sign === 0x7d || sign === 0x5d) depth--
  }
  return members
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
        if (typeof item === 'number' && !Number.isFinite(item)) return -1
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
