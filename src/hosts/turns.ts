// In which order this process does things: one callback after the other, between the turns of its event loop. Not what they do.
// Invariant: timers and I/O get their turn, however many callbacks there are.

/** How long synchronous operations may follow one another before timers and I/O get their turn. */
const TURN_MS_MAX = 10

const nothing = () => {}

/** Runs callbacks in order, each after the current call stack, and lets the event loop breathe. */
export class Turns {
  private queue: (() => void)[] = []
  private head = 0
  private scheduled = false
  private turnBegan = performance.now()
  private readonly rest: () => void

  /** @param rest Called before the event loop has its turn. */
  constructor(rest: () => void) {
    this.rest = rest
  }

  /** The event loop has just had its turn. */
  begin(): void {
    this.turnBegan = performance.now()
  }

  add(callback: () => void): void {
    this.queue.push(callback)
    this.schedule()
  }

  /** Runs nothing before then. */
  hold(until: Promise<void>): void {
    this.scheduled = true
    void until.then(() => {
      this.begin()
      this.run()
    })
  }

  /** Comes to rest again after the current call stack. */
  schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    queueMicrotask(() => this.run())
  }

  private run(): void {
    while (this.head < this.queue.length) {
      if (performance.now() - this.turnBegan > TURN_MS_MAX) {
        this.rest()
        nextTurn(() => {
          this.begin()
          this.run()
        })
        return
      }
      const callback = this.queue[this.head]!
      // The queue may be long, and is not emptied before its end: what is done is not to be kept by it.
      this.queue[this.head++] = nothing
      callback()
    }
    this.queue = []
    this.head = 0
    this.scheduled = false
    this.rest()
  }
}

const nextTurn: (callback: () => void) => void =
  typeof setImmediate === 'function'
    ? (callback) => setImmediate(callback)
    : (callback) => setTimeout(callback, 0)

/** Resolves with a promise, or once a limit has passed. */
export async function within(limitMs: number, ended: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const limit = setTimeout(resolve, limitMs)
  void ended.finally(resolve)
  await promise
  clearTimeout(limit)
}
