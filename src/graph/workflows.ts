// Workflows as graphs: what depends on what, what is inside of what, and what is said about failure. As data for other
// programs; as a drawing it is in pictures.ts. A scenario that a step runs is named and not expanded, so the data is as
// long as the document. As deep as the document nests, which is bounded where documents are read.
import type {
  CompensationDefinition,
  Computed,
  ControlDefinition,
  Module,
  OperationCall,
  OperationEffect,
  StepDefinition,
  WorkflowDefinition,
} from '../definition/model.ts'
import { blocksOf } from '../definition/nested.ts'
import { compensationOf } from '../definition/plan.ts'

/** What undoes an effect. */
export interface GraphUndo {
  readonly module: string
  readonly operation: string
  readonly on: string
}

/** One step. Times are whole milliseconds. */
export interface GraphNode {
  readonly name: string
  /** The same within its scenario: `outer/inner`. */
  readonly address: string
  readonly type: 'call' | ControlDefinition['kind']
  /** `null` for a control step. */
  readonly module: string | null
  readonly operation: string | null
  /** What the operation does to the world, as its module declares it; `null` for a control step. */
  readonly effect: OperationEffect | 'unknown' | null
  readonly run_if: string
  /** The expression; `null` where the step has no condition, `function` where code decides. */
  readonly when: string | null
  /** Of one attempt; `null`: none. */
  readonly timeout_ms: number | null
  readonly retries: number
  /** What is done once the retries are spent; `null`: nothing. */
  readonly fallback:
    | {
        readonly module: string
        readonly operation: string
        readonly effect: OperationEffect | 'unknown'
        /** What undoes the fallback's effect; `null`: nothing. */
        readonly compensate: GraphUndo | null
      }
    | 'value'
    | null
  readonly on_failure: readonly string[]
  readonly resources: readonly { readonly name: string; readonly units: number }[]
  readonly priority: number
  /** What undoes it; `null`: nothing. */
  readonly compensate: GraphUndo | null
  readonly on_cancel: 'abort' | 'await'
  /** `null`: it need not report. */
  readonly heartbeat_ms: number | null
  /** How a control step does it; `null` for a step that calls an operation. */
  readonly control: GraphControl | null
  /** The lists of steps inside of it. */
  readonly blocks: readonly GraphBlock[]
}

/** How a control step does what it does; the type of its node says which. Expressions are text. */
export type GraphControl = { readonly output: string | null } & (
  | { readonly type: 'parallel'; readonly wait_for: 'all' | number }
  | { readonly type: 'conditional'; readonly conditions: readonly string[] }
  | {
      readonly type: 'iterative'
      readonly over: 'for_each' | 'while' | 'until'
      readonly of: string
      readonly max_iterations: number
      /** Iterations side by side. */
      readonly max_concurrency: number
      /** Failed iterations that are put up with: so many, or a share as text (`10%`). */
      readonly tolerate: number | string
    }
  | { readonly type: 'wait'; readonly for_ms: number }
  | {
      readonly type: 'wait'
      readonly event: string
      readonly filter: string | null
      /** `null`: it waits as long as its run does. */
      readonly timeout_ms: number | null
      readonly on_timeout: string
      /** Whether it leaves the signals that it takes to other waits. */
      readonly shared: boolean
    }
  | {
      readonly type: 'scenario'
      readonly scenario: string
      /** Whether undoing the step undoes anything in there. */
      readonly has_compensation: boolean
    }
)

/** The second step waits for the first. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
}

/** A list of steps, in declared order, and their dependencies on each other, by name. */
export interface GraphSteps {
  readonly parallel: boolean
  readonly max_concurrency: number
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** A list of steps inside of a control step. */
export interface GraphBlock extends GraphSteps {
  /** `then`, `else`, `case 1: EXPRESSION`, `default`, `each`; `null` where the steps simply run. */
  readonly label: string | null
}

/** One scenario. */
export interface WorkflowGraph extends GraphSteps {
  readonly name: string
  readonly description: string
  readonly timeout_ms: number | null
  readonly on_failure: 'fail' | 'compensate'
  /** Of the whole compensation. */
  readonly compensation_timeout_ms: number
}

/** What a graph is drawn with. */
interface Known {
  /** Whether anything in a workflow has something that undoes it; each workflow is looked through once. */
  readonly undoable: Map<WorkflowDefinition, boolean>
  readonly modules: readonly Module[]
}

/**
 * A workflow's graph as data; its form is part of what users can rely on.
 * @param modules They say what their operations do to the world. Default: nothing is known of it.
 */
export function graphOf(workflow: WorkflowDefinition, modules: readonly Module[] = []): WorkflowGraph {
  const known: Known = { undoable: new Map(), modules }
  return {
    name: workflow.name,
    description: workflow.description,
    timeout_ms: workflow.timeoutMs,
    on_failure: workflow.onFailure,
    compensation_timeout_ms: workflow.compensationTimeoutMs,
    ...stepsOf(workflow, '', known),
  }
}

function stepsOf(workflow: WorkflowDefinition, prefix: string, known: Known): GraphSteps {
  const { steps, parallel, maxConcurrency, recovery } = workflow
  const otherwise = recovery.strategies.length > 0 ? recovery.strategies : ['fail']
  return {
    parallel,
    max_concurrency: parallel ? maxConcurrency : 1,
    nodes: steps.map((step) => nodeOf(step, `${prefix}${step.name}`, otherwise, known)),
    edges: steps.flatMap(({ name, dependsOn }) => dependsOn.map((from) => ({ from, to: name }))),
  }
}

function nodeOf(
  { name, call, control, fallback, compensate, ...step }: StepDefinition,
  address: string,
  otherwise: readonly string[],
  known: Known,
): GraphNode {
  return {
    name,
    address,
    type: control?.kind ?? 'call',
    module: call?.module ?? null,
    operation: call?.operation ?? null,
    effect: call && effectOf(call, known),
    run_if: step.runIf,
    when: step.when && textOf(step.when),
    timeout_ms: step.timeoutMs,
    retries: step.retry.count,
    fallback:
      fallback === null
        ? null
        : 'module' in fallback
          ? {
              module: fallback.module,
              operation: fallback.operation,
              effect: effectOf(fallback, known),
              compensate: fallback.compensate && undoOf(fallback.compensate),
            }
          : 'value',
    on_failure: step.onFailure ?? otherwise,
    resources: step.resources.map(({ pool, units }) => ({ name: pool, units })),
    priority: step.priority,
    compensate: compensate && undoOf(compensate),
    on_cancel: step.onCancel,
    heartbeat_ms: step.heartbeatMs,
    control: control && controlOf(control, known),
    blocks: control ? blocksIn(control, address, known) : [],
  }
}

const effectOf = ({ module, operation }: OperationCall, { modules }: Known) =>
  modules.find(({ name }) => name === module)?.effects?.[operation] ?? 'unknown'

const undoOf = ({ module, operation, on }: CompensationDefinition) => ({ module, operation, on })

function controlOf(control: ControlDefinition, known: Known): GraphControl {
  const output = control.output && textOf(control.output)
  switch (control.kind) {
    case 'parallel':
      return { type: 'parallel', wait_for: control.waitFor, output }
    case 'conditional':
      return { type: 'conditional', conditions: control.cases.map(({ when }) => textOf(when)), output }
    case 'iterative': {
      const { over, tolerate } = control
      return {
        type: 'iterative',
        over: over.kind === 'each' ? 'for_each' : over.kind,
        of: textOf(over.kind === 'each' ? over.items : over.condition),
        max_iterations: control.iterationsMax,
        max_concurrency: control.maxConcurrency,
        tolerate: 'count' in tolerate ? tolerate.count : `${Number((tolerate.share * 100).toFixed(6))}%`,
        output,
      }
    }
    case 'wait': {
      const { until } = control
      if (until.kind === 'timer') return { type: 'wait', for_ms: until.delayMs, output }
      return {
        type: 'wait',
        event: until.event,
        filter: until.filter && textOf(until.filter),
        timeout_ms: until.timeoutMs,
        on_timeout: until.onTimeout,
        shared: until.shared,
        output,
      }
    }
    case 'scenario': {
      const { workflow } = control
      return {
        type: 'scenario',
        scenario: workflow.name,
        has_compensation: isUndoable(workflow, known),
        output,
      }
    }
  }
}

function blocksIn(control: ControlDefinition, address: string, known: Known): GraphBlock[] {
  const block = (label: string | null, workflow: WorkflowDefinition) => ({
    label,
    ...stepsOf(workflow, `${address}/`, known),
  })
  switch (control.kind) {
    case 'parallel':
      return [block(null, control.block)]
    case 'iterative':
      return [block('each', control.block)]
    case 'conditional': {
      const { cases, otherwise } = control
      const [only] = cases
      const isChoice = cases.length > 1
      const taken = isChoice
        ? cases.map(({ when, block: steps }, at) => block(`case ${at + 1}: ${textOf(when)}`, steps))
        : only
          ? [block('then', only.block)]
          : []
      return otherwise ? [...taken, block(isChoice ? 'default' : 'else', otherwise)] : taken
    }
    default:
      return []
  }
}

function isUndoable(workflow: WorkflowDefinition, known: Known): boolean {
  const { undoable } = known
  const before = undoable.get(workflow)
  if (before !== undefined) return before
  const found = workflow.steps.some(
    (step) =>
      compensationOf(step, 'operation') !== null ||
      compensationOf(step, 'fallback') !== null ||
      blocksOf(step).some((inside) => isUndoable(inside, known)),
  )
  undoable.set(workflow, found)
  return found
}

/** What is computed, as text: an expression as it was written, a list by its length where it is long. */
function textOf(computed: Computed): string {
  if (computed.kind === 'expression') return computed.source ?? 'expression'
  if (computed.kind === 'function') return 'function'
  const { value } = computed
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) && value.length > ITEMS_MAX ? `${value.length} items` : JSON.stringify(value)
}

/** Items of a list that are written out. */
const ITEMS_MAX = 10
