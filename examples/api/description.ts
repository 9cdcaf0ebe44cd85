// What an API is, as data: the part of OpenAPI that this example needs. Each module reads it, none knows the resource.

/** Kinds of values that a field may have. */
export type Kind = 'string' | 'integer' | 'boolean'

/** One thing that a client can ask for. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `{id}` stands for the number of an item. */
  readonly path: string
  readonly does: 'list' | 'read' | 'create' | 'replace' | 'remove'
  /** What is answered where all is well. */
  readonly status: number
}

/** A whole API. */
export interface Description {
  readonly resource: string
  readonly version: string
  readonly fields: Readonly<Record<string, Kind>>
  readonly endpoints: readonly Endpoint[]
}

/** An item as a client sends it. */
export type Item = Record<string, unknown>

const IS: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
}

/** What is wrong with an item; `null`: nothing. */
export function faultOf(item: unknown, { fields }: Description): string | null {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return 'an item is an object'
  const names = new Set([...Object.keys(fields), ...Object.keys(item)])
  for (const name of names) {
    if (!Object.hasOwn(fields, name)) return `${name} is no field`
    const kind = fields[name]!
    if (!IS[kind]((item as Item)[name])) return `${name} is not of kind ${kind}`
  }
  return null
}

/** An item that is right, number `n` of its kind. */
export function sampleOf({ fields }: Description, n: number): Item {
  const values: Record<Kind, unknown> = { string: `text ${n}`, integer: n, boolean: n % 2 === 0 }
  return Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, values[kind]]))
}
