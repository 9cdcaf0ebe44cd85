// The rules of the step's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { Failure, StepEvent, StepPolicy } from '../../machines/protocol.ts'
import { stepMachine, type StepInput } from '../../machines/step.ts'
import { unreached } from './coverage.ts'
import { stepWalk } from './walks.ts'

const { policy } = stepWalk.inputs[0]!
const failure: Failure = { code: 'OPERATION_FAILED', message: 'no luck' }

function step(more: Partial<StepPolicy> = {}, input: Partial<StepInput> = {}) {
  const calls: string[] = []
  const note = (name: string) => () => void calls.push(name)
  const machine = stepMachine.provide({
    actions: {
      startAttempt: ({ context }) => void calls.push(`attempt ${context.attempt} ${context.target}`),
      abortAttempt: note('abort'),
      abandonAttempt: note('abandon'),
      endAttempt: note('end'),
      startBackoff: note('backoff'),
      withdrawRequest: note('withdraw'),
      publish: (_, { type }) => void calls.push(type),
    },
  })
  const actor = createActor(machine, {
    input: { index: 0, path: 's', policy: { ...policy, ...more }, ...input },
  })
  actor.start()
  const send = (...events: StepEvent[]) => {
    for (const event of events) actor.send(event)
    return actor.getSnapshot()
  }
  return { actor, calls, send }
}

const granted: StepEvent = { type: 'slot.granted' }
const succeeded = (attempt: number): StepEvent => ({ type: 'attempt.succeeded', attempt, output: 1 })
const failed = (attempt: number, more = {}): StepEvent => ({
  type: 'attempt.failed',
  attempt,
  failure: { ...failure, ...more },
})

describe('step', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(stepMachine, stepWalk)).toEqual([])
  })

  it('gives up after the last attempt', () => {
    const { send, calls } = step()
    const end = send(granted, failed(1), { type: 'backoff.ended', attempt: 1 }, granted, failed(2))
    expect(end.output).toMatchObject({ status: 'failed', attempts: 2, failure, verdict: 'fail' })
    expect(calls.filter((call) => call === 'step_failed')).toHaveLength(1)
  })

  it('succeeds on a retry', () => {
    const { send } = step()
    const end = send(granted, failed(1), { type: 'backoff.ended', attempt: 1 }, granted, succeeded(2))
    expect(end.output).toMatchObject({ status: 'success', attempts: 2, output: 1, failure: null })
  })

  it.each([
    ['an error of a name that is not retried', { name: 'ValidationError' }],
    ['an error of a code that is not retried', { code: 'ValidationError' }],
    ['an error that says so itself', { retryable: false }],
  ])('does not retry %s', (_, more) => {
    const { send } = step({ retries: 5 })
    expect(send(granted, failed(1, more)).output).toMatchObject({ status: 'failed', attempts: 1 })
  })

  it('makes the fallback one more attempt, once', () => {
    const { send, calls } = step({ retries: 0, hasFallback: true })
    const end = send(granted, failed(1), granted, failed(2))
    expect(calls.filter((call) => call.startsWith('attempt'))).toEqual([
      'attempt 1 operation',
      'attempt 2 fallback',
    ])
    expect(end.output).toMatchObject({ status: 'failed', attempts: 2 })
  })

  it('starts a retry only once the old attempt settled or its grace ended', () => {
    const { send, calls } = step()
    send(granted, { type: 'attempt.timedOut', attempt: 1 })
    expect(calls.slice(1)).toEqual(['attempt 1 operation', 'abort'].slice(1))
    expect(send({ type: 'grace.ended', attempt: 1 }).value).toBe('retrying')
    expect(calls).toContain('abandon')
  })

  it('changes nothing on a late or a second reply', () => {
    const { send, actor } = step()
    send(granted, failed(1), { type: 'backoff.ended', attempt: 1 }, granted)
    const before = actor.getSnapshot()
    expect(send(succeeded(1), failed(1), { type: 'attempt.timedOut', attempt: 1 })).toBe(before)
  })

  it('keeps a success that comes in while it is being cancelled', () => {
    const { send } = step()
    expect(send(granted, { type: 'step.cancel' }, succeeded(1)).output).toMatchObject({ status: 'success' })
  })

  it('does not keep a success that comes after its time-out', () => {
    const { send } = step({ retries: 0 })
    const end = send(granted, { type: 'attempt.timedOut', attempt: 1 }, succeeded(1))
    expect(end.output).toMatchObject({
      status: 'failed',
      failure: { code: 'ATTEMPT_TIMED_OUT' },
      output: null,
    })
  })

  it('is skipped, or ends the run, where its verdict says so', () => {
    expect(step({ retries: 0, verdicts: ['skip'] }).send(granted, failed(1)).output).toMatchObject({
      status: 'skipped',
    })
    expect(
      step({ retries: 0, verdicts: ['fallback', 'fail_workflow'] }).send(granted, failed(1)).output,
    ).toMatchObject({ status: 'failed', verdict: 'fail_workflow' })
  })

  it('retries no more once the time for retries is over, and says so', () => {
    const { output } = step({ retries: 9 }).send(granted, failed(1), { type: 'retries.expired' })
    expect(output).toMatchObject({ status: 'failed', attempts: 1 })
    expect(output!.failure!.message).toMatch(/^no luck; not tried again: max_elapsed/)
  })

  it('says nothing of the time where it would not have been retried anyway', () => {
    const last = step({ retries: 0 }).send(granted, { type: 'retries.expired' }, failed(1)).output
    expect(last).toMatchObject({ status: 'failed', failure })
    const fatal = step({ retries: 9 }).send(
      granted,
      { type: 'retries.expired' },
      failed(1, { retryable: false }),
    )
    expect(fatal.output).toMatchObject({ failure: { ...failure, retryable: false } })
  })

  it('keeps its fallback, which waits, when the time for retries is over', () => {
    const { send } = step({ retries: 0, hasFallback: true })
    expect(send(granted, failed(1), { type: 'retries.expired' }, granted, succeeded(2)).output).toMatchObject(
      { status: 'success', attempts: 2 },
    )
  })

  it('says that it retries only once it backs off', () => {
    const { send, calls } = step({ retries: 9 })
    send(granted, failed(1))
    expect(calls).not.toContain('step_retrying')
    send({ type: 'backoff.started', attempt: 1 })
    expect(calls).toContain('step_retrying')
  })

  const gone = (...events: StepEvent[]) => [granted, failed(1), ...events]
  const asking = (more: Partial<StepPolicy> = {}) =>
    step({ retries: 0, verdicts: null, ...more }, { advisers: 'handlers' })

  it('asks its handlers where it says nothing itself, once', () => {
    const { send, calls } = asking()
    expect(send(...gone()).value).toBe('asking')
    const retried = send({ type: 'verdict.offered', verdict: 'retry' }, { type: 'verdict.closed' })
    expect(retried.value).toBe('waiting')
    expect(send(granted, failed(2)).output).toMatchObject({ status: 'failed', attempts: 2, verdict: 'fail' })
    expect(calls.filter((call) => call === 'step_failed')).toHaveLength(1)
  })

  it('asks nobody where it says something itself, or where there is nobody', () => {
    expect(step({ retries: 0, verdicts: ['skip'] }, { advisers: 'handlers' }).send(...gone()).value).toBe(
      'skipped',
    )
    expect(step({ retries: 0, verdicts: null }).send(...gone()).value).toBe('failed')
  })

  it('goes by what holds for its workflow where nobody answers in time', () => {
    const late = asking({ strategies: ['fallback', 'skip'] })
    expect(late.send(...gone({ type: 'verdict.timedOut' })).value).toBe('skipped')
    const best = asking().send(
      ...gone({ type: 'verdict.offered', verdict: 'fail_workflow' }, { type: 'verdict.timedOut' }),
    )
    expect(best.output).toMatchObject({ verdict: 'fail_workflow' })
  })

  it.each<[string, Partial<StepPolicy>, object]>([
    ['retries once more', { verdicts: ['retry', 'skip'] }, { status: 'skipped', attempts: 2 }],
    ['retries no more than may be granted', { verdicts: ['retry'], grantedRetriesMax: 0 }, { attempts: 1 }],
    [
      'degrades where it may be skipped',
      { verdicts: ['degradation', 'skip'] },
      { status: 'skipped', degraded: true },
    ],
    ['never degrades otherwise', { verdicts: ['degradation'] }, { status: 'failed', degraded: false }],
    [
      'passes a fallback over that was tried',
      { verdicts: ['fallback', 'compensate'] },
      { verdict: 'compensate' },
    ],
  ])('takes the first verdict that applies: %s', (_, more, expected) => {
    const { send, actor } = step({ retries: 0, ...more })
    send(...gone())
    if (actor.getSnapshot().status === 'active') send(granted, failed(2))
    expect(actor.getSnapshot().output).toMatchObject(expected)
  })

  it('does not retry by its own list what cannot get better', () => {
    const { send } = step({ retries: 0, verdicts: ['retry', 'skip'] })
    expect(send(granted, failed(1, { retryable: false })).output).toMatchObject({
      status: 'skipped',
      attempts: 1,
    })
  })

  it('obeys a verdict that comes with the failure', () => {
    const { send, calls } = step({ retries: 5 })
    const end = send(granted, { ...failed(1), verdict: 'compensate' } as StepEvent)
    expect(end.output).toMatchObject({ status: 'failed', verdict: 'compensate', attempts: 1 })
    expect(calls).toContain('step_failed')
  })

  it('lets its attempt come to an end where it is to be awaited, but not for ever', () => {
    const awaited = () => step({ awaitMs: 5 })
    expect(awaited().send(granted, { type: 'step.cancel' }, succeeded(1)).output).toMatchObject({
      status: 'success',
    })
    expect(awaited().send(granted, { type: 'step.cancel' }, failed(1)).output).toMatchObject({
      status: 'cancelled',
    })
    const { send, calls } = awaited()
    expect(send(granted, { type: 'step.cancel' }).value).toBe('finishing')
    expect(calls).not.toContain('abort')
    expect(send({ type: 'attempt.timedOut', attempt: 1 }).value).toBe('cancelling')
    const forced = awaited().send(granted, { type: 'step.cancel' }, { type: 'step.cancel', force: true })
    expect(forced.value).toBe('cancelling')
  })

  it('fails an attempt that falls silent, and may retry it', () => {
    const { send } = step({ heartbeatMs: 10 })
    expect(send(granted, { type: 'heartbeat.missed', attempt: 1 }).value).toBe('aborting')
    expect(send({ type: 'grace.ended', attempt: 1 }).context.failure).toMatchObject({
      code: 'HEARTBEAT_MISSED',
    })
  })

  it('stops an attempt that has lost its lease, and may retry it', () => {
    const { send, calls } = step({ retries: 1 })
    expect(send(granted, { type: 'lease.lost', failure }).value).toBe('aborting')
    expect(calls).toContain('abort')
    expect(send(failed(1)).value).toBe('retrying')
  })
})
