// What an expression sees of the steps around it: its siblings, those inside of its own step where it is asked after them, and
// what the steps around it see. Whether it may read what it sees is for references.ts to say.
import type { Graph } from './check.ts'
import type { ContextRoot } from './expression.ts'
import type { Question } from './graph.ts'

/** A list of steps, and the step that it is inside of. */
export interface Level {
  readonly graph: Graph
  readonly outer: { readonly level: Level; readonly step: number } | null
  readonly roots: readonly ContextRoot[]
}

/** Where an expression stands, and what it sees there. */
export interface Place {
  readonly level: Level
  /** The step that it belongs to; `null`: it sees all of the list. */
  readonly step: number | null
  readonly what: string
  readonly roots: readonly ContextRoot[]
  /** Lists inside of the step, all of which it sees. */
  readonly inside?: readonly Graph[]
  /** Whether it sees the step itself. */
  readonly itself?: boolean
}

/** The step of a name that an expression sees: `free` to be read, or to be held against the dependencies. */
export function find(
  name: string,
  { level, step, inside = [], itself = false }: Place,
): (Question & { graph: Graph }) | 'free' | null {
  if (inside.some((graph) => graph.indexOf.has(name))) return 'free'
  for (
    let at: Level['outer'] | { level: Level; step: number | null } = { level, step };
    at;
    at = at.level.outer
  ) {
    const on = at.level.graph.indexOf.get(name)
    if (on === undefined) continue
    if (at.step === null || (itself && at.level === level && on === step)) return 'free'
    return { graph: at.level.graph, step: at.step, on }
  }
  return null
}

/** All names that an expression may see. */
export function namesSeen({ level, inside = [] }: Place): Set<string> {
  const names = new Set(inside.flatMap(({ indexOf }) => [...indexOf.keys()]))
  for (let at: Level | undefined = level; at; at = at.outer?.level)
    for (const name of at.graph.indexOf.keys()) names.add(name)
  return names
}
