// The options that say what stands in for modules. The grammar of --fault and --stub is here, and nowhere else; what they come
// to is what exploration and simulations share.
import { durationMs } from '../definition/duration.ts'
import { shown, suggestion } from '../definition/diagnostic.ts'
import { readJson } from '../definition/json.ts'
import type { IntegrationDefinition } from '../definition/model.ts'
import { StepAddresses, type FoundStep } from '../testing/step-address.ts'
import { callsOf, HANDLER, handlerCalls, UNDO, type Fault, type Stubs } from '../testing/stubs.ts'
import { earlierOutputs } from './earlier-outputs.ts'

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
  const modules = new Set(callsOf(definition).map(({ module }) => module))
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
    if (text === null) return `--fault takes step=FAULT, found ${shown(given)}; a fault is ${FAULTS}`
    if (name.startsWith('module:')) {
      const problem = readModule(name.slice('module:'.length), text, modules)
      if (problem !== null) return problem
      stubs.modules.add(name.slice('module:'.length))
      continue
    }
    const refused = refusal('--fault', name, addresses)
    if (refused !== null) return refused
    const fault = readFault(text)
    if (fault === null) return `--fault ${name}: a fault is ${FAULTS}, found ${shown(text)}; take one of them`
    stubs.faults.set(name, fault)
  }
  for (const given of outputs) {
    const [name, text] = halves(given)
    if (text === null)
      return `--stub takes step=JSON, found ${shown(given)}; write --stub ${name}='{"rows": 3}'`
    const refused = name.startsWith(HANDLER)
      ? noHandler(name.slice(HANDLER.length), definition)
      : refusal('--stub', name, addresses)
    if (refused !== null) return refused
    const read = readJson(text)
    if ('problem' in read) {
      return `--stub ${name}: an output is JSON, found ${shown(text)}: ${read.problem}; text is written in quotes, as '"text"'`
    }
    stubs.outputs.set(name, read.value)
  }
  return stubs
}

/** A name may hold a `=`, what follows the name does not begin with one. */
function halves(given: string): [string, string | null] {
  const at = given.search(/=(fail|fatal|hang|deaf|slow)\b|=["[{\d-]|=(true|false|null)$/)
  const cut = at < 0 ? given.lastIndexOf('=') : at
  return cut < 1 ? [given, null] : [given.slice(0, cut), given.slice(cut + 1)]
}

/** Why nothing can stand in for what is named; `null` where something can. */
function refusal(option: string, name: string, addresses: StepAddresses): string | null {
  const isUndo = name.startsWith(UNDO)
  const address = isUndo ? name.slice(UNDO.length) : name
  const found = addresses.find(address)
  if (found.length === 0) {
    const remedy = addresses.remedy(address, 'name a step, or scenario/step')
    return `${option} names a step of the document, found ${shown(address)}; ${remedy}`
  }
  if (found.some((each) => (isUndo ? each.step.compensate !== null : isStubbed(each)))) return null
  const { step } = found[0]!
  if (isUndo) return `${option} undo:${address}: nothing undoes "${address}"; name a step that has compensate`
  if (step.control === null) return `${option} ${name}: an iteration is none of a step's calls; leave [N] out`
  const remedy = step.control.kind === 'wait' ? `give --signal or --cancel` : `name a step inside of it`
  return `${option} ${name}: a step of type ${step.control.kind} calls no operation; ${remedy}`
}

/** Why there is no handler to answer for; `null` where there is one. */
function noHandler(name: string, { handlers }: IntegrationDefinition): string | null {
  const known = handlerCalls(handlers).map(({ module, operation }) => `${module}.${operation}`)
  if (known.includes(name)) return null
  const remedy = known.length === 0 ? 'the document has none' : suggestion(name, known, 'name one')
  return `--stub ${HANDLER} names an operation that handles events, found "${name}"; ${remedy}`
}

const isStubbed = ({ step, isIteration }: FoundStep) => step.call !== null && !isIteration

function readModule(name: string, text: string, modules: ReadonlySet<string>): string | null {
  if (!modules.has(name)) {
    return `--fault names a module that is called, found ${shown(name)}; ${suggestion(name, modules, 'name one')}`
  }
  return text === 'fail' ? null : `--fault module:${name} takes fail, found ${shown(text)}; correct it`
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
