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
} from '../../machines/bus.ts'
import { unreached } from './coverage.ts'

const input = { historySizeMax: 10, historyAgeMsMax: 1000 }
const published = (type: string, at = 0, id = type): BusMachineEvent => ({
  type: 'event.published',
  event: { id, type, at, source: 's', correlation_id: 'r', data: null },
})
const subscribed = (id: string, pattern: string, priority = 0, once = false): BusMachineEvent => ({
  type: 'subscription.added',
  id,
  pattern,
  priority,
  once,
})
const done = (subscription: string): BusMachineEvent => ({ type: 'handler.succeeded', subscription })

function bus() {
  const dispatched: string[] = []
  const dispatch = (_: unknown, { subscription, event }: { subscription: string; event: { id: string } }) =>
    void dispatched.push(`${subscription}:${event.id}`)
  const actor = createActor(busMachine.provide({ actions: { dispatch } }), { input }).start()
  return {
    actor,
    dispatched,
    send: (...events: BusMachineEvent[]) => events.forEach((event) => actor.send(event)),
  }
}

describe('bus', () => {
  it('has no transition that paths cannot reach', () => {
    const events: BusMachineEvent[] = [
      published('a'),
      subscribed('x', '*'),
      { type: 'subscription.removed', id: 'x' },
      done('x'),
      { type: 'handler.failed', subscription: 'x', failure: { code: 'X', message: 'x' } },
      { type: 'bus.close' },
      { type: 'bus.timedOut' },
    ]
    const stopWhen = ({ context }: { context: { counters: { published: number; failed: number } } }) =>
      context.counters.published + context.counters.failed > 2
    expect(unreached(busMachine, { inputs: [input], events, stopWhen: stopWhen as never })).toEqual([])
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
    send({ type: 'subscription.removed', id: 'a' }, done('a'), done('o'), published('3'))
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
    send({ type: 'handler.failed', subscription: 'a', failure: { code: 'X', message: 'x' } })
    expect(dispatched).toEqual(['a:1', 'a:2'])
    expect(actor.getSnapshot().context.counters).toMatchObject({ published: 2, delivered: 2, failed: 1 })
  })

  it('drops the oldest beyond its bound, and counts them', () => {
    const { send, actor } = bus()
    send(subscribed('a', '*'))
    for (let at = 0; at < BACKLOG_MAX + 3; at++) send(published(`${at}`))
    const [subscription] = actor.getSnapshot().context.subscriptions
    expect(subscription?.backlog).toHaveLength(BACKLOG_MAX)
    expect(subscription?.backlog[0]?.id).toBe('3')
    expect(actor.getSnapshot().context.counters.dropped).toBe(2)
  })

  it('waits for its handlers when it closes, but not for ever', () => {
    const { send, actor } = bus()
    send(subscribed('a', '*'), published('1'), { type: 'bus.close' })
    expect(actor.getSnapshot().value).toBe('draining')
    send(done('a'))
    expect(actor.getSnapshot().value).toBe('closed')
  })

  it('keeps the newest events, bounded by number and age', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 300 }), { maxLength: 60 }), (gaps) => {
        const { send, actor } = bus()
        let now = 0
        const all = gaps.map((gap, index) => ({ id: `${index}`, at: (now += gap) }))
        for (const { id, at } of all) send(published(id, at, id))
        const kept = historyOf(actor.getSnapshot().context, now).map(({ id }) => id)
        const expected = all
          .filter(({ at }) => now - at <= input.historyAgeMsMax)
          .slice(-input.historySizeMax)
        expect(kept).toEqual(expected.map(({ id }) => id))
      }),
    )
  })
})
