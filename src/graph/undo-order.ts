// In which order the steps of one list are undone, as few arrows: each step after those that depend on it, directly or
// through steps that have nothing to undo. Not an exact transitive reduction, which has no linear way: an arrow that others
// already say may be left. Invariant: linear in steps and dependencies, in time and in arrows.

/** Arrows between the steps of a list, by their place in it. */
export interface UndoOrder {
  /** The first is undone, or passed, before the second. */
  readonly arrows: readonly (readonly [number, number])[]
  /** Steps with nothing to undo that are passed all the same: drawn past them, the arrows would be too many. */
  readonly junctions: readonly number[]
}

/** How many arrows may stand for one dependency where a step is drawn past. */
const SPREAD_MAX = 4

/** Arrows of one step that are looked at for what others already say. */
const COMPARED_MAX = 16

/**
 * The order of undoing.
 * @param dependencies of each step, by place
 * @param isUndone whether a step has anything to undo
 */
export function undoOrder(
  dependencies: readonly (readonly number[])[],
  isUndone: (step: number) => boolean,
): UndoOrder {
  const order = dependenciesFirst(dependencies)
  const asking = askedBy(order, dependencies, isUndone)
  /** What comes next after a step that arrows lead to; of any other one, what comes next in its place. */
  const next: ReadonlySet<number>[] = dependencies.map(() => NOTHING)
  const isDrawn = new Uint8Array(dependencies.length)
  const arrows: [number, number][] = []
  const junctions: number[] = []
  for (const step of order) {
    if (asking[step] === 0 && !isUndone(step)) continue
    const after = new Set<number>()
    for (const needed of dependencies[step]!) {
      if (isDrawn[needed] === 1) after.add(needed)
      else for (const further of next[needed]!) after.add(further)
    }
    next[step] = after
    const arrowsPast = after.size * asking[step]!
    if (!isUndone(step)) {
      if (arrowsPast <= SPREAD_MAX * (dependencies[step]!.length + asking[step]!)) continue
      junctions.push(step)
    }
    isDrawn[step] = 1
    const few = after.size <= COMPARED_MAX ? [...after] : []
    for (const to of after) if (!few.some((other) => next[other]!.has(to))) arrows.push([step, to])
  }
  return { arrows, junctions }
}

const NOTHING: ReadonlySet<number> = new Set()

/** Each step after those that it depends on. */
function dependenciesFirst(dependencies: readonly (readonly number[])[]): number[] {
  const waiting = dependencies.map(({ length }) => length)
  const dependents: number[][] = dependencies.map(() => [])
  dependencies.forEach((needs, step) => {
    for (const needed of needs) dependents[needed]!.push(step)
  })
  const order = waiting.flatMap((count, step) => (count === 0 ? [step] : []))
  for (let at = 0; at < order.length; at++)
    for (const dependent of dependents[order[at]!]!) if (--waiting[dependent]! === 0) order.push(dependent)
  return order
}

/** How many steps depend on each one that are to be undone, or that lead to one that is. */
function askedBy(
  order: readonly number[],
  dependencies: readonly (readonly number[])[],
  isUndone: (step: number) => boolean,
): Uint32Array {
  const asked = new Uint32Array(dependencies.length)
  for (const step of order.toReversed())
    if (isUndone(step) || asked[step]! > 0) for (const needed of dependencies[step]!) asked[needed]!++
  return asked
}
