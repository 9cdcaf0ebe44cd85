// The rules of undoing a step, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { compensationMachine, type CompensationInput } from '../../machines/compensation.ts'
import type { CompensationEvent, CompensationPolicy, Failure } from '../../machines/protocol.ts'
import { unreached } from './coverage.ts'
import { compensationWalk } from './walks.ts'

const failure: Failure = { code: 'OPERATION_FAILED', message: 'no luck' }
const policy: CompensationPolicy = {
  retries: 1,
  backoff: { kind: 'constant', initialMs: 1, factor: 1, maxMs: 1, jitter: 'none', maxElapsedMs: null },
  timeoutMs: 100,
  graceMs: 10,
  nonRetryable: [],
}
const owed = [{ target: 'operation', policy }] as const
const own: CompensationInput = { index: 0, path: 'c', owed, inside: 'nothing' }
const both: CompensationInput = { ...own, inside: 'steps' }
const onlyInside: CompensationInput = { ...both, owed: [] }
const fellBack: CompensationInput = { ...both, owed: [{ target: 'fallback', policy }, ...owed] }

const granted: CompensationEvent = { type: 'slot.granted' }
const succeeded = (attempt: number): CompensationEvent => ({
  type: 'attempt.succeeded',
  attempt,
  output: null,
})
const failed = (attempt: number): CompensationEvent => ({ type: 'attempt.failed', attempt, failure })
const backedOff = (attempt: number): CompensationEvent => ({ type: 'backoff.ended', attempt })
const inside = (left: typeof failure | null = null): CompensationEvent => ({
  type: 'inside.undone',
  failure: left,
})
const stop: CompensationEvent = { type: 'compensation.stop' }

const after = (input: CompensationInput, ...events: CompensationEvent[]) => {
  const actor = createActor(compensationMachine, { input }).start()
  for (const event of events) actor.send(event)
  return actor.getSnapshot()
}

describe('compensation', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(compensationMachine, compensationWalk)).toEqual([])
  })

  it('undoes what is inside before the step itself', () => {
    expect(after(both).value).toBe('undoingInside')
    expect(after(both, inside()).value).toBe('compensating')
    expect(after(both, inside(), succeeded(1)).output).toMatchObject({ undone: true, attempts: 1 })
    expect(after(onlyInside, inside()).output).toMatchObject({ undone: true, attempts: 0 })
  })

  it('undoes the step itself though something inside is left, and says that something is', () => {
    expect(after(both, inside(failure), succeeded(1)).output).toMatchObject({ undone: false, failure })
  })

  it('undoes each effect of the step, though another one is left, and says which', () => {
    const begun = after(fellBack, inside())
    expect(begun.context).toMatchObject({ target: 'fallback' })
    const first = after(fellBack, inside(), succeeded(1))
    expect(first).toMatchObject({ value: 'waiting', context: { target: 'operation' } })
    expect(after(fellBack, inside(), succeeded(1), granted, succeeded(2)).output).toMatchObject({
      undone: true,
      left: [],
      attempts: 2,
    })
    const retried = [failed(1), backedOff(1), granted, failed(2)]
    expect(after(fellBack, inside(), ...retried, granted, succeeded(3)).output).toMatchObject({
      undone: false,
      left: ['fallback'],
      failure,
    })
    expect(after(fellBack, inside(), stop, succeeded(1)).output).toMatchObject({
      undone: false,
      left: ['operation'],
      failure: { code: 'COMPENSATION_STOPPED' },
    })
  })

  it('retries as often as it may', () => {
    const once = after(own, failed(1), backedOff(1), granted)
    expect(once.value).toBe('compensating')
    expect(after(own, failed(1), backedOff(1), granted, failed(2)).output).toMatchObject({
      undone: false,
      failure,
      attempts: 2,
    })
  })

  it('retries no more once the time for retries is over, and says so', () => {
    const { output } = after(own, failed(1), { type: 'retries.expired' })
    expect(output).toMatchObject({ undone: false, attempts: 1 })
    expect(output!.failure!.message).toMatch(/^no luck; not tried again: max_elapsed/)
  })

  it('ends when it is told to, and counts what was undone by then', () => {
    expect(after(own, stop, succeeded(1)).output).toMatchObject({ undone: true })
    expect(after(own, stop, { type: 'grace.ended', attempt: 1 }).output).toMatchObject({
      undone: false,
      failure: { code: 'COMPENSATION_STOPPED' },
    })
    expect(after(both, stop, inside()).output).toMatchObject({ undone: false })
    expect(after(onlyInside, stop, inside()).output).toMatchObject({ undone: true })
  })
})
