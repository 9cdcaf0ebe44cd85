// A binary heap in an array: the queue of timers and the queue of ready steps stand on it.
// Not stable by itself: an order among equals belongs into the comparison.

/** Whether the first goes before the second. */
type Before<T> = (a: T, b: T) => boolean

/** O(log n). */
export function pushHeap<T>(items: T[], item: T, before: Before<T>): void {
  items.push(item)
  let at = items.length - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!before(item, items[parent] as T)) break
    items[at] = items[parent] as T
    at = parent
  }
  items[at] = item
}

/** The item that goes first; `undefined` where there is none. O(log n). */
export function popHeap<T>(items: T[], before: Before<T>): T | undefined {
  const top = items[0]
  const last = items.pop()
  if (items.length > 0 && last !== undefined) {
    items[0] = last
    sink(items, 0, before)
  }
  return top
}

/** Makes any array one. O(n). */
export function heapify<T>(items: T[], before: Before<T>): void {
  for (let at = (items.length >> 1) - 1; at >= 0; at--) sink(items, at, before)
}

function sink<T>(items: T[], from: number, before: Before<T>): void {
  const item = items[from] as T
  const half = items.length >> 1
  let at = from
  while (at < half) {
    let child = 2 * at + 1
    if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) child++
    if (!before(items[child] as T, item)) break
    items[at] = items[child] as T
    at = child
  }
  items[at] = item
}
