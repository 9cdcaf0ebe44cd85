// The form in which outputs are kept on every host: a frozen copy that is JSON.
// Not a serialiser: nothing becomes text here.
import { SagachartError } from '../errors.ts'
import { isInstance, messageOf } from '../foreign.ts'

/** How deep an output may nest. */
const DEPTH_MAX = 500

/** Items of one list: a list may say that it is longer than anything that there is. */
const LENGTH_MAX = 10_000_000

/**
 * A deeply frozen copy. `undefined` becomes `null`, or is left out of an object; `toJSON` is honoured (so a `Date` is text).
 * @param subject What the value is called in a message.
 * @throws OUTPUT_NOT_SERIALISABLE on a function, symbol, bigint, non-finite number, Map, Set, buffer or cycle.
 */
export function toJson(value: unknown, subject = 'Output'): unknown {
  try {
    return copy(value, subject, 0)
  } catch (error) {
    if (isInstance(error, SagachartError)) throw error
    return refuse(subject, `one that cannot be read (${messageOf(error)})`)
  }
}

function copy(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'number':
      return Number.isFinite(value) ? value + 0 : refuse(path, `the number ${value}`)
    case 'object':
      return value === null ? null : copyObject(value, path, depth)
    default:
      return refuse(path, `a ${typeof value}`)
  }
}

function copyObject(value: object, path: string, depth: number): unknown {
  if (depth >= DEPTH_MAX) return refuse(path, `a cycle, or more than ${DEPTH_MAX} levels`)
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), path, depth + 1)
  if (Array.isArray(value)) return copyList(value, path, depth)
  if (!isPlain(value)) return refuse(path, `a ${value.constructor?.name ?? 'special object'}`)
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const copied = copy(item, `${path}.${key}`, depth + 1)
    if (key === '__proto__') Object.defineProperty(result, key, { value: copied, enumerable: true })
    else result[key] = copied
  }
  return Object.freeze(result)
}

function copyList(list: readonly unknown[], path: string, depth: number): unknown {
  const { length } = list
  if (length > LENGTH_MAX) return refuse(path, `a list of ${length}`)
  const result: unknown[] = []
  for (let index = 0; index < length; index++) result.push(copy(list[index], `${path}[${index}]`, depth + 1))
  return Object.freeze(result)
}

function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]' && !isInstance(value, Promise)
}

/** Characters of a message that tell where in a value the fault is, and what is found there. */
const PLACE_MAX = 40
const FOUND_MAX = 40

const clipped = (text: string, max: number) => (text.length > max ? `${text.slice(0, max - 1)}…` : text)

function refuse(path: string, found: string): never {
  throw new SagachartError(
    'OUTPUT_NOT_SERIALISABLE',
    `${clipped(path, PLACE_MAX)} is not JSON: expected null, a boolean, number, string, list or object, found ${clipped(found, FOUND_MAX)}; return plain data`,
    { retryable: false },
  )
}
