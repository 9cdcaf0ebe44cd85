// Text to value, with the place of each part: YAML 1.2 (core schema) or JSON, within named bounds.
// It knows nothing of workflows. It never throws, and what it refuses it refuses at a place.
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document, Node, YAMLMap } from 'yaml'
import { diagnosticAt, PROBLEMS_MAX, printable, shown } from './diagnostic.ts'
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts'
import { locateJson, parseJson } from './json.ts'
import { numberChange } from './numbers.ts'
import { placeholderMessage, placeholdersInText, rawPlaceholder } from './placeholder.ts'
import { NESTING_MAX } from './source.ts'
import type { ParsedDocument, Part, Path, Range, Source } from './source.ts'
import { refuseYaml, tagRefused } from './yaml-text.ts'

/** Longest document, in characters. */
export const DOCUMENT_LENGTH_MAX = 64 * 1024 * 1024
/** Values that all aliases of a document together may repeat. An alias bomb needs many more. */
export const ALIASED_VALUES_MAX = 10_000

/** What reading a text gives. */
export type Parsed =
  /** Warnings: values that stay, but not as they are written. */
  | { readonly ok: true; readonly document: ParsedDocument; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly document: null; readonly diagnostics: Diagnostic[] }

/** Reads a document's text. */
export function parseText(text: string, file: string): Parsed {
  const source: Source = { file, text: text.startsWith('\ufeff') ? text.slice(1) : text }
  const refusal = refuseText(source)
  if (refusal) return { ok: false, document: null, diagnostics: [refusal] }
  const json = /^\s*[{[]/.test(source.text) ? parseJson(source.text) : null
  if (json?.ok) {
    const locate = (path: Path, part: Part): Range => locateJson(source.text, path, part)
    const said = json.changes.map(({ range, ...change }) => diagnosticAt(source, range, change))
    return parsed({ source, value: json.value, locate }, said)
  }
  if (json && json.tooLargeAt !== null) {
    const message = `the document is too large: ${json.problem}`
    const at = json.tooLargeAt
    const large = refuse(source, at, 'DOCUMENT_TOO_LARGE', message, 'split it into several documents')
    return { ok: false, document: null, diagnostics: [large] }
  }
  return parseYaml(source, json?.problem ?? null)
}

/** A document, unless one of the diagnostics is an error. */
function parsed(document: ParsedDocument, diagnostics: Diagnostic[]): Parsed {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return { ok: true, document, warnings: diagnostics }
  return { ok: false, document: null, diagnostics: withPlaceholders(document.source, errors) }
}

// oxlint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/

function refuseText(source: Source): Diagnostic | null {
  if (source.text.length > DOCUMENT_LENGTH_MAX) {
    const message = `the document is too long: at most ${DOCUMENT_LENGTH_MAX} characters, found ${source.text.length}`
    return refuse(
      { file: source.file, text: '' },
      0,
      'DOCUMENT_TOO_LARGE',
      message,
      'split it into several documents',
    )
  }
  const control = CONTROL.exec(source.text)
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    const message = `a control character (U+${code}) stands in the document, where only text may`
    return refuse(
      source,
      control.index,
      'CONTROL_CHARACTER',
      message,
      'remove it, or write it as an escape in double quotes',
    )
  }
  if (source.text.trim() === '') {
    return refuse(
      source,
      0,
      'DOCUMENT_EMPTY',
      'the document is empty: expected a mapping with the key "integration"',
      'see the quick start in the README for a first document',
    )
  }
  return null
}

function refuse(
  source: Source,
  at: number,
  code: DiagnosticCode,
  message: string,
  remedy: string,
): Diagnostic {
  return diagnosticAt(source, { start: at, end: at + 1 }, { code, message, remedy })
}

function tooDeepAt(source: Source, at: number): Diagnostic {
  const message = `the document is nested too deep: at most ${NESTING_MAX} levels of lists and mappings`
  return refuse(
    source,
    at,
    'NESTING_TOO_DEEP',
    message,
    'flatten it, or close the brackets that were left open',
  )
}

function parseYaml(source: Source, json: string | null): Parsed {
  const refusals = refuseYaml(source, json)
  if (refusals.length > 0) return { ok: false, document: null, diagnostics: refusals }
  let yaml: Document.Parsed
  try {
    // Our own check of duplicates is linear; the package's is not. Tags beyond the core schema would make other values.
    yaml = parseDocument(source.text, {
      uniqueKeys: false,
      resolveKnownTags: false,
      prettyErrors: false,
      strict: true,
      version: '1.2',
    })
  } catch (error) {
    const message = `the document cannot be read: ${error instanceof Error ? error.message : 'unknown reason'}`
    const diagnostic = refuse(source, 0, 'SYNTAX_INVALID', message, 'check its YAML')
    return { ok: false, document: null, diagnostics: [diagnostic] }
  }
  const diagnostics = syntaxDiagnostics(source, yaml)
  if (diagnostics.length > 0) return { ok: false, document: null, diagnostics }
  const reader = new YamlReader(source, yaml)
  const value = reader.read()
  const document: ParsedDocument = { source, value, locate: (path, part) => reader.locate(path, part) }
  return parsed(document, [...reader.diagnostics, ...reader.warnings])
}

function syntaxDiagnostics(source: Source, yaml: Document.Parsed): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const errors = yaml.errors.slice(0, PROBLEMS_MAX)
  for (const { code, pos, message } of errors) {
    if (code === 'RESOURCE_EXHAUSTION') return [tooDeepAt(source, pos[0])]
    const remedy =
      code === 'MULTIPLE_DOCS' ? 'keep one document a file' : 'check quotes, brackets and indentation here'
    const said = `not valid YAML: ${firstLine(message)}`
    diagnostics.push(diagnosticAt(source, span(pos), { code: 'SYNTAX_INVALID', message: said, remedy }))
  }
  for (const { code, pos, message } of yaml.warnings.slice(0, PROBLEMS_MAX)) {
    const range = span(pos)
    const said =
      code === 'TAG_RESOLVE_FAILED'
        ? tagRefused(source.text.slice(range.start, range.end))
        : { code: 'SYNTAX_INVALID' as const, message: firstLine(message), remedy: 'write it in quotes' }
    diagnostics.push(diagnosticAt(source, range, said))
  }
  return withPlaceholders(source, diagnostics)
}

// What is left of a template breaks its YAML in many ways, so the placeholders come first.
function withPlaceholders(source: Source, diagnostics: Diagnostic[]): Diagnostic[] {
  if (diagnostics.length === 0) return diagnostics
  const left = [...placeholdersInText(source.text)].map(([placeholder, at]) =>
    diagnosticAt(source, span([at, at + placeholder.length]), {
      code: 'PLACEHOLDER_LEFT',
      ...placeholderMessage(placeholder),
    }),
  )
  return [...left, ...diagnostics]
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function span(pos: readonly [number, number]): Range {
  return { start: pos[0], end: Math.max(pos[1], pos[0] + 1) }
}

interface Task {
  readonly node: unknown
  readonly depth: number
  /** Whether an alias leads here. */
  readonly aliased: boolean
  readonly put: (value: unknown) => void
}

const REFUSED = Symbol('refused')
const BOMB = Symbol('bomb')

function inside(task: Task, node: unknown, put: (value: unknown) => void): Task {
  return { node, depth: task.depth + 1, aliased: task.aliased || isAlias(task.node), put }
}

/** Turns the package's nodes into plain values, without recursion, and remembers nothing but the nodes. */
class YamlReader {
  readonly diagnostics: Diagnostic[] = []
  readonly warnings: Diagnostic[] = []
  readonly #source: Source
  readonly #yaml: Document.Parsed
  readonly #anchors = new Map<string, Node>()
  #aliased = 0

  constructor(source: Source, yaml: Document.Parsed) {
    this.#source = source
    this.#yaml = yaml
  }

  read(): unknown {
    let result: unknown = null
    const tasks: Task[] = [
      { node: this.#yaml.contents, depth: 0, aliased: false, put: (value) => (result = value) },
    ]
    while (tasks.length > 0 && this.diagnostics.length < PROBLEMS_MAX) {
      const task = tasks.pop()!
      const node = this.#resolve(task)
      if (node === REFUSED) continue
      if (node === BOMB) return null
      if (isScalar(node) || isSeq(node) || isMap(node)) if (node.anchor) this.#anchors.set(node.anchor, node)
      if (isSeq(node)) {
        const list: unknown[] = Array.from({ length: node.items.length }, () => null)
        task.put(list)
        for (let i = list.length - 1; i >= 0; i--) {
          tasks.push(inside(task, node.items[i], (value) => (list[i] = value)))
        }
      } else if (isMap(node)) {
        const map: Record<string, unknown> = {}
        task.put(map)
        const entries = this.#entries(node)
        for (const [key] of entries) map[key] = null
        for (const [key, value] of entries.toReversed()) {
          tasks.push(inside(task, value, (found) => (map[key] = found)))
        }
      } else task.put(this.#scalar(node))
    }
    return result
  }

  #resolve({ node, depth, aliased }: Task): unknown {
    const target = isAlias(node) ? this.#anchors.get(node.source) : node
    if (isAlias(node) && !target) {
      const message = `the alias *${printable(node.source, 40)} names no anchor above it`
      this.#refuse(node, 'SYNTAX_INVALID', message, 'define the anchor first')
      return REFUSED
    }
    if ((aliased || isAlias(node)) && ++this.#aliased > ALIASED_VALUES_MAX) {
      const message = `the document's aliases repeat more than ${ALIASED_VALUES_MAX} values`
      this.#refuse(node, 'ALIAS_LIMIT', message, 'write the values out, or repeat less')
      return BOMB
    }
    if (depth > NESTING_MAX) {
      this.diagnostics.push(tooDeepAt(this.#source, rangeOfNode(target).start))
      return BOMB
    }
    return target
  }

  #entries(map: YAMLMap): [string, unknown][] {
    const entries: [string, unknown][] = []
    const seen = new Set<string>()
    for (const pair of map.items) {
      const key = keyText(pair.key)
      if (key === null) {
        this.#refuse(
          pair.key,
          'KEY_INVALID',
          'a key must be plain text, found a list or a mapping',
          'put the key in quotes',
        )
      } else if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        this.#refuse(
          pair.key,
          'MERGE_KEY',
          'merge keys (<<) are not supported',
          'write the keys out, or share a whole value with an anchor and an alias',
        )
      } else if (key === '__proto__') {
        this.#refuse(pair.key, 'KEY_INVALID', 'the key "__proto__" is not allowed', 'choose another name')
      } else if (seen.has(key)) {
        this.#refuse(
          pair.key,
          'KEY_DUPLICATE',
          `the key ${shown(key)} is given twice in one mapping`,
          'keep one of them',
        )
      } else {
        seen.add(key)
        entries.push([key, pair.value])
      }
      if (this.diagnostics.length >= PROBLEMS_MAX) break
    }
    return entries
  }

  #scalar(node: unknown): unknown {
    if (!isScalar(node)) return null
    const { value } = node
    const change = typeof value === 'number' ? numberChange(node.source ?? String(value)) : null
    if (change) {
      const into = change.severity === 'error' ? this.diagnostics : this.warnings
      if (into.length < PROBLEMS_MAX) into.push(diagnosticAt(this.#source, rangeOfNode(node), change))
    }
    return value ?? null
  }

  #refuse(node: unknown, code: DiagnosticCode, message: string, remedy: string): void {
    this.diagnostics.push(diagnosticAt(this.#source, rangeOfNode(node), { code, message, remedy }))
  }

  locate(path: Path, part: Part): Range {
    let node: unknown = this.#yaml.contents
    let range = rangeOfNode(node)
    for (const [depth, step] of path.entries()) {
      const target = isAlias(node) ? this.#anchors.get(node.source) : node
      if (isSeq(target) && typeof step === 'number' && step < target.items.length) node = target.items[step]
      else {
        const pair = isMap(target)
          ? target.items.find((item) => keyText(item.key) === String(step))
          : undefined
        if (!pair) return range
        const ofKey = rangeOfNode(pair.key)
        if (part === 'key' && depth === path.length - 1) return ofKey
        node = pair.value
        if (!node || (isScalar(node) && node.range?.[0] === node.range?.[1])) range = ofKey
        else range = rangeOfNode(node)
        continue
      }
      range = rangeOfNode(node)
    }
    return range
  }
}

/** A key's text. `{module1}` without quotes is a mapping to YAML; it is given back as the placeholder that it is. */
function keyText(key: unknown): string | null {
  if (isScalar(key)) {
    if (key.value === null) return key.source === '' || key.source === undefined ? '' : key.source
    return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
  }
  return key === null ? '' : rawPlaceholder(key)
}

function rangeOfNode(node: unknown): Range {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : null
  return range ? { start: range[0], end: Math.max(range[1], range[0] + 1) } : { start: 0, end: 1 }
}
