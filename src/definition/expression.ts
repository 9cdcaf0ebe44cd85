// CEL, read once and bounded: what an expression says, which steps, inputs and variables it names, and a function that
// computes it. The package parses; evaluate.ts computes, because data here are plain JavaScript numbers and every
// evaluation must end soon. Whether a name exists is check.ts's to judge.
import { Environment, ParseError } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { SagachartError } from '../errors.ts'
import { nearest, printable } from './diagnostic.ts'
import { evaluateNode, finished } from './evaluate.ts'
import type { Budget, DataScope } from './model.ts'
import { asText, ExpressionFault, FUNCTIONS, METHODS, newBudget } from './operators.ts'
import type { Run } from './operators.ts'

/** Longest expression, in characters. */
export const EXPRESSION_LENGTH_MAX = 4096
/** Most nodes of an expression's tree. */
export const EXPRESSION_NODES_MAX = 1000
/** Deepest nesting of brackets, calls and fields. */
export const EXPRESSION_DEPTH_MAX = 64
/** Deepest nesting of `all`, `exists`, `exists_one`, `map` and `filter`. */
export const COMPREHENSION_NESTING_MAX = 2

/** What only some expressions may read: those of an iteration, of a compensation, of a wait. */
export type PlacedRoot = 'item' | 'index' | 'input' | 'output' | 'event'

/** A name that an expression reads. */
export interface Reference {
  readonly root: 'steps' | 'inputs' | 'run' | 'env' | PlacedRoot
  /** Empty where the root is read as a whole. */
  readonly name: string
  /** What is read of a step, where the expression says it. */
  readonly field: string | null
  /** What is read of that, each field of the one before, as far as the expression says it. */
  readonly inner: readonly string[]
}

/** An expression that can be computed. */
export interface Expression {
  readonly text: string
  readonly references: readonly Reference[]
  /**
   * @param budget Default: one of its own.
   * @throws SagachartError `EXPRESSION_FAILED`, not retryable
   */
  evaluate(scope: DataScope, budget?: Budget): unknown
  /** The same as a text that goes into another: nothing for `null`, JSON for lists and mappings. */
  evaluateText(scope: DataScope, budget: Budget): string
}

/** Of what an expression's names are. */
const ROOTS: readonly string[] = ['steps', 'inputs', 'run', 'env']
/** The same, where it means something. */
const PLACED_ROOTS: readonly string[] = ['item', 'index', 'input', 'output', 'event'] satisfies PlacedRoot[]

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: {
    maxAstNodes: EXPRESSION_NODES_MAX,
    maxDepth: EXPRESSION_DEPTH_MAX,
    maxListElements: EXPRESSION_NODES_MAX,
    maxMapEntries: EXPRESSION_NODES_MAX,
    maxCallArguments: 8,
  },
})

/**
 * Reads an expression.
 * @throws SagachartError `EXPRESSION_INVALID` where it is no CEL or oversteps a bound
 */
export function compileExpression(text: string): Expression {
  if (text.length > EXPRESSION_LENGTH_MAX) {
    invalid(text, `expected at most ${EXPRESSION_LENGTH_MAX} characters, found ${text.length}`)
  }
  const ast = parse(text)
  const analysis = new Analysis(text)
  analysis.visit(ast, [], 0)
  const { references } = analysis
  const evaluate = <T>(scope: DataScope, budget: Budget, finish: (run: Run, value: unknown) => T): T =>
    reporting(text, () => {
      // Its own length is free: one value may hold any number of expressions that only name something.
      budget.max += text.length
      const run: Run = { scope, budget, fresh: new Set(), variables: [] }
      return finish(run, evaluateNode(run, ast))
    })
  return {
    text,
    references,
    evaluate: (scope, budget = newBudget()) => evaluate(scope, budget, finished),
    evaluateText: (scope, budget) =>
      evaluate(scope, budget, (run, value) => asText(run, finished(run, value))),
  }
}

function reporting<T>(text: string, evaluate: () => T): T {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error
    const message = `the expression "${printable(text, 100)}" failed: ${error.message}`
    throw new SagachartError('EXPRESSION_FAILED', message, { retryable: false })
  }
}

function invalid(text: string, reason: string): never {
  throw new SagachartError(
    'EXPRESSION_INVALID',
    `the expression "${printable(text, 120)}" is not valid: ${reason}`,
  )
}

function parse(text: string): ASTNode {
  if (text.trim() === '') invalid(text, 'expected a CEL expression, found nothing')
  try {
    return environment.parse(text).ast
  } catch (error) {
    if (error instanceof ParseError) {
      const at = error.range ? ` at character ${error.range.start + 1}` : ''
      invalid(text, `${error.summary}${at}`)
    }
    invalid(text, error instanceof RangeError ? 'it is nested too deep' : 'it is no CEL')
  }
}

const MACROS: ReadonlyMap<string, readonly number[]> = new Map([
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['filter', [2]],
  ['map', [2, 3]],
])

/** Walks an expression's tree: names, functions and nesting. Its recursion is bounded by the tree's. */
class Analysis {
  readonly references: Reference[] = []
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  visit(node: ASTNode, bound: readonly string[], nesting: number): void {
    switch (node.op) {
      case 'value':
        this.#literal(node.args)
        return
      case 'id':
        this.#identifier(node.args, bound)
        return
      case '.':
      case '[]':
        this.#access(node, bound, nesting)
        return
      case 'call':
        this.#call(node.args[0], node.args[1], bound, nesting)
        return
      case 'rcall':
        this.#method(node.args, bound, nesting)
        return
      case 'list':
        for (const item of node.args) this.visit(item, bound, nesting)
        return
      case 'map':
        for (const [key, value] of node.args) {
          this.visit(key, bound, nesting)
          this.visit(value, bound, nesting)
        }
        return
      case '!_':
      case '-_':
        this.visit(node.args, bound, nesting)
        return
      case '.?':
      case '[?]':
        invalid(this.#text, 'optional fields (.?) are not supported; use has(…)')
        return
      default:
        for (const part of node.args) this.visit(part, bound, nesting)
    }
  }

  #literal(value: unknown): void {
    if (typeof value === 'object' && value !== null) {
      invalid(
        this.#text,
        'expected text, a number, true, false or null; bytes and unsigned numbers are not supported',
      )
    }
  }

  #identifier(name: string, bound: readonly string[]): void {
    if (bound.includes(name) || name === 'inputs' || name === 'run') return
    if (name === 'steps' || name === 'env') {
      const example = name === 'steps' ? 'steps.extract or steps["a.b-c"]' : 'env.API_TOKEN'
      invalid(this.#text, `${name} must be followed by a name that is written out, such as ${example}`)
    }
    if (isPlacedRoot(name)) {
      this.references.push({ root: name, name: '', field: null, inner: [] })
      return
    }
    const meant = nearest(name, [...ROOTS, ...bound, ...PLACED_ROOTS])
    const known = `expected ${ROOTS.join(', ')}`
    invalid(this.#text, `unknown name "${name}": ${meant === null ? known : `did you mean "${meant}"?`}`)
  }

  #access(node: ASTNode & { op: '.' | '[]' }, bound: readonly string[], nesting: number): void {
    const [root = '', name = '', ...fields] = chainOf(node, bound) ?? []
    if (isRoot(root) || root === 'event') {
      const [field = null, ...inner] = root === 'steps' ? fields : []
      this.references.push({ root, name, field, inner })
      return
    }
    const [base, key] = node.args
    this.visit(base, bound, nesting)
    if (typeof key !== 'string') this.visit(key, bound, nesting)
  }

  #call(name: string, args: readonly ASTNode[], bound: readonly string[], nesting: number): void {
    if (name === 'has') {
      if (args.length !== 1 || args[0]?.op !== '.')
        invalid(this.#text, 'has() takes one field, such as has(inputs.date)')
    } else if (!FUNCTIONS.has(name)) this.#unknown(name, [...FUNCTIONS.keys(), 'has'])
    else if (args.length !== 1) invalid(this.#text, `${name}() takes 1 argument, found ${args.length}`)
    for (const arg of args) this.visit(arg, bound, nesting)
  }

  #method(parts: readonly [string, ASTNode, ASTNode[]], bound: readonly string[], nesting: number): void {
    const [name, receiver, args] = parts
    const arities = MACROS.get(name) ?? METHODS.get(name)?.arities
    if (!arities) return this.#unknown(name, [...MACROS.keys(), ...METHODS.keys()])
    if (!arities.includes(args.length)) {
      invalid(this.#text, `.${name}() takes ${arities.join(' or ')} arguments, found ${args.length}`)
    }
    this.visit(receiver, bound, nesting)
    if (!MACROS.has(name)) {
      for (const arg of args) this.visit(arg, bound, nesting)
      return
    }
    const [variable, ...bodies] = args
    if (variable?.op !== 'id') return invalid(this.#text, `.${name}() takes the name of a variable first`)
    if (isRoot(variable.args)) invalid(this.#text, `"${variable.args}" can't be the name of a variable`)
    if (nesting >= COMPREHENSION_NESTING_MAX) {
      invalid(
        this.#text,
        `expected at most ${COMPREHENSION_NESTING_MAX} of ${[...MACROS.keys()].join(', ')} inside each other`,
      )
    }
    for (const body of bodies) this.visit(body, [...bound, variable.args], nesting + 1)
  }

  #unknown(name: string, known: readonly string[]): never {
    if (name === 'matches') {
      return invalid(
        this.#text,
        'matches() is not supported, for a pattern can run very long; use contains, startsWith or endsWith',
      )
    }
    const meant = nearest(name, known)
    const remedy = meant === null ? `expected one of ${known.join(', ')}` : `did you mean ${meant}()?`
    return invalid(this.#text, `unknown function ${printable(name, 40)}(): ${remedy}`)
  }
}

function isRoot(name: string): name is 'steps' | 'inputs' | 'run' | 'env' {
  return ROOTS.includes(name)
}

function isPlacedRoot(name: string): name is PlacedRoot {
  return PLACED_ROOTS.includes(name)
}

/** `steps.a["b"]` as `steps`, `a`, `b`; `null` where a part of it is computed or bound. */
function chainOf(node: ASTNode, bound: readonly string[]): string[] | null {
  if (node.op === 'id') return bound.includes(node.args) ? null : [node.args]
  if (node.op !== '.' && node.op !== '[]') return null
  const key = literalKey(node.args[1])
  const base = key === null ? null : chainOf(node.args[0], bound)
  return base && [...base, key!]
}

function literalKey(key: string | ASTNode): string | null {
  if (typeof key === 'string') return key
  return key.op === 'value' && typeof key.args === 'string' ? key.args : null
}
