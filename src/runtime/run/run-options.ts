// What a run is made with, and the events that its chart hands on to it.
import type { WorkflowEvent } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { Computed, DataScope, Module } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import type { Worst } from '../../kernel/graph.ts'
import type { Run } from './run.ts'

/** What a run is made with. */
export interface RunOptions {
  readonly runId: string
  readonly plan: Plan
  readonly modules: ReadonlyMap<string, Module>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /** The scenario that the run belongs to. */
  readonly scenario: string
  /** Whether modules, pools and bus belong to this run alone. */
  readonly ownsScope: boolean
  /** The control step that the run is inside of; `null` for one that stands alone, or below an integration. */
  readonly within: Within | null
  /** The number of the list of steps among those beside it: of the scenario, the iteration or the branch. */
  readonly list: number
  /** Successes that are waited for. */
  readonly waitFor: 'all' | number
}

/** Where a run is inside of another one. */
export interface Within {
  readonly run: Run
  /** The control step's place in that run's plan. */
  readonly index: number
  /** The attempt of the control step. */
  readonly attempt: number
  /** The address in the run that holds all: `outer`, `outer/inner`, `scan[3]`. */
  readonly address: string
  /** The worst end among the steps that the control step comes after; of those that a scenario's own steps do, none counts. */
  readonly before: Worst | undefined
  /** Whether the steps see what the control step sees; a scenario of its own sees nothing of it. */
  readonly isOpen: boolean
  /** What an iteration sees beside it. */
  readonly iteration: Pick<DataScope, 'item' | 'index'> | null
  /** Branches that were not taken: their steps count as skipped. */
  readonly absent: readonly Plan[]
  /** Makes the output; `null`: an object by name. */
  readonly output: Computed | null
  /** Told once, when the run has ended. */
  ended(run: Run, output: WorkflowMachineOutput): void
}

/** A step has ended. */
export type Settled = Extract<WorkflowEvent, { type: 'step.settled' }>
/** A pool has answered. */
export type Leased = Extract<WorkflowEvent, { type: 'lease.granted' | 'lease.denied' | 'lease.lost' }>
/** A condition has been answered. */
export type Decided = Extract<WorkflowEvent, { type: 'decision.made' }>
/** One step is to end. */
export type CancelStep = Extract<WorkflowEvent, { type: 'run.cancelStep' }>
/** Undoing a step has ended. */
export type Compensated = Extract<WorkflowEvent, { type: 'compensation.settled' }>
/** A verdict inside ends the run. */
export type Ending = Extract<WorkflowEvent, { type: 'step.settled' | 'run.halt' }>

/** A step asks for its next attempt. */
export type SlotRequested = Extract<WorkflowEvent, { type: 'slot.requested' }>
