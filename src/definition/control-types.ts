// The control steps that a `Setup` offers, and what their types know: the item of an iteration, the outputs of branches, what
// is around them. Types only; what they become is builder-control.ts's.
import type { BuilderScope, Given, StepsConfig } from './builder.ts'
import type { Duration } from './given.ts'
import type {
  AllVisible,
  Around,
  Branch,
  ControlStep,
  InputsAround,
  OutputsOf,
  Plain,
  ViewsAround,
} from './inference.ts'
import type { EventView } from './model.ts'

/** What functions see of what is around a control step. */
type AroundScope<TAround> = BuilderScope<ViewsAround<TAround>, InputsAround<TAround>>

/** The same, with the steps inside. */
type InnerScope<TModules, TCalls, TAround> = BuilderScope<
  ViewsAround<TAround> & AllVisible<OutputsOf<TModules, TCalls>>,
  InputsAround<TAround>
>

/** The steps inside of a control step. */
type Inside<
  TModules,
  TResource extends string,
  TCalls,
  TNeeds,
  TRuns,
  TAround,
  TMore = unknown,
> = StepsConfig<
  TModules,
  TResource,
  TCalls,
  TNeeds,
  TRuns,
  InputsAround<TAround>,
  ViewsAround<TAround>,
  TMore
>

/** An object by the names of steps. */
type Outputs<TModules, TCalls> = Plain<OutputsOf<TModules, TCalls>>

/** The same where a step need not have succeeded. */
type SomeOutputs<TModules, TCalls> = Plain<{
  readonly [TStep in keyof TCalls]: OutputsOf<TModules, TCalls>[TStep] | null
}>

/** A workflow that may be a step of another one. */
export interface Callable<TOutputs, TInputs, TSteps> {
  readonly types?: { readonly outputs: TOutputs; readonly inputs: TInputs; readonly steps: TSteps }
}

/** Control steps. What they give stands in a step's `invoke`, beside whatever else a step may say. */
export interface ControlSteps<TModules, TResource extends string, TAround = Record<never, never>> {
  /**
   * Control steps that are inside of others, or that read what is around them: the outputs of steps that they depend on,
   * and inputs. A workflow in which that is not there does not compile.
   */
  within<TOuter extends Around>(): ControlSteps<TModules, TResource, TOuter>

  /** Steps side by side. Its output is an object by their names. */
  parallel<
    const TCalls,
    const TNeeds,
    const TRuns,
    const TWait extends 'all' | 'any' | number = 'all',
    TOutput = TWait extends 'all' ? Outputs<TModules, TCalls> : SomeOutputs<TModules, TCalls>,
  >(config: {
    readonly steps: Inside<TModules, TResource, TCalls, TNeeds, TRuns, TAround>
    /** So many successes are enough; the rest is cancelled then. Default `all`. */
    readonly waitFor?: TWait
    /** Default 64. */
    readonly maxConcurrency?: number
    readonly output?: (scope: InnerScope<TModules, NoInfer<TCalls>, TAround>) => TOutput
  }): ControlStep<TOutput, TAround>

  /** One of two lists of steps. Its output is an object by their names, of the list that ran. */
  conditional<
    const TCalls,
    const TNeeds,
    const TRuns,
    const TOtherCalls = Record<never, never>,
    const TOtherNeeds = unknown,
    const TOtherRuns = unknown,
  >(config: {
    readonly condition: (scope: AroundScope<TAround>) => boolean
    // oxlint-disable-next-line unicorn/no-thenable -- the document's own word; a configuration is never awaited
    readonly then: Inside<TModules, TResource, TCalls, TNeeds, TRuns, TAround>
    readonly else?: Inside<TModules, TResource, TOtherCalls, TOtherNeeds, TOtherRuns, TAround>
  }): ControlStep<Outputs<TModules, TCalls> | Outputs<TModules, TOtherCalls>, TAround>

  /** The first of several branches whose condition holds. */
  choose<
    const TBranches extends readonly Branch[],
    TDefault extends Branch = Branch<Record<never, never>>,
  >(config: {
    readonly cases: {
      readonly [TIndex in keyof TBranches]: {
        readonly when: (scope: AroundScope<TAround>) => boolean
        readonly steps: TBranches[TIndex]
      }
    }
    readonly default?: TDefault
  }): ControlStep<OutputOfBranch<TBranches[number]> | OutputOfBranch<TDefault>, TAround>

  /** A branch of `choose`. */
  branch<const TCalls, const TNeeds, const TRuns>(
    steps: Inside<TModules, TResource, TCalls, TNeeds, TRuns, TAround>,
  ): Branch<Outputs<TModules, TCalls>, TAround>

  /** Steps for each item. Its output is the list of what each iteration gives, in the order of the items. */
  forEach<
    TItem,
    const TCalls,
    const TNeeds,
    const TRuns,
    const TTolerate extends number | `${number}%` = 0,
    TOutput = Outputs<TModules, TCalls>,
  >(
    items: readonly TItem[] | ((scope: AroundScope<TAround>) => readonly TItem[]),
    config: {
      readonly steps: Inside<
        TModules,
        TResource,
        TCalls,
        TNeeds,
        TRuns,
        TAround,
        { readonly item: NoInfer<TItem>; readonly index: number }
      >
      /** Iterations side by side. Default 1. */
      readonly maxConcurrency?: number
      /** More items than that are refused when it runs. Default 100,000. */
      readonly maxIterations?: number
      /** Failed iterations that are put up with, in whose place there is `null`. Default 0. */
      readonly tolerate?: TTolerate
      /** Of one iteration. */
      readonly output?: (
        scope: InnerScope<TModules, NoInfer<TCalls>, TAround> & {
          readonly item: NoInfer<TItem>
          readonly index: number
        },
      ) => TOutput
    },
  ): ControlStep<readonly (TTolerate extends 0 ? TOutput : TOutput | null)[], TAround>

  /** Steps as long as a condition says so: `while` is asked before, `until` after each iteration; both see the last one. */
  repeat<const TCalls, const TNeeds, const TRuns, TOutput = Outputs<TModules, TCalls>>(
    config: {
      readonly steps: Inside<TModules, TResource, TCalls, TNeeds, TRuns, TAround, { readonly index: number }>
      /** Reaching it fails with `ITERATION_LIMIT`. Default 100,000. */
      readonly maxIterations?: number
      readonly output?: (
        scope: InnerScope<TModules, NoInfer<TCalls>, TAround> & { readonly index: number },
      ) => TOutput
    } & (
      | { readonly while: Again<TModules, NoInfer<TCalls>, TAround>; readonly until?: undefined }
      | { readonly until: Again<TModules, NoInfer<TCalls>, TAround>; readonly while?: undefined }
    ),
  ): ControlStep<readonly TOutput[], TAround>

  /** Waits for a time. */
  wait(delay: Duration): ControlStep<null, TAround>

  /** Waits for an event: emitted by an operation, or sent to the run as `{ type: 'run.signal', event, data }`. */
  waitForEvent<TOutput = unknown, const TTimeout extends 'fail' | 'skip' | 'continue' = 'fail'>(
    event: string,
    config?: {
      readonly filter?: (scope: AroundScope<TAround> & { readonly event: EventView }) => boolean
      /** Default: as long as the run. */
      readonly timeout?: Duration
      /** Default `fail`, with `WAIT_TIMED_OUT`. */
      readonly onTimeout?: TTimeout
      /** Default: the event's data. */
      readonly output?: (scope: AroundScope<TAround> & { readonly event: EventView }) => TOutput
    },
  ): ControlStep<TTimeout extends 'fail' ? TOutput : TOutput | null, TAround>

  /** Another workflow of the same setup as one step. Its output is that workflow's outputs, or an object by its steps. */
  scenario<TOutputs, TInputs, TSteps>(
    workflow: Callable<TOutputs, TInputs, TSteps>,
    ...[config]: Record<never, never> extends TInputs
      ? [config?: { readonly inputs?: Given<TInputs, AroundScope<TAround>> }]
      : [config: { readonly inputs: Given<TInputs, AroundScope<TAround>> }]
  ): ControlStep<[keyof TOutputs] extends [never] ? Plain<TSteps> : TOutputs, TAround>
}

type Again<TModules, TCalls, TAround> = (
  scope: BuilderScope<
    ViewsAround<TAround> & AllVisible<SomeOutputs<TModules, TCalls>>,
    InputsAround<TAround>
  > & { readonly index: number },
) => boolean

type OutputOfBranch<TBranch> = TBranch extends { readonly output?: infer TOutput } ? TOutput : never
