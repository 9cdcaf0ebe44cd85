// What an actor that users create is joined to once it starts. Its logic is shared by all actors of its workflow, and it is made
// before there is a run: so its snapshots keep a seat for that.
import type { AnyActorRef } from 'xstate'
import type { Session } from '../journal/session.ts'
import type { Program } from '../run/program.ts'
import type { Run } from '../run/run.ts'
import type { Reviving } from '../state/notes.ts'
import type { Captured, EarlierRoot } from '../state/root.ts'
import type { RunAt } from '../state/run-at.ts'
import { ownerOf, type Owner } from './compiled.ts'
import type { Watch } from './rest.ts'
import type { Root } from './root.ts'

/** Where a run was in an earlier life that its root takes up. */
export interface EarlierRun {
  readonly at: RunAt
  readonly notes: Reviving
}

/** The run of a workflow, or the program of an integration; empty until the actor starts. */
export class Seat<TSeated extends Run | Program = Run | Program> implements Owner {
  /** The root that it belongs to; `null` for a run inside of a step. */
  root: Root | null
  seated: TSeated | null = null
  /** Tells the observers of a root's actor. */
  watch: Watch | null = null
  /** What it is to go on from once it starts. */
  earlier: EarlierRun | EarlierRoot | null = null
  /** The state that its present life goes on from, as it was given or kept. */
  given: Captured | null = null
  /** Its actor was restored from a run that had begun: it takes up the earlier life of that run. */
  isRestored = false
  /** Why it cannot go on: an error that is thrown while a snapshot is restored would not reach an outer `onError`. */
  refusal: Error | null = null
  /** Where it was when it was stopped: an actor that is started again goes on from there. */
  stopped: Captured | null = null

  constructor(root: Root | null) {
    this.root = root
  }

  get session(): Session | null {
    return this.seated?.session ?? null
  }
}

/** The seat of an actor of a workflow or an integration. */
export const seatOf = <TSeated extends Run | Program>(snapshot: object) =>
  ownerOf(snapshot) as Seat<TSeated> | undefined

/** The root that an actor started; `undefined` for one that is none, or has not started. */
export const rootOf = (actor: AnyActorRef): Root | undefined => seatOf(actor.getSnapshot())?.root ?? undefined
