// The order in which ready steps are let through: higher priority, then declared order; and nothing starves. Plain data, which
// these functions change in place. Not here: what a step waits for, or how many may pass.
import { popHeap, pushHeap } from './heap.ts'

/** A step that has waited so long goes before all that has not, whatever its priority, in milliseconds. */
export const AGEING_MS = 60_000

/** Entries that were taken are dropped from `arrivals` when there are so many. */
const TAKEN_MAX = 1024

interface Waiting {
  readonly index: number
  readonly priority: number
  readonly since: number
  taken: boolean
}

/** Steps that wait. */
export interface ReadyQueue {
  /** After it a step goes before all that has waited less; `null`: never. */
  readonly ageingMs: number | null
  readonly heap: Waiting[]
  /** The same entries by arrival; those already taken are passed over. Kept only where priorities differ. */
  arrivals: Waiting[]
  head: number
  /** Of the first entry; `null` before it. */
  priority: number | null
  mixed: boolean
}

/** An empty queue. */
export const newReadyQueue = (ageingMs: number | null = AGEING_MS): ReadyQueue => ({
  ageingMs,
  heap: [],
  arrivals: [],
  head: 0,
  priority: null,
  mixed: false,
})

/** Entries in the queue; some may wait no more. */
export const queueLength = ({ heap, arrivals, head }: ReadyQueue) => heap.length + (arrivals.length - head)

/** O(log n), amortised. */
export function enqueue(queue: ReadyQueue, index: number, priority: number, now: number): void {
  const waiting: Waiting = { index, priority, since: now, taken: false }
  queue.priority ??= priority
  pushHeap(queue.heap, waiting, goesBefore)
  if (queue.mixed) queue.arrivals.push(waiting)
  else if (priority !== queue.priority) {
    queue.mixed = true
    queue.arrivals = queue.heap.toSorted((a, b) => a.since - b.since || a.index - b.index)
  }
}

/** The next step for which `stillWaits` holds; the others are dropped. O(log n), amortised. */
export function dequeue(
  queue: ReadyQueue,
  now: number,
  stillWaits: (index: number) => boolean,
): number | undefined {
  for (let next = takeNext(queue, now); next !== undefined; next = takeNext(queue, now)) {
    next.taken = true
    if (stillWaits(next.index)) return next.index
  }
  return undefined
}

function takeNext(queue: ReadyQueue, now: number): Waiting | undefined {
  const aged = oldest(queue)
  if (aged !== undefined && queue.ageingMs !== null && now - aged.since >= queue.ageingMs) return aged
  let top = popHeap(queue.heap, goesBefore)
  while (top?.taken) top = popHeap(queue.heap, goesBefore)
  return top
}

function oldest(queue: ReadyQueue): Waiting | undefined {
  while (queue.arrivals[queue.head]?.taken) queue.head++
  if (queue.head > TAKEN_MAX && queue.head * 2 > queue.arrivals.length) {
    queue.arrivals = queue.arrivals.slice(queue.head)
    queue.head = 0
  }
  return queue.arrivals[queue.head]
}

const goesBefore = (a: Waiting, b: Waiting) =>
  a.priority > b.priority || (a.priority === b.priority && a.index < b.index)
