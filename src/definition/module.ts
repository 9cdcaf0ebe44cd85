// Modules as users write them, and the one form in which the runtime knows them. It finds and loads nothing.
import { SagachartError } from '../errors.ts'
import { messageOf } from '../foreign.ts'
import { listed, shown } from './diagnostic.ts'
import type { HookFaults, OutputFaults } from './inference.ts'
import { ownCopy, toJson } from './json-copy.ts'
import type { JsonForm } from './json-form.ts'
import type { HookName, Module, ModuleContext, Operation, OperationEffect } from './model.ts'

type Operations = Readonly<Record<string, Operation>>

/** A module with a life cycle. */
export interface ModuleSource<O extends Operations = Operations> {
  /** Called once before the first scenario. */
  readonly init?: (context: ModuleContext) => unknown
  /** Called once at the end, in reverse order of initialisation, always. */
  readonly cleanup?: (context: ModuleContext) => unknown
  /** Any name will do here, `init`, `cleanup` and `health` too. */
  readonly operations: O
  /** Of its functions: change it with what they do, and a run that began with another is not resumed. Default: none. */
  readonly version?: string
  /** What operations do to the world, by operation. Unknown of those that are left out. */
  readonly effects?: { readonly [TName in keyof O]?: OperationEffect }
  /** What operations answer where they are not called: in explorations. By operation; each a JSON value. */
  readonly examples?: { readonly [TName in keyof O]?: JsonForm<Awaited<ReturnType<O[TName]>>> }
}

const HOOKS = ['init', 'cleanup', 'health'] as const satisfies readonly HookName[]

/** Names that belong to the life cycle, not to operations. */
const LIFE_CYCLE: ReadonlySet<string> = new Set(['constructor', ...HOOKS])

/**
 * What to do where an operation is not there because its name is that of a hook; `null` for any other name.
 * @see toModule, which takes it for one
 */
export function hookRemedy(operation: string): string | null {
  if (!HOOKS.some((name) => name === operation)) return null
  return `"${operation}" is the name of a hook of a module's life cycle: rename the operation, or list it under operations: defineModule({ operations: { ${operation} } })`
}

/** What is wrong with a module, at its place. */
type Faults<S> = HookFaults<S> &
  (S extends { readonly operations: infer O extends Operations }
    ? ModuleSource<O> & { readonly operations: OutputFaults<O> } & NoOther<S, ModuleSource> & {
          readonly examples?: S extends { readonly examples: infer E } ? NoOther<E, O> : unknown
        }
    : Operations & OutputFaults<Omit<S, HookName>>)

/** Refuses keys that are not among those that are known. */
type NoOther<T, TKnown> = { readonly [_ in Exclude<keyof T, keyof TKnown>]: never }

/** Declares a module; returns it as it is, with its operations' types kept. */
export function defineModule<const O extends Operations>(
  source: ModuleSource<O> & { readonly operations: OutputFaults<O> },
): ModuleSource<O>
/** The same for a plain object of operations. */
export function defineModule<const O extends Operations>(
  operations: O & OutputFaults<Omit<O, HookName>> & HookFaults<O>,
): O
/** Only a source with a mistake comes this far, so that the compiler names the mistake. */
export function defineModule<const S>(source: S & Faults<S>): S
export function defineModule(source: unknown): unknown {
  return source
}

/**
 * Brings what a user wrote into the runtime's form: `defineModule({…})`, a plain object of operations, a class (built
 * with its configuration), or an instance of one.
 * @throws SagachartError `MODULE_LOAD_FAILED`
 */
export function toModule(name: string, value: unknown, given: unknown): Module {
  const config = toJson(given, 'config')
  const built = isClass(value) ? build(name, value, ownCopy(config, 'config')) : value
  if (typeof built !== 'object' || built === null || Array.isArray(built)) {
    refuse(name, `expected an object of operations, defineModule({…}) or a class, found ${kindOf(built)}`)
  }
  const source = built as Record<string, unknown>
  const grouped =
    Object.hasOwn(source, 'operations') &&
    typeof source['operations'] === 'object' &&
    source['operations'] !== null
  const operations = grouped ? ownOperations(source['operations'] as object) : methodsOf(source)
  if (Object.keys(operations).length === 0) {
    const names = Object.keys(source)
    const [remedy] = names.map(hookRemedy).filter((each) => each !== null)
    const found = remedy === undefined ? listed(names) : `${listed(names)}; ${remedy}`
    refuse(name, `expected at least one operation, found ${found}`)
  }
  const module: { -readonly [K in keyof Module]: Module[K] } = { name, operations, config }
  const effects = effectsOf(name, source['effects'], operations)
  if (effects) module.effects = effects
  const examples = grouped ? byOperation(name, 'examples', source['examples'], operations) : null
  if (examples) module.examples = examples
  const { init, cleanup, version } = source
  if (typeof version === 'string') module.version = version
  else if (grouped && version !== undefined)
    refuse(name, `expected version to be text, found ${shown(version)}`)
  if (typeof init === 'function') module.init = (context) => Reflect.apply(init, source, [context])
  if (typeof cleanup === 'function') module.cleanup = (context) => Reflect.apply(cleanup, source, [context])
  return module
}

function refuse(name: string, reason: string): never {
  throw new SagachartError('MODULE_LOAD_FAILED', `Failed to load module ${name}: ${reason}`)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'function' ? 'a function' : `a ${typeof value}`
}

type Class = new (config: unknown) => unknown

function isClass(value: unknown): value is Class {
  if (typeof value !== 'function') return false
  if (/^class\b/.test(Function.prototype.toString.call(value))) return true
  const prototype: unknown = value.prototype
  return (
    typeof prototype === 'object' && prototype !== null && Object.getOwnPropertyNames(prototype).length > 1
  )
}

function build(name: string, constructor: Class, config: unknown): unknown {
  try {
    return new constructor(config)
  } catch (error) {
    return refuse(name, `its class can't be built: ${messageOf(error)}`)
  }
}

function ownOperations(source: object): Record<string, Operation> {
  const operations: Record<string, Operation> = Object.create(null)
  for (const [name, value] of Object.entries(source)) {
    if (typeof value === 'function') operations[name] = value.bind(source) as Operation
  }
  return operations
}

/** Deepest chain of classes that is looked through. */
const INHERITANCE_MAX = 32

// Own functions and those of the classes above, the nearest first; getters are not touched.
function methodsOf(source: object): Record<string, Operation> {
  const operations: Record<string, Operation> = Object.create(null)
  let holder: object | null = source
  for (let depth = 0; holder && holder !== Object.prototype && depth < INHERITANCE_MAX; depth++) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (LIFE_CYCLE.has(name) || name in operations) continue
      const value: unknown = Object.getOwnPropertyDescriptor(holder, name)?.value
      if (typeof value === 'function') operations[name] = value.bind(source) as Operation
    }
    holder = Object.getPrototypeOf(holder) as object | null
  }
  return operations
}

const EFFECTS: ReadonlySet<unknown> = new Set<OperationEffect>(['reads', 'idempotent', 'once'])

/** What a module says that its operations do to the world: any form of module may have `effects`. */
function effectsOf(name: string, given: unknown, operations: Readonly<Record<string, Operation>>) {
  if (typeof given === 'function') return null
  const effects = byOperation(name, 'effects', given, operations)
  for (const [operation, effect] of Object.entries(effects ?? {})) {
    if (!EFFECTS.has(effect))
      refuse(
        name,
        `expected the effect of "${operation}" to be reads, idempotent or once, found ${shown(effect)}`,
      )
  }
  return effects as (Module['effects'] & object) | null
}

/** The examples of its operations' answers, or their effects, that a module gives. */
function byOperation(
  name: string,
  key: 'examples' | 'effects',
  given: unknown,
  operations: Readonly<Record<string, Operation>>,
): Readonly<Record<string, unknown>> | null {
  if (given === undefined) return null
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    refuse(name, `expected ${key} by operation, found ${kindOf(given)}`)
  const stray = Object.keys(given).find((each) => !Object.hasOwn(operations, each))
  if (stray !== undefined)
    refuse(
      name,
      `expected ${key} of its operations ${listed(Object.keys(operations))}, found one of "${stray}"`,
    )
  return given as Readonly<Record<string, unknown>>
}
