// Computes a CEL tree over plain JSON data. Whole numbers that the expression itself writes are exact integers (7 / 2 is
// 3, as in CEL); numbers from data are JavaScript numbers (x / 2 is 3.5 for 7), and the two mix freely. Every evaluation
// ends: work, lists and texts are bounded. Nothing here runs a user's code or looks past own properties.
import type { ASTNode } from '@marcbachmann/cel-js'
import { listed, printable, shown, shownData } from './diagnostic.ts'
import type { DataScope } from './model.ts'
import {
  binary,
  exactNumber,
  ExpressionFault,
  fault,
  FUNCTIONS,
  isMapping,
  keep,
  keysOf,
  LIST_ITEMS_MAX,
  METHODS,
  negated,
  spend,
  spendOnKey,
} from './operators.ts'
import type { Run } from './operators.ts'

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
  for (let at = run.variables.length - 1; at >= 0; at--) {
    const variable = run.variables[at]!
    if (variable.name === name) return variable.value
  }
  const value = run.scope[name as keyof DataScope]
  if (value === undefined) throw new ExpressionFault(`"${name}" is not in scope`)
  return value
}

function field(run: Run, base: unknown, name: string, from: ASTNode): unknown {
  if (base === run.scope.steps) {
    const step = run.scope.steps[name]
    if (step === undefined) throw new ExpressionFault(`the step ${shown(name)} is not in scope`)
    return step
  }
  const where = (): string => printable(from.input.slice(from.start, from.end), 60)
  if (!isMapping(base)) {
    const why =
      base === null && /^steps\b/.test(where()) ? '; an output is null unless the step succeeded' : ''
    throw new ExpressionFault(`${where()} is ${shownData(base)}, which has no field ${shown(name)}${why}`)
  }
  if (Object.hasOwn(base, name)) {
    const value = base[name]
    if (value !== undefined) return value
  }
  const unset =
    base === run.scope.env ? ': the environment variable is not set' : `: it has ${listed(keysOf(run, base))}`
  throw new ExpressionFault(`${where()} has no field ${shown(name)}${unset}`)
}

function item(run: Run, node: ASTNode & { op: '[]' }): unknown {
  const base = evaluateNode(run, node.args[0])
  const key = evaluateNode(run, node.args[1])
  if (!Array.isArray(base)) {
    if (typeof key !== 'string') return fault('text between "[" and "]" of a mapping', key)
    spendOnKey(run, key)
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
    spendOnKey(run, key)
    if (Object.hasOwn(map, key)) throw new ExpressionFault(`the key ${shown(key)} is given twice`)
    map[key] = evaluateNode(run, valueNode)
  }
  return keep(run, map)
}

function truth(run: Run, node: ASTNode, where: string): boolean {
  const value = evaluateNode(run, node)
  if (typeof value !== 'boolean')
    throw new ExpressionFault(`expected true or false ${where}, found ${shownData(value)}`)
  return value
}

/** Units of work that a failure costs which is not the end of its evaluation. */
const FAILURE_WORK = 40

function forgiven(run: Run, error: ExpressionFault): ExpressionFault {
  spend(run, FAILURE_WORK)
  return error
}

// As in CEL, a side that decides makes up for the other side's failure.
function either(run: Run, sides: readonly [ASTNode, ASTNode], decisive: boolean): boolean {
  const where = decisive ? 'beside "||"' : 'beside "&&"'
  let left: boolean | ExpressionFault
  try {
    left = truth(run, sides[0], where)
  } catch (error) {
    if (!(error instanceof ExpressionFault) || error.final) throw error
    left = forgiven(run, error)
  }
  if (left === decisive) return decisive
  const right = truth(run, sides[1], where)
  if (right === decisive || typeof left === 'boolean') return right
  throw left
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
  const items: unknown = isMapping(receiver) ? keysOf(run, receiver) : receiver
  if (!Array.isArray(items)) return fault(`a list or a mapping before .${name}()`, receiver)
  if (items.length > LIST_ITEMS_MAX) {
    throw new ExpressionFault(
      `.${name}() goes over at most ${LIST_ITEMS_MAX} items, found ${items.length}`,
      true,
    )
  }
  const [variableNode, first, second] = args
  if (variableNode?.op !== 'id' || !first) return fault(`arguments of .${name}()`, undefined)
  const variable = { name: variableNode.args, value: undefined as unknown }
  const bind = (value: unknown): void => {
    spend(run, 1)
    variable.value = value
  }
  const where = `in .${name}()`
  const test = (value: unknown): boolean => {
    bind(value)
    return truth(run, first, where)
  }
  const give = (body: ASTNode) => (value: unknown) => {
    bind(value)
    return evaluateNode(run, body)
  }
  run.variables.push(variable)
  try {
    switch (name) {
      case 'map':
        return keep(run, second ? items.filter(test).map(give(second)) : items.map(give(first)))
      case 'filter':
        return keep(run, items.filter(test))
      case 'exists_one':
        return items.filter(test).length === 1
      default:
        return quantified(run, items, test, name === 'exists')
    }
  } finally {
    run.variables.pop()
  }
}

// As with `||` and `&&`: an item that decides makes up for others that fail.
function quantified(
  run: Run,
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
      const kept = forgiven(run, error)
      failed ??= kept
    }
  }
  if (failed) throw failed
  return !decisive
}

/** A result as plain JSON: integers become JavaScript numbers, in what the evaluation itself made. */
export function finished(run: Run, value: unknown): unknown {
  const root = [value]
  const open: unknown[] = [root]
  const plain = (part: unknown): unknown => {
    spend(run, 1)
    if (typeof part === 'bigint') return exactNumber(part)
    if (typeof part === 'object' && part !== null && run.fresh.has(part)) open.push(part)
    return part
  }
  while (open.length > 0) {
    const holder = open.pop()
    if (Array.isArray(holder)) for (let at = 0; at < holder.length; at++) holder[at] = plain(holder[at])
    else if (isMapping(holder)) for (const key of Object.keys(holder)) holder[key] = plain(holder[key])
  }
  const { inputs, run: ofRun, event } = run.scope
  if (root[0] === inputs || root[0] === ofRun || (event && root[0] === event))
    return { ...(root[0] as object) }
  return root[0]
}
