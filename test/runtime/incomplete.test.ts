// How a run that does not complete is told: in its report, or, where the workflow says so, as an error. The error names the
// step that failed, wherever it is.
import { describe, expect, it } from 'vitest'
import { createActor, fromPromise, setup as machineSetup, toPromise, waitFor, type Snapshot } from 'xstate'
import { run, RunNotCompletedError, SagachartError, setup, stepOf } from '../../src/index.ts'
import { explore } from '../../src/testing/index.ts'
import { breaks, each, loop, parallel, play, scenario, step, verdicts, workflow } from './workflows.ts'

const shop = {
  pack: ({ boxes }: { boxes: number }) => {
    if (boxes === 0) throw new Error('no boxes left')
    return 'a parcel'
  },
  unpack: () => null,
}

const at = setup({ modules: { shop } })
const shipping = at.createWorkflow({
  id: 'shipping',
  onIncomplete: 'reject',
  inputs: { boxes: { type: 'integer' } },
  steps: { pack: { invoke: 'shop.pack', parameters: ({ inputs }) => inputs } },
  outputs: { parcel: ({ steps }) => steps.pack.output },
})
const few = { inputs: { boxes: 0 } }
const message = 'Workflow "shipping" did not complete, it is failed at step "pack": no boxes left'

describe("a run that does not complete, of a workflow with onIncomplete: 'reject'", () => {
  it('rejects with its report', async () => {
    const error: unknown = await run(shipping, few).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SagachartError)
    expect(error).toBeInstanceOf(RunNotCompletedError)
    expect(error).toMatchObject({ code: 'RUN_NOT_COMPLETED', message })
    const { report } = error as RunNotCompletedError
    expect(report).toMatchObject({ status: 'failed', error: { message: 'no boxes left', step: 'pack' } })
    expect(stepOf(report, 'pack')).toMatchObject({ status: 'failed', attempts: 1 })
    await expect(toPromise(createActor(shipping, { input: few }).start())).rejects.toMatchObject({ message })
  })

  it('completes as any other', async () => {
    const { status, outputs } = await run(shipping, { inputs: { boxes: 1 } })
    expect({ status, outputs }).toEqual({ status: 'completed', outputs: { parcel: 'a parcel' } })
  })

  it('rejects whatever it ended by', async () => {
    const waiting = at.createWorkflow({
      id: 'waiting',
      onIncomplete: 'reject',
      onFailure: 'compensate',
      timeout: '20ms',
      steps: {
        pack: { invoke: 'shop.pack', parameters: { boxes: 1 }, compensate: { invoke: 'shop.unpack' } },
        go: { waitForEvent: 'go', dependsOn: ['pack'] },
      },
    })
    await expect(run(waiting)).rejects.toMatchObject({
      code: 'RUN_NOT_COMPLETED',
      message: expect.stringMatching(
        /^Workflow "waiting" did not complete, it is timed_out: Workflow execution/,
      ) as string,
      report: { status: 'timed_out', compensation: 'completed' },
    })
    const actor = createActor(waiting).start()
    const end = toPromise(actor)
    actor.send({ type: 'run.cancel' })
    await expect(end).rejects.toMatchObject({ report: { status: 'cancelled' } })
  })

  it('takes the outer machine to onError', async () => {
    const order = machineSetup({ actors: { shipping } }).createMachine({
      initial: 'shipping',
      states: {
        shipping: { invoke: { src: 'shipping', input: few, onDone: 'shipped', onError: 'stuck' } },
        shipped: {},
        stuck: {},
      },
    })
    const actor = createActor(order).start()
    await waitFor(actor, (state) => !state.matches('shipping'))
    expect(actor.getSnapshot().value).toBe('stuck')
    const stub = fromPromise(() => run(shipping, { inputs: { boxes: 1 } }))
    const stubbed = createActor(order.provide({ actors: { shipping: stub } })).start()
    await waitFor(stubbed, (state) => state.matches('shipped'))
  })

  it('just fails as a step', async () => {
    const around = at.createWorkflow({ id: 'around', steps: { ship: { scenario: shipping, ...few } } })
    expect(await run(around)).toMatchObject({ status: 'failed', error: { step: 'ship/pack' } })
  })

  it('is restored as it ended', async () => {
    const actor = createActor(shipping, { input: few })
    await toPromise(actor.start()).catch(() => {})
    const snapshot = actor.getPersistedSnapshot()
    const again = createActor(shipping, { input: few, snapshot: snapshot as Snapshot<never> })
    expect(again.getSnapshot()).toMatchObject({ status: 'error', error: { message }, value: 'failed' })
  })

  it('is explored as any other', async () => {
    expect(await explore(shipping, { faults: 1, inputs: { boxes: 1 } })).toMatchObject({ outcome: 'holds' })
  })

  it('is refused where the word is another one', () => {
    const bad = { id: 'w', onIncomplete: 'throw', steps: { pack: { invoke: 'shop.unpack' } } }
    expect(() => at.createWorkflow(bad as never)).toThrow(
      'Workflow: onIncomplete: expected one of report, reject, found "throw"; correct it',
    )
  })
})

describe("a run's error", () => {
  const failing = { fates: { bad: breaks, 'p/bad': breaks, 'scan[1]/bad': breaks, 's/bad': breaks } }
  const errorOf = (...steps: Parameters<typeof workflow>[0]) => play(workflow(steps), failing).report.error

  it.each([
    ['a step', step('bad'), 'bad'],
    ['a step in a group', parallel('p', [step('good'), step('bad')]), 'p/bad'],
    ['a step in an iteration', loop('scan', each([0, 1]), [step('bad')]), 'scan[1]/bad'],
    ['a step of a scenario', scenario('s', workflow([step('bad')])), 's/bad'],
    ['a step that ends what is around it', parallel('p', [step('bad', verdicts('fail_workflow'))]), 'p/bad'],
    ['a group of which too few succeed', parallel('p', [step('bad'), step('good')], { waitFor: 2 }), 'p'],
  ])('names %s by its address', (_, failed, address) => {
    expect(errorOf(failed)).toMatchObject({ step: address })
  })

  it('says so of a step that is made of others, too, and not of one that calls an operation', () => {
    const { report } = play(workflow([parallel('p', [step('bad')])]), failing)
    const group = stepOf(report, 'p')
    expect(group.error).toEqual({ code: 'OPERATION_FAILED', message: 'no luck', step: 'p/bad' })
    expect(group.inside?.runs[0]?.steps[0]?.error).toEqual({ code: 'OPERATION_FAILED', message: 'no luck' })
  })
})
