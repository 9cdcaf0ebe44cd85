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

/** A step of which only its type is left. */
export interface Made<TOutput, TNeeds, TRun> {
  readonly made: TOutput
  readonly dependsOn: readonly TNeeds[]
  readonly runIf: TRun
}

// ---- what a step gives --------------------------------------------------------------------------------------

/** The output of each step. */
export type OutputsOf<TModules, T> = { readonly [TStep in keyof T]: StepOutput<TModules, T[TStep]> }

/** What a step gives. */
export type StepOutput<TModules, TStep> = TStep extends { readonly invoke: infer TCall }
  ? OutputOf<TModules, TCall>
  : TStep extends { readonly made: infer TOutput }
    ? TOutput
    : TStep extends { readonly forEach: unknown } | { readonly steps: unknown }
      ? Iterated<TStep, Shaped<TStep, NestedOutput<TModules, TStep>>>
      : Shaped<TStep, NestedOutput<TModules, TStep>>

/** What a control step gives where nothing reshapes it; of an iterative one, what one iteration gives. */
type NestedOutput<TModules, TStep> = TStep extends { readonly parallel: infer TSteps }
  ? BlockOutput<OutputsOf<TModules, TSteps>, Waited<TStep>>
  : TStep extends { readonly steps: infer TSteps }
    ? BlockOutput<OutputsOf<TModules, TSteps>>
    : TStep extends { readonly then: unknown } | { readonly cases: unknown }
      ? BranchOutput<BranchOutputs<TModules, TStep>>
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

/** What an iterative step gives: what each iteration gives, `null` for a failed one that is tolerated. */
export type Iterated<TStep, TOne> = (TStep extends { readonly tolerate: unknown } ? TOne | null : TOne)[]

/** What `output` gives is unknown where it is given in a literal: the compiler cannot tell it in time. */
type Shaped<TStep, TOutput> = TStep extends { readonly output: unknown } ? unknown : TOutput

/** The outputs of the lists of steps of which one is taken, as a union of records. */
type BranchOutputs<TModules, TStep> =
  BranchesOf<TStep> extends infer TBranch
    ? TBranch extends unknown
      ? OutputsOf<TModules, TBranch>
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

/** A workflow that a step can call: what `createWorkflow` of the same `setup` gave. */
export interface CallableWorkflow {
  withHost(host: never): unknown
  getInitialSnapshot(scope: never, input: never): unknown
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

/** What is reached without passing through a step that tolerates failures; any name where none does, or all have succeeded. */
type Sure<T, TStep extends keyof T> = [Tolerant<T>] extends [never]
  ? string
  : RunOf<T[TStep]> extends 'ancestors_succeeded'
    ? string
    : Reach<Needs<T, Tolerant<T>>, Needs<T, Tolerant<T>>[TStep]>

/**
 * What a step's functions see of its siblings: its direct and indirect dependencies. An output may be `null` where the
 * step starts although that dependency failed or was cancelled.
 */
export type Visible<TModules, T, TStep extends keyof T> =
  Reach<Needs<T>, Needs<T>[TStep]> extends infer TSeen
    ? {
        readonly [TOther in TSeen & keyof T]: StepView<
          TOther extends Sure<T, TStep>
            ? StepOutput<TModules, T[TOther]>
            : StepOutput<TModules, T[TOther]> | null
        >
      }
    : never

/** Every step of a list that has ended, each with `null` for an output where it may have none. */
export type AllVisible<TOutputs, TNone = never> = {
  readonly [TStep in keyof TOutputs]: StepView<TOutputs[TStep] | TNone>
}
