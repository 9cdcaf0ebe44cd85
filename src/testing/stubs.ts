// What stands in for modules in a simulation: an output or a fault for each step and for what undoes it, and a time that it
// takes. Nothing of a module's own code runs. Not the options that ask for it: those are the command line's.
import { blocksOf } from '../definition/nested.ts'
import type {
  HandlerDefinition,
  IntegrationDefinition,
  Module,
  Operation,
  WorkflowDefinition,
} from '../definition/model.ts'
import type { BusEvent } from '../../machines/protocol.ts'
import type { Reply } from '../hosts/simulation.ts'
import type { AttemptTarget, Effect } from '../runtime/port/host.ts'
import { calledBy } from '../runtime/execute/perform.ts'
import { chance } from '../runtime/journal/chance.ts'
import { everyList, placeOf, StepAddresses, withoutIterations, withoutTries } from './step-address.ts'
import { Unknowns } from './unknowns.ts'

/** Milliseconds of virtual time that an attempt takes, unless a fault says otherwise: drawn from this range. */
export const TAKES_MS = { min: 50, max: 1_000 } as const

/** What an attempt comes to. */
export type Fault =
  /** The first `times` attempts fail; `Infinity`: all of them. */
  | { readonly kind: 'fail'; readonly times: number; readonly retryable: boolean }
  /** Never answers, and ends when it is told to stop. */
  | { readonly kind: 'hang' }
  /** Never answers, and does not listen either. */
  | { readonly kind: 'deaf' }
  | { readonly kind: 'slow'; readonly ms: number }

/**
 * Outputs and faults by step, as `outer/inner` or `scenario/outer/inner`, after `undo:` those of what undoes it; what handlers
 * answer, as `handler:module.operation`; and the modules that cannot be initialised.
 */
export interface Stubs {
  readonly outputs: ReadonlyMap<string, unknown>
  /** Outputs of an earlier run, by `scenario/outer/inner`, for steps that have no stub of their own. */
  readonly earlier: ReadonlyMap<string, unknown>
  readonly faults: ReadonlyMap<string, Fault>
  readonly modules: ReadonlySet<string>
}

/** In front of an address: what undoes the step. */
export const UNDO = 'undo:'

/** In front of `module.operation`: a handler of bus events. */
export const HANDLER = 'handler:'

/**
 * Modules that have every operation that is called; each answers with its step's stub, a handler with its own.
 * @param unknowns Told of steps and handlers without one.
 */
export function stubModules(
  definition: IntegrationDefinition,
  { outputs, earlier }: Stubs,
  unknowns: Unknowns = new Unknowns(),
): Module[] {
  const addresses = new StepAddresses(definition.workflows)
  const outputOf = (path: string): unknown => {
    const stubbed = namesOf(path).find((name) => outputs.has(name))
    if (stubbed !== undefined) return outputs.get(stubbed)
    const known = fullNamesOf(path).find((name) => earlier.has(name))
    if (known !== undefined) return earlier.get(known)
    const { scenario, kind, address } = placeOf(path)
    const step = addresses.pathTo(scenario, withoutIterations(address)).at(-1)
    if (step && !kind.endsWith('compensation')) unknowns.add(step)
    return null
  }
  const answerOf = (handler: string, { type }: BusEvent): unknown => {
    if (type === 'step_failed' && !outputs.has(`${HANDLER}${handler}`))
      unknowns.assumed.add(`${handler} gives no verdict, for no --stub says which`)
    return outputs.get(`${HANDLER}${handler}`) ?? null
  }
  const operation =
    (name: string): Operation =>
    (parameters, { idempotencyKey: path }) =>
      path.startsWith('run/') ? outputOf(path) : answerOf(name, parameters)
  const modules = new Map<string, Record<string, Operation>>()
  for (const { module, operation: name } of callsOf(definition)) {
    const operations = modules.get(module) ?? Object.create(null)
    modules.set(module, operations)
    operations[name] = operation(`${module}.${name}`)
  }
  return [...modules].map(([name, operations]) => ({ name, operations, config: null }))
}

const TARGETS: readonly AttemptTarget[] = ['operation', 'fallback', 'compensation', 'fallbackCompensation']

interface Target {
  readonly module: string
  readonly operation: string
}

/** All operations that a run may call: those of steps, of fallbacks, of compensations and of handlers. */
export const callsOf = ({ workflows, handlers }: IntegrationDefinition): readonly Target[] => [
  ...[...everyList(workflows)]
    .flatMap(({ steps }) => steps.flatMap((step) => TARGETS.map((target) => calledBy(step, target))))
    .filter((target) => target !== null && 'module' in target),
  ...handlerCalls(handlers),
]

/** Those of handlers. */
export const handlerCalls = (handlers: readonly HandlerDefinition[]): readonly Target[] =>
  handlers.flatMap(({ target }) => ('module' in target ? target : []))

/** What an attempt may be called, the closest name first: with its iterations before without, and with its scenario. */
const namesOf = (path: string) => fullNamesOf(path).flatMap((name) => [name, withoutScenario(name)])

/** With its scenario, which is a path's own. */
function fullNamesOf(path: string): string[] {
  const { scenario, kind, address } = placeOf(path)
  const prefix = kind.endsWith('compensation') ? UNDO : ''
  const addresses = new Set([address, withoutTries(address), withoutIterations(address)])
  return [...addresses].map((each) => `${prefix}${scenario}/${each}`)
}

/** `undo:` stays in front. */
const withoutScenario = (name: string) => name.replace(/^(undo:)?[^/]*\//, '$1')

/** How each effect of a simulation goes; the time that an attempt takes is drawn from `seed`, step and attempt. */
export function replies(
  { faults, modules }: Stubs,
  seed: number,
  definition: IntegrationDefinition,
): (effect: Effect) => Reply {
  const limits = new Limits(definition)
  return (effect) => {
    if (effect.kind === 'init' && modules.has(effect.module)) {
      const message = `${effect.module} cannot be initialised: a simulated failure`
      return { kind: 'settle', outcome: failed('MODULE_INIT_FAILED', message, true) }
    }
    if (effect.kind !== 'attempt') return { kind: 'execute' }
    const afterMs = timeTaken(seed, `${effect.to}#${effect.attempt}`, limits.of(effect.to))
    const faulty = namesOf(effect.to).find((name) => faults.has(name))
    const fault = faulty === undefined ? undefined : faults.get(faulty)
    if (effect.target === 'fallback' || fault === undefined) return { kind: 'execute', afterMs }
    if (fault.kind === 'slow') return { kind: 'execute', afterMs: fault.ms }
    if (fault.kind !== 'fail') return { kind: fault.kind }
    if (effect.attempt > fault.times) return { kind: 'execute', afterMs }
    const outcome = failed('OPERATION_FAILED', 'a simulated failure', fault.retryable)
    return { kind: 'settle', outcome, afterMs }
  }
}

/**
 * How long attempts may take, so that nothing times out by chance: within their own limits, and all steps of a list together within
 * what limits the list. Iterations count once, for how many there are is not known before.
 */
class Limits {
  private readonly definition: IntegrationDefinition
  private readonly addresses: StepAddresses
  private readonly known = new Map<string, number>()

  constructor(definition: IntegrationDefinition) {
    this.definition = definition
    this.addresses = new StepAddresses(definition.workflows)
  }

  /** `Infinity`: no limit. */
  of(path: string): number {
    const { scenario, kind, address } = placeOf(path)
    const shared = withoutIterations(address)
    const key = `${kind}/${scenario}/${shared}`
    const limit = this.known.get(key) ?? this.find(kind, scenario, shared)
    this.known.set(key, limit)
    return limit
  }

  private find(kind: string, scenario: string, address: string): number {
    const { workflows, timeoutMs } = this.definition
    const workflow = workflows.find(({ name }) => name === scenario)
    if (!workflow) return Infinity
    const path = this.addresses.pathTo(scenario, address)
    if (kind === 'compensation') {
      const whole = workflow.compensationTimeoutMs / workflow.steps.length
      return least(whole, path.at(-1)?.compensate?.timeoutMs)
    }
    const whole = least(timeoutMs) / workflows.length
    return path.reduce(
      (left, step) => shareOf(least(left, step.timeoutMs, step.heartbeatMs), blocksOf(step)),
      shareOf(whole, [workflow]),
    )
  }
}

const least = (...limits: readonly (number | null | undefined)[]) =>
  Math.min(...limits.map((limit) => limit ?? Infinity))

/** Divides a limit among the steps of the longest of these lists; a step without lists has all of it. */
const shareOf = (limitMs: number, lists: readonly WorkflowDefinition[]) =>
  least(limitMs, ...lists.map(({ steps, timeoutMs }) => least(limitMs, timeoutMs) / steps.length))

function failed(code: string, message: string, retryable: boolean) {
  return { status: 'failed' as const, error: Object.assign(new Error(message), { code, retryable }) }
}

/** A time from `TAKES_MS`, but within a limit that there is: a step does not time out by chance. */
function timeTaken(seed: number, key: string, limitMs: number): number {
  const ms = Math.round(TAKES_MS.min + chance(seed, key) * (TAKES_MS.max - TAKES_MS.min))
  return Math.max(1, Math.min(ms, Math.floor(limitMs / 2)))
}
