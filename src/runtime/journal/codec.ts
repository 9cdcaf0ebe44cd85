// Reads the journal of an earlier life of a run, which a host may have kept as JSON anywhere. Invariant: an entry is replayed
// only if it is one that the engine writes; the table of fields and the union of events are held against each other by the
// compiler.
import type { Failure, Verdict } from '../../../machines/protocol.ts'
import { shown } from '../../definition/diagnostic.ts'
import { SagachartError } from '../../errors.ts'
import type { EventOf, InboundEvent } from '../port/events.ts'
import type { Entry } from '../port/host.ts'
import { isVerdict } from './settled.ts'

/** Returns the value if it is what it must be. @param at Names the value in the error. @throws RUN_NOT_RESUMABLE */
type Read<T> = (value: unknown, at: string) => T

/** How each field of an object is read. */
type Fields<T> = { readonly [TKey in keyof T]-?: Read<T[TKey]> }

function refuse(at: string, expected: string, found: unknown): never {
  const remedy = 'give the journal as it was recorded, or start the run anew'
  throw new SagachartError(
    'RUN_NOT_RESUMABLE',
    `${at}: expected ${expected}, found ${shown(found)}; ${remedy}`,
  )
}

const kind =
  <T>(expected: string, is: (value: unknown) => value is T): Read<T> =>
  (value, at) =>
    is(value) ? value : refuse(at, expected, value)

const oneOf = <const T extends string>(...texts: readonly T[]): Read<T> =>
  kind(texts.join(' or '), (value): value is T => texts.some((text) => text === value))

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : read(value, at)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = kind('an object', isRecord)
const text = kind('a text', (value) => typeof value === 'string')
const flag = kind('true or false', (value) => typeof value === 'boolean')
const numeric = (expected: string, holds: (value: number) => boolean): Read<number> =>
  kind(expected, (value): value is number => typeof value === 'number' && holds(value))
const number = numeric('a number', Number.isFinite)
const ms = numeric('milliseconds, at least 0', (value) => Number.isFinite(value) && value >= 0)
const count = numeric('a whole number, at least 0', (value) => Number.isSafeInteger(value) && value >= 0)
const anything = kind('a value', (value): value is unknown => value !== undefined)
const verdict: Read<Verdict> = kind('a verdict', isVerdict)
const target = oneOf('operation', 'fallback')

/** An object that has these fields and no others. */
const fieldsOf =
  <T extends object>(fields: Fields<T>): Read<T> =>
  (value, at) => {
    const found = object(value, at)
    for (const key of Object.keys(found))
      if (!Object.hasOwn(fields, key)) refuse(at, `no field but ${Object.keys(fields).join(', ')}`, key)
    for (const key in fields) fields[key](found[key], `${at}.${key}`)
    return value as T
  }

const link = fieldsOf<Omit<Failure, 'cause'> & { readonly cause?: unknown }>({
  code: text as Read<Failure['code']>,
  message: text,
  name: optional(text),
  retryable: optional(flag),
  retryAfterMs: optional(ms),
  effect: optional(oneOf('unknown', 'done')),
  step: optional(text),
  cause: (value) => value,
})

/** Reads the chain of causes in a loop, because a hostile one may be of any length. */
const failure: Read<Failure> = (value, at) => {
  let { cause } = link(value, at)
  while (cause !== undefined) cause = link(cause, `${at}.cause`).cause
  return value as Failure
}

const attempt = { attempt: count }

/** By the type of an event, what it holds beside that. */
const EVENTS: {
  readonly [TType in InboundEvent['type']]: Fields<Omit<EventOf<InboundEvent, TType>, 'type' | 'blockedMs'>>
} = {
  'run.started': { seed: count },
  'run.cancel': { cause: optional(oneOf('cancelled', 'timed_out')), force: optional(flag) },
  'run.cancelStep': { step: text, force: optional(flag) },
  'run.signal': { event: text, data: (value) => value },
  'event.emitted': {
    bus: text,
    source: text,
    correlation_id: text,
    data: anything,
    origin: oneOf('engine', 'operation'),
  },
  'event.refused': { event: text, source: text, reason: text },
  'effect.heard': {
    run: text,
    index: count,
    target,
    output: (value, at) => (value === null ? null : fieldsOf({ value: anything })(value, at)),
  },
  'attempt.succeeded': { ...attempt, output: anything },
  'attempt.failed': {
    ...attempt,
    failure,
    verdict: optional(verdict),
    cancelled: optional(kind('true', (value) => value === true)),
  },
  'decision.made': { index: count, value: anything, failure: optional(failure) },
  'module.initialised': {},
  'module.failed': { failure },
  'module.cleaned': {},
  'handler.succeeded': { subscription: text, verdict: optional(verdict) },
  'handler.failed': { subscription: text, failure },
  'attempt.timedOut': attempt,
  'heartbeat.missed': attempt,
  'grace.ended': attempt,
  'backoff.ended': attempt,
  'retries.expired': {},
  'verdict.timedOut': {},
  'run.timedOut': {},
  'compensation.timedOut': {},
  'module.timedOut': {},
  'bus.timedOut': {},
  'lease.request': { lease: text, units: count, priority: number, at: ms, replyTo: text },
  'lease.release': { lease: text },
  'lease.timedOut': { lease: text },
  'lease.lost': { lease: text },
}

const READERS = new Map(
  Object.entries(EVENTS).map(([type, fields]) => [
    type,
    fieldsOf<Pick<InboundEvent, 'type' | 'blockedMs'>>({
      type: (value) => value as InboundEvent['type'],
      blockedMs: optional(ms),
      ...fields,
    }),
  ]),
)

const readEntry = fieldsOf<Entry>({
  at: ms,
  to: text,
  event: (value, at) => {
    const type = text(object(value, at)['type'], `${at}.type`)
    const read = READERS.get(type) ?? refuse(`${at}.type`, 'an event that crosses into a run', type)
    read(value, at)
    return value as InboundEvent
  },
})

/** What the journal of an earlier life says. */
interface EarlierLife {
  readonly seed: number
  readonly startedAt: number
  /** What came after the start. */
  readonly entries: readonly Entry[]
}

/**
 * Reads a journal of any origin; an empty one is that of a run which never started: `null`.
 * @param runId The run that is to be resumed.
 * @param path The address of its root.
 * @throws RUN_NOT_RESUMABLE
 */
export function readJournal(runId: string, path: string, journal: readonly unknown[]): EarlierLife | null {
  let time = 0
  const [first, ...entries] = journal.map((given, index) => {
    const where = `Run ${runId} cannot be resumed: entry ${index + 1}`
    const entry = readEntry(given, where)
    const { at, to, event } = entry
    if (at < time) refuse(`${where}.at`, `a time that is not before the last entry's, ${time}`, at)
    if (index === 0 && to !== path) refuse(`${where}.to`, path, to)
    if ((event.type === 'run.started') !== (index === 0))
      refuse(`${where}.event.type`, `${index === 0 ? '' : 'no '}run.started`, event.type)
    time = at
    return entry
  })
  if (first?.event.type !== 'run.started') return null
  return { seed: first.event.seed, startedAt: first.at, entries }
}
