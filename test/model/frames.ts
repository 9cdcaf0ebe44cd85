// How a list of steps runs and ends (SPEC §3, "Run outcome"): what starts, what a failed step means for the others, when
// successes suffice, what ended it, whether it is undone.
import type { Failure, Verdict } from '../../machines/protocol.ts'
import { ancestorsOf, endsScenario, failureWithin, mustCompensate, worstOf } from './answers.ts'
import { frameEnded } from './control.ts'
import { resultOf } from './data.ts'
import { passGates } from './gates.ts'
import { CANCELLED, cancelTask, passDependencies } from './steps.ts'
import { giveUp, hasSurplus, keepEnded, stopGroup, turnBack, undoBeside, undoReady } from './undo.ts'
import { dependenciesOf, Frame, framePath, startTimer, stopTimers } from './state.ts'
import type { FrameInput, Task, World } from './state.ts'

export function startFrame(world: World, input: FrameInput): Frame {
  const frame = new Frame(input, world.now)
  const to = framePath(world, frame)
  world.frames.set(to, frame)
  world.open.add(frame)
  startTimer(world, { to, type: 'run.timedOut' }, input.workflow.timeoutMs)
  world.changes++
  return frame
}

/** Does all that is due in a frame at this time. */
export function advance(world: World, frame: Frame): void {
  if (frame.phase === 'running') {
    // What ends without a start may let others start, or end: slots are given out after all that.
    for (let due = frame.tasks.filter(isDue); due.length > 0; due = frame.tasks.filter(isDue))
      for (const task of due) if (isDue(task)) passDependencies(world, task)
  } else if (frame.phase === 'compensating') undoReady(world, frame)
  if (frame.phase === 'running' || frame.phase === 'compensating') passGates(world, frame)
}

/** Whether every step is final, and nothing followed yet. */
export const hasEnded = ({ phase, ended, tasks }: Frame) =>
  (phase === 'running' || phase === 'stopping') && ended === tasks.length

const isDue = (task: Task) =>
  task.phase === 'pending' &&
  task.frame.phase === 'running' &&
  dependenciesOf(task).every(({ phase }) => phase === 'final')

// ---- what the end of a step means ----------------------------------------------------------------------

/** A step has ended. */
export function stepEnded(world: World, task: Task): void {
  const { frame, outcome, verdict, isHeld } = task
  const { failFast, onFailure } = frame.workflow
  if (frame.phase !== 'running') return
  const isEnding = outcome === 'failed' && endsScenario(verdict)
  if (isHeld || outcome !== 'failed' || (frame.waitFor !== 'all' && !isEnding)) {
    undoBeside(world, task, outcome === 'success' && !task.isUnneeded ? 'surplus' : 'all')
    return count(world, frame)
  }
  frame.cause = 'failed'
  frame.failure ??= failureWithin(task)
  if (isEnding || failFast || onFailure === 'compensate')
    halt(world, frame, failureWithin(task), isEnding ? verdict : null)
}

/** Where successes are counted: whether there are enough, or can't be any more. */
function count(world: World, frame: Frame): void {
  const { tasks, waitFor } = frame
  if (waitFor === 'all') return
  const successes = tasks.filter(({ outcome }) => outcome === 'success').length
  const isShort = tasks.length - (frame.ended - successes) < waitFor
  if (successes < waitFor && !isShort) return
  const failure = { code: 'TOO_FEW_SUCCEEDED', message: '' }
  if (successes < waitFor) Object.assign(frame, { cause: 'failed', failure })
  stop(world, frame)
}

/** The frame stops; a verdict stops its scenario with it. */
function halt(world: World, frame: Frame, failure: Failure | null, verdict: Verdict | null): void {
  frame.verdict = verdict
  stop(world, frame)
  const around = frame.level === 'block' ? frame.parent!.frame : null
  if (!endsScenario(verdict) || around?.phase !== 'running') return
  Object.assign(around, { cause: 'failed', failure })
  halt(world, around, failure, verdict)
}

/** Nothing more starts, and running steps are cancelled. */
function stop(world: World, frame: Frame): void {
  frame.phase = 'stopping'
  stopTimers(world, framePath(world, frame), ['run.timedOut'])
  for (const task of frame.tasks) cancelTask(world, task, false)
  world.changes++
}

/** A limit of the frame has passed. */
export function timedOut(world: World, frame: Frame): void {
  Object.assign(frame, { cause: 'timed_out', failure: { code: 'RUN_TIMED_OUT', message: '' } })
  if (frame.phase === 'preparing') neverRan(world, frame)
  else stop(world, frame)
}

/** Cancels a frame; `force`: waits for no step, and undoes nothing more. */
export function cancelFrame(world: World, frame: Frame, force: boolean): void {
  const { phase } = frame
  if (hasEnded(frame) && !force) return
  if (phase === 'running' || phase === 'preparing')
    Object.assign(frame, { cause: 'cancelled', failure: CANCELLED })
  if (phase === 'preparing') neverRan(world, frame)
  else if (phase === 'running') stop(world, frame)
  else if (phase === 'compensating' && force) giveUp(world, frame)
  else if (phase === 'compensating') frame.cancellationsIgnored++
  if (!force || (phase !== 'running' && phase !== 'stopping')) return
  frame.isForgone ||= mustCompensate(frame)
  for (const task of frame.tasks) cancelTask(world, task, true)
  for (const group of [...frame.beside]) stopGroup(world, group)
}

export function neverRan(world: World, frame: Frame): void {
  for (const task of frame.tasks) cancelTask(world, task, false)
  conclude(world, frame)
}

// ---- the end of a frame ----------------------------------------------------------------------------------

/** Every step is final. */
export function endSteps(world: World, frame: Frame): void {
  if (frame.phase === 'running' && frame.cause === 'completed' && frame.waitFor === 'all') judgeEnds(frame)
  stopTimers(world, framePath(world, frame), ['run.timedOut'])
  if (frame.cause === 'completed') {
    const result = resultOf(world, frame)
    if ('value' in result) frame.result = result.value
    else Object.assign(frame, { cause: 'failed', failure: result.failure })
    if (hasSurplus(frame)) turnBack(world, frame, 'surplus')
    else conclude(world, frame)
  } else if (frame.isForgone || mustCompensate(frame)) {
    turnBack(world, frame, 'all')
    if (frame.isForgone) giveUp(world, frame)
  } else if (frame.hadSurplus) turnBack(world, frame, null)
  else conclude(world, frame)
}

/** No step failed by itself; but some may not have run for what is before the step around them, or were cancelled. */
function judgeEnds(frame: Frame): void {
  const { tasks, level, parent } = frame
  const isFailedAround = level === 'block' && worstOf(ancestorsOf(parent!)) === 'failed'
  const failed = tasks.find(({ isHeld, outcome }) => isHeld && outcome === 'failed')
  if (isFailedAround && failed) Object.assign(frame, { cause: 'failed', failure: failed.failure })
  else if (level !== 'run' && tasks.some(({ outcome }) => outcome === 'cancelled'))
    Object.assign(frame, { cause: 'cancelled', failure: CANCELLED })
}

/** The frame has ended, and is undone as far as it is to be. */
export function conclude(world: World, frame: Frame): void {
  stopTimers(world, framePath(world, frame))
  world.open.delete(frame)
  world.changes++
  frame.phase = frame.level === 'run' ? 'cleaning' : 'ended'
  const { parent } = frame
  if (!parent) return
  keepEnded(parent, frame, world)
  if (parent.work?.running.has(frame)) frameEnded(world, parent, frame)
}
