// The form in which values are kept and handed over on every host: a copy that is JSON. What a run keeps, and what functions read,
// is frozen; what operations and handlers are given is theirs to change. Not a serialiser: nothing becomes text here.
// Invariant: no copy has a part in common with a value that user code can change.
import { SagachartError } from '../errors.ts'
import { isInstance, messageOf } from '../foreign.ts'

/** How deep an output may nest. */
const DEPTH_MAX = 500

/** Items of one list: a list may say that it is longer than anything that there is. */
const LENGTH_MAX = 10_000_000

/** A frozen copy of so many values is known again, so that it is not copied a second time. */
const KNOWN_SIZE_MIN = 32

/** Levels of the frozen copies that are known. */
const known = new WeakMap<object, number>()

/**
 * A deeply frozen copy. `undefined` becomes `null`, or is left out of an object; `toJSON` is honoured (so a `Date` is text).
 * @param subject What the value is called in a message.
 * @throws OUTPUT_NOT_SERIALISABLE on a function, symbol, bigint, non-finite number, Map, Set, buffer or cycle.
 */
export const toJson = (value: unknown, subject = 'Output'): unknown => copied(value, subject, true)

/** The same copy, but one that whoever is given it may change. */
export const ownCopy = (value: unknown, subject: string): unknown => copied(value, subject, false)

/** Freezes plain data that nobody else has, in place. */
export function frozen<T extends object>(data: T): T {
  for (const key in data) {
    const item: unknown = data[key]
    if (typeof item === 'object' && item !== null && !Object.isFrozen(item)) frozen(item)
  }
  return Object.freeze(data)
}

function copied(value: unknown, subject: string, isFrozen: boolean): unknown {
  try {
    return new Copy(subject, isFrozen).of(value, 0)
  } catch (error) {
    if (isInstance(error, SagachartError)) throw error
    return refuse(subject, [], `one that cannot be read (${messageOf(error)})`)
  }
}

class Copy {
  private readonly subject: string
  private readonly isFrozen: boolean
  /** Where in the value the copy has got to, level by level; `null` for what `toJSON` gives. */
  private readonly trail: (string | number | null)[] = []
  /** Values that were copied. */
  private size = 0
  /** The deepest level in what is being copied. */
  private deepest = 0

  constructor(subject: string, isFrozen: boolean) {
    this.subject = subject
    this.isFrozen = isFrozen
  }

  of(value: unknown, depth: number): unknown {
    this.size++
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'undefined':
        return null
      case 'number':
        return Number.isFinite(value) ? value + 0 : this.refuse(depth, `the number ${value}`)
      case 'object':
        return value === null ? null : this.ofObject(value, depth)
      default:
        return this.refuse(depth, `a ${typeof value}`)
    }
  }

  private ofObject(value: object, depth: number): unknown {
    const levels = known.get(value)
    const outer = Math.max(this.deepest, depth + (levels ?? 1))
    if (outer > DEPTH_MAX) return this.refuse(depth, `a cycle, or more than ${DEPTH_MAX} levels`)
    this.deepest = outer
    if (levels !== undefined) return this.isFrozen ? value : cloned(value)
    if ('toJSON' in value && typeof value.toJSON === 'function') return this.at(depth, null, value.toJSON())
    const { size } = this
    this.deepest = depth + 1
    const copy = Array.isArray(value) ? this.ofList(value, depth) : this.ofPlain(value, depth)
    if (this.isFrozen) {
      Object.freeze(copy)
      if (this.size - size >= KNOWN_SIZE_MIN) known.set(copy, this.deepest - depth)
    }
    this.deepest = Math.max(this.deepest, outer)
    return copy
  }

  private ofPlain(value: object, depth: number): object {
    if (!isPlain(value)) return this.refuse(depth, `an instance of ${value.constructor?.name ?? 'nothing'}`)
    const copy: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue
      put(copy, key, this.at(depth, key, item))
    }
    return copy
  }

  private ofList(list: readonly unknown[], depth: number): unknown[] {
    const { length } = list
    if (length > LENGTH_MAX) return this.refuse(depth, `a list of ${length}`)
    const copy: unknown[] = []
    for (let index = 0; index < length; index++) copy.push(this.at(depth, index, list[index]))
    return copy
  }

  /** A value one level further down. */
  private at(depth: number, place: string | number | null, value: unknown): unknown {
    this.trail[depth] = place
    return this.of(value, depth + 1)
  }

  private refuse(depth: number, found: string): never {
    return refuse(this.subject, this.trail.slice(0, depth), found)
  }
}

/** A copy of what is JSON already. */
function cloned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloned)
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) put(copy, key, cloned(item))
  return copy
}

/** Sets a key of one's own, whatever it is called. */
function put(copy: Record<string, unknown>, key: string, item: unknown): void {
  if (key !== '__proto__') copy[key] = item
  else Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true })
}

function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]' && !isInstance(value, Promise)
}

/** Characters of a message that tell where in a value the fault is, and what is found there. */
const PLACE_MAX = 40
const FOUND_MAX = 40

const clipped = (text: string, max: number) => (text.length > max ? `${text.slice(0, max - 1)}…` : text)

function refuse(subject: string, trail: readonly (string | number | null)[], found: string): never {
  const steps = trail.map((step) =>
    step === null ? '' : typeof step === 'number' ? `[${step}]` : `.${step}`,
  )
  throw new SagachartError(
    'OUTPUT_NOT_SERIALISABLE',
    `${subject}${clipped(steps.join(''), PLACE_MAX)} is not JSON: expected null, a boolean, number, string, list or object, found ${clipped(found, FOUND_MAX)}; use plain data`,
    { retryable: false },
  )
}
