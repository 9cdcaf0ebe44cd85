// Events that steps wait for: whoever waits is told, and what nobody took is kept for whoever asks next, so that an event
// that comes before its wait is not lost. Only events that some step waits for are looked at.
// Invariant: of each kind, a bounded number is kept.
import type { BusEvent } from '../../machines/protocol.ts'

/** Events of one type that are kept; beyond it the oldest is dropped. */
export const KEPT_MAX = 1_000

/** Someone who waits for an event. */
export interface Waiter {
  /** The type that it waits for. */
  readonly awaits: string
  /** Returns whether it takes the event. One that has to think first takes it later, by `take`. */
  consider(event: BusEvent): boolean
}

/** What one root's steps wait for. */
export class Mailbox {
  private readonly names: ReadonlySet<string>
  private readonly waiters = new Map<string, Set<Waiter>>()
  private readonly kept = new Map<string, BusEvent[]>()

  /** @param names The types that some step waits for. */
  constructor(names: ReadonlySet<string>) {
    this.names = names
  }

  /** Whether some step may wait for events of this type. */
  wants(type: string): boolean {
    return this.names.has(type)
  }

  /** The types that someone waits for now. */
  get awaited(): readonly string[] {
    return [...this.waiters].flatMap(([type, waiters]) => (waiters.size > 0 ? type : []))
  }

  /** Hands an event to all who wait for it; one that nobody takes is kept. */
  offer(event: BusEvent): void {
    let isTaken = false
    for (const waiter of [...(this.waiters.get(event.type) ?? [])])
      isTaken = waiter.consider(event) || isTaken
    if (isTaken) return
    const kept = this.kept.get(event.type) ?? []
    this.kept.set(event.type, kept)
    kept.push(event)
    if (kept.length > KEPT_MAX) kept.shift()
  }

  /** Begins to wait. Returns what came before, in order. */
  add(waiter: Waiter): readonly BusEvent[] {
    const same = this.waiters.get(waiter.awaits) ?? new Set()
    this.waiters.set(waiter.awaits, same.add(waiter))
    return [...(this.kept.get(waiter.awaits) ?? [])]
  }

  remove(waiter: Waiter): void {
    this.waiters.get(waiter.awaits)?.delete(waiter)
  }

  /** Someone took an event: nobody else is to have it. */
  take(event: BusEvent): void {
    const kept = this.kept.get(event.type)
    const at = kept?.indexOf(event) ?? -1
    if (at >= 0) kept!.splice(at, 1)
  }
}
