// Whatever user code throws and returns, wherever it is called, its run ends within its limits, and says why in few words.
// oxlint-disable unicorn/no-thenable -- `then` is a branch of a step, which nobody awaits
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { setup } from '../../src/index.ts'
import type { Host } from '../../src/runtime/port/host.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { memoryHost } from '../../src/hosts/memory.ts'
import type { Failure } from '../../machines/protocol.ts'
import { run } from '../../src/runtime/setup.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { hostile, promiseOfItself } from './hostile-values.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300)

/** Where user code is called. */
const PLACES = [
  ...([
    'operation',
    'fallback',
    'compensation',
    'init',
    'cleanup',
    'handler',
    'handlerFilter',
    'log',
  ] as const),
  ...([
    'parameters',
    'fallbackParameters',
    'undoParameters',
    'inputs',
    'items',
    'output',
    'outputs',
  ] as const),
  ...(['when', 'while', 'branch', 'filter', 'heardOutput', 'callOutput'] as const),
  ...(['emitted', 'logged', 'reported', 'share'] as const),
] as const
type Place = (typeof PLACES)[number]

/** What it does there. */
const WAYS = ['returns', 'throws', 'promises', 'rejects'] as const
type Way = (typeof WAYS)[number]

interface Attack {
  readonly place: Place
  readonly way: Way
  readonly make: () => unknown
}

function strike({ way, make }: Attack): unknown {
  switch (way) {
    case 'returns':
      return make()
    case 'throws':
      throw make()
    case 'promises':
      return (async () => make())()
    case 'rejects':
      return (async () => {
        throw make()
      })()
  }
}

/** What an operation hands over, and drops: a promise among it that is rejected is its own affair. */
const HANDED_OVER: ReadonlySet<Place> = new Set(['emitted', 'logged', 'reported', 'share'])

/** A workflow that calls user code everywhere, and is undone where `isDoomed`. */
function attacked(attacks: readonly Attack[], isDoomed: boolean, given?: Host) {
  const at = <T>(place: Place, usual: T) => {
    const attack = attacks.find((each) => each.place === place)
    return (attack ? strike(attack) : usual) as T
  }
  const fail = () => {
    throw new Error('doomed')
  }
  const modules = {
    m: {
      init: () => at('init', 1),
      cleanup: () => at('cleanup', 1),
      operations: {
        op: (
          _: unknown,
          {
            emit,
            log,
            progress,
          }: {
            emit: (type: string, data: unknown) => void
            log: (text: string, data?: unknown) => void
            progress: (share: number, message: string) => void
          },
        ) => {
          progress(at('share', 0.5), at('reported', 'half'))
          log(at('logged', 'done'), at('logged', 1))
          emit(at('emitted', 'go'), at('emitted', 1))
          return at('operation', { list: [1] })
        },
        fallback: () => at('fallback', { list: [1] }),
        undo: () => at('compensation', 1),
        fail,
        plain: () => 1,
      },
    },
  }
  const inner = { a: { invoke: 'm.plain' } }
  const steps = {
    a: {
      invoke: 'm.op',
      parameters: () => at('parameters', {}),
      when: () => at('when', true),
      retry: { count: 1, initial: '1ms' },
      fallback: { invoke: 'm.fallback', parameters: () => at('fallbackParameters', {}) },
      compensate: {
        invoke: 'm.undo',
        parameters: () => at('undoParameters', {}),
        retry: { count: 1, initial: '1ms' },
      },
    },
    each: { forEach: () => at('items', [1]), steps: inner, output: () => at('output', 1), onFailure: 'skip' },
    again: {
      while: ({ index }: { index: number }) => index < 1 && at('while', true),
      steps: inner,
      maxIterations: 3,
      onFailure: 'skip',
    },
    branch: { condition: () => at('branch', true), then: inner, else: inner, onFailure: 'skip' },
    heard: {
      waitForEvent: 'go',
      filter: () => at('filter', true),
      output: () => at('heardOutput', 1),
      timeout: '20ms',
      onTimeout: 'continue',
      onFailure: 'skip',
    },
    last: {
      invoke: isDoomed ? 'm.fail' : 'm.plain',
      dependsOn: ['a', 'each', 'again', 'branch', 'heard'],
      runIf: 'all_done',
    },
  }
  const host = given ?? memoryHost({ log: () => at('log', undefined) as undefined })
  const subscription = {
    id: 's',
    pattern: 'step_*',
    filter: () => at('handlerFilter', true),
    handler: () => at('handler', undefined),
  }
  const made = setup({ modules, host, subscriptions: [subscription] })
  const child = made.createWorkflow({ id: 'child', inputs: { x: {} }, steps: inner } as never)
  const called = {
    scenario: child,
    inputs: () => at('inputs', { x: 1 }),
    output: () => at('callOutput', 1),
    onFailure: 'skip',
  }
  return made.createWorkflow({
    id: 'w',
    parallel: true,
    timeout: '5s',
    onFailure: 'compensate',
    steps: { ...steps, called },
    outputs: { x: () => at('outputs', 1) },
  } as never)
}

function checkFailure(failure: Failure | null): void {
  if (!failure) return
  const { code, message, name = '', cause = null } = failure
  expect(Buffer.byteLength(code)).toBeLessThanOrEqual(1_000)
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(1_000)
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(10_240)
  checkFailure(cause)
}

const attack: fc.Arbitrary<Attack> = fc
  .record({ place: fc.constantFrom(...PLACES), way: fc.constantFrom(...WAYS), make: hostile })
  .filter(({ way, make }) => way !== 'promises' || make !== promiseOfItself)
  .filter(({ place, way }) => !HANDED_OVER.has(place) || way === 'returns' || way === 'throws')

describe('hostile values', () => {
  const uncaught: unknown[] = []
  const hear = (error: unknown) => void uncaught.push(error)
  beforeEach(() => void process.on('uncaughtException', hear).on('unhandledRejection', hear))
  afterEach(() => void process.off('uncaughtException', hear).off('unhandledRejection', hear))

  const check = (report: RunReport) => {
    expect(report.status).not.toBe('timed_out')
    expect(report.leasesOpen).toBe(0)
    checkFailure(report.error)
    for (const { error, compensation } of report.steps)
      [error, compensation?.error ?? null].forEach(checkFailure)
    report.cleanupIssues.forEach(checkFailure)
    expect(JSON.stringify(report).length).toBeLessThan(3_000_000)
  }
  const attacks = fc.array(attack, { minLength: 1, maxLength: 3 })

  it('end no run but in order, wherever user code throws or returns them', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(attacks, fc.boolean(), async (all, isDoomed) => {
      uncaught.length = 0
      check((await run(attacked(all, isDoomed))) as RunReport)
      await new Promise((done) => setImmediate(done))
      expect(uncaught.length).toBe(0)
    })
    await fc.assert(property, { numRuns: RUNS })
  })

  it('end no simulated run but in order', { timeout: 600_000 }, () => {
    const property = fc.property(attacks, fc.boolean(), fc.nat(), (all, isDoomed, seed) => {
      const host = new SimulationHost({ seed })
      const actor = createActor(attacked(all, isDoomed, host)).start()
      host.run()
      check(actor.getSnapshot().output as RunReport)
    })
    fc.assert(property, { numRuns: RUNS })
  })
})
