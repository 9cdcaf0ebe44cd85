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

/** What the dependencies of a step allow, once all of them are final. */
export type Gate =
  | { readonly way: 'open' }
  | { readonly way: 'skipped' | 'cancelled' }
  | { readonly way: 'failed'; readonly failure: Failure }

const OPEN: Gate = { way: 'open' }

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
  private settled = 0
  /** Dependencies not final yet. */
  private readonly waitingFor: Int32Array
  /** Steps whose dependencies have all become final, not looked at yet. */
  private ready: number[] = []

  constructor(plan: Plan) {
    this.plan = plan
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
    const { dependencies, dependencyStart, workflow } = this.plan
    let succeeded = 0
    let cancelled = 0
    const failed: number[] = []
    for (let at = dependencyStart[index]!; at < dependencyStart[index + 1]!; at++) {
      const state = this.state[dependencies[at]!]
      if (state === SUCCESS) succeeded++
      else if (state === FAILED) failed.push(dependencies[at]!)
      else if (state === CANCELLED) cancelled++
    }
    const { runIf } = workflow.steps[index]!
    if (runIf === 'all_done') return OPEN
    if (runIf === 'any_succeeded') return succeeded > 0 || this.isRoot(index) ? OPEN : { way: 'skipped' }
    if (failed.length > 0) return { way: 'failed', failure: this.unsatisfied(failed) }
    return cancelled > 0 ? { way: 'cancelled' } : OPEN
  }

  private isRoot(index: number): boolean {
    return this.plan.dependencyStart[index] === this.plan.dependencyStart[index + 1]
  }

  private unsatisfied(failed: readonly number[]): Failure {
    const names = failed.slice(0, NAMES_MAX).map((index) => `'${this.plan.workflow.steps[index]!.name}'`)
    if (failed.length > NAMES_MAX) names.push(`and ${failed.length - NAMES_MAX} more`)
    return {
      code: 'DEPENDENCIES_NOT_SATISFIED',
      message: `Dependencies not satisfied: [${names.join(', ')}]`,
      retryable: false,
    }
  }
}
