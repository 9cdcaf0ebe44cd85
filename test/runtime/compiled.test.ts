// Actors of compiled charts are, to all who look at them, actors of XState's machines.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createActor,
  setup,
  toPromise,
  waitFor,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type InspectionEvent,
} from 'xstate'
import { stepMachine } from '../../machines/step.ts'
import { compiled } from '../../src/runtime/charts/compiled.ts'
import { stepWalk, WALKS } from '../machines/walks.ts'

const [input] = stepWalk.inputs

const lamp = setup({
  types: {} as { context: { pressed: number }; events: { type: 'press' | 'break' }; tags: 'dark' },
  actions: {
    buzz: () => {},
  },
}).createMachine({
  id: 'lamp',
  context: { pressed: 0 },
  initial: 'off',
  output: ({ context }) => context,
  states: {
    off: { tags: 'dark', meta: { colour: 'black' }, entry: 'buzz', on: { press: 'on' } },
    on: { on: { press: 'off', break: 'broken' }, exit: 'buzz' },
    broken: { type: 'final' },
  },
})

/** What a snapshot says, and what it answers. */
const asked = (snapshot: AnyMachineSnapshot, events: readonly EventObject[]) => ({
  ...(snapshot.toJSON() as object),
  matches: Object.keys(snapshot.machine.states as object).filter((state) => snapshot.matches(state as never)),
  can: events.map((event) => {
    try {
      return snapshot.can(event)
    } catch {
      return 'an error'
    }
  }),
  tags: [...snapshot.tags],
  meta: snapshot.getMeta(),
})

/** All that inspectors and observers are told of an actor while it takes events. */
function story(machine: AnyStateMachine, given: unknown, events: readonly EventObject[]): unknown[] {
  const told: unknown[] = []
  const inspect = (seen: InspectionEvent) => {
    if (seen.type === '@xstate.actor') told.push([seen.type, (seen.actorRef as AnyActorRef).id])
    else if (seen.type === '@xstate.event') told.push([seen.type, seen.event])
    else if (seen.type === '@xstate.action') told.push([seen.type, seen.action])
    else if (seen.type === '@xstate.snapshot')
      told.push([seen.type, seen.event, asked(seen.snapshot as never, [])])
    else if (seen.type === '@xstate.microstep') {
      const taken = seen._transitions.map((transition) => transition.toJSON?.())
      told.push([seen.type, seen.event, taken, asked(seen.snapshot as never, [])])
    }
  }
  const actor = createActor(machine, { id: 'a', input: given, inspect } as never)
  actor.subscribe({
    next: (snapshot) => told.push(asked(snapshot as never, events)),
    error: () => told.push('error'),
    complete: () => told.push('complete'),
  })
  actor.start()
  for (const event of events) if (actor.getSnapshot().status === 'active') actor.send(event)
  actor.stop()
  return told
}

describe.each(WALKS.map(([machine, walk]) => ({ name: machine.id, machine, walk })))(
  'an actor of the compiled chart $name',
  ({ machine, walk }) => {
    it('tells the same in the same order', () => {
      const logic = compiled(machine)
      const events = fc.array(fc.constantFrom(...walk.events), { maxLength: 15 })
      fc.assert(
        fc.property(fc.constantFrom(...walk.inputs), events, (given, path) => {
          expect(story(logic, given, path)).toEqual(story(machine, given, path))
        }),
        { numRuns: 60 },
      )
    })

    it('has the configuration and the definition of its machine', () => {
      const { id, config, definition, root } = compiled(machine)
      expect(id).toBe(machine.id)
      expect(config).toBe(machine.config)
      expect(root).toBe(machine.root)
      expect(JSON.stringify(definition)).toBe(JSON.stringify(machine.definition))
    })
  },
)

describe('an actor of a compiled chart', () => {
  it('answers what a snapshot can be asked', async () => {
    const actor = createActor(compiled(lamp)).start()
    const off = actor.getSnapshot()
    expect(off).toMatchObject({ status: 'active', value: 'off', context: { pressed: 0 } })
    expect([off.matches('off'), off.matches('on'), off.hasTag('dark')]).toEqual([true, false, true])
    expect([off.can({ type: 'press' }), off.can({ type: 'break' })]).toEqual([true, false])
    expect(off.getMeta()).toEqual({ 'lamp.off': { colour: 'black' } })
    const on = waitFor(actor, (snapshot) => snapshot.matches('on'))
    actor.send({ type: 'press' })
    expect(await on).toBe(actor.getSnapshot())
    const output = toPromise(actor)
    actor.send({ type: 'break' })
    expect(await output).toEqual({ pressed: 0 })
  })

  it('keeps its snapshot where an event changes nothing', () => {
    const actor = createActor(compiled(lamp)).start()
    const before = actor.getSnapshot()
    actor.send({ type: 'break' })
    expect(actor.getSnapshot()).toBe(before)
  })

  it('is stopped and resumed as any other', () => {
    const logic = compiled(lamp)
    const actor = createActor(logic).start()
    actor.send({ type: 'press' })
    const snapshot = actor.getPersistedSnapshot()
    actor.stop()
    expect(actor.getSnapshot().status).toBe('stopped')
    const again = createActor(logic, { snapshot }).start()
    again.send({ type: 'break' })
    expect(again.getSnapshot()).toMatchObject({ status: 'done', value: 'broken' })
  })

  it('ends in an error where an effect throws, and still tells where it was', () => {
    const failing = compiled(lamp).provide({
      actions: {
        buzz: ({ self }) => {
          if ((self as AnyActorRef).getSnapshot().matches('on')) throw new Error('no light')
        },
      },
    })
    const actor = createActor(failing)
    actor.subscribe({ error: () => {} })
    actor.start()
    for (const type of ['press', 'press'] as const) actor.send({ type })
    const snapshot = actor.getSnapshot()
    expect(snapshot).toMatchObject({ status: 'error', value: 'on', error: new Error('no light') })
    expect(snapshot.matches('on')).toBe(true)
  })

  it('is invoked by a machine of others', async () => {
    const outer = setup({ actors: { step: compiled(stepMachine) } }).createMachine({
      initial: 'busy',
      states: {
        busy: {
          invoke: { src: 'step', id: 'step', input: { ...input!, entry: 'admitted' }, onDone: 'free' },
        },
        free: { type: 'final' },
      },
    })
    const actor = createActor(outer).start()
    actor.getSnapshot().children['step']!.send({ type: 'attempt.succeeded', attempt: 1, output: 1 } as never)
    expect((await waitFor(actor, ({ status }) => status === 'done')).value).toBe('free')
  })
})
