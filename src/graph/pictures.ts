// Workflows as a drawing: a frame a scenario, in it a frame a control step with other steps inside. Where undoing can happen,
// also what undoes each step, and in which order. Not the data behind it: that is workflows.ts.
import { CONTROL_DEFAULTS } from '../definition/defaults.ts'
import type { Drawing, DrawnEdge, DrawnFrame, DrawnGroup, DrawnNode } from './drawing.ts'
import { undoOrder } from './undo-order.ts'
import type { GraphBlock, GraphNode, GraphSteps, GraphUndo, WorkflowGraph } from './workflows.ts'

/** Workflows as one picture, a frame each. */
export function drawWorkflows(title: string, graphs: readonly WorkflowGraph[]): Drawing {
  const undoing = undoingOf(graphs)
  return {
    title,
    groups: graphs.map((graph, index) => drawWorkflow(graph, `s${index}`, undoing.has(graph.name))),
  }
}

/** Scenarios in which undoing can happen: by what they say, or because one that can be undone runs them. */
function undoingOf(graphs: readonly WorkflowGraph[]): Set<string> {
  const calls = new Map<string, readonly string[]>()
  const open: string[] = []
  for (const graph of graphs) {
    const nodes = [...everyNode(graph)]
    calls.set(
      graph.name,
      nodes.flatMap(({ control }) => (control?.type === 'scenario' ? [control.scenario] : [])),
    )
    const isAsked = nodes.some(({ on_failure: verdicts }) => verdicts.includes('compensate'))
    if (graph.on_failure === 'compensate' || isAsked) open.push(graph.name)
  }
  const found = new Set<string>()
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue
    found.add(name)
    for (const called of calls.get(name) ?? []) open.push(called)
  }
  return found
}

function* everyNode({ nodes }: GraphSteps): Generator<GraphNode> {
  for (const node of nodes) {
    yield node
    for (const block of node.blocks) yield* everyNode(block)
  }
}

function drawWorkflow(graph: WorkflowGraph, id: string, isUndone: boolean): DrawnGroup {
  const edges: DrawnEdge[] = []
  const { nodes, frames } = new Artist(edges, isUndone).steps(graph, id)
  const limit = graph.timeout_ms === null ? '' : `, within ${time(graph.timeout_ms)}`
  const undoes = graph.on_failure === 'compensate' ? ', undoes on failure' : ''
  const title = `${graph.name} (${width(graph)}${limit}${undoes})`
  return { id, title, nodes, frames, edges }
}

/** What a list of steps comes to in a picture. */
interface Drawn {
  readonly nodes: readonly DrawnNode[]
  readonly frames: readonly DrawnFrame[]
  /** Whether there is anything to undo in it. */
  readonly isUndoable: boolean
}

/** Where the arrows of the way back lead to, and where they begin: the step's undoing, or all that is inside of it. */
interface CompensationState {
  readonly entry: string
  readonly exit: string
}

/** Said of the step, and not of an edge: it asks more than the edges that lead to the step. */
const OF_ALL_BEFORE = 'ancestors_succeeded'

/** Draws one scenario. */
class Artist {
  private readonly edges: DrawnEdge[]
  private readonly isUndone: boolean

  constructor(edges: DrawnEdge[], isUndone: boolean) {
    this.edges = edges
    this.isUndone = isUndone
  }

  /** A list of steps. */
  steps(list: GraphSteps, id: string): Drawn {
    const nodes: DrawnNode[] = []
    const frames: DrawnFrame[] = []
    const ways = list.nodes.map((node, index) => this.step(node, `${id}n${index}`, nodes, frames))
    const places = new Map(list.nodes.map(({ name }, index) => [name, index]))
    for (const { from, to } of list.edges) {
      const [start, end] = [places.get(from)!, places.get(to)!]
      const label = list.nodes[end]!.run_if
      const edge = { from: `${id}n${start}`, to: `${id}n${end}` }
      this.edges.push(label === 'all_succeeded' || label === OF_ALL_BEFORE ? edge : { ...edge, label })
    }
    if (this.isUndone) this.wayBack(list, id, ways, nodes)
    return { nodes, frames, isUndoable: ways.some((way) => way !== null) }
  }

  /** One step, and what stands beside it. Returns its place on the way back; `null`: nothing is undone. */
  private step(
    node: GraphNode,
    id: string,
    nodes: DrawnNode[],
    frames: DrawnFrame[],
  ): CompensationState | null {
    const lines = [node.name, ...doing(node), ...notes(node)]
    let isUndoable = node.control?.type === 'scenario' && node.control.has_compensation
    if (node.blocks.length === 0) nodes.push({ id, lines, ...shapeOf(node) })
    else {
      const drawn = this.inside(node, id)
      isUndoable = drawn.isUndoable
      frames.push({ id, lines, nodes: drawn.nodes, frames: drawn.frames })
    }
    const { fallback, compensate } = node
    if (fallback !== null) {
      const text = fallback === 'value' ? 'a value' : `${fallback.module}.${fallback.operation}`
      nodes.push({ id: `${id}f`, lines: [text], shape: 'aside' })
      this.edges.push({ from: id, to: `${id}f`, label: 'fallback', isAside: true })
      if (this.isUndone && fallback !== 'value' && fallback.compensate)
        this.undo(`${id}f`, fallback.compensate, nodes)
    }
    if (compensate === null || !this.isUndone) return isUndoable ? { entry: id, exit: id } : null
    const undo = this.undo(id, compensate, nodes)
    return { entry: isUndoable ? id : undo, exit: undo }
  }

  /** What undoes an effect, beside the step or the fallback that has it. */
  private undo(from: string, { module, operation, on }: GraphUndo, nodes: DrawnNode[]): string {
    const id = `${from}u`
    nodes.push({ id, lines: [`${module}.${operation}`], shape: 'aside' })
    this.edges.push({ from, to: id, label: on === 'attempt' ? 'undo (on attempt)' : 'undo', isAside: true })
    return id
  }

  /** What is inside of a control step: its steps, or a frame a branch. */
  private inside({ blocks }: GraphNode, id: string): Drawn {
    const [only] = blocks
    if (only && (only.label === null || only.label === 'each')) return this.steps(only, id)
    const drawn = blocks.map((block, index) => ({ block, ...this.steps(block, `${id}b${index}`) }))
    const frames = drawn.map(({ block, nodes, frames: within }, index) => ({
      id: `${id}b${index}`,
      lines: [block.label ?? ''],
      // Mermaid draws no frame without anything in it.
      nodes: block.nodes.length > 0 ? nodes : [nothing(`${id}b${index}e`)],
      frames: within,
    }))
    return { nodes: [], frames, isUndoable: drawn.some(({ isUndoable }) => isUndoable) }
  }

  private wayBack(
    list: GraphSteps,
    id: string,
    ways: readonly (CompensationState | null)[],
    nodes: DrawnNode[],
  ): void {
    if (!ways.some((way) => way !== null)) return
    const places = new Map(list.nodes.map(({ name }, index) => [name, index]))
    const dependencies: number[][] = list.nodes.map(() => [])
    for (const { from, to } of list.edges) dependencies[places.get(to)!]!.push(places.get(from)!)
    const { arrows, junctions } = undoOrder(dependencies, (step) => ways[step] !== null)
    for (const step of junctions) {
      nodes.push({ id: `${id}n${step}j`, lines: [''], shape: 'junction' })
      this.edges.push({ from: `${id}n${step}`, to: `${id}n${step}j`, isHidden: true })
    }
    for (const [first, then] of arrows) {
      const from = ways[first]?.exit ?? `${id}n${first}j`
      const to = ways[then]?.entry ?? `${id}n${then}j`
      this.edges.push({ from, to, isAside: true, isBack: true })
    }
  }
}

const nothing = (id: string): DrawnNode => ({ id, lines: ['nothing'], shape: 'aside' })

function shapeOf({ type }: GraphNode): Pick<DrawnNode, 'shape'> {
  if (type === 'wait') return { shape: 'wait' }
  return type === 'scenario' ? { shape: 'call' } : {}
}

/** What a step does: the operation that it calls, or how it goes about what is inside of it. */
function doing({ module, operation, control, blocks }: GraphNode): string[] {
  switch (control?.type) {
    case undefined:
      return [`${module}.${operation}`]
    case 'parallel':
      return [`${quorum(control.wait_for, blocks[0]!)}, ${width(blocks[0]!)}`]
    case 'conditional':
      return [
        control.conditions.length === 1
          ? `if ${oneLine(control.conditions[0]!)}`
          : 'the first case that holds',
      ]
    case 'iterative': {
      const { over, of, max_iterations: most, max_concurrency: atOnce, tolerate } = control
      const limits = [
        ...(atOnce > 1 ? [`${atOnce} at once`] : []),
        ...(most === CONTROL_DEFAULTS.iterationsMax ? [] : [`at most ${most} times`]),
        ...(tolerate === 0 || tolerate === '0%' ? [] : [`tolerates ${tolerate}`]),
      ]
      return [
        `↻ ${over.replace('_', ' ')} ${oneLine(of)}`,
        ...(limits.length > 0 ? [limits.join(' · ')] : []),
      ]
    }
    case 'wait': {
      if ('for_ms' in control) return [`waits ${time(control.for_ms)}`]
      const { event, filter, shared, timeout_ms: limit, on_timeout: then } = control
      return [
        `waits for ${event}${shared ? ' (shared)' : ''}`,
        ...(filter === null ? [] : [`where ${oneLine(filter)}`]),
        ...(limit === null ? [] : [`≤ ${time(limit)}, then ${then}`]),
      ]
    }
    case 'scenario':
      return [`runs ${control.scenario}`]
  }
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ')

function quorum(waitFor: 'all' | number, { nodes }: GraphBlock): string {
  if (waitFor === 'all') return `all ${nodes.length}`
  return waitFor === 1 ? `any of ${nodes.length}` : `any ${waitFor} of ${nodes.length}`
}

const width = ({ parallel, max_concurrency: most }: GraphSteps) =>
  parallel ? `at most ${most} at once` : 'one at a time'

/** What a step says beside what it does, a line each kind; nothing of what is so by default. */
function notes(node: GraphNode): string[] {
  const { when, retries, timeout_ms: limit, heartbeat_ms: heartbeat, on_failure: verdicts, resources } = node
  const verdict = verdicts.join(', ')
  const tries = [
    ...(retries > 0 ? [`${retries} ${retries === 1 ? 'retry' : 'retries'}`] : []),
    ...(limit === null ? [] : [`≤ ${time(limit)}`]),
    ...(heartbeat === null ? [] : [`heartbeat ${time(heartbeat)}`]),
    ...(verdict === 'fail' ? [] : [`else ${verdict}`]),
    ...onCancel(node),
  ]
  return [
    ...(node.run_if === OF_ALL_BEFORE ? [OF_ALL_BEFORE] : []),
    ...(when === null ? [] : [`when ${oneLine(when)}`]),
    ...(tries.length > 0 ? [tries.join(' · ')] : []),
    ...(resources.length > 0 ? [resources.map(({ name, units }) => `${name}×${units}`).join(' · ')] : []),
  ]
}

/** What a cancellation does, where it is not what one would expect: a step that can be undone may finish. */
function onCancel({ on_cancel: way, compensate }: GraphNode): string[] {
  if ((way === 'await') === (compensate !== null)) return []
  return [way === 'await' ? 'finishes when cancelled' : 'stops when cancelled']
}

function time(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(3))} s`
}
