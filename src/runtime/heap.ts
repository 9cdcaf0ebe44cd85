// A binary heap: the queue of timers and the queue of ready steps stand on it.
// Not stable by itself: whoever needs an order among equals puts it into the comparison.

/** Smallest first, by the given order. */
export class Heap<T> {
  private items: T[] = []
  private readonly before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.before = before
  }

  get size(): number {
    return this.items.length
  }

  peek(): T | undefined {
    return this.items[0]
  }

  /** O(log n). */
  push(item: T): void {
    this.items.push(item)
    this.rise(this.items.length - 1)
  }

  /** O(log n). */
  pop(): T | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (items.length > 0 && last !== undefined) {
      items[0] = last
      this.sink(0)
    }
    return top
  }

  /** Drops what does not pass. O(n). */
  keep(passes: (item: T) => boolean): void {
    this.items = this.items.filter(passes)
    for (let at = (this.items.length >> 1) - 1; at >= 0; at--) this.sink(at)
  }

  private rise(from: number): void {
    const { items, before } = this
    const item = items[from] as T
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(item, items[parent] as T)) break
      items[at] = items[parent] as T
      at = parent
    }
    items[at] = item
  }

  private sink(from: number): void {
    const { items, before } = this
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
}
