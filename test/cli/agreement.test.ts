// `simulate` and `run` say the same of a document: with the same stubs, faults, signals and cancellations, each step ends the same
// way, with the same output, at the same time.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { both } from './agreement.ts'
import { asked, askedInPart, type Asked } from './asked.ts'
import { step } from './command.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 100)

it('simulates what a run comes to, and assumes nothing where stubs say all', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (what) => {
      const { simulated, ran, assumed, isTied } = await both(what)
      fc.pre(!isTied)
      expect(assumed).toEqual([])
      expect(simulated).toEqual(ran)
    }),
    { numRuns: RUNS },
  )
})

it('simulates what a run comes to whose missing outputs are null, unless it says what it assumed', async () => {
  await fc.assert(
    fc.asyncProperty(askedInPart, async (what) => {
      const { simulated, ran, assumed, isTied } = await both(what)
      fc.pre(!isTied)
      if (assumed.length === 0) expect(simulated).toEqual(ran)
    }),
    { numRuns: RUNS },
  )
})

/** A document of these steps, side by side, and what is said of it. */
const of = (steps: readonly object[], said: Partial<Asked> = {}, more: object = {}): Asked => ({
  document: {
    integration: { modules: ['m'], scenarios: [{ name: 's', parallel_execution: true, steps }], ...more },
    ...(said.verdict && { events: { handlers: { step_failed: [{ module: 'm', operation: 'decide' }] } } }),
  },
  ...{ outputs: {}, verdict: null, stub: [], fault: [], signal: [], cancel: [], seed: 1 },
  ...said,
})

const ask = { name: 'ask', type: 'wait', event: 'approved' }
const after = (name: string, more: object) => step('b', 'op', { depends_on: [name], ...more })
const approved = (data: string) => ({ signal: [`approved@1s=${data}`] })
const known = (output: unknown) => ({ outputs: { a: output }, stub: [`a=${JSON.stringify(output)}`, 'b=1'] })
const decided = (verdict: string) => ({
  ...{ verdict, outputs: { a: 1 }, stub: ['a=1', `handler:m.decide="${verdict}"`], fault: ['a=fatal'] },
})

describe('a simulation ends as a run does', () => {
  it.each<[string, Asked, readonly (readonly [string, string | null])[]]>([
    [
      'where a signal comes after the limit of its wait, though no module is called',
      of([{ ...ask, timeout: '3s' }], { signal: ['approved@5s'] }, { modules: [] }),
      [['failed', 'WAIT_TIMED_OUT']],
    ],
    [
      "where a signal's data is read",
      of([{ ...ask, timeout: '3s', output: '${{ event.data.by }}' }], approved('{"by":"Ada"}')),
      [['success', null]],
    ],
    [
      "where a signal's data lacks what is read of it",
      of([{ ...ask, timeout: '3s', output: '${{ event.data.by }}' }], approved('{}')),
      [['failed', 'EXPRESSION_FAILED']],
    ],
    [
      "where a filter cannot be computed for a stranger's signal",
      of([{ ...ask, timeout: '3s', filter: 'event.data.order == 7' }], {
        signal: ['approved@1s={"by":"Ada"}', 'approved@2s={"order":7}'],
      }),
      [['success', null]],
    ],
    [
      'where a condition reads what a stub does not give',
      of([step('a', 'op'), after('a', { when: 'steps.a.output.rows > 0' })], known({ n: 1 })),
      [
        ['success', null],
        ['failed', 'EXPRESSION_FAILED'],
      ],
    ],
    [
      'where parameters do',
      of([step('a', 'op'), after('a', { parameters: { n: '${{ steps.a.output.n }}' } })], known(null)),
      [
        ['success', null],
        ['failed', 'EXPRESSION_FAILED'],
      ],
    ],
    [
      'where what is read was skipped',
      of([step('a', 'op', { when: 'false' }), after('a', { when: 'steps.a.output.rows > 0' })]),
      [
        ['skipped', null],
        ['failed', 'EXPRESSION_FAILED'],
      ],
    ],
    ['where a handler answers', of([step('a', 'op')], decided('skip')), [['skipped', 'OPERATION_FAILED']]],
    [
      'where a handler would answer, and events are off',
      of([step('a', 'op')], decided('skip'), { enable_events: false }),
      [['failed', 'OPERATION_FAILED']],
    ],
  ])('%s', async (_, what, expected) => {
    const { simulated, ran, assumed } = await both(what)
    expect(assumed).toEqual([])
    expect(simulated).toEqual(ran)
    const [{ steps }] = simulated.scenarios as [Pick<RunReport, 'steps'>]
    expect(steps.map(({ status, error }) => [status, error && error.code])).toEqual(expected)
  })

  it('and says what it assumes of a handler that no stub answers for', async () => {
    const { assumed } = await both({ ...of([step('a', 'op')], decided('skip')), stub: ['a=1'] })
    expect(assumed).toEqual(['m.decide gives no verdict, for no --stub says which'])
  })

  it('and not at a limit by chance, but for that of a step that is slow', async () => {
    const steps = [1, 2, 3, 4].map((number) => step(`s${number}`, 'op'))
    const scenarios = [
      { name: 'quick', timeout: '400ms', steps },
      {
        name: 'sub',
        timeout: '100ms',
        steps: [...steps, { name: 'call', type: 'scenario', scenario: 'quick' }],
      },
    ]
    const outputs = Object.fromEntries(steps.map(({ name }) => [name, null]))
    const { simulated } = await both(of([], { outputs }, { scenarios, max_execution_time: '600ms' }))
    expect(simulated.status).toBe('completed')
    const slow = await both(of([], { outputs, fault: ['sub/s1=slow:1s'] }, { scenarios }))
    expect(slow.simulated).toMatchObject({ scenarios: [{ status: 'completed' }, { status: 'timed_out' }] })
  })
})
