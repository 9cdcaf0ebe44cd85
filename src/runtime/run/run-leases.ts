// The leases of one run's steps, between the run and the pools: what is asked of whom, and when, is decided in
// kernel/lease-gates.ts.
import {
  askForLeases,
  awaitLeases,
  grantLease,
  holdsAllLeases,
  releaseLease,
  releaseWhere,
  type LeaseGates,
  type PoolMessage,
} from '../../kernel/lease-gates.ts'
import type { Run } from './run.ts'

type LeasedRun = Pick<
  Run,
  'self' | 'scope' | 'session' | 'state' | 'stepAt' | 'pathOf' | 'precedence' | 'isWaiting'
>

/** What one run's steps hold and wait for. */
export class RunLeases {
  private readonly run: LeasedRun

  constructor(run: LeasedRun) {
    this.run = run
  }

  private get gates(): LeaseGates {
    return this.run.state.gates
  }

  /** A step begins to wait for its leases. */
  await(index: number): void {
    const { run } = this
    awaitLeases(this.gates, index, run.stepAt(index).resources, run.precedence(index), run.session.time)
  }

  /** Asks for the leases of the steps that come next. */
  ask(): void {
    const { run } = this
    if (this.gates.groups.size === 0) return
    const applicant = (index: number) => ({
      lease: run.pathOf(index),
      priority: run.stepAt(index).priority,
      precedence: run.precedence(index),
    })
    this.send(askForLeases(this.gates, run.session.time, (index) => run.isWaiting(index), applicant))
  }

  /** Notes a granted lease. Returns the step once it holds all it needs. */
  granted(lease: string, pool: string): number | null {
    const next = grantLease(this.gates, lease, pool)
    if (typeof next === 'number' || next === null) return next
    this.send([next])
    return null
  }

  /** The step that holds or awaits leases of this name. */
  holderOf(lease: string): number | undefined {
    return this.gates.acquisitions.get(lease)?.index
  }

  /** Whether a step that has to hold leases holds them all. */
  holdsAll(index: number): boolean {
    return holdsAllLeases(this.gates, this.run.pathOf(index))
  }

  /** Gives back whatever a step holds or waits for. */
  releaseOf(index: number): void {
    if (this.gates.acquisitions.size > 0) this.release(this.run.pathOf(index))
  }

  release(lease: string): void {
    this.send(releaseLease(this.gates, lease))
  }

  /** The same for every step for which `drops` holds. */
  releaseWhere(drops: (index: number) => boolean): void {
    this.send(releaseWhere(this.gates, drops))
  }

  private send(messages: readonly PoolMessage[]): void {
    for (const { pool, event } of messages) this.run.scope.sendToPool(this.run.self, pool, event)
  }
}
