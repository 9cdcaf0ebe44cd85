// What is to be done in one root, in order: first what charts have asked for, then what waits until nothing else is left, and at
// last whoever watches is told. Decides nothing. Invariant: no chart is entered while another one is in the
// middle of a transition.

/** What is to be done. */
export abstract class Agenda {
  closed = false
  /** An entry is being handed to its actor. */
  protected handling = false
  /** What the charts asked for and nobody has done yet, in order: each a function and its two arguments. */
  private effects: unknown[] = []
  /** What is done after all that, and what is done last of all. */
  private readonly resting: (() => void)[] = []
  private readonly last: (() => void)[] = []
  /** Told each time that the tree has come to rest. */
  watcher: { rested(hasActed: boolean): void } | null = null
  private settling = false

  /** A fault of ours ends the root. */
  protected abstract fail(error: unknown): void

  /**
   * Does something once the chart that asks for it has come to rest. All that charts ask for is done so, in order. Target and
   * detail are handed over as they are, for a closure an effect is what a step can least afford.
   */
  later<TTarget, TDetail>(
    effect: (target: TTarget, detail: TDetail) => void,
    target: TTarget,
    detail: TDetail,
  ): void {
    this.effects.push(effect, target, detail)
  }

  /** Does something once nothing else is left to be done, so that it finds all that begins at the same time. */
  atRest(effect: () => void): void {
    this.resting.push(effect)
  }

  /** Does something once all is done that rests, too. */
  atLast(effect: () => void): void {
    this.last.push(effect)
  }

  /** Does what the charts asked for, until they ask for nothing more. */
  settleDown(): void {
    if (this.settling) return
    this.settling = true
    try {
      const { effects } = this
      for (let next = 0; !this.closed; next += 3) {
        if (next === effects.length) {
          const rest = this.resting.shift() ?? this.last.shift()
          if (!rest) break
          this.later(rest, undefined, undefined)
        }
        const effect = effects[next] as (target: unknown, detail: unknown) => void
        effect(effects[next + 1], effects[next + 2])
      }
    } catch (error) {
      this.fail(error)
    } finally {
      const hasActed = this.effects.length > 0
      this.effects = []
      this.settling = false
      if (this.isQuiet) this.watcher?.rested(hasActed)
    }
  }

  /** Whether nothing is under way in the tree: no entry, and nothing that charts asked for. */
  get isQuiet(): boolean {
    return !this.handling && !this.settling
  }
}
