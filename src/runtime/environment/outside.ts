// What comes into a run straight from outside of its charts, checked before it is written down: commands that are sent to its
// actor, and what operations and handlers emit. Invariant: what is not valid is let in as a refusal, which changes nothing but
// a count.
import type { RunCommand } from '../../../machines/protocol.ts'
import { shown } from '../../definition/diagnostic.ts'
import type { HasJsonForm, NoJsonForm } from '../../definition/json-form.ts'
import { SagachartError } from '../../errors.ts'
import { isInstance, messageOf } from '../../foreign.ts'
import type { EmittedEvent, EventOf, RefusedEvent } from '../port/events.ts'
import { toJson } from '../../definition/json-copy.ts'

type Signal = EventOf<RunCommand, 'run.signal'>

/** Characters of what a refusal says. */
const TEXT_MAX = 200

/** Types of events that only the engine publishes. */
const RESERVED =
  /^(?:(?:workflow|step|custom_step|module|resource)_.*|alert_raised|event_refused|signal_dropped|events_dropped)$/s

/** What someone outside sends, as it is let in. */
export function commandOf(sent: unknown): RunCommand | RefusedEvent {
  let type: unknown
  try {
    const event = { ...(sent as Partial<Record<string, unknown>>) }
    type = event['type']
    const { force } = event
    if (force !== undefined && typeof force !== 'boolean') throw invalid('force', 'true or false', force)
    const forced = force === undefined ? {} : { force }
    switch (type) {
      case 'run.cancel':
        return { type, ...causeOf(event['cause']), ...forced }
      case 'run.cancelStep':
        return { type, step: textOf('step', event['step']), ...forced }
      case 'run.signal':
        return { type, event: eventType(event['event']), data: toJson(event['data'], 'data') }
      default:
        throw invalid('type', 'run.cancel, run.cancelStep or run.signal', type)
    }
  } catch (error) {
    return refusal(type, 'outside', error)
  }
}

/**
 * What an operation or a handler emits, as it is let in; of the engine's own, whatever its type.
 * @throws OUTPUT_NOT_SERIALISABLE where its data is not JSON
 */
export function emissionOf({ bus, ...event }: Omit<EmittedEvent, 'type'>): EmittedEvent | RefusedEvent {
  const data = toJson(event.data, 'data')
  try {
    if (event.origin === 'operation') eventType(bus)
  } catch (error) {
    return refusal(bus, event.source, error)
  }
  return { type: 'event.emitted', bus, ...event, data }
}

/** The actor of a workflow or an integration. */
export interface SignalTarget {
  send(event: Signal): void
}

/**
 * Tells a run of something outside, for the step that waits for it. It is kept where none does yet.
 * @param event What `waitForEvent` names. The engine's own events are none: `step_…`, `workflow_…` and their like.
 * @param data JSON. Default `null`.
 * @throws EVENT_INVALID, and then nothing is sent
 */
export function signal<T = null>(
  actor: SignalTarget,
  event: string,
  data?: T & (HasJsonForm<T> extends true ? unknown : NoJsonForm),
): void {
  const command = commandOf({ type: 'run.signal', event, data })
  if (command.type === 'event.refused') throw new SagachartError('EVENT_INVALID', `Signal: ${command.reason}`)
  actor.send(command as Signal)
}

function refusal(type: unknown, source: string, error: unknown): RefusedEvent {
  const reason = isInstance(error, SagachartError) ? messageOf(error) : 'it cannot be read'
  const event = typeof type === 'string' ? type : typeof type
  return { type: 'event.refused', event: event.slice(0, TEXT_MAX), source, reason: reason.slice(0, TEXT_MAX) }
}

function causeOf(cause: unknown): Pick<EventOf<RunCommand, 'run.cancel'>, 'cause'> {
  if (cause === undefined) return {}
  if (cause === 'cancelled' || cause === 'timed_out') return { cause }
  throw invalid('cause', 'cancelled or timed_out', cause)
}

function textOf(key: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalid(key, 'a text that is not empty', value)
}

function eventType(value: unknown): string {
  const type = textOf('event', value)
  if (!RESERVED.test(type)) return type
  throw new SagachartError('EVENT_INVALID', `"${type}" is one of the engine's own events; use another name`)
}

const invalid = (key: string, expected: string, found: unknown) =>
  new SagachartError('EVENT_INVALID', `${key}: expected ${expected}, found ${shown(found)}; correct it`)
