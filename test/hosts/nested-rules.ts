// What every host must do with steps inside of steps, with waits, and with what is undone.
/* oxlint-disable unicorn/no-thenable -- a key of configurations, which nobody awaits */
import { expect, it } from 'vitest'
import type { AnyActorRef } from 'xstate'
import type { WorkflowLogic } from '../../src/runtime/charts/workflow-logic.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import type { Harness } from './conformance.ts'

/** The builder as JavaScript sees it: these rules are about running, not about types. */
interface Builder {
  createWorkflow(config: object): WorkflowLogic
}

interface Means {
  readonly at: Builder
  readonly journal: readonly string[]
  create(): Harness
  start(workflow: WorkflowLogic, harness: Harness): AnyActorRef
  finish(workflow: WorkflowLogic): Promise<RunReport>
}

const echo = (x: unknown) => ({ invoke: 'm.echo', parameters: { x } })

/** Rules of nested steps. */
export function nestedRules({ at, journal, create, start, finish }: Means): void {
  it('iterates, branches and goes side by side', async () => {
    const pick = {
      condition: ({ item }: { item: number }) => item > 1,
      then: { big: { invoke: 'm.echo', parameters: ({ item }: { item: number }) => ({ item }) } },
      else: { small: echo(0) },
    }
    const steps = {
      scan: { forEach: [1, 2, 3], steps: { pick }, maxConcurrency: 2 },
      both: { parallel: { a: echo('a'), b: echo('b') }, dependsOn: ['scan'] },
    }
    const report = await finish(at.createWorkflow({ id: 'w', steps }))
    expect(report.status).toBe('completed')
    expect(report.steps.map(({ output }) => output)).toEqual([
      [{ pick: { small: { x: 0 } } }, { pick: { big: { item: 2 } } }, { pick: { big: { item: 3 } } }],
      { a: { x: 'a' }, b: { x: 'b' } },
    ])
  })

  it('waits for a time, and for an event from outside', async () => {
    const steps = {
      pause: { wait: '5ms' },
      go: { waitForEvent: 'go', timeout: '10s', dependsOn: ['pause'] },
    }
    const harness = create()
    const actor = start(at.createWorkflow({ id: 'w', steps }), harness)
    actor.send({ type: 'run.signal', event: 'go', data: { by: 'Ada' } })
    await harness.drive(() => actor.getSnapshot().status !== 'active')
    const report = actor.getSnapshot().output as RunReport
    expect(report.steps.map(({ output }) => output)).toEqual([null, { by: 'Ada' }])
  })

  it('undoes what succeeded, from the inside out, in reverse', async () => {
    const undo = { invoke: 'm.echo' }
    const steps = {
      first: { ...echo(1), compensate: undo },
      loop: {
        forEach: ['x', 'y'],
        steps: { inner: { ...echo(2), compensate: undo } },
        dependsOn: ['first'],
      },
      last: { invoke: 'm.fail', dependsOn: ['loop'] },
    }
    const report = await finish(at.createWorkflow({ id: 'w', onFailure: 'compensate', steps }))
    expect(report).toMatchObject({
      status: 'compensated',
      compensation: 'completed',
      undone: [],
      leasesOpen: 0,
    })
    expect(journal.filter((call) => call === 'first' || call === 'inner')).toEqual([
      'first',
      'inner',
      'inner',
      'inner',
      'inner',
      'first',
    ])
  })

  const hanging = () => ({
    id: 'w',
    steps: {
      outer: { parallel: { loop: { forEach: [1], steps: { hang: { invoke: 'm.hang' } } } } },
    },
  })
  const isHanging = (actor: AnyActorRef) =>
    journal.includes('init m') && actor.getSnapshot().value === 'running'

  it('ends everything inside where the run is cancelled', async () => {
    const harness = create()
    const actor = start(at.createWorkflow(hanging()), harness)
    await harness.drive(() => isHanging(actor))
    await harness.drive(() => true)
    actor.send({ type: 'run.cancel' })
    await harness.drive(() => actor.getSnapshot().status !== 'active')
    const report = actor.getSnapshot().output as RunReport
    expect(report).toMatchObject({ status: 'cancelled', counts: { cancelled: 1 } })
    await harness.host.idle()
  })

  it('aborts what is inside where the run is stopped, and cleans up', async () => {
    const harness = create()
    const actor = start(at.createWorkflow(hanging()), harness)
    await harness.drive(() => isHanging(actor))
    actor.stop()
    await harness.host.idle()
    expect(journal).toContain('cleanup m')
    expect(actor.getSnapshot().status).toBe('stopped')
  })
}
