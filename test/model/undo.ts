// Undoing (SPEC §3, "Effects" and "Compensation"): which effects are to be undone, after what, with which input and output, and
// what is left. The whole of a frame is undone, or its surplus: effects that are no part of its result.
import type { EffectTarget } from '../../machines/protocol.ts'
import type { Module } from '../../src/definition/model.ts'
import { calledBy, compensationOf } from './answers.ts'
import { isAccepted } from './data.ts'
import { leaveGates, returnSlot, waitAtGates } from './leases.ts'
import { abort, addressOf, begin } from './steps.ts'
import { nothing, dependentsOf, framePath, reach, scenarioOf, startTimer, stopTimers, Undo } from './state.ts'
import type { DueFrame, Extent, Frame, Left, Task, UndoGroup, World } from './state.ts'

/** The fallback came last. */
const TARGETS: readonly EffectTarget[] = ['fallback', 'operation']

// ---- what is to be undone ----------------------------------------------------------------------------------

/** Whether effects that are not part of a result are undone: the scenario compensates, or one around it does. */
function undoesSurplus(frame: Frame): boolean {
  const { workflow, parent } = scenarioOf(frame)
  return workflow.onFailure === 'compensate' || (parent !== null && undoesSurplus(parent.frame))
}

/** How much of a task is undone where so much of its frame is: all of one that is no part of the result. */
const extentOf = (task: Task, extent: Extent): Extent =>
  task.phase === 'final' && (task.outcome !== 'success' || task.isUnneeded) ? 'all' : extent

/** How much of a frame inside of a task: all of one that was tried again, or did not complete. */
const extentInside = (task: Task, { attempt, cause }: Frame, extent: Extent): Extent =>
  attempt < task.attempt || cause !== 'completed' ? 'all' : extentOf(task, extent)

/** Whether an effect is undone where so much is, and where it was not yet. */
function isOwed(task: Task, target: EffectTarget, extent: Extent): boolean {
  const compensation = compensationOf(task, target)
  const { state, wasTried } = task.effects[target]
  if (compensation === null) return false
  if (isAccepted(task, target)) return extentOf(task, extent) === 'all'
  if (state === 'done') return true
  if (compensation.on !== 'attempt' || state === 'late') return false
  return state === 'unknown' || (extent === 'all' && task.phase === 'final' && wasTried)
}

const ownOwed = (task: Task, extent: Extent) =>
  TARGETS.filter((target) => task.effects[target].isUndone === null && isOwed(task, target, extent))

function owedInside(task: Task, extent: Extent): DueFrame[] {
  const beside = [...scenarioOf(task.frame).beside]
  const isTaken = (frame: Frame) =>
    beside.some(({ running, due }) => running.has(frame) || due.some((each) => each.frame === frame))
  return task.owed.flatMap((frame) => {
    const own = extentInside(task, frame, extent)
    return !isTaken(frame) && isFrameOwed(frame, own) ? [{ frame, extent: own }] : []
  })
}

const isTaskOwed = (task: Task, extent: Extent) =>
  ownOwed(task, extent).length > 0 || owedInside(task, extent).length > 0

const isFrameOwed = (frame: Frame, extent: Extent): boolean =>
  frame.tasks.some((task) => isTaskOwed(task, extent))

/** Whether a scenario that has completed has anything to undo. */
export const hasSurplus = (frame: Frame) =>
  frame.level !== 'block' && (frame.hadSurplus || (undoesSurplus(frame) && isFrameOwed(frame, 'surplus')))

// ---- what is left ------------------------------------------------------------------------------------------

/** The effects that are left, or may be, by the addresses of their steps, those inside first. */
export function leftOf(world: World, frame: Frame, extent: Extent, left = nothing()): Left {
  for (const task of frame.tasks) {
    left.undone.push(...task.left.undone)
    left.possiblyDone.push(...task.left.possiblyDone)
    for (const inside of task.owed) leftOf(world, inside, extentInside(task, inside, extent), left)
    const states = TARGETS.map((target) => leftAs(world, task, target, extent))
    if (states.includes('undone')) left.undone.push(task.address)
    else if (states.includes('possiblyDone')) left.possiblyDone.push(task.address)
  }
  return left
}

function leftAs(world: World, task: Task, target: EffectTarget, extent: Extent): keyof Left | null {
  const { state, isUndone } = task.effects[target]
  if (isUndone === true || !isNamed(world.setting.modules, task, target)) return null
  if (isAccepted(task, target)) return extentOf(task, extent) === 'all' ? 'undone' : null
  if (state === 'done' || isUndone === false) return 'undone'
  if (state !== 'none') return 'possiblyDone'
  return isOwed(task, target, extent) ? 'undone' : null
}

/** Named are operations declared `once` or `idempotent`, and undeclared ones that something undoes. */
function isNamed(modules: readonly Module[], task: Task, target: EffectTarget): boolean {
  const { module, operation } = calledBy(task, target) ?? {}
  const declared = modules.find(({ name }) => name === module)?.effects?.[operation!]
  return declared === undefined ? compensationOf(task, target) !== null : declared !== 'reads'
}

/** Keeps a frame inside that has ended: to be undone, or for what it left when it undid itself. */
export function keepEnded(task: Task, frame: Frame, world: World): void {
  const { compensation, extent } = frame
  task.kept.push(frame)
  const isSurplus = extent !== 'all' && undoesSurplus(task.frame)
  if (compensation === 'failed' || (compensation === 'completed' && isSurplus))
    noteInside(task, compensation === 'completed')
  const left = leftOf(world, frame, 'all', extent === 'all' ? task.left : undefined)
  const isNoted = left.undone.length > 0 || left.possiblyDone.length > 0
  if (extent !== 'all' && (isNoted || isFrameOwed(frame, 'all'))) task.owed.push(frame)
}

/** Effects inside were undone while the scenario ran. */
function noteInside(task: Task, isComplete: boolean): void {
  const scenario = scenarioOf(task.frame)
  scenario.hadSurplus = true
  if (!isComplete) scenario.insideLeft++
}

// ---- a frame is undone ---------------------------------------------------------------------------------------

/**
 * A frame that has ended is undone; one that is undone as a part of what is around it has no limit of its own.
 * @param extent `null`: only what is being undone beside its steps is waited for
 */
export function turnBack(world: World, frame: Frame, extent: Extent | null): void {
  Object.assign(frame, { phase: 'compensating', extent, isLaidOut: false, hasTurnedBack: true, undoLeft: 0 })
  const timer = { to: framePath(world, frame), type: 'compensation.timedOut' }
  if (frame.undoneIn === null) startTimer(world, timer, frame.workflow.compensationTimeoutMs)
  world.changes++
}

/** Finds out what is owed, once nothing is undone beside any more. */
function layOut(frame: Frame): void {
  frame.isLaidOut = true
  const { extent } = frame
  const isDue = extent === 'all' || (extent === 'surplus' && undoesSurplus(frame))
  for (const task of frame.tasks)
    task.undo = isDue && isTaskOwed(task, extent) ? new Undo(task, ownOwed(task, extent)) : null
}

const isOpen = ({ undo }: Task) => undo !== null && undo.phase !== 'final'

/** Each step is undone after all that depend on it. */
export function undoReady(world: World, frame: Frame): void {
  if (frame.beside.size > 0) return
  if (!frame.isLaidOut) layOut(frame)
  for (const task of frame.tasks) {
    if (task.undo?.phase !== 'due' || [...reach(task, dependentsOf)].some(isOpen)) continue
    task.undo.phase = 'queued'
    waitAtGates(world, task)
  }
  finishUndoing(world, frame)
}

function finishUndoing(world: World, frame: Frame): void {
  if (frame.phase !== 'compensating' && frame.phase !== 'givingUp') return
  if (frame.beside.size > 0 || !frame.isLaidOut || frame.tasks.some(isOpen)) return
  const isComplete = frame.undoLeft + frame.insideLeft === 0
  const { undoneIn: group } = frame
  if (group === null) {
    frame.compensation = isComplete ? 'completed' : 'failed'
    return world.above.conclude(world, frame)
  }
  Object.assign(frame, { phase: 'ended', undoneIn: null })
  world.open.delete(frame)
  group.running.delete(frame)
  group.isComplete &&= isComplete
  goOn(world, group)
}

/** Nothing more is undone: its time is over, or someone forced it to end. */
export function giveUp(world: World, frame: Frame): void {
  if (!frame.isLaidOut) layOut(frame)
  frame.phase = 'givingUp'
  stopTimers(world, framePath(world, frame), ['compensation.timedOut'])
  for (const { undo } of frame.tasks) if (undo && undo.phase !== 'final') stopUndo(world, undo)
  for (const group of [...frame.beside]) stopGroup(world, group)
  finishUndoing(world, frame)
  world.changes++
}

// ---- what is inside --------------------------------------------------------------------------------------------

/**
 * Undoes what is inside of a task and not part of the result, beside the steps that follow.
 * @param after Comes after it
 * @returns whether there is anything to undo
 */
export function undoBeside(world: World, task: Task, extent: Extent, after = () => {}): boolean {
  const due = undoesSurplus(task.frame) ? owedInside(task, extent) : []
  if (due.length === 0) return false
  const scenario = scenarioOf(task.frame)
  scenario.hadSurplus = true
  const group = newGroup(task, due, (isComplete) => {
    scenario.beside.delete(group)
    noteInside(task, isComplete)
    after()
    if (scenario.phase === 'givingUp') finishUndoing(world, scenario)
  })
  scenario.beside.add(group)
  goOn(world, group)
  return true
}

const newGroup = (task: Task, due: DueFrame[], ended: UndoGroup['ended']): UndoGroup => ({
  ...{ task, due, ended, running: new Set(), attempt: 0, isComplete: true },
})

/** The last frame is undone first; iterations of one attempt as many at once as they ran. */
function goOn(world: World, group: UndoGroup): void {
  const { task, due, running } = group
  const { control } = task.step
  const width = control?.kind === 'iterative' ? control.maxConcurrency : 1
  for (let last = due.at(-1); last && running.size < width; last = due.at(-1)) {
    const { frame, extent } = last
    if (running.size > 0 && frame.attempt !== group.attempt) break
    group.attempt = frame.attempt
    due.pop()
    running.add(frame)
    frame.undoneIn = group
    world.open.add(frame)
    turnBack(world, frame, extent)
  }
  if (running.size > 0) return
  world.changes++
  group.ended(group.isComplete)
}

export function stopGroup(world: World, group: UndoGroup): void {
  if (group.due.length > 0) group.isComplete = false
  group.due.length = 0
  for (const frame of [...group.running]) if (frame.phase === 'compensating') giveUp(world, frame)
}

// ---- one step is undone ------------------------------------------------------------------------------------------

/** The step is past its gates: what is inside of it comes first. */
export function admitUndo(world: World, task: Task): void {
  const undo = task.undo!
  world.live.set(addressOf(world, undo), task)
  const due = undo.isUndoingOwn ? [] : owedInside(task, task.frame.extent!)
  undo.phase = 'inside'
  undo.group = newGroup(task, due, (isComplete) => {
    undo.isIncomplete ||= !isComplete
    if (undo.phase === 'stopping' && undo.next.length > 0) leave(world, undo)
    else undoOwn(world, undo)
  })
  goOn(world, undo.group)
}

/** Undoes the next of the step's own effects, or ends. */
function undoOwn(world: World, undo: Undo): void {
  undo.isUndoingOwn = true
  const [target] = undo.next
  if (target) Object.assign(undo, { target, phase: 'running' })
  if (target) begin(world, undo)
  else endUndo(world, undo)
}

/** An effect is undone, or is left; the next one has retries of its own. */
export function takeNext(world: World, undo: Undo): void {
  if (undo.failure) undo.left.push(undo.target)
  undo.next = undo.next.slice(1)
  Object.assign(undo, { failures: 0, failure: null, isWindowOpen: true })
  if (undo.next.length === 0) endUndo(world, undo)
  else if (undo.phase === 'stopping') leave(world, undo)
  else askAgain(world, undo)
}

/** Asks for the next attempt. */
export function askAgain(world: World, undo: Undo): void {
  undo.phase = 'queued'
  undo.target = undo.next[0]!
  waitAtGates(world, undo.task)
}

/** Undo nothing more: an attempt under way is told to stop, and counts if it succeeds. */
function stopUndo(world: World, undo: Undo): void {
  const { phase } = undo
  if (phase !== 'running' && phase !== 'aborting' && phase !== 'inside') return leave(world, undo)
  undo.phase = 'stopping'
  if (phase === 'inside') stopGroup(world, undo.group!)
  else abort(world, undo)
}

/** Leaves all that is not undone. */
export function leave(world: World, undo: Undo): void {
  undo.isIncomplete = true
  undo.left.push(...undo.next)
  endUndo(world, undo)
}

function endUndo(world: World, undo: Undo): void {
  const { task, own, left, isIncomplete, attempt } = undo
  const { frame } = task
  const to = addressOf(world, undo)
  const isUndone = left.length === 0 && !isIncomplete
  undo.phase = 'final'
  world.live.delete(to)
  stopTimers(world, to)
  leaveGates(world, task)
  returnSlot(world, task)
  if (!isUndone) frame.undoLeft++
  for (const target of own) task.effects[target].isUndone = !left.includes(target)
  const extent = extentOf(task, frame.extent!)
  if (own.length > 0 || extent === 'all') {
    const status = isUndone ? 'compensated' : 'failed'
    if (task.compensation?.status !== 'failed') task.compensation = { status, attempts: attempt }
    if (extent === 'all' && task.status === 'success')
      task.status = isUndone ? 'compensated' : 'compensation_failed'
  }
  world.changes++
  if (frame.phase === 'givingUp') finishUndoing(world, frame)
}
