// Reads the journal of an earlier life of a run, which a host may have kept as JSON anywhere. Invariant: an entry is replayed
// only if it is one that the engine writes; the table of fields and the union of events are held against each other by the
// compiler.
import type { Failure } from '../../../machines/protocol.ts'
import { shown } from '../../definition/diagnostic.ts'
import { fieldOf } from '../../foreign.ts'
import { isObject, VERDICTS } from '../../definition/shape.ts'
import { SagachartError } from '../../errors.ts'
import type { DefinitionRecord, ListRecord, StepRecord } from '../../definition/identity.ts'
import type { EventOf, InboundEvent } from '../port/events.ts'
import type { Entry } from '../port/host.ts'
import { FORMAT, FORMATS, type Format } from './formats.ts'

/** How every refusal of a journal begins. */
export const notResumable = (runId: string) => `Run ${runId} cannot be resumed`

/** Returns the value if it is what it must be. @param at Names the value in the error. @throws RUN_NOT_RESUMABLE */
type Read<T> = (value: unknown, at: string) => T

/** How each field of an object is read. */
type Fields<T> = { readonly [TKey in keyof T]-?: Read<T[TKey]> }

function refuse(at: string, expected: string, found: unknown): never {
  const message = `${at}: expected ${expected}, found ${shown(found)}; give the journal as it was recorded`
  throw new SagachartError('RUN_NOT_RESUMABLE', message)
}

const kind =
  <T>(expected: string, is: (value: unknown) => value is T): Read<T> =>
  (value, at) =>
    is(value) ? value : refuse(at, expected, value)

const oneOf = <const T extends string | boolean>(...values: readonly T[]): Read<T> =>
  kind(values.join(' or '), (value): value is T => values.some((each) => each === value))

const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : read(value, at)

const object = kind('an object', (value): value is Readonly<Record<string, unknown>> => isObject(value))
const text = kind('a text', (value) => typeof value === 'string')
const flag = oneOf(true, false)
const number = kind('a number', (value): value is number => Number.isFinite(value))
const count = kind(
  'a whole number of at least 0',
  (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
)
const anything = kind('a value', (value): value is unknown => value !== undefined)
const verdict = oneOf(...VERDICTS)
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
  retryAfterMs: optional(number),
  effect: optional(oneOf('unknown', 'done')),
  step: optional(text),
  cause: optional(anything),
})

/** Reads the chain of causes in a loop, because a hostile one may be of any length. */
const failure: Read<Failure> = (value, at) => {
  let { cause } = link(value, at)
  while (cause !== undefined) cause = link(cause, `${at}.cause`).cause
  return value as Failure
}

const listOf =
  <T>(read: Read<T>): Read<readonly T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) return refuse(at, 'a list', value)
    value.forEach((item, index) => read(item, `${at}[${index}]`))
    return value as readonly T[]
  }

const recorded = { identity: object, settings: object }

/** Reads the record of a definition. @throws RUN_NOT_RESUMABLE */
export const readDefinition: Read<DefinitionRecord> = (value, at) => {
  const step = fieldsOf<StepRecord>({ ...recorded, name: text, lists: listOf(count) })
  const list = fieldsOf<ListRecord>({ ...recorded, steps: listOf(step) })
  const read = fieldsOf<DefinitionRecord>({ ...recorded, workflows: count, lists: listOf(list) })(value, at)
  const { workflows, lists } = read
  if (workflows > lists.length) refuse(`${at}.workflows`, `at most ${lists.length}`, workflows)
  for (const { steps } of lists)
    for (const { name, lists: inside } of steps)
      for (const number of inside)
        if (number >= lists.length)
          refuse(`${at}, lists of ${shown(name)}`, `less than ${lists.length}`, number)
  return read
}

const attempt = { attempt: count }

/** By the type of an event, what it holds beside that. */
const EVENTS: {
  readonly [TType in InboundEvent['type']]: Fields<Omit<EventOf<InboundEvent, TType>, 'type' | 'blockedMs'>>
} = {
  'run.started': {
    seed: count,
    format: kind(String(FORMAT), (value) => value === FORMAT),
    definition: readDefinition,
    revived: optional(oneOf(true)),
    before: optional(count),
  },
  'run.cancel': { cause: optional(oneOf('cancelled', 'timed_out')), force: optional(flag) },
  'run.cancelStep': { step: text, force: optional(flag) },
  'run.signal': { event: text, data: optional(anything) },
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
    step: text,
    target,
    output: (value, at) => (value === null ? null : fieldsOf({ value: anything })(value, at)),
  },
  'attempt.succeeded': { ...attempt, output: anything },
  'attempt.failed': {
    ...attempt,
    failure,
    verdict: optional(verdict),
    cancelled: optional(oneOf(true)),
  },
  'decision.made': { step: text, value: anything, failure: optional(failure) },
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
  'lease.request': { lease: text, units: count, priority: number, at: number, replyTo: text },
  'lease.release': { lease: text },
  'lease.timedOut': { lease: text },
  'lease.lost': { lease: text },
}

/** The events that were otherwise in format 1, which named steps by their place in their list. */
const EVENTS_1: Partial<Record<InboundEvent['type'], Fields<Record<string, unknown>>>> = {
  'run.started': { seed: count },
  'effect.heard': { run: text, index: count, target, output: EVENTS['effect.heard'].output },
  'decision.made': { index: count, value: anything, failure: optional(failure) },
}

const readersOf = (events: Readonly<Record<string, object>>) =>
  new Map(
    Object.entries(events).map(([type, fields]) => [
      type,
      fieldsOf<Pick<InboundEvent, 'type' | 'blockedMs'>>({
        type: text as Read<InboundEvent['type']>,
        blockedMs: optional(number),
        ...fields,
      }),
    ]),
  )

const READERS = { 1: readersOf({ ...EVENTS, ...EVENTS_1 }), 2: readersOf(EVENTS) } satisfies Record<
  Format,
  unknown
>

const readEntryOf = (format: Format) =>
  fieldsOf<Entry>({
    at: number,
    to: text,
    event: (value, at) => {
      const type = text(object(value, at)['type'], `${at}.type`)
      const read = READERS[format].get(type) ?? refuse(`${at}.type`, 'an event that crosses into a run', type)
      read(value, at)
      return value as InboundEvent
    },
  })

/** The format of a journal, which its first entry names; whatever else is wrong with that is found when it is read. */
function formatOf([first]: readonly unknown[], what: string): Format {
  const format = fieldOf(fieldOf(first, 'event'), 'format') ?? 1
  const known = FORMATS.find((each) => each === format)
  if (known !== undefined) return known
  throw new SagachartError(
    'RUN_NOT_RESUMABLE',
    `${what}: its journal has the format ${shown(format)}, expected one of ${FORMATS.join(', ')}; resume it with the version of sagachart that wrote it, or with a later one`,
  )
}

/** What the journal of an earlier life says. */
export interface EarlierLife {
  readonly seed: number
  /** Whether it begins where a captured state left off. */
  readonly isTail: boolean
  readonly startedAt: number
  readonly format: Format
  /** The definition that the run began with; `null` where the format does not say. */
  readonly definition: DefinitionRecord | null
  /** Entries that came before these. */
  readonly before: number
  /** The entries after them, in the journal's own format. */
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
  const what = notResumable(runId)
  const format = formatOf(journal, what)
  const readEntry = readEntryOf(format)
  const [first, ...entries] = journal.map((given, index) => {
    const where = `${what}: entry ${index + 1}`
    const entry = readEntry(given, where)
    const { at, to, event } = entry
    if (at < time) refuse(`${where}.at`, `at least ${time}`, at)
    if (index === 0 && to !== path) refuse(`${where}.to`, path, to)
    if (index > 0 === (event.type === 'run.started')) refuse(where, 'run.started first and once', event.type)
    time = at
    return entry
  })
  if (first?.event.type !== 'run.started') return null
  const { seed, definition: begun = null, revived: isTail = false, before = 1 } = first.event
  return { seed, isTail, startedAt: first.at, format, definition: begun, before, entries }
}
