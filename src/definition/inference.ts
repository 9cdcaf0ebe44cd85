// What the builder's types know of modules and of inputs, read off the modules' own types and off what is declared.
// Types only. What they know of the steps of a workflow is in mirror.ts.
import type { HasJsonForm, JsonForm } from './json-form.ts'
import type { HookName, ModuleContext } from './model.ts'

type AnyOperation = (...args: never[]) => unknown

/** Functions that are listed as operations, or all that an object or a class has. */
type MembersOf<TModule> = TModule extends { readonly operations: infer TOperations }
  ? TOperations
  : TModule extends abstract new (...config: never[]) => infer TInstance
    ? TInstance
    : TModule

type OperationsOf<TModule> = TModule extends { readonly operations: infer TOperations }
  ? TOperations
  : Omit<MembersOf<TModule>, HookName>

type NamesOf<TOperations> = {
  [TName in keyof TOperations & string]: TOperations[TName] extends (...args: never[]) => infer TOutput
    ? HasJsonForm<Awaited<TOutput>> extends true
      ? TName
      : never
    : never
}[keyof TOperations & string]

/** `module.operation`, for every operation of every module whose output can be kept. */
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

/** What is kept of what an operation gives, once its promise is kept. */
export type OutputOf<TModules, TCall> =
  OperationOf<TModules, TCall> extends (...args: never[]) => infer TOutput
    ? JsonForm<Awaited<TOutput>>
    : never

type Anything = { readonly [name: string]: unknown }

/** What an operation takes, with `undefined` where it needs nothing; anything where it does not say. */
export type ParametersOf<TModules, TCall> =
  OperationOf<TModules, TCall> extends (parameters: infer TParameters, ...rest: never[]) => unknown
    ? unknown extends TParameters
      ? Anything | undefined
      : Record<never, never> extends TParameters
        ? TParameters | undefined
        : TParameters
    : Anything | undefined

/** An operation that a step may call: the one that was named, or what is wrong with it. */
export type Known<TModules, TCall> = TCall extends Invocation<TModules> ? TCall : Refusal<TModules, TCall>

/** Why a function of a module is no operation, in words that the compiler shows; else the operations that there are. */
type Refusal<TModules, TCall> = TCall extends `${infer TModule}.${infer TName}`
  ? TModule extends keyof TModules
    ? TName extends keyof MembersOf<TModules[TModule]>
      ? MembersOf<TModules[TModule]>[TName] extends AnyOperation
        ? TName extends keyof OperationsOf<TModules[TModule]>
          ? NoJsonOutput<TCall>
          : `"${TName}" of module "${TModule}" is a hook of its life cycle, no operation: rename it, or list it in "operations" of defineModule`
        : Invocation<TModules>
      : Invocation<TModules>
    : Invocation<TModules>
  : Invocation<TModules>

type NoJsonOutput<TName> =
  `"${TName & string}" gives what has no JSON form (a Map, a bigint, a function, an object with methods): return plain data`

/** What is wrong with functions of an object or a class that would be called as hooks and cannot be. Empty where nothing is. */
export type HookFaults<TSource> = TSource extends abstract new (...config: never[]) => infer TInstance
  ? Messages<BadHooks<TInstance>>
  : Messages<BadHooks<TSource>>

type Messages<TNames> = {
  readonly [
    TName in TNames & string
  ]: `"${TName}" is called as a hook, with { name, config, signal }, and takes something else: rename it, or list it in "operations" of defineModule`
}

/** Only names that are really there: what has any name has none of them. */
type BadHooks<TSource> = string extends keyof TSource
  ? never
  : {
      [TName in keyof TSource & HookName]: TSource[TName] extends AnyOperation
        ? TSource[TName] extends (context: ModuleContext) => unknown
          ? never
          : TName
        : never
    }[keyof TSource & HookName]

/** What is wrong with operations whose output cannot be kept. Empty where nothing is. */
export type OutputFaults<TOperations> = ValueFaults<{
  readonly [TName in keyof TOperations]: TOperations[TName] extends (...args: never[]) => infer TOutput
    ? Awaited<TOutput>
    : null
}>

/** What is wrong with values that cannot be kept. Empty where nothing is. */
export type ValueFaults<TValues> = {
  readonly [
    TName in keyof TValues as HasJsonForm<TValues[TName]> extends true ? never : TName
  ]: NoJsonOutput<TName>
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
