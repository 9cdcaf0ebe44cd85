// Compiled charts do what XState's interpreter does: along every generated path, and along random events. What is not compiled
// is refused.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assign,
  createMachine,
  emit,
  enqueueActions,
  initialTransition,
  not,
  raise,
  setup,
  stateIn,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type ExecutableActionObject,
} from 'xstate'
import type { SagachartError } from '../../src/errors.ts'
import { MICROSTEPS_MAX, type Chart, type ChartSnapshot, type Effect } from '../../src/kernel/chart.ts'
import { compile } from '../../src/kernel/compile.ts'
import { reached } from '../machines/coverage.ts'
import { WALKS } from '../machines/walks.ts'

const seen = ({ status, value, context, output, error }: ChartSnapshot | AnyMachineSnapshot) => ({
  status,
  value: value as unknown,
  context: context as unknown,
  output: output as unknown,
  error,
})

/** What a machine makes of an event: the next snapshot and its effects, or an error. */
interface Told<TSnapshot> {
  readonly last: TSnapshot | null
  readonly at: unknown
  readonly effects: readonly unknown[]
}

function told<TSnapshot extends ChartSnapshot | AnyMachineSnapshot>(
  next: () => readonly [TSnapshot, readonly unknown[]],
): Told<TSnapshot> {
  try {
    const [last, effects] = next()
    return { last, at: seen(last), effects }
  } catch {
    return { last: null, at: 'an error', effects: [] }
  }
}

const named = ([snapshot, actions]: readonly [AnyMachineSnapshot, readonly ExecutableActionObject[]]) =>
  [
    snapshot,
    actions.map(({ type, params, info: { context, event } }) => ({ type, params, context, event })),
  ] as const

const unbound = ([snapshot, effects]: readonly [ChartSnapshot, readonly Effect[]]) =>
  [snapshot, effects.map(({ exec: _, ...effect }) => effect)] as const

/** XState's interpreter and the compiled chart. */
class Pair {
  private readonly machine: AnyStateMachine
  private readonly chart: Chart

  constructor(machine: AnyStateMachine) {
    this.machine = machine
    this.chart = compile(machine)
  }

  first(input: unknown): AnyMachineSnapshot | null {
    return equal(
      told<AnyMachineSnapshot>(() =>
        named(initialTransition(this.machine as never, input as never) as never),
      ),
      told(() => unbound(this.chart.initial(input))),
    )
  }

  next(snapshot: AnyMachineSnapshot, event: EventObject): AnyMachineSnapshot | null {
    return equal(
      told<AnyMachineSnapshot>(() => named(transition(this.machine, snapshot, event) as never)),
      told(() => unbound(this.chart.transition(snapshot as ChartSnapshot, event))),
    )
  }

  along(input: unknown, events: readonly EventObject[]): void {
    let last = this.first(input)
    for (const event of events) if (last?.status === 'active') last = this.next(last, event)
  }
}

/** Comparing as a test does takes ten times as long, so only what differs is compared so. */
function equal<TSnapshot>(theirs: Told<TSnapshot>, ours: Told<ChartSnapshot>): TSnapshot | null {
  const same = isDeepStrictEqual([ours.at, ours.effects], [theirs.at, theirs.effects])
  if (!same) expect([ours.at, ours.effects]).toStrictEqual([theirs.at, theirs.effects])
  return theirs.last
}

/** Events of a chart; some of them spoilt, some of no chart. */
function eventsLike(events: readonly EventObject[]): fc.Arbitrary<EventObject> {
  const own = fc.constantFrom(...events)
  const keys = [...new Set(events.flatMap((event) => Object.keys(event)))].filter((key) => key !== 'type')
  const spoilt = fc
    .tuple(own, fc.constantFrom('attempt', ...keys), fc.jsonValue())
    .map(([event, key, value]) => ({ ...event, [key]: value }))
  const bare = own.map(({ type }) => ({ type }))
  const foreign = fc.constantFrom(
    { type: 'nothing' },
    { type: 'toString' },
    { type: 'xstate.stop' },
    { type: 'xstate.done.actor.x', output: 1 },
    { type: 'xstate.error.actor.x', error: new Error('x') },
  )
  return fc.oneof(
    { weight: 8, arbitrary: own },
    { weight: 2, arbitrary: spoilt },
    { weight: 1, arbitrary: bare },
    { weight: 1, arbitrary: foreign },
  )
}

describe.each(WALKS.map(([machine, walk]) => ({ name: machine.id, machine, walk })))(
  'the compiled chart $name',
  ({ machine, walk }) => {
    it('is equal to the interpreted one along every path, through every result of every guard', () => {
      const results = new Set<string>()
      const guards = Object.fromEntries(
        Object.entries(machine.implementations.guards).map(([name, holds]) => [
          name,
          (...facts: never[]) => {
            const result = (holds as (...given: never[]) => boolean)(...facts)
            results.add(`${name} ${result}`)
            return result
          },
        ]),
      )
      const watched = machine.provide({ guards } as never)
      const pair = new Pair(watched)
      for (const input of walk.inputs) pair.first(input)
      for (const state of reached(machine, walk))
        for (const event of state.status === 'active' ? walk.events : []) pair.next(state, event)
      const all = Object.keys(guards).flatMap((name) => [`${name} false`, `${name} true`])
      expect([...results].toSorted()).toEqual(all.toSorted())
    })

    it('is equal to the interpreted one along random events', () => {
      const { inputs, events } = walk
      const pair = new Pair(machine)
      fc.assert(
        fc.property(
          fc.constantFrom(...inputs),
          fc.array(eventsLike(events), { maxLength: 40 }),
          (input, path) => pair.along(input, path),
        ),
        { numRuns: 1_000 },
      )
    })
  },
)

/** All that the compiler knows, in one chart. */
const allKinds = setup({
  types: {} as {
    context: { count: number; log: readonly string[] }
    events: { type: 'add'; by?: number } | { type: 'self' | 'again' | 'both' | 'leave' | 'end' | 'hurry' }
    input: { start: number }
  },
  actions: {
    note: (_: unknown, _what: { readonly at: unknown }) => {},
    plain: () => {},
    keep: assign(({ context, event }) => ({ log: [...context.log, event.type] })),
    several: enqueueActions(({ context, enqueue, check }) => {
      enqueue({ type: 'note', params: { at: context.count } })
      enqueue.assign({ count: ({ context: { count } }) => count + 1 })
      enqueue.assign(({ context: { log } }) => ({ log: [...log, 'several'] }))
      if (check('isEven' as never)) enqueue('plain')
      enqueue({ type: 'note', params: ({ context: { count } }) => ({ at: count }) })
      enqueue('several2')
    }),
    several2: enqueueActions(({ enqueue }) => {
      enqueue('plain')
      enqueue('keep')
    }),
  },
  guards: {
    isEven: ({ context }) => context.count % 2 === 0,
    isOver: ({ context }, { limit }: { readonly limit: number }) => context.count > limit,
    isHurry: ({ event }) => event.type === 'hurry',
  },
}).createMachine({
  id: 'kinds',
  context: ({ input }) => ({ count: input.start, log: [] }),
  initial: 'one',
  output: ({ context, event }) => ({ ...context, event }),
  states: {
    one: {
      tags: 'early',
      entry: ['plain', { type: 'note', params: ({ context }) => ({ at: context.count }) }],
      exit: ['keep', 'plain'],
      always: [
        { guard: { type: 'isOver', params: { limit: 9 } }, target: 'three' },
        { guard: 'isHurry', target: 'two', actions: 'plain' },
      ],
      on: {
        add: [
          {
            guard: ({ event }) => event.by !== undefined,
            actions: [
              assign({ count: ({ context, event }) => context.count + event.by! }),
              function inline() {},
            ],
          },
          { guard: 'isEven', actions: 'several' },
          { target: 'two' },
        ],
        self: { target: 'one', actions: 'plain' },
        again: { target: 'one', reenter: true, actions: 'plain' },
        both: { actions: ['several', 'several'] },
        leave: { target: '#kinds.two' },
      },
    },
    two: {
      entry: assign({ count: 0 }),
      always: [
        {
          guard: { type: 'isOver', params: ({ context }) => ({ limit: context.log.length }) },
          target: 'one',
        },
        {
          guard: ({ context: { count } }) => count > 0 && count < 5,
          actions: assign({ count: ({ context }) => context.count + 1 }),
        },
      ],
      on: {
        add: { actions: assign({ count: 2 }) },
        self: {},
        again: '.',
        leave: { target: 'one', actions: 'several' },
        end: 'three',
      },
    },
    three: { type: 'final', entry: 'several', exit: 'several', output: ({ context }) => context.count },
  },
})

describe('a compiled chart', () => {
  it('is equal to the interpreted one in all that the compiler knows', () => {
    const types = ['add', 'self', 'again', 'both', 'leave', 'end', 'hurry']
    const events = [...types.map((type) => ({ type })), { type: 'add', by: 1 }, { type: 'add', by: 2 }]
    const pair = new Pair(allKinds)
    fc.assert(
      fc.property(fc.nat(12), fc.array(eventsLike(events), { maxLength: 30 }), (start, path) =>
        pair.along({ start }, path),
      ),
      { numRuns: 2_000 },
    )
  })

  it('leaves the given snapshot as it is', () => {
    const chart = compile(allKinds)
    const [first] = chart.initial({ start: 2 })
    const before = structuredClone(first)
    const [next] = chart.transition(first, { type: 'both' })
    expect(first).toEqual(before)
    expect(next.context).not.toBe(first.context)
  })

  it('stays as it is once it has ended', () => {
    const chart = compile(allKinds)
    const [ended] = chart.initial({ start: 10 })
    expect(ended.status).toBe('done')
    expect(chart.transition(ended, { type: 'add' })).toEqual([ended, []])
  })

  it('ends in an error where eventless transitions lead round in a circle', () => {
    const circle = createMachine({
      initial: 'a',
      states: { a: { always: 'b' }, b: { always: 'a' } },
    })
    expect(() => compile(circle).initial(undefined)).toThrow(`more than ${MICROSTEPS_MAX}`)
  })

  const within = (a: object, more: object = {}, implementations: object = {}) =>
    createMachine({ id: 'm', initial: 'a', states: { a, b: {} }, ...more }, implementations as never)
  const inner = { initial: 'x', states: { x: {} } }
  const going = (to: object) => within({ on: { go: to } })

  it.each([
    ['type "compound"', 'm.a', within(inner)],
    ['type "parallel"', 'm.a', within({ type: 'parallel', states: { x: {} } })],
    ['type "history"', 'm.a', within({ type: 'history' })],
    ['type "parallel"', 'm', within({}, { type: 'parallel' })],
    ['type "atomic"', 'm', createMachine({ id: 'm' })],
    ['onDone', 'm.a', within({ type: 'final', onDone: 'b' })],
    ['invoke', 'm.a', within({ invoke: { src: 'x' } })],
    ['invoke', 'm', within({}, { invoke: { src: 'x' } })],
    ['after', 'm.a', within({ after: { 10: 'b' } })],
    ['on', 'm', within({}, { on: { go: '.b' } })],
    ['entry', 'm', within({}, { entry: 'x' })],
    ['exit', 'm', within({}, { exit: 'x' })],
    ['always', 'm', within({}, { always: { target: '.b' } })],
    ['initial with actions', 'm', within({}, { initial: { target: 'a', actions: 'x' } })],
    ['event "*"', 'm.a', within({ on: { '*': 'b' } })],
    ['event "go.*"', 'm.a', within({ on: { 'go.*': 'b' } })],
    ['a target that is no state of its chart', 'm.a', going({ target: '#m' })],
    ['guard not', 'm.a', going({ guard: not(() => true), target: 'b' })],
    ['guard stateIn', 'm.a', going({ guard: stateIn('a'), target: 'b' })],
    [
      'guard "neither", made by not',
      'm.a',
      within({ on: { go: { guard: 'neither' } } }, {}, { guards: { neither: not(() => true) } }),
    ],
    ['guard "missing" without an implementation', 'm.a', going({ guard: 'missing', target: 'b' })],
    ['action xstate.raise', 'm.a', going({ actions: raise({ type: 'x' }) })],
    ['action xstate.emit', 'm.a', within({ entry: 'tell' }, {}, { actions: { tell: emit({ type: 'x' }) } })],
  ])('refuses %s in %s', (construct, state, machine) => {
    const refused = () => compile(machine as AnyStateMachine)
    expect(refused).toThrow(expect.objectContaining({ code: 'CHART_NOT_SUPPORTED' }) as SagachartError)
    expect(refused).toThrow(`Chart "m", state "${state}": ${construct} is not compiled`)
  })

  it('refuses what is put into a list of actions', () => {
    const machine = within({ entry: enqueueActions(({ enqueue }) => enqueue.raise({ type: 'x' })) })
    expect(() => compile(machine).initial(undefined)).toThrow(
      'Chart "m", state "m.a": enqueue.raise is not compiled',
    )
  })
})
