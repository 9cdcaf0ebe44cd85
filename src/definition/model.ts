// What a workflow is, after YAML or the builder has been read: the one type in which both meet.
// camelCase, whole milliseconds, defaults filled in. No positions, no snake_case, no clock.
import type {
  BackoffPolicy,
  Failure,
  ResourceNeed,
  RunCondition,
  StepStatus,
  Verdict,
} from '../../machines/protocol.ts'

import type { Acceptance } from './findings/codes.ts'
import type { DeclaredInputs } from './inputs.ts'

/** What an expression or a builder's function sees of one dependency. */
export interface StepView<TOutput = unknown> {
  /** `null` unless the step succeeded: a step that was skipped (`status`) has none. */
  readonly output: TOutput
  readonly status: StepStatus
  readonly error: ErrorView | null
  readonly attempts: number
}

/** What an expression or a builder's function sees of an error: what the result shows of it, with no field left out. */
export interface ErrorView {
  readonly code: string
  readonly message: string
  /** The `name` of the error that was thrown; `null` where it had none of its own. */
  readonly name: string | null
  readonly retryable: boolean
  /** When it asked to be tried again, in milliseconds from the failure. */
  readonly retryAfterMs: number | null
  /** What the failed attempt did to the world, where that is not nothing. */
  readonly effect: Required<Failure>['effect'] | null
  /** The address of the step that failed, inside of one that is made of steps. */
  readonly step: string | null
  readonly cause: ErrorView | null
}

/** What an expression or a builder's function sees. */
export interface DataScope {
  /** The step's direct and indirect dependencies, by name. */
  readonly steps: Readonly<Record<string, StepView>>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly run: { readonly id: string; readonly scenario: string; readonly started_at: string }
  readonly env: Readonly<Record<string, string>>
  /** In an iteration over items: the item. */
  readonly item?: unknown
  /** In an iteration: its number, from 0. */
  readonly index?: number
  /** Where a step is compensated: what its operation was given. */
  readonly input?: unknown
  /** Where a step is compensated: what its operation gave; `null` where it is not known to have succeeded. */
  readonly output?: unknown
  /** In the filter and the output of a wait: the event. */
  readonly event?: EventView
}

/** What a wait's filter and output see of an event. */
export interface EventView {
  readonly type: string
  readonly data: unknown
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The path of the actor that published it; `outside` for a signal. */
  readonly source: string
}

/** What expressions have cost so far, and may cost, in units of work. What is computed in one go shares one. */
export interface Budget {
  work: number
  max: number
}

/** A value with expressions in it, as it was written: each part is the value without the other one. */
export interface Written {
  readonly expressions: unknown
  /** `undefined`: none. */
  readonly literals: unknown
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
      /** As it was written, in two parts. Absent: nobody knows. */
      written?(): Written
      /** @param budget Default: one of its own. */
      evaluate(scope: DataScope, budget?: Budget): unknown
    }
  /** A user's function: its answer is journaled where a decision hangs on it. */
  | {
      readonly kind: 'function'
      /** The value that the author gave, where the function stands for a value. */
      readonly literal?: unknown
      evaluate(scope: DataScope): unknown
    }

/** A module's operation, a step's target. */
export interface OperationCall {
  readonly module: string
  readonly operation: string
  readonly parameters: Computed
}

/** Another operation in a step's place. It has an effect of its own, and may say what undoes that. */
export interface FallbackCall extends OperationCall {
  readonly compensate: CompensationDefinition | null
}

export interface RetryDefinition {
  /** Retries after the first attempt. */
  readonly count: number
  readonly backoff: BackoffPolicy
  readonly nonRetryable: readonly string[]
}

/** What undoes a step. */
export interface CompensationDefinition {
  readonly module: string
  readonly operation: string
  /** `null`: what the step was given and what it gave, as `{input, output}`. */
  readonly parameters: Computed | null
  /** `attempt`: also where the step started and is not known to have succeeded. */
  readonly on: 'success' | 'attempt'
  /** Limit of one attempt, in milliseconds; `null`: none but the run's own for its compensation. */
  readonly timeoutMs: number | null
  readonly retry: RetryDefinition
}

/** A step that is made of other steps, or that waits. A nested list of steps is a workflow without limits of its own. */
export type ControlDefinition =
  | {
      readonly kind: 'parallel'
      readonly block: WorkflowDefinition
      /** Successes that are enough; the rest is cancelled then. `all`: every step ends, and none may fail. */
      readonly waitFor: 'all' | number
      readonly output: Computed | null
    }
  | {
      readonly kind: 'conditional'
      /** The first whose condition holds is taken. */
      readonly cases: readonly { readonly when: Computed; readonly block: WorkflowDefinition }[]
      /** Taken where none holds; `null`: nothing is. */
      readonly otherwise: WorkflowDefinition | null
      /** Sees the branch that was taken. */
      readonly output: Computed | null
    }
  | {
      readonly kind: 'iterative'
      readonly over:
        | { readonly kind: 'each'; readonly items: Computed }
        /** `while` is asked before each iteration, `until` after it; both see the last iteration's steps. */
        | { readonly kind: 'while' | 'until'; readonly condition: Computed }
      readonly block: WorkflowDefinition
      readonly iterationsMax: number
      /** Iterations side by side; 1 for `while` and `until`. */
      readonly maxConcurrency: number
      /** Failed iterations that are put up with: so many, or a share from 0 to 1 of the items. */
      readonly tolerate: { readonly count: number } | { readonly share: number }
      /** Of one iteration. */
      readonly output: Computed | null
    }
  | {
      readonly kind: 'wait'
      readonly until:
        | { readonly kind: 'timer'; readonly delayMs: number }
        | {
            readonly kind: 'event'
            readonly event: string
            readonly filter: Computed | null
            /** `null`: it waits as long as its run does. */
            readonly timeoutMs: number | null
            readonly onTimeout: 'fail' | 'skip' | 'continue'
            /** Whether it leaves the signals that it takes to other waits. */
            readonly shared: boolean
          }
      /** Default: the event's data; `null` for a timer. */
      readonly output: Computed | null
    }
  | {
      readonly kind: 'scenario'
      readonly workflow: WorkflowDefinition
      /** An object that is laid over the inputs of the run. */
      readonly inputs: Computed
      readonly output: Computed | null
    }

export interface StepDefinition {
  readonly name: string
  /** The operation that the step calls; `null` for a control step. */
  readonly call: OperationCall | null
  /** `null` for a step that calls an operation. */
  readonly control: ControlDefinition | null
  readonly dependsOn: readonly string[]
  readonly runIf: RunCondition
  readonly when: Computed | null
  /** Limit of one attempt, in milliseconds; `null`: none. */
  readonly timeoutMs: number | null
  readonly retry: RetryDefinition
  /** One more attempt after the retries, or a value in its place. */
  readonly fallback: FallbackCall | Computed | null
  /** The first applicable one counts; `null` where the step leaves it to handlers and to the workflow. */
  readonly onFailure: readonly Verdict[] | null
  readonly compensate: CompensationDefinition | null
  /** What a cancellation does to a running attempt: it is told to stop, or waited for. */
  readonly onCancel: 'abort' | 'await'
  /** An attempt that does not report within it fails, in milliseconds; `null`: it need not report. */
  readonly heartbeatMs: number | null
  readonly resources: readonly ResourceNeed[]
  /** Higher starts earlier. */
  readonly priority: number
  /** Of its functions, as their author declares it. Absent: none was. */
  readonly version?: string
  /** What may be found of it, and of what is inside of it, and is meant. Absent: nothing. */
  readonly accept?: Acceptance
}

/** What holds for the failures of steps that say nothing of their own. */
export interface RecoveryDefinition {
  /** Verdicts where no handler of `step_failed` answers; the first applicable one counts, `fail` where none is. */
  readonly strategies: readonly Verdict[]
  /** Attempts that the verdict `retry` may add to a step. */
  readonly grantedRetriesMax: number
  /** How long handlers of `step_failed` may take to answer, in milliseconds. */
  readonly answerMs: number
}

export interface WorkflowDefinition {
  readonly name: string
  readonly description: string
  /** Of its functions, as their author declares it. Absent: none was. */
  readonly version?: string
  readonly timeoutMs: number | null
  /** `false`: one step at a time. */
  readonly parallel: boolean
  readonly maxConcurrency: number
  readonly failFast: boolean
  /** `compensate`: the first failed step stops the run, and what succeeded is undone. */
  readonly onFailure: 'fail' | 'compensate'
  /** Limit of the whole compensation, in milliseconds. */
  readonly compensationTimeoutMs: number
  readonly recovery: RecoveryDefinition
  /** What a run may be given; `null` where that is judged before it gets here. */
  readonly inputs: DeclaredInputs | null
  readonly steps: readonly StepDefinition[]
  /** The run's own output, by name. */
  readonly outputs: Readonly<Record<string, Computed>>
  /** What may be found of its steps, and is meant. Absent: nothing. */
  readonly accept?: Acceptance
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
  /** Publishes an event on the bus. One that is called as the engine's own are (`step_…`, `workflow_…`) is refused. */
  emit(type: string, data?: unknown): void
  log(message: string, data?: unknown): void
  /** Says that the operation is alive, for steps with a `heartbeat`. */
  heartbeat(): void
  /** Says how far the operation is: a share from 0 to 1. It is published as `step_progress`, and counts as a heartbeat. */
  progress(share: number, message?: string): void
}

export type Operation = (parameters: never, context: OperationContext) => unknown

/** Names of functions that belong to a module's life cycle. Where operations are not listed apart, none has such a name. */
export type HookName = 'init' | 'cleanup' | 'health'

/** What a module's `init` and `cleanup` are given. */
export interface ModuleContext {
  readonly name: string
  readonly config: unknown
  readonly signal: AbortSignal
  /** Whether an earlier life of the run, in another process, has initialised the module already. */
  readonly resumed: boolean
}

/**
 * What an operation does to the world: nothing (`reads`), something that is the same however often it is done
 * (`idempotent`), or something that must not be done twice (`once`).
 */
export type OperationEffect = 'reads' | 'idempotent' | 'once'

/** A module, however it was written, in the one form that the runtime knows. */
export interface Module {
  readonly name: string
  readonly operations: Readonly<Record<string, Operation>>
  readonly config: unknown
  /** Of its functions, as their author declares it. Absent: none was. */
  version?: string
  init?(context: ModuleContext): unknown
  cleanup?(context: ModuleContext): unknown
  /** What operations do to the world, by operation; unknown of those that are left out. */
  effects?: Readonly<Record<string, OperationEffect>>
  /** What operations answer in explorations, by operation. */
  examples?: Readonly<Record<string, unknown>>
}

export interface PoolDefinition {
  readonly name: string
  /** At least 1. */
  readonly units: number
}

/** A handler of bus events that a document names. */
export interface HandlerDefinition {
  /** An exact type, `step_*`, or `*`. */
  readonly event: string
  /** An operation, which is given the event; or a handler that is built in. */
  readonly target: { readonly module: string; readonly operation: string } | { readonly builtIn: string }
  /** Higher first. */
  readonly priority: number
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
  readonly handlers: readonly HandlerDefinition[]
  readonly workflows: readonly WorkflowDefinition[]
  /** What may be found anywhere in it, and is meant. Absent: nothing. */
  readonly accept?: Acceptance
  /** Error scenarios of its own for the drill; faults as `simulate --fault` takes them. Absent: none. */
  readonly errorScenarios?: readonly { readonly name: string; readonly faults: readonly string[] }[]
}
