// What holds where a document says nothing: filled in by convert.ts and check.ts, told to editors by schema.ts.
// Times are whole milliseconds.
import type { BackoffPolicy, RunCondition, Verdict } from '../../machines/protocol.ts'

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
export const SCENARIO_DEFAULTS = { parallel: false, maxConcurrency: 64 } as const

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
