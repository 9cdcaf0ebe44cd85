// Single runs with faults, and counterexamples: how they are told, kept and played again.
import { describe, expect, it } from 'vitest'
import mermaid from 'mermaid'
import {
  explore,
  fault,
  invariant,
  logicOf,
  readSeedFile,
  replay,
  seedFileOf,
  sequenceDiagramOf,
  simulate,
  tell,
  timelineOf,
  toHold,
} from '../../src/testing/index.ts'
import '../../src/testing/vitest.ts'
import { retries, saga, step, workflow } from '../runtime/workflows.ts'

const trip = workflow(
  [
    saga('reserve'),
    step('charge', {
      dependsOn: ['reserve'],
      retry: retries(1),
      timeoutMs: 5_000,
      accept: { UNDONE_EFFECT: 'refunds are made by hand' },
    }),
    step('ship', { dependsOn: ['charge'], resources: [{ pool: 'pool', units: 1 }] }),
  ],
  { onFailure: 'compensate' },
)
const logic = () => logicOf(trip, true)

const chargedOnce = invariant(
  'never charged twice',
  (history) =>
    history.filter(({ kind, step: name }) => kind === 'attempt.started' && name === 'charge').length < 2,
)

describe('simulate', () => {
  it('plays a run where all goes well', () => {
    const { status, broken, faults, schedule } = simulate(logic())
    expect({ status, broken, faults }).toEqual({ status: 'completed', broken: null, faults: [] })
    expect(schedule.filter((each) => each.startsWith('succeed') && each.includes('#'))).toEqual([
      'succeed reserve#1',
      'succeed charge#1',
      'succeed ship#1',
    ])
  })

  it.each([
    ['fails', [fault.fails('charge')], 'completed', 'fail charge#1'],
    ['fails twice', [fault.fails('charge', { times: 2 })], 'compensated', 'fail charge#2'],
    ['fails for good', [fault.fails('charge', { retryable: false })], 'compensated', 'failForGood charge#1'],
    [
      'cannot be undone',
      [fault.fails('ship'), fault.fails('undo:reserve')],
      'compensation_failed',
      'fail undo:reserve#1',
    ],
    ['hangs', [fault.hangs('charge')], 'completed', 'tick charge attempt.timedOut'],
    ['is deaf', [fault.hangs('charge'), fault.isDeaf('charge')], 'completed', 'tick charge grace.ended'],
    ['answers twice', [fault.answersTwice('reserve')], 'completed', 'succeedTwice reserve#1'],
    [
      'succeeds late',
      [fault.hangs('charge'), fault.succeedsLate('charge')],
      'completed',
      'succeedLate charge#1',
    ],
    ['has no module', [fault.moduleFails('m')], 'failed', 'fail module/m init'],
    ['cannot clean up', [fault.moduleFails('m', 'cleanup')], 'completed', 'fail module/m cleanup'],
    ['has a silent module', [fault.moduleHangs('m')], 'failed', 'tick module/m module.timedOut'],
    ['has a bad handler', [fault.handlerThrows('watcher')], 'completed', 'fail bus/events watcher'],
    ['waits for a pool', [fault.exhausts('pool')], 'completed', 'giveBack pool'],
    ['loses a lease', [fault.losesLease('ship')], 'compensated', 'loseLease ship pool'],
    ['is cancelled', [fault.cancels({ after: 'charge' })], 'cancelled', 'cancel'],
    ['dies', [fault.crashes({ after: 'ship' })], 'completed', 'crash'],
    ['loses what it wrote', [fault.losesTail(2, { after: 'ship' })], 'completed', 'loseTail#2'],
  ])('plays a run that %s', (_, faults, status, event) => {
    const simulated = simulate(logic(), { faults })
    expect(simulated).toMatchObject({ status, broken: null })
    expect(simulated.schedule).toContain(event)
  })

  it('refuses a fault that has no opportunity', () => {
    const hopeless = () => simulate(logic(), { faults: [fault.fails('chrage')] })
    expect(hopeless).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }))
    expect(hopeless).toThrow('The fault "fails chrage" never struck')
  })

  it('says what it breaks', () => {
    const { broken } = simulate(logic(), { faults: [fault.fails('charge')], invariants: [chargedOnce] })
    expect(broken?.rule).toBe('never charged twice')
  })
})

describe('a counterexample', () => {
  const found = () => explore(logic(), { invariants: [chargedOnce], kinds: ['throw'] })

  it('is a timeline that a person can read', async () => {
    const answer = await found()
    expect(timelineOf(answer.counterexample!.history)).toEqual([
      '0 ms   reserve  attempt 1 succeeds',
      '     ! charge   attempt 1 fails: an injected failure',
      '       charge   has backed off, and tries again',
      ' 1 s   charge   attempt 2 starts',
    ])
    expect(tell(answer)).toContain('never charged twice is broken: it does not hold')
    expect(toHold(answer).message()).toBe(tell(answer).join('\n'))
    expect(toHold(null)).toMatchObject({ pass: false })
    expect(await explore(logic(), { faults: 0 })).toHold()
    expect(answer).not.toHold()
    expect(() => expect(answer).toHold()).toThrow('never charged twice is broken')
  })

  it('is a sequence diagram that Mermaid draws, whatever steps are called', async () => {
    const name = 'ch;arge "x" <b> # end'
    const odd = workflow([step(name, { retry: retries(1) })])
    const { counterexample } = await explore(logicOf(odd, false), {
      invariants: [
        invariant('never: fails;', (history) => history.every(({ kind }) => kind !== 'attempt.failed')),
      ],
    })
    const diagram = sequenceDiagramOf(counterexample!)
    expect(await mermaid.parse(diagram)).toMatchObject({ diagramType: 'sequence' })
    expect(diagram).toContain('p0->>p1: attempt 1 starts')
    expect(diagram).toContain('p1--xp0: fault throw: attempt 1 fails: an injected failure')
  })

  it('is kept in a file, and is played again until it is mended', async () => {
    const text = JSON.stringify(seedFileOf(await found()))
    const kept = readSeedFile(text)
    expect(replay(logic(), kept, { invariants: [chargedOnce] }).broken?.rule).toBe('never charged twice')
    const mended = replay(logic(), kept)
    expect(mended).toMatchObject({ broken: null, status: 'completed' })
    expect(seedFileOf(await explore(logic(), { faults: 0 }))).toBeNull()
  })

  it.each([
    ['no JSON', '{', 'text that is no JSON'],
    ['another format', '{"format": "x"}', 'found the format "x"'],
    [
      'no schedule',
      '{"format": "sagachart.schedule/1", "schedule": [1]}',
      'a schedule that is no list of names',
    ],
    ['nothing', 'null', 'found null'],
  ])('is refused where the file holds %s', (_, text, message) => {
    expect(() => readSeedFile(text)).toThrow(message)
  })

  it('is refused where what it names cannot happen any more', async () => {
    const kept = seedFileOf(await found())!
    const other = logicOf(workflow([step('pay')]), true)
    expect(() => replay(other, kept)).toThrow(
      'Event 2 of 4 cannot happen: found "succeed reserve#1", expected one of "succeed pay#1"',
    )
  })
})
