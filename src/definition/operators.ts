// What CEL's operators, functions and methods do to plain JSON data, and how much work each is. It knows no tree and no
// scope: evaluate.ts walks those. Numbers: see evaluate.ts.
import { shown } from './diagnostic.ts'
import type { DataScope } from './model.ts'

/** Most units of work of one evaluation; a unit is about a node, an item, or a few dozen characters. */
export const WORK_MAX = 1_000_000
/** Most items that one comprehension goes over. */
export const LIST_ITEMS_MAX = 10_000
/** Longest text that an expression may build, in characters. */
export const TEXT_LENGTH_MAX = 1_000_000
/** Why an evaluation failed, in words. Turned into a `SagachartError` at the edge. */
export class ExpressionFault extends Error {
  /** A bound was overstepped: `||` and `&&` do not forgive it. */
  readonly final: boolean

  constructor(message: string, final = false) {
    super(message)
    this.final = final
  }
}

/** One evaluation. */
export interface Run {
  readonly scope: DataScope
  work: number
  /** Lists and mappings that this evaluation made: only they can hold integers. */
  readonly fresh: Set<object>
  /** Variables of comprehensions, innermost last. */
  readonly variables: { readonly name: string; readonly value: unknown }[]
}

/** Counts work. @throws ExpressionFault beyond the bound */
export function spend(run: Run, units: number): void {
  run.work += units
  if (run.work > WORK_MAX) throw new ExpressionFault(`it takes more than ${WORK_MAX} units of work`, true)
}

/** Ends an evaluation: something else was expected. */
export function fault(expected: string, found: unknown): never {
  throw new ExpressionFault(`expected ${expected}, found ${shown(found)}`)
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Marks a list or mapping as made by this evaluation. */
export function keep<T extends object>(run: Run, value: T): T {
  run.fresh.add(value)
  return value
}

const INT_MAX = 2n ** 63n - 1n

/** The number with the other sign. */
export function negated(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return -value
  return fault('a number after "-"', value)
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Computes an operator of two sides. */
export function binary(run: Run, op: string, a: unknown, b: unknown): unknown {
  if (op === '==') return equal(run, a, b)
  if (op === '!=') return !equal(run, a, b)
  if (op === 'in') return isIn(run, a, b)
  if (op === '<' || op === '<=' || op === '>' || op === '>=') return compare(op, a, b)
  if (op === '+' && typeof a === 'string' && typeof b === 'string')
    return text(run, a.length + b.length, () => a + b)
  if (op === '+' && Array.isArray(a) && Array.isArray(b)) {
    spend(run, a.length + b.length)
    return keep(run, [...(a as unknown[]), ...(b as unknown[])])
  }
  if (!isNumber(a) || !isNumber(b)) {
    const hint = typeof a === 'string' || typeof b === 'string' ? '; string(…) and double(…) convert' : ''
    throw new ExpressionFault(`"${op}" can't join ${shown(a)} and ${shown(b)}${hint}`)
  }
  return arithmetic(op, a, b)
}

function arithmetic(op: string, a: number | bigint, b: number | bigint): number | bigint {
  // oxlint-disable-next-line eqeqeq -- 0 and 0n alike
  if ((op === '/' || op === '%') && b == 0) throw new ExpressionFault('division by zero')
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    const whole = compute(op, a, b)
    if (whole > INT_MAX || whole < -INT_MAX - 1n) throw new ExpressionFault('the result is beyond 64 bits')
    return whole
  }
  const result = computeNumber(op, Number(a), Number(b))
  if (!Number.isFinite(result)) throw new ExpressionFault('the result is no finite number')
  return result
}

function compute(op: string, a: bigint, b: bigint): bigint {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  return op === '/' ? a / b : a % b
}

function computeNumber(op: string, a: number, b: number): number {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  return op === '/' ? a / b : a % b
}

function compare(op: string, a: unknown, b: unknown): boolean {
  const alike =
    (isNumber(a) && isNumber(b)) ||
    (typeof a === typeof b && (typeof a === 'string' || typeof a === 'boolean'))
  if (!alike) throw new ExpressionFault(`"${op}" can't compare ${shown(a)} with ${shown(b)}`)
  const [left, right] = [a as number, b as number]
  if (op === '<') return left < right
  if (op === '<=') return left <= right
  return op === '>' ? left > right : left >= right
}

function isIn(run: Run, value: unknown, where: unknown): boolean {
  if (Array.isArray(where)) return where.some((entry) => equal(run, value, entry))
  if (isMapping(where)) return typeof value === 'string' && Object.hasOwn(where, value)
  return fault('a list or a mapping after "in"', where)
}

function equal(run: Run, left: unknown, right: unknown): boolean {
  const open: [unknown, unknown][] = [[left, right]]
  while (open.length > 0) {
    const [a, b] = open.pop()!
    spend(run, typeof a === 'string' ? 1 + a.length / 64 : 1)
    // oxlint-disable-next-line eqeqeq -- 1 and 1n alike
    if (a === b || (isNumber(a) && isNumber(b) && a == b)) continue
    if (Array.isArray(a) && Array.isArray(b)) {
      if (a.length !== b.length) return false
      spend(run, a.length)
      a.forEach((entry, i) => open.push([entry, b[i]]))
    } else if (isMapping(a) && isMapping(b)) {
      const keys = Object.keys(a)
      spend(run, keys.length)
      if (keys.length !== Object.keys(b).length || !keys.every((key) => Object.hasOwn(b, key))) return false
      for (const key of keys) open.push([a[key], b[key]])
    } else return false
  }
  return true
}

function text(run: Run, length: number, build: () => string): string {
  if (length > TEXT_LENGTH_MAX)
    throw new ExpressionFault(`it builds a text of more than ${TEXT_LENGTH_MAX} characters`, true)
  spend(run, 1 + length / 32)
  return build()
}

function size(value: unknown): bigint {
  if (typeof value === 'string') return BigInt(codePoints(value))
  if (Array.isArray(value)) return BigInt(value.length)
  if (isMapping(value)) return BigInt(Object.keys(value).length)
  return fault('text, a list or a mapping in size(…)', value)
}

function codePoints(value: string): number {
  let count = 0
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at)
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

function toInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  if (typeof value === 'string' && /^-?\d{1,18}$/.test(value)) return BigInt(value)
  return fault('a whole number in int(…)', value)
}

function toDouble(value: unknown): number {
  const number =
    isNumber(value) || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : fault('a number in double(…)', value)
}

function toText(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || isNumber(value)) return String(value)
  return fault('text, a number, true or false in string(…)', value)
}

function toBool(value: unknown): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  return fault('true or false in bool(…)', value)
}

/** Functions of one argument. */
export const FUNCTIONS: ReadonlyMap<string, (run: Run, value: unknown) => unknown> = new Map([
  [
    'size',
    (run: Run, value: unknown) => (
      spend(run, typeof value === 'string' ? value.length / 32 : 1),
      size(value)
    ),
  ],
  ['int', (_run: Run, value: unknown) => toInt(value)],
  ['double', (_run: Run, value: unknown) => toDouble(value)],
  ['string', (_run: Run, value: unknown) => toText(value)],
  ['bool', (_run: Run, value: unknown) => toBool(value)],
  ['dyn', (_run: Run, value: unknown) => value],
])

interface Method {
  readonly arities: readonly number[]
  run(run: Run, receiver: unknown, args: readonly unknown[], name: string): unknown
}

function onText(
  arities: readonly number[],
  compute: (receiver: string, args: readonly unknown[], run: Run) => unknown,
): Method {
  return {
    arities,
    run(run, receiver, args, name) {
      if (typeof receiver !== 'string') return fault(`text before .${name}()`, receiver)
      spend(run, 1 + receiver.length / 16)
      return compute(receiver, args, run)
    },
  }
}

function textArgument(value: unknown): string {
  return typeof value === 'string' ? value : fault('text as an argument', value)
}

function indexArgument(value: unknown, length: number, otherwise: number): number {
  if (value === undefined) return otherwise
  const index = isNumber(value) ? Number(value) : Number.NaN
  if (!Number.isInteger(index) || index < 0 || index > length)
    return fault(`a whole number from 0 to ${length}`, value)
  return index
}

function split(receiver: string, args: readonly unknown[], run: Run): unknown {
  const separator = textArgument(args[0])
  const limit = args[1] === undefined ? LIST_ITEMS_MAX + 1 : indexArgument(args[1], LIST_ITEMS_MAX, 0)
  const parts = receiver.split(separator, LIST_ITEMS_MAX + 1)
  if (parts.length > LIST_ITEMS_MAX)
    throw new ExpressionFault(`it splits a text into more than ${LIST_ITEMS_MAX} parts`, true)
  spend(run, parts.length)
  if (parts.length <= limit) return keep(run, parts)
  const rest = limit === 0 ? [] : [parts.slice(limit - 1).join(separator)]
  return keep(run, [...parts.slice(0, Math.max(0, limit - 1)), ...rest])
}

function join(run: Run, receiver: unknown, args: readonly unknown[]): string {
  if (!Array.isArray(receiver)) return fault('a list before .join()', receiver)
  const separator = args[0] === undefined ? '' : textArgument(args[0])
  let length = 0
  for (const part of receiver as unknown[]) {
    if (typeof part !== 'string') return fault('a list of texts before .join()', part)
    length += part.length + separator.length
  }
  spend(run, receiver.length)
  return text(run, length, () => receiver.join(separator))
}

/** Methods, beside the comprehensions. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['size', { arities: [0], run: (_run, receiver) => size(receiver) }],
  ['contains', onText([1], (s, args) => s.includes(textArgument(args[0])))],
  ['startsWith', onText([1], (s, args) => s.startsWith(textArgument(args[0])))],
  ['endsWith', onText([1], (s, args) => s.endsWith(textArgument(args[0])))],
  ['lowerAscii', onText([0], (s) => s.replace(/[A-Z]/g, (sign) => sign.toLowerCase()))],
  ['upperAscii', onText([0], (s) => s.replace(/[a-z]/g, (sign) => sign.toUpperCase()))],
  ['trim', onText([0], (s) => s.trim())],
  [
    'indexOf',
    onText([1, 2], (s, args) =>
      BigInt(s.indexOf(textArgument(args[0]), indexArgument(args[1], s.length, 0))),
    ),
  ],
  [
    'lastIndexOf',
    onText([1, 2], (s, args) =>
      BigInt(s.lastIndexOf(textArgument(args[0]), indexArgument(args[1], s.length, s.length))),
    ),
  ],
  [
    'substring',
    onText([1, 2], (s, args) =>
      s.substring(indexArgument(args[0], s.length, 0), indexArgument(args[1], s.length, s.length)),
    ),
  ],
  ['split', onText([1, 2], split)],
  ['join', { arities: [0, 1], run: join }],
])
