// How a step lives (SPEC §3): attempts, limits, retries, fallback, verdict, cancellation. What is inside of it is in control.ts,
// undoing it in undo.ts. Of the phases of a task, each event says what follows.
import type { Failure, StepOutcome, Verdict } from '../../machines/protocol.ts'
import { backoffOf, gateOf, hasRetry, isApplicable, limitOf, listedVerdict, windowPolicy } from './answers.ts'
import { condition, consider, givenTo } from './data.ts'
import { leaveGates, returnLeases, returnSlot, waitAtGates } from './leases.ts'
import { AWAIT_MS, GRACE_MS, pathOf, startTimer, stopTimers, taskOf, Work } from './state.ts'
import type { Effect, Question, Task, Tried, World } from './state.ts'

export const CANCELLED: Failure = { code: 'RUN_CANCELLED', message: 'cancelled' }

export const addressOf = (world: World, tried: Tried) => pathOf(world, taskOf(tried), tried.kind)

// ---- before the first attempt ------------------------------------------------------------------------

/** The dependencies of a task are final. */
export function passDependencies(world: World, task: Task): void {
  const gate = gateOf(task)
  if (gate !== 'runs') {
    task.isHeld = true
    if (gate === 'failed')
      task.failure = { code: 'DEPENDENCIES_NOT_SATISFIED', message: '', retryable: false }
    return settle(world, task, gate)
  }
  const { when } = task.step
  if (when === null) return askForGates(world, task)
  task.phase = 'checking'
  consider(world, task, 'when', when, (computed) => {
    const given = condition(computed)
    if ('failure' in given) deny(world, task, given.failure)
    else if (given.value) askForGates(world, task)
    else settle(world, task, 'skipped')
  })
}

/** A task ends that was never under way. */
function settle(world: World, task: Task, outcome: StepOutcome): void {
  if (outcome === 'failed') tellFailure(world)
  end(world, task, outcome)
}

function askForGates(world: World, task: Task): void {
  task.phase = 'queued'
  if (task.frame.workflow.parallel && task.step.control?.kind === 'wait') admit(world, task)
  else waitAtGates(world, task)
}

/** A failure is met at the gates. */
export function deny(world: World, tried: Tried, failure: Failure): void {
  const task = taskOf(tried)
  leaveGates(world, task)
  world.live.set(addressOf(world, tried), task)
  if (tried.kind === 'compensation') tried.isUndoingOwn = true
  fail(tried, failure)
  judge(world, tried)
}

// ---- attempts ------------------------------------------------------------------------------------------

/** A task is past its gates. */
export function admit(world: World, task: Task): void {
  task.gate = null
  task.phase = 'running'
  world.live.set(addressOf(world, task), task)
  task.startedAt ??= world.now
  task.effects[task.target].wasTried = true
  begin(world, task)
}

/** Begins an attempt at a step, or at undoing one of its effects. */
export function begin(world: World, tried: Tried): void {
  const to = addressOf(world, tried)
  const { target, attempt } = tried
  Object.assign(tried, { attempt: attempt + 1, failure: null })
  if (tried.windowOf !== target && (tried.kind === 'compensation' || tried.attempt === 1))
    openWindow(world, tried)
  limit(world, tried, 'attempt.timedOut', limitOf(tried))
  if (tried.kind === 'step') limit(world, tried, 'heartbeat.missed', tried.step.heartbeatMs, Infinity)
  if (tried.kind === 'step' && isControl(tried)) {
    tried.work = new Work()
    world.starting.push(tried)
  } else perform(world, tried, to)
  world.changes++
}

function limit(world: World, tried: Tried, type: string, from: number | null, until = from): void {
  startTimer(world, { to: addressOf(world, tried), type, attempt: tried.attempt }, from, until)
}

/** Retries start within a time from the start of the first attempt. */
function openWindow(world: World, tried: Tried): void {
  const to = addressOf(world, tried)
  const { maxElapsedMs } = windowPolicy(tried).backoff
  stopTimers(world, to, ['retries.expired'])
  Object.assign(tried, { windowOf: tried.target, windowEnd: world.now + (maxElapsedMs ?? Infinity) })
  startTimer(world, { to, type: 'retries.expired' }, maxElapsedMs)
}

function perform(world: World, tried: Tried, to: string): void {
  const { target, kind } = tried
  const isUndo = kind === 'compensation'
  const name = target === 'operation' ? kind : isUndo ? 'fallback_compensation' : 'fallback'
  const as = !isUndo ? target : target === 'operation' ? 'compensation' : 'fallbackCompensation'
  const key = pathOf(world, taskOf(tried), name)
  const given = givenTo(world, tried)
  world.ahead.delete(to)
  world.performed.push({ text: `${as} ${to}#${tried.attempt}`, key: `${key}#${tried.attempt}`, given })
}

/** Whether an attempt is work of the engine's own, not an operation. */
const isControl = ({ step, target }: Task) => step.control !== null && target === 'operation'

/** The attempt has ended: it holds nothing any more. */
export function endAttempt(world: World, tried: Tried): void {
  const task = taskOf(tried)
  stopTimers(world, addressOf(world, tried), ATTEMPT_TIMERS)
  if (tried.kind === 'step') {
    Object.assign(task, { work: null, resume: null })
    world.waits = world.waits.filter((each) => each !== task)
    world.joining = world.joining.filter((each) => each !== task)
  }
  returnLeases(world, task)
  if (task.frame.workflow.parallel) returnSlot(world, task)
}

const ATTEMPT_TIMERS = [
  ...['attempt.timedOut', 'grace.ended', 'heartbeat.missed', 'backoff.ended', 'verdict.timedOut'],
  ...['attempt.succeeded', 'attempt.failed'],
]

/** A success that an attempt has while it is told to stop for a failure comes too late. */
export function succeeded(world: World, tried: Tried, output: unknown): void {
  const isInTime = tried.phase !== 'aborting' && (tried.phase !== 'cancelling' || tried.failure === null)
  if (!isInTime) note(tried, 'done', { value: output })
  endAttempt(world, tried)
  if (!isInTime) goOn(world, tried)
  else if (tried.kind === 'compensation') world.above.takeNext(world, tried)
  else {
    tried.output = output
    end(world, tried, 'success')
  }
}

/** @param verdict Given where nothing is left to decide. */
export function failed(world: World, tried: Tried, failure: Failure, verdict: Verdict | null = null): void {
  const { phase } = tried
  if (tried.kind === 'step' && verdict && phase !== 'aborting') {
    endAttempt(world, tried)
    fail(tried, failure)
    if (isApplicable(tried, verdict)) tried.verdict = verdict
    if (phase === 'running') tellFailure(world)
    return rule(world, tried)
  }
  if (failure.effect) note(tried, failure.effect)
  endAttempt(world, tried)
  if (phase === 'running' || phase === 'finishing') fail(tried, failure)
  goOn(world, tried)
}

/** An attempt has ended without success. */
function goOn(world: World, tried: Tried): void {
  if (tried.phase === 'running' || tried.phase === 'aborting') judge(world, tried)
  else if (tried.kind === 'step') end(world, tried, 'cancelled')
  else world.above.leave(world, tried)
}

/** Something inside of the step was cancelled, and the step with it. */
export function cancelledInside(world: World, task: Task): void {
  if (task.phase !== 'running') return failed(world, task, CANCELLED)
  endAttempt(world, task)
  end(world, task, 'cancelled')
}

export function fail(tried: Tried, failure: Failure): void {
  tried.failure = failure
  tried.failures++
}

/** A limit of the attempt under way has passed: it is told to stop. */
export function outlived(world: World, tried: Tried, code: Failure['code']): void {
  if (tried.phase !== 'running' && tried.phase !== 'finishing') return
  const isRunning = tried.phase === 'running'
  if (isRunning) fail(tried, { code, message: '' })
  note(tried, 'unknown')
  Object.assign(tried, { phase: isRunning ? 'aborting' : 'cancelling' })
  abort(world, tried)
}

/** Tells the attempt under way to stop. It has one grace, however often it is told. */
export function abort(world: World, tried: Tried): void {
  const to = addressOf(world, tried)
  stopTimers(world, to, ['attempt.timedOut', 'heartbeat.missed'])
  if (tried.kind === 'step' && isControl(tried)) world.above.stopWork(world, tried, false)
  else if (!world.timers.some((timer) => timer.to === to && timer.type === 'grace.ended'))
    limit(world, tried, 'grace.ended', GRACE_MS)
}

/** Something is known of the effect of an attempt that is not the step's accepted success. A success that is known stays known. */
function note(tried: Tried, state: 'unknown' | 'done', output: Effect['output'] = null): void {
  if (tried.kind === 'step' && !isControl(tried)) know(tried.effects[tried.target], state, output)
}

export function know(effect: Effect, state: Effect['state'], output: Effect['output']): void {
  if (state === 'unknown' && effect.state !== 'none') return
  if (effect.state !== 'late') effect.state = state
  effect.output = output ?? effect.output
}

// ---- the answer to a failure ---------------------------------------------------------------------------

/** Retries, then the fallback once, then a verdict; where an effect is undone, retries and then the next one. */
function judge(world: World, tried: Tried): void {
  if (hasRetry(tried) && backOff(world, tried)) return
  if (tried.kind === 'compensation') return world.above.takeNext(world, tried)
  const task = tried
  if (task.granted > 0) return rule(world, task)
  if (task.step.fallback !== null && task.target === 'operation') {
    task.target = 'fallback'
    return request(world, task)
  }
  const isAsking = task.step.onFailure === null && world.setting.handlers.length > 0
  task.question = isAsking ? { task, answers: new Map() } : null
  tellFailure(world, task.question)
  if (!isAsking) return rule(world, task)
  task.phase = 'asking'
  const { answerMs } = task.frame.workflow.recovery
  startTimer(world, { to: addressOf(world, task), type: 'verdict.timedOut' }, answerMs)
}

/** Puts the next attempt off. A time that an error asks for and that is too late is not waited for. */
function backOff(world: World, tried: Tried): boolean {
  const [from, until] = backoffOf(tried)
  const to = addressOf(world, tried)
  if (tried.failure?.retryAfterMs !== undefined && world.now + from >= tried.windowEnd) {
    stopTimers(world, to, ['retries.expired'])
    tried.isWindowOpen = false
    return false
  }
  tried.phase = 'backingOff'
  limit(world, tried, 'backoff.ended', from, until)
  return true
}

/** Asks for the next attempt. What the last one did inside of the step is undone before. */
export function request(world: World, task: Task): void {
  const ask = () => {
    if (task.phase === 'clearing') askForGates(world, task)
  }
  task.phase = 'clearing'
  if (!world.above.undoBeside(world, task, 'all', ask)) ask()
}

/** The time for retries is over. */
export function windowClosed(world: World, tried: Tried): void {
  const { phase } = tried
  const isBetween = phase === 'backingOff' || phase === 'queued' || phase === 'clearing'
  if (isBetween ? tried.windowOf !== tried.target : phase !== 'running' && phase !== 'aborting') return
  tried.isWindowOpen = false
  if (!isBetween) return
  stopTimers(world, addressOf(world, tried), ['backoff.ended'])
  leaveGates(world, taskOf(tried))
  judge(world, tried)
}

/** Tells the handlers of a failure, and of what is asked about it. */
export function tellFailure(world: World, question: Question | null = null): void {
  for (const queue of world.asked.values()) queue.push(question)
}

/** A handler answers the oldest failure that it was told of. The answer of the highest priority counts. */
export function handlerAnswered(world: World, id: string, verdict: Verdict | null): void {
  const question = world.asked.get(id)?.shift()
  if (!question || question.task.question !== question) return
  const { task, answers } = question
  const { handlers } = world.setting
  answers.set(id, verdict)
  const best = handlers.findIndex((each) => (answers.get(each) ?? null) !== null)
  const offered = answers.get(handlers[best] ?? '') ?? null
  if (offered && isApplicable(task, offered)) task.verdict = offered
  if (handlers.slice(0, best < 0 ? undefined : best).every((each) => answers.has(each))) answered(world, task)
}

/** No answer that is still to come counts. */
export function answered(world: World, task: Task): void {
  task.question = null
  stopTimers(world, addressOf(world, task), ['verdict.timedOut'])
  rule(world, task)
}

function rule(world: World, task: Task): void {
  task.verdict ??= listedVerdict(task)
  if (task.verdict === 'retry') {
    Object.assign(task, { granted: task.granted + 1, target: 'operation', verdict: null })
    request(world, task)
  } else end(world, task, task.verdict === 'skip' || task.verdict === 'degradation' ? 'skipped' : 'failed')
}

// ---- the end -------------------------------------------------------------------------------------------

function end(world: World, task: Task, outcome: StepOutcome): void {
  const { frame } = task
  world.live.delete(addressOf(world, task))
  stopTimers(world, addressOf(world, task))
  leaveGates(world, task)
  returnSlot(world, task)
  Object.assign(task, { phase: 'final', outcome, status: outcome, resume: null, question: null })
  Object.assign(task, { finishedAt: world.now, order: ++frame.ended })
  const successes = frame.tasks.filter((each) => each.outcome === 'success').length
  task.isUnneeded = outcome === 'success' && frame.waitFor !== 'all' && successes > frame.waitFor
  world.changes++
  world.above.stepEnded(world, task)
}

/** Cancels a task: awaited or told to stop where it runs. `force`: nothing is waited for but the grace. */
export function cancelTask(world: World, task: Task, force: boolean): void {
  const { phase, step } = task
  if (phase === 'final' || world.answered.has(task)) return
  if (!world.live.has(addressOf(world, task))) return settle(world, task, 'cancelled')
  if (phase === 'running' && step.onCancel === 'await' && !force) {
    task.phase = 'finishing'
    if (step.timeoutMs === null) limit(world, task, 'attempt.timedOut', AWAIT_MS)
  } else if (phase === 'running' || phase === 'aborting' || (phase === 'finishing' && force)) {
    task.phase = 'cancelling'
    abort(world, task)
  } else if (phase !== 'finishing' && phase !== 'cancelling') end(world, task, 'cancelled')
  if (force && task.work) world.above.stopWork(world, task, true)
}
