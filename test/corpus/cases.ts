// Runs of several kinds whose journals are kept in journals/, as they were recorded, one file for each format that was ever
// written. Definitions are never changed here, for then their journals are of another one: a new case is added instead.
import { createActor, type AnyActorLogic } from 'xstate'
import { readDocument } from '../../src/definition/document.ts'
import type { OperationContext } from '../../src/definition/model.ts'
import { toModule } from '../../src/definition/module.ts'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import { IntegrationLogic } from '../../src/runtime/charts/integration-logic.ts'
import type { Effect, Entry, Host } from '../../src/runtime/port/host.ts'
import { setupOn } from '../../src/runtime/setup.ts'

/** A run that is recorded, and what goes on from its journal. */
export interface Case {
  logic(host: Host, operations: object): AnyActorLogic
  /** Events that are sent from outside, each where nothing else is left to happen. */
  readonly signals?: readonly object[]
  /** How operations go, by the last part of their address. Default: at once. */
  readonly replies?: Readonly<Record<string, Reply>>
}

const built =
  (config: object, more: object = {}): Case['logic'] =>
  (host, operations) =>
    setupOn(host)({ modules: { m: operations }, ...more } as never).createWorkflow({
      id: 'w',
      ...config,
    } as never) as never

const op = { invoke: 'm.op' }
const failed: Reply = { kind: 'settle', outcome: { status: 'failed', error: new Error('no luck') } }
const jittery = { count: 2, initial: '10s', jitter: 'full' }

const DOCUMENT = `
integration:
  modules: [m]
  scenarios:
    - name: one
      parallel_execution: true
      steps:
        - { name: a, module: m, operation: op, parameters: { n: 1 }, resources: [db] }
        - { name: b, module: m, operation: op, resources: [db] }
        - { name: c, module: m, operation: op, depends_on: [a, b], when: steps.a.output == 'a', parameters: { of: '\${{ steps.a.output }}' } }
    - name: two
      steps:
        - { name: all, type: scenario, scenario: three }
    - name: three
      steps:
        - { name: pause, type: wait, for: 5s }
        - { name: d, module: m, operation: op, depends_on: [pause] }
resources:
  pools: { db: { units: 1 } }
`

/** By name. */
export const CASES: Readonly<Record<string, Case>> = {
  loop: {
    logic: built({
      steps: {
        all: {
          forEach: () => ['x', 'y', 'z'],
          maxConcurrency: 2,
          steps: {
            first: op,
            second: { ...op, dependsOn: ['first'], when: ({ index }: { index: number }) => index !== 1 },
          },
        },
        more: { until: () => true, steps: { once: op }, dependsOn: ['all'] },
      },
    }),
    replies: { first: { kind: 'execute', afterMs: 1000 } },
  },
  branch: {
    logic: built({
      parallel: true,
      steps: {
        chosen: {
          cases: [
            { when: () => false, steps: { never: op } },
            { when: () => true, steps: { taken: op, after: { ...op, dependsOn: ['taken'] } } },
          ],
          default: { otherwise: op },
        },
        beside: { ...op, when: () => true },
        skipped: { ...op, when: () => false },
      },
    }),
  },
  wait: {
    logic: built({
      steps: {
        asked: op,
        approved: {
          waitForEvent: 'approved',
          filter: ({ event }: { event: { data: { by: string } } }) => event.data.by === 'boss',
        },
        paid: { ...op, dependsOn: ['approved'] },
      },
    }),
    signals: [
      { type: 'run.signal', event: 'approved', data: { by: 'clerk' } },
      { type: 'run.signal', event: 'approved', data: { by: 'boss' } },
    ],
  },
  compensation: {
    logic: built({
      onFailure: 'compensate',
      steps: {
        flight: { ...op, compensate: 'm.undo' },
        trip: {
          parallel: { hotel: { ...op, compensate: 'm.undo' }, car: { ...op, compensate: 'm.undo' } },
          dependsOn: ['flight'],
        },
        pay: { ...op, dependsOn: ['trip'] },
      },
    }),
    replies: { pay: failed, car: { kind: 'execute', afterMs: 500 } },
  },
  retries: {
    logic: built({
      parallel: true,
      timeout: '1h',
      steps: {
        flaky: {
          ...op,
          retry: jittery,
          timeout: '30s',
          fallback: { value: 'instead' },
          onFailure: 'fallback',
        },
        slow: { ...op, timeout: '2s', retry: { count: 1 }, onFailure: 'skip' },
        last: { ...op, dependsOn: ['flaky', 'slow'], runIf: 'all_done' },
      },
    }),
    replies: { flaky: failed, slow: { kind: 'hang' } },
  },
  late: {
    logic: built({
      onFailure: 'compensate',
      parallel: true,
      steps: {
        late: { ...op, timeout: '1s', compensate: 'm.undo', onFailure: 'skip' },
        long: { wait: '1m' },
        bad: { ...op, dependsOn: ['long'] },
      },
    }),
    replies: { late: { kind: 'deaf', afterMs: 20_000 }, bad: failed },
  },
  // Nobody wants to know any more what the step did: format 1 said so all the same.
  forgotten: {
    logic: built({
      parallel: true,
      steps: {
        side: { parallel: { late: { ...op, timeout: '1s', onFailure: 'skip' } } },
        long: { wait: '1m' },
      },
    }),
    // It began while its run was there, so it is not executed when that is over.
    replies: {
      late: { kind: 'deaf', afterMs: 20_000, outcome: { status: 'succeeded', value: 'late' } } as Reply,
    },
  },
  cancelled: {
    logic: built({ steps: { asked: op, answered: { waitForEvent: 'answer' } } }),
    signals: [{ type: 'run.cancel' }],
  },
  integration: {
    logic(host, operations) {
      const result = readDocument(DOCUMENT, 'corpus.yaml')
      if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
      const { definition } = result.read
      return new IntegrationLogic({ definition, modules: [toModule('m', operations, {})], host })
    },
  },
}

/** How a run went. */
export interface Played {
  readonly journal: readonly Entry[]
  /** Statuses by step, and that of the whole. */
  readonly end: unknown
  /** Addresses of the operations that were called. */
  readonly calls: readonly string[]
  readonly errors: readonly unknown[]
  /** Messages of the engine. */
  readonly log: readonly string[]
}

const lastOf = ({ to }: Effect) => to.slice(to.lastIndexOf('/') + 1)

/** A captured state, and how many of the case's events were sent by then. */
export interface Saved {
  readonly snapshot: unknown
  readonly sent: number
}

/** What a case is played from in place of its begin, and who hears of each state that it comes to rest in. */
interface Watched {
  readonly journal?: readonly Entry[]
  readonly saved?: Saved
  readonly save?: (saved: Saved) => void
}

/** Plays a case, from its begin, from a journal or from a captured state, to its end. */
export function play(
  { logic, signals = [], replies = {} }: Case,
  { journal, saved, save }: Watched = {},
): Played {
  const calls: string[] = []
  const called = (_: unknown, { step, idempotencyKey }: OperationContext) => {
    calls.push(idempotencyKey)
    return step
  }
  const log: string[] = []
  const host = new SimulationHost({
    seed: 7,
    chooser: () => 0,
    reply: (effect: Effect) =>
      (effect.kind === 'attempt' && effect.target !== 'fallback' && replies[lastOf(effect)]) || {
        kind: 'execute',
      },
    log: (_, message) => log.push(message),
    ...(journal && { journals: { r: journal } }),
  })
  const snapshot = saved?.snapshot ?? (journal && { status: 'active', runId: 'r', inputs: {} })
  const actor = createActor(logic(host, { op: called, undo: called }), {
    ...(snapshot ? { snapshot: snapshot as never } : { input: { runId: 'r' } }),
  })
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  const commands = new Set(['run.signal', 'run.cancel'])
  let sent = saved?.sent ?? journal?.filter(({ event }) => commands.has(event.type)).length ?? 0
  const goOn = () =>
    host.run(() => {
      if (actor.getSnapshot().status === 'active') save?.({ snapshot: actor.getPersistedSnapshot(), sent })
      return false
    })
  goOn()
  while (sent < signals.length) {
    actor.send(signals[sent++]!)
    goOn()
  }
  const { output } = actor.getSnapshot() as { output?: unknown }
  return { journal: host.journal('r'), end: endOf(output), calls, errors, log }
}

interface Ended {
  readonly status: string
  readonly steps?: Iterable<{ readonly name: string; readonly status: string; readonly attempts: number }>
  readonly scenarios?: readonly (Ended | null)[]
}

/** The part of a report that is kept beside the journal. */
function endOf(report: unknown): unknown {
  if (report === undefined || report === null) return null
  const { status, steps = [], scenarios = [] } = report as Ended
  return {
    status,
    steps: [...steps].map(({ name, status: own, attempts }) => `${name} ${own} ${attempts}`),
    scenarios: scenarios.map(endOf),
  }
}
