// Values that bite whoever looks at them, made anew each time, for tests of everything that user code throws and returns.
// oxlint-disable unicorn/no-thenable, only-throw-error -- values that bite are what it is about
import fc from 'fast-check'

const bite = (): never => {
  throw new Error('bitten')
}

/** Throws a value that bites in its turn. */
const biteBack = (): never => {
  throw everyTrap(bite)
}

/** Whose every trap bites. */
function everyTrap(trap: () => never, target: object = {}): object {
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set', 'isExtensible']
  return new Proxy(
    target,
    Object.fromEntries([...traps, 'preventExtensions', 'apply'].map((name) => [name, trap])),
  )
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** The length of a list stays what it is. */
function withGetter(target: object, name: PropertyKey, get: () => unknown): object {
  Reflect.defineProperty(target, name, { get, enumerable: true, configurable: true })
  return target
}

/** Fields that the product reads of errors, promises and data. */
const FIELDS: readonly PropertyKey[] = [
  ...['code', 'message', 'name', 'stack', 'cause', 'retryable', 'retryAfter', 'retryAfterMs', 'effect'],
  ...['then', 'toJSON', 'constructor', 'toString', 'valueOf', 'length', 'catch'],
  ...[Symbol.toPrimitive, Symbol.toStringTag, Symbol.iterator, Symbol.species],
]

/** A promise of itself: one that a native promise is resolved with keeps the engine of JavaScript itself busy for ever. */
export function promiseOfItself(): object {
  const itself = { then: (done: (value: unknown) => void) => done(itself) }
  return itself
}

const oddities: readonly (() => unknown)[] = [
  () => everyTrap(bite),
  () => everyTrap(biteBack),
  () => everyTrap(bite, []),
  () => everyTrap(bite, () => {}),
  () => everyTrap(bite, new Error('x')),
  () => revoked({}),
  () => revoked([]),
  () => revoked(() => {}),
  () => Symbol('s'),
  () => 10n ** 5000n,
  () => bite,
  () => undefined,
  () => null,
  () => Number.NaN,
  () => 'x'.repeat(1_000_000),
  () => '\u{1f600}'.repeat(100_000),
  () => new Date(Number.NaN),
  () => new Map([[{}, everyTrap(bite)]]),
  () => Object.create(null) as object,
  () => Object.assign([], { length: 2 ** 32 - 1 }),
  () => Object.assign([1], { map: bite, length: 1 }),
  () =>
    new (class extends Array<number> {
      static override get [Symbol.species](): never {
        return bite()
      }
    })(3),
  () =>
    Object.assign(new Error('x'), { message: Symbol('m'), name: 5, code: {}, retryAfter: { valueOf: bite } }),
  () =>
    Object.assign(new Error('m'.repeat(1_000_000)), {
      name: 'n'.repeat(1_000_000),
      code: 'c'.repeat(1_000_000),
    }),
  () => {
    const error = new Error('its own cause')
    return Object.assign(error, { cause: error })
  },
  () => {
    const cycle: Record<string, unknown> = {}
    return Object.assign(cycle, { cycle })
  },
  // Promises of a kind.
  () => ({ then: bite }),
  () => ({ then: biteBack }),
  promiseOfItself,
  () => ({ then: (done: (value: unknown) => void) => [done(1), done(2), bite()] }),
  () => ({ then: (_: unknown, fail: (error: unknown) => void) => fail(everyTrap(bite)) }),
  () => Object.assign(() => {}, { then: (done: (value: unknown) => void) => done(everyTrap(bite)) }),
  () => withGetter(Promise.resolve(1), 'constructor', bite),
  () => withGetter(Promise.resolve(1), 'then', bite),
  () => Object.assign(Promise.resolve(1), { constructor: { [Symbol.species]: bite } }),
]

/** A value that bites, as a function that makes it. */
export const hostile: fc.Arbitrary<() => unknown> = fc.oneof(
  fc.constantFrom(...oddities),
  fc
    .tuple(
      fc.constantFrom(...FIELDS),
      fc.constantFrom<(() => object)[]>(
        () => ({}),
        () => [1, 2],
        () => new Error('x'),
        () => () => {},
      ),
      fc.constantFrom(
        bite,
        biteBack,
        () => everyTrap(bite),
        () => Symbol('s'),
      ),
    )
    .map(
      ([name, target, get]) =>
        () =>
          withGetter(target(), name, get),
    ),
  fc
    .tuple(
      fc.constantFrom(...oddities),
      fc.constantFrom<PropertyKey[]>('cause', 'retryAfter', 'code', 'data', 0),
    )
    .map(
      ([make, name]) =>
        () =>
          withGetter(new Error('x'), name, make),
    ),
  fc
    .anything({ withBigInt: true, withMap: true, withSparseArray: true, withNullPrototype: true })
    .map((value) => () => value),
)
