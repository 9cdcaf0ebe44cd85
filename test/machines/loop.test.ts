// The rules of a loop, and proof that every transition is reached by generated paths.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { loopMachine, type LoopInput } from '../../machines/loop.ts'
import type { Failure, LoopEvent } from '../../machines/protocol.ts'
import { unreached } from './coverage.ts'
import { loopWalk } from './walks.ts'

const failure: Failure = { code: 'INTERNAL', message: 'x' }
const each: LoopInput = { path: 'l', over: 'each', iterationsMax: 2, tolerate: { count: 0 } }
const counted = (count: number): LoopEvent => ({ type: 'items.counted', count })
const done: LoopEvent = { type: 'iteration.settled', failure: null, verdict: null }
const broken: LoopEvent = { type: 'iteration.settled', failure, verdict: null }
const again = (holds: boolean): LoopEvent => ({ type: 'condition.decided', holds })

const after = (more: Partial<LoopInput>, ...events: LoopEvent[]) => {
  const actor = createActor(loopMachine, { input: { ...each, ...more } }).start()
  for (const event of events) actor.send(event)
  return actor.getSnapshot()
}

describe('loop', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(loopMachine, loopWalk)).toEqual([])
  })

  it('ends once every item had its iteration', () => {
    expect(after({}, counted(2), done).value).toBe('iterating')
    expect(after({}, counted(2), done, done).output).toMatchObject({ status: 'completed' })
    expect(after({}, counted(0)).output).toMatchObject({ status: 'completed' })
  })

  it('refuses more items than it may have', () => {
    expect(after({}, counted(3)).output).toMatchObject({
      status: 'failed',
      failure: { code: 'ITERATION_LIMIT' },
    })
  })

  it('is cancelled where an iteration is that is one too many', () => {
    const cancelled: LoopEvent = { ...broken, cancelled: true } as LoopEvent
    const ends: LoopEvent[] = [{ type: 'iterations.finished' }]
    expect(after({}, counted(2), cancelled, ...ends).output).toMatchObject({ status: 'cancelled' })
    const one = { tolerate: { count: 1 } }
    expect(after(one, counted(2), cancelled, done).value).toBe('completed')
    expect(after(one, counted(2), cancelled, broken, ...ends).output).toMatchObject({ status: 'failed' })
  })

  it('puts up with as many failures as it may, a number or a share', () => {
    const one = { tolerate: { count: 1 } }
    expect(after(one, counted(2), broken, done).value).toBe('completed')
    expect(after(one, counted(2), broken, broken).value).toBe('stopping')
    const half = { tolerate: { share: 0.5 }, iterationsMax: 4 }
    expect(after(half, counted(4), broken, broken).value).toBe('iterating')
    expect(after(half, counted(4), broken, broken, broken).value).toBe('stopping')
    expect(after({}, counted(2), broken, { type: 'iterations.finished' }).output).toMatchObject({ failure })
  })

  it('never puts up with a verdict that ends more than the loop', () => {
    const halted = after({ tolerate: { count: 9 } }, counted(2), {
      type: 'iteration.settled',
      failure,
      verdict: 'fail_workflow',
    })
    expect([halted.value, halted.context.verdict]).toEqual(['stopping', 'fail_workflow'])
  })

  it('asks before each iteration of a while, after each of an until', () => {
    expect(after({ over: 'while' }).value).toBe('asking')
    expect(after({ over: 'while' }, again(false)).value).toBe('completed')
    expect(after({ over: 'until' }).value).toBe('iterating')
    expect(after({ over: 'until' }, done).value).toBe('asking')
  })

  it('fails where its condition wants more than it may have, not where it is content by then', () => {
    const twice = [again(true), done, again(true), done]
    expect(after({ over: 'while' }, ...twice, again(false)).value).toBe('completed')
    expect(after({ over: 'while' }, ...twice, again(true)).output).toMatchObject({
      failure: { code: 'ITERATION_LIMIT' },
    })
  })
})
