// The rules of waits, of steps that run once, and of nested compensation; and proof that every transition of
// their charts is reached by generated paths. What they ask for is part of the rules.
import { describe, expect, it } from 'vitest'
import { branchMachine } from '../../machines/branch.ts'
import {
  nestedCompensationMachine,
  type NestedCompensationInput,
} from '../../machines/nested-compensation.ts'
import type {
  BranchEvent,
  BusEvent,
  Failure,
  NestedCompensationEvent,
  WaitEvent,
} from '../../machines/protocol.ts'
import { waitMachine } from '../../machines/wait.ts'
import { compile, type ChartSource } from '../../src/kernel/compile.ts'
import { unreached } from './coverage.ts'
import { branchWalk, nestedCompensationWalk, waitWalk } from './walks.ts'

const failure: Failure = { code: 'OPERATION_FAILED', message: 'no luck' }
const event: BusEvent = { id: 'e', type: 'go', at: 0, source: 's', correlation_id: 'r', data: null }

/** Where a chart is after some events, and what each of them made it ask for. */
function after(machine: ChartSource, input: unknown, events: readonly { readonly type: string }[]) {
  const chart = compile(machine)
  let [snapshot] = chart.initial(input)
  const asked = events.map((each) => {
    const [next, effects] = chart.transition(snapshot, each)
    snapshot = next
    return effects.map(({ type, params }) => (params === undefined ? type : [type, params]))
  })
  return { value: snapshot.value, context: snapshot.context, asked, last: asked.at(-1) }
}

const wait = (...events: WaitEvent[]) => after(waitMachine, undefined, [{ type: 'wait.begin' }, ...events])
const branch = (...events: BranchEvent[]) =>
  after(branchMachine, undefined, [{ type: 'branch.begin' }, ...events])
const undoing = (input: NestedCompensationInput, ...events: NestedCompensationEvent[]) =>
  after(nestedCompensationMachine, input, [{ type: 'compensation.begin' }, ...events])

describe('wait', () => {
  const offered: WaitEvent = { type: 'event.offered', event }
  const unclear: WaitEvent = { type: 'filter.failed', event, reason: 'x' }

  it('has no transition that paths cannot reach', () => {
    expect(unreached(waitMachine, waitWalk)).toEqual([])
  })

  it('begins once, and leaves nothing behind when it has its event', () => {
    expect(wait().asked).toEqual([['begin']])
    const taken = wait({ type: 'event.taken', event })
    expect([taken.value, taken.last]).toEqual(['taken', ['close', ['succeed', { event }]]])
  })

  it('answers for an event what the function said of it, and waits on', () => {
    const { value, last } = wait(offered, { type: 'filter.decided', holds: true })
    expect([value, last]).toEqual(['waiting', [['answerMailbox', { holds: true }]]])
  })

  it('tells the first of the events that it passes over from those after it', () => {
    const first = ['passOver', { event, reason: 'x', isFirst: true }]
    const next = ['passOver', { event, reason: 'x', isFirst: false }]
    expect(wait(unclear, offered, unclear).asked.slice(1)).toEqual([
      [first],
      ['askFilter'],
      [next, ['answerMailbox', { holds: false }]],
    ])
  })

  it.each([
    ['wait.stop', 'cancelled', ['takeBackQuestion', 'close', ['fail', expect.anything()]]],
    ['attempt.over', 'over', ['takeBackQuestion', 'close']],
  ] as const)('takes its question back on %s', (type, value, asked) => {
    const ended = wait(offered, { type })
    expect([ended.value, ended.last]).toEqual([value, asked])
  })

  it('asks for nothing once it is over', () => {
    expect(wait({ type: 'attempt.over' }, { type: 'wait.stop' }, offered).asked.slice(2)).toEqual([[], []])
  })

  it('never begins where it was stopped before', () => {
    const { value, asked } = after(waitMachine, undefined, [{ type: 'wait.stop' }, { type: 'wait.begin' }])
    expect([value, asked]).toEqual(['cancelled', [[['fail', expect.anything()]], []]])
  })
})

describe('branch', () => {
  const entered: BranchEvent = { type: 'branch.entered' }
  const stop = (force: boolean): BranchEvent => ({ type: 'branch.stop', force })
  const ended = (cause: 'completed' | 'failed' | 'cancelled' | 'timed_out'): BranchEvent => ({
    type: 'inside.ended',
    cause,
    failure: cause === 'completed' ? null : failure,
    verdict: null,
  })

  it('has no transition that paths cannot reach', () => {
    expect(unreached(branchMachine, branchWalk)).toEqual([])
  })

  it.each([
    ['completed', 'completed', 'succeed'],
    ['cancelled', 'cancelled', 'cancel'],
    ['failed', 'failed', ['fail', { failure, verdict: null }]],
    ['timed_out', 'failed', ['fail', { failure, verdict: null }]],
  ] as const)('ends where the steps inside are %s as %s', (cause, value, asked) => {
    const { value: found, last } = branch(entered, ended(cause))
    expect([found, last]).toEqual([value, [asked]])
  })

  it('waits for the steps inside when it is stopped, however often', () => {
    const { value, asked } = branch(entered, stop(false), stop(true))
    expect([value, asked.slice(2)]).toEqual([
      'running',
      [[['cancelInside', { force: false }]], [['cancelInside', { force: true }]]],
    ])
  })

  it('answers at once where none is under way yet', () => {
    expect(branch(stop(false)).last).toEqual(['takeBackQuestion', 'cancel'])
    expect(after(branchMachine, undefined, [stop(false), { type: 'branch.begin' }]).asked).toEqual([
      ['cancel'],
      [],
    ])
  })
})

describe('nested compensation', () => {
  const undone = (isComplete = true): NestedCompensationEvent => ({ type: 'run.undone', isComplete })
  const run = (place: number) => ['compensateRun', { place }]
  const end = (isComplete: boolean) => ['tellEnd', { isComplete }]

  it('has no transition that paths cannot reach', () => {
    expect(unreached(nestedCompensationMachine, nestedCompensationWalk)).toEqual([])
  })

  it('goes back from the last, as many at once as it may, one attempt after the other', () => {
    const { asked, value } = undoing(
      { attempts: [1, 1, 1, 2], width: 2 },
      undone(),
      undone(),
      undone(),
      undone(),
    )
    expect(asked).toEqual([[run(3)], [run(2), run(1)], [run(0)], [], [end(true)]])
    expect(value).toBe('ended')
  })

  it('ends at once where nothing is owed', () => {
    expect(undoing({ attempts: [], width: 1 }).last).toEqual([end(true)])
  })

  it('says that something is left where a run could not be undone, or was not got to', () => {
    expect(undoing({ attempts: [1, 1], width: 1 }, undone(false), undone()).last).toEqual([end(false)])
    const stopped = undoing({ attempts: [1, 1, 1], width: 1 }, { type: 'compensation.stop' }, undone())
    expect(stopped.asked).toEqual([[run(2)], [['leaveRuns', { count: 2 }], 'stopRuns'], [end(false)]])
  })

  it('has left nothing where all were under way when it was stopped', () => {
    const stopped = undoing({ attempts: [1, 1], width: 2 }, { type: 'compensation.stop' }, undone(), undone())
    expect(stopped.last).toEqual([end(true)])
  })
})
