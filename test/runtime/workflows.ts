// Workflows written out as definitions, and played on the simulation host: for tests of what the runtime does with a
// definition, whoever made it.
import { createActor, type AnyActorRef, type InspectionEvent } from 'xstate'
import type { BusEvent, Verdict } from '../../machines/protocol.ts'
import { CONTROL_DEFAULTS, RECOVERY_DEFAULTS, SCENARIO_DEFAULTS } from '../../src/definition/defaults.ts'
import type {
  CompensationDefinition,
  Computed,
  ControlDefinition,
  DataScope,
  FallbackCall,
  Module,
  OperationContext,
  StepDefinition,
  WorkflowDefinition,
} from '../../src/definition/model.ts'
import { planWorkflow } from '../../src/definition/plan.ts'
import { SimulationHost, type Chooser, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect, Entry } from '../../src/runtime/port/host.ts'
import { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import type { Subscription } from '../../src/runtime/environment/subscription.ts'
import { rootOf } from '../../src/runtime/charts/seat.ts'
import type { Session } from '../../src/runtime/journal/session.ts'
import { withoutTries } from '../../src/testing/step-address.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'

const NO_RETRY = {
  count: 0,
  backoff: {
    kind: 'constant',
    initialMs: 1000,
    factor: 1,
    maxMs: 60_000,
    jitter: 'none',
    maxElapsedMs: null,
  },
  nonRetryable: [],
} as const

/** A value, or an expression that is computed as CEL is: at once, and again on replay. */
export const computed = (given: unknown): Computed =>
  typeof given === 'function'
    ? { kind: 'expression', evaluate: given as (scope: DataScope) => unknown }
    : { kind: 'value', value: given }

/** A user's function: its answer is journaled. */
export const decided = (evaluate: (scope: DataScope) => unknown): Computed => ({ kind: 'function', evaluate })

type More = Partial<StepDefinition> & { readonly parameters?: unknown }

/** A step that calls `m.op`. */
export function step(name: string, { parameters = {}, ...more }: More = {}): StepDefinition {
  return {
    name,
    call: { module: 'm', operation: 'op', parameters: computed(parameters) },
    control: null,
    dependsOn: [],
    runIf: 'all_succeeded',
    when: null,
    timeoutMs: null,
    retry: NO_RETRY,
    fallback: null,
    onFailure: null,
    compensate: null,
    onCancel: more.compensate ? 'await' : 'abort',
    heartbeatMs: null,
    resources: [],
    priority: 0,
    ...more,
  }
}

/** What undoes a step: `m.undo`, given the step's input and output. */
export const undo = (more: Partial<CompensationDefinition> = {}): CompensationDefinition => ({
  module: 'm',
  operation: 'undo',
  parameters: null,
  on: 'success',
  timeoutMs: null,
  retry: NO_RETRY,
  ...more,
})

/** Another operation in a step's place, `m.op`, and what undoes that. */
export const fallbackCall = (compensate: CompensationDefinition | null = null): FallbackCall => ({
  module: 'm',
  operation: 'op',
  parameters: computed({}),
  compensate,
})

/** A workflow that is undone where one of its steps fails. */
export const compensating = { onFailure: 'compensate' } as const

/** What was called to undo something, in order. */
export const undone = ({ calls }: { readonly calls: readonly string[] }) =>
  calls.filter((call) => call.startsWith('undo:'))

/** A step that can be undone. */
export const saga = (name: string, more: More = {}) => step(name, { compensate: undo(), ...more })

/** Retries, without jitter. */
export const retries = (count: number, initialMs = 1000) => ({
  ...NO_RETRY,
  count,
  backoff: { ...NO_RETRY.backoff, initialMs },
})

const control = (name: string, definition: ControlDefinition, more: More): StepDefinition => ({
  ...step(name, more),
  call: null,
  control: definition,
})

const block = (steps: readonly StepDefinition[], more: Partial<WorkflowDefinition> = {}) =>
  workflow(steps, { name: 'block', inputs: null, ...more })

type Parts<TKind extends ControlDefinition['kind']> = Partial<Extract<ControlDefinition, { kind: TKind }>>

/** Steps side by side. */
export const parallel = (
  name: string,
  steps: readonly StepDefinition[],
  { waitFor = 'all', output = null }: Parts<'parallel'> = {},
  more: More = {},
) => control(name, { kind: 'parallel', block: block(steps, { parallel: true }), waitFor, output }, more)

/** One branch of several. */
export const conditional = (
  name: string,
  cases: readonly (readonly [when: unknown, steps: readonly StepDefinition[]])[],
  otherwise: readonly StepDefinition[] | null = null,
  { output = null }: Parts<'conditional'> = {},
  more: More = {},
) =>
  control(
    name,
    {
      kind: 'conditional',
      cases: cases.map(([when, steps]) => ({
        when: typeof when === 'object' ? (when as Computed) : computed(when),
        block: block(steps),
      })),
      otherwise: otherwise && block(otherwise),
      output,
    },
    more,
  )

/** Steps for each item, or as long as a condition says so. */
export const loop = (
  name: string,
  over: Extract<ControlDefinition, { kind: 'iterative' }>['over'],
  steps: readonly StepDefinition[],
  parts: Parts<'iterative'> = {},
  more: More = {},
) =>
  control(
    name,
    {
      kind: 'iterative',
      over,
      block: block(steps),
      iterationsMax: CONTROL_DEFAULTS.iterationsMax,
      maxConcurrency: 1,
      tolerate: { count: 0 },
      output: null,
      ...parts,
    },
    more,
  )

/** Over the items of a list. */
export const each = (items: unknown) => ({ kind: 'each', items: computed(items) }) as const

/** A wait for a time. */
export const pause = (name: string, delayMs: number, more: More = {}) =>
  control(name, { kind: 'wait', until: { kind: 'timer', delayMs }, output: null }, more)

/** A wait for an event. */
export const awaitEvent = (
  name: string,
  event: string,
  until: Partial<Extract<Extract<ControlDefinition, { kind: 'wait' }>['until'], { kind: 'event' }>> = {},
  more: More = {},
) =>
  control(
    name,
    {
      kind: 'wait',
      until: {
        kind: 'event',
        event,
        filter: null,
        timeoutMs: null,
        onTimeout: 'fail',
        shared: false,
        ...until,
      },
      output: null,
    },
    more,
  )

/** Another workflow as a step. */
export const scenario = (name: string, called: WorkflowDefinition, inputs: unknown = {}, more: More = {}) =>
  control(name, { kind: 'scenario', workflow: called, inputs: computed(inputs), output: null }, more)

/** A workflow, parallel unless it says otherwise. */
export function workflow(
  steps: readonly StepDefinition[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  return {
    name: 'w',
    description: '',
    timeoutMs: null,
    parallel: true,
    maxConcurrency: 64,
    failFast: false,
    onFailure: SCENARIO_DEFAULTS.onFailure,
    compensationTimeoutMs: SCENARIO_DEFAULTS.compensationTimeoutMs,
    recovery: RECOVERY_DEFAULTS,
    inputs: null,
    steps,
    outputs: {},
    ...more,
  }
}

/** Names of steps and the verdicts of a list. */
export const verdicts = (...list: readonly Verdict[]) => ({ onFailure: list })

/** What an operation does, by its step's address and whether it undoes: `load`, `outer/inner`, `scan[1]/fetch`, `undo:load`. */
export type Fates = Readonly<Record<string, (context: OperationContext, parameters: unknown) => unknown>>

export interface Play {
  readonly fates?: Fates
  /** How an attempt goes. */
  readonly reply?: (effect: Effect, address: string) => Reply | undefined
  /** Default: what became possible first happens first. */
  readonly chooser?: Chooser
  readonly subscriptions?: readonly Subscription[]
  readonly pools?: readonly { readonly name: string; readonly units: number }[]
  readonly inputs?: Readonly<Record<string, unknown>>
  readonly eventsEnabled?: boolean
  /** Whether the handler of an event never answers. */
  readonly handlerHangs?: (effect: Effect) => boolean
  /** How long a user's function takes that decides something, or that handles an event. Default 0. */
  readonly thinkMs?: (effect: Effect) => number
  /** Sent to the run at these virtual times, in milliseconds. */
  readonly sent?: readonly (readonly [at: number, event: { readonly type: string }])[]
  readonly journal?: readonly Entry[]
  /** Virtual time at the beginning. Default 0. */
  readonly startAt?: number
  readonly inspect?: (event: InspectionEvent) => void
  /** What is logged, by whom. */
  readonly log?: (path: string, message: string) => void
  /** Whether the states of the tree are kept after each entry. Default `true`. */
  readonly keepsStates?: boolean
  /** Called after everything that happens. */
  readonly each?: (session: Session) => void
}

/** An effect, and how many entries there were when it was asked for. */
export interface Performed {
  readonly entries: number
  readonly effect: Effect
}

/** What an attempt's operation was given. */
export interface Given {
  readonly key: string
  readonly attempt: number
  readonly parameters: unknown
}

/** What happened. */
export interface Played {
  readonly report: RunReport
  /** Every attempt in order: `load`, `undo:load`. */
  readonly calls: readonly string[]
  readonly events: readonly BusEvent[]
  readonly journal: readonly Entry[]
  /** What was asked of the host, each after so many entries. */
  readonly performed: readonly Performed[]
  /** What operations were given that were executed. */
  readonly given: readonly Given[]
  readonly host: SimulationHost
  /** What began and what ended, in order: `load`, `end load`, `undo:load`, `end undo:load`. */
  readonly log: readonly string[]
  /** Operations that were under way at the end. */
  readonly running: readonly string[]
  /** Numbers of the attempts that were performed, by address. */
  readonly attempts: ReadonlyMap<string, readonly number[]>
  /** The states of the whole tree after so many entries. */
  readonly states: ReadonlyMap<number, string>
  /** Virtual time at the end. */
  readonly time: number
}

/** Operations of the module `m`; all do the same, and some say what that does to the world. */
const OPERATIONS = ['op', 'undo', 'read', 'put', 'pay']

/** What some of them do to the world. */
export const EFFECTS = { read: 'reads', put: 'idempotent', pay: 'once' } as const

/** How long steps wait for leases. */
export const LEASE_TIMEOUT_MS = 300_000

/** The address of what an effect is for, as `Fates` has it. */
export function addressOf({ to }: { readonly to: string }): string {
  const [, kind, address = to] = /^run\/r\/(\w+)\/(.*)$/s.exec(to) ?? []
  return kind?.endsWith('compensation') ? `undo:${address}` : address
}

/** Plays a workflow to its end, or to where nothing more happens. */
export function play(definition: WorkflowDefinition, options: Play = {}): Played {
  const { fates = {}, reply, sent = [], journal } = options
  const calls: string[] = []
  const log: string[] = []
  const attempts = new Map<string, number[]>()
  const states = new Map<number, string>()
  const performed: Performed[] = []
  const given: Given[] = []
  const operation = (parameters: unknown, context: OperationContext) => {
    given.push({ key: context.idempotencyKey, attempt: context.attempt, parameters })
    const address = addressOf({ to: context.idempotencyKey })
    const fate = fates[address] ?? fates[withoutTries(address)]
    return fate?.(context, parameters) ?? address
  }
  const modules: Module[] = [
    {
      name: 'm',
      operations: Object.fromEntries(OPERATIONS.map((name) => [name, operation as never])),
      effects: EFFECTS,
      config: null,
    },
  ]
  const host: SimulationHost = new SimulationHost({
    chooser: options.chooser ?? (() => 0),
    ...(journal && { journals: { r: journal } }),
    startAt: options.startAt ?? 0,
    ...(options.log && { log: options.log }),
    reply: (effect) => {
      const address = addressOf(effect)
      performed.push({ entries: host.journal('r').length, effect })
      if (effect.kind === 'attempt') {
        calls.push(address)
        log.push(address)
        attempts.set(address, [...(attempts.get(address) ?? []), effect.attempt])
      }
      if (options.handlerHangs?.(effect)) return { kind: 'hang' }
      const thinks = effect.kind === 'decision' || effect.kind === 'handler'
      if (thinks && options.thinkMs) return { kind: 'execute', afterMs: options.thinkMs(effect) }
      return (effect.kind === 'attempt' && reply?.(effect, address)) || { kind: 'execute' }
    },
  })
  const logic = new RunLogic({
    plan: planWorkflow(definition),
    host,
    env: {},
    parts: {
      modules,
      pools: options.pools ?? [],
      leaseTimeoutMs: LEASE_TIMEOUT_MS,
      eventsEnabled: options.eventsEnabled ?? true,
      history: { sizeMax: 1000, ageMsMax: 86_400_000 },
      subscriptions: options.subscriptions ?? [],
    },
  })
  const input = { runId: 'r', inputs: options.inputs ?? {} }
  const actor = journal
    ? createActor(logic, { snapshot: { status: 'active', runId: 'r', inputs: input.inputs } as never })
    : createActor(logic, { input, ...(options.inspect && { inspect: options.inspect }) })
  const events: BusEvent[] = []
  actor.on('*', (emitted) => {
    const event = emitted as unknown as BusEvent
    events.push(event)
    if (ENDS.has(event.type)) log.push(`end ${addressOf({ to: event.source })}`)
  })
  const waiting = [...sent]
  let failure: unknown
  actor.subscribe({ error: (error) => (failure = error) })
  actor.start()
  const isOver = () => actor.getSnapshot().status !== 'active'
  host.run(() => {
    while (!isOver() && waiting[0] && (host.time >= waiting[0][0] || nextDue(host) > waiting[0][0])) {
      const [at, event] = waiting.shift()!
      host.time = Math.max(host.time, at)
      actor.send(event as never)
    }
    const { session } = rootOf(actor)!
    options.each?.(session)
    if (options.keepsStates !== false && host.journal('r').length > states.size)
      states.set(host.journal('r').length, statesOf(actor, session))
    return isOver()
  })
  if (failure !== undefined) throw failure as Error
  const report = actor.getSnapshot().output as unknown as RunReport
  const entries = host.journal('r')
  const running = [...attempts.keys()].filter((address) => {
    const to = address.startsWith('undo:')
      ? `run/r/compensation/${address.slice('undo:'.length)}`
      : `run/r/step/${address}`
    const settled = entries.filter((entry) => entry.to === to && SETTLES.test(entry.event.type))
    return !settled.some(
      ({ event }) => (event as { attempt?: number }).attempt === attempts.get(address)!.at(-1),
    )
  })
  const made = { calls, performed, given, log, attempts, running, states, events }
  return { report, ...made, journal: entries, host, time: host.time }
}

const ENDS = new Set([
  'step_completed',
  'step_failed',
  'step_skipped',
  'step_compensated',
  'step_compensation_failed',
])

const SETTLES = /^attempt\.(?:succeeded|failed)$/

/** The states of all actors of a tree, and who waits for which events. */
function statesOf(root: AnyActorRef, { actors }: Session): string {
  const seen = [...actors].map(([path, each]) => {
    const { value, context } = each.getSnapshot() as { value: unknown; context: object }
    return [path, value, context]
  })
  const { lines } = rootOf(root)!.scope.mailbox
  return JSON.stringify(
    [...seen.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)), lines],
    (_, value: unknown) =>
      value === root ? null : value instanceof Map || value instanceof Set ? [...value] : value,
  )
}

/** When the next thing happens by itself. */
function nextDue(host: SimulationHost): number {
  return host.nextAt ?? Infinity
}

/** Status by step. */
export const statuses = ({ report }: Played) =>
  Object.fromEntries(report.steps.map(({ name, status }) => [name, status]))

/** Fails, always. */
export const breaks = () => {
  throw new Error('no luck')
}

/** Operations at these addresses never answer. */
export const hang = (...addresses: string[]): NonNullable<Play['reply']> => {
  return (_, address) => (addresses.includes(address) ? { kind: 'hang' } : undefined)
}

/** The snapshot of run `1`, as it was written down while the run was under way. */
export const UNDER_WAY = {
  status: 'active',
  output: undefined,
  error: undefined,
  runId: '1',
  inputs: {},
} as never

/** Written down, and read again. */
export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
