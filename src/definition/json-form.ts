// What becomes of values on their way between operations: what one gives is kept as JSON, frozen; what another takes is a
// copy of its own. Types only: the runtime's part is in runtime/json.ts.
// Invariant: types are not looked into further than someone asks, so that those that refer to themselves do no harm.

type AnyFunction = (...args: never[]) => unknown

type Scalar = string | number | boolean | null

/** Stands in a type where a value has no JSON form: a bigint, a symbol, a function, or an object with methods such as `Map`. */
export interface NoJsonForm {
  readonly [noJsonForm]: never
}
declare const noJsonForm: unique symbol

type IsAny<T> = 0 extends 1 & T ? true : false

/** Whether a list has places. Else its items are looked at only when asked for: they may be lists of its kind. */
type IsTuple<T extends readonly unknown[]> = number extends T['length']
  ? T extends readonly [unknown, ...unknown[]] | readonly [...unknown[], unknown]
    ? true
    : false
  : true

/** What a value is once it was written down and read again, read-only: a `Date` is text, and `undefined` is `null`. */
export type JsonForm<T> =
  IsAny<T> extends true
    ? T
    : T extends Scalar
      ? T
      : T extends undefined | void
        ? null
        : T extends { toJSON(...args: never[]): infer TForm }
          ? JsonForm<TForm>
          : T extends bigint | symbol | AnyFunction
            ? NoJsonForm
            : T extends readonly unknown[]
              ? IsTuple<T> extends true
                ? { readonly [TKey in keyof T]: JsonForm<T[TKey]> }
                : readonly JsonForm<T[number]>[]
              : T extends object
                ? { readonly [TKey in keyof T as Named<TKey>]: MemberForm<T[TKey]> }
                : T

/** Members without a name are left out, and so are those without a value. */
type Named<TKey> = TKey extends symbol ? never : TKey

type MemberForm<T> = undefined extends T
  ? JsonForm<Exclude<T, undefined>> | Extract<T, undefined>
  : JsonForm<T>

/** The same type where all of it has a JSON form; else one that it cannot be assigned to. */
type Written<T> =
  IsAny<T> extends true
    ? T
    : T extends Scalar | undefined | void
      ? T
      : T extends { toJSON(...args: never[]): infer TForm }
        ? HasJsonForm<TForm> extends true
          ? T
          : never
        : T extends bigint | symbol | AnyFunction
          ? never
          : T extends readonly unknown[]
            ? IsTuple<T> extends true
              ? { readonly [TKey in keyof T]: Written<T[TKey]> }
              : readonly Written<T[number]>[]
            : T extends object
              ? { [TKey in keyof T as Named<TKey>]: Written<T[TKey]> }
              : T

/** Whether a value has a JSON form, with all that is in it. */
export type HasJsonForm<T> = [T] extends [Written<T>] ? true : false

/** Whether an object has methods: then it is more than data. */
type HasMethods<T> = true extends { [TKey in keyof T]: T[TKey] extends AnyFunction ? true : false }[keyof T]
  ? true
  : false

/** The same data, read-only: what functions see, and what parameters may be computed from. What is no data stays as it is. */
export type DeepReadonly<T> =
  IsAny<T> extends true
    ? T
    : T extends Scalar | undefined | AnyFunction
      ? T
      : T extends readonly unknown[]
        ? IsTuple<T> extends true
          ? { readonly [TKey in keyof T]: DeepReadonly<T[TKey]> }
          : readonly DeepReadonly<T[number]>[]
        : T extends object
          ? HasMethods<T> extends true
            ? T
            : { readonly [TKey in keyof T]: DeepReadonly<T[TKey]> }
          : T
