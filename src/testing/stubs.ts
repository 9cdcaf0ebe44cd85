// What stands in for modules in a simulation: an output or a fault for each step and for what undoes it, and a time that it
// takes. Nothing of a module's own code runs. Not the options that ask for it: those are the command line's.
import { blocksOf } from '../definition/nested.ts'
import type { IntegrationDefinition, Module, Operation, StepDefinition } from '../definition/model.ts'
import type { Reply } from '../hosts/simulation.ts'
import type { AttemptTarget, Effect } from '../runtime/host.ts'
import { calledBy } from '../runtime/perform.ts'
import { chance } from '../runtime/session.ts'
import { everyList, placeOf, StepAddresses, withoutIterations, withoutTries } from './step-address.ts'

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
 * Outputs and faults by step, as `outer/inner` or `scenario/outer/inner`, after `undo:` those of what undoes it; and the
 * modules that cannot be initialised.
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

/** Modules that have every operation that is called; each answers with its step's stub. */
export function stubModules({ workflows }: IntegrationDefinition, { outputs, earlier }: Stubs): Module[] {
  const operation: Operation = (_, { idempotencyKey }) => {
    const stubbed = namesOf(idempotencyKey).find((name) => outputs.has(name))
    if (stubbed !== undefined) return outputs.get(stubbed)
    const known = fullNamesOf(idempotencyKey).find((name) => earlier.has(name))
    return known === undefined ? null : earlier.get(known)
  }
  const modules = new Map<string, Record<string, Operation>>()
  for (const { steps } of everyList(workflows)) {
    for (const target of steps.flatMap(callsOf)) {
      if (!('module' in target)) continue
      const operations = modules.get(target.module) ?? Object.create(null)
      modules.set(target.module, operations)
      operations[target.operation] = operation
    }
  }
  return [...modules].map(([name, operations]) => ({ name, operations, config: null }))
}

const TARGETS: readonly AttemptTarget[] = ['operation', 'fallback', 'compensation', 'fallbackCompensation']

/** What a step may call. */
const callsOf = (step: StepDefinition) => TARGETS.flatMap((target) => calledBy(step, target) ?? [])

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

/** How long attempts may take: within their own limits, and all steps inside of one together within its limit. */
class Limits {
  private readonly addresses: StepAddresses
  private readonly known = new Map<string, number | null>()

  constructor({ workflows }: IntegrationDefinition) {
    this.addresses = new StepAddresses(workflows)
  }

  /** `null`: no limit. */
  of(path: string): number | null {
    const { scenario, kind, address } = placeOf(path)
    const shared = withoutIterations(address)
    const key = `${kind}/${scenario}/${shared}`
    const before = this.known.get(key)
    if (before !== undefined) return before
    const steps = this.addresses.pathTo(scenario, shared)
    const limits =
      kind === 'compensation' ? [steps.at(-1)?.compensate?.timeoutMs ?? null] : steps.flatMap(limitsOf)
    const given = limits.filter((limit) => limit !== null)
    const limit = given.length > 0 ? Math.min(...given) : null
    this.known.set(key, limit)
    return limit
  }
}

function limitsOf(step: StepDefinition): (number | null)[] {
  const { timeoutMs, heartbeatMs } = step
  const inside = blocksOf(step).reduce((most, { steps }) => Math.max(most, steps.length), 1)
  return [timeoutMs === null ? null : timeoutMs / inside, heartbeatMs]
}

function failed(code: string, message: string, retryable: boolean) {
  return { status: 'failed' as const, error: Object.assign(new Error(message), { code, retryable }) }
}

/** A time from `TAKES_MS`, but within a limit that there is: a step does not time out by chance. */
function timeTaken(seed: number, key: string, limitMs: number | null): number {
  const ms = Math.round(TAKES_MS.min + chance(seed, key) * (TAKES_MS.max - TAKES_MS.min))
  return limitMs === null ? ms : Math.max(1, Math.min(ms, Math.floor(limitMs / 2)))
}
