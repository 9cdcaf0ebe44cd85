// The tables of the model: when a step runs, whether a failure is tried again, which verdict counts. Nothing is changed here.
import type { Failure, StepOutcome, Verdict } from '../../machines/protocol.ts'
import type { RetryDefinition } from '../../src/definition/model.ts'
import { dependenciesOf, reach, type Frame, type Task, type Tried } from './state.ts'

/** What the dependencies of a task, all of them final, make of it. */
export type Gate = 'runs' | Exclude<StepOutcome, 'success'>

/** The README's table of `run_if`. */
export function gateOf(task: Task): Gate {
  const { runIf } = task.step
  const dependencies = dependenciesOf(task)
  const hasSuccess = dependencies.length === 0 || dependencies.some(({ outcome }) => outcome === 'success')
  if (runIf === 'all_done') return 'runs'
  if (runIf === 'any_succeeded') return hasSuccess ? 'runs' : 'skipped'
  if (runIf === 'ancestors_succeeded') return worstOf(ancestorsOf(task))
  return worstOf(dependencies.filter(({ outcome, isHeld }) => outcome !== 'skipped' || isHeld))
}

/** All that comes before a task; of the steps around it too, as far as the scenario goes. */
export const ancestorsOf = (task: Task): Task[] => [
  ...(task.frame.level === 'block' ? ancestorsOf(task.frame.parent!) : []),
  ...reach(task, dependenciesOf),
]

/** Failed, cancelled or skipped, in that order of precedence. */
export function worstOf(tasks: readonly Task[]): Gate {
  const worst = (['failed', 'cancelled', 'skipped'] as const).find((bad) =>
    tasks.some(({ outcome }) => outcome === bad),
  )
  return worst ?? 'runs'
}

/** Whether trying again may help. */
const isRetryable = ({ code, name, retryable }: Failure, { nonRetryable }: RetryDefinition) =>
  retryable !== false && !nonRetryable.includes(code) && !(name !== undefined && nonRetryable.includes(name))

/** The retries of a step's operation, or of what undoes its current effect; a fallback has none. */
const retryOf = (tried: Tried) =>
  tried.kind === 'step' && tried.target === 'fallback' ? null : windowPolicy(tried)

/** What the operation of a step, or its fallback, calls. */
export function calledBy({ step: { call, fallback } }: Task, target: Tried['target']) {
  const called = target === 'operation' ? call : fallback
  return called && 'module' in called ? called : null
}

/** What undoes an effect of a step. */
export function compensationOf({ step: { compensate, fallback } }: Task, target: Tried['target']) {
  if (target === 'operation') return compensate
  return fallback && 'module' in fallback ? fallback.compensate : null
}

/** The retries in whose time an attempt is made. */
export const windowPolicy = (tried: Tried): RetryDefinition =>
  tried.kind === 'step' ? tried.step.retry : compensationOf(tried.task, tried.target)!.retry

/** Whether a failed attempt is followed by a retry. */
export function hasRetry(tried: Tried): boolean {
  const retry = retryOf(tried)
  const { failure, failures, isWindowOpen } = tried
  if (!retry || !failure || !isWindowOpen || failures > retry.count) return false
  return isRetryable(failure, retry)
}

/** How long the next attempt is put off: at least, and at most, for jitter is drawn. */
export function backoffOf(tried: Tried): readonly [number, number] {
  const { failure, failures } = tried
  if (failure?.retryAfterMs !== undefined) return [failure.retryAfterMs, failure.retryAfterMs]
  const { kind, initialMs, factor, maxMs, jitter } = retryOf(tried)!.backoff
  const growth = { constant: 1, linear: failures, exponential: factor ** (failures - 1) }[kind]
  const full = Math.round(Math.min(maxMs, initialMs * growth))
  return [jitter === 'none' ? full : jitter === 'equal' ? Math.floor(full / 2) : 0, full]
}

/** Verdicts of the step or, where it says nothing, of its workflow. */
const listed = ({ step, frame }: Task) => step.onFailure ?? frame.workflow.recovery.strategies

/** Whether a verdict can be carried out, now that the fallback was tried. */
export function isApplicable(task: Task, verdict: Verdict): boolean {
  if (verdict === 'retry') return task.granted < task.frame.workflow.recovery.grantedRetriesMax
  if (verdict === 'degradation') return listed(task).includes('skip')
  return verdict !== 'fallback'
}

/** The first listed verdict that applies; a listed retry only where trying again may help. */
export function listedVerdict(task: Task): Verdict {
  const { failure, isWindowOpen, step } = task
  const mayHelp = isWindowOpen && failure !== null && isRetryable(failure, step.retry)
  return listed(task).find((each) => isApplicable(task, each) && (each !== 'retry' || mayHelp)) ?? 'fail'
}

/** Whether a verdict ends the whole scenario. */
export const endsScenario = (verdict: Verdict | null) =>
  verdict === 'fail_workflow' || verdict === 'compensate'

/** The failure of a step as that of what it is inside of. */
export const failureWithin = (task: Task): Failure | null =>
  task.failure && { step: task.address, ...task.failure }

/** The limit of one attempt. */
export const limitOf = (tried: Tried) =>
  tried.kind === 'step' ? tried.step.timeoutMs : compensationOf(tried.task, tried.target)!.timeoutMs

/** Whether what a frame did is to be undone once it ends otherwise than well. A block leaves that to its scenario. */
export const mustCompensate = ({ level, verdict, workflow, compensation }: Frame) =>
  level !== 'block' &&
  compensation === 'none' &&
  (verdict === 'compensate' || workflow.onFailure === 'compensate')
