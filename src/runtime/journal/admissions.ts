// Events from outside on their way into a root: they were sent, and are no entries yet. Decides nothing, and lets nothing in.
// Invariant: each becomes an entry once, whichever life of the root it was sent in.
import type { Entry } from '../port/host.ts'
import type { SessionAt } from '../state/root-at.ts'

/** An event from outside, and the actor it is for. */
export type Admitted = SessionAt['admitted'][number]

/** Those of one root, in the order in which they were sent. */
export class Admissions {
  private readonly open = new Set<Admitted>()
  /** Those of them that were sent in an earlier life. */
  private readonly earlier = new Set<Admitted>()

  /** Those that are on their way still. */
  get all(): readonly Admitted[] {
    return [...this.open]
  }

  add(admitted: Admitted): void {
    this.open.add(admitted)
  }

  /** Takes up one that was on its way when an earlier life was captured. */
  revive(admitted: Admitted): void {
    this.open.add(admitted)
    this.earlier.add(admitted)
  }

  /** One comes in. Returns whether it is on its way still. */
  take(admitted: Admitted): boolean {
    this.earlier.delete(admitted)
    return this.open.delete(admitted)
  }

  /** An earlier life has written an entry after it was captured: that may be one that was on its way then. */
  strikeOut({ to, event }: Pick<Entry, 'to' | 'event'>): void {
    if (this.earlier.size === 0) return
    const text = JSON.stringify(event)
    for (const each of this.earlier) {
      if (each.to !== to || JSON.stringify(each.event) !== text) continue
      this.take(each)
      return
    }
  }
}
