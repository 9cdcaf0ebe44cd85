// What crosses between actors, as plain data: every event; outcomes and policies are beside it.
// Nothing here decides anything. All of it is JSON, so that a host can write it down and read it back.

import type { Failure } from './outcome.ts'
import type { Verdict } from './policy.ts'
import type { CompensationOutput, StepOutput } from './step-protocol.ts'

export type * from './policy.ts'

export type * from './outcome.ts'

export type * from './step-protocol.ts'

// ---- workflow ----------------------------------------------------------------------------------------

/** What may be sent to a run from outside. */
export type RunCommand =
  /**
   * Ends the run in order: running steps are stopped, what is to be undone is undone, the scope is released.
   * `force`: waits for no step, and undoes nothing more.
   */
  | { readonly type: 'run.cancel'; readonly cause?: 'cancelled' | 'timed_out'; readonly force?: boolean }
  /** Cancels one step, by its address in the run (`outer/inner`, `scan[3]/fetch`), with all that is inside of it. */
  | { readonly type: 'run.cancelStep'; readonly step: string; readonly force?: boolean }
  /** Tells the run of something outside, for the steps that wait for it. */
  | { readonly type: 'run.signal'; readonly event: string; readonly data?: unknown }

export type WorkflowEvent =
  | RunCommand
  | { readonly type: 'scope.ready' }
  | { readonly type: 'scope.failed'; readonly failure: Failure }
  | { readonly type: 'scope.released'; readonly issues: readonly Failure[] }
  | {
      readonly type: 'step.settled'
      readonly step: StepOutput
      /** The step's address in its run. */
      readonly address: string
    }
  | {
      /** Every step is final. */
      readonly type: 'steps.finished'
      /** So many were cancelled. Default 0. */
      readonly cancelled?: number
      /** Of a step that failed without an attempt. */
      readonly failure?: Failure
      /** Whether anything is being undone, or was, beside the steps. Default `false`. */
      readonly surplus?: boolean
    }
  /** As many steps have succeeded as were waited for. */
  | { readonly type: 'steps.sufficed' }
  /** So many steps have not succeeded that the rest can't be enough. */
  | { readonly type: 'steps.fellShort'; readonly failure: Failure }
  | { readonly type: 'compensation.settled'; readonly compensation: CompensationOutput }
  /** Effects that are not part of the result are undone, as far as they could be, beside the steps that follow. */
  | { readonly type: 'surplus.undone' }
  /** Nothing is left to undo, or nothing more will be. */
  | { readonly type: 'compensation.finished'; readonly left: number }
  | { readonly type: 'compensation.timedOut' }
  /** A verdict inside of one of the run's control steps ends the run. */
  | { readonly type: 'run.halt'; readonly failure: Failure | null; readonly verdict: Verdict }
  | { readonly type: 'slot.requested'; readonly index: number }
  | { readonly type: 'slot.returned' }
  | { readonly type: 'lease.granted'; readonly lease: string; readonly pool: string }
  | {
      /** `lost`: it was granted, and is gone. */
      readonly type: 'lease.denied' | 'lease.lost'
      readonly lease: string
      readonly pool: string
      readonly failure: Failure
    }
  /** What a user's function decided about a step: its `when`, its branch, its items, its filter. */
  | {
      readonly type: 'decision.made'
      /** The step's name. */
      readonly step: string
      readonly value: unknown
      readonly failure?: Failure
    }
  /** `surplus`: whether the run has effects that are not part of its result and are to be undone. */
  | { readonly type: 'outputs.collected'; readonly output: unknown; readonly surplus: boolean }
  | { readonly type: 'outputs.failed'; readonly failure: Failure; readonly surplus: boolean }
  | { readonly type: 'run.timedOut' }

// ---- bus ---------------------------------------------------------------------------------------------

/** An event on the bus. */
export interface BusEvent<TType = string, TData = unknown> {
  /** Unique in its integration or run, in order of publication. */
  readonly id: string
  readonly type: TType
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The path of the actor that published it. */
  readonly source: string
  /** The run it belongs to. */
  readonly correlation_id: string
  readonly data: TData
}

// ---- module ------------------------------------------------------------------------------------------

export type ModuleEvent =
  | { readonly type: 'module.initialise' }
  | { readonly type: 'module.initialised' }
  | { readonly type: 'module.failed'; readonly failure: Failure }
  | { readonly type: 'module.cleanUp' }
  | { readonly type: 'module.cleaned' }
  | { readonly type: 'module.timedOut' }

// ---- pool --------------------------------------------------------------------------------------------

export type PoolEvent =
  | {
      readonly type: 'lease.request'
      /** Names the lease: unique among the open and waiting ones of the pool. */
      readonly lease: string
      readonly units: number
      readonly priority: number
      /** Milliseconds since the epoch; with the priority it decides the place in the queue. */
      readonly at: number
      /** The path of the actor that is to hear of the grant or the denial. */
      readonly replyTo: string
    }
  | { readonly type: 'lease.release'; readonly lease: string }
  | { readonly type: 'lease.timedOut'; readonly lease: string }
  /** What the lease stands for broke or was taken away; there is another one in its place. */
  | { readonly type: 'lease.lost'; readonly lease: string }
  | { readonly type: 'pool.close' }
