// Where a run is, as data: types only. How it gets there is in capture.ts, and how a run gets there in revive.ts. All of it
// goes through kernel/plain.ts, so that maps and typed arrays are at home here. Not in it: what follows from the definition.
import type { CompensationExtent, CompensationOutput } from '../../../machines/protocol.ts'
import type { Counters } from '../../kernel/counters.ts'
import type { EffectsState } from '../../kernel/effects.ts'
import type { GraphState } from '../../kernel/graph.ts'
import type { CompensationState, RunState } from '../../kernel/run-state.ts'
import type { ResourceNeed } from '../../../machines/protocol.ts'
import type { AttemptTarget } from '../port/host.ts'
import type { LeftEffects } from '../run/inside.ts'
import type { ChartAt, Place, QueueAt } from './notes.ts'

/** What a run decides by. */
export interface StateAt extends Pick<RunState, 'effects' | 'phase'> {
  readonly graph: Omit<GraphState, 'startedAt' | 'finishedAt'>
  readonly compensation: CompensationState
  readonly slots: { readonly queue: QueueAt; readonly free: number; readonly holders: ReadonlySet<number> }
  readonly gates: {
    readonly groups: ReadonlyMap<
      string,
      { readonly needs: readonly ResourceNeed[]; readonly queue: QueueAt; readonly asking: number }
    >
    readonly acquisitions: ReadonlyMap<
      string,
      {
        readonly index: number
        readonly priority: number
        readonly age: number
        readonly group: string
        readonly held: number
      }
    >
  }
}

/** What is left of a run when nothing in it is under way. */
export interface EndedAt {
  readonly state: StateAt
  /** By control step. */
  readonly inside: readonly (readonly [number, InsideAt])[]
}

/** What is under way in a run. */
export interface LivingAt {
  readonly chart: ChartAt
  /** Its own limit. */
  readonly timer: Place
  /** Questions about steps that have not started, by step. */
  readonly asked: readonly (readonly [number, Place])[]
  readonly live: readonly LiveAt[]
  readonly beside: readonly BesideAt[]
}

/** A run that is under way. */
export type RunAt = EndedAt & LivingAt

/** How a run is inside of a step: all that does not follow from the step. */
export interface NestingAt {
  readonly attempt: number
  /** The place of its plan among those of the step, and of the plans of branches that were not taken. */
  readonly place: number
  readonly absent: readonly number[]
  readonly iteration: unknown
  readonly waitFor: 'all' | number
  /** Given for a scenario of its own. */
  readonly inputs: unknown
}

/** A run inside of a step that is under way. */
export interface NestedAt extends NestingAt {
  readonly run: RunAt
}

/** One inside of a step that has ended. */
export interface EndedNestedAt extends NestingAt {
  readonly run: EndedAt
}

/** Runs inside of one step that have ended. */
export interface InsideAt {
  readonly owed: readonly (EndedNestedAt & { readonly isCompleted: boolean })[]
  readonly left: LeftEffects
}

/** A step that has an actor. */
export interface LiveAt {
  readonly index: number
  readonly path: string
  readonly chart: ChartAt
  readonly effect: Place
  readonly isAborted: boolean
  readonly isCounted: boolean
  readonly failureEvent: string | null
  readonly queued: boolean
  readonly timers: {
    readonly timer: Place
    readonly heartbeat: Place
    readonly window: Place
    /** Milliseconds until the time for retries ends; `null`: it does not. */
    readonly windowLeft: number | null
    readonly tried: AttemptTarget | null
  }
  readonly work: WorkAt | null
}

/** What is under way in a step. */
export type WorkAt = BranchAt | LoopAt | WaitAt | UndoingAt

/** Steps inside of a step that run once. */
export interface BranchAt {
  readonly kind: 'branch'
  readonly chart: ChartAt
  readonly asked: Place
  readonly inside: NestedAt | null
}

/** The iterations of a step. */
export interface LoopAt {
  readonly kind: 'loop'
  readonly chart: ChartAt
  readonly asked: Place
  readonly live: readonly (readonly [number, NestedAt])[]
  readonly items: unknown
  readonly outputs: ReadonlyMap<number, unknown>
  readonly started: number
  /** The last iteration: a place among the runs that are owed, or one that is not. */
  readonly last: number | EndedNestedAt | null
  readonly isStopping: boolean
}

/** A wait for a time or an event. */
export interface WaitAt {
  readonly kind: 'wait'
  readonly chart: ChartAt
  readonly asked: Place
  readonly timer: Place
  /** Whether the mailbox knows it. */
  readonly listens: boolean
}

/** What is being undone inside of a step; runs by their places among those that are owed. */
export interface UndoingAt {
  readonly kind: 'undoing'
  readonly chart: ChartAt
  readonly owed: readonly (readonly [number, CompensationExtent])[]
  readonly held: readonly number[]
  readonly live: readonly (readonly [number, LivingAt])[]
}

/** The same beside the steps. */
export interface BesideAt {
  /** The address of the run that the step is in. */
  readonly outer: string
  readonly index: number
  /** Whether the step asks for its next attempt once it is over. */
  readonly resumes: boolean
  readonly undoing: UndoingAt
}

/** What only reports read of a run. */
export interface RunRecord extends Pick<GraphState, 'startedAt' | 'finishedAt'> {
  readonly began: number
  readonly counters: Counters
  readonly isDegraded: boolean
  /** By control step. */
  readonly inside: readonly (readonly [number, InsideKept])[]
}

/** What the result shows of the runs inside of one step. */
export interface InsideKept {
  readonly ended: number
  readonly failuresKept: number
  readonly kept: readonly {
    readonly iteration: number | null
    readonly status: 'completed' | 'failed' | 'cancelled' | 'timed_out'
    /** A place among the runs that are owed, or one that is not. */
    readonly ledger: number | LedgerAt
  }[]
}

/** What is to be read of a run that has ended. */
export interface LedgerAt {
  readonly place: number
  readonly graph: GraphState
  readonly effects: EffectsState
  readonly compensations: ReadonlyMap<number, CompensationOutput>
  readonly inside: readonly (readonly [number, InsideKept])[]
}
