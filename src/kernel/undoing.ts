// The order in which one run's steps are undone: each after all that depend on it, directly or through others. Plain data, as
// graph.ts is of the way there. Invariant: a step is handed out once.
import type { Plan } from '../definition/plan.ts'

/** Where a step is. */
const NOT_OWED = 0
const OWED = 1
const QUEUED = 2
const LIVE = 3
const DONE = 4

/** What is still to be undone, and what may be undone now. */
export interface UndoingState {
  readonly state: Uint8Array
  /** Dependents that are not done. */
  readonly waitingFor: Int32Array
  ready: number[]
  /** Steps that are owed and not done. */
  pending: number
  stopped: boolean
  /** Steps that could not be undone, or that nobody got to. */
  left: number
}

/** The undoing of the steps that are owed. */
export function newUndoing(plan: Plan, isOwed: (step: number) => boolean): UndoingState {
  const { size, dependentStart } = plan
  const undoing: UndoingState = {
    state: Uint8Array.from({ length: size }, (_, step) => (isOwed(step) ? OWED : NOT_OWED)),
    waitingFor: Int32Array.from(
      { length: size },
      (_, step) => dependentStart[step + 1]! - dependentStart[step]!,
    ),
    ready: [],
    pending: 0,
    stopped: false,
    left: 0,
  }
  const free: number[] = []
  for (let step = 0; step < size; step++) {
    if (undoing.state[step] === OWED) undoing.pending++
    if (undoing.waitingFor[step] === 0) free.push(step)
  }
  setFree(plan, undoing, free)
  return undoing
}

/** Takes what may be undone since the last call, in no order. */
export function takeReadyToUndo(undoing: UndoingState): readonly number[] {
  if (undoing.ready.length === 0 || undoing.stopped) return []
  const taken = undoing.ready
  undoing.ready = []
  for (const step of taken) undoing.state[step] = QUEUED
  return taken
}

/** Whether a step waits for a slot or for leases. */
export const isQueuedToUndo = ({ state, stopped }: UndoingState, step: number) =>
  state[step] === QUEUED && !stopped

/** The step has an actor from now on. */
export function markUndoing({ state }: UndoingState, step: number): void {
  state[step] = LIVE
}

/** A step is undone, or it is left as it is: what it depends on comes next. */
export function settleUndoing(plan: Plan, undoing: UndoingState, step: number, undone: boolean): void {
  if (undoing.state[step] === DONE) return
  undoing.state[step] = DONE
  undoing.pending--
  if (!undone) undoing.left++
  setFree(plan, undoing, released(plan, undoing, step))
}

/** Nothing more is handed out. Returns the steps that are left for it. */
export function stopUndoing(undoing: UndoingState): readonly number[] {
  undoing.stopped = true
  const left: number[] = []
  undoing.state.forEach((state, step) => {
    if (state === OWED || state === QUEUED) left.push(step)
  })
  for (const step of left) undoing.state[step] = DONE
  undoing.pending -= left.length
  undoing.left += left.length
  return left
}

/** Passes over the steps that have nothing to undo. */
function setFree(plan: Plan, undoing: UndoingState, open: number[]): void {
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (undoing.state[step] !== NOT_OWED) undoing.ready.push(step)
    else for (const each of released(plan, undoing, step)) open.push(each)
  }
}

/** Counts the dependencies of a step down; returns those that wait for nothing more. */
function released(
  { dependencies, dependencyStart }: Plan,
  { waitingFor }: UndoingState,
  step: number,
): number[] {
  const free: number[] = []
  for (let at = dependencyStart[step]!; at < dependencyStart[step + 1]!; at++) {
    if (--waitingFor[dependencies[at]!]! === 0) free.push(dependencies[at]!)
  }
  return free
}
