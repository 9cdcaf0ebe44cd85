// The rules of the pool's chart, as examples and as properties, and proof that every transition is reached.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { PoolEvent } from '../../machines/protocol.ts'
import { PRIORITY_WORTH_MS, WAITING_MAX } from '../../machines/lease-queue.ts'
import { poolMachine } from '../../machines/resource.ts'
import { unreached } from './coverage.ts'
import { poolWalk } from './walks.ts'

const input = { name: 'db', capacity: 2, leaseTimeoutMs: 100 }
const request = (lease: string, units = 1, at = 0, priority = 0): PoolEvent => ({
  type: 'lease.request',
  lease,
  units,
  priority,
  at,
  replyTo: 'run/1',
})
const release = (lease: string): PoolEvent => ({ type: 'lease.release', lease })

function pool(capacity = 2) {
  const told: string[] = []
  const timers = new Set<string>()
  const actor = createActor(
    poolMachine.provide({
      actions: {
        grant: (_, { lease }) => void told.push(`grant ${lease}`),
        deny: (_, { lease, failure }) => void told.push(`deny ${lease} ${failure.code}`),
        startLeaseTimer: (_, { lease }) => void timers.add(lease),
        stopLeaseTimer: (_, { lease }) => void timers.delete(lease),
        reportLost: (_, { lease, failure }) => void told.push(`lost ${lease} ${failure.code}`),
        reportExhausted: () => void told.push('exhausted'),
      },
    }),
    { input: { ...input, capacity } },
  ).start()
  return {
    actor,
    told,
    timers,
    send: (...events: PoolEvent[]) => events.forEach((event) => actor.send(event)),
  }
}

/** What the pool is meant to do, in the plainest words: sorts all that wait, each time. */
class Queue {
  readonly granted: string[] = []
  private free: number
  private readonly held = new Map<string, number>()
  private waiting: { readonly lease: string; readonly units: number; readonly rank: number }[] = []

  constructor(units: number) {
    this.free = units
  }

  request(lease: string, units: number, rank: number): void {
    this.waiting.push({ lease, units, rank })
    this.serve()
  }

  release(lease: string): void {
    this.waiting = this.waiting.filter((waiter) => waiter.lease !== lease)
    this.free += this.held.get(lease) ?? 0
    this.held.delete(lease)
    this.serve()
  }

  private serve(): void {
    this.waiting.sort((a, b) => a.rank - b.rank)
    for (let head = this.waiting[0]; head && head.units <= this.free; head = this.waiting[0]) {
      this.waiting.shift()
      this.free -= head.units
      this.held.set(head.lease, head.units)
      this.granted.push(`grant ${head.lease}`)
    }
  }
}

describe('pool', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(poolMachine, poolWalk)).toEqual([])
  })

  it('grants what fits, and lets the rest wait in their order', () => {
    const { send, told } = pool()
    send(request('a'), request('b'), request('c', 1, 1), request('d', 1, 2), release('b'), release('a'))
    expect(told).toEqual(['grant a', 'grant b', 'exhausted', 'grant c', 'grant d'])
  })

  it('lends another unit in place of one that is lost, and tells who held it', () => {
    const { actor, send, told } = pool(1)
    send(request('a'), request('b'), { type: 'lease.lost', lease: 'a' })
    expect(told).toEqual(['grant a', 'exhausted', 'lost a RESOURCE_LOST', 'grant b'])
    send(release('a'), { type: 'lease.lost', lease: 'a' })
    expect(told).toHaveLength(4)
    send({ type: 'lease.lost', lease: 'b' }, release('b'))
    expect(actor.getSnapshot().context).toMatchObject({ free: 1, holders: [] })
  })

  it('lets a large request at the head be waited for', () => {
    const { send, told } = pool()
    send(request('a'), request('big', 2, 1), request('small', 1, 2))
    expect(told).toEqual(['grant a', 'exhausted'])
    send(release('a'))
    expect(told.slice(2)).toEqual(['grant big'])
  })

  it('puts a higher priority first, but not for ever', () => {
    const { send, told } = pool(1)
    send(
      request('a'),
      request('low', 1, 0),
      request('high', 1, 1, 1),
      request('late', 1, PRIORITY_WORTH_MS + 1, 1),
    )
    send(release('a'), release('high'), release('low'))
    expect(told).toEqual(['grant a', 'exhausted', 'grant high', 'grant low', 'grant late'])
  })

  it('denies what waited too long, what can never fit, and all when it closes', () => {
    const { send, told, timers } = pool()
    send(request('a', 2), request('b'), { type: 'lease.timedOut', lease: 'b' }, request('c', 3), request('d'))
    send({ type: 'pool.close' })
    expect(told).toEqual([
      'grant a',
      'exhausted',
      'deny b RESOURCE_TIMEOUT',
      'deny c RESOURCE_TIMEOUT',
      'exhausted',
      'deny d RESOURCE_CLOSED',
    ])
    expect(timers.size).toBe(0)
  })

  it('bounds its queue', () => {
    const { send, told } = pool(1)
    for (let at = 0; at < WAITING_MAX + 2; at++) send(request(`r${at}`, 1, at))
    expect(told.at(-1)).toBe(`deny r${WAITING_MAX + 1} RESOURCE_TIMEOUT`)
  })

  it('changes nothing on a second request or on a release of what is not there', () => {
    const { send, actor, told } = pool()
    send(request('a', 2), request('b'))
    const before = actor.getSnapshot().context
    send(request('a', 2), request('b'), release('zzz'))
    expect(actor.getSnapshot().context).toEqual(before)
    expect(told).toEqual(['grant a', 'exhausted'])
  })

  it('serves those behind a request that is withdrawn', () => {
    const { send, told, timers } = pool()
    send(request('a'), request('big', 2, 1), request('small', 1, 2), release('big'))
    expect(told).toEqual(['grant a', 'exhausted', 'grant small'])
    expect(timers.size).toBe(0)
  })

  it.each([0, -1, Number.NaN])('denies %s units', (units) => {
    const { send, told, actor } = pool()
    send(request('a', units))
    expect(told).toEqual(['deny a RESOURCE_TIMEOUT'])
    expect(actor.getSnapshot().context.free).toBe(2)
  })

  it('always serves in the order of rank, then of arrival, each lease once', () => {
    const command = fc.oneof(
      fc.record({
        units: fc.integer({ min: 1, max: 3 }),
        priority: fc.integer({ min: -2, max: 2 }),
        gap: fc.constantFrom(0, 1, PRIORITY_WORTH_MS / 2, PRIORITY_WORTH_MS),
      }),
      fc.record({ release: fc.nat({ max: 20 }) }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 50 }), (commands) => {
        const { send, told } = pool(3)
        const model = new Queue(3)
        let at = 0
        commands.forEach((step, index) => {
          if ('release' in step) {
            send(release(`${step.release}`))
            model.release(`${step.release}`)
          } else {
            const { units, priority } = step
            at += step.gap
            send(request(`${index}`, units, at, priority))
            model.request(`${index}`, units, at - priority * PRIORITY_WORTH_MS)
          }
          expect(told.filter((line) => line !== 'exhausted')).toEqual(model.granted)
        })
      }),
    )
  })

  it('never lends more than there is, loses no unit, and serves everybody in the end', () => {
    const leases = fc.constantFrom(...'abcdefgh')
    const command = fc.oneof(
      fc.record({
        kind: fc.constant('request' as const),
        lease: leases,
        units: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({ kind: fc.constant('release' as const), lease: leases }),
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const { send, actor, timers } = pool(3)
        commands.forEach((step, at) => {
          send(step.kind === 'request' ? request(step.lease, step.units, at) : release(step.lease))
          const { free, holders, waiting } = actor.getSnapshot().context
          const lent = holders.reduce((sum, { units }) => sum + units, 0)
          expect(free).toBeGreaterThanOrEqual(0)
          expect(free + lent).toBe(3)
          expect([...timers].toSorted()).toEqual(waiting.map(({ lease }) => lease).toSorted())
          expect(waiting[0] === undefined || waiting[0].units > free).toBe(true)
        })
        for (let round = 0; round < 9; round++) for (const lease of 'abcdefgh') send(release(lease))
        expect(actor.getSnapshot().context).toMatchObject({ free: 3, holders: [], waiting: [] })
      }),
    )
  })
})
