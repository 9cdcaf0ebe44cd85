// What the builder's types know of modules and of inputs, read off the modules' own types and off what is declared.
// Types only. What they know of the steps of a workflow is in mirror.ts.

type AnyOperation = (...args: never[]) => unknown

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
export type OutputOf<TModules, TCall> =
  OperationOf<TModules, TCall> extends (...args: never[]) => infer TOutput ? Awaited<TOutput> : never

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

/** An operation that there is: the one that was named, or all of them where there is none of that name. */
export type Known<TModules, TCall> = TCall extends Invocation<TModules> ? TCall : Invocation<TModules>

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
