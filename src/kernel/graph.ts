// The graph of one run: what is final, what has become ready, what the dependencies of a step allow. Plain data, which these
// functions change in place: flat arrays, because a record an actor costs too much to keep for 100,000 finished steps.
// Invariant: a final state is written once.
import type { Failure, StepOutcome, StepStatus, WorkflowEvent } from '../../machines/protocol.ts'
import type { Plan } from '../definition/plan.ts'

/** Where a step is. From `SUCCESS` on it is final. */
const PENDING = 0
/** Waits for the answer of its `when`. */
export const CHECKING = 1
/** Waits at the gates for its first attempt. */
export const QUEUED = 2
/** The step has an actor. */
export const LIVE = 3
/** The first of the final states. */
export const SUCCESS = 4
const FAILED = 5
const SKIPPED = 6
const CANCELLED = 7
const COMPENSATED = 8
const COMPENSATION_FAILED = 9

const FINAL: Readonly<Record<StepStatus, number>> = {
  success: SUCCESS,
  failed: FAILED,
  skipped: SKIPPED,
  cancelled: CANCELLED,
  compensated: COMPENSATED,
  compensation_failed: COMPENSATION_FAILED,
}
const STATUS: readonly (StepStatus | null)[] = [
  null,
  null,
  null,
  null,
  'success',
  'failed',
  'skipped',
  'cancelled',
  'compensated',
  'compensation_failed',
]

/** How a step stands that is not final. */
export type OpenStatus = 'pending' | 'waiting' | 'running'
const OPEN_STATUS: readonly OpenStatus[] = ['pending', 'pending', 'waiting', 'running']

/** What is kept of a step that is final. */
export interface Settlement {
  readonly status: StepOutcome
  readonly output: unknown
  readonly failure: Failure | null
  readonly attempts: number
}

/** What the dependencies of a step allow, once all of them are final; `skipped`: for lack of success. */
export type Gate =
  | { readonly way: 'open' }
  | { readonly way: 'skipped' | 'cancelled' }
  | { readonly way: 'failed'; readonly failure: Failure }

const OPEN: Gate = { way: 'open' }

/** The worst end among some steps, and the name of one that ended so. */
export interface Worst {
  /** From 0, a success, to 3, a failure. */
  readonly rank: number
  readonly name: string
}

/** The ways of `Worst`, by rank: a step that needs the success of all before it goes the same way. */
const WAYS = ['open', 'skipped', 'cancelled', 'failed'] as const

const RANK: Readonly<Record<StepOutcome, number>> = { success: 0, skipped: 1, cancelled: 2, failed: 3 }

const ALL_WELL: Worst = { rank: 0, name: '' }

/** Names of failed dependencies shown in a message. */
const NAMES_MAX = 10

/** Where the steps of one run are. */
export interface GraphState {
  readonly state: Uint8Array
  readonly attempts: Uint32Array
  /** Milliseconds since the epoch of the first attempt; NaN where there was none. */
  readonly startedAt: Float64Array
  readonly finishedAt: Float64Array
  readonly outputs: unknown[]
  readonly failures: Map<number, Failure>
  readonly counts: Record<StepStatus, number>
  /** The same of steps that are not final, by state. */
  readonly open: Uint32Array
  /** The order in which steps became final, from 1. */
  readonly order: Uint32Array
  /** Steps that did not run because of how their dependencies ended. */
  readonly held: Set<number>
  /** Steps that are final. */
  settled: number
  /** Dependencies not final yet. */
  readonly waitingFor: Int32Array
  /** Steps whose dependencies have all become final, not looked at yet. */
  ready: number[]
  /** Of each step and all before it, as far as they are final, the place of one that ended worst, from 1; 0: all succeeded. */
  readonly worst: Int32Array
  /** The worst end among the steps before what the run is inside of. */
  readonly around: Worst
}

/** A graph in which nothing has happened. */
export function newGraph({ size, dependencyStart }: Plan, around = ALL_WELL): GraphState {
  return {
    state: new Uint8Array(size),
    attempts: new Uint32Array(size),
    startedAt: new Float64Array(size).fill(NaN),
    finishedAt: new Float64Array(size).fill(NaN),
    outputs: Array.from<unknown>({ length: size }).fill(null),
    failures: new Map(),
    counts: { success: 0, failed: 0, skipped: 0, cancelled: 0, compensated: 0, compensation_failed: 0 },
    open: Uint32Array.of(size, 0, 0, 0),
    order: new Uint32Array(size),
    held: new Set(),
    settled: 0,
    waitingFor: dependencyStart.slice(1).map((end, step) => end - dependencyStart[step]!),
    ready: [],
    worst: new Int32Array(size),
    around,
  }
}

/** Makes the steps without dependencies ready. */
export function openGraph({ waitingFor, ready }: GraphState): void {
  for (let step = 0; step < waitingFor.length; step++) if (waitingFor[step] === 0) ready.push(step)
}

/** Takes what has become ready since the last call, in no order. */
export function takeReady(graph: GraphState): readonly number[] {
  if (graph.ready.length === 0) return graph.ready
  const taken = graph.ready
  graph.ready = []
  return taken
}

/** What there is to say once every step is final; `null` until then. */
export function endingOf(graph: GraphState): Extract<WorkflowEvent, { type: 'steps.finished' }> | null {
  if (!isFinished(graph)) return null
  const { around, counts, failures, held, state } = graph
  const failed = around.rank === RANK.failed ? [...held].find((step) => state[step] === FAILED) : undefined
  const failure = failed !== undefined && { failure: failures.get(failed)! }
  return { type: 'steps.finished', cancelled: counts.cancelled, ...failure }
}

const isFinished = ({ settled, state }: GraphState) => settled === state.length

/** Whether a step has ended. */
export const isFinal = ({ state }: GraphState, step: number) => state[step]! >= SUCCESS

/** Whether a step waits at the gates. */
export const isQueued = ({ state }: GraphState, step: number) => state[step] === QUEUED

/** Whether a step waits for its dependencies. */
export const isPending = ({ state }: GraphState, step: number) => state[step] === PENDING

/** Whether a step ended well, whatever became of it when the run was undone. */
export function hasSucceeded(graph: GraphState, step: number): boolean {
  const state = graph.state[step]!
  return state === SUCCESS || state >= COMPENSATED
}

/** `null` until the step is final. */
export const statusOf = ({ state }: GraphState, step: number): StepStatus | null => STATUS[state[step]!]!

/** How a step stands that is not final. */
export const openStatusOf = ({ state }: GraphState, step: number): OpenStatus => OPEN_STATUS[state[step]!]!

/** A step that is not final gets on. */
export function advance(graph: GraphState, step: number, to: typeof CHECKING | typeof QUEUED | typeof LIVE) {
  graph.open[graph.state[step]!]!--
  graph.open[to]!++
  graph.state[step] = to
}

/** How many steps stand so that are not final. */
export const openCounts = ({ open }: GraphState): Record<OpenStatus, number> => ({
  pending: open[PENDING]! + open[CHECKING]!,
  waiting: open[QUEUED]!,
  running: open[LIVE]!,
})

/** Whether so many steps have succeeded, or too few still can; `null` as long as neither is known. */
export function quorumOf(
  { counts: { success }, settled, state: { length } }: GraphState,
  wanted: number,
): Extract<WorkflowEvent, { type: 'steps.sufficed' | 'steps.fellShort' }> | null {
  if (success >= wanted) return { type: 'steps.sufficed' }
  const unsuccessful = settled - success
  if (length - unsuccessful >= wanted) return null
  const message = `${wanted} of ${length} steps must succeed, and ${unsuccessful} did not`
  return { type: 'steps.fellShort', failure: { code: 'TOO_FEW_SUCCEEDED', message } }
}

/** Records how a step ended and counts its dependents down. A second settlement changes nothing. */
export function settle(
  plan: Plan,
  graph: GraphState,
  step: number,
  { status, output, failure, attempts }: Settlement,
  now: number,
): boolean {
  if (isFinal(graph, step)) return false
  graph.open[graph.state[step]!]!--
  graph.state[step] = FINAL[status]
  graph.attempts[step] = attempts
  graph.finishedAt[step] = now
  graph.counts[status]++
  graph.order[step] = ++graph.settled
  if (status === 'success') graph.outputs[step] = output
  if (failure !== null) graph.failures.set(step, failure)
  if (status !== 'success' && RANK[status] >= rankOf(graph, step)) graph.worst[step] = step + 1
  if (graph.worst[step] !== 0) passOn(plan, graph, step)
  const { dependents, dependentStart } = plan
  for (let at = dependentStart[step]!; at < dependentStart[step + 1]!; at++) {
    const dependent = dependents[at]!
    if (--graph.waitingFor[dependent]! === 0 && isPending(graph, dependent)) graph.ready.push(dependent)
  }
  return true
}

/** A success is one no more. What is undone without having been one stays what it was. */
export function settleCompensation({ state, counts }: GraphState, step: number, undone: boolean): void {
  if (state[step] !== SUCCESS) return
  const status = undone ? 'compensated' : 'compensation_failed'
  state[step] = FINAL[status]
  counts.success--
  counts[status]++
}

/** Judges a step's `run_if` by its dependencies, all of them final. */
export function judgeGate(plan: Plan, graph: GraphState, step: number): Gate {
  const gate = gateOf(plan, graph, step)
  if (gate !== OPEN) graph.held.add(step)
  return gate
}

/** The worst end among all that comes before a step, what the run is inside of included. */
export function worstBefore(plan: Plan, graph: GraphState, step: number): Worst {
  return dependenciesOf(plan, step).reduce<Worst>((worst, before) => {
    const rank = rankOf(graph, before)
    return rank > worst.rank ? { rank, name: nameOf(plan, graph.worst[before]! - 1) } : worst
  }, graph.around)
}

function gateOf(plan: Plan, graph: GraphState, step: number): Gate {
  const { runIf } = plan.workflow.steps[step]!
  if (runIf === 'all_done') return OPEN
  if (runIf === 'ancestors_succeeded') return gateOfAncestors(plan, graph, step)
  let succeeded = 0
  let cancelled = 0
  let lacking = 0
  const failed: number[] = []
  const dependencies = dependenciesOf(plan, step)
  for (const before of dependencies) {
    const state = graph.state[before]
    if (state === SUCCESS) succeeded++
    else if (state === FAILED) failed.push(before)
    else if (state === CANCELLED) cancelled++
    else if (graph.held.has(before)) lacking++
  }
  if (runIf === 'any_succeeded') return succeeded > 0 || dependencies.length === 0 ? OPEN : { way: 'skipped' }
  if (failed.length > 0)
    return { way: 'failed', failure: unsatisfied(failed.map((each) => nameOf(plan, each))) }
  if (cancelled > 0) return { way: 'cancelled' }
  return lacking > 0 ? { way: 'skipped' } : OPEN
}

/** The same for `ancestors_succeeded`. */
function gateOfAncestors(plan: Plan, graph: GraphState, step: number): Gate {
  const way = WAYS[worstBefore(plan, graph, step).rank]!
  if (way !== 'failed') return way === 'open' ? OPEN : { way }
  const around = graph.around.rank === RANK.failed ? [graph.around.name] : []
  const failed = dependenciesOf(plan, step).filter((before) => rankOf(graph, before) === RANK.failed)
  const culprits = Array.from(failed, (before) => nameOf(plan, graph.worst[before]! - 1))
  return { way, failure: unsatisfied([...new Set([...around, ...culprits])]) }
}

/** Lets all that comes after a step know how it ended. Of that, only what was cancelled by hand is final already. */
function passOn({ dependents, dependentStart }: Plan, graph: GraphState, from: number): void {
  const open = [from]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (let at = dependentStart[step]!; at < dependentStart[step + 1]!; at++) {
      const dependent = dependents[at]!
      if (rankOf(graph, dependent) >= rankOf(graph, step)) continue
      graph.worst[dependent] = graph.worst[step]!
      if (isFinal(graph, dependent)) open.push(dependent)
    }
  }
}

/** The rank of the worst end among a step and all before it. */
function rankOf({ state, worst }: GraphState, step: number): number {
  const place = worst[step]!
  return place === 0 ? RANK.success : RANK[STATUS[state[place - 1]!] as StepOutcome]
}

const dependenciesOf = ({ dependencies, dependencyStart }: Plan, step: number) =>
  dependencies.subarray(dependencyStart[step], dependencyStart[step + 1])

const nameOf = ({ workflow }: Plan, step: number) => workflow.steps[step]!.name

function unsatisfied(failed: readonly string[]): Failure {
  const names = failed.slice(0, NAMES_MAX).map((name) => `'${name}'`)
  if (failed.length > NAMES_MAX) names.push(`and ${failed.length - NAMES_MAX} more`)
  return {
    code: 'DEPENDENCIES_NOT_SATISFIED',
    message: `Dependencies not satisfied: [${names.join(', ')}]`,
    retryable: false,
  }
}
