// The rules of the step's chart, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { StepEvent, StepPolicy } from '../../machines/protocol.ts'
import { stepMachine, type StepInput } from '../../machines/step.ts'
import { unreached } from './coverage.ts'

const policy: StepPolicy = {
  retries: 1,
  backoff: { kind: 'constant', initialMs: 1, factor: 1, maxMs: 1, jitter: 'none', maxElapsedMs: null },
  timeoutMs: 100,
  graceMs: 10,
  nonRetryable: ['ValidationError'],
  hasFallback: false,
  verdicts: ['fail'],
}
const failure = { code: 'OPERATION_FAILED', message: 'no luck' }

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
    const policies: Partial<StepPolicy>[] = [{}, { hasFallback: true }, { verdicts: ['skip'] }]
    const events: StepEvent[] = [
      granted,
      { type: 'lease.denied', failure },
      ...[1, 2].flatMap((attempt): StepEvent[] => [
        succeeded(attempt),
        failed(attempt),
        { type: 'attempt.timedOut', attempt },
        { type: 'grace.ended', attempt },
        { type: 'backoff.ended', attempt },
      ]),
      { type: 'retries.expired' },
      { type: 'step.cancel' },
    ]
    const inputs = policies.flatMap((more): StepInput[] => [
      { index: 0, path: 's', policy: { ...policy, ...more } },
      { index: 0, path: 's', policy: { ...policy, ...more }, entry: 'admitted' },
      { index: 0, path: 's', policy: { ...policy, ...more }, entry: 'denied', failure },
    ])
    expect(unreached(stepMachine, { inputs, events })).toEqual([])
  })

  it('gives up after the last attempt', () => {
    const { send, calls } = step()
    const end = send(granted, failed(1), { type: 'backoff.ended', attempt: 1 }, granted, failed(2))
    expect(end.output).toMatchObject({ status: 'failed', attempts: 2, failure, endsRun: false })
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
    ).toMatchObject({ status: 'failed', endsRun: true })
  })

  it('retries no more once the time for retries is over', () => {
    const { send } = step({ retries: 9 })
    expect(send(granted, failed(1), { type: 'retries.expired' }).output).toMatchObject({
      status: 'failed',
      attempts: 1,
    })
  })
})
