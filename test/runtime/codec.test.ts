// What a journal of any origin must be to be replayed: every kind of entry that the engine writes, and nothing else.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { randomChooser, SimulationHost } from '../../src/hosts/simulation.ts'
import { readJournal } from '../../src/runtime/journal/codec.ts'
import type { EventOf, InboundEvent } from '../../src/runtime/port/events.ts'
import type { Entry } from '../../src/runtime/port/host.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { workflowPlan } from './arbitraries.ts'
import { play as playPlan } from './player.ts'
import { build, conditionsOf, saga } from './sagas.ts'
import { play, UNDER_WAY } from './workflows.ts'

const cause = { code: 'DECLINED', message: 'no', name: 'CardError' }
const failure = {
  code: 'OPERATION_FAILED',
  message: 'no luck',
  name: 'TypeError',
  retryable: false,
  retryAfterMs: 5,
  effect: 'unknown',
  step: 'outer/inner',
  cause,
} as EventOf<InboundEvent, 'module.failed'>['failure']

const facts = { identity: { operation: 'm.op' }, settings: { timeoutMs: 5 } }
const step = { ...facts, name: 'pay', lists: [1] }
const definition = {
  ...facts,
  workflows: 1,
  lists: [
    { ...facts, steps: [step] },
    { ...facts, steps: [] },
  ],
}

/** An event of every type, with all that it may hold. */
const EVENTS: { readonly [TType in InboundEvent['type']]: Omit<EventOf<InboundEvent, TType>, 'type'> } = {
  'run.started': { seed: 7, format: 2, definition },
  'run.cancel': { cause: 'timed_out', force: true },
  'run.cancelStep': { step: 'outer/inner', force: false },
  'run.signal': { event: 'paid', data: { by: 'card' } },
  'event.emitted': {
    bus: 'paid',
    source: 'run/1/step/a',
    correlation_id: '1',
    data: null,
    origin: 'operation',
  },
  'event.refused': { event: 'x', source: 'outside', reason: 'it cannot be read' },
  'effect.heard': { run: 'run/1', step: 'pay', target: 'fallback', output: { value: 1 } },
  'attempt.succeeded': { attempt: 1, output: [1, null] },
  'attempt.failed': { attempt: 2, failure, verdict: 'skip', cancelled: true },
  'decision.made': { step: 'pay', value: true, failure },
  'module.initialised': {},
  'module.failed': { failure },
  'module.cleaned': {},
  'handler.succeeded': { subscription: 'h', verdict: 'retry' },
  'handler.failed': { subscription: 'h', failure },
  'attempt.timedOut': { attempt: 1, blockedMs: 80 },
  'heartbeat.missed': { attempt: 1 },
  'grace.ended': { attempt: 1 },
  'backoff.ended': { attempt: 1 },
  'retries.expired': {},
  'verdict.timedOut': {},
  'run.timedOut': {},
  'compensation.timedOut': {},
  'module.timedOut': {},
  'bus.timedOut': {},
  'lease.request': { lease: 'l', units: 1, priority: -1, at: 0, replyTo: '' },
  'lease.release': { lease: 'l' },
  'lease.timedOut': { lease: 'l' },
  'lease.lost': { lease: 'l' },
}

type Fields = Readonly<Record<string, unknown>>
const TYPES = Object.entries(EVENTS).map(([type, fields]): Fields => ({ type, ...fields }))
const started = { at: 0, to: 'run/1', event: TYPES[0]! }
const read = (...entries: readonly unknown[]) => readJournal('1', 'run/1', [started, ...entries])
const entry = (event: unknown) => ({ at: 0, to: 'run/1', event })
const throughJson = (journal: readonly Entry[]) => JSON.parse(JSON.stringify(journal)) as unknown[]

/** What a field never is, whichever it is. */
const NOTHING_GOOD = [Number.NaN, () => 1, Symbol('x'), [[]]]
/** Fields that hold any value. */
const ANY = new Set(['data', 'output', 'value'])
/** Fields that may be missing. */
const OPTIONAL = new Set(['cause', 'force', 'verdict', 'cancelled', 'blockedMs'])

describe('the codec of journals', () => {
  it.each(TYPES.filter(({ type }) => type !== 'run.started'))('reads $type', (event) => {
    expect(read(entry(event))).toEqual({
      seed: 7,
      isTail: false,
      before: 1,
      startedAt: 0,
      format: 2,
      definition,
      entries: [entry(event)],
    })
  })

  it('reads what every run has written, also once it was JSON', () => {
    const seen = new Set<string>()
    const holds = (runId: string, journal: readonly Entry[]) => {
      for (const { event } of journal) seen.add(event.type)
      const life = readJournal(runId, `run/${runId}`, throughJson(journal))
      expect([journal[0], ...life!.entries]).toEqual(journal)
    }
    const numRuns = 100
    fc.assert(
      fc.property(workflowPlan(), (plan) => holds('1', playPlan(plan).journal)),
      { numRuns, seed: 1 },
    )
    fc.assert(
      fc.property(saga, (plan) => {
        const chooser = randomChooser(plan.seed)
        holds('r', play(build(plan), { ...conditionsOf(plan), chooser }).journal)
      }),
      { numRuns, seed: 1 },
    )
    expect([...seen].sort()).toMatchInlineSnapshot(`
      [
        "attempt.failed",
        "attempt.succeeded",
        "attempt.timedOut",
        "backoff.ended",
        "bus.timedOut",
        "decision.made",
        "grace.ended",
        "handler.failed",
        "handler.succeeded",
        "module.cleaned",
        "module.initialised",
        "retries.expired",
        "run.cancel",
        "run.cancelStep",
        "run.signal",
        "run.started",
        "run.timedOut",
        "verdict.timedOut",
      ]
    `)
  })

  it('takes an empty journal for a run that never started', () => {
    expect(readJournal('1', 'run/1', [])).toBeNull()
  })

  it('refuses every field that is wrong, missing or unknown, and names it', () => {
    const event = fc.constantFrom(...TYPES.filter(({ type }) => type !== 'run.started'))
    const wrong = fc.constantFrom(...NOTHING_GOOD)
    fc.assert(
      fc.property(event, wrong, fc.nat(), (good, bad, at) => {
        const keys = Object.keys(good)
        const key = keys[at % keys.length]!
        const refused = (place: string, broken: object) =>
          expect(() => read(entry(good), entry(broken))).toThrow(
            expect.objectContaining({
              code: 'RUN_NOT_RESUMABLE',
              message: expect.stringMatching(
                new RegExp(`: entry 3\\.event${place}.*: expected .*, found .*; `),
              ),
            }),
          )
        refused('', { ...good, x: 1 })
        const rest = Object.fromEntries(Object.entries(good).filter(([other]) => other !== key))
        if (!ANY.has(key) || good['type'] === 'effect.heard') refused(`\\.${key}`, { ...good, [key]: bad })
        const isOptional =
          OPTIONAL.has(key) ||
          (key === 'data' && good['type'] === 'run.signal') ||
          (key === 'failure' && good['type'] === 'decision.made')
        if (!isOptional) refused(`\\.${key}`, rest)
      }),
    )
  })

  it('reads a mutated journal as it is given, or refuses it', () => {
    const field = fc.constantFrom(
      'at',
      'to',
      'event',
      'type',
      ...TYPES.flatMap((event) => Object.keys(event)),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES),
        field,
        fc.jsonValue(),
        fc.boolean(),
        (event, key, value, isOuter) => {
          const mutated = isOuter ? { ...entry(event), [key]: value } : entry({ ...event, [key]: value })
          try {
            expect(read(mutated)!.entries).toEqual([mutated])
          } catch (error) {
            expect(error).toMatchObject({ code: 'RUN_NOT_RESUMABLE' })
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['no entry', null, 'entry 2: expected an object, found null'],
    ['a list', [], 'entry 2: expected an object, found an empty list'],
    ['no event', { at: 0, to: 'x', event: null }, 'entry 2.event: expected an object, found null'],
    [
      'an unknown type',
      entry({ type: 'toString' }),
      'entry 2.event.type: expected an event that crosses into a run',
    ],
    [
      'one of its own',
      entry({ type: 'slot.granted' }),
      'entry 2.event.type: expected an event that crosses into',
    ],
    ['no time', { ...entry(TYPES[1]), at: '0' }, 'entry 2.at: expected a number, found "0"'],
    [
      'a fraction',
      entry({ type: 'grace.ended', attempt: 1.5 }),
      'entry 2.event.attempt: expected a whole number',
    ],
    ['a second start', started, 'entry 2: expected run.started first and once, found "run.started"'],
    [
      'a deep fault',
      entry({ type: 'module.failed', failure: { ...failure, cause: { ...cause, code: 1 } } }),
      'entry 2.event.failure.cause.code: expected a text, found 1',
    ],
    [
      'a key of all objects',
      JSON.parse('{"at":0,"to":"x","event":{"type":"run.timedOut"},"__proto__":1}'),
      'entry 2: expected no field but at, to, event, found "__proto__"',
    ],
  ])('refuses %s', (_, given, message) => {
    expect(() => read(given)).toThrow(`Run 1 cannot be resumed: ${message}`)
  })

  it('refuses a journal of another run, without its start, or whose time goes back', () => {
    expect(() => readJournal('1', 'run/1', [{ ...started, to: 'run/2' }])).toThrow(
      'entry 1.to: expected run/1',
    )
    expect(() => readJournal('1', 'run/1', [entry(TYPES[1])])).toThrow(
      'entry 1: expected run.started first and once',
    )
    expect(() => read({ ...entry(TYPES[1]), at: 9 }, entry(TYPES[1]))).toThrow(
      'entry 3.at: expected at least 9, found 0',
    )
  })

  it('reads causes of any depth', () => {
    let deep: object = cause
    for (let depth = 0; depth < 100_000; depth++) deep = { ...cause, cause: deep }
    expect(read(entry({ type: 'module.failed', failure: deep }))!.entries).toHaveLength(1)
  })

  it('ends a run that is resumed from what is no journal, and leaves its host with nothing to do', () => {
    const journal = [started, entry({ type: 'attempt.timedOut' })] as Entry[]
    const host = new SimulationHost({ journals: { 1: journal } })
    const { createWorkflow } = setupOn(host)({ modules: {} })
    const snapshot = UNDER_WAY
    const actor = createActor(createWorkflow({ id: 'w', steps: { a: { wait: '1s' } } }), { snapshot })
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => errors.push(error) })
    actor.start()
    expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
    expect(host.nextAt).toBeNull()
    expect(host.journal('1')).toEqual(journal)
  })
})
