// The plain structures that the runtime stands on: heap, timers, queue of ready steps, JSON copies, failures.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffDelayMs } from '../../machines/backoff.ts'
import type { BackoffPolicy } from '../../machines/protocol.ts'
import { defineWorkflow } from '../../src/definition/builder.ts'
import { planWorkflow } from '../../src/definition/plan.ts'
import { SagachartError } from '../../src/errors.ts'
import { heapify, popHeap, pushHeap } from '../../src/kernel/heap.ts'
import { AGEING_MS, dequeue, enqueue, newReadyQueue, type ReadyQueue } from '../../src/kernel/ready-queue.ts'
import { toFailure } from '../../src/runtime/execute/failure.ts'
import { toJson } from '../../src/definition/json-copy.ts'
import { TimerQueue } from '../../src/runtime/port/timers.ts'

describe('heap', () => {
  it('gives the smallest first, whatever was dropped in between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (numbers, bound) => {
        const isLess = (a: number, b: number) => a < b
        const heap: number[] = []
        for (const number of numbers) pushHeap(heap, number, isLess)
        const kept = heap.filter((number) => number >= bound)
        heapify(kept, isLess)
        const next = () => popHeap(kept, isLess)
        const out: number[] = []
        for (let least = next(); least !== undefined; least = next()) out.push(least)
        expect(out).toEqual(numbers.filter((number) => number >= bound).toSorted((a, b) => a - b))
      }),
    )
  })
})

describe('timers', () => {
  it('fire by time, then by creation, and never once cancelled', () => {
    const timer = fc.record({ due: fc.nat({ max: 20 }), cancel: fc.boolean() })
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 300 }), (list) => {
        const queue = new TimerQueue<null>()
        const started = list.map(({ due }, index) => queue.start(due, `${index}`, null))
        list.forEach(({ cancel }, index) => cancel && queue.cancel(started[index]!))
        const expected = list
          .map((each, index) => ({ ...each, index }))
          .filter(({ cancel }) => !cancel)
          .toSorted((a, b) => a.due - b.due || a.index - b.index)
        expect(queue.size).toBe(expected.length)
        const fired: number[] = []
        for (let next = queue.take(20); next; next = queue.take(20)) fired.push(Number(next.to))
        expect(fired).toEqual(expected.map(({ index }) => index))
      }),
    )
  })

  it('keeps no cancelled timer for long', () => {
    const queue = new TimerQueue<null>()
    for (let index = 0; index < 10_000; index++) queue.cancel(queue.start(1e9 + index, '', null))
    expect((queue as unknown as { heap: readonly unknown[] }).heap.length).toBeLessThan(200)
  })
})

describe('queue of ready steps', () => {
  const drain = (queue: ReadyQueue, now: number) => {
    const out: number[] = []
    const next = () => dequeue(queue, now, () => true)
    for (let step = next(); step !== undefined; step = next()) out.push(step)
    return out
  }

  it('lets higher priority through first, then declared order', () => {
    const queue = newReadyQueue()
    for (const [index, priority] of [
      [3, 0],
      [1, 0],
      [2, 5],
      [0, 0],
    ] as const)
      enqueue(queue, index, priority, 0)
    expect(drain(queue, 0)).toEqual([2, 0, 1, 3])
  })

  it('lets through first what has waited too long', () => {
    const queue = newReadyQueue()
    enqueue(queue, 0, 9, 1)
    enqueue(queue, 1, 0, 0)
    enqueue(queue, 2, 9, AGEING_MS)
    expect(drain(queue, AGEING_MS)).toEqual([1, 0, 2])
  })

  it('lets nothing starve that waited before priorities differed', () => {
    const queue = newReadyQueue()
    enqueue(queue, 0, 0, 0)
    enqueue(queue, 1, 9, 1)
    expect(drain(queue, AGEING_MS)).toEqual([0, 1])
  })

  it('passes over what waits no more', () => {
    const queue = newReadyQueue()
    enqueue(queue, 0, 0, 0)
    enqueue(queue, 1, 0, 0)
    expect(dequeue(queue, 0, (index) => index === 1)).toBe(1)
    expect(dequeue(queue, 0, () => true)).toBeUndefined()
  })
})

describe('JSON copy', () => {
  it('equals what JSON would give, frozen', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copied = toJson(value)
        expect(copied).toEqual(JSON.parse(JSON.stringify(value)))
        if (typeof copied === 'object' && copied !== null) expect(Object.isFrozen(copied)).toBe(true)
      }),
    )
  })

  it('honours toJSON, drops undefined, and takes no prototype from a key', () => {
    expect(toJson({ at: new Date(0), none: undefined, list: [undefined] })).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      list: [null],
    })
    const copied = toJson(JSON.parse('{"__proto__":{"polluted":true}}')) as object
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype)
    expect(Object.keys(copied)).toEqual(['__proto__'])
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  it.each([
    [() => 1],
    [1n],
    [Number.NaN],
    [new Map()],
    [new Set()],
    [new Uint8Array(1)],
    [Symbol('s')],
    [cycle],
    [Promise.resolve()],
  ])('refuses %o', (value) => {
    expect(() => toJson({ value })).toThrow(
      expect.objectContaining({ code: 'OUTPUT_NOT_SERIALISABLE' }) as Error,
    )
  })
})

describe('failure', () => {
  it('keeps what an error says of itself', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('worse') }), {
      code: 'E',
      retryable: false,
      retryAfter: 2,
    })
    expect(toFailure(error)).toEqual({
      code: 'E',
      name: 'TypeError',
      message: 'bad',
      retryable: false,
      retryAfterMs: 2000,
      cause: { code: 'OPERATION_FAILED', message: 'worse' },
    })
  })

  it('takes whatever is thrown', () => {
    expect(toFailure('text')).toEqual({ code: 'OPERATION_FAILED', message: 'text' })
    expect(toFailure(undefined)).toMatchObject({ message: 'undefined' })
    expect(toFailure({})).toMatchObject({ code: 'OPERATION_FAILED' })
    expect(toFailure(new SagachartError('INPUT_INVALID', 'x', { retryable: false }))).toMatchObject({
      code: 'INPUT_INVALID',
      retryable: false,
    })
  })
})

describe('backoff', () => {
  const policy: BackoffPolicy = {
    kind: 'exponential',
    initialMs: 100,
    factor: 2,
    maxMs: 1000,
    jitter: 'none',
    maxElapsedMs: null,
  }
  const delays = (more: Partial<BackoffPolicy>, chance = 0.5) =>
    [1, 2, 3, 9].map((n) => backoffDelayMs({ ...policy, ...more }, n, chance, null))

  it('grows as its kind says, up to its limit', () => {
    expect(delays({})).toEqual([100, 200, 400, 1000])
    expect(delays({ kind: 'linear' })).toEqual([100, 200, 300, 900])
    expect(delays({ kind: 'constant' })).toEqual([100, 100, 100, 100])
  })

  it('is jittered in its range', () => {
    expect(delays({ jitter: 'full' })).toEqual([50, 100, 200, 500])
    expect(delays({ jitter: 'equal' }, 0)).toEqual([50, 100, 200, 500])
  })

  it('is what the error asks for, if it does', () => {
    for (const retryAfterMs of [0, 5, 5000])
      expect(backoffDelayMs(policy, 1, 0, { code: 'INTERNAL', message: '', retryAfterMs })).toBe(retryAfterMs)
  })
})

describe('plan', () => {
  const workflow = (steps: Record<string, object>) => defineWorkflow({ id: 'w', steps } as never)

  it.each([
    ['an unknown dependency', { a: { invoke: 'm.x', dependsOn: ['zzz'] } }],
    ['a cycle', { a: { invoke: 'm.x', dependsOn: ['b'] }, b: { invoke: 'm.x', dependsOn: ['a'] } }],
    ['a step that depends on itself', { a: { invoke: 'm.x', dependsOn: ['a'] } }],
  ])('refuses %s', (_, steps) => {
    expect(() => planWorkflow(workflow(steps))).toThrow(
      expect.objectContaining({ code: 'WORKFLOW_INVALID' }) as Error,
    )
  })

  it.each([
    [{ id: '', steps: {} }],
    [{ id: 'w', maxConcurrency: 0, steps: {} }],
    [{ id: 'w', timeout: -1, steps: {} }],
    [{ id: 'w', steps: { a: { invoke: 'nodot' } } }],
    [{ id: 'w', steps: { a: { invoke: 'm.x', retry: { count: 1.5 } } } }],
    [{ id: 'w', steps: { 'a/b': { invoke: 'm.x' } } }],
  ])('refuses %j', (config) => {
    expect(() => defineWorkflow(config as never)).toThrow(
      expect.objectContaining({ code: 'WORKFLOW_INVALID' }) as Error,
    )
  })

  it('lays out a chain of 100,000 steps', () => {
    const steps = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [
        `s${i}`,
        { invoke: 'm.x', dependsOn: i ? [`s${i - 1}`] : [] },
      ]),
    )
    const plan = planWorkflow(workflow(steps))
    expect(plan.dependents[99_998]).toBe(99_999)
    expect(new Set(plan.policies).size).toBe(1)
  })
})
