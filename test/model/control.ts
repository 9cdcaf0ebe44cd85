// What an attempt of a control step does (SPEC §2): branches, iterations, waits, called scenarios; and where signals go.
import type { Failure } from '../../machines/protocol.ts'
import type { ControlDefinition, EventView, WorkflowDefinition } from '../../src/definition/model.ts'
import { ask, compute, condition, consider, plain, viewsOf } from './data.ts'
import { CANCELLED, cancelledInside, failed, succeeded } from './steps.ts'
import { pathOf, startTimer } from './state.ts'
import type { Answer, Frame, FrameInput, Task, Work, World } from './state.ts'

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
  world.answered = world.atOnce
  world.atOnce = new Map()
  for (const [task, computed] of world.answered) {
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
  else chooseBranch(world, task, control)
}

/** Ends the work in order; a second time, with `force`, nothing is waited for. */
export function stopWork(world: World, task: Task, force: boolean): void {
  const work = task.work!
  const isFirst = work.ends === null
  work.ends ??= { cause: 'cancelled', failure: null, verdict: null }
  if (task.step.control!.kind === 'wait') failed(world, task, CANCELLED)
  else if (work.running.size === 0) cancelledInside(world, task)
  else if (isFirst || force) for (const frame of work.running) world.above.cancelFrame(world, frame, force)
}

/** Starts a list of steps inside of a task. Each attempt of the task, and each iteration, has an address of its own. */
function enter(
  world: World,
  task: Task,
  inside: Partial<FrameInput> & { workflow: WorkflowDefinition },
): void {
  const { frame, attempt, work } = task
  const retried = attempt > 1 ? `[#${attempt}]` : ''
  const number = inside.iteration ? `[${inside.iteration.index}]` : ''
  const own = { ...NO_INPUT, inputs: frame.inputs, scenario: frame.scenario, ...inside }
  const address = `${task.address}${retried}${number}`
  work!.running.add(world.above.startFrame(world, { ...own, address, parent: task, attempt }))
}

const NO_INPUT = {
  level: 'block',
  iteration: null,
  list: 0,
  absent: [],
  output: null,
  waitFor: 'all',
} as const

/** A list of steps inside has ended. */
export function frameEnded(world: World, task: Task, frame: Frame): void {
  const { cause, failure, verdict, result, level } = frame
  const { control } = task.step
  task.work!.running.delete(frame)
  if (control?.kind === 'iterative') iterationEnded(world, task, task.work!, frame)
  else if (cause === 'cancelled') cancelledInside(world, task)
  else if (cause !== 'completed') failed(world, task, failure!, level === 'block' ? verdict : null)
  else if (control?.kind === 'scenario' && control.output)
    answer(world, task, compute(world, task.frame, control.output, { output: result }))
  else succeeded(world, task, plain(result))
}

/** Ends an attempt with what was computed, once all that begin at the same time have begun. */
function answer(world: World, task: Task, computed: Answer): void {
  world.atOnce.set(task, computed)
  world.changes++
}

// ---- a branch, a scenario --------------------------------------------------------------------------------

function chooseBranch(world: World, task: Task, { cases }: Control<'conditional'>): void {
  if (cases.some(({ when }) => when.kind === 'function'))
    return ask(world, task, 'branch', (given) =>
      'failure' in given ? answer(world, task, given) : takeBranch(world, task, given.value as number),
    )
  const answers = cases.map(({ when }) => condition(compute(world, task.frame, when)))
  const at = answers.findIndex((each) => 'failure' in each || each.value)
  if (at >= 0 && 'failure' in answers[at]!) answer(world, task, answers[at])
  else takeBranch(world, task, at < 0 ? cases.length : at)
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
  else if (typeof given.value !== 'object' || given.value === null) answer(world, task, NOT_COMPUTED)
  else {
    const own = { ...(workflow.inputs === null ? task.frame.inputs : {}), ...given.value }
    enter(world, task, { workflow, level: 'call', inputs: own, scenario: workflow.name })
  }
}

// ---- iterations --------------------------------------------------------------------------------------------

function startLoop(world: World, task: Task, { over, iterationsMax }: Control<'iterative'>): void {
  if (over.kind === 'until') startIteration(world, task)
  else if (over.kind !== 'each') goOn(world, task)
  else
    consider(world, task, 'items', over.items, (given) => {
      if ('failure' in given) answer(world, task, given)
      else if (!Array.isArray(given.value)) answer(world, task, NOT_COMPUTED)
      else if (given.value.length > iterationsMax) answer(world, task, OVER_LIMIT)
      else {
        task.work!.items = given.value
        goOn(world, task)
      }
    })
}

const failing = (code: Failure['code']) => ({ failure: { code, message: '', retryable: false } })
const NOT_COMPUTED = failing('EXPRESSION_FAILED')
const OVER_LIMIT = failing('ITERATION_LIMIT')

/** Starts as many iterations as may go side by side, or asks whether there is to be another one. */
function goOn(world: World, task: Task): void {
  const work = task.work!
  const { over, maxConcurrency, iterationsMax } = task.step.control as Control<'iterative'>
  const { items, last } = work
  if (over.kind === 'each') {
    if (work.ended >= items!.length) answer(world, task, { value: work.outputs })
    while (!work.ends && work.running.size < maxConcurrency && work.started < items!.length)
      startIteration(world, task)
    return
  }
  const index = last && over.kind === 'until' ? work.started - 1 : work.started
  const more = { steps: viewsOf(last ?? task.frame), index }
  const take = (computed: Answer) => {
    const given = condition(computed)
    if ('failure' in given) answer(world, task, given)
    else if (given.value !== (over.kind === 'while')) answer(world, task, { value: work.outputs })
    else if (work.ended >= iterationsMax) answer(world, task, OVER_LIMIT)
    else startIteration(world, task)
  }
  consider(world, task, 'again', over.condition, take, more)
}

function startIteration(world: World, task: Task): void {
  const { block, output } = task.step.control as Control<'iterative'>
  const { items } = task.work!
  const index = task.work!.started++
  const iteration = { index, ...(items && { item: items[index] }) }
  enter(world, task, { workflow: block, iteration, output, list: index })
}

/** An iteration has ended. One too many that failed, or a verdict, ends the loop. */
function iterationEnded(world: World, task: Task, work: Work, frame: Frame): void {
  const { tolerate } = task.step.control as Control<'iterative'>
  const { cause, verdict, result } = frame
  const failure = cause === 'completed' ? null : (frame.failure ?? CANCELLED)
  work.last = frame
  work.ended++
  work.outputs[frame.iteration!.index] = failure ? null : result
  if (failure) work.failed++
  const mayFail =
    'count' in tolerate ? tolerate.count : Math.floor(tolerate.share * (work.items?.length ?? 0))
  const isFirst = work.ends === null
  if (failure && (verdict !== null || (isFirst && work.failed > mayFail)))
    work.ends = { cause: cause === 'cancelled' ? cause : 'failed', failure, verdict }
  if (work.ends && isFirst) for (const other of work.running) world.above.cancelFrame(world, other, false)
  if (work.ends === null) goOn(world, task)
  else if (work.running.size === 0) endLoop(world, task, work.ends)
}

function endLoop(world: World, task: Task, { failure, verdict, cause }: NonNullable<Work['ends']>): void {
  if (cause === 'cancelled' || !failure) cancelledInside(world, task)
  else if (verdict) failed(world, task, failure, verdict)
  else answer(world, task, { failure })
}

// ---- waits and signals -----------------------------------------------------------------------------------------

function startWait(world: World, task: Task, { until }: Control<'wait'>): void {
  const { attempt } = task
  const to = pathOf(world, task)
  if (until.kind === 'timer')
    return startTimer(world, { to, type: 'attempt.succeeded', attempt }, until.delayMs)
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
  const given = compute(world, task.frame, filter, { event: viewOf(kept) })
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
const byDeclaration = (some: Task, other: Task) => (placeOf(some) < placeOf(other) ? -1 : 1)

const placeOf = ({ frame, index }: Task): string =>
  `${frame.parent ? placeOf(frame.parent) : ''}/${[frame.list, index].map((at) => String(at).padStart(6, '0')).join('/')}`
