// What the builder's types know of the steps of a workflow: what each gives, and what each sees of the others. Types only;
// what a step may say is in step-config.ts, and what it becomes, in builder.ts.
//
// The steps' type is inferred as their `Mirror`: what was written, without the functions that the compiler can type only
// once it knows the rest. A mirror is inferred from and then gone, so that it is in nobody's way: what is held against the
// steps, and named in errors, is the step's own type alone.
import type { OutputOf, Plain } from './inference.ts'
import type { StepView } from './model.ts'

/** Stands where nothing has been inferred yet. */
interface Uninferred {
  readonly [uninferred]: never
}
declare const uninferred: unique symbol

/** Keys of a step that say which kind of step it is. */
export type KindKey =
  | 'invoke'
  | 'parallel'
  | 'condition'
  | 'cases'
  | 'forEach'
  | 'while'
  | 'until'
  | 'wait'
  | 'waitForEvent'
  | 'scenario'

/** Keys of a step from which something is inferred. */
type MirrorKey =
  | Exclude<KindKey, 'condition' | 'while' | 'until'>
  | 'dependsOn'
  | 'runIf'
  | 'when'
  | 'onFailure'
  | 'waitFor'
  | 'then'
  | 'else'
  | 'default'
  | 'steps'
  | 'tolerate'
  | 'onTimeout'
  | 'output'
  | 'compensate'

/** Where the type of steps is inferred, of nested ones too. */
export type Mirror<T> = { readonly [TStep in keyof T]: Mirrored<T[TStep]> }

/** Where the type of one step is inferred; `unknown`, which asks for nothing, once it is. */
type Mirrored<T> = { readonly is: T } extends { readonly is: Uninferred } ? Sites<T> : unknown

type Sites<T> = { readonly [TKey in keyof T & MirrorKey]: T[TKey] | Mirror<T[TKey]> }

/** Where the type of one step is inferred that stands alone, without what is nested in it. Its texts are kept as they are. */
export type MirrorOfOne<T> = { readonly is: T } extends { readonly is: Uninferred }
  ? Sites<T> & NoInfer<{ readonly [TKey in keyof T]: unknown }>
  : Record<never, never>

/** Where the keys of one step are inferred: of one that is made of functions, the mirror shows nothing. */
export type KeysOfOne<TKeys extends string> = { readonly is: TKeys } extends { readonly is: Uninferred }
  ? { readonly [TKey in TKeys]: unknown }
  : unknown

/** What is known of a step that stands alone. */
export type Written<T, TKeys> = T & { readonly [TKey in TKeys & MirrorKey]: unknown }

/** A step of which only its type is left: what it gives, and what stands for that where it is skipped. */
export interface Made<TOutput, TSkipped, TNeeds, TRun> {
  readonly made: TOutput
  readonly skipped: TSkipped
  readonly dependsOn: readonly TNeeds[]
  readonly runIf: TRun
}

/** What is the same for all steps of a workflow. */
export interface Basis {
  readonly modules: unknown
  /** `null` where a step that says nothing of its own may be skipped when it fails; else `never`. */
  readonly skipped: null
}

// ---- what a step gives --------------------------------------------------------------------------------------

/** What each step gives, where it succeeds. */
export type OutputsOf<TBasis extends Basis, T> = {
  readonly [TStep in keyof T]: StepOutput<TBasis, T[TStep]>
}

/** The output of each step of a list that has ended well: `null` for one that may have been skipped. */
export type EndedOutputs<TBasis extends Basis, T> = {
  readonly [TStep in keyof T]:
    StepOutput<TBasis, T[TStep]> | Skipped<T[TStep], TBasis['skipped']> | SkippedForLack<T, TStep>
}

/** What a step gives, where it succeeds. */
export type StepOutput<TBasis extends Basis, TStep> = TStep extends { readonly invoke: infer TCall }
  ? OutputOf<TBasis['modules'], TCall>
  : TStep extends { readonly made: infer TOutput }
    ? TOutput
    : TStep extends { readonly forEach: unknown } | { readonly steps: unknown }
      ? readonly Iteration<TStep, Shaped<TStep, NestedOutput<TBasis, TStep>>>[]
      : Shaped<TStep, NestedOutput<TBasis, TStep>>

/** What a control step gives where nothing reshapes it; of an iterative one, what one iteration gives. */
type NestedOutput<TBasis extends Basis, TStep> = TStep extends { readonly parallel: infer TSteps }
  ? BlockOutput<EndedOutputs<TBasis, TSteps>, Waited<TStep>>
  : TStep extends { readonly steps: infer TSteps }
    ? BlockOutput<EndedOutputs<TBasis, TSteps>>
    : TStep extends { readonly then: unknown } | { readonly cases: unknown }
      ? BranchOutput<BranchOutputs<TBasis, TStep>>
      : TStep extends { readonly scenario: infer TWorkflow }
        ? WorkflowOutputs<TWorkflow>
        : TStep extends { readonly waitForEvent: unknown }
          ? unknown
          : null

/** An object by name; each may be `null` where not all steps are waited for. */
export type BlockOutput<TOutputs, TNone = never> = Plain<{
  readonly [TStep in keyof TOutputs]: TOutputs[TStep] | TNone
}>

/** `null` where the step does not wait for all that is inside of it. */
export type Waited<TStep> = TStep extends { readonly waitFor: infer TMany }
  ? TMany extends 'all'
    ? never
    : null
  : never

/** What one iteration of a step gives, `null` for a failed one that is tolerated. */
export type Iteration<TStep, TOne> = TStep extends { readonly tolerate: unknown } ? TOne | null : TOne

/** What `output` gives is unknown where it is given in a literal: the compiler cannot tell it in time. */
type Shaped<TStep, TOutput> = TStep extends { readonly output: unknown } ? unknown : TOutput

/** The outputs of the lists of steps of which one is taken, as a union of records. */
type BranchOutputs<TBasis extends Basis, TStep> =
  BranchesOf<TStep> extends infer TBranch
    ? TBranch extends unknown
      ? EndedOutputs<TBasis, TBranch>
      : never
    : never

/** The lists of steps of which one is taken. Where there may be none that is, one is empty. */
export type BranchesOf<TStep> =
  | (TStep extends { readonly then: infer TSteps } ? TSteps : never)
  | (TStep extends { readonly cases: readonly (infer TCase)[] }
      ? TCase extends { readonly steps: infer TSteps }
        ? TSteps
        : never
      : never)
  | (TStep extends { readonly else: infer TSteps }
      ? TSteps
      : TStep extends { readonly default: infer TSteps }
        ? TSteps
        : Record<never, never>)

type KeysOfAny<TUnion> = TUnion extends unknown ? keyof TUnion : never

/** An object of the branch that was taken; steps of the others are `undefined` in it. */
export type BranchOutput<
  TOutputs,
  TNames extends PropertyKey = KeysOfAny<TOutputs>,
> = TOutputs extends unknown
  ? Plain<TOutputs & { readonly [TName in Exclude<TNames, keyof TOutputs>]?: never }>
  : never

/** A workflow, as far as its type tells it from other actor logic: by its report. */
export interface AnyWorkflow {
  getInitialSnapshot(
    scope: never,
    input: never,
  ): { readonly output: { readonly workflow: string; readonly undone: readonly string[] } | undefined }
}

/** What a workflow gives that a step calls. */
export type WorkflowOutputs<TWorkflow> = TWorkflow extends {
  getInitialSnapshot(...args: never[]): infer TSnapshot
}
  ? Extract<TSnapshot, { readonly status: 'done' }> extends {
      readonly output: { readonly outputs: infer TOutputs }
    }
    ? Exclude<TOutputs, null>
    : unknown
  : unknown

/** `null` where a step may be skipped though its dependencies let it run: by `when`, by a verdict, by a wait that is over. */
export type Skipped<TStep, TElse> = TStep extends { readonly skipped: infer TSkipped }
  ? TSkipped
  : 'when' extends keyof TStep
    ? null
    : 'skip' extends Listed<TStep, 'onTimeout'>
      ? null
      : 'onFailure' extends keyof TStep
        ? 'skip' extends Listed<TStep, 'onFailure'>
          ? null
          : never
        : TElse

/** A word that is said under a key, or those of a list. */
export type Listed<TSaying, TKey> = TKey extends keyof TSaying
  ? TSaying[TKey] extends infer TSaid
    ? TSaid extends readonly (infer TWord)[]
      ? TWord
      : TSaid
    : never
  : never

/** `null` where a wait goes on without its event. */
export type Unheard<TStep> = TStep extends { readonly onTimeout: infer TEnd }
  ? TEnd extends 'fail' | 'skip'
    ? never
    : null
  : never

/** `null` where a step is undone that may not have succeeded. */
export type Unsure<TStep> = TStep extends { readonly compensate: { readonly on: infer TOn } }
  ? TOn extends 'success'
    ? never
    : null
  : never

/** What the inputs of a workflow are that a step calls. */
export type WorkflowInputs<TWorkflow> = TWorkflow extends {
  getInitialSnapshot(scope: never, input: infer TInput): unknown
}
  ? Exclude<TInput, undefined> extends { readonly inputs?: infer TInputs }
    ? Exclude<TInputs, undefined>
    : Record<never, never>
  : Record<never, never>

// ---- what a step sees ---------------------------------------------------------------------------------------

/** What a step depends on. */
export type NeedsOf<TStep> = TStep extends { readonly dependsOn: readonly (infer TNeed)[] } ? TNeed : never

/** When a step starts. */
export type RunOf<TStep> = TStep extends { readonly runIf: infer TRun } ? TRun : 'all_succeeded'

/** The steps that each step depends on; `never` for one that is left out. */
type Needs<T, TLeftOut = never> = {
  [TStep in keyof T]: TStep extends TLeftOut ? never : NeedsOf<T[TStep]>
}

/** All that can be reached from some steps along `Needs`, themselves included. */
type Reach<TNeeds, TFrom, TSeen = never> = [Exclude<TFrom, TSeen>] extends [never]
  ? TSeen
  : Reach<TNeeds, TNeeds[Exclude<TFrom, TSeen> & keyof TNeeds], TSeen | TFrom>

/** The steps that start although a dependency failed or was cancelled. */
type Tolerant<T> = {
  [TStep in keyof T]: RunOf<T[TStep]> extends 'all_succeeded' | 'none_failed' | 'ancestors_succeeded'
    ? never
    : TStep
}[keyof T]

/** The steps that are skipped where too few of their dependencies succeeded. */
type AsksForSuccess<T> = {
  [TStep in keyof T]: RunOf<T[TStep]> extends 'all_succeeded' | 'none_failed' | 'all_done' ? never : TStep
}[keyof T]

/** The steps that run whatever became of their dependencies. */
type Unconditional<T> = { [TStep in keyof T]: RunOf<T[TStep]> extends 'all_done' ? TStep : never }[keyof T]

/** `null` where a step may be skipped because too few steps succeeded, or because one that it depends on was, for that. */
type SkippedForLack<T, TStep extends keyof T> = [AsksForSuccess<T>] extends [never]
  ? never
  : [Extract<Reach<Needs<T, Unconditional<T>>, TStep>, AsksForSuccess<T>>] extends [never]
    ? never
    : null

/** What is reached without passing through a step that tolerates failures; any name where none does, or all have succeeded. */
type Sure<T, TStep extends keyof T> = [Tolerant<T>] extends [never]
  ? string
  : RunOf<T[TStep]> extends 'ancestors_succeeded'
    ? string
    : Reach<Needs<T, Tolerant<T>>, Needs<T, Tolerant<T>>[TStep]>

/**
 * What a step's functions see of its siblings: its direct and indirect dependencies. An output may be `null` where that
 * dependency may have been skipped, or where the step starts although it failed or was cancelled.
 */
export type Visible<TBasis extends Basis, T, TStep extends keyof T> =
  Reach<Needs<T>, Needs<T>[TStep]> extends infer TSeen
    ? {
        readonly [TOther in TSeen & keyof T]: StepView<
          | StepOutput<TBasis, T[TOther]>
          | (TOther extends Sure<T, TStep>
              ? RunOf<T[TStep]> extends 'ancestors_succeeded'
                ? never
                : Skipped<T[TOther], TBasis['skipped']>
              : null)
        >
      }
    : never

/** Every step of a list that has ended, with the outputs that they have then, each with `null` where it may have none. */
export type AllVisible<TOutputs, TNone = never> = {
  readonly [TStep in keyof TOutputs]: StepView<TOutputs[TStep] | TNone>
}
