// What must compile of control steps and compensation, and what must not. Checked by `npm run types`.
/* oxlint-disable unicorn/no-thenable -- a key of configurations, which nobody awaits */
import { run, setup, type OperationContext } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

interface Booking {
  readonly id: string
}

const travel = {
  book: async ({ what }: { what: string }, _: OperationContext): Promise<Booking> => ({ id: what }),
  price: ({ id }: Booking) => id.length,
  cities: (): string[] => [],
  cancel: ({ output }: { output: Booking }) => void output,
  cancelById: ({ id }: { id: string }) => void id,
  ping: () => 'pong',
}

const at = setup({ modules: { travel }, resources: { desk: { units: 1 } } })

const simple = at.createWorkflow({
  id: 'simple',
  inputs: { who: { type: 'string' } },
  steps: { a: { invoke: 'travel.ping' } },
  outputs: { said: ({ steps }) => steps.a.output },
})

const around = at.within<{ steps: { flight: Booking }; inputs: { who: string } }>()

/** What compiles. */
export const good = at.createWorkflow({
  id: 'good',
  inputs: { who: { type: 'string' } },
  onFailure: 'compensate',
  compensationTimeout: '1m',
  recovery: { strategies: ['retry', 'degradation'], maxGrantedRetries: 2, handlerTimeout: 3 },
  steps: {
    flight: {
      invoke: 'travel.book',
      parameters: { what: 'flight' },
      compensate: 'travel.cancel',
      onCancel: 'abort',
      heartbeat: 5,
      onFailure: ['retry', 'compensate'],
    },
    hotel: {
      invoke: 'travel.book',
      parameters: { what: 'hotel' },
      compensate: {
        invoke: 'travel.cancelById',
        parameters: ({ output, input, steps }) => {
          same<typeof output, Booking>(true)
          same<typeof input, { what: string }>(true)
          same<keyof typeof steps, never>(true)
          return { id: output.id }
        },
        on: 'attempt',
        retry: { count: 3 },
      },
    },
    both: {
      invoke: at.parallel({
        steps: {
          a: { invoke: 'travel.ping' },
          b: {
            invoke: 'travel.book',
            dependsOn: ['a'],
            parameters: ({ steps }) => ({ what: steps.a.output }),
          },
        },
      }),
      retry: { count: 1 },
      fallback: { value: { a: 'x', b: { id: 'y' } } },
    },
    extras: {
      invoke: around.forEach(({ steps, inputs }) => [steps.flight.output.id, inputs.who], {
        steps: {
          add: {
            invoke: 'travel.book',
            parameters: ({ item, index, steps }) => {
              same<typeof item, string>(true)
              same<typeof index, number>(true)
              return { what: item + steps.flight.output.id }
            },
          },
          price: { invoke: 'travel.price', dependsOn: ['add'], parameters: ({ steps }) => steps.add.output },
        },
        tolerate: '10%',
      }),
      dependsOn: ['flight'],
    },
    either: {
      invoke: at.conditional({
        condition: () => true,
        then: { x: { invoke: 'travel.ping' } },
        else: { y: { invoke: 'travel.cities' } },
      }),
    },
    one: {
      invoke: at.choose({
        cases: [
          { when: () => true, steps: at.branch({ x: { invoke: 'travel.ping' } }) },
          { when: () => false, steps: at.branch({ y: { invoke: 'travel.cities' } }) },
        ],
        default: at.branch({ z: { invoke: 'travel.ping' } }),
      }),
    },
    poll: {
      invoke: at.repeat({
        until: ({ steps, index }) => steps.ask.output === 'pong' || index > 3,
        steps: { ask: { invoke: 'travel.ping' } },
        output: ({ steps }) => steps.ask.output.length,
      }),
    },
    pause: { invoke: at.wait('10s') },
    approval: {
      invoke: at.waitForEvent('approved', {
        filter: ({ event }) => event.data !== null,
        timeout: '1h',
        onTimeout: 'continue',
        output: ({ event }) => event.type,
      }),
    },
    other: { invoke: at.scenario(simple, { inputs: { who: 'Ada' } }) },
    race: { invoke: at.parallel({ waitFor: 'any', steps: { a: { invoke: 'travel.ping' } } }) },
    all: {
      invoke: 'travel.ping',
      dependsOn: ['both', 'extras', 'either', 'one', 'poll', 'pause', 'approval', 'other', 'race'],
      when: ({ steps }) => {
        same<typeof steps.both.output, { readonly a: string; readonly b: Booking }>(true)
        same<
          typeof steps.extras.output,
          readonly ({ readonly add: Booking; readonly price: number } | null)[]
        >(true)
        same<typeof steps.either.output, { readonly x: string } | { readonly y: string[] }>(true)
        same<
          typeof steps.one.output,
          { readonly x: string } | { readonly y: string[] } | { readonly z: string }
        >(true)
        same<typeof steps.poll.output, readonly number[]>(true)
        same<typeof steps.pause.output, null>(true)
        same<typeof steps.approval.output, string | null>(true)
        same<typeof steps.other.output, { said: string }>(true)
        same<typeof steps.race.output, { readonly a: string | null }>(true)
        return true
      },
    },
  },
  outputs: { names: ({ steps }) => steps.extras.output.length },
})

/** What comes out. */
export const given = async () => {
  const report = await run(good, { inputs: { who: 'Ada' } })
  same<typeof report.outputs, { names: number } | null>(true)
  return report
}

/** What does not compile. */
export const bad = [
  at.createWorkflow({
    id: 'bad',
    steps: {
      // @ts-expect-error what undoes it needs something else
      a: { invoke: 'travel.book', parameters: { what: 'x' }, compensate: 'travel.cancelById' },
      // @ts-expect-error what undoes it is not there
      b: { invoke: 'travel.book', parameters: { what: 'x' }, compensate: 'travel.undo' },
      // @ts-expect-error a verdict that is not there
      c: { invoke: 'travel.ping', onFailure: 'degrade' },
      // @ts-expect-error the loop needs a flight before it
      d: { invoke: around.forEach([1], { steps: { x: { invoke: 'travel.ping' } } }) },
      // @ts-expect-error a control step has no parameters
      e: { invoke: at.wait('1s'), parameters: { x: 1 } },
      // @ts-expect-error a value that is no such output
      f: { invoke: at.wait('1s'), fallback: { value: 1 } },
    },
  }),
  at.createWorkflow({
    id: 'bad around',
    inputs: { who: { type: 'string' } },
    steps: {
      flight: { invoke: 'travel.ping' },
      a: {
        // @ts-expect-error the flight before it gives something else
        invoke: around.forEach([1], { steps: { x: { invoke: 'travel.ping' } } }),
        dependsOn: ['flight'],
      },
    },
  }),
  at.parallel({
    steps: {
      // @ts-expect-error an operation that is not there
      a: { invoke: 'travel.pnig' },
      // @ts-expect-error a step that is not there
      b: { invoke: 'travel.ping', dependsOn: ['zzz'] },
      // @ts-expect-error a required parameter is missing
      c: { invoke: 'travel.book' },
    },
  }),
  at.forEach(['a'], {
    // @ts-expect-error a text is no city
    steps: { a: { invoke: 'travel.price', parameters: ({ item }) => ({ id: item.length }) } },
  }),
  // @ts-expect-error a time without a unit
  at.wait('5'),
  // @ts-expect-error a required input is missing
  at.scenario(simple),
  // @ts-expect-error neither while nor until
  at.repeat({ steps: { a: { invoke: 'travel.ping' } } }),
]
