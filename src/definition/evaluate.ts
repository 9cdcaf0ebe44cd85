// Computes a CEL tree over plain JSON data. Whole numbers that the expression itself writes are exact integers (7 / 2 is
// 3, as in CEL); numbers from data are JavaScript numbers (x / 2 is 3.5 for 7), and the two mix freely. Every evaluation
// ends: work, lists and texts are bounded. Nothing here runs a user's code or looks past own properties.
import type { ASTNode } from '@marcbachmann/cel-js'
import { listed, printable, shown } from './diagnostic.ts'
import type { DataScope } from './model.ts'

/** Most units of work of one evaluation; a unit is about a node, an item, or a few dozen characters. */
export const WORK_MAX = 1_000_000
/** Most items that one comprehension goes over. */
export const LIST_ITEMS_MAX = 10_000
/** Longest text that an expression may build, in characters. */
export const TEXT_LENGTH_MAX = 1_000_000
/** Most values that an expression's result may hold of its own making. */
export const RESULT_VALUES_MAX = 100_000

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

function spend(run: Run, units: number): void {
  run.work += units
  if (run.work > WORK_MAX) throw new ExpressionFault(`it takes more than ${WORK_MAX} units of work`, true)
}

function fault(expected: string, found: unknown): never {
  throw new ExpressionFault(`expected ${expected}, found ${shown(found)}`)
}

/** Computes a node. Recursion is bounded by the tree's size, which the parser bounds. */
export function evaluateNode(run: Run, node: ASTNode): unknown {
  spend(run, 1)
  switch (node.op) {
    case 'value':
      return node.args
    case 'id':
      return variable(run, node.args)
    case '.':
      return field(run, evaluateNode(run, node.args[0]), node.args[1], node.args[0])
    case '[]':
      return item(run, node)
    case 'call':
      return call(run, node.args[0], node.args[1])
    case 'rcall':
      return method(run, node.args)
    case 'list':
      return keep(
        run,
        node.args.map((part) => evaluateNode(run, part)),
      )
    case 'map':
      return literalMap(run, node.args)
    case '?:':
      return evaluateNode(run, truth(run, node.args[0], 'before "?"') ? node.args[1] : node.args[2])
    case '||':
      return either(run, node.args, true)
    case '&&':
      return either(run, node.args, false)
    case '!_':
      return !truth(run, node.args, 'after "!"')
    case '-_':
      return negated(evaluateNode(run, node.args))
    case '.?':
    case '[?]':
      throw new ExpressionFault('optional fields are not supported')
    default:
      return binary(run, node.op, evaluateNode(run, node.args[0]), evaluateNode(run, node.args[1]))
  }
}

function variable(run: Run, name: string): unknown {
  const bound = run.variables.findLast((entry) => entry.name === name)
  if (bound) return bound.value
  return run.scope[name as keyof DataScope]
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function field(run: Run, base: unknown, name: string, from: ASTNode): unknown {
  const where = printable(from.input.slice(from.start, from.end), 60)
  if (base === run.scope.steps) {
    const step = run.scope.steps[name]
    if (step === undefined) throw new ExpressionFault(`the step ${shown(name)} is not in scope`)
    return step
  }
  if (!isMapping(base)) {
    const why = base === null && /^steps\b/.test(where) ? '; an output is null unless the step succeeded' : ''
    throw new ExpressionFault(`${where} is ${shown(base)}, which has no field ${shown(name)}${why}`)
  }
  if (Object.hasOwn(base, name)) {
    const value = base[name]
    if (value !== undefined) return value
  }
  const unset =
    base === run.scope.env ? ': the environment variable is not set' : `: it has ${listed(Object.keys(base))}`
  throw new ExpressionFault(`${where} has no field ${shown(name)}${unset}`)
}

function item(run: Run, node: ASTNode & { op: '[]' }): unknown {
  const base = evaluateNode(run, node.args[0])
  const key = evaluateNode(run, node.args[1])
  if (!Array.isArray(base)) {
    if (typeof key !== 'string') return fault('text between "[" and "]" of a mapping', key)
    return field(run, base, key, node.args[0])
  }
  if (typeof key !== 'bigint' && typeof key !== 'number')
    return fault('a number between "[" and "]" of a list', key)
  const index = Number(key)
  if (!Number.isInteger(index) || index < 0 || index >= base.length) {
    throw new ExpressionFault(`a list of ${base.length} has no item ${index}`)
  }
  return base[index]
}

function literalMap(run: Run, entries: readonly (readonly [ASTNode, ASTNode])[]): unknown {
  const map: Record<string, unknown> = {}
  for (const [keyNode, valueNode] of entries) {
    const key = evaluateNode(run, keyNode)
    if (typeof key !== 'string' || key === '__proto__') return fault('text as the key of a mapping', key)
    if (Object.hasOwn(map, key)) throw new ExpressionFault(`the key ${shown(key)} is given twice`)
    map[key] = evaluateNode(run, valueNode)
  }
  return keep(run, map)
}

function keep<T extends object>(run: Run, value: T): T {
  run.fresh.add(value)
  return value
}

function truth(run: Run, node: ASTNode, where: string): boolean {
  const value = evaluateNode(run, node)
  if (typeof value !== 'boolean')
    throw new ExpressionFault(`expected true or false ${where}, found ${shown(value)}`)
  return value
}

// As in CEL, a side that decides makes up for the other side's failure.
function either(run: Run, sides: readonly [ASTNode, ASTNode], decisive: boolean): boolean {
  const where = decisive ? 'beside "||"' : 'beside "&&"'
  let left: boolean | ExpressionFault
  try {
    left = truth(run, sides[0], where)
  } catch (error) {
    if (!(error instanceof ExpressionFault) || error.final) throw error
    left = error
  }
  if (left === decisive) return decisive
  const right = truth(run, sides[1], where)
  if (right === decisive || typeof left === 'boolean') return right
  throw left
}

const INT_MAX = 2n ** 63n - 1n

function negated(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return -value
  return fault('a number after "-"', value)
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function binary(run: Run, op: string, a: unknown, b: unknown): unknown {
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

function call(run: Run, name: string, args: readonly ASTNode[]): unknown {
  const [arg] = args
  if (!arg) return fault('an argument', undefined)
  if (name !== 'has') return FUNCTIONS.get(name)!(run, evaluateNode(run, arg))
  if (arg.op !== '.') return fault('a field in has(…)', undefined)
  const base = evaluateNode(run, arg.args[0])
  if (base === run.scope.steps) return run.scope.steps[arg.args[1]] !== undefined
  if (!isMapping(base)) return field(run, base, arg.args[1], arg.args[0]) !== undefined
  return Object.hasOwn(base, arg.args[1]) && base[arg.args[1]] !== undefined
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

function method(run: Run, parts: readonly [string, ASTNode, ASTNode[]]): unknown {
  const [name, receiverNode, args] = parts
  const receiver = evaluateNode(run, receiverNode)
  const plain = METHODS.get(name)
  if (!plain) return comprehension(run, name, receiver, args)
  return plain.run(
    run,
    receiver,
    args.map((arg) => evaluateNode(run, arg)),
    name,
  )
}

function comprehension(run: Run, name: string, receiver: unknown, args: readonly ASTNode[]): unknown {
  const items: unknown = isMapping(receiver) ? Object.keys(receiver) : receiver
  if (!Array.isArray(items)) return fault(`a list or a mapping before .${name}()`, receiver)
  if (items.length > LIST_ITEMS_MAX) {
    throw new ExpressionFault(
      `.${name}() goes over at most ${LIST_ITEMS_MAX} items, found ${items.length}`,
      true,
    )
  }
  const [variableNode, first, second] = args
  if (variableNode?.op !== 'id' || !first) return fault(`arguments of .${name}()`, undefined)
  const within = <T>(value: unknown, body: () => T): T => {
    spend(run, 1)
    run.variables.push({ name: variableNode.args, value })
    try {
      return body()
    } finally {
      run.variables.pop()
    }
  }
  const test = (value: unknown): boolean => within(value, () => truth(run, first, `in .${name}()`))
  switch (name) {
    case 'map': {
      if (!second)
        return keep(
          run,
          items.map((value) => within(value, () => evaluateNode(run, first))),
        )
      return keep(
        run,
        items.filter(test).map((value) => within(value, () => evaluateNode(run, second))),
      )
    }
    case 'filter':
      return keep(run, items.filter(test))
    case 'exists_one':
      return items.filter(test).length === 1
    default:
      return quantified(items, test, name === 'exists')
  }
}

// As with `||` and `&&`: an item that decides makes up for others that fail.
function quantified(
  items: readonly unknown[],
  test: (value: unknown) => boolean,
  decisive: boolean,
): boolean {
  let failed: ExpressionFault | null = null
  for (const value of items) {
    try {
      if (test(value) === decisive) return decisive
    } catch (error) {
      if (!(error instanceof ExpressionFault) || error.final) throw error
      failed ??= error
    }
  }
  if (failed) throw failed
  return !decisive
}

/** A result as plain JSON: integers become JavaScript numbers, in what the evaluation itself made. */
export function finished(run: Run, value: unknown): unknown {
  const root = [value]
  const open: (unknown[] | Record<string, unknown>)[] = [root]
  let count = 0
  while (open.length > 0) {
    const holder = open.pop()! as Record<string, unknown>
    for (const key of Object.keys(holder)) {
      if (++count > RESULT_VALUES_MAX)
        throw new ExpressionFault(`its result holds more than ${RESULT_VALUES_MAX} values`, true)
      const part = holder[key]
      if (typeof part === 'bigint') holder[key] = safeNumber(part)
      else if (typeof part === 'object' && part !== null && run.fresh.has(part)) open.push(part as unknown[])
    }
  }
  if (root[0] === run.scope.inputs || root[0] === run.scope.run) return { ...(root[0] as object) }
  return root[0]
}

function safeNumber(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number))
    throw new ExpressionFault(`${value} is beyond the whole numbers that JSON keeps exact`)
  return number
}
