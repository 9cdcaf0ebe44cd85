// Makes data of whatever was thrown. Not an error class: those live in errors.ts.
import type { Failure } from '../../machines/protocol.ts'
import type { ErrorCode } from '../errors.ts'

/** Causes kept below a failure. */
const CAUSES_MAX = 4

/** Characters kept of a message. */
const MESSAGE_MAX = 10_000

/**
 * A thrown value as data. Its own `code`, `name`, `retryable`, `retryAfter` (seconds, as in HTTP) and `effect: 'unknown'` are kept.
 * @param code For a value that has no code of its own. Default `OPERATION_FAILED`.
 */
export function toFailure(thrown: unknown, code: ErrorCode = 'OPERATION_FAILED', depth = 0): Failure {
  const fields = isRecord(thrown) ? thrown : {}
  const { name, retryable, retryAfter, retryAfterMs, effect, cause } = fields
  const waitMs = typeof retryAfterMs === 'number' ? retryAfterMs : Number(retryAfter) * 1000
  return {
    code: typeof fields['code'] === 'string' ? fields['code'] : code,
    message: messageOf(thrown),
    ...(typeof name === 'string' && name !== 'Error' && { name }),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(Number.isFinite(waitMs) && waitMs > 0 && { retryAfterMs: Math.round(waitMs) }),
    ...(effect === 'unknown' && { effect }),
    ...(cause != null && depth < CAUSES_MAX && { cause: toFailure(cause, code, depth + 1) }),
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
