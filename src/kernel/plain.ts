// State as JSON and back: maps, sets, typed arrays, numbers that JSON lacks. Not a copy of data that is JSON already: that is
// handed through as it is, marked by `raw`, and comes back frozen. Invariant: what is read is equal to what was written,
// whatever keys it has; and equal states give equal texts.

/** Where the kind of a value stands that JSON has no form for; a key of that name makes an object one of those. */
const KIND = '$'

/** Data that is JSON already. */
class Raw {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** Marks data that is JSON already, and that nobody changes. */
export const raw = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? new Raw(value) : value

const ARRAYS = { Uint8Array, Int32Array, Uint32Array, Float64Array } as const
type ArrayName = keyof typeof ARRAYS

/** A value as JSON data. */
export function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (value instanceof Raw) return { [KIND]: 'raw', of: value.value }
  if (Array.isArray(value)) return Array.from(value, toPlain)
  if (value instanceof Map) return { [KIND]: 'map', of: Array.from(value, pairOf) }
  if (value instanceof Set) return { [KIND]: 'set', of: Array.from(value, toPlain) }
  if (value instanceof Float64Array) return { [KIND]: 'Float64Array', of: Array.from(value, scalar) }
  if (ArrayBuffer.isView(value))
    return { [KIND]: value.constructor.name, of: Array.from(value as Uint8Array) }
  return Object.hasOwn(value, KIND)
    ? { [KIND]: 'object', of: Object.entries(value).map(pairOf) }
    : fieldsOf(value)
}

const pairOf = ([key, value]: [unknown, unknown]) => [toPlain(key), toPlain(value)]

function scalar(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { [KIND]: 'number', of: String(value) }
  return value === undefined ? { [KIND]: 'undefined' } : value
}

function fieldsOf(value: object): object {
  const plain: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const each = (value as Record<string, unknown>)[key]
    if (each === undefined) continue
    if (key === '__proto__') Object.defineProperty(plain, key, { ...OWN, value: toPlain(each) })
    else plain[key] = toPlain(each)
  }
  return plain
}

/** A field like any other. */
const OWN = { enumerable: true, configurable: true, writable: true }

/** The value that `toPlain` made data of. */
export function fromPlain(plain: unknown): unknown {
  if (typeof plain !== 'object' || plain === null) return plain
  if (Array.isArray(plain)) return plain.map(fromPlain)
  if (!Object.hasOwn(plain, KIND))
    return Object.fromEntries(Object.entries(plain).map(([key, each]) => [key, fromPlain(each)]))
  const { [KIND]: kind, of } = plain as { readonly [KIND]: string; readonly of?: unknown }
  switch (kind) {
    case 'undefined':
      return undefined
    case 'number':
      return Number(of)
    case 'raw':
      return frozenData(of as object)
    case 'map':
      return new Map((of as [unknown, unknown][]).map(([key, each]) => [fromPlain(key), fromPlain(each)]))
    case 'set':
      return new Set((of as unknown[]).map(fromPlain))
    case 'object':
      return Object.fromEntries((of as [string, unknown][]).map(([key, each]) => [key, fromPlain(each)]))
    default:
      return ARRAYS[kind as ArrayName].from((of as unknown[]).map(fromPlain) as number[])
  }
}

/** Deeply frozen, in place. Not `frozen` of json-copy.ts: V8 makes that slow for events once it has met data of every form. */
function frozenData(data: object): object {
  for (const item of Object.values(data) as unknown[])
    if (typeof item === 'object' && item !== null && !Object.isFrozen(item)) frozenData(item)
  return Object.freeze(data)
}
