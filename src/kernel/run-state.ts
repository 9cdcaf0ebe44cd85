// All that one run decides by, in one place. Plain data, which the functions of this folder change in place; of the run's actors,
// timers and effects under way nothing is here.
import type { CompensationExtent, CompensationOutput, EffectTarget } from '../../machines/protocol.ts'
import type { Plan } from '../definition/plan.ts'
import { noEffects, type EffectsState } from './effects.ts'
import { newGraph, type GraphState, type Worst } from './graph.ts'
import { newLeaseGates, type LeaseGates } from './lease-gates.ts'
import { newSlots, type Slots } from './slots.ts'
import { newCounters, type Counters } from './counters.ts'
import type { UndoingState } from './undoing.ts'

/** The compensation of a run. */
export interface CompensationState {
  /** The order; `null` as long as nothing is undone. */
  undoing: UndoingState | null
  /** How undoing went, by step. */
  readonly compensations: Map<number, CompensationOutput>
  extent: CompensationExtent
  /** Whether more is to be undone than what is being undone beside the steps. */
  undoesMore: boolean
  /** By step, its own effects that are to be undone. */
  own: ReadonlyMap<number, readonly EffectTarget[]>
  /** Inside of how many steps not everything could be undone, beside the steps or by scenarios of their own. */
  leftInside: number
  /** Whether anything inside was undone beside the steps, or is left. */
  hadSurplus: boolean
  phase: 'none' | 'started' | 'finished'
}

/** Where a run is. */
export interface RunState {
  readonly graph: GraphState
  readonly effects: EffectsState
  readonly slots: Slots
  readonly gates: LeaseGates
  readonly counters: Counters
  readonly compensation: CompensationState
  /** Whether something stands in for what a step should have given. */
  isDegraded: boolean
  /** `closed`: nothing more starts; `final`: every step is. */
  phase: 'open' | 'closed' | 'final'
}

/**
 * A run in which nothing has happened.
 * @param path Its address.
 * @param before The worst end among the steps before what it is inside of.
 */
export const newRunState = (plan: Plan, path: string, before?: Worst): RunState => ({
  graph: newGraph(plan, before),
  effects: noEffects(),
  slots: newSlots(plan.workflow.parallel ? plan.workflow.maxConcurrency : 1),
  gates: newLeaseGates(path),
  counters: newCounters(),
  compensation: {
    undoing: null,
    compensations: new Map(),
    extent: 'all',
    undoesMore: true,
    own: new Map(),
    leftInside: 0,
    hadSurplus: false,
    phase: 'none',
  },
  isDegraded: false,
  phase: 'open',
})
