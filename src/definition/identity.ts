// The record of a definition that a journal keeps, as plain data: the identity, which a run needs to be resumed, and the settings,
// which may differ. Not the comparison: that is changes.ts. The text of functions and the values that they have captured are not
// in it, for nothing can see them.
// Invariant: linear in steps, and the same for the same definition in every process; nothing in it names a step by its place.
import { look } from '../foreign.ts'
import { BACKOFF_DEFAULTS } from './defaults.ts'
import type {
  CompensationDefinition,
  Computed,
  ControlDefinition,
  FallbackCall,
  IntegrationDefinition,
  Module,
  OperationCall,
  PoolDefinition,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from './model.ts'
import { blocksOf } from './nested.ts'

/** Facts about one thing, by name. JSON values. */
export type Facts = Readonly<Record<string, unknown>>

/** Facts about something that has a place in the definition. */
export interface Recorded {
  /** The same in every definition with which the run may be resumed. */
  readonly identity: Facts
  /** These may differ: limits, and digests of literals. */
  readonly settings: Facts
}

/** A step, with the lists of steps inside of it, as their numbers. */
export interface StepRecord extends Recorded {
  readonly name: string
  readonly lists: readonly number[]
}

/** A workflow, or a list of steps inside of one. */
export interface ListRecord extends Recorded {
  readonly steps: readonly StepRecord[]
}

/** A definition as a journal remembers it. A list that several steps run is there once. */
export interface DefinitionRecord extends Recorded {
  /** The workflows that it starts: as many of the lists, the first ones. */
  readonly workflows: number
  readonly lists: readonly ListRecord[]
}

/** The surroundings that a definition runs in: all that has actors of its own. */
export interface Environment {
  readonly modules: readonly Module[]
  readonly pools: readonly PoolDefinition[]
  readonly leaseTimeoutMs: number
  readonly eventsEnabled: boolean
  readonly history: object
  readonly subscriptions: readonly {
    readonly id: string
    readonly pattern: string
    readonly priority?: number
    readonly once?: boolean
  }[]
}

/** The record that was made last of a definition, and the environment that it was made for. */
const known = new WeakMap<object, { readonly record: DefinitionRecord; readonly environment: Environment }>()

/** The record of a definition. Every run in one environment has the same object. */
export function recordOf(
  definition: WorkflowDefinition | IntegrationDefinition,
  environment: Environment,
): DefinitionRecord {
  const last = known.get(definition)
  if (last?.environment === environment) return last.record
  const record = {
    ...wholeOf(definition, environment),
    lists: last?.record.lists ?? listsOf(workflowsOf(definition)),
  }
  known.set(definition, { record, environment })
  return record
}

const workflowsOf = (definition: WorkflowDefinition | IntegrationDefinition) =>
  'steps' in definition ? [definition] : definition.workflows

function wholeOf(
  definition: WorkflowDefinition | IntegrationDefinition,
  environment: Environment,
): Omit<DefinitionRecord, 'lists'> {
  const isWorkflow = 'steps' in definition
  const { modules, pools, leaseTimeoutMs, eventsEnabled, history, subscriptions } = environment
  const whole = isWorkflow ? {} : { failFast: definition.failFast }
  const limits = isWorkflow
    ? {}
    : { timeoutMs: definition.timeoutMs, maxConcurrentWorkflows: definition.maxConcurrentWorkflows }
  return {
    identity: said({
      ...whole,
      modules: modules.map(({ name, version }) => (version === undefined ? name : { name, version })),
      pools: pools.map(({ name }) => name),
      events: eventsEnabled,
      subscriptions: subscriptions.map(({ id, pattern, priority = 0, once = false }) => {
        return { id, pattern, priority, once }
      }),
    }),
    settings: said({
      ...limits,
      units: pools.map(({ units }) => units),
      leaseTimeoutMs,
      history,
      configs: modules.map(({ config }) => digest(config)),
    }),
    workflows: new Set(workflowsOf(definition)).size,
  }
}

/** All lists, those of the workflows first, each once. A queue, so that nothing recurses. */
function listsOf(workflows: readonly WorkflowDefinition[]): readonly ListRecord[] {
  const lists = [...new Set(workflows)]
  const numbers = new Map(lists.map((list, number) => [list, number]))
  const digests = new Digests()
  const numberOf = (list: WorkflowDefinition) => {
    const number = numbers.get(list) ?? lists.push(list) - 1
    numbers.set(list, number)
    return number
  }
  const called = new Set(workflows)
  const records: ListRecord[] = []
  for (let next = 0; next < lists.length; next++) {
    const list = lists[next]!
    const steps = list.steps.map((step) => {
      if (step.control?.kind === 'scenario') called.add(step.control.workflow)
      const { name } = step
      return { name, ...stepFacts(step, digests), lists: blocksOf(step).map(numberOf) }
    })
    records.push({ ...(called.has(list) ? workflowFacts(list, digests) : listFacts(list)), steps })
  }
  return records
}

function listFacts({ parallel, maxConcurrency, failFast }: WorkflowDefinition): Recorded {
  return {
    identity: said({ parallel, failFast }),
    settings: said({ maxConcurrency: parallel ? maxConcurrency : null }),
  }
}

function workflowFacts(workflow: WorkflowDefinition, digests: Digests): Recorded {
  const { name, version, onFailure, recovery, outputs, timeoutMs, compensationTimeoutMs } = workflow
  const { strategies, grantedRetriesMax, answerMs } = recovery
  const { identity, settings } = listFacts(workflow)
  const given = new Givens(digests)
  for (const [output, value] of Object.entries(outputs)) given.add(`outputs.${output}`, value)
  return {
    identity: said({ name, version, ...identity, onFailure, strategies, ...given.identity }),
    settings: said({
      ...settings,
      timeoutMs,
      compensationTimeoutMs,
      grantedRetriesMax,
      answerMs,
      ...given.settings,
    }),
  }
}

function stepFacts(step: StepDefinition, digests: Digests): Recorded {
  const { call, control, dependsOn, runIf, when, fallback, onFailure, compensate, version } = step
  const { onCancel, resources, timeoutMs, heartbeatMs, priority } = step
  const given = new Givens(digests)
  given.add('when', when)
  if (call) given.call('', call)
  if (fallback) {
    if ('module' in fallback) given.fallback(fallback)
    else given.add('fallback', fallback)
  }
  if (compensate) given.compensation('compensate', compensate)
  if (control) controlFacts(control, given)
  return {
    identity: said({
      kind: control?.kind,
      dependsOn: dependsOn.length > 1 ? dependsOn.toSorted() : dependsOn,
      runIf: runIf === 'all_succeeded' ? null : runIf,
      onFailure,
      onCancel: onCancel === 'abort' ? null : onCancel,
      resources: resources.map(({ pool }) => pool),
      version,
      ...given.identity,
    }),
    settings: said({
      timeoutMs,
      retry: retryFacts(step.retry),
      heartbeatMs,
      units: resources.map(({ units }) => units),
      priority: priority || null,
      ...given.settings,
    }),
  }
}

function controlFacts(control: ControlDefinition, given: Givens): void {
  if (control.output) given.add('output', control.output)
  switch (control.kind) {
    case 'parallel':
      given.set({}, { waitFor: control.waitFor })
      break
    case 'conditional':
      control.cases.forEach(({ when }, index) => given.add(`cases[${index}]`, when))
      given.set({ otherwise: control.otherwise !== null }, {})
      break
    case 'iterative': {
      const { over, iterationsMax, maxConcurrency, tolerate } = control
      given.add(over.kind, over.kind === 'each' ? over.items : over.condition)
      given.set({}, { iterationsMax, maxConcurrency, tolerate })
      break
    }
    case 'wait': {
      const { until } = control
      if (until.kind === 'timer') given.set({ until: 'timer' }, { delayMs: until.delayMs })
      else {
        const { event, shared, onTimeout, timeoutMs, filter } = until
        given.set({ event, shared, onTimeout: timeoutMs === null ? null : onTimeout }, { timeoutMs })
        given.add('filter', filter)
      }
      break
    }
    case 'scenario':
      given.add('inputs', control.inputs)
  }
}

/** The values, functions and calls that one step gives, as facts. */
class Givens {
  readonly identity: Record<string, unknown> = {}
  readonly settings: Record<string, unknown> = {}
  private readonly digests: Digests

  constructor(digests: Digests) {
    this.digests = digests
  }

  set(identity: Facts, settings: Facts): void {
    Object.assign(this.identity, identity)
    Object.assign(this.settings, settings)
  }

  add(place: string, computed: Computed | null): void {
    if (computed === null) return
    this.identity[place] = kindOf(computed)
    this.settings[place] = this.digests.of(literalOf(computed))
  }

  /** Parameters are mostly literals, so nothing says that these are. */
  call(place: string, { module, operation, parameters }: OperationCall): void {
    this.identity[`${place}operation`] = `${module}.${operation}`
    this.add(`${place}parameters`, parameters)
    if (parameters.kind === 'value') delete this.identity[`${place}parameters`]
  }

  fallback(fallback: FallbackCall): void {
    this.call('fallback.', fallback)
    if (fallback.compensate) this.compensation('fallback.compensate', fallback.compensate)
  }

  compensation(place: string, compensate: CompensationDefinition): void {
    const { module, operation, parameters, on, timeoutMs, retry } = compensate
    this.identity[place] = `${module}.${operation}`
    this.identity[`${place}.on`] = on === 'success' ? null : on
    this.add(`${place}.parameters`, parameters)
    this.settings[`${place}.timeoutMs`] = timeoutMs
    this.settings[`${place}.retry`] = retryFacts(retry)
  }
}

/** Without retries, nothing that is said of them counts; and most say little more than how many. */
function retryFacts({ count, backoff, nonRetryable }: RetryDefinition): Facts | null {
  if (count === 0) return null
  const own = Object.entries(backoff).filter(
    ([key, value]) => value !== BACKOFF_DEFAULTS[key as keyof typeof backoff],
  )
  return said({ count, ...Object.fromEntries(own), nonRetryable })
}

function kindOf(computed: Computed): string {
  if (computed.kind === 'value') return 'a literal'
  if (computed.kind === 'function') return 'a function'
  const { expressions } = computed.written?.() ?? { expressions: computed.source ?? 'an expression' }
  return typeof expressions === 'string' ? expressions : JSON.stringify(expressions)
}

function literalOf(computed: Computed): unknown {
  if (computed.kind === 'value') return computed.value
  return computed.kind === 'function' ? computed.literal : computed.written?.().literals
}

/** Without what says nothing: so a step that says little has a short record. */
function said(facts: Facts): Facts {
  const entries = Object.entries(facts).filter(
    ([, value]) =>
      value !== null &&
      value !== undefined &&
      value !== false &&
      !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(entries)
}

/** Digests of literals: a journal holds no secret that a definition does, and is not as long as that. */
class Digests {
  /** Many steps may be given one value. */
  private readonly made = new Map<unknown, string | null>()

  /** `null` for nothing, and for an object without members. */
  of(value: unknown): string | null {
    const same = this.made.get(value)
    if (same !== undefined) return same
    const made = digest(value)
    if (typeof value === 'object') this.made.set(value, made)
    return made
  }
}

/** FNV-1a, 32 bits, over the JSON text. Not for secrets, and not against anyone who means to deceive. */
function digest(value: unknown): string | null {
  const text = look(() => JSON.stringify(value), undefined)
  if (text === undefined || text === '{}') return null
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
