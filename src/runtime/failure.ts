// Makes data of whatever was thrown. Not an error class: those live in errors.ts.
import type { Failure } from '../../machines/protocol.ts'
import type { ErrorCode } from '../errors.ts'
import { retryAfterMs } from './retry-after.ts'

/** Causes kept below a failure. */
const CAUSES_MAX = 4

/** Characters kept of a message. */
const MESSAGE_MAX = 10_000

/**
 * A thrown value as data. Its own `code`, `name`, `retryable`, `retryAfter` and `effect: 'unknown'` are kept.
 * @param code For a value that has no code of its own. Default `OPERATION_FAILED`.
 * @param now Milliseconds since the epoch, for a `retryAfter` that is a date.
 */
export function toFailure(thrown: unknown, code: ErrorCode = 'OPERATION_FAILED', now?: number): Failure {
  return failureOf(thrown, code, now, 0)
}

function failureOf(thrown: unknown, code: ErrorCode, now: number | undefined, depth: number): Failure {
  const fields = isRecord(thrown) ? thrown : {}
  const { name, retryable, effect, cause } = fields
  const ms = fields['retryAfterMs']
  const waitMs = retryAfterMs(typeof ms === 'number' ? ms / 1000 : fields['retryAfter'], now)
  return {
    code: typeof fields['code'] === 'string' ? fields['code'] : code,
    message: messageOf(thrown),
    ...(typeof name === 'string' && name !== 'Error' && { name }),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(waitMs !== null && { retryAfterMs: waitMs }),
    ...(effect === 'unknown' && { effect }),
    ...(cause != null && depth < CAUSES_MAX && { cause: failureOf(cause, code, now, depth + 1) }),
  }
}

function messageOf(thrown: unknown): string {
  if (isRecord(thrown) && typeof thrown['message'] === 'string')
    return thrown['message'].slice(0, MESSAGE_MAX)
  if (isRecord(thrown)) return 'A value that is no error was thrown'
  return String(thrown).slice(0, MESSAGE_MAX)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
