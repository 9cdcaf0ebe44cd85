// What stands in for modules in a simulation: an output or a fault for each step and for what undoes it, and a time that it
// takes. Nothing of a module's own code runs. The grammar of --fault and --stub is here, and nowhere else.
import { durationMs } from '../definition/duration.ts'
import { suggestion } from '../definition/diagnostic.ts'
import { blocksOf } from '../definition/nested.ts'
import type { IntegrationDefinition, Module, Operation, StepDefinition } from '../definition/model.ts'
import type { Reply } from '../hosts/simulation.ts'
import type { Effect } from '../runtime/host.ts'
import { chance } from '../runtime/session.ts'
import { earlierOutputs } from './earlier-outputs.ts'
import { everyList, placeOf, StepAddresses, withoutIterations, type FoundStep } from './step-address.ts'

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

const FAULTS = 'fail, fail:N, fatal, hang, deaf or slow:TIME'

/** The options that say what stands in for modules. */
export interface StubOptions {
  readonly fault: readonly string[]
  readonly stub: readonly string[]
  readonly outputsFrom?: string
}

/** The stubs that options ask for, or what is wrong with them. */
export function readStubs(
  definition: IntegrationDefinition,
  { fault: faults, stub: outputs, outputsFrom }: StubOptions,
): Stubs | string {
  const addresses = new StepAddresses(definition.workflows)
  const modules = new Set(
    [...everyList(definition.workflows)].flatMap(({ steps }) =>
      steps.flatMap(({ call }) => call?.module ?? []),
    ),
  )
  const stubs = {
    outputs: new Map<string, unknown>(),
    earlier: new Map<string, unknown>(),
    faults: new Map<string, Fault>(),
    modules: new Set<string>(),
  }
  const take = (address: string, output: unknown) => stubs.earlier.set(address, output)
  const unread = outputsFrom === undefined ? null : earlierOutputs(outputsFrom, take)
  if (unread !== null) return unread
  for (const given of faults) {
    const [name, text] = halves(given)
    if (text === null) return `--fault takes step=FAULT, found "${given}"; a fault is ${FAULTS}`
    if (name.startsWith('module:')) {
      const problem = readModule(name.slice('module:'.length), text, modules)
      if (problem !== null) return problem
      stubs.modules.add(name.slice('module:'.length))
      continue
    }
    const refused = refusal('--fault', name, addresses)
    if (refused !== null) return refused
    const fault = readFault(text)
    if (fault === null) return `--fault ${name}: a fault is ${FAULTS}, found "${text}"; take one of them`
    stubs.faults.set(name, fault)
  }
  for (const given of outputs) {
    const [name, text] = halves(given)
    if (text === null) return `--stub takes step=JSON, found "${given}"; write --stub ${given}='{"rows": 3}'`
    const refused = refusal('--stub', name, addresses)
    if (refused !== null) return refused
    try {
      stubs.outputs.set(name, JSON.parse(text))
    } catch {
      return `--stub ${name}: an output is JSON, found "${text}"; text is written in quotes, as '"text"'`
    }
  }
  return stubs
}

/** A name may hold a `=`, what follows the name does not begin with one. */
function halves(given: string): [string, string | null] {
  const at = given.search(/=(fail|fatal|hang|deaf|slow)\b|=["[{\d-]|=(true|false|null)$/)
  const cut = at < 0 ? given.lastIndexOf('=') : at
  return cut < 1 ? [given, null] : [given.slice(0, cut), given.slice(cut + 1)]
}

const UNDO = 'undo:'

/** Why nothing can stand in for what is named; `null` where something can. */
function refusal(option: string, name: string, addresses: StepAddresses): string | null {
  const isUndo = name.startsWith(UNDO)
  const address = isUndo ? name.slice(UNDO.length) : name
  const found = addresses.find(address)
  if (found.length === 0) {
    const remedy = addresses.remedy(address, 'name a step, or scenario/step')
    return `${option} names a step of the document, found "${address}"; ${remedy}`
  }
  if (found.some((each) => (isUndo ? each.step.compensate !== null : isStubbed(each)))) return null
  const { step } = found[0]!
  if (isUndo) return `${option} undo:${address}: nothing undoes "${address}"; name a step that has compensate`
  if (step.control === null) return `${option} ${name}: an iteration is none of a step's calls; leave [N] out`
  const remedy = step.control.kind === 'wait' ? `give --signal or --cancel` : `name a step inside of it`
  return `${option} ${name}: a step of type ${step.control.kind} calls no operation; ${remedy}`
}

const isStubbed = ({ step, isIteration }: FoundStep) => step.call !== null && !isIteration

function readModule(name: string, text: string, modules: ReadonlySet<string>): string | null {
  if (!modules.has(name)) {
    return `--fault names a module that steps call, found "${name}"; ${suggestion(name, modules, 'name one')}`
  }
  return text === 'fail' ? null : `--fault module:${name} takes fail, found "${text}"; correct it`
}

function readFault(text: string): Fault | null {
  const [kind, argument] = text.split(':', 2)
  if (kind === 'fail' && argument !== undefined) {
    const times = Number(argument)
    return Number.isSafeInteger(times) && times > 0 ? { kind, times, retryable: true } : null
  }
  if (kind === 'slow') {
    const ms = durationMs(argument)
    return ms === null ? null : { kind, ms }
  }
  if (argument !== undefined) return null
  if (kind === 'fail') return { kind, times: Infinity, retryable: true }
  if (kind === 'fatal') return { kind: 'fail', times: Infinity, retryable: false }
  return kind === 'hang' || kind === 'deaf' ? { kind } : null
}

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
    for (const target of steps.flatMap((step) => [step.call, step.fallback, step.compensate])) {
      if (target === null || !('module' in target)) continue
      const operations = modules.get(target.module) ?? Object.create(null)
      modules.set(target.module, operations)
      operations[target.operation] = operation
    }
  }
  return [...modules].map(([name, operations]) => ({ name, operations, config: null }))
}

/** What an attempt may be called, the closest name first: with its iterations before without, and with its scenario. */
const namesOf = (path: string) => fullNamesOf(path).flatMap((name) => [name, withoutScenario(name)])

/** With its scenario, which is a path's own. */
function fullNamesOf(path: string): string[] {
  const { scenario, kind, address } = placeOf(path)
  const prefix = kind === 'compensation' ? UNDO : ''
  const addresses = new Set([address, withoutIterations(address)])
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
