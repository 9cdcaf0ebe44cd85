// Where a root is, as data: types only. Invariant: `future` is all that what happens next can depend on, and `record` what is read
// of what has happened.
import type { BusContext } from '../../../machines/bus.ts'
import type { Failure } from '../../../machines/protocol.ts'
import type { BusEvent } from '../../../machines/protocol.ts'
import type { ModuleOrder } from '../../kernel/module-order.ts'
import type { PollsState } from '../../kernel/verdicts.ts'
import type { Origin, Taken } from '../../kernel/waiters.ts'
import type { InboundEvent } from '../port/events.ts'
import type { Effect } from '../port/host.ts'
import type { ChartAt, Place } from './notes.ts'
import type { RunAt } from './run-at.ts'

/** The timers of an actor that runs share, by what they limit. */
export type TimersAt = readonly (readonly [string, Place])[]

/** Modules: those that were started and not cleaned up have a chart. */
export interface ModulesAt {
  readonly order: ModuleOrder
  readonly charts: readonly ChartAt[]
  /** The function that is under way, by the address of an actor. */
  readonly underWay: readonly (readonly [string, Place])[]
  readonly timers: TimersAt
  readonly issues: readonly Failure[]
}

/** Pools, by name. */
export interface PoolsAt {
  readonly charts: readonly (readonly [string, ChartAt])[]
  readonly timers: TimersAt
}

/** The bus, without what it remembers of what has happened. */
export interface BusAt {
  readonly value: string
  readonly context: Omit<BusContext, keyof BusRecord>
  readonly polls: PollsState
  readonly timers: TimersAt
  /** Whether the root waits for the end of it. */
  readonly isClosing: boolean
}

/** What it remembers. */
export type BusRecord = Pick<BusContext, 'counters' | 'drops' | 'history'>

/** Events of one type and the waits for them, which are named by address. */
export interface LineAt {
  readonly offered: readonly {
    readonly event: BusEvent
    readonly origin: Origin
    readonly taken: Taken
    readonly isSpent: boolean
  }[]
  readonly waiting: readonly string[]
  /** Places among what is offered. */
  readonly kept: readonly number[]
  readonly tasks: readonly (
    | { readonly kind: 'offer'; readonly offered: number; readonly next: number }
    | { readonly kind: 'join'; readonly waiter: string; readonly next: number }
  )[]
  readonly queued: number
  readonly asked: { readonly waiter: string; readonly offered: number } | null
}

/** What steps wait for, by type. */
export type MailboxAt = readonly (readonly [string, LineAt])[]

/** What it counts. */
export interface MailboxRecord {
  readonly drops: ReadonlyMap<string, number>
  readonly counters: { readonly refused: number; readonly dropped: number; readonly passedOver: number }
}

/** What the runs of one root share. */
export interface ScopeAt {
  readonly modules: ModulesAt
  readonly pools: PoolsAt
  readonly bus: BusAt | null
  readonly mailbox: MailboxAt
}

/** What only reports read of it. */
export interface ScopeRecord {
  readonly bus: BusRecord | null
  readonly mailbox: MailboxRecord
}

/** What joins a root to its host. */
export interface SessionAt {
  readonly seed: number
  /** Timers that run, in the order in which they were started; times are what is left. */
  readonly timers: readonly {
    readonly to: string
    readonly event: InboundEvent
    readonly delayMs: number
    readonly left: number
  }[]
  /** What is under way outside, in the order in which it was asked for. */
  readonly effects: readonly { readonly effect: Effect; readonly isAborted: boolean }[]
  /** Events from outside that nobody has heard of yet. */
  readonly admitted: readonly { readonly to: string; readonly event: InboundEvent }[]
}

/** What only reports and identities read of it. */
export interface SessionRecord {
  /** When it was captured, in milliseconds since the epoch: times in `future` count from then. */
  readonly time: number
  readonly published: number
  readonly lateReplies: number
  /** Entries since the run began, in all its journals. */
  readonly entries: number
}

/** The scenarios of an integration. */
export interface ProgramAt {
  readonly chart: ChartAt
  readonly next: number
  readonly timer: Place
  readonly live: readonly { readonly scenario: number; readonly run: RunAt }[]
}

/** What only its report reads. */
export interface ProgramRecord {
  readonly startedAt: number
  readonly reports: readonly unknown[]
}

/** All that what happens next can depend on. */
export interface Future {
  readonly session: SessionAt
  readonly scope: ScopeAt
  readonly seated: { readonly run: RunAt } | { readonly program: ProgramAt }
}

/** What is read of what has happened. */
export interface RootRecord {
  readonly session: SessionRecord
  readonly scope: ScopeRecord
  readonly program: ProgramRecord | null
  /** Of the runs, in the order in which they are met in `future`. */
  readonly runs: readonly unknown[]
}
