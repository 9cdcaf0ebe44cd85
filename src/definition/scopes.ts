// Which steps an expression may name: those it depends on in its own list, and outwards those that each enclosing step
// depends on. Who depends on whom is asked once for a list, when all expressions have been read, and only for what they
// name. What an expression says is expression.ts's.
import type { Graph } from './check-steps.ts'
import type { PlacedRoot } from './expression.ts'
import { reachable } from './graph.ts'
import type { Question } from './graph.ts'
import type { StepDocument } from './step-schema.ts'

/** How a step that an expression names stands to who reads it. */
export type Standing = 'dependency' | 'itself' | 'stranger'

/** Where an expression stands. */
export interface Scope {
  readonly list: ListScope
  /** Who reads, by its place in the list; `null` sees all steps of the list. */
  readonly step: number | null
  /** What lies around it; `null` for a scenario. */
  readonly outer: Scope | null
}

/** A list of steps, and what is asked about it. */
export class ListScope {
  readonly graph: Graph
  readonly steps: readonly StepDocument[]
  /** What beside steps its expressions may read. */
  readonly roots: ReadonlySet<PlacedRoot>
  /** Where the step that holds the list stands. */
  readonly outer: Scope | null
  readonly #questions: Question[] = []
  readonly #answers: ((standing: Standing) => void)[] = []

  constructor(
    graph: Graph,
    steps: readonly StepDocument[],
    outer: Scope | null,
    roots: ReadonlySet<PlacedRoot>,
  ) {
    this.graph = graph
    this.steps = steps
    this.outer = outer
    this.roots = roots
  }

  /** Where the expressions of a step stand. */
  of(step: number): Scope {
    return { list: this, step, outer: this.outer }
  }

  ask(question: Question, answer: (standing: Standing) => void): void {
    this.#questions.push(question)
    this.#answers.push(answer)
  }

  /** Answers all that was asked. In a graph with cycles nothing can be said. */
  answer(): void {
    if (this.#questions.length === 0 || !this.graph.acyclic) return
    const found = reachable(this.graph.dependencies, this.#questions)
    this.#answers.forEach((answer, i) => {
      const { step, on } = this.#questions[i]!
      answer(found[i] ? 'dependency' : step === on ? 'itself' : 'stranger')
    })
  }
}

/** Where an expression stands that sees all steps of the lists inside of a step, and then what the step itself sees. */
export function around(lists: readonly ListScope[], outer: Scope): Scope {
  const [first, ...others] = lists
  if (!first) return outer
  if (others.length === 0) return { list: first, step: null, outer }
  // Branches of which one is taken: a name that several have means that of the branch that was.
  const indexOf = new Map<string, number>()
  for (const { graph } of lists) for (const [name, index] of graph.indexOf) indexOf.set(name, index)
  const graph = { indexOf, dependencies: [], acyclic: true, inside: new Map() }
  return { list: new ListScope(graph, [], outer, first.roots), step: null, outer }
}

/** A step that a name means, and where that is known from. */
export interface Meant {
  readonly scope: Scope
  readonly on: number
}

/** The step that a name means: the innermost one. Its bounds are those of nesting. */
export function meantBy(name: string, from: Scope): Meant | null {
  for (let scope: Scope | null = from; scope; scope = scope.outer) {
    const on = scope.list.graph.indexOf.get(name)
    if (on !== undefined) return { scope, on }
  }
  return null
}

/** Names of all steps around an expression, the nearest first. */
export function* namesAround(from: Scope): Generator<string> {
  for (let scope: Scope | null = from; scope; scope = scope.outer) yield* scope.list.graph.indexOf.keys()
}

/** Tells, now or once all is read, how a step stands to who reads it. */
export function standing({ scope, on }: Meant, tell: (standing: Standing) => void): void {
  if (scope.step === null) tell('dependency')
  else scope.list.ask({ step: scope.step, on }, tell)
}
