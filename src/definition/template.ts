// Values with `${{ expressions }}` inside: found, compiled, and put together again with what the expressions yield.
// A text that is one expression keeps the expression's type; an embedded one becomes text. What the names mean is
// check.ts's to judge. Recursion follows the nesting of a document, which parse.ts bounds.
import { SagachartError } from '../errors.ts'
import { printable } from './diagnostic.ts'
import { compileExpression } from './expression.ts'
import type { Expression, Reference } from './expression.ts'
import type { Budget, Computed, DataScope } from './model.ts'
import { newBudget } from './operators.ts'
import type { Path } from './source.ts'

/** An expression that a value holds, with where and how it was written. */
export interface Found {
  readonly path: Path
  readonly source: string
  readonly references: readonly Reference[]
}

/** An expression that could not be read. */
export interface Broken {
  readonly path: Path
  readonly source: string
  readonly message: string
}

/** A value that was looked through for expressions. */
export interface Template {
  readonly computed: Computed
  readonly found: readonly Found[]
  readonly broken: readonly Broken[]
}

type Piece =
  | { readonly kind: 'static'; readonly value: unknown }
  | { readonly kind: 'whole'; readonly expression: Expression }
  | { readonly kind: 'text'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'list'; readonly items: readonly Piece[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Piece])[] }

/** Longest text that embedded expressions may grow to, in characters. */
export const TEMPLATE_TEXT_MAX = 1_000_000

/** Reads expressions, each text once. */
export class Compiler {
  readonly #known = new Map<string, Expression | string>()

  /** An expression, or what is wrong with it. */
  expression(text: string): Expression | string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    let result: Expression | string
    try {
      result = compileExpression(text)
    } catch (error) {
      if (!(error instanceof SagachartError)) throw error
      result = error.message
    }
    this.#known.set(text, result)
    return result
  }
}

/**
 * Looks a value through for expressions.
 * @param shorthand the step that a text such as `extract_output` stands for, or `null`
 */
export function readTemplate(
  value: unknown,
  path: Path,
  compiler: Compiler,
  shorthand: (text: string, path: Path) => string | null = () => null,
): Template {
  const found: Found[] = []
  const broken: Broken[] = []
  const compile = (source: string, at: Path): Expression | null => {
    const expression = compiler.expression(source.trim())
    if (typeof expression !== 'string') {
      found.push({ path: at, source: source.trim(), references: expression.references })
      return expression
    }
    broken.push({ path: at, source: source.trim(), message: expression })
    return null
  }
  const textPiece = (text: string, at: Path): Piece => {
    const step = shorthand(text, at)
    if (step !== null) {
      const whole = compiler.expression(`steps[${JSON.stringify(step)}].output`)
      if (typeof whole !== 'string') return { kind: 'whole', expression: whole }
    }
    if (!text.includes('${{')) return { kind: 'static', value: text }
    const parts: (string | Expression)[] = []
    for (const part of splitTemplate(text)) {
      if (typeof part === 'string') parts.push(part)
      else if (part.open)
        broken.push({
          path: at,
          source: '${{',
          message: 'the expression that starts with "${{" does not end with "}}"',
        })
      else {
        const expression = compile(part.source, at)
        if (expression) parts.push(expression)
      }
    }
    const solid = parts.filter((part) => typeof part !== 'string' || part.trim() !== '')
    const [only] = solid
    if (solid.length === 1 && only !== undefined && typeof only !== 'string')
      return { kind: 'whole', expression: only }
    return { kind: 'text', parts }
  }
  const visit = (part: unknown, at: Path): Piece => {
    if (typeof part === 'string') return textPiece(part, at)
    if (Array.isArray(part)) {
      const items = part.map((item, i) => visit(item, [...at, i]))
      return items.every(isStatic) ? { kind: 'static', value: part } : { kind: 'list', items }
    }
    if (typeof part !== 'object' || part === null) return { kind: 'static', value: part }
    const entries = Object.entries(part).map(([key, item]) => {
      if (key.includes('${{'))
        broken.push({ path: [...at, key], source: key, message: "a key can't hold an expression" })
      return [key, visit(item, [...at, key])] as const
    })
    return entries.every(([, piece]) => isStatic(piece))
      ? { kind: 'static', value: part }
      : { kind: 'map', entries }
  }
  return { computed: computedOf(visit(value, path), found), found, broken }
}

function isStatic(piece: Piece): boolean {
  return piece.kind === 'static'
}

function computedOf(piece: Piece, found: readonly Found[]): Computed {
  if (piece.kind === 'static') return { kind: 'value', value: piece.value }
  const references = new Set<string>()
  for (const { references: all } of found)
    for (const { root, name } of all) if (root === 'steps') references.add(name)
  collectSteps(piece, references)
  const [only] = found
  return {
    kind: 'expression',
    references: [...references],
    ...(piece.kind === 'whole' && only && { source: only.source }),
    written: () => ({ expressions: expressionsOf(piece), literals: literalsOf(piece) }),
    evaluate: (scope, budget = newBudget()) => fill(piece, scope, budget),
  }
}

function expressionsOf(piece: Piece): unknown {
  switch (piece.kind) {
    case 'static':
      return undefined
    case 'whole':
      return piece.expression.text
    case 'text':
      return piece.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.text]))
    case 'list':
      return piece.items.map((item) => expressionsOf(item) ?? null)
    case 'map':
      return Object.fromEntries(piece.entries.map(([key, item]) => [key, expressionsOf(item)]))
  }
}

function literalsOf(piece: Piece): unknown {
  switch (piece.kind) {
    case 'static':
      return piece.value
    case 'whole':
      return undefined
    case 'text':
      return piece.parts.filter((part) => typeof part === 'string')
    case 'list':
      return allOrNothing(piece.items.map(literalsOf))
    case 'map':
      return allOrNothing(Object.fromEntries(piece.entries.map(([key, item]) => [key, literalsOf(item)])))
  }
}

const allOrNothing = (parts: object) =>
  Object.values(parts).every((part) => part === undefined) ? undefined : parts

// The shorthand's references are in no list of found expressions.
function collectSteps(piece: Piece, into: Set<string>): void {
  if (piece.kind === 'whole') {
    for (const { root, name } of piece.expression.references) if (root === 'steps') into.add(name)
  } else if (piece.kind === 'list') for (const item of piece.items) collectSteps(item, into)
  else if (piece.kind === 'map') for (const [, item] of piece.entries) collectSteps(item, into)
}

function fill(piece: Piece, scope: DataScope, budget: Budget): unknown {
  switch (piece.kind) {
    case 'static':
      return piece.value
    case 'whole':
      return piece.expression.evaluate(scope, budget)
    case 'text':
      return fillText(piece.parts, scope, budget)
    case 'list':
      return piece.items.map((item) => fill(item, scope, budget))
    case 'map':
      return Object.fromEntries(piece.entries.map(([key, item]) => [key, fill(item, scope, budget)]))
  }
}

function fillText(parts: readonly (string | Expression)[], scope: DataScope, budget: Budget): string {
  let text = ''
  for (const part of parts) {
    text += typeof part === 'string' ? part : part.evaluateText(scope, budget)
    if (text.length > TEMPLATE_TEXT_MAX) {
      const message = `a text with expressions grows beyond ${TEMPLATE_TEXT_MAX} characters; it starts with "${printable(text, 60)}"`
      throw new SagachartError('EXPRESSION_FAILED', message, { retryable: false })
    }
  }
  return text
}

/** Text, and expressions between `${{` and `}}`. Braces and quotes inside an expression are skipped over. */
export function* splitTemplate(text: string): Generator<string | { source: string; open: boolean }> {
  let at = 0
  while (at < text.length) {
    const start = text.indexOf('${{', at)
    if (start < 0) {
      yield text.slice(at)
      return
    }
    if (start > at) yield text.slice(at, start)
    const end = expressionEnd(text, start + 3)
    if (end < 0) {
      yield { source: text.slice(start + 3), open: true }
      return
    }
    yield { source: text.slice(start + 3, end), open: false }
    at = end + 2
  }
}

function expressionEnd(text: string, from: number): number {
  let depth = 0
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const sign = text[at]!
    if (quote !== '') {
      if (sign === '\\') at++
      else if (sign === quote) quote = ''
    } else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '{') depth++
    else if (sign === '}') {
      if (depth === 0) return text[at + 1] === '}' ? at : -1
      depth--
    }
  }
  return -1
}
