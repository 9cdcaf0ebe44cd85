// What an expression may read of a step: the fields of its view, and of the error in it.
import type { Failure } from '../../machines/protocol.ts'
import type { ErrorView, StepView } from './model.ts'

/** By name. A single value has no fields; `null`: any. */
interface Fields {
  readonly [name: string]: Fields | null
}

const ERROR: Fields = {
  code: {},
  message: {},
  name: {},
  retryable: {},
  retryAfterMs: {},
  effect: {},
  step: {},
  get cause() {
    return ERROR
  },
} satisfies Record<keyof ErrorView, Fields>

const STEP: Fields = { output: null, status: {}, error: ERROR, attempts: {} } satisfies Record<
  keyof StepView,
  Fields | null
>

/** A field that is not there. */
export interface UnknownField {
  readonly field: string
  /** What was read before it: `error.cause`; empty for a field of the step itself. */
  readonly within: string
  /** The fields that there are. */
  readonly known: readonly string[]
}

/** The first of the fields, each read of the one before, that a step does not have. */
export function unknownField(fields: readonly string[]): UnknownField | null {
  let known: Fields | null = STEP
  for (const [at, field] of fields.entries()) {
    if (known === null) return null
    if (!Object.hasOwn(known, field))
      return { field, within: fields.slice(0, at).join('.'), known: Object.keys(known) }
    known = known[field]!
  }
  return null
}

/** The fields of a failure that may be absent, as expressions see them then. */
const ABSENT = { name: null, retryable: true, retryAfterMs: null, effect: null, step: null } satisfies {
  [TField in keyof Omit<Failure, 'code' | 'message' | 'cause'>]-?: ErrorView[TField]
}

/** A failure as expressions and functions see it: with all its fields. */
export function errorView(failure: Failure): ErrorView {
  return Object.freeze({
    ...ABSENT,
    ...failure,
    cause: failure.cause ? errorView(failure.cause) : null,
  })
}
