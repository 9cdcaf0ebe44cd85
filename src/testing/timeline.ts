// A schedule as text that a person reads: one line for each thing that happened, the faults marked, and where it went wrong.
import { terminalLine } from '../definition/safe-text.ts'
import { undoneBy } from '../runtime/port/host.ts'
import type { Counterexample } from './answer.ts'
import type { History, Moment } from './history.ts'

const SAYS: Readonly<Record<Moment['kind'], (moment: Moment) => string>> = {
  'attempt.started': ({ attempt, target }) => `${WHAT[target!]}attempt ${attempt} starts`,
  'attempt.succeeded': ({ attempt, target }) =>
    target && undoneBy(target) ? 'is undone' : `${WHAT[target!]}attempt ${attempt} succeeds`,
  'attempt.failed': ({ attempt, target, detail }) =>
    `${WHAT[target!]}attempt ${attempt} fails${detail ? `: ${detail}` : ''}`,
  'attempt.stopped': ({ attempt }) => `attempt ${attempt} stops, as it was told`,
  'reply.ignored': ({ attempt }) => (attempt > 0 ? `attempt ${attempt} speaks late` : 'answers'),
  'step.ended': ({ detail }) => detail,
  'step.undone': ({ detail }) => detail,
  'module.started': ({ detail }) => `${detail} starts`,
  'module.answered': ({ detail }) => detail,
  'handler.answered': ({ detail }) => `handler ${detail}`,
  'timer.fired': ({ detail }) => TIMERS[detail] ?? detail,
  'process.crashed': ({ detail }) =>
    `the process dies and goes on from its journal${detail ? `; ${detail}` : ''}`,
  'pool.taken': ({ detail }) => `someone else takes ${detail}`,
  'pool.returned': () => 'someone else gives back what was taken',
  'lease.lost': ({ detail }) => `its lease of ${detail} is lost`,
  'run.cancelled': () => 'the run is cancelled',
  'signal.sent': () => 'a signal comes',
  'run.ended': ({ detail }) => `the run ends: ${detail}`,
}

const WHAT = {
  operation: '',
  fallback: 'fallback, ',
  compensation: 'undoing it, ',
  fallbackCompensation: 'undoing its fallback, ',
} as const

const TIMERS: Readonly<Record<string, string>> = {
  'attempt.timedOut': 'does not answer in time',
  'grace.ended': 'does not stop in time, and is given up',
  'heartbeat.missed': 'has not reported in time',
  'backoff.ended': 'has backed off, and tries again',
  'lease.timedOut': 'a lease has been waited for too long',
  'run.timedOut': 'the run takes too long',
  'retries.expired': 'there is no more time for retries',
  'compensation.timedOut': 'undoing takes too long',
}

/** The widest name that gets a column of its own. */
const NAME_MAX = 32

/** What says nothing that another line does not: modules that do as they should, outcomes that an attempt has told. */
export const isTold = ({ kind, detail, fault }: Moment) =>
  fault !== null ||
  !(
    (kind === 'step.ended' && detail === 'success') ||
    (kind === 'step.undone' && detail === 'compensated') ||
    kind === 'module.started' ||
    (kind === 'module.answered' && detail.endsWith('succeeded')) ||
    (kind === 'handler.answered' && detail === 'succeeded')
  )

/** What happened, in words. */
export const inWords = (moment: Moment): string => SAYS[moment.kind](moment)

/** An attempt that is answered in the next line need not be said to start. */
const isAnswered = (moment: Moment, next: Moment | undefined) =>
  moment.kind === 'attempt.started' &&
  next?.step === moment.step &&
  next.attempt === moment.attempt &&
  next.at === moment.at &&
  next.kind.startsWith('attempt.')

/** What happened, line by line: time, a mark where it is a fault, who, what. */
export function timelineOf(all: History): string[] {
  const told = all.filter(isTold)
  const history = told.filter((moment, at) => !isAnswered(moment, told[at + 1]))
  const names = history.map(({ step }) => step || 'run')
  const width = Math.min(NAME_MAX, Math.max(3, ...names.map(({ length }) => length)))
  const times = history.map(({ at }) => timeText(at))
  const timeWidth = Math.max(...times.map(({ length }) => length), 0)
  return history.map((moment, at) => {
    const mark = moment.fault === null ? ' ' : '!'
    const repeated = at > 0 && times[at - 1] === times[at] ? '' : times[at]!
    return terminalLine(
      `${repeated.padStart(timeWidth)} ${mark} ${names[at]!.padEnd(width)}  ${inWords(moment)}`,
    )
  })
}

/** A counterexample as text: the rule, what happened, and what came of it. */
export function counterexampleText({
  rule,
  description,
  message,
  history,
  faults,
}: Counterexample): string[] {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
  return [
    `${rule} is broken: ${message}`,
    ...(description === '' ? [] : [`The rule: ${description}`]),
    '',
    `With ${count}${faults.length > 0 ? ` (${faults.join(', ')}), marked !` : ''}:`,
    ...timelineOf(history).map((line) => `  ${line}`),
    `  => ${message}`,
  ]
}

/** `0 ms`, `1.5 s`, `2 min`. */
function timeText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  return ms < 120_000 ? `${ms / 1_000} s` : `${Math.round(ms / 6_000) / 10} min`
}
