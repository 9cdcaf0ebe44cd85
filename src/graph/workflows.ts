// Workflows as graphs: what depends on what, and what is said about failure. As data for other programs, and as a drawing.
import type { Computed, StepDefinition, WorkflowDefinition } from '../definition/model.ts'
import type { Drawing, DrawnEdge, DrawnGroup, DrawnNode } from './drawing.ts'

/** One step. Times are whole milliseconds. */
export interface GraphNode {
  readonly name: string
  readonly module: string
  readonly operation: string
  readonly run_if: string
  /** The expression; `null` where the step has no condition, `function` where code decides. */
  readonly when: string | null
  /** Of one attempt; `null`: none. */
  readonly timeout_ms: number | null
  readonly retries: number
  /** What is done once the retries are spent; `null`: nothing. */
  readonly fallback: { readonly module: string; readonly operation: string } | 'value' | null
  readonly on_failure: readonly string[]
  readonly resources: readonly { readonly name: string; readonly units: number }[]
  readonly priority: number
}

/** The second step waits for the first. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
}

/** One scenario's steps, in declared order, and their dependencies. */
export interface WorkflowGraph {
  readonly name: string
  readonly description: string
  readonly parallel: boolean
  readonly max_concurrency: number
  readonly timeout_ms: number | null
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** A workflow's graph as data; its form is part of what users can rely on. */
export function graphOf(workflow: WorkflowDefinition): WorkflowGraph {
  return {
    name: workflow.name,
    description: workflow.description,
    parallel: workflow.parallel,
    max_concurrency: workflow.parallel ? workflow.maxConcurrency : 1,
    timeout_ms: workflow.timeoutMs,
    nodes: workflow.steps.map(nodeOf),
    edges: workflow.steps.flatMap(({ name, dependsOn }) => dependsOn.map((from) => ({ from, to: name }))),
  }
}

function nodeOf({ name, call, fallback, ...step }: StepDefinition): GraphNode {
  return {
    name,
    module: call?.module ?? '',
    operation: call?.operation ?? '',
    run_if: step.runIf,
    when: step.when && whenText(step.when),
    timeout_ms: step.timeoutMs,
    retries: step.retry.count,
    fallback:
      fallback === null
        ? null
        : 'module' in fallback
          ? { module: fallback.module, operation: fallback.operation }
          : 'value',
    on_failure: step.onFailure ?? ['fail'],
    resources: step.resources.map(({ pool, units }) => ({ name: pool, units })),
    priority: step.priority,
  }
}

function whenText(when: Computed): string {
  if (when.kind === 'value') return String(when.value)
  return when.kind === 'expression' ? (when.source ?? 'expression') : 'function'
}

/** Workflows as one picture, a frame each. */
export function drawWorkflows(title: string, graphs: readonly WorkflowGraph[]): Drawing {
  return { title, groups: graphs.map((graph, index) => drawWorkflow(graph, `s${index}`)) }
}

function drawWorkflow(graph: WorkflowGraph, id: string): DrawnGroup {
  const ids = new Map(graph.nodes.map(({ name }, index) => [name, `${id}n${index}`]))
  const nodes: DrawnNode[] = []
  const edges: DrawnEdge[] = []
  for (const node of graph.nodes) {
    const own = ids.get(node.name)!
    nodes.push({ id: own, lines: [node.name, `${node.module}.${node.operation}`, ...notes(node)] })
    const { fallback } = node
    if (fallback === null) continue
    const text = fallback === 'value' ? 'a value' : `${fallback.module}.${fallback.operation}`
    nodes.push({ id: `${own}f`, lines: [text], shape: 'aside' })
    edges.push({ from: own, to: `${own}f`, label: 'fallback', isAside: true })
  }
  const runIf = new Map(graph.nodes.map((node) => [node.name, node.run_if]))
  for (const { from, to } of graph.edges) {
    const label = runIf.get(to)!
    const edge = { from: ids.get(from)!, to: ids.get(to)! }
    edges.push(label === 'all_succeeded' ? edge : { ...edge, label })
  }
  const how = graph.parallel ? `at most ${graph.max_concurrency} at once` : 'one at a time'
  const limit = graph.timeout_ms === null ? '' : `, within ${time(graph.timeout_ms)}`
  return { id, title: `${graph.name} (${how}${limit})`, nodes, edges }
}

/** What a step says beside its call, a line each kind; nothing of what is so by default. */
function notes({ when, retries, timeout_ms: limit, on_failure: verdicts, resources }: GraphNode): string[] {
  const verdict = verdicts.join(', ')
  const tries = [
    ...(retries > 0 ? [`${retries} ${retries === 1 ? 'retry' : 'retries'}`] : []),
    ...(limit === null ? [] : [`≤ ${time(limit)}`]),
    ...(verdict === 'fail' ? [] : [`else ${verdict}`]),
  ]
  return [
    ...(when === null ? [] : [`when ${when.replace(/\s+/g, ' ')}`]),
    ...(tries.length > 0 ? [tries.join(' · ')] : []),
    ...(resources.length > 0 ? [resources.map(({ name, units }) => `${name}×${units}`).join(' · ')] : []),
  ]
}

function time(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(3))} s`
}
