// Steps that are skipped give null, in every place where their types say that they may: see definition/skipped.test-d.ts.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { describe, expect, it } from 'vitest'
import { run, setup } from '../../src/index.ts'

const m = {
  give: () => 3,
  fail: (): number => {
    throw new Error('no luck')
  },
}
const at = setup({ modules: { m } })

describe('a step that is skipped gives null', () => {
  it('by its condition, by its verdict, by a wait that is over', async () => {
    const workflow = at.createWorkflow({
      id: 'w',
      parallel: true,
      steps: {
        sure: { invoke: 'm.give' },
        when: { invoke: 'm.give', when: () => false },
        verdict: { invoke: 'm.fail', onFailure: 'skip' },
        list: { invoke: 'm.fail', onFailure: ['fallback', 'skip'] },
        wait: { waitForEvent: 'x', timeout: '1ms', onTimeout: 'skip' },
        goesOn: { waitForEvent: 'x', timeout: '1ms', onTimeout: 'continue' },
        dependent: {
          invoke: 'm.give',
          dependsOn: ['verdict', 'when'],
          when: ({ steps }) => steps.verdict.output === null && steps.when.output === null,
        },
      },
      outputs: {
        sure: ({ steps }) => steps.sure.output,
        when: ({ steps }) => steps.when.output,
        verdict: ({ steps }) => steps.verdict.output,
        list: ({ steps }) => steps.list.output,
        wait: ({ steps }) => steps.wait.output,
        goesOn: ({ steps }) => steps.goesOn.output,
        dependent: ({ steps }) => steps.dependent.output,
      },
    })
    const { status, outputs } = await run(workflow)
    expect({ status, ...outputs }).toEqual({
      ...{ status: 'completed', sure: 3, dependent: 3 },
      ...{ when: null, verdict: null, list: null, wait: null, goesOn: null },
    })
  })

  it('inside of others', async () => {
    const workflow = at.createWorkflow({
      id: 'w',
      steps: {
        group: { parallel: { a: { invoke: 'm.give' }, b: { invoke: 'm.give', when: () => false } } },
        branch: { condition: () => true, then: { t: { invoke: 'm.give', when: () => false } } },
        other: { condition: () => false, then: { t: { invoke: 'm.give' } } },
        scan: { forEach: [1, 2], steps: { a: { invoke: 'm.give', when: ({ item }) => item > 1 } } },
      },
      outputs: {
        group: ({ steps }) => steps.group.output,
        branch: ({ steps }) => steps.branch.output.t ?? 'none',
        other: ({ steps }) => steps.other.output,
        scan: ({ steps }) => steps.scan.output,
      },
    })
    expect((await run(workflow)).outputs).toEqual({
      group: { a: 3, b: null },
      branch: 'none',
      other: {},
      scan: [{ a: null }, { a: 3 }],
    })
  })

  it('where the workflow, or a handler, says so for steps that say nothing', async () => {
    const outputs = ({ steps }: { steps: { a: { output: number | null } } }) => steps.a.output
    const strategies = at.createWorkflow({
      id: 'w',
      recovery: { strategies: ['skip'] },
      steps: { a: { invoke: 'm.fail' } },
      outputs: { a: outputs },
    })
    expect(await run(strategies)).toMatchObject({ status: 'completed', outputs: { a: null } })
    const advise = { id: 'advise', pattern: 'step_*', handler: () => 'skip' }
    const advised = setup({ modules: { m }, subscriptions: [advise] }).createWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.fail' } },
      outputs: { a: outputs },
    })
    expect(await run(advised)).toMatchObject({ status: 'completed', outputs: { a: null } })
  })
})
