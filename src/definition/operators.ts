// What CEL's operators, functions and methods do to plain JSON data, and how much work each is. It knows no tree and no
// scope: evaluate.ts walks those. Numbers: see evaluate.ts.
import { shownData } from './diagnostic.ts'
import type { Budget, DataScope } from './model.ts'

/** Most units of work of what is computed in one go. A unit takes about 0.1 µs: a node, an item, a key, or the characters below. */
export const WORK_MAX = 200_000
/** Most items that one comprehension goes over. */
export const LIST_ITEMS_MAX = 10_000
/** Longest text that an expression may build, in characters. */
export const TEXT_LENGTH_MAX = 1_000_000
/** Characters that a unit copies or compares. */
const COPIED_PER_UNIT = 64
/** Characters that a unit looks at one by one. */
const READ_PER_UNIT = 8
/** Pairs of characters that a unit compares where one text is looked for in another. */
const PAIRS_PER_UNIT = 128
/** Units for a list or mapping that is made. */
const KEEP_WORK = 3

/** Why an evaluation failed, in words. Turned into a `SagachartError` at the edge. */
export class ExpressionFault extends Error {
  /** A bound was overstepped: `||` and `&&` do not forgive it. */
  readonly final: boolean

  constructor(message: string, final = false) {
    // Nobody reads its stack, which costs as much as a hundred nodes.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.final = final
  }
}

/** A budget with nothing spent. */
export const newBudget = (): Budget => ({ work: 0, max: WORK_MAX })

/** One evaluation. */
export interface Run {
  readonly scope: DataScope
  readonly budget: Budget
  /** Lists and mappings that this evaluation made: only they can hold integers. */
  readonly fresh: Set<object>
  /** Variables of comprehensions, innermost last. */
  readonly variables: { readonly name: string; value: unknown }[]
}

/** Counts work. @throws ExpressionFault beyond the bound */
export function spend({ budget }: Run, units: number): void {
  budget.work += units
  if (budget.work > budget.max)
    throw new ExpressionFault(`it takes more than ${WORK_MAX} units of work`, true)
}

/** Ends an evaluation: something else was expected. */
export function fault(expected: string, found: unknown): never {
  throw new ExpressionFault(`expected ${expected}, found ${shownData(found)}`)
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The keys of a mapping. The engine lists them all, or none: they are charged afterwards. */
export function keysOf(run: Run, mapping: object): string[] {
  const keys = Object.keys(mapping)
  spend(run, keys.length)
  return keys
}

/** Counts the work of finding a key that is computed: it is hashed. */
export function spendOnKey(run: Run, key: string): void {
  spend(run, 1 + key.length / COPIED_PER_UNIT)
}

/** Marks a list or mapping as made by this evaluation. */
export function keep<T extends object>(run: Run, value: T): T {
  spend(run, KEEP_WORK)
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
  if (op === '<' || op === '<=' || op === '>' || op === '>=') return compare(run, op, a, b)
  if (op === '+' && typeof a === 'string' && typeof b === 'string')
    return text(run, a.length + b.length, () => a + b)
  if (op === '+' && Array.isArray(a) && Array.isArray(b)) {
    spend(run, a.length + b.length)
    return keep(run, [...(a as unknown[]), ...(b as unknown[])])
  }
  if (!isNumber(a) || !isNumber(b)) {
    const hint = typeof a === 'string' || typeof b === 'string' ? '; string(…) and double(…) convert' : ''
    throw new ExpressionFault(`"${op}" can't join ${shownData(a)} and ${shownData(b)}${hint}`)
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
  const result = computeNumber(op, exactNumber(a), exactNumber(b))
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

/** A whole number as a JavaScript number. @throws ExpressionFault where it would become another one */
export function exactNumber(value: number | bigint): number {
  const number = Number(value)
  if (typeof value === 'bigint' && !Number.isSafeInteger(number))
    throw new ExpressionFault(`${value} is beyond the whole numbers that JSON keeps exact`)
  return number
}

function compare(run: Run, op: string, a: unknown, b: unknown): boolean {
  const alike =
    (isNumber(a) && isNumber(b)) ||
    (typeof a === typeof b && (typeof a === 'string' || typeof a === 'boolean'))
  if (!alike) throw new ExpressionFault(`"${op}" can't compare ${shownData(a)} with ${shownData(b)}`)
  if (typeof a === 'string') spend(run, Math.min(a.length, (b as string).length) / COPIED_PER_UNIT)
  const [left, right] = [a as number, b as number]
  if (op === '<') return left < right
  if (op === '<=') return left <= right
  return op === '>' ? left > right : left >= right
}

function isIn(run: Run, value: unknown, where: unknown): boolean {
  if (Array.isArray(where)) return where.some((entry) => equal(run, value, entry))
  if (!isMapping(where)) return fault('a list or a mapping after "in"', where)
  if (typeof value !== 'string') return false
  spendOnKey(run, value)
  return Object.hasOwn(where, value)
}

function equal(run: Run, left: unknown, right: unknown): boolean {
  const open: [unknown, unknown][] = [[left, right]]
  while (open.length > 0) {
    const [a, b] = open.pop()!
    spend(run, typeof a === 'string' ? 1 + a.length / COPIED_PER_UNIT : 1)
    // oxlint-disable-next-line eqeqeq -- 1 and 1n alike
    if (a === b || (isNumber(a) && isNumber(b) && a == b)) continue
    if (Array.isArray(a) && Array.isArray(b)) {
      if (a.length !== b.length) return false
      spend(run, a.length)
      a.forEach((entry, i) => open.push([entry, b[i]]))
    } else if (isMapping(a) && isMapping(b)) {
      const keys = keysOf(run, a)
      if (keys.length !== keysOf(run, b).length || !keys.every((key) => Object.hasOwn(b, key))) return false
      for (const key of keys) open.push([a[key], b[key]])
    } else return false
  }
  return true
}

function text(run: Run, length: number, build: () => string): string {
  if (length > TEXT_LENGTH_MAX)
    throw new ExpressionFault(`it builds a text of more than ${TEXT_LENGTH_MAX} characters`, true)
  spend(run, 1 + length / COPIED_PER_UNIT)
  return build()
}

/** A value as it goes into a text. */
export function asText(run: Run, value: unknown): string {
  if (value === null || value === undefined) return ''
  const open: unknown[] = [value]
  while (open.length > 0) {
    const part = open.pop()
    spend(run, typeof part === 'string' ? 1 + part.length / READ_PER_UNIT : 1)
    if (Array.isArray(part)) {
      spend(run, part.length)
      for (const entry of part as unknown[]) open.push(entry)
    } else if (isMapping(part)) for (const key of keysOf(run, part)) open.push(part[key])
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function size(run: Run, value: unknown): bigint {
  if (typeof value === 'string') return BigInt(codePoints(run, value))
  if (Array.isArray(value)) return BigInt(value.length)
  if (isMapping(value)) return BigInt(keysOf(run, value).length)
  return fault('text, a list or a mapping in size(…)', value)
}

function codePoints(run: Run, value: string): number {
  spend(run, value.length / READ_PER_UNIT)
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

function toDouble(run: Run, value: unknown): number {
  if (typeof value === 'string') spend(run, value.length / READ_PER_UNIT)
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
  ['size', size],
  ['int', (_run: Run, value: unknown) => toInt(value)],
  ['double', toDouble],
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
      return compute(receiver, args, run)
    },
  }
}

/** The text that another is searched for. The search is charged at its worst: every pair of their characters is compared. */
function needleOf(run: Run, text: string, value: unknown): string {
  const needle = textArgument(value)
  spend(run, text.length / READ_PER_UNIT + (text.length * needle.length) / PAIRS_PER_UNIT)
  return needle
}

/** The text that the start or the end of another is compared with. The comparison is charged. */
function affixOf(run: Run, value: unknown): string {
  const part = textArgument(value)
  spend(run, part.length / READ_PER_UNIT)
  return part
}

const BEYOND_ASCII = /[\u0080-\uffff]/

/** Changes letters of ASCII only. A text that has others as well costs a call for each character. */
function changeCase(run: Run, text: string, letters: RegExp, change: (part: string) => string): string {
  spend(run, text.length / READ_PER_UNIT)
  if (!BEYOND_ASCII.test(text)) return change(text)
  spend(run, 2 * text.length)
  return text.replace(letters, change)
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
  const separator = needleOf(run, receiver, args[0])
  const limit = args[1] === undefined ? LIST_ITEMS_MAX + 1 : indexArgument(args[1], LIST_ITEMS_MAX, 0)
  const parts = receiver.split(separator, LIST_ITEMS_MAX + 1)
  if (parts.length > LIST_ITEMS_MAX)
    throw new ExpressionFault(`it splits a text into more than ${LIST_ITEMS_MAX} parts`, true)
  spend(run, 2 * parts.length)
  if (parts.length <= limit) return keep(run, parts)
  const rest = limit === 0 ? [] : [parts.slice(limit - 1).join(separator)]
  return keep(run, [...parts.slice(0, Math.max(0, limit - 1)), ...rest])
}

function join(run: Run, receiver: unknown, args: readonly unknown[]): string {
  if (!Array.isArray(receiver)) return fault('a list before .join()', receiver)
  const separator = args[0] === undefined ? '' : textArgument(args[0])
  spend(run, receiver.length)
  let length = 0
  for (const part of receiver as unknown[]) {
    if (typeof part !== 'string') return fault('a list of texts before .join()', part)
    length += part.length + separator.length
  }
  return text(run, length, () => receiver.join(separator))
}

/** Methods, beside the comprehensions. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['size', { arities: [0], run: size }],
  ['contains', onText([1], (s, [part], run) => s.includes(needleOf(run, s, part)))],
  ['startsWith', onText([1], (s, [part], run) => s.startsWith(affixOf(run, part)))],
  ['endsWith', onText([1], (s, [part], run) => s.endsWith(affixOf(run, part)))],
  ['lowerAscii', onText([0], (s, _, run) => changeCase(run, s, /[A-Z]/g, (part) => part.toLowerCase()))],
  ['upperAscii', onText([0], (s, _, run) => changeCase(run, s, /[a-z]/g, (part) => part.toUpperCase()))],
  ['trim', onText([0], (s, _, run) => (spend(run, s.length / READ_PER_UNIT), s.trim()))],
  [
    'indexOf',
    onText([1, 2], (s, [part, from], run) =>
      BigInt(s.indexOf(needleOf(run, s, part), indexArgument(from, s.length, 0))),
    ),
  ],
  [
    'lastIndexOf',
    onText([1, 2], (s, [part, from], run) =>
      BigInt(s.lastIndexOf(needleOf(run, s, part), indexArgument(from, s.length, s.length))),
    ),
  ],
  [
    'substring',
    onText([1, 2], (s, [from, to], run) => {
      const part = s.substring(indexArgument(from, s.length, 0), indexArgument(to, s.length, s.length))
      spend(run, part.length / COPIED_PER_UNIT)
      return part
    }),
  ],
  ['split', onText([1, 2], split)],
  ['join', { arities: [0, 1], run: join }],
])
