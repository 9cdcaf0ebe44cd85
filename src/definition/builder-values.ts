// The small things of a builder's configuration: times, counts, names, values that are computed, and the refusal of what is
// none of these. Each is read once, where it is named.
import { SagachartError } from '../errors.ts'
import { shown } from './diagnostic.ts'
import { DURATION_EXPECTED, durationMs } from './duration.ts'
import type { Computed, DataScope, OperationCall, RetryDefinition } from './model.ts'
import { nameFault } from './names.ts'
import type { Duration, RetryConfig } from './step-config.ts'

/** A value, or a user's function. */
export function computed(given: unknown): Computed {
  if (typeof given !== 'function') return { kind: 'value', value: given }
  return { kind: 'function', evaluate: given as (scope: DataScope) => unknown }
}

/** The same for what may be left out. */
export const computedOrNull = (given: unknown): Computed | null =>
  given === undefined ? null : computed(given)

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
