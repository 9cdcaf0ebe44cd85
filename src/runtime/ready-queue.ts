// The order in which ready steps are let through: higher priority, then declared order; and nothing starves.
// Not here: what a step waits for, or how many may pass.
import { Heap } from './heap.ts'

/** A step that has waited so long goes before all that has not, whatever its priority. */
export const AGEING_MS = 60_000

interface Waiting {
  readonly index: number
  readonly priority: number
  readonly since: number
  taken: boolean
}

/** Push and pop cost O(log n), amortised. */
export class ReadyQueue {
  private readonly ageingMs: number
  private readonly heap = new Heap<Waiting>(
    (a, b) => a.priority > b.priority || (a.priority === b.priority && a.index < b.index),
  )
  /** The same entries by arrival; those already taken are passed over. Kept only where priorities differ. */
  private arrivals: Waiting[] = []
  private head = 0
  private priority: number | null = null
  private mixed = false

  /** @param ageingMs After it a step goes before all that has waited less; `Infinity`: never. */
  constructor(ageingMs = AGEING_MS) {
    this.ageingMs = ageingMs
  }

  /** Entries in the queue; some may wait no more. */
  get size(): number {
    return this.heap.size + (this.arrivals.length - this.head)
  }

  push(index: number, priority: number, now: number): void {
    const waiting: Waiting = { index, priority, since: now, taken: false }
    this.priority ??= priority
    this.mixed ||= priority !== this.priority
    this.heap.push(waiting)
    if (this.mixed) this.arrivals.push(waiting)
  }

  /** The next step for which `stillWaits` holds; the others are dropped. */
  pop(now: number, stillWaits: (index: number) => boolean): number | undefined {
    for (let next = this.next(now); next !== undefined; next = this.next(now)) {
      next.taken = true
      if (stillWaits(next.index)) return next.index
    }
    return undefined
  }

  private next(now: number): Waiting | undefined {
    const aged = this.oldest()
    if (aged !== undefined && now - aged.since >= this.ageingMs) return aged
    let top = this.heap.pop()
    while (top?.taken) top = this.heap.pop()
    return top
  }

  private oldest(): Waiting | undefined {
    while (this.arrivals[this.head]?.taken) this.head++
    if (this.head > 1024 && this.head * 2 > this.arrivals.length) {
      this.arrivals = this.arrivals.slice(this.head)
      this.head = 0
    }
    return this.arrivals[this.head]
  }
}
