// Plays a random workflow on the simulation host, watches it, and reads its state as plain data.
import { createActor, type AnyActorRef } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import type { Effect, Entry } from '../../src/runtime/port/host.ts'
import { rootOf, seatOf } from '../../src/runtime/charts/seat.ts'
import type { Run } from '../../src/runtime/run/run.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import type { Agreed } from '../model/compare.ts'
import { build, CAPACITY, replyOf, type WorkflowPlan } from './arbitraries.ts'
import type { Performed } from './workflows.ts'

/** What happened to a run. */
export interface Played {
  readonly report: RunReport
  readonly journal: readonly Entry[]
  readonly effects: readonly Effect[]
  /** The same, each after so many entries. */
  readonly performed: readonly Performed[]
  /** What the reference model is told of it. */
  readonly agreed: Agreed
  readonly events: readonly BusEvent[]
  /** The state of the whole tree after so many entries. */
  readonly states: ReadonlyMap<number, string>
  readonly time: number
}

type Attempt = Extract<Effect, { kind: 'attempt' }>

export interface Watch {
  /** Called after every event of the simulation. */
  readonly each?: (root: AnyActorRef) => void
  /** Resume from this journal. */
  readonly journal?: readonly Entry[]
}

/** Plays a plan to its end. Throws when it has none. */
export function play(plan: WorkflowPlan, { each, journal }: Watch = {}): Played {
  const performed: Performed[] = []
  const events: BusEvent[] = []
  const states = new Map<number, string>()
  const host: SimulationHost = new SimulationHost({
    seed: plan.seed,
    eventsMax: 20_000,
    ...(journal && { journals: { 1: journal } }),
    reply: (effect) => {
      performed.push({ entries: host.journal('1').length, effect })
      return replyOf(plan, effect)
    },
  })
  const workflow = build(plan, host)
  const snapshot = { status: 'active', output: undefined, error: undefined, runId: '1', inputs: {} }
  const actor = createActor(workflow, journal ? { snapshot: snapshot as never } : {})
  actor.on('*' as never, (event: unknown) => void events.push(event as BusEvent))
  const failures: Error[] = []
  actor.subscribe({ error: (error) => void failures.push(error as Error) })
  actor.start()
  let count = 0
  host.run(() => {
    const root = actor as unknown as AnyActorRef
    if (actor.getSnapshot().status === 'active') states.set(host.journal('1').length, stateOf(root))
    each?.(root)
    if (!journal && count++ === plan.cancelAfter && actor.getSnapshot().status === 'active')
      actor.send({ type: 'run.cancel' })
    return false
  })
  if (failures[0]) throw failures[0]
  if (actor.getSnapshot().status !== 'done')
    throw new Error(`The run did not end: ${stateOf(actor as unknown as AnyActorRef)}`)
  const report = actor.getSnapshot().output as unknown as RunReport
  const effects = performed.map(({ effect }) => effect)
  const agreed = { definition: definitionOf(workflow), setting: SETTING }
  return { report, journal: host.journal('1'), effects, performed, agreed, events, states, time: host.time }
}

/** What plans have around them. */
const SETTING: Agreed['setting'] = {
  runId: '1',
  inputs: {},
  modules: ['m', 'n'].map((name) => ({ name, operations: {}, config: null })),
  pools: [
    { name: 'pool', units: CAPACITY },
    { name: 'other', units: 1 },
  ],
  leaseTimeoutMs: 20_000,
  handlers: [],
}

function definitionOf(workflow: unknown): WorkflowDefinition {
  if (workflow instanceof RunLogic) return workflow.blueprint.plan.workflow
  throw new TypeError('A workflow of the builder was expected')
}

export const attemptsOf = (effects: readonly Effect[]): Attempt[] =>
  effects.filter((effect): effect is Attempt => effect.kind === 'attempt')

/** Everything that the actors of a run know, as text. */
export function stateOf(root: AnyActorRef): string {
  const { session, scope } = rootOf(root)!
  const { graph } = seatOf<Run>(root.getSnapshot())!.seated!
  const actors = [...session.actors].map(([path, actor]) => {
    const { value, context, status } = actor.getSnapshot() as {
      value: unknown
      context: object
      status: string
    }
    return [path, value, context, status]
  })
  const { state, attempts, startedAt, finishedAt, outputs } = graph
  return JSON.stringify({
    actors: actors.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
    steps: [state, attempts, startedAt, finishedAt, outputs].map((list) => [...list]),
    failures: [...graph.failures].sort(([a], [b]) => a - b),
    modules: scope.moduleReports,
  })
}
