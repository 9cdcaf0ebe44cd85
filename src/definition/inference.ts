// What the builder's types know of a workflow: operations, parameters, outputs and reach of each step, read off the
// modules' own types. Types only; what they describe is turned into a definition by builder.ts.
//
// A workflow's type is inferred as a few records over its step names (`TCalls`: what each invokes, `TNeeds`: what each
// depends on, `TRuns`: its `runIf`). Each has an inference site of its own, and what is checked stands in `NoInfer`:
// a function in a step would otherwise keep the step from being inferred at all.
import type { StepView } from './model.ts'

type AnyOperation = (...args: never[]) => unknown

/** What is around the steps of a control step, as far as they need it: outputs by step, and inputs. */
export interface Around {
  readonly steps?: object
  readonly inputs?: object
}

/** What a step invokes in place of an operation: the steps inside of it, or a wait. A `Setup` makes it. */
export interface ControlStep<TOutput = unknown, TAround = unknown> {
  readonly isControlStep: true
  /** Types only: nothing is there when it runs. */
  readonly output?: TOutput
  /** Types only, too. */
  readonly around?: TAround
}

/** A list of steps that is one branch of several. */
export interface Branch<TOutput = unknown, TAround = unknown> extends ControlStep<TOutput, TAround> {
  readonly isBranch: true
}

type OutputsAround<TAround> = TAround extends { readonly steps: infer TSteps } ? TSteps : Record<never, never>

/** Inputs that are around. */
export type InputsAround<TAround> = TAround extends { readonly inputs: infer TInputs }
  ? TInputs
  : Record<never, never>

/** What functions see of the steps around. */
export type ViewsAround<TAround> = {
  readonly [TStep in keyof OutputsAround<TAround>]: StepView<OutputsAround<TAround>[TStep]>
}

/** A control step where it finds around it what it needs; else what it needs, which no control step is. */
type Fitting<TCall extends ControlStep, TScope> = TCall extends { readonly around?: infer TAround }
  ? TScope extends { readonly steps: ViewsAround<TAround>; readonly inputs: InputsAround<TAround> }
    ? TCall
    : ControlStep & { readonly around: { readonly isNotThere: TAround } }
  : never

type OperationsOf<TModule> = TModule extends { readonly operations: infer TOperations }
  ? TOperations
  : TModule extends abstract new (...config: never[]) => infer TInstance
    ? Omit<TInstance, 'init' | 'cleanup' | 'health'>
    : Omit<TModule, 'init' | 'cleanup' | 'health'>

type NamesOf<TOperations> = {
  [TName in keyof TOperations & string]: TOperations[TName] extends AnyOperation ? TName : never
}[keyof TOperations & string]

/** `module.operation`, for every operation of every module. */
export type Invocation<TModules> = {
  [TModule in keyof TModules & string]: `${TModule}.${NamesOf<OperationsOf<TModules[TModule]>>}`
}[keyof TModules & string]

/** The same type without the name of what computed it: what an editor shows is then what a value has. */
export type Plain<T> = T extends infer TObject ? { [TKey in keyof TObject]: TObject[TKey] } : never

type OperationOf<TModules, TCall> = TCall extends `${infer TModule}.${infer TName}`
  ? TModule extends keyof TModules
    ? TName extends keyof OperationsOf<TModules[TModule]>
      ? OperationsOf<TModules[TModule]>[TName]
      : never
    : never
  : never

/** What an operation gives, once its promise is kept. */
export type OutputOf<TModules, TCall> = TCall extends ControlStep
  ? TCall extends { readonly output?: infer TOutput }
    ? TOutput
    : never
  : OperationOf<TModules, TCall> extends (...args: never[]) => infer TOutput
    ? Awaited<TOutput>
    : never

type Anything = { readonly [name: string]: unknown }

/** What an operation takes, with `undefined` where it needs nothing; anything where it does not say. */
export type ParametersOf<TModules, TCall> = TCall extends ControlStep
  ? undefined
  : OperationOf<TModules, TCall> extends (parameters: infer TParameters, ...rest: never[]) => unknown
    ? unknown extends TParameters
      ? Anything | undefined
      : Record<never, never> extends TParameters
        ? TParameters | undefined
        : TParameters
    : Anything | undefined

/** An operation that there is: the one that was named, or all of them where there is none of that name. */
export type Known<TModules, TCall, TScope = unknown> = TCall extends ControlStep
  ? Fitting<TCall, TScope>
  : TCall extends Invocation<TModules>
    ? TCall
    : Invocation<TModules>

/** Operations that can do with what a step was given and what it gave. */
export type Undoing<TModules, TCall> = {
  [TUndo in Invocation<TModules>]: UndoInput<TModules, TCall> extends Exclude<
    ParametersOf<TModules, TUndo>,
    undefined
  >
    ? TUndo
    : never
}[Invocation<TModules>]

/** What an operation that undoes a step is given where nothing else is said. */
export interface UndoInput<TModules, TCall> {
  readonly input: Exclude<ParametersOf<TModules, TCall>, undefined>
  readonly output: OutputOf<TModules, TCall>
}

/** The steps that each step depends on: `never` for one that says nothing, and for one that is left out. */
type Needs<TNeeds, TLeftOut = never> = {
  [TStep in keyof TNeeds]: unknown extends TNeeds[TStep]
    ? never
    : TStep extends TLeftOut
      ? never
      : TNeeds[TStep]
}

/** All that can be reached from some steps along `Needs`, themselves included. */
type Reach<TNeeds, TFrom, TSeen = never> = [Exclude<TFrom, TSeen>] extends [never]
  ? TSeen
  : Reach<TNeeds, TNeeds[Exclude<TFrom, TSeen> & keyof TNeeds], TSeen | TFrom>

/** The steps that start although a dependency failed or was cancelled. */
type Tolerant<TRuns> = {
  [TStep in keyof TRuns]: unknown extends TRuns[TStep]
    ? never
    : TRuns[TStep] extends 'all_succeeded' | 'none_failed'
      ? never
      : TStep
}[keyof TRuns]

/** What is reached without passing through a step that tolerates failures; any name where none does. */
type Sure<TNeeds, TRuns, TStep extends keyof TNeeds> = [Tolerant<TRuns>] extends [never]
  ? string
  : Reach<Needs<TNeeds, Tolerant<TRuns>>, Needs<TNeeds, Tolerant<TRuns>>[TStep]>

/**
 * What a step's functions see of the others: its direct and indirect dependencies. An output may be `null` where the
 * step starts although that dependency failed or was cancelled.
 */
export type Visible<TOutputs, TNeeds, TRuns, TStep extends keyof TNeeds> =
  Reach<Needs<TNeeds>, Needs<TNeeds>[TStep]> extends infer TSeen
    ? {
        readonly [TOther in TSeen & keyof TOutputs]: StepView<
          TOther extends Sure<TNeeds, TRuns, TStep> ? TOutputs[TOther] : TOutputs[TOther] | null
        >
      }
    : never

/** What a workflow's `outputs` see: every step, and a run has outputs only where none failed. */
export type AllVisible<TOutputs> = { readonly [TStep in keyof TOutputs]: StepView<TOutputs[TStep]> }

/** The output of each step. */
export type OutputsOf<TModules, TCalls> = {
  readonly [TStep in keyof TCalls]: OutputOf<TModules, TCalls[TStep]>
}

/** Operations whose output can stand in for that of another. */
export type Substitutes<TModules, TOutput> = {
  [TCall in Invocation<TModules>]: OutputOf<TModules, TCall> extends TOutput ? TCall : never
}[Invocation<TModules>]

interface InputTypes {
  readonly string: string
  readonly number: number
  readonly integer: number
  readonly boolean: boolean
  readonly list: readonly unknown[]
  readonly array: readonly unknown[]
  readonly object: { readonly [name: string]: unknown }
  readonly any: unknown
}

/** Kinds of values that an input may have. */
export type InputType = keyof InputTypes

/** What a run may be given under one name. */
export interface InputConfig {
  /** Default `any`. */
  readonly type?: InputType
  /** Used where none is given; without it the input is required. */
  readonly default?: unknown
  readonly description?: string
}

type InputValue<TInput> = TInput extends { readonly type: infer TType extends InputType }
  ? InputTypes[TType]
  : unknown

/** The inputs of a run, as functions see them. */
export type InputsOf<TInputs> = { readonly [TName in keyof TInputs]: InputValue<TInputs[TName]> }

/** The inputs that a run is given: those without a default are required. */
export type GivenInputs<TInputs> = {
  readonly [
    TName in keyof TInputs as TInputs[TName] extends { readonly default: unknown } ? never : TName
  ]: InputValue<TInputs[TName]>
} & {
  readonly [
    TName in keyof TInputs as TInputs[TName] extends { readonly default: unknown } ? TName : never
  ]?: InputValue<TInputs[TName]>
}
