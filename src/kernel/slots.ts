// Who of one run's steps may be under way: so many at a time, in the order of ready-queue.ts. Plain data, which these functions
// change in place.
import { dequeue, enqueue, newReadyQueue, queueLength, type ReadyQueue } from './ready-queue.ts'

/** The slots of one run. */
export interface Slots {
  queue: ReadyQueue
  free: number
  /** Steps that hold a slot, with or without an actor. */
  readonly holders: Set<number>
}

/** So many slots, all of them free. */
export const newSlots = (count: number): Slots => ({
  queue: newReadyQueue(),
  free: count,
  holders: new Set(),
})

/** A step begins to wait for a slot. */
export function awaitSlot({ queue }: Slots, step: number, priority: number, now: number): void {
  enqueue(queue, step, priority, now)
}

/** Gives a slot to the next step that may take one; `undefined` where there is no slot, or no such step. */
export function grantSlot(slots: Slots, now: number, mayTake: (step: number) => boolean): number | undefined {
  if (slots.free === 0 || queueLength(slots.queue) === 0) return undefined
  const step = dequeue(slots.queue, now, mayTake)
  if (step === undefined) return undefined
  slots.free--
  slots.holders.add(step)
  return step
}

/** A step gives its slot back, if it has one. */
export function returnSlot(slots: Slots, step: number): void {
  if (slots.holders.delete(step)) slots.free++
}

/** Every step is final, and what comes now is their undoing: the last one first, however long another waits. */
export function turnBack(slots: Slots): void {
  slots.queue = newReadyQueue(null)
}
