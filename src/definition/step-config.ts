// What a step may say that is written in TypeScript, whatever its kind. Types only; kinds are in step-kinds.ts, and what
// steps become, in builder.ts.
import type { RunCondition, Verdict } from '../../machines/protocol.ts'
import type { Acceptance } from './findings/codes.ts'
import type { Invocation, Known, ParametersOf, Substitutes } from './inference.ts'
import type { DeepReadonly } from './json-form.ts'
import type { DataScope } from './model.ts'

/** A time: seconds as a number, or text with a unit (`250ms`, `5s`, `2m`, `1h`, `1d`). Above zero. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** What the builder's functions see. */
export interface BuilderScope<TSteps, TInputs = Readonly<Record<string, unknown>>> extends Pick<
  DataScope,
  'run' | 'env'
> {
  /** The step's direct and indirect dependencies, by name; of what is around a nested step, those of the outer one. */
  readonly steps: TSteps
  readonly inputs: TInputs
}

/** A value, or a function of what the run knows. */
export type Given<TValue, TScope> = TValue | ((scope: TScope) => TValue)

export interface RetryConfig {
  /** Retries after the first attempt. Default 0. */
  readonly count?: number
  /** Default `exponential`. */
  readonly backoff?: 'exponential' | 'linear' | 'constant'
  /** Delay before the first retry. Default 1 s. */
  readonly initial?: Duration
  /** Default 2. */
  readonly factor?: number
  /** Default 60 s. */
  readonly max?: Duration
  /** Default `full`. */
  readonly jitter?: 'full' | 'equal' | 'none'
  /** No retry starts later than this after the first attempt's start. Default: no limit. */
  readonly maxElapsed?: Duration
  /** Names and codes of errors that are never retried. */
  readonly nonRetryable?: readonly string[]
}

/** What every step may say: its place in the graph, and what happens when it fails, is cancelled or undone. */
export interface StepOptions<TModules, TSibling, TOutput, TScope> {
  /** Steps that come before. Only their outputs, and those of what they depend on, are visible. */
  readonly dependsOn?: readonly TSibling[]
  /** Default `all_succeeded`. */
  readonly runIf?: RunCondition
  /** `false` skips the step. Its answer is journaled. */
  readonly when?: (scope: TScope) => boolean
  /** One more attempt once the retries are spent, or a value in its place. It gives what the step gives. */
  readonly fallback?: FallbackConfig<TModules, TOutput, TScope>
  /** Default: handlers of `step_failed`, then the workflow's `recovery`, then `fail`. Of a list, the first applicable one counts. */
  readonly onFailure?: Verdict | readonly Verdict[]
  /** What a cancellation does to a running attempt. Default `await` where `compensate` is given, else `abort`. */
  readonly onCancel?: 'abort' | 'await'
  /** Higher starts earlier. Default 0. */
  readonly priority?: number
  /** Of its functions: change it with what they say, and a run that began with another is not resumed. Default: none. */
  readonly version?: string
  /** What may be found of it, and of what is inside of it, and is meant; each with the reason. Default: nothing. */
  readonly accept?: Acceptance
}

/** What a step may say that can be tried again. */
export interface AttemptOptions {
  /** Of one attempt. Default: no limit. */
  readonly timeout?: Duration
  readonly retry?: RetryConfig
}

/** Another operation in a step's place, or a value in place of its output. */
export type FallbackConfig<TModules, TOutput, TScope> =
  | {
      [TCall in Substitutes<TModules, TOutput>]: CallConfig<TCall, ParametersOf<TModules, TCall>, TScope> & {
        /** Undoes what the fallback did. The step's own `compensate` undoes only what its operation did. */
        readonly compensate?: CompensateConfig<TModules, ParametersOf<TModules, TCall>, TOutput, TScope>
      }
    }[Substitutes<TModules, TOutput>]
  | { readonly value: Given<TOutput, TScope> }

/** What the operation that undoes a step is given where nothing else is said. */
type Undoing<TInput, TOutput> = {
  /** What the step's operation was given; `null` for a control step. */
  readonly input: TInput
  /** What the step gave. */
  readonly output: TOutput
}

/** What undoes a step: an operation that is given `{ input, output }`, or parameters of one's own. */
export type CompensateConfig<TModules, TInput, TOutput, TScope> =
  | Undoers<TModules, Undoing<TInput, TOutput>>
  | {
      [TCall in Invocation<TModules>]: UndoingCall<
        TCall,
        ParametersOf<TModules, TCall>,
        Undoing<TInput, TOutput>,
        TScope
      >
    }[Invocation<TModules>]

/** Operations that do with what they are given. */
type Undoers<TModules, TGiven> = {
  [TCall in Invocation<TModules>]: TGiven extends DeepReadonly<ParametersOf<TModules, TCall>> ? TCall : never
}[Invocation<TModules>]

type UndoingCall<TCall, TParameters, TGiven, TScope> = AttemptOptions & {
  readonly invoke: TCall
  /** `attempt`: also where the step started and is not known to have succeeded; `output` is `null` there. Default `success`. */
  readonly on?: 'success' | 'attempt'
} & (TGiven extends DeepReadonly<TParameters>
    ? { readonly parameters?: GivenParameters<TParameters, TScope & TGiven> }
    : { readonly parameters: GivenParameters<TParameters, TScope & TGiven> })

/** The same where what the step gives is inferred from it: what its functions see. */
export type CompensateSite<TModules, TInput, TOutput, TScope> =
  | Invocation<TModules>
  | {
      [TCall in Invocation<TModules>]: AttemptOptions & {
        readonly invoke: TCall
        readonly on?: 'success' | 'attempt'
        readonly parameters?: GivenParameters<
          ParametersOf<TModules, TCall>,
          TScope & Undoing<TInput, TOutput>
        >
      }
    }[Invocation<TModules>]

/** The same: which operations need parameters. */
export type CompensateCheck<TModules, TInput, TOutput> =
  | Undoers<TModules, Undoing<TInput, TOutput>>
  | { readonly invoke: Undoers<TModules, Undoing<TInput, TOutput>>; readonly parameters?: unknown }
  | { readonly invoke: string; readonly parameters: unknown }

/** The operation, and what it is given; parameters may be left out where the operation needs none. */
export type CallConfig<TCall, TParameters, TScope> = {
  readonly invoke: TCall
} & (undefined extends TParameters
  ? { readonly parameters?: GivenParameters<TParameters, TScope> }
  : { readonly parameters: GivenParameters<TParameters, TScope> })

/** Parameters, or what computes them. The operation gets a copy of its own, so read-only data will do. */
type GivenParameters<TParameters, TScope> = Given<ReadonlyMembers<Exclude<TParameters, undefined>>, TScope>

/** Parameters are given by name, so they are looked into, whatever else is among them. */
type ReadonlyMembers<TParameters> = {
  readonly [TName in keyof TParameters]: DeepReadonly<TParameters[TName]>
}

/** A step that calls an operation of a module. */
export type CallStep<TModules, TResource, TCall, TScope> = CallConfig<
  Known<TModules, TCall>,
  ParametersOf<TModules, TCall>,
  TScope
> &
  AttemptOptions & {
    readonly resources?: readonly (TResource | { readonly name: TResource; readonly units: number })[]
    /** The operation must report within it. Default: it need not. */
    readonly heartbeat?: Duration
  }

/** What a step may say that has others side by side in it. */
export interface ParallelOptions {
  /** Successes that are enough; the rest is cancelled then. Default `all`. */
  readonly waitFor?: 'all' | 'any' | number
  /** Default 64. */
  readonly maxConcurrency?: number
}

/** What a step may say that goes over items. */
export interface EachOptions extends IterationOptions {
  /** Iterations side by side. Default 1. */
  readonly maxConcurrency?: number
  /** Failed iterations that are put up with: so many, or a share of all. What they give is `null`. Default 0. */
  readonly tolerate?: number | `${number}%`
}

/** What a step may say that has iterations. */
export interface IterationOptions {
  /** More of them fail the step with ITERATION_LIMIT. Default 100,000. */
  readonly maxIterations?: number
}

/** A wait for a time. */
export interface TimerWait {
  readonly wait: Duration
}

/** A wait for an event on the bus, or from outside: a signal, a person's approval. */
export interface EventWait<TScope> {
  readonly waitForEvent: string
  /** `false`: not this event. Its answer is journaled. Default: any event of that name. */
  readonly filter?: (scope: TScope) => boolean
  /** Default: it waits as long as its run does. */
  readonly timeout?: Duration
  /** When the time is up: fail with WAIT_TIMED_OUT, be skipped, or succeed with `null`. Default `fail`. */
  readonly onTimeout?: 'fail' | 'skip' | 'continue'
  /** `true`: it leaves the signals that it takes to other waits, too. Default `false`: what it takes is its own. */
  readonly shared?: boolean
}
