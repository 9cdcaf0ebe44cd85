// The drill: a document's own scenarios, run in virtual time with stubs in place of modules, once for each thing that is bound to
// fail some day. Nothing real is touched. Not an exploration: it says how a document fares, not whether the engine is right.
import { createActor, type AnyActorRef } from 'xstate'
import type { IntegrationDefinition } from '../definition/model.ts'
import { SagachartError } from '../errors.ts'
import { SimulationHost, type Reply } from '../hosts/simulation.ts'
import type { InboundEvent } from '../runtime/port/events.ts'
import type { Effect } from '../runtime/port/host.ts'
import { calledBy } from '../runtime/execute/perform.ts'
import { IntegrationLogic, type IntegrationReport } from '../runtime/charts/integration-logic.ts'
import { rootOf } from '../runtime/charts/seat.ts'
import type { DrillReport, DrilledError } from '../runtime/report/result.ts'
import { tolerant } from './assumptions.ts'
import { OUTSIDER } from './offers.ts'
import { everyList } from './step-address.ts'
import { replies, stubModules, type Stubs } from './stubs.ts'
import { Unknowns } from './unknowns.ts'

/** Steps of all error scenarios together that a drill plays at most: about a second's worth. */
export const DRILL_STEPS_MAX = 20_000

/** Events of one error scenario at most. */
const EVENTS_MAX = 200_000

/** What an attempt takes that is not struck, in milliseconds of virtual time. */
const ATTEMPT_MS = 100

/** What fails. */
interface ErrorScenario {
  readonly kind: string
  readonly target: string
  /** How an effect goes; `null`: as it would. */
  reply?(effect: Effect, module: string | null): Reply | null
  /** Done once the modules and pools are there. */
  begin?(deliver: (to: string, event: InboundEvent) => void, root: string): void
}

/** An error scenario of a document's own: a name, and what goes wrong. */
export interface OwnScenario {
  readonly name: string
  readonly stubs: Stubs
}

/**
 * Plays every error scenario:
 * - `module_failure`, for each module that is called: its operations fail for good;
 * - `communication_failure`, for each of them: its operations never answer, and stop when they are told to;
 * - `resource_exhaustion`, for each pool: someone else takes all of it at the start, and gives nothing back;
 * - those of the document itself, by name.
 *
 * One is handled where the integration came to its end with no lease open, and recovered from where it or all its scenarios also
 * ended well: completed, or undone. Linear in the steps of the document and the number of scenarios; beyond `DRILL_STEPS_MAX`
 * steps in all nothing is played, and the report says so.
 */
export function drill(definition: IntegrationDefinition, own: readonly OwnScenario[] = []): DrillReport {
  const scenarios = [...scenariosOf(definition), ...own.map((each) => ownScenario(definition, each))]
  const steps = [...everyList(definition.workflows)].reduce((sum, list) => sum + list.steps.length, 0)
  const work = steps * scenarios.length
  if (work > DRILL_STEPS_MAX) {
    const skipped = `the drill would play ${work} steps, it plays at most ${DRILL_STEPS_MAX}`
    return { skipped, error_scenarios: [] }
  }
  return { skipped: null, error_scenarios: scenarios.map((scenario) => playScenario(definition, scenario)) }
}

function scenariosOf({ workflows, pools }: IntegrationDefinition): ErrorScenario[] {
  const lists = [...everyList(workflows)]
  const modules = new Set(lists.flatMap(({ steps }) => steps.flatMap(({ call }) => call?.module ?? [])))
  const fails = (target: string): ErrorScenario => ({
    kind: 'module_failure',
    target,
    reply: (_, module) =>
      module === target ? { kind: 'settle', outcome: FAILED, afterMs: ATTEMPT_MS } : null,
  })
  const hangs = (target: string): ErrorScenario => ({
    kind: 'communication_failure',
    target,
    reply: (_, module) => (module === target ? { kind: 'hang' } : null),
  })
  const exhausts = ({ name, units }: { name: string; units: number }): ErrorScenario => ({
    kind: 'resource_exhaustion',
    target: name,
    begin: (deliver, root) => {
      const request = { lease: OUTSIDER, units, priority: 0, at: 0, replyTo: '' }
      deliver(`${root}/pool/${name}`, { type: 'lease.request', ...request })
    },
  })
  return [...[...modules].flatMap((module) => [fails(module), hangs(module)]), ...pools.map(exhausts)]
}

const FAILED = {
  status: 'failed',
  error: Object.assign(new Error('a drill: the module is down'), { code: 'DRILL', retryable: false }),
} as const

function ownScenario(definition: IntegrationDefinition, { name, stubs }: OwnScenario): ErrorScenario {
  const reply = replies(stubs, 1, definition)
  return { kind: name, target: [...stubs.faults.keys(), ...stubs.modules].join(', '), reply }
}

const NO_STUBS: Stubs = { outputs: new Map(), earlier: new Map(), faults: new Map(), modules: new Set() }

function playScenario(
  definition: IntegrationDefinition,
  { kind, target, reply, begin }: ErrorScenario,
): DrilledError {
  let actor: AnyActorRef | null = null
  const host = new SimulationHost({
    eventsMax: EVENTS_MAX,
    reply: (effect) =>
      reply?.(effect, moduleOf(actor, effect)) ??
      (effect.kind === 'attempt' ? { kind: 'execute', afterMs: ATTEMPT_MS } : { kind: 'execute' }),
  })
  const unknowns = new Unknowns()
  const logic = new IntegrationLogic({
    definition: tolerant(definition, unknowns),
    modules: stubModules(definition, NO_STUBS, unknowns),
    host,
  })
  const root = createActor(logic, { input: { inputs: definition.inputs } })
  actor = root
  root.subscribe({ error: () => {} })
  root.start()
  const { session } = rootOf(root)!
  begin?.((to, event) => session.deliver(to, event), session.path)
  try {
    host.run(() => root.getSnapshot().status !== 'active')
  } catch (error) {
    if (!(error instanceof SagachartError)) throw error
  }
  const snapshot = root.getSnapshot() as unknown as { status: string; output?: IntegrationReport }
  const report = snapshot.status === 'done' ? (snapshot.output ?? null) : null
  if (snapshot.status === 'active') root.stop()
  return { scenario: kind, target, ...judged(report) }
}

/** The module that an attempt calls. */
function moduleOf(actor: AnyActorRef | null, effect: Effect): string | null {
  if (effect.kind !== 'attempt' || !actor) return null
  const run = rootOf(actor)?.session.runs.get(effect.run)
  if (!run) return null
  const called = calledBy(run.stepAt(effect.index), effect.target)
  return called && 'module' in called ? called.module : null
}

function judged(report: IntegrationReport | null): Omit<DrilledError, 'scenario' | 'target'> {
  if (!report) return { handled: false, recovered: false, status: 'never_ended', leases_open: 0 }
  const { status, leasesOpen, scenarios } = report
  const handled = leasesOpen === 0
  const endedWell = scenarios.every((run) => run?.status === 'completed' || run?.status === 'compensated')
  return { handled, recovered: handled && endedWell, status, leases_open: leasesOpen }
}
