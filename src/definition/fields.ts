// The kinds of values that a document's schema is made of. Each says in words what it expects; that text becomes the
// diagnostic. Nothing here knows a key.
import * as z from 'zod'
import { DURATION_EXPECTED, durationMs, DURATION_PATTERN } from './duration.ts'
import { FINDING_CODES, findingText, REASON_EXPECTED } from './findings/codes.ts'
import type { AcceptableCode } from './findings/codes.ts'
import { NAME_LENGTH_MAX } from './names.ts'

const SHARE_PATTERN = /^\s*(100(?:\.0{1,9})?|\d{1,2}(?:\.\d{1,9})?)\s*%\s*$/

// A value is wrong once: the first check that fails ends the others.
const expects = (what: string) => ({ error: () => what, abort: true })

/** Text. */
export const text = () => z.string(expects('text'))
/** A name. What a name may hold is judged later, with the place of each. */
export const name = (of = 'a name') =>
  z.string(expects(of)).meta({ minLength: 1, maxLength: NAME_LENGTH_MAX })
/** `true` or `false`. */
export const flag = () => z.boolean(expects('true or false'))
/** A whole number of at least `min`. */
export const whole = (min: number) => {
  const what = expects(`a whole number of at least ${min}`)
  return z.number(what).int(what).min(min, what)
}
/** A whole number from `min` to `max`. */
export const wholeWithin = (min: number, max: number) => {
  const what = expects(`a whole number from ${min} to ${max}`)
  return z.number(what).int(what).min(min, what).max(max, what)
}
/** Any whole number. */
export const integer = () => z.number(expects('a whole number')).int(expects('a whole number'))
/** A number from `min` to `max`. */
export const between = (min: number, max: number) => {
  const what = expects(`a number from ${min} to ${max}`)
  return z.number(what).min(min, what).max(max, what)
}
/** A number of at least `min`. */
export const atLeast = (min: number) => {
  const what = expects(`a number of at least ${min}`)
  return z.number(what).min(min, what)
}
/** A time above zero: text with a unit, or a number of `unitMs`, by default seconds. */
export const duration = (expected = DURATION_EXPECTED, unitMs = 1000) => {
  const what = expects(expected)
  return z
    .union([z.number(what).positive(what), z.string(what).regex(DURATION_PATTERN, what)], what)
    .refine((value) => durationMs(value, unitMs) !== null, what)
}
/** A key that must not be there. JSON Schema has no word for it: json-schema.ts writes it down. */
export const absent = () => z.undefined().optional()
/** A share, as text: `"0%"` to `"100%"`. */
export const share = () =>
  z.string(expects('a share such as "10%"')).regex(SHARE_PATTERN, expects('a share from "0%" to "100%"'))
/** One of a few words. */
export const oneOf = <const W extends readonly [string, ...string[]]>(...words: W) =>
  z.enum(words, expects(`one of ${words.join(', ')}`))
/** A list. */
export const list = <T extends z.ZodType>(item: T) => z.array(item, expects('a list'))
/** A mapping from names of the user's own choice. */
export const mapping = <T extends z.ZodType>(value: T) => z.record(z.string(), value, expects('a mapping'))
/** Anything that YAML can say. */
export const anything = () => z.unknown()
/** An expression, or `true` or `false`. */
export const condition = () => z.union([text(), flag()], expects('an expression, as text'))

/** A key that may be left out, and what then holds: said in words, and to editors. */
export const defaulting = <T extends z.ZodType>(schema: T, value: z.input<T>, about = '') =>
  schema.optional().meta({
    description: `${about === '' ? '' : `${about}; `}default ${String(value)}`,
    default: value,
  })

/** The keys of each kind of mapping, for suggestions. */
export const SECTION_KEYS = new Map<string, readonly string[]>()

/** A mapping whose keys are all known. An unknown one is reported under the section's title. */
export function section<S extends z.core.$ZodLooseShape>(title: string, shape: S) {
  SECTION_KEYS.set(title, Object.keys(shape))
  const error = (issue: { readonly code?: string }) =>
    issue.code === 'unrecognized_keys' ? title : `a mapping (${title})`
  return z.strictObject(shape, { error }).meta({ id: title.replaceAll(' ', '-'), title })
}

const reason = (of: string) =>
  z
    .string(expects(REASON_EXPECTED))
    .regex(/\S/, expects(REASON_EXPECTED))
    .optional()
    .describe(`why it is meant: ${of}`)

/** Findings that are meant, each with the reason. */
export const acceptance = section(
  'accepted findings',
  Object.fromEntries(FINDING_CODES.map((code) => [code, reason(findingText(code))])) as Record<
    AcceptableCode,
    ReturnType<typeof reason>
  >,
)
