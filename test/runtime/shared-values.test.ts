// User code that changes all that it is given, and all that it gave: nothing of a run, of another run and of the caller's own
// objects is changed by it.
// oxlint-disable unicorn/no-thenable -- `then` is a branch of a step, which nobody awaits
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { setup } from '../../src/index.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { run } from '../../src/runtime/setup.ts'
import { defineModule } from '../../src/definition/module.ts'
import { stepOf, type RunReport } from '../../src/runtime/report/step-records.ts'

/** Changes whatever can be changed of a value, however deep. */
function spoil(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const key of Reflect.ownKeys(value)) {
    if (key === 'length') continue
    spoil(Reflect.get(value, key), seen)
    Reflect.set(value, key, 'spoilt')
    Reflect.deleteProperty(value, key)
  }
  Reflect.set(value, 'spoilt', true)
  Reflect.defineProperty(value, 'also', { value: 'spoilt', enumerable: true, configurable: true })
  if (Array.isArray(value) && !Object.isFrozen(value)) value.push('spoilt')
  Reflect.setPrototypeOf(value, null)
  Reflect.preventExtensions(value)
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)

interface Situation {
  readonly value: unknown
  readonly isDoomed: boolean
  readonly isSpoiling: boolean
  readonly seed: number
}

/** What is to be the same, whether or not user code spoils what it gets hold of. */
function played({ value, isDoomed, isSpoiling, seed }: Situation) {
  const host = new SimulationHost({ seed })
  const held: unknown[] = []
  /** Says what user code was given, beside a value; all this is changed at the next call, as is all that it was given. */
  const use = (...given: unknown[]) => {
    const got = { saw: digest(JSON.stringify(given)), value: structuredClone(value) }
    if (isSpoiling) for (const each of [...held.splice(0), ...given]) spoil(each)
    held.push(got, ...given)
    return got
  }
  const parameters = { list: [value] }
  const preset = [value]
  const mine = { list: [{ value }] }
  const m = defineModule({
    init: ({ config }) => use(config),
    cleanup: ({ config }) => use(config),
    operations: {
      op: (given: unknown, { config, resources, run: about }) => use(given, config, resources, about),
      flaky(given: unknown, { attempt }) {
        const got = use(given)
        if (attempt === 1) throw Object.assign(new Error('no'), { cause: got })
        return got
      },
      fail(given: unknown) {
        use(given)
        throw new Error('doomed')
      },
    },
  })
  const made = setup({
    modules: { m },
    resources: { unit: { units: 2 } },
    host,
    subscriptions: ['first', 'second'].map((id) => ({
      id,
      pattern: '*',
      filter: (event) => use(event) !== null,
      handler: (event) => void use(event),
    })),
  })
  const child = made.createWorkflow({
    id: 'child',
    inputs: { given: {}, own: { default: preset } },
    steps: { inner: { invoke: 'm.op', parameters: (scope: unknown) => use(scope) } },
    outputs: { all: (scope: unknown) => use(scope) },
  } as never)
  const undo = { invoke: 'm.op', parameters: (scope: unknown) => use(scope) }
  const workflow = made.createWorkflow({
    id: 'w',
    parallel: true,
    onFailure: 'compensate',
    inputs: { list: { type: 'list' }, own: { default: preset } },
    steps: {
      a: {
        invoke: 'm.flaky',
        parameters,
        retry: { count: 1, initial: '1ms' },
        resources: ['unit'],
        compensate: 'm.op',
      },
      b: { invoke: 'm.op', parameters: (scope: unknown) => use(scope), dependsOn: ['a'], compensate: undo },
      each: {
        forEach: [value, value],
        steps: {
          of: { invoke: 'm.op', parameters: (scope: unknown) => use(scope), compensate: undo },
          same: { invoke: 'm.op', parameters },
        },
        output: (scope: unknown) => use(scope),
      },
      again: {
        while: (scope: { index: number }) => use(scope) !== null && scope.index < 2,
        steps: { same: { invoke: 'm.op', parameters } },
      },
      branch: { condition: (scope: unknown) => use(scope) !== null, then: { x: { invoke: 'm.op' } } },
      stand: { invoke: 'm.fail', parameters, fallback: { invoke: 'm.op', parameters } },
      fixed: { invoke: 'm.fail', fallback: { value: parameters } },
      heard: {
        waitForEvent: 'go',
        filter: (scope: unknown) => use(scope) !== null,
        output: (scope: unknown) => use(scope),
      },
      called: { scenario: child, inputs: (scope: unknown) => ({ given: use(scope) }), dependsOn: ['b'] },
      last: {
        invoke: isDoomed ? 'm.fail' : 'm.op',
        dependsOn: ['b', 'each', 'again', 'branch', 'stand', 'fixed', 'heard', 'called'],
        when: (scope: unknown) => use(scope) !== null,
      },
    },
    outputs: {
      all: (scope: unknown) => use(scope),
      list: ({ inputs }: { inputs: typeof mine }) => inputs.list,
    },
  } as never)
  const signals = { said: [value] }
  const reports = ['1', '2'].map((runId) => {
    const actor = createActor(workflow, { input: { runId, inputs: mine } as never })
    for (const type of ['step_failed', 'step_completed', 'workflow_completed'] as const)
      actor.on(type, (event) => void use(event))
    actor.start()
    actor.send({ type: 'run.signal', event: 'go', data: signals } as never)
    return actor
  })
  host.run()
  return JSON.stringify([
    reports.map((actor) => actor.getSnapshot().output as RunReport),
    ['1', '2'].map((runId) => host.journal(runId)),
    { parameters, preset, mine, signals },
  ])
}

describe('user code that changes all it gets hold of', () => {
  it('changes no run, no journal, no result, and nothing of the caller', { timeout: 120_000 }, () => {
    const property = fc.property(
      fc.record({ value: fc.jsonValue({ maxDepth: 3 }), isDoomed: fc.boolean(), seed: fc.nat() }),
      (situation) => {
        const tame = played({ ...situation, isSpoiling: false })
        expect(tame).toContain(situation.isDoomed ? '"compensated"' : '"completed"')
        // Their difference would fill the screen.
        expect(played({ ...situation, isSpoiling: true }) === tame).toBe(true)
      },
    )
    fc.assert(property, { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 30) })
  })
})

describe('an operation', () => {
  const push = (list: unknown[]) => list.push('changed')

  it('has parameters of its own at each attempt, in each iteration, and in each run', async () => {
    const seen: unknown[][] = []
    const m = {
      push({ list }: { list: unknown[] }) {
        seen.push([...list])
        push(list)
        if (seen.length === 1) throw new Error('the first attempt')
      },
    }
    const parameters = { list: [] as unknown[] }
    const workflow = setup({ modules: { m } }).createWorkflow({
      id: 'w',
      inputs: { own: { type: 'list', default: [] }, given: { type: 'list' } },
      steps: {
        retried: { invoke: 'm.push', parameters, retry: { count: 1, initial: '1ms' } },
        each: { forEach: [1, 2], steps: { one: { invoke: 'm.push', parameters } } },
        preset: { invoke: 'm.push', parameters: ({ inputs }) => ({ list: inputs.own as unknown[] }) },
        given: { invoke: 'm.push', parameters: ({ inputs }) => ({ list: inputs.given as unknown[] }) },
      },
    })
    push(parameters.list)
    const given: unknown[] = []
    await Promise.all([run(workflow, { inputs: { given } }), run(workflow, { inputs: { given } })])
    expect(seen.length).toBe(11)
    expect(seen.flat()).toEqual([])
    expect(given).toEqual([])
  })

  it('has a configuration of its own, which it may change, and so has a handler its event', () => {
    const host = new SimulationHost()
    const seen: unknown[] = []
    const change = (given: unknown) => {
      const { changed = 0 } = given as { changed?: number }
      Object.assign(given as object, { changed: changed + 1 })
      seen.push(changed)
    }
    const m = {
      init: ({ config }: { config: unknown }) => change(config),
      op: (_: unknown, { config }: { config: unknown }) => change(config),
    }
    const subscriptions = ['a', 'b'].map((id) => ({ id, pattern: 'step_started', handler: change }))
    const workflow = setup({ modules: { m }, host, subscriptions }).createWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.op' }, b: { invoke: 'm.op' } },
    })
    const actor = createActor(workflow).start()
    host.run()
    expect(actor.getSnapshot().output).toMatchObject({ status: 'completed' })
    expect(seen).toEqual(Array.from({ length: 7 }, () => 0))
  })
})

describe('a value that is not JSON', () => {
  const made = setup({ modules: { m: { op: (_: object) => 1 } } })

  it.each([
    [
      { steps: { a: { invoke: 'm.op', parameters: { at: [() => 1] } } } },
      /^Workflow "w", step "a": parameters\.at\[0\] is not JSON/,
    ],
    [{ outputs: { x: 1n }, steps: { a: { invoke: 'm.op' } } }, /^Workflow "w": outputs\.x is not JSON/],
    [
      { inputs: { i: { default: new Map() } }, steps: { a: { invoke: 'm.op' } } },
      /^Workflow "w": inputs\.i\.default is not JSON/,
    ],
  ])('is refused where it is written down', (config, message) => {
    expect(() => made.createWorkflow({ id: 'w', ...config } as never)).toThrow(
      expect.objectContaining({
        code: 'WORKFLOW_INVALID',
        message: expect.stringMatching(message) as string,
      }) as Error,
    )
  })

  it('is refused where it is computed, and before the operation is called', async () => {
    const workflow = made.createWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.op', parameters: () => ({ at: new Map() }), retry: { count: 3 } } },
    } as never)
    const report = (await run(workflow)) as RunReport
    expect(stepOf(report, 'a')).toMatchObject({
      attempts: 1,
      error: {
        code: 'OUTPUT_NOT_SERIALISABLE',
        message: expect.stringMatching(/^Parameters\.at is not JSON/) as string,
      },
    })
  })

  it('is refused where a run is given it', async () => {
    const workflow = made.createWorkflow({ id: 'w', inputs: { x: {} }, steps: { a: { invoke: 'm.op' } } })
    const message = expect.stringMatching(/^inputs\.x is not JSON/) as string
    for (const x of [new Map(), () => 1])
      await expect(run(workflow, { inputs: { x } })).rejects.toMatchObject({ code: 'INPUT_INVALID', message })
    const bites = new Proxy({}, { ownKeys: () => [][0]! })
    await expect(run(workflow, { inputs: { x: bites } })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })
})
