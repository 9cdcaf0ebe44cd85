// What a workflow is, after YAML or the builder has been read: the one type in which both meet.
// camelCase, whole milliseconds, defaults filled in. No positions, no snake_case, no clock.
import type {
  BackoffPolicy,
  ResourceNeed,
  RunCondition,
  StepStatus,
  Verdict,
} from '../../machines/protocol.ts'

import type { DeclaredInputs } from './inputs.ts'

/** What an expression or a builder's function sees of one dependency. */
export interface StepView<TOutput = unknown> {
  /** `null` unless the step succeeded: a step that was skipped (`status`) has none. */
  readonly output: TOutput
  readonly status: StepStatus
  readonly error: { readonly code: string; readonly message: string } | null
  readonly attempts: number
}

/** What an expression or a builder's function sees. */
export interface DataScope {
  /** The step's direct and indirect dependencies, by name. */
  readonly steps: Readonly<Record<string, StepView>>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly run: { readonly id: string; readonly scenario: string; readonly started_at: string }
  readonly env: Readonly<Record<string, string>>
}

/** A value, or a way to compute it from the run's data. `evaluate` may throw a `SagachartError` (`EXPRESSION_FAILED`). */
export type Computed =
  | { readonly kind: 'value'; readonly value: unknown }
  /** Deterministic and bounded (CEL): recomputed on replay. */
  | {
      readonly kind: 'expression'
      /** The steps it reads, where that is known: a scope needs no others. */
      readonly references?: readonly string[]
      /** As it was written, where it is nothing but one expression. */
      readonly source?: string
      evaluate(scope: DataScope): unknown
    }
  /** A user's function: its answer is journaled where a decision hangs on it. */
  | { readonly kind: 'function'; evaluate(scope: DataScope): unknown }

/** A module's operation, a step's target. */
export interface OperationCall {
  readonly module: string
  readonly operation: string
  readonly parameters: Computed
}

export interface RetryDefinition {
  /** Retries after the first attempt. */
  readonly count: number
  readonly backoff: BackoffPolicy
  readonly nonRetryable: readonly string[]
}

export interface StepDefinition {
  readonly name: string
  readonly call: OperationCall
  readonly dependsOn: readonly string[]
  readonly runIf: RunCondition
  readonly when: Computed | null
  /** Limit of one attempt, in milliseconds; `null`: none. */
  readonly timeoutMs: number | null
  readonly retry: RetryDefinition
  /** One more attempt after the retries, or a value in its place. */
  readonly fallback: OperationCall | Computed | null
  readonly onFailure: readonly Verdict[]
  readonly resources: readonly ResourceNeed[]
  /** Higher starts earlier. */
  readonly priority: number
}

export interface WorkflowDefinition {
  readonly name: string
  readonly description: string
  readonly timeoutMs: number | null
  /** `false`: one step at a time. */
  readonly parallel: boolean
  readonly maxConcurrency: number
  readonly failFast: boolean
  /** What a run may be given; `null` where that is judged before it gets here. */
  readonly inputs: DeclaredInputs | null
  readonly steps: readonly StepDefinition[]
  /** The run's own output, by name. */
  readonly outputs: Readonly<Record<string, Computed>>
}

/** What an operation is given beside its parameters. */
export interface OperationContext {
  /** Aborted on time-out, cancellation and fail-fast. */
  readonly signal: AbortSignal
  /** From 1. The fallback counts on. */
  readonly attempt: number
  /** The step's name. */
  readonly step: string
  readonly run: { readonly id: string; readonly scenario: string }
  /** The same for all attempts of a step in a run: hand it to whatever must not happen twice. */
  readonly idempotencyKey: string
  /** The units held for this attempt, by pool. */
  readonly resources: Readonly<Record<string, number>>
  /** The module's own configuration. */
  readonly config: unknown
  /** Publishes an event on the bus. */
  emit(type: string, data?: unknown): void
  log(message: string, data?: unknown): void
}

export type Operation = (parameters: never, context: OperationContext) => unknown

/** What a module's `init` and `cleanup` are given. */
export interface ModuleContext {
  readonly name: string
  readonly config: unknown
  readonly signal: AbortSignal
}

/** A module, however it was written, in the one form that the runtime knows. */
export interface Module {
  readonly name: string
  readonly operations: Readonly<Record<string, Operation>>
  readonly config: unknown
  init?(context: ModuleContext): unknown
  cleanup?(context: ModuleContext): unknown
}

export interface PoolDefinition {
  readonly name: string
  /** At least 1. */
  readonly units: number
}

export interface IntegrationDefinition {
  readonly name: string
  readonly failFast: boolean
  readonly eventsEnabled: boolean
  readonly timeoutMs: number | null
  readonly maxConcurrentWorkflows: number
  /** How long a step waits for leases before it fails. */
  readonly leaseTimeoutMs: number
  /** Events kept for late subscribers: at most so many, at most so old. */
  readonly history: { readonly sizeMax: number; readonly ageMsMax: number }
  readonly pools: readonly PoolDefinition[]
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  readonly workflows: readonly WorkflowDefinition[]
}
