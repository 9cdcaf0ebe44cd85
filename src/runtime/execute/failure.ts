// Makes data of whatever was thrown, and says what could not be computed. Not an error class: those live in errors.ts.
import type { Failure, FailureCode, ThrownCode } from '../../../machines/protocol.ts'
import { SagachartError } from '../../errors.ts'
import { fieldOf, messageOf, textOf } from '../../foreign.ts'
import { retryAfterMs } from './retry-after.ts'

/** Causes kept below a failure. */
const CAUSES_MAX = 4

/**
 * A thrown value as data. Its own `code`, `name`, `retryable`, `retryAfter` and `effect: 'unknown'` are kept.
 * @param code For a value that has no code of its own. Default `OPERATION_FAILED`.
 * @param now Milliseconds since the epoch, for a `retryAfter` that is a date.
 */
export function toFailure(thrown: unknown, code: FailureCode = 'OPERATION_FAILED', now?: number): Failure {
  return failureOf(thrown, code, now, 0)
}

function failureOf(thrown: unknown, code: FailureCode, now: number | undefined, depth: number): Failure {
  const name = textOf(thrown, 'name')
  const retryable = fieldOf(thrown, 'retryable')
  const ms = fieldOf(thrown, 'retryAfterMs')
  const waitMs = retryAfterMs(typeof ms === 'number' ? ms / 1000 : fieldOf(thrown, 'retryAfter'), now)
  const effect = fieldOf(thrown, 'effect')
  const cause = depth < CAUSES_MAX ? fieldOf(thrown, 'cause') : null
  return {
    code: (textOf(thrown, 'code') as ThrownCode | undefined) ?? code,
    message: messageOf(thrown),
    ...(name !== undefined && name !== 'Error' && { name }),
    ...(typeof retryable === 'boolean' && { retryable }),
    ...(waitMs !== null && { retryAfterMs: waitMs }),
    ...(effect === 'unknown' && { effect }),
    ...(cause != null && { cause: failureOf(cause, code, now, depth + 1) }),
  }
}

/** Names a value that an expression or a user's function fails to give: trying again cannot help. */
export const notComputed = (what: string, cause: unknown) =>
  new SagachartError('EXPRESSION_FAILED', `${what} could not be computed: ${messageOf(cause)}`, {
    cause,
    retryable: false,
  })
