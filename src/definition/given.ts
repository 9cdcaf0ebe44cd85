// Times, numbers and values that a builder's configuration gives, judged one by one. What the configuration is made of is
// builder.ts's.
import { SagachartError } from '../errors.ts'
import { DURATION_EXPECTED, durationMs } from './duration.ts'
import type { Computed, DataScope } from './model.ts'

/** A time: seconds as a number, or text with a unit (`250ms`, `5s`, `2m`, `1h`, `1d`). Above zero. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** A value, or a function of what the run knows. */
export function computed(given: unknown): Computed {
  if (typeof given !== 'function') return { kind: 'value', value: given }
  return { kind: 'function', evaluate: given as (scope: DataScope) => unknown }
}

/** A time, or what holds where none is given. @throws WORKFLOW_INVALID */
export function optionalTime(value: Duration | undefined, otherwise: number, place: string): number {
  return value === undefined ? otherwise : time(value, place)
}

/** A time in milliseconds. @throws WORKFLOW_INVALID */
export function time(value: Duration, place: string): number {
  const ms = durationMs(value)
  if (ms === null) throw invalid(place, DURATION_EXPECTED, value)
  return ms
}

/** A whole number. @throws WORKFLOW_INVALID */
export function count(value: number, min: number, place: string): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw invalid(place, `a whole number from ${min}`, value)
}

/** What is wrong with a configuration, and where. */
export function invalid(place: string, expected: string, found: unknown): SagachartError {
  return new SagachartError(
    'WORKFLOW_INVALID',
    `${place}: expected ${expected}, found ${JSON.stringify(found)}; correct it`,
  )
}
