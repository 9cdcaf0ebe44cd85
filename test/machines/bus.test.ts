// The rules of the bus's chart, as examples and as properties, and proof that every transition is reached.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import {
  BACKLOG_MAX,
  busMachine,
  historyOf,
  matchesPattern,
  type BusMachineEvent,
  type HistoryQuery,
} from '../../machines/bus.ts'
import { CHUNK_SIZE } from '../../machines/event-history.ts'
import { unreached } from './coverage.ts'
import { busWalk } from './walks.ts'

const input = { historySizeMax: 10, historyAgeMsMax: 1000 }
const published = (type: string, at = 0, id = type): BusMachineEvent => ({
  type: 'events.published',
  events: [{ id, type, at, source: 's', correlation_id: 'r', data: null }],
})
const subscribed = (id: string, pattern: string, priority = 0, once = false): BusMachineEvent => ({
  type: 'subscription.added',
  id,
  pattern,
  priority,
  once,
})
const removed = (id: string): BusMachineEvent => ({ type: 'subscription.removed', id })
const failed = (subscription: string): BusMachineEvent => ({
  type: 'handler.failed',
  subscription,
  failure: { code: 'INTERNAL', message: 'x' },
})
const done = (subscription: string): BusMachineEvent => ({ type: 'handler.succeeded', subscription })

function bus() {
  const dispatched: string[] = []
  const told: string[] = []
  const reportDrop = (_: unknown, { subscription, events }: { subscription: string; events: number }) =>
    void told.push(`${subscription}:${events}`)
  const dispatch = (_: unknown, { subscription, event }: { subscription: string; event: { id: string } }) =>
    void dispatched.push(`${subscription}:${event.id}`)
  const actor = createActor(busMachine.provide({ actions: { dispatch, reportDrop } }), { input }).start()
  return {
    actor,
    dispatched,
    told,
    send: (...events: BusMachineEvent[]) => events.forEach((event) => actor.send(event)),
  }
}

/** What the bus is meant to do, in the plainest words. */
class Desk {
  readonly dispatched: string[] = []
  private readonly busy = new Set<string>()
  private readonly subscriptions = new Map<
    string,
    { readonly pattern: string; readonly once: boolean; readonly queue: string[] }
  >()

  publish(event: string, type: string): void {
    for (const { pattern, once, queue } of this.subscriptions.values()) {
      if (matchesPattern(pattern, type) && !(once && queue.length > 0)) queue.push(event)
    }
    this.handOver()
  }

  subscribe(id: string, pattern: string, once: boolean): void {
    this.subscriptions.delete(id)
    this.subscriptions.set(id, { pattern, once, queue: [] })
  }

  remove(id: string): void {
    this.subscriptions.delete(id)
  }

  settle(id: string): void {
    this.busy.delete(id)
    this.handOver()
  }

  private handOver(): void {
    for (const [id, { once, queue }] of [...this.subscriptions]) {
      const event = this.busy.has(id) ? undefined : queue.shift()
      if (event === undefined) continue
      this.busy.add(id)
      this.dispatched.push(`${id}:${event}`)
      if (once) this.subscriptions.delete(id)
    }
  }
}

describe('bus', () => {
  it('has no transition that paths cannot reach', () => {
    expect(unreached(busMachine, busWalk)).toEqual([])
  })

  it.each([
    ['step_failed', 'step_failed', true],
    ['step_failed', 'step_failed_twice', false],
    ['step_*', 'step_failed', true],
    ['step_*', 'module_error', false],
    ['*', 'anything', true],
  ])('matches %s with %s: %s', (pattern, type, expected) => {
    expect(matchesPattern(pattern, type)).toBe(expected)
  })

  it('takes what one turn published as so many events, in order', () => {
    const { send, dispatched, actor } = bus()
    const events = ['1', '2', '3'].map((id) => ({
      id,
      type: id,
      at: 0,
      source: 's',
      correlation_id: 'r',
      data: null,
    }))
    send(subscribed('a', '*'), subscribed('o', '2', 0, true), { type: 'events.published', events })
    expect(dispatched).toEqual(['a:1', 'o:2'])
    send(done('a'), done('a'))
    expect(dispatched.slice(2)).toEqual(['a:2', 'a:3'])
    expect(actor.getSnapshot().context.counters).toMatchObject({ published: 3, delivered: 4 })
  })

  it('delivers by priority, then in order of subscription', () => {
    const { send, dispatched } = bus()
    send(subscribed('b', '*'), subscribed('c', '*'), subscribed('a', '*', 1), published('e'))
    expect(dispatched).toEqual(['a:e', 'b:e', 'c:e'])
  })

  it('gives a busy subscriber its next event only when it has ended', () => {
    const { send, dispatched } = bus()
    send(subscribed('a', '*'), published('1'), published('2'))
    expect(dispatched).toEqual(['a:1'])
    send(done('a'), done('a'))
    expect(dispatched).toEqual(['a:1', 'a:2'])
  })

  it('calls nobody who unsubscribed, and a `once` only once', () => {
    const { send, dispatched } = bus()
    send(subscribed('a', '*'), subscribed('o', '*', 0, true), published('1'), published('2'))
    send(removed('a'), done('a'), done('o'), published('3'))
    expect(dispatched).toEqual(['a:1', 'o:1'])
  })

  it('replaces a subscription of the same id', () => {
    const { send, dispatched } = bus()
    send(subscribed('a', 'x'), subscribed('a', 'y'), published('x'), published('y'))
    expect(dispatched).toEqual(['a:y'])
  })

  it('counts a handler that fails, and goes on', () => {
    const { send, dispatched, actor } = bus()
    send(subscribed('a', '*'), published('1'), published('2'))
    send(failed('a'))
    expect(dispatched).toEqual(['a:1', 'a:2'])
    expect(actor.getSnapshot().context.counters).toMatchObject({ published: 2, delivered: 2, failed: 1 })
  })

  it('lets the successor of a subscription wait for the handler that is under way', () => {
    const { send, dispatched } = bus()
    send(subscribed('a', '*'), published('1'), published('2'), subscribed('a', '*'), published('3'))
    expect(dispatched).toEqual(['a:1'])
    send(done('a'), published('4'))
    expect(dispatched).toEqual(['a:1', 'a:3'])
    send(removed('a'), subscribed('a', '*'), published('5'))
    expect(dispatched).toEqual(['a:1', 'a:3'])
    send(failed('a'))
    expect(dispatched).toEqual(['a:1', 'a:3', 'a:5'])
  })

  it('keeps one event, the first, for a `once` that has to wait', () => {
    const { send, actor, dispatched } = bus()
    send(subscribed('a', '*'), published('1'), subscribed('a', '*', 0, true), published('2'), published('3'))
    expect(actor.getSnapshot().context.subscriptions[0]?.backlog).toHaveLength(1)
    send(done('a'), done('a'))
    expect(dispatched).toEqual(['a:1', 'a:2'])
  })

  it('changes nothing when a handler ends twice or was never called', () => {
    const { send, actor, dispatched } = bus()
    send(subscribed('a', '*'), published('1'), done('a'))
    const before = actor.getSnapshot().context
    send(done('a'), failed('a'), failed('zzz'))
    expect(actor.getSnapshot().context).toEqual(before)
    expect(dispatched).toEqual(['a:1'])
  })

  it('replays its history to a late subscriber, before what comes next', () => {
    const { send, dispatched } = bus()
    send(published('x1'), published('y1'), published('x2'))
    send({ ...subscribed('late', 'x*'), replay: true } as BusMachineEvent, published('x3'))
    send(done('late'), done('late'))
    expect(dispatched).toEqual(['late:x1', 'late:x2', 'late:x3'])
    send({ ...subscribed('once', '*', 0, true), replay: true } as BusMachineEvent, done('once'))
    expect(dispatched.slice(3)).toEqual(['once:x1'])
  })

  it('replays nothing that is too old by then', () => {
    const { send, dispatched } = bus()
    send(published('1', 0), published('2', 900))
    send({ ...subscribed('late', '*'), replay: true, at: 1500 } as BusMachineEvent)
    expect(dispatched).toEqual(['late:2'])
  })

  it('drops the oldest beyond its bound, and counts them by subscription', () => {
    const { send, actor } = bus()
    send(subscribed('a', '*'), subscribed('b', 'x'))
    for (let at = 0; at < BACKLOG_MAX + 3; at++) send(published(`${at}`))
    const { subscriptions, counters, drops } = actor.getSnapshot().context
    expect(subscriptions[0]?.backlog).toHaveLength(BACKLOG_MAX)
    expect(subscriptions[0]?.backlog[0]?.id).toBe('3')
    expect(counters.dropped).toBe(2)
    expect(drops).toEqual([{ subscription: 'a', pattern: '*', events: 2 }])
  })

  it('tells of the first event that it drops, and of every tenfold, for each subscription', () => {
    const { send, told } = bus()
    send(subscribed('a', 'x*'), subscribed('b', 'x1'))
    for (let at = 0; at < BACKLOG_MAX + 151; at++) send(published('x1'))
    for (let at = 0; at < 900; at++) send(published('x2'))
    expect(told).toEqual(['a:1', 'b:1', 'a:10', 'b:10', 'a:100', 'b:100', 'a:1000'])
  })

  it('drops what waits where a handler does not end in time, and counts it', () => {
    const { send, actor } = bus()
    send(subscribed('a', '*'), subscribed('b', '2'), published('1'), published('2'), published('3'))
    send({ type: 'bus.close' }, done('b'), { type: 'bus.timedOut' })
    const { counters, drops } = actor.getSnapshot().context
    expect(drops).toEqual([{ subscription: 'a', pattern: '*', events: 2 }])
    expect(counters).toMatchObject({ delivered: 2, dropped: 2 })
  })

  it('hands over, holds or counts every event that a subscription asked for', () => {
    const turn = fc.record({ publish: fc.nat({ max: 1500 }), settle: fc.nat({ max: 5 }) })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 4 }), (turns) => {
        const { send, actor, dispatched } = bus()
        send(subscribed('a', '*'))
        for (const { publish, settle } of turns) {
          for (let at = 0; at < publish; at++) send(published('e'))
          for (let at = 0; at < settle; at++) send(done('a'))
        }
        const { subscriptions, counters } = actor.getSnapshot().context
        const [{ backlog } = { backlog: [] }] = subscriptions
        expect(dispatched.length + backlog.length + counters.dropped).toBe(counters.published)
        expect(backlog.length).toBeLessThanOrEqual(BACKLOG_MAX)
      }),
      { numRuns: 30 },
    )
  })

  it('waits for its handlers when it closes, but not for ever', () => {
    const { send, actor } = bus()
    send(subscribed('a', '*'), published('1'), { type: 'bus.close' })
    expect(actor.getSnapshot().value).toBe('draining')
    send(done('a'))
    expect(actor.getSnapshot().value).toBe('closed')
  })

  it('hands over what waits before it closes, but not to those who have left', () => {
    const { send, actor, dispatched } = bus()
    send(subscribed('a', '*'), subscribed('b', '*'), published('1'), published('2'), { type: 'bus.close' })
    send(removed('b'), done('a'), done('b'))
    expect(dispatched).toEqual(['a:1', 'b:1', 'a:2'])
    expect(actor.getSnapshot().value).toBe('draining')
    send(done('a'))
    expect(actor.getSnapshot().value).toBe('closed')
  })

  it('always hands each subscriber all its events, one at a time, in order of publication', () => {
    const ids = fc.constantFrom('a', 'b', 'c')
    const command = fc.oneof(
      fc.record({ kind: fc.constant('publish' as const), type: fc.constantFrom('x1', 'x2', 'y1') }),
      fc.record({ kind: fc.constantFrom('done' as const, 'failed' as const), id: ids }),
      fc.record({ kind: fc.constantFrom('subscribe' as const, 'once' as const, 'remove' as const), id: ids }),
    )
    const patterns = { a: '*', b: 'x*', c: 'y1' } as Readonly<Record<string, string>>
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const { send, dispatched } = bus()
        const model = new Desk()
        commands.forEach((step, index) => {
          if (step.kind === 'publish') {
            send(published(step.type, index, `${index}`))
            model.publish(`${index}`, step.type)
          } else if (step.kind === 'remove') {
            send(removed(step.id))
            model.remove(step.id)
          } else if (step.kind === 'done' || step.kind === 'failed') {
            send(step.kind === 'done' ? done(step.id) : failed(step.id))
            model.settle(step.id)
          } else {
            const once = step.kind === 'once'
            send(subscribed(step.id, patterns[step.id]!, 0, once))
            model.subscribe(step.id, patterns[step.id]!, once)
          }
          expect(dispatched).toEqual(model.dispatched)
        })
      }),
    )
  })

  it.each([0, 1, 100, 20_000])('holds little more than %s events, as flat JSON', (historySizeMax) => {
    const actor = createActor(busMachine, { input: { historySizeMax, historyAgeMsMax: 1000 } }).start()
    for (let at = 0; at < 21_000; at++) actor.send(published('e', Math.floor(at / 100), `${at}`))
    const { context } = actor.getSnapshot()
    const { chunks, newest } = context.history
    expect(chunks.flat().length + newest.length).toBeLessThan(historySizeMax + 2 * CHUNK_SIZE)
    expect(historyOf(context)).toHaveLength(historySizeMax)
    expect(historyOf(JSON.parse(JSON.stringify(context)))).toEqual(historyOf(context))
  })

  it('reads its history by pattern and from a time on', () => {
    const { send, actor } = bus()
    send(published('x1', 1), published('y1', 2), published('x2', 3))
    const { context } = actor.getSnapshot()
    const read = (query: HistoryQuery) => historyOf(context, query).map(({ id }) => id)
    expect(read({})).toEqual(['x1', 'y1', 'x2'])
    expect(read({ pattern: 'x*' })).toEqual(['x1', 'x2'])
    expect(read({ since: 2 })).toEqual(['y1', 'x2'])
    expect(read({ now: 1002 })).toEqual(['y1', 'x2'])
  })

  it('keeps the newest events, bounded by number and age', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 60 }), (gaps) => {
        const { send, actor } = bus()
        let now = 0
        const all = gaps.map((gap, index) => ({ id: `${index}`, at: (now += gap) }))
        for (const { id, at } of all) send(published(id, at, id))
        const kept = historyOf(actor.getSnapshot().context, { now }).map(({ id }) => id)
        const expected = all
          .filter(({ at }) => now - at <= input.historyAgeMsMax)
          .slice(-input.historySizeMax)
        expect(kept).toEqual(expected.map(({ id }) => id))
      }),
    )
  })
})
