// Questions about a graph of steps, answered without recursion and in about linear time: its cycles, an order, who can
// be reached. Steps are numbers here; names and diagnostics are check.ts's.

/** For each step, the steps it depends on. */
export type Dependencies = readonly (readonly number[])[]

/** Steps that the search for a shorter cycle in one component may visit, beyond its first round. */
const CYCLE_VISITS_MAX = 1_000_000

/** One cycle of each strongly connected component, as short as a bounded search finds; its first step is repeated at the end. */
export function findCycles(dependencies: Dependencies): number[][] {
  const cycles: number[][] = []
  for (const component of components(dependencies)) {
    const [only] = component
    if (component.length === 1 && only !== undefined) {
      if (dependencies[only]!.includes(only)) cycles.push([only, only])
      continue
    }
    const inside = new Set(component)
    let best: number[] | null = null
    const starts = Math.max(1, Math.floor(CYCLE_VISITS_MAX / component.length))
    for (const start of component.toSorted((a, b) => a - b).slice(0, Math.min(starts, 1000))) {
      const cycle = dependencies[start]!.includes(start)
        ? [start, start]
        : cycleThrough(dependencies, start, inside)
      if (cycle && (!best || cycle.length < best.length)) best = cycle
    }
    if (best) cycles.push(best)
  }
  return cycles
}

// Tarjan's algorithm on an explicit stack.
function components(dependencies: Dependencies): number[][] {
  const count = dependencies.length
  const order = new Int32Array(count).fill(-1)
  const low = new Int32Array(count)
  const next = new Int32Array(count)
  const onStack = new Uint8Array(count)
  const stack: number[] = []
  const found: number[][] = []
  let clock = 0
  for (let root = 0; root < count; root++) {
    if (order[root] !== -1) continue
    const path = [root]
    while (path.length > 0) {
      const at = path.at(-1)!
      if (order[at] === -1) {
        order[at] = low[at] = clock++
        stack.push(at)
        onStack[at] = 1
      }
      const to = dependencies[at]![next[at]!]
      if (to !== undefined) {
        next[at]!++
        if (order[to] === -1) path.push(to)
        else if (onStack[to]) low[at] = Math.min(low[at]!, order[to]!)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[at]!)
      if (low[at] === order[at]) {
        const component = stack.splice(stack.lastIndexOf(at))
        for (const member of component) onStack[member] = 0
        found.push(component)
      }
    }
  }
  return found
}

// Breadth first, so the shortest through `start`.
function cycleThrough(
  dependencies: Dependencies,
  start: number,
  inside: ReadonlySet<number>,
): number[] | null {
  const from = new Map<number, number>()
  const queue = [start]
  for (let i = 0; i < queue.length; i++) {
    const at = queue[i]!
    for (const to of dependencies[at]!) {
      if (to === start) {
        const cycle = [start]
        for (let step = at; step !== start; step = from.get(step)!) cycle.push(step)
        return [...cycle, start].reverse()
      }
      if (!inside.has(to) || from.has(to)) continue
      from.set(to, at)
      queue.push(to)
    }
  }
  return null
}

/** An order in which each step comes after its dependencies. Only for a graph without cycles. */
export function topologicalOrder(dependencies: Dependencies): Int32Array {
  const count = dependencies.length
  const waiting = new Int32Array(count)
  const dependents = dependentsOf(dependencies)
  const order = new Int32Array(count)
  let filled = 0
  for (let step = 0; step < count; step++) {
    waiting[step] = dependencies[step]!.length
    if (waiting[step] === 0) order[filled++] = step
  }
  for (let i = 0; i < filled; i++) {
    const step = order[i]!
    for (let at = dependents.starts[step]!; at < dependents.starts[step + 1]!; at++) {
      const dependent = dependents.steps[at]!
      if (--waiting[dependent]! === 0) order[filled++] = dependent
    }
  }
  return order.subarray(0, filled)
}

function dependentsOf(dependencies: Dependencies): { starts: Int32Array; steps: Int32Array } {
  const starts = new Int32Array(dependencies.length + 1)
  for (const list of dependencies) for (const to of list) starts[to + 1]!++
  for (let i = 0; i < dependencies.length; i++) starts[i + 1]! += starts[i]!
  const place = starts.slice()
  const steps = new Int32Array(starts[dependencies.length]!)
  dependencies.forEach((list, step) => {
    for (const to of list) steps[place[to]!++] = step
  })
  return { starts, steps }
}

/** Whether one step depends, directly or through others, on another. */
export interface Question {
  readonly step: number
  readonly on: number
}

/** Targets that are followed through the graph together. */
const TARGETS_A_PASS = 1024

/**
 * Answers questions about a graph without cycles. Most are answered by direct dependencies or by a spanning tree; the
 * others in passes over the graph, each for many targets at once, a bit each.
 */
export function reachable(dependencies: Dependencies, questions: readonly Question[]): boolean[] {
  const answers = directly(dependencies, questions)
  if (answers.every(Boolean)) return answers
  const order = topologicalOrder(dependencies)
  const tree = intervals(dependencies, order)
  const open: number[] = []
  questions.forEach(({ step, on }, i) => {
    if (answers[i]) return
    answers[i] = tree.first[on]! < tree.first[step]! && tree.last[on]! >= tree.last[step]!
    if (!answers[i]) open.push(i)
  })
  const targets = [...new Set(open.map((i) => questions[i]!.on))]
  const asking = Map.groupBy(open, (i) => questions[i]!.on)
  for (let from = 0; from < targets.length; from += TARGETS_A_PASS) {
    const some = targets.slice(from, from + TARGETS_A_PASS)
    const bits = follow(dependencies, order, some)
    some.forEach((target, bit) => {
      for (const i of asking.get(target)!) {
        answers[i] = (bits.words[questions[i]!.step * bits.width + (bit >> 5)]! & (1 << (bit & 31))) !== 0
      }
    })
  }
  return answers
}

// A step may have very many dependencies and ask about each: its list is hashed once.
function directly(dependencies: Dependencies, questions: readonly Question[]): boolean[] {
  let hashed: { step: number; set: ReadonlySet<number> } | null = null
  return questions.map(({ step, on }) => {
    const list = dependencies[step]!
    if (list.length < 16) return list.includes(on)
    if (hashed?.step !== step) hashed = { step, set: new Set(list) }
    return hashed.set.has(on)
  })
}

function follow(
  dependencies: Dependencies,
  order: Int32Array,
  targets: readonly number[],
): { words: Int32Array; width: number } {
  const width = (targets.length + 31) >> 5
  const words = new Int32Array(dependencies.length * width)
  const bitOf = new Map(targets.map((target, bit) => [target, bit]))
  for (const step of order) {
    for (const to of dependencies[step]!) {
      for (let word = 0; word < width; word++) words[step * width + word]! |= words[to * width + word]!
      const bit = bitOf.get(to)
      if (bit !== undefined) words[step * width + (bit >> 5)]! |= 1 << (bit & 31)
    }
  }
  return { words, width }
}

// Each step hangs below its first dependency; who is entered later and left earlier is below.
function intervals(dependencies: Dependencies, order: Int32Array): { first: Int32Array; last: Int32Array } {
  const count = dependencies.length
  const size = new Int32Array(count).fill(1)
  for (let i = order.length - 1; i >= 0; i--) {
    const step = order[i]!
    const parent = dependencies[step]![0]
    if (parent !== undefined) size[parent]! += size[step]!
  }
  const first = new Int32Array(count)
  const last = new Int32Array(count)
  const next = new Int32Array(count)
  let clock = 0
  for (const step of order) {
    const parent = dependencies[step]![0]
    if (parent === undefined) {
      first[step] = clock
      clock += size[step]!
    } else {
      first[step] = next[parent]!
      next[parent]! += size[step]!
    }
    next[step] = first[step]! + 1
    last[step] = first[step]! + size[step]! - 1
  }
  return { first, last }
}
