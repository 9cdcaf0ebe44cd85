// What of a run goes to its log file: what happened, to whom, how often and why it failed. Inputs, parameters and
// outputs do not, below DEBUG: a log is read by more people than a result. Not the file itself: that is log-file.ts.
import type { AnyActor } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import type { LogLevel } from '../definition/logging.ts'
import type { ResultDocument } from '../runtime/report/result.ts'
import type { LogFile } from './log-file.ts'
import { detail, duration } from './terminal.ts'

/** The library's own events. All others (an operation's, a pool's, signals) are logged as they are, at DEBUG. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['module_initialized', 'INFO'],
  ['module_error', 'ERROR'],
  ['workflow_started', 'INFO'],
  ['workflow_completed', 'INFO'],
  ['workflow_error', 'ERROR'],
  ['step_started', 'DEBUG'],
  ['step_completed', 'INFO'],
  ['step_skipped', 'INFO'],
  ['step_retrying', 'WARNING'],
  ['step_failed', 'ERROR'],
  ['step_compensating', 'DEBUG'],
  ['step_compensated', 'INFO'],
  ['step_compensation_failed', 'ERROR'],
])

/** The library's own events that say what was lost. */
const LOSSES: ReadonlySet<string> = new Set(['event_refused', 'events_dropped', 'signal_dropped'])

/** Characters of an event's data that are logged. */
const DATA_LENGTH_MAX = 1000

/** Logs an integration's events as they come. */
export function logEvents(actor: AnyActor, log: LogFile): void {
  const write = ({ type, source, at, data }: BusEvent) => {
    const own = LEVELS.get(type)
    const level = own ?? (LOSSES.has(type) ? 'WARNING' : 'DEBUG')
    if (!log.takes(level)) return
    const message = own ? `${type}: ${account(data)}` : `${type} from ${source}${cut(detail(data))}`
    log.write(level, source, message, at)
  }
  actor.on('*' as never, write as never)
}

/** Logs how a run ended. */
export function logEnd(document: ResultDocument, log: LogFile): void {
  const { status, integration_name: name, integration_metrics: metrics, error } = document
  const level =
    status === 'completed' ? 'INFO' : status === 'completed_with_cleanup_issues' ? 'WARNING' : 'ERROR'
  const time = duration(Number(metrics['total_execution_time']) * 1000)
  log.write(level, `run/${document.run_id}`, `${name}: ${status} in ${time}${because(error)}`)
}

/** Names, counts and the error of an event. */
function account(data: unknown): string {
  const { step_name, module_name, workflow_name, operation, attempts, status, error } = fields(data)
  const call = `${word(module_name)}.${word(operation)}`
  const who = step_name === undefined ? word(workflow_name ?? module_name) : `${word(step_name)} (${call})`
  const tries = attempts === undefined ? '' : `, ${word(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}`
  return `${who}${tries}${status === undefined ? '' : `, ${word(status)}`}${because(error)}`
}

function because(error: unknown): string {
  const { code, message } = fields(error)
  return message === undefined ? '' : `: ${word(code)}: ${word(message)}`
}

const fields = (data: unknown) => (data ?? {}) as Readonly<Record<string, unknown>>

const word = (value: unknown) => (typeof value === 'string' ? value : detail(value).trimStart())

const cut = (text: string) => (text.length > DATA_LENGTH_MAX ? `${text.slice(0, DATA_LENGTH_MAX)}…` : text)
