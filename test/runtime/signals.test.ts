// Signals and other events that steps wait for, on the simulation host: who takes them, what is refused, what is told.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import type { DataScope, StepDefinition } from '../../src/definition/model.ts'
import { SimulationHost } from '../../src/hosts/simulation.ts'
import { signal } from '../../src/runtime/environment/outside.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { stepOf, type RunReport } from '../../src/runtime/report/step-records.ts'
import { KEPT_MAX } from '../../src/kernel/waiters.ts'
import {
  awaitEvent,
  computed,
  conditional,
  decided,
  each,
  loop,
  parallel,
  play,
  saga,
  scenario,
  statuses,
  step,
  workflow,
  type Play,
} from './workflows.ts'

type Until = Parameters<typeof awaitEvent>[2]
type Fate = NonNullable<Play['fates']>[string]

const sentAt = (at: number, data: unknown = null, event = 'go') =>
  [at, { type: 'run.signal', event, data } as never] as const

const emits =
  (...events: readonly unknown[]): Fate =>
  ({ emit }) => {
    for (const data of events) emit('go', data)
  }

/** What each wait took, by its name; `null` for one that took nothing. */
const taken = ({ steps }: RunReport) =>
  Object.fromEntries(
    steps.flatMap(({ name, operation, output }) => (operation === 'wait' ? [[name, output]] : [])),
  )

const limited = { timeoutMs: 1000, onTimeout: 'skip' } as const
const after = (...dependsOn: readonly string[]) => ({ dependsOn })

/** Two waits that begin after 100 ms. */
const two = (until: Until = {}, second: Until = until) =>
  workflow([
    step('prepare'),
    awaitEvent('a', 'go', { ...limited, ...until }, after('prepare')),
    awaitEvent('b', 'go', { ...limited, ...second }, after('prepare')),
  ])

const slow: Play['reply'] = (_, address) => ({ kind: 'execute', afterMs: address === 'prepare' ? 100 : 0 })

describe('a signal', () => {
  it.each([50, 200])('goes to the first of two waits, also where it comes after %d ms', (at) => {
    const { report } = play(two(), { reply: slow, sent: [sentAt(at, 'yes')] })
    expect(taken(report)).toEqual({ a: 'yes', b: null })
  })

  it.each([50, 200])('goes to shared waits beside it, also where it comes after %d ms', (at) => {
    const sent = [sentAt(at, 'yes')]
    for (const [first, second] of [
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const { report } = play(two({ shared: first! }, { shared: second! }), { reply: slow, sent })
      expect(taken(report)).toEqual({ a: 'yes', b: 'yes' })
    }
  })

  it('goes to the wait that is declared first, inside of other steps too, with iterations by number', () => {
    const wait = awaitEvent('w', 'go', limited)
    const steps = [
      parallel('p', [awaitEvent('last', 'go', limited), wait]),
      loop('l', each(Array.from({ length: 11 }, (_, index) => index)), [wait], { maxConcurrency: 64 }),
      awaitEvent('z', 'go', limited),
    ]
    const sent = Array.from({ length: 14 }, (_, index) => sentAt(10 + index, index))
    const { report } = play(workflow(steps), { sent })
    expect(stepOf(report, 'p').output).toEqual({ last: 0, w: 1 })
    expect(stepOf(report, 'l').output).toEqual(Array.from({ length: 11 }, (_, index) => ({ w: index + 2 })))
    expect(stepOf(report, 'z').output).toBe(13)
  })

  it('is taken by the next wait where one before it has timed out, or was cancelled', () => {
    const steps = [
      awaitEvent('first', 'go', { timeoutMs: 50, onTimeout: 'continue' }),
      awaitEvent('cancelled', 'go'),
      step('prepare'),
      awaitEvent('second', 'go', limited, after('prepare')),
    ]
    for (const at of [70, 200]) {
      const sent = [[20, { type: 'run.cancelStep', step: 'cancelled' } as never], sentAt(at, 1)] as const
      expect(taken(play(workflow(steps), { reply: slow, sent }).report)).toMatchObject({
        first: null,
        second: 1,
      })
    }
  })

  it('goes on to the next wait where one ends while its filter still thinks', () => {
    const thinks = { ...limited, timeoutMs: 300, filter: decided(() => true) }
    const { report } = play(two(thinks, { filter: computed(() => true) }), {
      reply: slow,
      sent: [sentAt(200, 'yes')],
      thinkMs: () => 250,
    })
    expect(taken(report)).toEqual({ a: null, b: 'yes' })
  })

  it('is offered to one wait after the other, where filters are functions that take their time', () => {
    const filter = decided(({ event }: DataScope) => event!.data !== 1)
    const sent = [sentAt(200, 1), sentAt(201, 2), sentAt(202, 3)]
    const { report } = play(two({ filter }), { reply: slow, sent, thinkMs: () => 20 })
    expect(taken(report)).toEqual({ a: 2, b: 3 })
  })

  it('still reaches a wait that is awaited while the run stops', () => {
    const filter = decided(() => true)
    const steps = [awaitEvent('w', 'go', { filter }, { onCancel: 'await' })]
    const sent = [[10, { type: 'run.cancel' }], sentAt(20, 'late')] as const
    expect(stepOf(play(workflow(steps), { sent }).report, 'w')).toMatchObject({
      status: 'success',
      output: 'late',
    })
  })
})

describe('an event of an operation', () => {
  it.each([0, 200])('goes to every wait, also where it comes after %d ms', (afterMs) => {
    const { steps, ...rest } = two()
    const reply: Play['reply'] = (_, address) => ({
      kind: 'execute',
      afterMs: address === 'e' ? afterMs : 100,
    })
    const { report } = play({ ...rest, steps: [...steps, step('e')] }, { reply, fates: { e: emits('yes') } })
    expect(taken(report)).toEqual({ a: 'yes', b: 'yes' })
  })

  it.each([0, 200])(
    'goes once to waits that follow one another, also where it comes after %d ms',
    (afterMs) => {
      const steps = [
        step('prepare'),
        step('e'),
        awaitEvent('a', 'go', limited, after('prepare')),
        awaitEvent('b', 'go', limited, after('a')),
        loop('each', each([1, 2]), [awaitEvent('w', 'go', limited)], {}, after('prepare')),
      ]
      const reply: Play['reply'] = (_, address) => ({
        kind: 'execute',
        afterMs: address === 'e' ? afterMs : 100,
      })
      const { report } = play(workflow(steps), { reply, fates: { e: emits('one', 'two') } })
      expect(taken(report)).toEqual({ a: 'one', b: 'two' })
      expect(stepOf(report, 'each').output).toEqual([{ w: 'one' }, { w: 'two' }])
    },
  )

  it('goes once to a wait that is tried again', () => {
    const again = parallel(
      'again',
      [awaitEvent('w', 'go', { timeoutMs: 1000 }), step('breaks')],
      {},
      { retry: retryOnce },
    )
    let tries = 0
    const breaks: Fate = () => {
      if (++tries < 2) throw new Error('no luck')
    }
    const { report } = play(workflow([again, step('e')]), {
      fates: { e: emits('one'), 'again/breaks': breaks },
    })
    expect(stepOf(report, 'again').error).toMatchObject({ code: 'WAIT_TIMED_OUT' })
  })

  it("reaches all branches, and not those that were not taken; so do the engine's own events", () => {
    const wait = (name: string) => awaitEvent(name, 'step_completed', { ...limited, output: null } as Until)
    const choice = conditional('c', [[() => true, [wait('taken')]]], [wait('other')])
    const steps = [choice, scenario('s', workflow([wait('w')], { name: 'inner' })), step('e')]
    const { report } = play(workflow(steps))
    expect(stepOf(report, 'c').output).toMatchObject({ taken: { step_name: 'e' } })
    expect(stepOf(report, 's').status).toBe('success')
  })
})

const retryOnce: StepDefinition['retry'] = {
  count: 1,
  backoff: { kind: 'constant', initialMs: 1, factor: 1, maxMs: 1, jitter: 'none', maxElapsedMs: null },
  nonRetryable: [],
}

describe('a filter that cannot be computed', () => {
  const order = ({ event }: DataScope) => (event!.data as { order: { id: number } }).order.id === 7
  const strays = [sentAt(1, { note: 'stray' }), sentAt(2, null), sentAt(3, { order: { id: 7 } })]

  it.each([
    ['expression', computed(order)],
    ['function', decided(order)],
    [
      'expression that gives no boolean',
      computed(({ event }: DataScope) => order({ event } as never) || 'yes'),
    ],
  ])('passes events over, counts them, and leaves the wait as it is (%s)', (_, filter) => {
    const wait = awaitEvent('w', 'go', { filter, timeoutMs: 1000 })
    const { report } = play(workflow([wait]), { sent: strays })
    expect(stepOf(report, 'w').output).toEqual({ order: { id: 7 } })
    expect(report.events).toEqual({ refused: 0, dropped: 0, passedOver: 2 })
  })

  it('is logged once for each wait', () => {
    const logged: string[] = []
    const wait = (name: string) => awaitEvent(name, 'go', { filter: computed(order), timeoutMs: 1000 })
    play(workflow([wait('a'), wait('b')]), { sent: strays, log: (path) => logged.push(path) })
    expect(logged).toEqual(['run/r/step/a', 'run/r/step/b'])
  })

  it('leaves the event to others', () => {
    const broken = awaitEvent('a', 'go', { ...limited, filter: computed(order) })
    const { report } = play(workflow([broken, awaitEvent('b', 'go', limited)]), { sent: strays.slice(0, 1) })
    expect(taken(report)).toEqual({ a: null, b: { note: 'stray' } })
  })
})

describe('an event that is not valid', () => {
  const hostile: readonly (readonly [string, unknown])[] = [
    ['is nothing', null],
    [
      'has a type that cannot be read',
      {
        get type() {
          throw new Error('boo')
        },
      },
    ],
    ['has no type', {}],
    ['has a type that is no text', { type: 5 }],
    ['is of no known type', { type: 'order.paid' }],
    ['is a signal whose data is no JSON', { type: 'run.signal', event: 'go', data: { at: new Map() } }],
    ['is a signal whose data is too large a number', { type: 'run.signal', event: 'go', data: 10n }],
    [
      'is a signal whose data throws',
      {
        type: 'run.signal',
        event: 'go',
        get data() {
          throw new Error('boo')
        },
      },
    ],
    ['is a signal without a name', { type: 'run.signal' }],
    ['is a signal with an empty name', { type: 'run.signal', event: '' }],
    [
      "is a signal that is called as the engine's own events are",
      { type: 'run.signal', event: 'step_failed' },
    ],
    ['cancels a step that it does not name', { type: 'run.cancelStep' }],
    ['cancels by a force that is none', { type: 'run.cancel', force: 'yes' }],
    ['cancels for a cause that there is not', { type: 'run.cancel', cause: 'boredom' }],
    ...[
      { type: 'steps.finished' },
      { type: 'steps.sufficed' },
      { type: 'scope.ready' },
      { type: 'scope.failed' },
      { type: 'scope.released' },
      { type: 'run.timedOut' },
      { type: 'run.halt', failure: null, verdict: 'fail_workflow' },
      { type: 'step.settled', step: { index: 1, status: 'success' } },
      { type: 'decision.made', step: 'last', value: true },
      { type: 'lease.granted', lease: 'x', pool: 'y' },
      { type: 'outputs.collected', output: 7 },
      { type: 'event.emitted', bus: 'go', source: 'me', correlation_id: 'r', data: 1 },
      { type: 'effect.heard', to: 'run/r/step/held' },
      { type: 'event.refused', event: 'x', source: 'y', reason: 'z' },
      { type: 'root.failed', error: new Error('boo') },
      { type: 'xstate.error.actor', error: new Error('boo') },
      { type: 'xstate.done.state.workflow' },
    ].map((event) => [`is of the run's own: ${event.type}`, event] as const),
  ]
  const plan = workflow(
    [saga('held'), awaitEvent('w', 'go', limited, after('held')), step('last', after('held'))],
    { onFailure: 'compensate' },
  )
  const reply: Play['reply'] = (_, address) => ({ kind: 'execute', afterMs: address === 'last' ? 500 : 0 })

  it.each(hostile)('changes nothing, is counted and told where it %s', (_, event) => {
    const { report, events } = play(plan, { reply, sent: [[100, event as never]] })
    expect(report).toMatchObject({ status: 'completed', events: { refused: 1 } })
    expect(statuses({ report } as never)).toEqual({ held: 'success', w: 'skipped', last: 'success' })
    const told = events.filter(({ type }) => type === 'event_refused')
    expect(told).toMatchObject([{ source: 'run/r', data: { source: 'outside', reason: /./ } }])
  })

  it.each([
    { type: 'xstate.done.actor.run/r/step/last', output: { index: 2, status: 'failed', failure: null } },
    { type: 'xstate.error.actor.run/r/step/last', error: new Error('boo') },
  ])('changes nothing where it says that a step has ended which has not: $type', (event) => {
    const forged = { ...event, actorId: 'run/r/step/last' }
    expect(play(plan, { reply, sent: [[100, forged]] }).report.status).toBe('completed')
  })

  it('is refused again when the run is replayed', () => {
    const sent = [[100, {} as never]] as const
    const { journal, states } = play(plan, { reply, sent })
    for (const [length, before] of states) {
      const resumed = play(plan, { reply, journal: journal.slice(0, length) })
      expect(resumed.states.get(length)).toBe(before)
      const refused = journal.slice(0, length).some(({ event }) => event.type === 'event.refused')
      expect(resumed.report.events.refused).toBe(refused ? 1 : 0)
    }
  })

  it.each([
    'step_completed',
    'workflow_error',
    'custom_step_failed',
    'module_error',
    'resource_lost',
    'alert_raised',
    'event_refused',
    7,
  ])('is none that an operation or a handler emits: %s', (type) => {
    const fates = { e: ({ emit }: Parameters<Fate>[0]) => emit(type as string, { step_name: 'forged' }) }
    const { report, events } = play(workflow([step('e')]), { fates })
    expect(report).toMatchObject({ status: 'completed', events: { refused: 1 } })
    expect(events.filter((event) => event.type === type && event.source !== 'run/r/step/e')).toEqual(
      type === 'event_refused' ? [expect.objectContaining({ source: 'run/r' })] : [],
    )
    expect(JSON.stringify(events)).not.toContain('forged')
  })
})

describe('an event that is dropped', () => {
  it('is counted, and told the first time', () => {
    const steps = [step('prepare'), awaitEvent('w', 'go', {}, after('prepare'))]
    const sent = Array.from({ length: KEPT_MAX + 2 }, (_, index) => sentAt(10, index))
    const logged: string[] = []
    const { report, events } = play(workflow(steps), {
      reply: slow,
      sent,
      log: (_, message) => logged.push(message),
      keepsStates: false,
    })
    expect(report.events).toMatchObject({ dropped: 2 })
    expect(stepOf(report, 'w').output).toBe(2)
    const data = { event: 'go', source: 'outside', dropped: 1 }
    expect(events.filter(({ type }) => type === 'signal_dropped')).toMatchObject([{ source: 'run/r', data }])
    expect(logged).toEqual([expect.stringMatching(/^Events "go" that no step took are dropped, 1 so far/)])
  })
})

describe('waits and signals of any kind', () => {
  interface Given {
    readonly waits: readonly {
      readonly kind: 'expression' | 'function' | 'none'
      readonly accepts: readonly boolean[]
      readonly timeoutMs: number | null
      readonly shared: boolean
      readonly inside: 'nothing' | 'group' | 'loop'
      readonly dependsOn: number | null
    }[]
    readonly events: readonly { readonly at: number; readonly isSignal: boolean }[]
    readonly thinkMs: number
  }
  const given: fc.Arbitrary<Given> = fc.record({
    waits: fc.array(
      fc.record({
        kind: fc.constantFrom('expression' as const, 'function' as const, 'none' as const),
        accepts: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        timeoutMs: fc.option(fc.integer({ min: 50, max: 400 })),
        shared: fc.boolean(),
        inside: fc.constantFrom('nothing' as const, 'group' as const, 'loop' as const),
        dependsOn: fc.option(fc.nat(4)),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    events: fc.array(fc.record({ at: fc.nat(400), isSignal: fc.boolean() }), { maxLength: 8 }),
    thinkMs: fc.constantFrom(0, 30),
  })

  function build({ waits, events }: Given) {
    const steps = waits.map((wait, index) => {
      const evaluate = ({ event }: DataScope) => wait.accepts[(event!.data as number) % 3]
      const filter = wait.kind === 'none' ? null : { kind: wait.kind, evaluate }
      const dependsOn =
        wait.dependsOn !== null && wait.dependsOn < index ? [`s${wait.dependsOn}`] : ['prepare']
      const until = { filter, timeoutMs: wait.timeoutMs, onTimeout: 'continue', shared: wait.shared } as const
      if (wait.inside === 'nothing') return awaitEvent(`s${index}`, 'go', until, { dependsOn })
      const inner = [awaitEvent('x', 'go', until), awaitEvent('y', 'go', until)]
      return wait.inside === 'group'
        ? parallel(`s${index}`, inner, {}, { dependsOn })
        : loop(`s${index}`, each([1, 2]), inner, { maxConcurrency: 1 + (index % 2) }, { dependsOn })
    })
    const emitters = events.flatMap(({ isSignal }, data) => (isSignal ? [] : [step(`e${data}`)]))
    return workflow([step('prepare'), ...steps, ...emitters], { timeoutMs: 2_000 })
  }

  const playGiven = (all: Given, more: Partial<Play> = {}) =>
    play(build(all), {
      sent: all.events
        .flatMap(({ at, isSignal }, data) => (isSignal ? [sentAt(at, data)] : []))
        .toSorted(([a], [b]) => a - b),
      fates: Object.fromEntries(all.events.map((_, data) => [`e${data}`, emits(data)])),
      reply: (_, address) => ({
        kind: 'execute',
        afterMs: address === 'prepare' ? 100 : all.events[Number(address.slice(1))]!.at,
      }),
      thinkMs: () => all.thinkMs,
      ...more,
    })

  /** What each wait took, those inside of steps included: by the first step of its address. */
  const allTaken = (steps: RunReport['steps'], top?: string): [string, number][] =>
    steps.flatMap(({ name, operation, output, inside }) => {
      const at = top ?? name
      const inner = inside?.runs.flatMap((each) => allTaken(each.steps, at)) ?? []
      return operation === 'wait' && output !== null ? [...inner, [at, output as number]] : inner
    })

  it('gives each signal to one wait that is not shared, at most', () => {
    fc.assert(
      fc.property(given, (all) => {
        const taken = allTaken(playGiven(all).report.steps).filter(
          ([name, data]) => all.events[data]!.isSignal && !all.waits[Number(name.slice(1))]!.shared,
        )
        expect(new Set(taken.map(([, data]) => data)).size).toBe(taken.length)
      }),
    )
  })

  it('gives independent waits the same, whether they begin before it comes or after', () => {
    fc.assert(
      fc.property(given, (drawn) => {
        const isLoop = ({ inside }: Given['waits'][number]) => inside === 'loop'
        const waits = drawn.waits.filter((wait) => !isLoop(wait))
        const always = waits.map((wait) => ({ ...wait, dependsOn: null, timeoutMs: null }))
        const at = (from: number): Given => ({
          waits: always,
          events: drawn.events.map((event, index) => ({ ...event, at: from + index })),
          thinkMs: drawn.thinkMs,
        })
        const [before, later] = [at(0), at(200)].map((all) => allTaken(playGiven(all).report.steps))
        expect(later).toEqual(before)
      }),
    )
  })

  it('is where it was after a crash at any entry', () => {
    fc.assert(
      fc.property(given, (all) => {
        const { journal, states, report } = playGiven(all)
        for (const [length, before] of states) {
          const resumed = playGiven(all, { journal: journal.slice(0, length), sent: [] })
          expect(resumed.states.get(length)).toBe(before)
          if (length === journal.length) expect(resumed.report).toEqual(report)
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('signal', () => {
  const host = new SimulationHost()
  const at = setupOn(host)({ modules: { m: { op: () => 1 } } })
  const approval = at.createWorkflow({ id: 'w', steps: { go: { waitForEvent: 'go', timeout: '1s' } } })

  it('tells a run of something outside', () => {
    const actor = createActor(approval).start()
    signal(actor, 'go', { by: 'Ada' })
    host.run()
    expect(stepOf(actor.getSnapshot().output!, 'go').output).toEqual({ by: 'Ada' })
  })

  it.each([
    ['data that is not JSON', 'go', new Map(), /^Signal: data is not JSON/],
    ['a name that is none', '', 1, /^Signal: event: expected a text that is not empty, found ""/],
    ["a name of the engine's own events", 'step_failed', 1, /is one of the engine's own events/],
  ])('throws at its caller for %s, and sends nothing', (_, event, data, message) => {
    const actor = createActor(approval).start()
    const sending = () => signal(actor, event, data as never)
    expect(sending).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', message: expect.stringMatching(message) }),
    )
    host.run()
    expect(actor.getSnapshot().output).toMatchObject({ status: 'failed', events: { refused: 0 } })
  })
})
