// The events that a bus keeps for late subscribers. Pure functions.
// Not here: who subscribes, which deliveries.ts knows.
// Invariant: keeping one more event copies a chunk, never the whole history, and nothing in it is nested deeply,
// so that a context of any size is JSON (a linked list of 10,000 events overflows the stack of JSON.stringify).
import type { BusEvent } from './protocol.ts'

/** Events in one chunk, at least: a history holds up to two chunks more than its bound. */
export const CHUNK_SIZE = 64

/** What a history is bounded by. */
export interface HistoryBounds {
  readonly historySizeMax: number
  readonly historyAgeMsMax: number
}

/** Events in order of publication. */
export interface EventHistory {
  /** Full ones, the oldest first. */
  readonly chunks: readonly (readonly BusEvent[])[]
  readonly newest: readonly BusEvent[]
}

/** Nothing published yet. */
export const EMPTY_HISTORY: EventHistory = { chunks: [], newest: [] }

/** Whether a type matches a pattern: exact, `prefix*`, or `*`. Linear in the pattern; an inner `*` is a plain character. */
export function matchesPattern(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type
}

/** Adds events, at least one. Whole chunks that are out of bounds by then are let go. */
export function withEvents(
  { chunks, newest }: EventHistory,
  events: readonly BusEvent[],
  bounds: HistoryBounds,
): EventHistory {
  if (newest.length < CHUNK_SIZE) return { chunks, newest: newest.concat(events) }
  const needed = Math.max(1, Math.ceil(bounds.historySizeMax / CHUNK_SIZE))
  const oldest = events.at(-1)!.at - bounds.historyAgeMsMax
  const kept = [...chunks, newest].slice(-needed).filter((chunk) => chunk.at(-1)!.at >= oldest)
  return { chunks: kept, newest: events }
}

/** What to read of a history. */
export interface HistoryQuery {
  /** Milliseconds since the epoch; ages are measured from here. Default: the newest event. */
  readonly now?: number
  /** An exact type, a prefix such as `step_*`, or `*` (the default). */
  readonly pattern?: string
  /** Nothing published before this time. */
  readonly since?: number
}

/** The events kept, oldest first: the last `historySizeMax` of those no older than `historyAgeMsMax`, as far as they match. */
export function historyOf(
  { history, historySizeMax, historyAgeMsMax }: HistoryBounds & { readonly history: EventHistory },
  { now = history.newest.at(-1)?.at ?? 0, pattern = '*', since = -Infinity }: HistoryQuery = {},
): BusEvent[] {
  if (historySizeMax < 1) return []
  const oldest = Math.max(since, now - historyAgeMsMax)
  return [...history.chunks.flat(), ...history.newest]
    .slice(-historySizeMax)
    .filter(({ at, type }) => at >= oldest && matchesPattern(pattern, type))
}
