// What an attempt of a control step does (SPEC §2): branches, iterations, waits, called scenarios; and where signals go.
import type { Failure } from '../../machines/protocol.ts'
import type { ControlDefinition, EventView, WorkflowDefinition } from '../../src/definition/model.ts'
import { compute, holds, plain, viewsOf, type Answer } from './data.ts'
import { ask, CANCELLED, cancelledInside, failed, succeeded } from './steps.ts'
import { Loop, pathOf, startTimer } from './state.ts'
import type { Frame, FrameInput, LoopEnd, Task, World } from './state.ts'

type Control<TKind> = Extract<ControlDefinition, { kind: TKind }>

/** Begins the work of attempts, once all that begin at the same time have. */
export function startAll(world: World): void {
  const { starting } = world
  world.starting = []
  for (const task of starting) if (task.work !== null && task.phase !== 'final') startWork(world, task)
}

/**
 * Ends attempts with what was computed. Whether more begins at the same time, inside of steps beside them, is open: the history
 * decides.
 */
export function answerAll(world: World): void {
  const { atOnce } = world
  world.atOnce = []
  world.answered = new Set(atOnce.map(({ task }) => task))
  for (const { task, computed } of atOnce) {
    world.answered.delete(task)
    if (task.work === null) continue
    if ('failure' in computed) failed(world, task, computed.failure)
    else succeeded(world, task, plain(computed.value))
  }
}

function startWork(world: World, task: Task): void {
  const control = task.step.control!
  task.kept = []
  world.changes++
  if (control.kind === 'parallel')
    enter(world, task, { workflow: control.block, waitFor: control.waitFor, output: control.output })
  else if (control.kind === 'scenario') call(world, task, control)
  else if (control.kind === 'iterative') startLoop(world, task, control)
  else if (control.kind === 'wait') startWait(world, task, control)
  else if (control.cases.some(({ when }) => when.kind === 'function')) askBranch(world, task)
  else chooseBranch(world, task, control)
}

/** Ends the work in order; a second time, with `force`, nothing is waited for. */
export function stopWork(world: World, task: Task, force: boolean): void {
  const { work } = task
  if (work?.kind === 'wait') failed(world, task, CANCELLED)
  else if (work?.kind === 'loop') stopLoop(world, task, work, force)
  else if (work?.frame) world.above.cancelFrame(world, work.frame, force)
  else if (work) cancelledInside(world, task)
}

type Inside = Partial<FrameInput> & { readonly workflow: WorkflowDefinition }

/** Starts a list of steps inside of a task. Each attempt of the task, and each iteration, has an address of its own. */
function enter(world: World, task: Task, inside: Inside): Frame {
  const { frame, attempt } = task
  const retried = attempt > 1 ? `[#${attempt}]` : ''
  const number = inside.iteration ? `[${inside.iteration.index}]` : ''
  const address = `${task.address}${retried}${number}`
  const entered = world.above.startFrame(world, {
    address,
    level: 'block',
    parent: task,
    attempt,
    iteration: null,
    list: inside.iteration?.index ?? 0,
    absent: [],
    output: null,
    inputs: frame.input.inputs,
    scenario: frame.input.scenario,
    waitFor: 'all',
    ...inside,
  })
  if (task.work?.kind === 'branch') task.work.frame = entered
  return entered
}

/** The list of steps that runs once has ended. */
export function branchEnded(world: World, task: Task, frame: Frame): void {
  const { cause, failure, verdict, result, level } = frame
  const { control } = task.step
  if (cause === 'cancelled') cancelledInside(world, task)
  else if (cause !== 'completed') failed(world, task, failure!, level === 'block' ? verdict : null)
  else if (control?.kind === 'scenario' && control.output)
    answer(world, task, compute(world, task.frame, control.output, { output: result }))
  else succeeded(world, task, plain(result))
}

/** Ends an attempt with what was computed, once all that begin at the same time have begun. */
function answer(world: World, task: Task, computed: Answer): void {
  world.atOnce.push({ task, computed })
  world.changes++
}

// ---- a branch, a scenario --------------------------------------------------------------------------------

function askBranch(world: World, task: Task): void {
  task.work = { kind: 'branch', frame: null, isAsking: true }
  ask(world, task, 'branch')
}

function chooseBranch(world: World, task: Task, { cases }: Control<'conditional'>): void {
  for (const [at, { when }] of cases.entries()) {
    const chosen = holds(world, task.frame, when)
    if ('failure' in chosen) {
      answer(world, task, chosen)
      return
    }
    if (!chosen.value) continue
    takeBranch(world, task, at)
    return
  }
  takeBranch(world, task, cases.length)
}

/** Takes the branch of this number, that of `else` after all cases. The others count as skipped. */
function takeBranch(world: World, task: Task, chosen: number): void {
  const { cases, otherwise, output } = task.step.control as Control<'conditional'>
  const all = [...cases.map(({ block }) => block), ...(otherwise ? [otherwise] : [])]
  const workflow = all[chosen]
  const absent = all.filter((other) => other !== workflow)
  if (workflow) enter(world, task, { workflow, absent, output, list: chosen })
  else if (output === null) answer(world, task, { value: {} })
  else answer(world, task, compute(world, task.frame, output, { steps: viewsOf(task.frame, absent) }))
}

function call(world: World, task: Task, { workflow, inputs }: Control<'scenario'>): void {
  const given = compute(world, task.frame, inputs)
  if ('failure' in given) answer(world, task, given)
  else if (typeof given.value !== 'object' || given.value === null)
    answer(world, task, { failure: NOT_COMPUTED })
  else {
    const own = { ...(workflow.inputs === null ? task.frame.input.inputs : {}), ...given.value }
    enter(world, task, { workflow, level: 'call', inputs: own, scenario: workflow.name })
  }
}

// ---- iterations --------------------------------------------------------------------------------------------

function startLoop(world: World, task: Task, { over }: Control<'iterative'>): void {
  const work = new Loop()
  task.work = work
  if (over.kind !== 'each') {
    if (over.kind === 'while') askForMore(world, task, work)
    else startIteration(world, task, work)
  } else if (over.items.kind === 'function') {
    work.isAsking = true
    ask(world, task, 'items')
  } else countItems(world, task, work, compute(world, task.frame, over.items))
}

function countItems(world: World, task: Task, work: Loop, given: Answer): void {
  const { iterationsMax } = task.step.control as Control<'iterative'>
  const { failure, value } = { failure: null, value: null, ...given }
  if (failure) endLoop(world, task, work, { failure })
  else if (!Array.isArray(value)) endLoop(world, task, work, { failure: NOT_COMPUTED })
  else if (value.length > iterationsMax) endLoop(world, task, work, { failure: OVER_LIMIT })
  else {
    work.items = value
    goOn(world, task, work)
  }
}

const NOT_COMPUTED: Failure = { code: 'EXPRESSION_FAILED', message: '', retryable: false }
const OVER_LIMIT: Failure = { code: 'ITERATION_LIMIT', message: '', retryable: false }

/** Starts as many iterations as may go side by side, or asks whether there is to be another one. */
function goOn(world: World, task: Task, work: Loop): void {
  const { over, maxConcurrency } = task.step.control as Control<'iterative'>
  if (over.kind !== 'each') askForMore(world, task, work)
  else if (work.ended >= work.items!.length) endLoop(world, task, work, {})
  else
    while (!work.ends && work.running.size < maxConcurrency && work.started < work.items!.length)
      startIteration(world, task, work)
}

function askForMore(world: World, task: Task, work: Loop): void {
  const { over } = task.step.control as Control<'iterative'>
  if (over.kind === 'each') return
  const { condition } = over
  if (condition.kind === 'function') {
    work.isAsking = true
    ask(world, task, 'again')
    return
  }
  const steps = viewsOf(work.last ?? task.frame)
  const index = work.last && over.kind === 'until' ? work.started - 1 : work.started
  takeMore(world, task, work, holds(world, task.frame, condition, { steps, index }))
}

function takeMore(world: World, task: Task, work: Loop, given: Answer): void {
  const { over, iterationsMax } = task.step.control as Control<'iterative'>
  if ('failure' in given) endLoop(world, task, work, { failure: given.failure })
  else if (Boolean(given.value) !== (over.kind === 'while')) endLoop(world, task, work, {})
  else if (work.ended >= iterationsMax) endLoop(world, task, work, { failure: OVER_LIMIT })
  else startIteration(world, task, work)
}

function startIteration(world: World, task: Task, work: Loop): void {
  const { block, output } = task.step.control as Control<'iterative'>
  const index = work.started++
  const iteration = { index, ...(work.items && { item: work.items[index] }) }
  work.running.add(enter(world, task, { workflow: block, iteration, output }))
}

/** An iteration has ended. One too many that failed, or a verdict, ends the loop. */
export function iterationEnded(world: World, task: Task, work: Loop, frame: Frame): void {
  const { tolerate } = task.step.control as Control<'iterative'>
  const { cause, verdict, result } = frame
  const failure = cause === 'completed' ? null : (frame.failure ?? CANCELLED)
  work.running.delete(frame)
  work.last = frame
  work.ended++
  work.outputs[frame.input.iteration!.index] = failure ? null : result
  if (failure) work.failed++
  const mayFail =
    'count' in tolerate ? tolerate.count : Math.floor(tolerate.share * (work.items?.length ?? 0))
  const ends = { cause: cause === 'cancelled' ? cause : 'failed', failure, verdict } as const
  const isFirst = work.ends === null
  if (failure && (verdict !== null || (isFirst && work.failed > mayFail))) work.ends = ends
  if (work.ends && isFirst) for (const other of work.running) world.above.cancelFrame(world, other, false)
  if (work.ends === null) goOn(world, task, work)
  else if (work.running.size === 0) endLoop(world, task, work, work.ends)
}

function stopLoop(world: World, task: Task, work: Loop, force: boolean): void {
  if (work.ends && !force) return
  work.ends ??= { cause: 'cancelled', failure: null, verdict: null }
  if (work.running.size === 0) endLoop(world, task, work, work.ends)
  for (const frame of work.running) world.above.cancelFrame(world, frame, force)
}

function endLoop(world: World, task: Task, work: Loop, { failure, verdict, cause }: Partial<LoopEnd>): void {
  if (cause === 'cancelled') cancelledInside(world, task)
  else if (failure && verdict) failed(world, task, failure, verdict)
  else answer(world, task, failure ? { failure } : { value: work.outputs })
}

// ---- answers of functions ------------------------------------------------------------------------------------

/** What a function decided about a control step that is under way. */
export function decided(world: World, task: Task, given: Answer): void {
  const { work } = task
  if (!work || work.kind === 'wait' || !work.isAsking) return
  work.isAsking = false
  if (work.kind === 'branch') {
    if ('failure' in given) failed(world, task, given.failure)
    else takeBranch(world, task, given.value as number)
  } else if (work.items === null && (task.step.control as Control<'iterative'>).over.kind === 'each')
    countItems(world, task, work, given)
  else takeMore(world, task, work, given)
}

// ---- waits and signals -----------------------------------------------------------------------------------------

function startWait(world: World, task: Task, { until }: Control<'wait'>): void {
  const { attempt } = task
  const to = pathOf(world, task)
  task.work = { kind: 'wait' }
  if (until.kind === 'timer') {
    startTimer(world, { to, type: 'attempt.succeeded', attempt }, until.delayMs)
    return
  }
  const type = until.onTimeout === 'continue' ? 'attempt.succeeded' : 'attempt.failed'
  startTimer(world, { to, type, attempt }, until.timeoutMs)
  world.joining.push(task)
}

const awaited = ({ step: { control } }: Task) =>
  control?.kind === 'wait' && control.until.kind === 'event' ? control.until : null

/** A signal goes to the first wait, in order of declaration, whose filter accepts it; otherwise it is kept. */
export function signal(world: World, event: string, data: unknown): void {
  const at = world.now
  const waiting = world.waits.filter((task) => awaited(task)?.event === event).toSorted(byDeclaration)
  const taker = waiting.find((task) => accepts(world, task, { event, data, at }))
  if (taker) take(world, taker, { event, data, at })
  else world.kept.push({ event, data, at })
}

/** Waits that have begun take the oldest signal that was kept and that they accept, in order of declaration. */
export function join(world: World): boolean {
  const joining = world.joining.toSorted(byDeclaration)
  world.joining = []
  for (const task of joining) {
    const kept = world.kept.find((each) => each.event === awaited(task)?.event && accepts(world, task, each))
    world.waits.push(task)
    if (!kept) continue
    world.kept = world.kept.filter((each) => each !== kept)
    take(world, task, kept)
  }
  return joining.length > 0
}

type Signal = World['kept'][number]

const viewOf = ({ event, data, at }: Signal): EventView => ({ type: event, data, at, source: 'outside' })

function accepts(world: World, task: Task, kept: Signal): boolean {
  const { filter } = awaited(task)!
  if (filter === null) return true
  const given = holds(world, task.frame, filter, { event: viewOf(kept) })
  return 'value' in given && given.value === true
}

function take(world: World, task: Task, kept: Signal): void {
  const { output } = task.step.control as Control<'wait'>
  world.waits = world.waits.filter((other) => other !== task)
  if (output === null) succeeded(world, task, kept.data ?? null)
  else answer(world, task, compute(world, task.frame, output, { event: viewOf(kept) }))
  world.changes++
}

/** Order of declaration: list by list from the outside in, iterations by number. */
function byDeclaration(some: Task, other: Task): number {
  const [left, right] = [levelsOf(some), levelsOf(other)]
  const at = left.findIndex((level, index) => level !== right[index])
  return at < 0 ? 0 : left[at]! - (right[at] ?? 0)
}

const levelsOf = ({ frame, index }: Task): number[] => [
  ...(frame.parent ? levelsOf(frame.parent) : []),
  frame.input.list,
  index,
]
