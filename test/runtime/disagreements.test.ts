// Where the reference model (test/model) and the engine disagreed, and the engine was wrong: one test for each kind.
import { describe, expect, it } from 'vitest'
import { compensating, parallel, play, saga, step, undo, workflow, breaks } from './workflows.ts'

describe('a grace', () => {
  it('is not given a second time where the step is cancelled in it', () => {
    const { journal } = play(workflow([step('deaf', { timeoutMs: 5_000 })]), {
      reply: () => ({ kind: 'deaf' }),
      sent: [[7_000, { type: 'run.cancel' }]],
    })
    const ended = journal.filter(({ event }) => event.type === 'grace.ended')
    expect(ended.map(({ at }) => at)).toEqual([10_000])
  })

  it('is not given a second time where undoing is ended in it', () => {
    const definition = workflow(
      [saga('first', { compensate: undo({ timeoutMs: 5_000 }) }), step('last', { dependsOn: ['first'] })],
      compensating,
    )
    const { journal } = play(definition, {
      fates: { last: breaks },
      reply: (_, address) => (address === 'undo:first' ? { kind: 'deaf' } : undefined),
      sent: [[7_000, { type: 'run.cancel', force: true } as never]],
    })
    const ended = journal.filter(({ event }) => event.type === 'grace.ended')
    expect(ended.map(({ at }) => at)).toEqual([10_000])
  })
})

describe('a group that can have too few successes', () => {
  it('starts nothing more, also of what became ready at the same time', () => {
    const group = parallel(
      'group',
      [
        step('a', { when: { kind: 'value', value: false } }),
        step('b', { dependsOn: ['a'], runIf: 'any_succeeded' }),
        step('c', { dependsOn: ['a'] }),
      ],
      { waitFor: 2 },
    )
    const played = play(workflow([group]))
    expect(played.calls).toEqual([])
    expect(played.report.step('group').error?.code).toBe('TOO_FEW_SUCCEEDED')
  })
})
