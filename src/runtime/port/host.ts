// The Host port: all that a run asks of the outside, and the one way in.
// A host owns time, chance and the execution of effects. It decides nothing.
import type { BusEvent, EffectTarget } from '../../../machines/protocol.ts'
import type { InboundEvent } from './events.ts'

/** Something to be performed outside of the charts, as data. */
export type Effect =
  | {
      readonly kind: 'attempt'
      /** The address of the actor that makes the attempt. */
      readonly to: string
      readonly attempt: number
      /** The address of the run. */
      readonly run: string
      /** The step's place in its plan. */
      readonly index: number
      readonly target: AttemptTarget
    }
  | {
      /** What a user's function decides about a step. */
      readonly kind: 'decision'
      readonly to: string
      readonly run: string
      /** The step's name: the answer is journaled under it. */
      readonly step: string
      readonly question: Question
    }
  | {
      readonly kind: 'init' | 'cleanup'
      readonly to: string
      readonly module: string
      /** The module was initialised in an earlier life of the run, in another process. */
      readonly resumed?: true
    }
  | { readonly kind: 'handler'; readonly to: string; readonly subscription: string; readonly event: BusEvent }

/** What an attempt calls: a step's operation, its fallback, or what undoes either. */
export type AttemptTarget = EffectTarget | 'compensation' | 'fallbackCompensation'

/** The effect that an attempt of this kind undoes; `null` for one that has an effect of its own. */
export function undoneBy(target: AttemptTarget): EffectTarget | null {
  if (target === 'compensation') return 'operation'
  return target === 'fallbackCompensation' ? 'fallback' : null
}

/** What is decided: whether a step runs, which branch it takes, over what and how often it goes, which event it takes. */
export type Question = 'when' | 'branch' | 'items' | 'again' | 'filter'

/** An event with its address: all that ever crosses into a run. Settlements, timers, commands, emitted events. */
export interface Entry {
  /** Milliseconds since the epoch, never less than the entry before. */
  readonly at: number
  /** The path of the actor it is for. */
  readonly to: string
  readonly event: InboundEvent
}

/** How an effect ended. A host passes on what it met; the runtime makes data of it. */
export type Outcome =
  | { readonly status: 'succeeded'; readonly value: unknown }
  | { readonly status: 'failed'; readonly error: unknown }

/** What an effect's execution is given by its host. */
export interface EffectControl {
  /** Aborted when the effect is. Made on first use. */
  readonly signal: AbortSignal
}

/** What a host calls back: a run, or an integration with its runs. */
export interface Guest {
  /** Runs the user's function behind an effect. May throw, return or promise. */
  execute(effect: Effect, control: EffectControl): unknown
  /** Says how an effect ended. Never called from within `perform`. */
  settle(effect: Effect, outcome: Outcome): void
  /**
   * The one way in. Never called from within another delivery.
   * @param timer Given where a timer has fired, which runs no more.
   */
  deliver(to: string, event: InboundEvent, timer?: TimerHandle): void
}

/** Names a timer, for its cancellation. */
export type TimerHandle = object

/** A root's own view of its host. */
export interface HostPort {
  /** All chance in the root is drawn from it. A 32-bit unsigned integer. */
  readonly seed: number
  /** Whether entries that are recorded are kept; where none is, nothing is made only to be written down. Default `true`. */
  readonly keepsJournal?: boolean
  /** Entries of an earlier life of this root, to be replayed before anything new. */
  readonly journal: readonly Entry[]
  /** Milliseconds since the epoch, whole. */
  now(): number
  /** Performs an effect; its outcome comes back through `settle`, later. */
  perform(effect: Effect): void
  /** Tells an effect to stop. It still settles. */
  abort(effect: Effect): void
  /** Gives up on an effect: whatever it says later is dropped and counted. */
  abandon(effect: Effect): void
  /** Performs effects one after the other, with nobody left to hear how they end. Goes on after `close`. */
  performDetached(effects: readonly Effect[]): void
  /** Delivers `event` to `to` after a delay of any length. */
  startTimer(to: string, event: InboundEvent, delayMs: number): TimerHandle
  cancelTimer(timer: TimerHandle): void
  /** Calls back as soon as the root is quiet, never from within this call. */
  defer(callback: () => void): void
  /** Writes an entry down before anything that depends on it starts. */
  record(entry: Entry): void
  log(path: string, message: string, data: unknown): void
  /** The root ended: open effects are aborted, timers forgotten. */
  close(): void
}

/** Names the root that is opened. */
export interface RootRequest {
  readonly runId: string
  /** `true`: only an earlier life of `runId` will do. */
  readonly resume: boolean
  /** With `resume`: whether the earlier life is given as a captured state, and any journal is only what came after it. Default `false`. */
  readonly revives?: boolean
  /** With `revives`: when that state was captured, in milliseconds since the epoch. Virtual time goes on from there. Default 0. */
  readonly since?: number
  /** Whether the root's actor system was given a clock, `createActor(…, { clock })`; no host asks it. Default `false`. */
  readonly hasOwnClock?: boolean
}

export interface Host {
  readonly name: string
  /** A name for a run that was given none. */
  newRunId(): string
  /**
   * @throws RUN_NOT_RESUMABLE where `resume` is asked for and the host has no journal of that run
   * @throws CLOCK_NOT_SUPPORTED where the host counts real time and `hasOwnClock` is set
   */
  open(request: RootRequest, guest: Guest): HostPort
  /** Resolves once no effect of any root is executing, abandoned ones included. */
  idle(): Promise<void>
}
