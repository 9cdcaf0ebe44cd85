// UNREACHABLE_VERDICT: rules of recovery that no failure can ever get to. The order of things is that of the step's chart:
// retries, the fallback, then the first verdict of the list that applies. What handlers may answer is nobody's to know.
import type { BackoffPolicy, Verdict } from '../../../machines/protocol.ts'
import { BACKOFF_DEFAULTS } from '../defaults.ts'
import type { Computed, RecoveryDefinition, RetryDefinition, StepDefinition } from '../model.ts'
import type { Reach } from './reach.ts'
import type { StepList, Survey } from './survey.ts'
import type { Found, Report } from './telling.ts'

type Problem = Pick<Found, 'key' | 'problem' | 'expected' | 'found' | 'remedy'>

/** Reports rules that are never reached, of steps that can run. */
export function findUnreachableVerdicts(survey: Survey, reach: Reach, report: Report): void {
  const recoveries = new Map<RecoveryDefinition, { readonly list: StepList; hasFallback: boolean }>()
  for (const { workflow, lists } of survey.runs) {
    const { recovery } = workflow
    for (const list of lists) {
      list.steps.forEach((step, index) => {
        if (!reach.runs(list, index)) return
        const known = recoveries.get(recovery) ?? { list, hasFallback: false }
        if (step.onFailure === null && step.fallback !== null) known.hasFallback = true
        recoveries.set(recovery, known)
        const tell = (problem: Problem) => report({ code: 'UNREACHABLE_VERDICT', list, index, ...problem })
        if (isUnfailing(list, index, reach)) judgeUnfailing(step, tell)
        else judgeVerdicts(step, recovery, tell)
        judgeDelays(step, recovery, tell)
      })
    }
  }
  for (const [recovery, { list, hasFallback }] of recoveries) {
    const at = survey.integration
      ? { list: null, key: ['error_handling', 'recovery_strategies'] }
      : { list: list.run.top, key: ['recovery', 'strategies'] }
    for (const { place, ...problem } of idleVerdicts(recovery.strategies, recovery, hasFallback))
      report({ code: 'UNREACHABLE_VERDICT', list: at.list, index: null, key: [...at.key, place], ...problem })
  }
}

/** What becomes of a step once a handler has answered nothing and no retry is left. */
export function lastVerdict({ onFailure }: StepDefinition, { strategies }: RecoveryDefinition): Verdict {
  const list = onFailure ?? strategies
  return list.find((verdict) => alwaysApplies(verdict, list)) ?? 'fail'
}

// By the time that verdicts count, the fallback was tried; and retries that are granted come to an end.
function alwaysApplies(verdict: Verdict, list: readonly Verdict[]): boolean {
  if (verdict === 'fallback' || verdict === 'retry') return false
  return verdict !== 'degradation' || list.includes('skip')
}

function judgeVerdicts(
  step: StepDefinition,
  recovery: RecoveryDefinition,
  tell: (problem: Problem) => void,
): void {
  const { onFailure, control, fallback } = step
  if (onFailure === null) return
  for (const { place, ...problem } of idleVerdicts(onFailure, recovery, fallback !== null))
    tell({ ...problem, key: ['on_failure', place] })
  const retry = onFailure.indexOf('retry')
  if (control?.kind !== 'wait' || retry < 0 || recovery.grantedRetriesMax === 0) return
  tell({
    key: ['on_failure', retry],
    problem: 'its verdict retry is never reached',
    expected: 'a step that may fail in a way that another attempt can mend',
    found: 'a wait, whose failures are not retryable',
    remedy: 'remove the verdict',
  })
}

/**
 * Verdicts of a list that no failure gets to. Left alone: `fallback`, which is tried before any verdict is asked for;
 * `skip` behind `degradation`, which only allows it; and `degradation` where there is a fallback, which it marks.
 */
function* idleVerdicts(
  list: readonly Verdict[],
  { grantedRetriesMax }: RecoveryDefinition,
  hasFallback: boolean,
): Generator<Omit<Problem, 'key'> & { readonly place: number }> {
  let closedBy: Verdict | null = null
  for (const [place, verdict] of list.entries()) {
    if (verdict === 'fallback') continue
    const problem = `its verdict ${verdict} is never reached`
    const isMeant =
      (verdict === 'skip' && closedBy === 'degradation') || (verdict === 'degradation' && hasFallback)
    if (closedBy !== null) {
      if (isMeant) continue
      const found = `it behind ${closedBy}, which always applies`
      const remedy = `put ${verdict} before ${closedBy}, or remove it`
      yield { place, problem, expected: 'a verdict before all that always apply', found, remedy }
    } else if (list.indexOf(verdict) < place) {
      yield { place, problem, expected: 'each verdict once', found: `${verdict} twice`, remedy: 'remove it' }
    } else if (verdict === 'retry' && grantedRetriesMax === 0) {
      const remedy = 'raise max_granted_retries, or remove the verdict'
      yield {
        place,
        problem,
        expected: 'retries that may be granted',
        found: 'max_granted_retries 0',
        remedy,
      }
    } else if (alwaysApplies(verdict, list)) closedBy = verdict
  }
}

function judgeUnfailing(
  { fallback, onFailure, control }: StepDefinition,
  tell: (problem: Problem) => void,
): void {
  const found = control?.kind === 'wait' ? 'a wait that nothing can fail' : 'a step in which nothing can'
  const expected = 'a step that can fail'
  const remedy = 'remove it'
  if (fallback !== null)
    tell({ key: ['fallback'], problem: 'its fallback is never reached', expected, found, remedy })
  if (onFailure !== null)
    tell({ key: ['on_failure'], problem: 'its on_failure is never reached', expected, found, remedy })
}

function judgeDelays(
  { retry, compensate, onFailure }: StepDefinition,
  { strategies }: RecoveryDefinition,
  tell: (problem: Problem) => void,
): void {
  const isGranted = (onFailure ?? strategies).includes('retry')
  const expected = 'retries'
  const remedy = 'give a retry_count, or remove the delays'
  if (retry.count === 0 && saysDelays(retry, isGranted)) {
    const problem = 'it says how to wait before its retries'
    tell({ key: ['retry'], problem, expected, found: 'that it has none', remedy })
  }
  if (compensate?.retry.count === 0 && saysDelays(compensate.retry, false)) {
    const problem = 'its compensation says how to wait before retries'
    tell({ key: ['compensate', 'retry'], problem, expected, found: 'that it has none', remedy })
  }
}

// A retry that a verdict grants waits for nothing, but only comes within max_elapsed. Which errors are never retried may
// well be said of a step that has no retries yet.
function saysDelays({ backoff }: RetryDefinition, isGranted: boolean): boolean {
  const keys: readonly (keyof BackoffPolicy)[] = ['kind', 'initialMs', 'factor', 'maxMs', 'jitter']
  if (keys.some((key) => backoff[key] !== BACKOFF_DEFAULTS[key])) return true
  return backoff.maxElapsedMs !== null && !isGranted
}

const isFixed = (computed: Computed | null) => computed === null || computed.kind === 'value'

/** Whether nothing can make a step fail: a wait that is only ever over, or a step made of such. */
function isUnfailing(list: StepList, index: number, reach: Reach): boolean {
  const { control, when, timeoutMs } = list.steps[index]!
  if (control === null || timeoutMs !== null || !isFixed(when) || !isFixed(control.output)) return false
  const isCalm = () =>
    list.inside.get(index)!.every((block) => {
      if (!reach.isEntered(block)) return true
      return block.steps.every((_, inner) => isUnfailing(block, inner, reach))
    })
  switch (control.kind) {
    case 'wait': {
      const { until } = control
      if (until.kind === 'timer') return true
      return isFixed(until.filter) && (until.timeoutMs === null || until.onTimeout !== 'fail')
    }
    case 'parallel':
      return control.waitFor === 'all' && isCalm()
    case 'conditional':
      return control.cases.every(({ when: condition }) => condition.kind === 'value') && isCalm()
    // A scenario has outputs of its own, a loop its limit.
    default:
      return false
  }
}

/** Whether a fallback of a step always gives something. */
export const fallsBackForSure = ({ fallback }: StepDefinition) =>
  fallback !== null && 'kind' in fallback && fallback.kind === 'value'
