// The small things of a builder's configuration: times, counts, names, values that are computed, and the refusal of what is
// none of these. Each is read once, where it is named.
import { SagachartError } from '../errors.ts'
import { messageOf } from '../foreign.ts'
import { shown } from './diagnostic.ts'
import { DURATION_EXPECTED, durationMs } from './duration.ts'
import { toJson } from './json-copy.ts'
import type { Computed, DataScope, OperationCall, RetryDefinition } from './model.ts'
import { nameFault } from './names.ts'
import type { Duration, RetryConfig } from './step-config.ts'

/** A user's function, or a value, of which every run has the same, whatever becomes of the one that was given. */
export function computed(given: unknown, place: string): Computed {
  if (typeof given !== 'function') return { kind: 'value', value: written(given, place) }
  return { kind: 'function', evaluate: given as (scope: DataScope) => unknown }
}

/** The same for what may be left out. @throws WORKFLOW_INVALID */
export const computedOrNull = (given: unknown, place: string): Computed | null =>
  given === undefined ? null : computed(given, place)

/** Copies of what the configuration in hand gives. */
const copies = new Map<unknown, unknown>()

/** Makes a definition, in which steps that are given one value share one copy of it. */
export function sharingCopies<T>(define: () => T): T {
  try {
    return define()
  } finally {
    copies.clear()
  }
}

/** A value of a configuration, as JSON, frozen. @throws WORKFLOW_INVALID */
export function written(value: unknown, place: string): unknown {
  try {
    const copy = copies.get(value) ?? toJson(value, place)
    if (copy !== value) copies.set(value, copy)
    return copy
  } catch (error) {
    throw new SagachartError('WORKFLOW_INVALID', messageOf(error))
  }
}

/** @throws WORKFLOW_INVALID */
export function checkName(name: string, place: string): void {
  const fault = nameFault(name)
  if (fault !== null) throw invalid(`${place}: the name`, `a printable name (${fault})`, name)
}

/** In whole milliseconds. @throws WORKFLOW_INVALID */
export function time(value: Duration, place: string): number {
  const ms = durationMs(value)
  if (ms === null) throw invalid(place, DURATION_EXPECTED, value)
  return ms
}

/** The same for what may be left out. @throws WORKFLOW_INVALID */
export const timeOrNull = (value: Duration | undefined, place: string): number | null =>
  value === undefined ? null : time(value, place)

/** A whole number. @throws WORKFLOW_INVALID */
export function count(value: number, min: number, place: string): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw invalid(place, `a whole number from ${min}`, value)
}

/** @throws WORKFLOW_INVALID */
export function defineRetry(retry: RetryConfig, place: string): RetryDefinition {
  const { backoff = 'exponential', factor = 2, jitter = 'full', maxElapsed, nonRetryable = [] } = retry
  if (!(factor >= 1)) throw invalid(`${place}: retry.factor`, 'a number from 1', factor)
  return {
    count: count(retry.count ?? 0, 0, `${place}: retry.count`),
    backoff: {
      kind: backoff,
      initialMs: time(retry.initial ?? 1, `${place}: retry.initial`),
      factor,
      maxMs: time(retry.max ?? 60, `${place}: retry.max`),
      jitter,
      maxElapsedMs: timeOrNull(maxElapsed, `${place}: retry.maxElapsed`),
    },
    nonRetryable,
  }
}

/** The parts of `module.operation`. @throws WORKFLOW_INVALID */
export function operationOf(invoke: string, place: string): Pick<OperationCall, 'module' | 'operation'> {
  const dot = invoke.indexOf('.')
  if (dot < 1 || dot === invoke.length - 1) throw invalid(`${place}: invoke`, '"module.operation"', invoke)
  return { module: invoke.slice(0, dot), operation: invoke.slice(dot + 1) }
}

/** The refusal of a value. */
export function invalid(place: string, expected: string, found: unknown): SagachartError {
  return new SagachartError(
    'WORKFLOW_INVALID',
    `${place}: expected ${expected}, found ${shown(found)}; correct it`,
  )
}
