// Every code this library reports, and the one class that carries a code to the public edge.
// Imports types only. Operating errors travel inside as data (`Failure` in machines/outcome.ts).
import type { FailureCode } from '../machines/outcome.ts'

/** The closed union of codes: those of failures, and those of what is refused before a run or beside one. */
export type ErrorCode =
  | FailureCode
  | 'DOCUMENT_NOT_FOUND'
  | 'MODULE_LOAD_FAILED'
  | 'MODULE_OUTSIDE_FOLDER'
  | 'EXPRESSION_INVALID'
  | 'RUN_NOT_COMPLETED'
  | 'RUN_NOT_RESUMABLE'
  | 'RUN_NOT_AT_REST'
  | 'CLOCK_NOT_SUPPORTED'
  | 'EVENT_BUS_NOT_AVAILABLE'
  | 'EVENT_INVALID'
  | 'WORKFLOW_INVALID'
  | 'WORKFLOW_TOO_LARGE'
  | 'INPUT_INVALID'
  | 'STEP_UNKNOWN'
  | 'INSPECTOR_UNREACHABLE'
  | 'PROCESS_EXIT'
  | 'OPERATION_ASYNC'
  | 'SCHEDULE_INVALID'
  | 'CHART_NOT_SUPPORTED'

/** An error of this library: `code` to act on, `message` to read. */
export class SagachartError extends Error {
  readonly code: ErrorCode
  /** Set where trying again cannot help. */
  declare readonly retryable?: boolean

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'SagachartError'
    this.code = code
    if (options.retryable !== undefined) this.retryable = options.retryable
  }
}
