// The order in which one run's steps are undone: each after all that depend on it, directly or through others.
// Pure bookkeeping in flat arrays, as execution.ts is of the way there. Invariant: a step is handed out once.
import type { Plan } from '../definition/plan.ts'

/** Where a step is; 0: not yet ready. */
const QUEUED = 1
const LIVE = 2
const DONE = 3

/** What is still to be undone, and what may be undone now. */
export class Undoing {
  private readonly plan: Plan
  private readonly isOwed: (index: number) => boolean
  private readonly state: Uint8Array
  /** Dependents that are not done. */
  private readonly waitingFor: Int32Array
  private ready: number[] = []
  private pending = 0
  private stopped = false
  /** Steps that could not be undone, or that nobody got to. */
  left = 0

  /** @param isOwed Whether a step has anything to undo; it does not change. */
  constructor(plan: Plan, isOwed: (index: number) => boolean) {
    this.plan = plan
    this.isOwed = isOwed
    this.state = new Uint8Array(plan.size)
    this.waitingFor = new Int32Array(plan.size)
    const free: number[] = []
    for (let index = 0; index < plan.size; index++) {
      if (isOwed(index)) this.pending++
      this.waitingFor[index] = plan.dependentStart[index + 1]! - plan.dependentStart[index]!
      if (this.waitingFor[index] === 0) free.push(index)
    }
    this.free(free)
  }

  /** Takes what may be undone since the last call, in no order. */
  takeReady(): readonly number[] {
    if (this.ready.length === 0 || this.stopped) return []
    const taken = this.ready
    this.ready = []
    for (const index of taken) this.state[index] = QUEUED
    return taken
  }

  /** Waits for a slot or for leases. */
  isQueued(index: number): boolean {
    return this.state[index] === QUEUED && !this.stopped
  }

  markLive(index: number): void {
    this.state[index] = LIVE
  }

  /** A step is undone, or it is left as it is: what it depends on comes next. */
  settle(index: number, undone: boolean): void {
    if (this.state[index] === DONE) return
    this.state[index] = DONE
    this.pending--
    if (!undone) this.left++
    this.free(this.released(index))
  }

  /** Nothing more is handed out. Returns the steps that are left for it. */
  stop(): readonly number[] {
    this.stopped = true
    const left: number[] = []
    for (let index = 0; index < this.plan.size; index++) {
      if (this.state[index]! >= LIVE || !this.isOwed(index)) continue
      this.state[index] = DONE
      this.pending--
      this.left++
      left.push(index)
    }
    return left
  }

  get isFinished(): boolean {
    return this.pending === 0
  }

  /** Passes over the steps that have nothing to undo. */
  private free(open: number[]): void {
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.isOwed(index)) this.ready.push(index)
      else for (const released of this.released(index)) open.push(released)
    }
  }

  /** Counts the dependencies of a step down; returns those that wait for nothing more. */
  private released(index: number): number[] {
    const { dependencies, dependencyStart } = this.plan
    const released: number[] = []
    for (let at = dependencyStart[index]!; at < dependencyStart[index + 1]!; at++) {
      if (--this.waitingFor[dependencies[at]!]! === 0) released.push(dependencies[at]!)
    }
    return released
  }
}
