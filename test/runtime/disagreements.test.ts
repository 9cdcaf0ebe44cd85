// Where the reference model (test/model) and the engine disagreed, and the engine was wrong: one test for each kind.
import { describe, expect, it } from 'vitest'
import {
  awaitEvent,
  compensating,
  computed,
  each,
  hang,
  loop,
  parallel,
  play,
  retries,
  saga,
  scenario,
  statuses,
  step,
  undo,
  undone,
  verdicts,
  workflow,
  breaks,
  type Play,
  type Played,
} from './workflows.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const POOL = { pools: [{ name: 'pool', units: 2 }] }
const needs = (units: number) => ({ resources: [{ pool: 'pool', units }] })

/** Operations at these addresses take so long. */
const slow = (times: Readonly<Record<string, number>>): NonNullable<Play['reply']> => {
  return (_, address) => (address in times ? { kind: 'execute', afterMs: times[address]! } : undefined)
}

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
    expect(stepOf(played.report, 'group').error?.code).toBe('TOO_FEW_SUCCEEDED')
  })
})

describe('a verdict inside of a control step', () => {
  const inner = [step('fails', verdicts('compensate')), step('other')]
  const fates = { 'outer/fails': breaks, 'outer[0]/fails': breaks }
  const reply = hang('outer/other', 'outer[0]/other')

  it.each([
    ['a group', parallel('outer', inner)],
    ['a loop', loop('outer', each([1]), inner)],
    ['a group that is awaited', parallel('outer', inner, {}, { compensate: undo() })],
    ['a loop that is awaited', loop('outer', each([1]), inner, {}, { compensate: undo() })],
  ])('fails %s by it, whatever else is under way there', (_, outer) => {
    const played = play(workflow([outer]), { fates, reply })
    expect(statuses(played)).toEqual({ outer: 'failed' })
    expect(stepOf(played.report, 'outer').error?.code).toBe('OPERATION_FAILED')
  })
})

describe('a loop that stops', () => {
  it('awaits what is to be awaited, though its run stops, too', () => {
    const inner = [saga('book'), step('check', { dependsOn: ['book'], ...verdicts('compensate') })]
    const definition = workflow([loop('scan', each([1, 2]), inner, { maxConcurrency: 2 })])
    const played = play(definition, {
      fates: { 'scan[0]/check': breaks },
      reply: slow({ 'scan[1]/book': 100 }),
    })
    expect(undone(played).toSorted()).toEqual(['undo:scan[0]/book', 'undo:scan[1]/book'])
  })

  it.each([[[100, 200]], [[200]]])('is ended at once by force: cancelled at %o', (times) => {
    const definition = workflow([loop('scan', each([1, 2]), [saga('book')], { maxConcurrency: 2 })])
    const played = play(definition, {
      reply: hang('scan[0]/book', 'scan[1]/book'),
      sent: times.map((at) => [at, { type: 'run.cancel', force: at === 200 } as never] as const),
    })
    expect(played.time).toBe(200)
  })
})

describe('a slot', () => {
  const startedAt = ({ report }: Played, name: string) => stepOf(report, name).startedAt

  it('is given back while handlers are asked', () => {
    const played = play(workflow([step('fails'), step('waits')], { maxConcurrency: 1 }), {
      fates: { fails: breaks },
      subscriptions: [{ id: 'h', pattern: 'step_failed', handler: () => 'skip' }],
      thinkMs: () => 2_000,
    })
    expect(startedAt(played, 'waits')).toBe(0)
  })

  it('is given back while what failed is undone before the fallback', () => {
    const inner = [saga('book'), step('fails', { dependsOn: ['book'] })]
    const group = parallel('group', inner, {}, { fallback: computed('plan b') })
    const played = play(workflow([group, step('waits')], { ...compensating, maxConcurrency: 1 }), {
      fates: { 'group/fails': breaks },
      reply: slow({ 'undo:group/book': 2_000 }),
    })
    expect(startedAt(played, 'waits')).toBe(0)
  })
})

describe('leases', () => {
  it('start nothing that the verdict on the step stops that gave them back', () => {
    const waiting = scenario('outer', workflow([step('waits', needs(2))]))
    const definition = workflow([step('fails', { ...needs(1), ...verdicts('fail_workflow') }), waiting])
    const played = play(definition, { ...POOL, fates: { fails: breaks } })
    expect(played.calls).toEqual(['fails'])
    expect(played.report.attempts).toBe(1)
  })

  it.each([['before'], ['after']])(
    'start nothing that a kept signal stops, which a wait %s it takes',
    (place) => {
      const [lent, wait] = [step('lent', needs(1)), awaitEvent('wait', 'go')]
      const inner = place === 'before' ? [wait, lent] : [lent, wait]
      const group = parallel('group', inner, { waitFor: 1 }, { dependsOn: ['first'] })
      const played = play(workflow([step('first'), group]), {
        ...POOL,
        reply: slow({ first: 100 }),
        sent: [[50, { type: 'run.signal', event: 'go', data: null } as never]],
      })
      expect(played.calls).toEqual(['first'])
      expect(statuses(played)).toEqual({ first: 'success', group: 'success' })
    },
  )

  it('are asked for in declared order, whatever is needed', () => {
    const definition = workflow([step('a', needs(1)), step('b', needs(2)), step('c', needs(1))])
    expect(play(definition, POOL).calls).toEqual(['a', 'b', 'c'])
  })

  it('are waited for without a slot that outlives the step', () => {
    const sequential = workflow([step('x', needs(1)), step('y')], { parallel: false })
    const definition = workflow([step('holder', needs(2)), scenario('outer', sequential)])
    const played = play(definition, {
      ...POOL,
      reply: slow({ holder: 5_000 }),
      sent: [[100, { type: 'run.cancelStep', step: 'outer/x' } as never]],
    })
    expect(played.calls).toContain('outer/y')
  })

  it('are waited for by what undoes a step, though the step is cancelled', () => {
    const called = workflow(
      [
        saga('first', needs(2)),
        saga('second', { ...needs(2), dependsOn: ['first'] }),
        step('fails', { dependsOn: ['second'] }),
      ],
      compensating,
    )
    const definition = workflow([
      scenario('outer', called),
      step('holder', { ...needs(2), dependsOn: ['s'] }),
      step('s'),
    ])
    const played = play(definition, {
      ...POOL,
      fates: { 'outer/fails': breaks },
      reply: slow({ s: 50, holder: 1_000, 'outer/fails': 100 }),
      sent: [[200, { type: 'run.cancelStep', step: 'outer/second' } as never]],
    })
    expect(undone(played)).toEqual(['undo:outer/second', 'undo:outer/first'])
  })

  it('are not taken for those that a cancelled attempt had asked for', () => {
    const use = step('use', {
      ...needs(2),
      ...verdicts('compensate'),
      retry: retries(1),
      compensate: undo({ on: 'attempt' }),
    })
    const scan = loop('scan', each([1, 2]), [use], { maxConcurrency: 2 })
    const { log } = play(workflow([saga('first', needs(1)), scan]), {
      ...POOL,
      fates: { 'scan[0]/use': breaks, 'scan[1]/use': breaks },
      reply: (_, address) => ({ kind: 'execute', afterMs: address === 'scan[0]/use' ? 150 : 100 }),
    })
    const undoing = log.filter((line) => line.includes('undo:') && line !== 'end undo:scan')
    expect(undoing).toEqual([
      ...['undo:first', 'end undo:first'],
      ...['undo:scan[1]/use', 'end undo:scan[1]/use'],
      ...['undo:scan[0]/use', 'end undo:scan[0]/use'],
    ])
  })

  it('are given back before a retry asks for them again', () => {
    const definition = workflow([step('a', { ...needs(2), retry: retries(1) })])
    expect(statuses(play(definition, POOL))).toEqual({ a: 'success' })
  })
})

describe('undoing that is ended by force', () => {
  it('names the step inside of which it did not get to everything', () => {
    const inner = [saga('book'), step('fails', { dependsOn: ['book'] })]
    const scan = loop('scan', each([1, 2]), inner, { tolerate: { count: 1 } }, { retry: retries(1) })
    const played = play(workflow([scan], compensating), {
      fates: { 'scan[0]/fails': breaks, 'scan[1]/fails': breaks },
      reply: hang('undo:scan[1]/book'),
      sent: [[1_500, { type: 'run.cancel', force: true } as never]],
    })
    expect(undone(played)).toEqual(['undo:scan[1]/book'])
    expect(stepOf(played.report, 'scan').compensation?.error?.code).toBe('COMPENSATION_STOPPED')
    expect(played.report.undone.toSorted()).toEqual(['scan[0]/book', 'scan[1]/book'])
  })
})
