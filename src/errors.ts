// Every code this library reports, and the one class that carries a code to the public edge.
// Imports nothing. Operating errors travel inside as data (`Failure` in machines/protocol.ts).

/** The closed union of codes. */
export type ErrorCode =
  | 'DOCUMENT_NOT_FOUND'
  | 'MODULE_NOT_REGISTERED'
  | 'MODULE_LOAD_FAILED'
  | 'MODULE_OUTSIDE_FOLDER'
  | 'MODULE_INIT_FAILED'
  | 'MODULE_CLEANUP_FAILED'
  | 'OPERATION_UNKNOWN'
  | 'OPERATION_FAILED'
  | 'OUTPUT_NOT_SERIALISABLE'
  | 'EXPRESSION_INVALID'
  | 'EXPRESSION_FAILED'
  | 'DEPENDENCIES_NOT_SATISFIED'
  | 'ATTEMPT_TIMED_OUT'
  | 'RESOURCE_TIMEOUT'
  | 'RESOURCE_LOST'
  | 'RESOURCE_CLOSED'
  | 'RUN_TIMED_OUT'
  | 'RUN_CANCELLED'
  | 'RUN_NOT_COMPLETED'
  | 'RUN_NOT_RESUMABLE'
  | 'CLOCK_NOT_SUPPORTED'
  | 'EVENT_BUS_NOT_AVAILABLE'
  | 'EVENT_INVALID'
  | 'WORKFLOW_INVALID'
  | 'WORKFLOW_TOO_LARGE'
  | 'INPUT_INVALID'
  | 'STEP_UNKNOWN'
  | 'INSPECTOR_UNREACHABLE'
  | 'INTERNAL'
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
