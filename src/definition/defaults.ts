// What holds where a document says nothing: filled in by convert.ts and check.ts, told to editors by schema.ts.
// Times are whole milliseconds.
import type { BackoffPolicy, RunCondition, Verdict } from '../../machines/protocol.ts'
import type { RecoveryDefinition } from './model.ts'

/** Defaults of an integration and of the sections beside it. */
export const INTEGRATION_DEFAULTS = {
  name: 'integration_template_workflow',
  failFast: false,
  eventsEnabled: true,
  timeoutMs: 300_000,
  retriesAllowed: true,
  retries: 0,
  /** Scenarios running at once. */
  maxConcurrentWorkflows: 1,
  parallelAllowed: true,
  /** Units of a pool. */
  poolSize: 10,
  leaseTimeoutMs: 300_000,
  historySize: 1000,
  historyAgeMs: 24 * 3_600_000,
  outputFormat: 'json',
} as const

/** Defaults of a scenario. */
export const SCENARIO_DEFAULTS = {
  parallel: false,
  maxConcurrency: 64,
  onFailure: 'fail',
  compensationTimeoutMs: 300_000,
} as const

/** What holds for failures of steps that say nothing of their own. */
export const RECOVERY_DEFAULTS: RecoveryDefinition = { strategies: [], grantedRetriesMax: 1, answerMs: 5_000 }

/** Defaults of control steps. */
export const CONTROL_DEFAULTS = {
  /** Iterations of a `while` or an `until`, and items of a list. */
  iterationsMax: 100_000,
  /** Iterations side by side. */
  iterationsConcurrency: 1,
  waitFor: 'all',
  onTimeout: 'fail',
  shared: false,
  /** A control step repeats all that is inside of it, so it does not go by the integration's default. */
  retries: 0,
  tolerate: 0,
} as const

/** Defaults of a compensation. */
export const COMPENSATION_DEFAULTS = { on: 'success', retries: 0 } as const

/** Defaults of a handler of events. */
export const HANDLER_DEFAULTS = { priority: 0 } as const

/** Defaults of a step. */
export const STEP_DEFAULTS = {
  runIf: 'all_succeeded' satisfies RunCondition,
  onFailure: 'fail' satisfies Verdict,
  /** Of a pool that it names. */
  units: 1,
  priority: 0,
} as const

/** Delays between attempts. */
export const BACKOFF_DEFAULTS = {
  kind: 'exponential',
  initialMs: 1000,
  factor: 2,
  maxMs: 60_000,
  jitter: 'full',
  maxElapsedMs: null,
} as const satisfies BackoffPolicy
