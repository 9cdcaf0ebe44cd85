// An error that says when it is to be tried again: which values mean what, and what a step makes of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { toFailure } from '../../src/runtime/execute/failure.ts'
import { retryAfterMs } from '../../src/runtime/execute/retry-after.ts'
import { stepOf, type RunReport } from '../../src/runtime/report/step-records.ts'

const NOW = Date.UTC(2026, 4, 1)

describe('retryAfter', () => {
  it.each([
    // seconds
    [0, 0],
    [2, 2000],
    [1.5, 1500],
    [3n, 3000],
    ['0', 0],
    ['2', 2000],
    [' 120 ', 120_000],
    ['007', 7000],
    [1e308, Number.MAX_SAFE_INTEGER],
    // with a unit
    ['0s', 0],
    ['2s', 2000],
    ['250ms', 250],
    ['1.5 s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    // an HTTP date, in its three forms
    ['Fri, 01 May 2026 00:00:10 GMT', 10_000],
    ['Friday, 01-May-26 00:00:10 GMT', 10_000],
    ['Fri May  1 00:00:10 2026', 10_000],
    // a date that is past
    ['Fri, 01 May 2026 00:00:00 GMT', 0],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sun Nov  6 08:49:37 1994', 0],
  ])('%o is %d ms', (value, ms) => {
    expect(retryAfterMs(value, NOW)).toBe(ms)
    expect(toFailure({ retryAfter: value }, 'OPERATION_FAILED', NOW)).toMatchObject({ retryAfterMs: ms })
  })

  it.each([
    [-1],
    [Number.NaN],
    [Infinity],
    ['-5'],
    ['1.5'],
    ['1e3'],
    ['0x10'],
    ['+5'],
    [''],
    [' '],
    ['soon'],
    ['2 weeks'],
    ['-2s'],
    ['2001'.repeat(100)],
    ['2026-05-01'],
    ['Fri, 99 May 2026 00:00:10 GMT'],
    ['Fri, 01 Foo 2026 00:00:10 GMT'],
    ['Fri, 01 May 2026 25:00:10 GMT'],
    ['Fri, 01 May 2026 00:00:10 CET'],
    [true],
    [null],
    [undefined],
    [[]],
    [[2]],
    [{}],
    [Symbol('2')],
  ])('%o is nothing to go by', (value) => {
    expect(retryAfterMs(value, NOW)).toBeNull()
    expect(toFailure({ retryAfter: value }, 'OPERATION_FAILED', NOW)).not.toHaveProperty('retryAfterMs')
  })

  it('is never negative, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), fc.double(), fc.date().map(String)), (value) => {
        expect(retryAfterMs(value, NOW) ?? 0).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('a step whose error says when to try again', () => {
  const play = (retryAfter: unknown, retry: object = {}, more: object = {}) => {
    const starts: number[] = []
    const types: string[] = []
    const host = new SimulationHost({ startAt: NOW })
    const op = () => {
      starts.push(host.time - NOW)
      throw Object.assign(new Error('429'), { retryAfter })
    }
    const a = {
      invoke: 'm.op',
      retry: { count: 1, initial: '50ms', jitter: 'none', ...retry },
      onFailure: 'fail',
      ...more,
    }
    const config = { id: 'w', steps: { a } } as never
    const actor = createActor(setupOn(host)({ modules: { m: { op } } }).createWorkflow(config))
    actor.on('*' as never, ({ type }: { type: string }) => void types.push(type))
    actor.start()
    host.run()
    return { starts, types, time: host.time - NOW, a: stepOf(actor.getSnapshot().output as RunReport, 'a') }
  }

  it.each([
    [2, 2000],
    ['2', 2000],
    ['2s', 2000],
    ['250ms', 250],
    ['Fri, 01 May 2026 00:00:10 GMT', 10_000],
    ['Wed, 21 Oct 2099 07:28:00 GMT', Date.UTC(2099, 9, 21, 7, 28) - NOW],
    [0, 0],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['-5', 50],
    ['1.5', 50],
  ])('with %o tries again after %d ms, whatever its backoff', (retryAfter, ms) => {
    expect(play(retryAfter, { max: '200ms' }).starts).toEqual([0, ms])
  })

  it('gives up at once where that is later than max_elapsed, and says why', () => {
    const { starts, types, time, a } = play('1h', { count: 5, maxElapsed: '1m' })
    expect(starts).toEqual([0])
    expect(time).toBe(0)
    expect(a).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'OPERATION_FAILED' } })
    expect(a.error!.message).toBe(
      '429; not tried again: it asks for the next attempt after 3600000 ms, and max_elapsed ends the retries 60000 ms after the start of the first attempt',
    )
    expect(types).not.toContain('step_retrying')
  })

  it('counts from the first attempt', () => {
    const { starts, time, a } = play('40s', { count: 5, maxElapsed: '1m' })
    expect(starts).toEqual([0, 40_000])
    expect(time).toBe(40_000)
    expect(a.error!.message).toMatch(/^429; not tried again: it asks for the next attempt after 40000 ms/)
  })

  it('has its fallback, after it gave up', () => {
    const { a, time } = play('1h', { maxElapsed: '1m' }, { fallback: { value: 'plan b' } })
    expect(a).toMatchObject({ status: 'success', output: 'plan b', attempts: 2 })
    expect(time).toBe(0)
  })
})

describe('a compensation whose error says when to try again', () => {
  const undo = (retryAfter: unknown, retry: object) => {
    const starts: number[] = []
    const host = new SimulationHost({ startAt: NOW })
    const modules = {
      m: {
        book: () => 1,
        pay: () => {
          throw new Error('declined')
        },
        cancel: () => {
          starts.push(host.time - NOW)
          throw Object.assign(new Error('429'), { retryAfter })
        },
      },
    }
    const book = {
      invoke: 'm.book',
      compensate: { invoke: 'm.cancel', retry: { count: 3, initial: '50ms', jitter: 'none', ...retry } },
    }
    const steps = { book, pay: { invoke: 'm.pay', dependsOn: ['book'] } }
    const config = { id: 'w', onFailure: 'compensate', steps } as never
    const actor = createActor(setupOn(host)({ modules }).createWorkflow(config)).start()
    host.run()
    const report = actor.getSnapshot().output as RunReport
    return { starts, time: host.time - NOW, report, error: stepOf(report, 'book').compensation!.error! }
  }

  it('waits as it is asked to', () => {
    expect(undo('2s', {}).starts).toEqual([0, 2000, 4000, 6000])
  })

  it('gives up at once where that is later than max_elapsed, and says why', () => {
    const { starts, time, report, error } = undo('2s', { maxElapsed: '3s' })
    expect(starts).toEqual([0, 2000])
    expect(time).toBe(2000)
    expect(report).toMatchObject({ status: 'compensation_failed', undone: ['book'] })
    expect(error.message).toMatch(/^429; not tried again: it asks for the next attempt after 2000 ms/)
  })

  it('has no retry after max_elapsed with a backoff of its own', () => {
    const { starts, error } = undo(null, { initial: '2s', backoff: 'constant', maxElapsed: '3s' })
    expect(starts).toEqual([0, 2000])
    expect(error.message).toMatch(/^429; not tried again: max_elapsed ends the retries 3000 ms/)
  })
})
