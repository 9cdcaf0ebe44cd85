// Values that user code throws, returns and promises. Each may be a Proxy or have getters, so that any look at it may throw or
// lie; the product looks at such a value only through this module. Invariant: nothing here throws, but for what it is
// given to call.

/** Longest code or name that is kept of an error, in bytes of UTF-8. */
export const NAME_BYTES_MAX = 1_000

/** Longest message that is kept of an error, in bytes of UTF-8. */
export const MESSAGE_BYTES_MAX = 10_000

/** Promises that may be the outcome of one another: a promise may also be its own outcome, and never settle. */
const PROMISES_MAX = 100

/** Looks at a foreign value; `otherwise` where the look fails. */
export function look<T>(at: () => T, otherwise: T): T {
  try {
    return at()
  } catch {
    return otherwise
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** A field of a value; `undefined` where there is none, or where it can't be read. */
export const fieldOf = (value: unknown, name: string): unknown =>
  look(() => (isObject(value) ? value[name] : undefined), undefined)

/** Whether a value is an instance of a class. */
export const isInstance = <T>(value: unknown, of: abstract new (...given: never[]) => T): value is T =>
  look(() => value instanceof of, false)

const encoder = new TextEncoder()
const room = new Uint8Array(MESSAGE_BYTES_MAX)

/** A text within so many bytes of UTF-8, at most `MESSAGE_BYTES_MAX`; one that is cut ends with `…`. */
export function bounded(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text
  const { read } = encoder.encodeInto(text, room.subarray(0, bytesMax))
  if (read === text.length) return text
  return `${text.slice(0, encoder.encodeInto(text, room.subarray(0, bytesMax - 3)).read)}…`
}

/** A text field of an error, such as its name; `undefined` where it is no text. */
export function textOf(error: unknown, field: string): string | undefined {
  const text = fieldOf(error, field)
  return typeof text === 'string' ? bounded(text, NAME_BYTES_MAX) : undefined
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  const said = isObject(thrown) ? fieldOf(thrown, 'message') : String(thrown)
  return typeof said === 'string' ? bounded(said, MESSAGE_BYTES_MAX) : 'A value that is no error was thrown'
}

/** Whether a value is a promise, or behaves as one. */
export const isPromise = (value: unknown): boolean => typeof fieldOf(value, 'then') === 'function'

/** Sees to it that nobody need listen to a promise that nobody waits for. */
export function ignore(value: unknown): void {
  const nothing = () => {}
  if (isInstance(value, Promise))
    look(() => void Promise.prototype.then.call(value, nothing, nothing), undefined)
}

/** Tells once what a value comes to: itself, or what it promises, be it promised by a promise. */
export function whenSettled(
  value: unknown,
  succeeded: (value: unknown) => void,
  failed: (error: unknown) => void,
  depth = 0,
): void {
  let then: unknown
  try {
    then = isObject(value) ? value['then'] : undefined
  } catch (error) {
    failed(error)
    return
  }
  if (typeof then !== 'function') {
    succeeded(value)
    return
  }
  let isSettled = depth === PROMISES_MAX
  const once = (tell: (outcome: unknown) => void) => (outcome: unknown) => {
    if (isSettled) return
    isSettled = true
    tell(outcome)
  }
  const fail = once(failed)
  if (isSettled) failed(new TypeError(`A promise of ${PROMISES_MAX} promises of one another was given`))
  else {
    try {
      Reflect.apply(then, value, [
        once((outcome) => whenSettled(outcome, succeeded, failed, depth + 1)),
        fail,
      ])
    } catch (error) {
      fail(error)
    }
  }
}
