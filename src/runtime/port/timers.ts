// One queue of timers for a whole host, whatever its clock. `system.scheduler` of XState walks all timers
// whenever an actor stops, so no chart uses `after`; they ask for these.
import { heapify, popHeap, pushHeap } from '../../kernel/heap.ts'
import type { InboundEvent } from './events.ts'
import type { TimerHandle } from './host.ts'

/** A timer that a run has started. */
export interface RunningTimer {
  /** The address of the actor that is told. */
  readonly to: string
  readonly event: InboundEvent
  readonly delayMs: number
  /** Milliseconds since the epoch. */
  readonly due: number
  /** The host's own; `null` as long as a replay holds the timer back. */
  handle: TimerHandle | null
}

/** A timer in the queue. */
export interface Timer<TEvent = InboundEvent> extends TimerHandle {
  readonly due: number
  /** Order of creation, which decides among equal times. */
  readonly order: number
  readonly to: string
  readonly event: TEvent
  cancelled: boolean
}

/** Cancelled timers that may stay in the queue beside as many live ones. */
const CANCELLED_SLACK = 64

const isEarlier = (a: Timer<unknown>, b: Timer<unknown>) =>
  a.due < b.due || (a.due === b.due && a.order < b.order)

/** Ordered by time, then by creation. Starting and cancelling cost O(log n), amortised. */
export class TimerQueue<TEvent = InboundEvent> {
  private heap: Timer<TEvent>[] = []
  private cancelled = 0
  private order = 0

  /** Timers not cancelled. */
  get size(): number {
    return this.heap.length - this.cancelled
  }

  start(due: number, to: string, event: TEvent): Timer<TEvent> {
    const timer: Timer<TEvent> = { due, order: this.order++, to, event, cancelled: false }
    pushHeap(this.heap, timer, isEarlier)
    return timer
  }

  cancel(timer: Timer<TEvent>): void {
    if (timer.cancelled) return
    timer.cancelled = true
    this.cancelled++
    if (this.cancelled > CANCELLED_SLACK && this.cancelled * 2 > this.heap.length) {
      this.heap = this.heap.filter((kept) => !kept.cancelled)
      heapify(this.heap, isEarlier)
      this.cancelled = 0
    }
  }

  /** The next timer that is not cancelled. */
  peek(): Timer<TEvent> | undefined {
    for (let [top] = this.heap; top?.cancelled; [top] = this.heap) {
      popHeap(this.heap, isEarlier)
      this.cancelled--
    }
    return this.heap[0]
  }

  /** Takes the next timer out if it is due. A timer that was taken out counts as cancelled. */
  take(now: number): Timer<TEvent> | undefined {
    const next = this.peek()
    if (next === undefined || next.due > now) return undefined
    popHeap(this.heap, isEarlier)
    next.cancelled = true
    return next
  }

  /** Every timer that is not cancelled, in no order. */
  clear(): void {
    this.heap = []
    this.cancelled = 0
  }
}
