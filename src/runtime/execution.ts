// The state of one run's graph: what is final, what has become ready, who waits in which queue.
// Flat arrays beside the charts, because a record an actor costs too much to keep for 100,000 finished steps.
// Pure bookkeeping: no actor, no effect, no clock. Invariant: a final state is written once.
import type { Failure, StepOutcome, StepStatus, WorkflowEvent } from '../../machines/protocol.ts'
import type { Plan } from '../definition/plan.ts'

/** Where a step is. From `SUCCESS` on it is final. */
const PENDING = 0
const CHECKING = 1
const QUEUED = 2
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

/** The flat arrays of one run. */
export class Execution {
  readonly plan: Plan
  readonly state: Uint8Array
  readonly attempts: Uint32Array
  /** Milliseconds since the epoch of the first attempt; NaN where there was none. */
  readonly startedAt: Float64Array
  readonly finishedAt: Float64Array
  readonly outputs: unknown[]
  readonly failures = new Map<number, Failure>()
  readonly counts: Record<StepStatus, number> = {
    success: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    compensated: 0,
    compensation_failed: 0,
  }
  /** The order in which steps became final, from 1. */
  readonly order: Uint32Array
  /** Steps that did not run because of how their dependencies ended. */
  readonly held = new Set<number>()
  private settled = 0
  /** Dependencies not final yet. */
  private readonly waitingFor: Int32Array
  /** Steps whose dependencies have all become final, not looked at yet. */
  private ready: number[] = []
  /** Of each step and all before it, as far as they are final, the place of one that ended worst, from 1; 0: all succeeded. */
  private readonly worst: Int32Array
  private readonly around: Worst

  /** @param around The worst end among the steps before what the run is inside of. */
  constructor(plan: Plan, around = ALL_WELL) {
    this.plan = plan
    this.around = around
    this.worst = new Int32Array(plan.size)
    this.state = new Uint8Array(plan.size)
    this.attempts = new Uint32Array(plan.size)
    this.startedAt = new Float64Array(plan.size).fill(NaN)
    this.finishedAt = new Float64Array(plan.size).fill(NaN)
    this.outputs = Array.from({ length: plan.size }, () => null)
    this.order = new Uint32Array(plan.size)
    this.waitingFor = new Int32Array(plan.size)
    for (let index = 0; index < plan.size; index++) {
      this.waitingFor[index] = plan.dependencyStart[index + 1]! - plan.dependencyStart[index]!
    }
  }

  /** Makes the steps without dependencies ready. */
  open(): void {
    for (let index = 0; index < this.plan.size; index++)
      if (this.waitingFor[index] === 0) this.ready.push(index)
  }

  /** Takes what has become ready since the last call, in no order. */
  takeReady(): readonly number[] {
    if (this.ready.length === 0) return this.ready
    const taken = this.ready
    this.ready = []
    return taken
  }

  get isFinished(): boolean {
    return this.settled === this.plan.size
  }

  /** What there is to say once every step is final; `null` until then. */
  get ending(): Extract<WorkflowEvent, { type: 'steps.finished' }> | null {
    if (!this.isFinished) return null
    const isFailedAround = this.around.rank === RANK.failed
    const failed = isFailedAround ? [...this.held].find((step) => this.state[step] === FAILED) : undefined
    const failure = failed !== undefined && { failure: this.failures.get(failed)! }
    return { type: 'steps.finished', cancelled: this.counts.cancelled, ...failure }
  }

  isFinal(index: number): boolean {
    return this.state[index]! >= SUCCESS
  }

  /** Whether a step ended well, whatever became of it when the run was undone. */
  hasSucceeded(index: number): boolean {
    const state = this.state[index]!
    return state === SUCCESS || state >= COMPENSATED
  }

  /** Waits for its dependencies. */
  isPending(index: number): boolean {
    return this.state[index] === PENDING
  }

  /** Waits for the answer of its `when`. */
  isChecking(index: number): boolean {
    return this.state[index] === CHECKING
  }

  /** Waits at the gates for its first attempt. */
  isQueued(index: number): boolean {
    return this.state[index] === QUEUED
  }

  markChecking(index: number): void {
    this.state[index] = CHECKING
  }

  markQueued(index: number): void {
    this.state[index] = QUEUED
  }

  /** The step has an actor from now on. */
  markLive(index: number): void {
    this.state[index] = LIVE
  }

  /** `null` until the step is final. */
  statusOf(index: number): StepStatus | null {
    return STATUS[this.state[index]!]!
  }

  /** Whether so many steps have succeeded, or too few still can; `null` as long as neither is known. */
  quorum(wanted: number): Extract<WorkflowEvent, { type: 'steps.sufficed' | 'steps.fellShort' }> | null {
    const { success } = this.counts
    if (success >= wanted) return { type: 'steps.sufficed' }
    const unsuccessful = this.settled - success
    if (this.plan.size - unsuccessful >= wanted) return null
    const message = `${wanted} of ${this.plan.size} steps must succeed, and ${unsuccessful} did not`
    return { type: 'steps.fellShort', failure: { code: 'TOO_FEW_SUCCEEDED', message } }
  }

  /** Records how a step ended and counts its dependents down. A second settlement changes nothing. */
  settle(index: number, { status, output, failure, attempts }: Settlement, now: number): boolean {
    if (this.isFinal(index)) return false
    this.state[index] = FINAL[status]
    this.attempts[index] = attempts
    this.finishedAt[index] = now
    this.counts[status]++
    this.order[index] = ++this.settled
    if (status === 'success') this.outputs[index] = output
    if (failure !== null) this.failures.set(index, failure)
    if (status !== 'success' && RANK[status] >= this.rankOf(index)) this.worst[index] = index + 1
    if (this.worst[index] !== 0) this.passOn(index)
    const { dependents, dependentStart } = this.plan
    for (let at = dependentStart[index]!; at < dependentStart[index + 1]!; at++) {
      const dependent = dependents[at]!
      if (--this.waitingFor[dependent]! === 0 && this.state[dependent] === PENDING) this.ready.push(dependent)
    }
    return true
  }

  /** A success is one no more. What is undone without having been one stays what it was. */
  settleCompensation(index: number, undone: boolean): void {
    if (this.state[index] !== SUCCESS) return
    const status = undone ? 'compensated' : 'compensation_failed'
    this.state[index] = FINAL[status]
    this.counts.success--
    this.counts[status]++
  }

  /** Judges a step's `run_if` by its dependencies, all of them final. */
  gate(index: number): Gate {
    const gate = this.judge(index)
    if (gate !== OPEN) this.held.add(index)
    return gate
  }

  /** The worst end among all that comes before a step, what the run is inside of included. */
  before(index: number): Worst {
    return this.dependenciesOf(index).reduce<Worst>((worst, step) => {
      const rank = this.rankOf(step)
      return rank > worst.rank ? { rank, name: this.nameOf(this.worst[step]! - 1) } : worst
    }, this.around)
  }

  private judge(index: number): Gate {
    const { runIf } = this.plan.workflow.steps[index]!
    if (runIf === 'all_done') return OPEN
    if (runIf === 'ancestors_succeeded') return this.judgeAncestors(index)
    let succeeded = 0
    let cancelled = 0
    let lacking = 0
    const failed: number[] = []
    const dependencies = this.dependenciesOf(index)
    for (const step of dependencies) {
      const state = this.state[step]
      if (state === SUCCESS) succeeded++
      else if (state === FAILED) failed.push(step)
      else if (state === CANCELLED) cancelled++
      else if (this.held.has(step)) lacking++
    }
    if (runIf === 'any_succeeded')
      return succeeded > 0 || dependencies.length === 0 ? OPEN : { way: 'skipped' }
    if (failed.length > 0)
      return { way: 'failed', failure: unsatisfied(failed.map((step) => this.nameOf(step))) }
    if (cancelled > 0) return { way: 'cancelled' }
    return lacking > 0 ? { way: 'skipped' } : OPEN
  }

  /** The same for `ancestors_succeeded`. */
  private judgeAncestors(index: number): Gate {
    const way = WAYS[this.before(index).rank]!
    if (way !== 'failed') return way === 'open' ? OPEN : { way }
    const around = this.around.rank === RANK.failed ? [this.around.name] : []
    const failed = this.dependenciesOf(index).filter((step) => this.rankOf(step) === RANK.failed)
    const culprits = Array.from(failed, (step) => this.nameOf(this.worst[step]! - 1))
    return { way, failure: unsatisfied([...new Set([...around, ...culprits])]) }
  }

  /** Lets all that comes after a step know how it ended. Of that, only what was cancelled by hand is final already. */
  private passOn(from: number): void {
    const { dependents, dependentStart } = this.plan
    const open = [from]
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      for (let at = dependentStart[step]!; at < dependentStart[step + 1]!; at++) {
        const dependent = dependents[at]!
        if (this.rankOf(dependent) >= this.rankOf(step)) continue
        this.worst[dependent] = this.worst[step]!
        if (this.isFinal(dependent)) open.push(dependent)
      }
    }
  }

  /** The rank of the worst end among a step and all before it. */
  private rankOf(index: number): number {
    const worst = this.worst[index]!
    return worst === 0 ? RANK.success : RANK[STATUS[this.state[worst - 1]!] as StepOutcome]
  }

  private dependenciesOf(index: number): Int32Array {
    const { dependencies, dependencyStart } = this.plan
    return dependencies.subarray(dependencyStart[index], dependencyStart[index + 1])
  }

  private nameOf(index: number): string {
    return this.plan.workflow.steps[index]!.name
  }
}

function unsatisfied(failed: readonly string[]): Failure {
  const names = failed.slice(0, NAMES_MAX).map((name) => `'${name}'`)
  if (failed.length > NAMES_MAX) names.push(`and ${failed.length - NAMES_MAX} more`)
  return {
    code: 'DEPENDENCIES_NOT_SATISFIED',
    message: `Dependencies not satisfied: [${names.join(', ')}]`,
    retryable: false,
  }
}
