// What a checker is: it watches one schedule, keeps what it has to, and says when its rule is broken.
// Invariant: a checker only looks.
import type { Run } from '../../runtime/run/run.ts'
import type { Effect, Entry, Outcome } from '../../runtime/port/host.ts'
import type { Root } from '../../runtime/charts/root.ts'
import type { History } from '../history.ts'
import type { Pending, World } from '../world.ts'

/** What a checker may look at. */
export interface View {
  readonly world: World
  /** The root of the life that goes on. */
  readonly root: Root
  readonly history: History
}

/** Ends the schedule: the rule is broken. */
export type Fail = (message: string) => never

/** What a checker is told, each where it asks for it. */
export interface Checker {
  /** An effect is asked for. */
  performed?(effect: Effect): void
  /** An entry is written. After entries were lost, a new checker hears of those that are left. */
  recorded?(entry: Entry): void
  /** A choice ended an effect; what comes of it has not happened yet. */
  settled?(pending: Pending, outcome: Outcome): void
  /** A step's state is another one than before the last event. */
  changed?(run: Run, index: number, was: number): void
  /** An event has happened, with all that came of it. */
  moved?(): void
  /** The process died and goes on from its journal, all of it. */
  resumed?(): void
  /** The root is final. */
  ended?(runs: Iterable<Run>): void
}

/** A rule that must hold in every schedule. */
export interface Rule {
  /** Stable, in kebab-case. */
  readonly name: string
  readonly description: string
  watch(view: View, fail: Fail): Checker
}
