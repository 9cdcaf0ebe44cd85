// The leases of one run's steps: asked of the pools one after the other in one global order (by name),
// so that no two steps can wait for each other, and given back all together.
// Not here: capacity and fairness among runs, which are the pools' own. A run forwards only a window of
// requests to a pool, so that a pool's queue stays small however many steps are ready.
import type { PoolEvent, ResourceNeed } from '../../machines/protocol.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { Run } from './run.ts'

/** Requests of one kind that a run keeps waiting at the pools. */
export const WINDOW = 64

interface Group {
  readonly needs: readonly ResourceNeed[]
  readonly queue: ReadyQueue
  /** Steps that hold or await some, but not all of their leases. */
  asking: number
}

interface Acquisition {
  readonly index: number
  readonly priority: number
  readonly since: number
  readonly group: Group
  /** Leases held, of the first so many needs. */
  held: number
}

/** What one run's steps hold and wait for. */
export class LeaseGates {
  private readonly replyTo: string
  private readonly send: (pool: string, event: PoolEvent) => void
  private readonly groups = new Map<string, Group>()
  /** By lease, which is the step's own address. */
  private readonly acquisitions = new Map<string, Acquisition>()

  constructor(replyTo: string, send: (pool: string, event: PoolEvent) => void) {
    this.replyTo = replyTo
    this.send = send
  }

  enqueue(index: number, needs: readonly ResourceNeed[], priority: number, now: number): void {
    const sorted = needs.toSorted((a, b) => (a.pool < b.pool ? -1 : 1))
    const key = sorted.map((need) => `${need.units} ${need.pool}`).join('/')
    let group = this.groups.get(key)
    if (!group) this.groups.set(key, (group = { needs: sorted, queue: new ReadyQueue(), asking: 0 }))
    group.queue.push(index, priority, now)
  }

  /** Asks for the leases of the next steps, as far as the window allows. */
  forward(run: Run): void {
    const { time } = run.session
    const next: number[] = []
    for (const group of this.groups.values()) {
      while (group.asking < WINDOW) {
        const index = group.queue.pop(time, (each) => run.isWaiting(each))
        if (index === undefined) break
        group.asking++
        const { priority } = run.stepAt(index)
        const acquisition: Acquisition = { index, priority, since: time, group, held: 0 }
        this.acquisitions.set(run.pathOf(index), acquisition)
        next.push(index)
      }
    }
    // Whatever they need, those that may ask at the same time ask in their order.
    next.sort((a, b) => run.precedence(b) - run.precedence(a) || a - b)
    for (const index of next) this.ask(run.pathOf(index), this.acquisitions.get(run.pathOf(index))!)
  }

  /** Notes a granted lease. Returns the step once it holds all it needs. */
  granted(lease: string, pool: string): number | undefined {
    const acquisition = this.acquisitions.get(lease)
    const needs = acquisition?.group.needs ?? []
    if (!acquisition || needs[acquisition.held]?.pool !== pool) return undefined
    acquisition.held++
    if (acquisition.held < needs.length) {
      this.ask(lease, acquisition)
      return undefined
    }
    acquisition.group.asking--
    return acquisition.index
  }

  /** Whether a step that has to hold leases holds them all. */
  holdsAll(lease: string): boolean {
    const acquisition = this.acquisitions.get(lease)
    return acquisition !== undefined && acquisition.held === acquisition.group.needs.length
  }

  /** The step that holds or awaits leases of this name. */
  holderOf(lease: string): number | undefined {
    return this.acquisitions.get(lease)?.index
  }

  /** Returns whatever a step holds or waits for. Returns the step, if it held or waited for anything. */
  release(lease: string): number | undefined {
    const acquisition = this.acquisitions.get(lease)
    if (!acquisition) return undefined
    const { needs } = acquisition.group
    if (acquisition.held < needs.length) acquisition.group.asking--
    this.acquisitions.delete(lease)
    for (const need of needs.slice(0, acquisition.held + 1).reverse()) {
      this.send(need.pool, { type: 'lease.release', lease })
    }
    return acquisition.index
  }

  /** Returns the leases of every step for which `drops` holds. */
  releaseWhere(drops: (index: number) => boolean): void {
    for (const [lease, { index }] of [...this.acquisitions]) if (drops(index)) this.release(lease)
  }

  private ask(lease: string, { group, held, priority, since }: Acquisition): void {
    const need = group.needs[held]!
    const { replyTo } = this
    this.send(need.pool, { type: 'lease.request', lease, units: need.units, priority, at: since, replyTo })
  }
}
