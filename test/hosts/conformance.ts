// What every host must do, as one suite. A host that cannot keep a rule declares the gap with its reason,
// which is printed; a rule is never left out silently.
import { describe, expect, it, onTestFinished } from 'vitest'
import { createActor, createMachine, type AnyActorRef, type Snapshot } from 'xstate'
import type { Host } from '../../src/runtime/port/host.ts'
import type { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import { setupOn, withHost } from '../../src/runtime/setup.ts'
import { stepOf, type RunReport } from '../../src/runtime/report/step-records.ts'
import type { WorkflowLogic } from '../../src/runtime/charts/workflow-logic.ts'
import { nestedRules } from './nested-rules.ts'
import { startRules } from './start-rules.ts'

/** A host, and how a test makes it go. */
export interface Harness {
  readonly host: Host
  /** Lets things happen until `done` holds; throws when it never does. */
  drive(done: () => boolean): Promise<void>
}

export type Rule = 'resumes a run that was interrupted' | 'refuses to resume a run it knows nothing of'

export interface HostUnderTest {
  readonly name: string
  /**
   * An operation of a step and the init of a module whose name starts with `hang` settle only when they are aborted, an
   * operation of one that starts with `deaf` answers long after it was abandoned, and all others answer at once.
   */
  create(): Harness
  readonly gaps: Readonly<Partial<Record<Rule, string>>>
}

const journal: string[] = []

/** Operations that note their calls. */
const modules = {
  m: {
    init: () => void journal.push('init m'),
    cleanup: () => void journal.push('cleanup m'),
    operations: {
      echo: (parameters: unknown, { step }: { step: string }) => {
        journal.push(step)
        return parameters
      },
      fail: () => {
        throw new Error('no luck')
      },
      flaky: (_: unknown, { attempt }: { attempt: number }) => {
        if (attempt < 3) throw new Error(`attempt ${attempt}`)
        return attempt
      },
      map: () => new Map(),
      hang: (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise((_done, fail) => {
          signal.addEventListener('abort', () => {
            journal.push('aborted')
            fail(signal.reason as Error)
          })
        }),
      deaf: () => new Promise((done) => setTimeout(done, 30)),
    },
  },
  n: {
    init: () => void journal.push('init n'),
    cleanup: () => void journal.push('cleanup n'),
    operations: { noop: () => 1 },
  },
}

/** Runs the suite on a host. */
export function conformance({ name, create, gaps }: HostUnderTest): void {
  const rule = (text: Rule, body: () => Promise<void>) => {
    const gap = gaps[text]
    it(
      gap === undefined ? text : `${text} (gap: ${gap})`,
      gap === undefined ? body : () => expect(gap).not.toBe(''),
    )
  }
  const start = (workflow: WorkflowLogic, harness: Harness) => {
    journal.length = 0
    const actor = createActor(withHost(workflow, harness.host))
    actor.subscribe({ error: () => {} })
    onTestFinished(() => void (actor.getSnapshot().status === 'active' && actor.stop()))
    return actor.start()
  }
  const finish = async (workflow: WorkflowLogic) => {
    const harness = create()
    const actor = start(workflow, harness)
    await harness.drive(() => actor.getSnapshot().status !== 'active')
    return actor.getSnapshot().output as RunReport
  }
  const at = setupOn(create().host)({ modules, resources: { pool: { units: 2 } } }) as unknown as Builder

  describe(`${name} host`, () => {
    describe('starts', () => startRules(create))
    describe('runs', () => ordinaryRules(at, finish))
    describe('ends', () => endRules(at, create, start))
    describe('embeds', () => embeddingRules(at, create))
    describe('nests', () => nestedRules({ at: at as never, journal, create, start, finish }))

    rule('resumes a run that was interrupted', async () => {
      const harness = create()
      const workflow = at.createWorkflow({
        id: 'w',
        steps: { a: { invoke: 'm.echo', parameters: { x: 1 } }, b: { invoke: 'm.echo', dependsOn: ['a'] } },
      })
      const actor = start(workflow, harness)
      await harness.drive(() => journal.includes('a'))
      const snapshot = actor.getPersistedSnapshot()
      ;(harness.host as unknown as { crash?(): void }).crash?.()
      const again = createActor(withHost(workflow, harness.host), { snapshot }).start()
      await harness.drive(() => again.getSnapshot().status === 'done')
      expect(again.getSnapshot().output).toMatchObject({ status: 'completed' })
      expect(journal.filter((call) => call === 'a')).toHaveLength(1)
    })

    rule('refuses to resume a run it knows nothing of', async () => {
      const { host } = create()
      const snapshot = { status: 'active', output: undefined, error: undefined, runId: 'zzz', inputs: {} }
      const workflow = withHost(at.createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo' } } }), host)
      const actor = createActor(workflow, { snapshot: snapshot as Snapshot<never> })
      const errors: unknown[] = []
      actor.subscribe({ error: (error) => errors.push(error) })
      actor.start()
      expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
      await host.idle()
    })
  })
}

/** The builder as JavaScript sees it: these rules are about running, not about types. */
interface Builder {
  createWorkflow(config: object): WorkflowLogic
}

function ordinaryRules(
  { createWorkflow }: Builder,
  finish: (workflow: WorkflowLogic) => Promise<RunReport>,
): void {
  it('passes outputs along the graph, in order', async () => {
    const steps = {
      c: {
        invoke: 'm.echo',
        dependsOn: ['b'],
        parameters: ({ steps: { b } }: never) => ({ z: (b as { output: unknown }).output }),
      },
      b: { invoke: 'm.echo', dependsOn: ['a'], parameters: { y: 1 } },
      a: { invoke: 'm.echo' },
    }
    const report = await finish(createWorkflow({ id: 'w', parallel: true, steps }))
    expect(report.status).toBe('completed')
    expect(journal).toEqual(['init m', 'init n', 'a', 'b', 'c', 'cleanup n', 'cleanup m'])
    expect(stepOf(report, 'c')?.output).toEqual({ z: { y: 1 } })
    expect(Object.isFrozen(stepOf(report, 'c')?.output)).toBe(true)
  })

  it('retries as often as it may', async () => {
    const retry = { count: 2, initial: '1ms' }
    const steps = { good: { invoke: 'm.flaky', retry }, bad: { invoke: 'm.fail', retry } }
    const report = await finish(createWorkflow({ id: 'w', parallel: true, steps }))
    expect(stepOf(report, 'good')).toMatchObject({ status: 'success', attempts: 3, output: 3 })
    expect(stepOf(report, 'bad')).toMatchObject({
      status: 'failed',
      attempts: 3,
      error: { message: 'no luck' },
    })
    expect(report).toMatchObject({ status: 'failed', error: { message: 'no luck' }, leasesOpen: 0 })
  })

  it('fails dependents without running them, unless a verdict, a fallback or `run_if` says otherwise', async () => {
    const report = await finish(
      createWorkflow({
        id: 'w',
        steps: {
          bad: { invoke: 'm.fail' },
          dependent: { invoke: 'm.echo', dependsOn: ['bad'] },
          cleaner: { invoke: 'm.echo', dependsOn: ['bad'], runIf: 'all_done' },
          skipped: { invoke: 'm.fail', onFailure: 'skip' },
          after: { invoke: 'm.echo', dependsOn: ['skipped'] },
          saved: { invoke: 'm.fail', fallback: { value: 'plan b' } },
          either: { invoke: 'm.echo', dependsOn: ['bad', 'saved'], runIf: 'any_succeeded' },
          neither: { invoke: 'm.echo', dependsOn: ['bad'], runIf: 'any_succeeded' },
          unwanted: { invoke: 'm.echo', when: () => false },
        },
      }),
    )
    const statuses = Object.fromEntries(report.steps.map(({ name, status }) => [name, status]))
    expect(statuses).toEqual({
      bad: 'failed',
      dependent: 'failed',
      cleaner: 'success',
      skipped: 'skipped',
      after: 'success',
      saved: 'success',
      either: 'success',
      neither: 'skipped',
      unwanted: 'skipped',
    })
    expect(stepOf(report, 'dependent')).toMatchObject({
      error: { code: 'DEPENDENCIES_NOT_SATISFIED' },
      attempts: 0,
    })
    expect(stepOf(report, 'dependent')?.error?.message).toBe("Dependencies not satisfied: ['bad']")
    expect(stepOf(report, 'saved')?.output).toBe('plan b')
  })

  it('refuses an output that is not JSON, and parameters that cannot be computed, without a retry', async () => {
    const retry = { count: 5, initial: '1ms' }
    const parameters = () => {
      throw new Error('no such thing')
    }
    const steps = { map: { invoke: 'm.map', retry }, params: { invoke: 'm.echo', retry, parameters } }
    const report = await finish(createWorkflow({ id: 'w', parallel: true, steps }))
    expect(stepOf(report, 'map')).toMatchObject({ attempts: 1, error: { code: 'OUTPUT_NOT_SERIALISABLE' } })
    expect(stepOf(report, 'params')).toMatchObject({ attempts: 1, error: { code: 'EXPRESSION_FAILED' } })
  })

  it('reports a condition that fails, and outputs that cannot be computed', async () => {
    const when = () => {
      throw new Error('who knows')
    }
    const report = await finish(createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo', when } } }))
    expect(stepOf(report, 'a')).toMatchObject({
      status: 'failed',
      attempts: 0,
      error: { code: 'EXPRESSION_FAILED' },
    })
    const outputs = { x: when }
    const second = await finish(createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo' } }, outputs }))
    expect(second).toMatchObject({ status: 'failed', error: { code: 'EXPRESSION_FAILED' } })
  })

  it('never lends more than a pool has', async () => {
    const steps = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [
        `s${index}`,
        { invoke: 'm.echo', resources: [{ name: 'pool', units: 1 + (index % 2) }] },
      ]),
    )
    const report = await finish(createWorkflow({ id: 'w', parallel: true, steps }))
    expect(report).toMatchObject({ status: 'completed', leasesOpen: 0 })
  })
}

function endRules(
  { createWorkflow }: Builder,
  create: () => Harness,
  start: (workflow: WorkflowLogic, harness: Harness) => AnyActorRef,
): void {
  const hanging = {
    hang: { invoke: 'm.hang', resources: ['pool'] },
    after: { invoke: 'm.echo', dependsOn: ['hang'] },
  }

  it('aborts an attempt that takes too long, and abandons an operation that does not listen', async () => {
    const harness = create()
    const steps = { hang: { invoke: 'm.hang', timeout: '5ms' }, deaf: { invoke: 'm.deaf', timeout: '5ms' } }
    const actor = start(createWorkflow({ id: 'w', parallel: true, steps }), harness)
    await harness.drive(() => actor.getSnapshot().status === 'done')
    const report = actor.getSnapshot().output as RunReport
    expect(stepOf(report, 'hang')).toMatchObject({ status: 'failed', error: { code: 'ATTEMPT_TIMED_OUT' } })
    expect(stepOf(report, 'deaf')).toMatchObject({ status: 'failed', error: { code: 'ATTEMPT_TIMED_OUT' } })
    await harness.host.idle()
  }, 20_000)

  it('never begins what is told to stop before it began', async () => {
    const harness = create()
    const told: string[] = []
    const port = harness.host.open(
      { runId: 'raw', resume: false },
      {
        execute: () => told.push('executed'),
        settle: (_, { status }) => void told.push(status),
        deliver: () => {},
      },
    )
    const shared = { kind: 'attempt', attempt: 1, run: 'run/raw', index: 0, target: 'operation' } as const
    for (const name of ['plain', 'hang', 'deaf']) {
      const effect = { ...shared, to: `run/raw/step/${name}` }
      port.perform(effect)
      port.abort(effect)
    }
    await harness.drive(() => told.length === 3)
    expect(told).toEqual(['failed', 'failed', 'failed'])
    port.close()
  })

  it('cancels in order: running steps are told, modules are cleaned up', async () => {
    const harness = create()
    const actor = start(createWorkflow({ id: 'w', steps: hanging }), harness)
    await harness.drive(() => actor.getSnapshot().value === 'running')
    actor.send({ type: 'run.cancel' })
    await harness.drive(() => actor.getSnapshot().status === 'done')
    const report = actor.getSnapshot().output as RunReport
    expect(report).toMatchObject({ status: 'cancelled', leasesOpen: 0 })
    expect(report.steps.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(journal.slice(-2)).toEqual(['cleanup n', 'cleanup m'])
  })

  it('exceeds its time', async () => {
    const harness = create()
    const actor = start(createWorkflow({ id: 'w', timeout: '5ms', steps: hanging }), harness)
    await harness.drive(() => actor.getSnapshot().status === 'done')
    expect(actor.getSnapshot().output).toMatchObject({
      status: 'timed_out',
      error: { code: 'RUN_TIMED_OUT' },
    })
  })

  it('stops at once when its actor is stopped, and cleans up behind it', async () => {
    const harness = create()
    const actor = start(createWorkflow({ id: 'w', steps: hanging }), harness)
    await harness.drive(() => actor.getSnapshot().value === 'running')
    ;(actor as unknown as { stop(): void }).stop()
    expect(actor.getSnapshot().status).toBe('stopped')
    await harness.host.idle()
    expect(journal.slice(-2)).toEqual(['cleanup n', 'cleanup m'])
  })

  it('leaves nothing behind when its chart throws', async () => {
    const harness = create()
    const workflow = createWorkflow({ id: 'w', steps: hanging }) as unknown as RunLogic
    const broken = workflow.provide({
      actions: {
        stopRunTimer: () => {
          throw new Error('a fault of ours')
        },
      },
    })
    const actor = start(broken as unknown as WorkflowLogic, harness)
    await harness.drive(() => actor.getSnapshot().value === 'running')
    actor.send({ type: 'run.cancel' })
    await harness.drive(() => actor.getSnapshot().status === 'error')
    await harness.host.idle()
    expect(journal.slice(-2)).toEqual(['cleanup n', 'cleanup m'])
  })

  it('goes on from the snapshot of a run that was under way, in another host as well', async () => {
    const harness = create()
    const workflow = createWorkflow({
      id: 'w',
      steps: {
        a: { invoke: 'm.echo', parameters: { x: 1 } },
        b: { waitForEvent: 'go', dependsOn: ['a'] },
        c: { invoke: 'm.echo', dependsOn: ['b'] },
      },
    })
    const actor = start(workflow, harness)
    const saved: string[] = []
    // Observers hear of a run at rest, so that it can be written down there.
    actor.subscribe(() => saved.push(JSON.stringify(actor.getPersistedSnapshot())))
    await harness.drive(() => saved.at(-1)?.includes('"listens":true') ?? false)
    const snapshot = JSON.parse(saved.at(-1)!) as Snapshot<never>
    actor.stop()
    await harness.host.idle()
    journal.length = 0
    const other = create()
    const again = createActor(withHost(workflow, other.host), { snapshot }).start()
    again.send({ type: 'run.signal', event: 'go' })
    await other.drive(() => again.getSnapshot().status === 'done')
    expect(again.getSnapshot().output).toMatchObject({ status: 'completed', counts: { success: 3 } })
    expect(journal).toEqual(['init m', 'init n', 'c', 'cleanup n', 'cleanup m'])
    await other.host.idle()
  })

  it('goes on from the snapshot of a run that has not started, from its beginning', async () => {
    const harness = create()
    const workflow = createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo' } } })
    const options = { input: { runId: 'early' } }
    const snapshot = createActor(withHost(workflow, harness.host), options).getPersistedSnapshot()
    const actor = createActor(withHost(workflow, harness.host), { snapshot: snapshot as never }).start()
    await harness.drive(() => actor.getSnapshot().status === 'done')
    expect(actor.getSnapshot().output).toMatchObject({ status: 'completed', runId: 'early' })
  })

  it('restores a finished run as it was', async () => {
    const harness = create()
    const workflow = createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo' } } })
    const actor = start(workflow, harness)
    await harness.drive(() => actor.getSnapshot().status === 'done')
    const snapshot = actor.getPersistedSnapshot()
    const again = createActor(withHost(workflow, harness.host), { snapshot: snapshot as never }).start()
    expect(again.getSnapshot()).toMatchObject({
      status: 'done',
      value: 'completed',
      output: { status: 'completed' },
    })
  })
}

function embeddingRules({ createWorkflow }: Builder, create: () => Harness): void {
  const machine = createMachine({
    initial: 'working',
    states: {
      working: {
        invoke: { src: 'workflow', id: 'pipeline', onDone: 'happy', onError: 'sad' },
        on: { leave: 'gone' },
      },
      happy: {},
      sad: {},
      gone: {},
    },
  })

  it("lives in someone else's machine, on a host of their choice", async () => {
    const harness = create()
    const workflow = withHost(createWorkflow({ id: 'w', steps: { a: { invoke: 'm.echo' } } }), harness.host)
    const actor = createActor(machine.provide({ actors: { workflow } as never })).start()
    await harness.drive(() => actor.getSnapshot().value !== 'working')
    expect(actor.getSnapshot().value).toBe('happy')
  })

  it('stops its steps when the invoking state is left', async () => {
    const harness = create()
    journal.length = 0
    const workflow = withHost(
      createWorkflow({ id: 'w', steps: { hang: { invoke: 'm.hang' } } }),
      harness.host,
    )
    const actor = createActor(machine.provide({ actors: { workflow } as never })).start()
    const child = actor.getSnapshot().children['pipeline']!
    await harness.drive(() => (child.getSnapshot() as { value?: unknown }).value === 'running')
    actor.send({ type: 'leave' })
    await harness.host.idle()
    expect(child.getSnapshot()).toMatchObject({ status: 'stopped' })
    expect(journal.slice(-2)).toEqual(['cleanup n', 'cleanup m'])
  })

  it('reaches onError when a run cannot be resumed', async () => {
    const harness = create()
    const workflow = withHost(
      createWorkflow({ id: 'w', steps: { hang: { invoke: 'm.hang' } } }),
      harness.host,
    )
    const logic = machine.provide({ actors: { workflow } as never })
    const first = createActor(logic).start()
    const snapshot = first.getPersistedSnapshot() as unknown as {
      children: { pipeline: { snapshot: { runId: string } } }
    }
    first.stop()
    snapshot.children.pipeline.snapshot.runId = 'unknown'
    const again = createActor(logic, { snapshot: snapshot as never }).start()
    expect(again.getSnapshot().value).toBe('sad')
    await harness.host.idle()
  })
}
