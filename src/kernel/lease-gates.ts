// The leases of one run's steps: asked of the pools one after the other in one global order (by name), so that no two steps can
// wait for each other, and given back all together. Plain data, which these functions change in place; they return what is to be
// said to the pools.
// Not here: capacity and fairness among runs, which are the pools' own. A run forwards only a window of requests to a pool, so that
// a pool's queue stays small however many steps are ready.
import type { PoolEvent, ResourceNeed } from '../../machines/protocol.ts'
import { dequeue, enqueue, newReadyQueue, type ReadyQueue } from './ready-queue.ts'

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
export interface LeaseGates {
  /** Where pools are to answer: the run's address. */
  readonly replyTo: string
  readonly groups: Map<string, Group>
  /** By lease, which is the step's own address. */
  readonly acquisitions: Map<string, Acquisition>
}

/** What is to be said to a pool. */
export interface PoolMessage {
  readonly pool: string
  readonly event: PoolEvent
}

/** A step that may ask for its leases. */
export interface Applicant {
  readonly lease: string
  readonly priority: number
  /** Those that may ask at the same time ask in this order, a higher number first, whatever they need. */
  readonly precedence: number
}

/** Nothing is held or waited for. */
export const newLeaseGates = (replyTo: string): LeaseGates => ({
  replyTo,
  groups: new Map(),
  acquisitions: new Map(),
})

/** A step begins to wait for leases. */
export function awaitLeases(
  { groups }: LeaseGates,
  index: number,
  needs: readonly ResourceNeed[],
  priority: number,
  now: number,
): void {
  const sorted = needs.toSorted((a, b) => (a.pool < b.pool ? -1 : 1))
  const key = sorted.map((need) => `${need.units} ${need.pool}`).join('/')
  let group = groups.get(key)
  if (!group) groups.set(key, (group = { needs: sorted, queue: newReadyQueue(), asking: 0 }))
  enqueue(group.queue, index, priority, now)
}

/**
 * Asks for the leases of the next steps, as far as the window allows.
 * @param applicant A step as one that asks.
 */
export function askForLeases(
  gates: LeaseGates,
  now: number,
  isWaiting: (index: number) => boolean,
  applicant: (index: number) => Applicant,
): PoolMessage[] {
  const next: (Applicant & { readonly index: number })[] = []
  for (const group of gates.groups.values()) {
    while (group.asking < WINDOW) {
      const index = dequeue(group.queue, now, isWaiting)
      if (index === undefined) break
      group.asking++
      const asking = applicant(index)
      const { lease, priority } = asking
      gates.acquisitions.set(lease, { index, priority, since: now, group, held: 0 })
      next.push({ ...asking, index })
    }
  }
  next.sort((a, b) => b.precedence - a.precedence || a.index - b.index)
  return next.map(({ lease }) => requestOf(gates, lease, gates.acquisitions.get(lease)!))
}

/** Notes a granted lease. Gives the step once it holds all it needs, else the next request. */
export function grantLease(gates: LeaseGates, lease: string, pool: string): number | PoolMessage | null {
  const acquisition = gates.acquisitions.get(lease)
  const needs = acquisition?.group.needs ?? []
  if (!acquisition || needs[acquisition.held]?.pool !== pool) return null
  acquisition.held++
  if (acquisition.held < needs.length) return requestOf(gates, lease, acquisition)
  acquisition.group.asking--
  return acquisition.index
}

/** Whether a step that has to hold leases holds them all. */
export function holdsAllLeases({ acquisitions }: LeaseGates, lease: string): boolean {
  const acquisition = acquisitions.get(lease)
  return acquisition !== undefined && acquisition.held === acquisition.group.needs.length
}

/** Gives back whatever a step holds or waits for. */
export function releaseLease({ acquisitions }: LeaseGates, lease: string): PoolMessage[] {
  const acquisition = acquisitions.get(lease)
  if (!acquisition) return []
  const { group, held } = acquisition
  if (held < group.needs.length) group.asking--
  acquisitions.delete(lease)
  const named = group.needs.slice(0, held + 1).reverse()
  return named.map(({ pool }) => ({ pool, event: { type: 'lease.release', lease } }))
}

/** Gives back the leases of every step for which `drops` holds. */
export function releaseWhere(gates: LeaseGates, drops: (index: number) => boolean): PoolMessage[] {
  return [...gates.acquisitions].flatMap(([lease, { index }]) =>
    drops(index) ? releaseLease(gates, lease) : [],
  )
}

function requestOf(
  { replyTo }: LeaseGates,
  lease: string,
  { group, held, priority, since }: Acquisition,
): PoolMessage {
  const { pool, units } = group.needs[held]!
  return { pool, event: { type: 'lease.request', lease, units, priority, at: since, replyTo } }
}
