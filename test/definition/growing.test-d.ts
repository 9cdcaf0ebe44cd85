// Lists of steps that grow: what must compile, and what must not. Checked by `npm run types`, as builder.test-d.ts is.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { setup } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

interface City {
  readonly name: string
  readonly days: readonly number[]
}

const geo = {
  cities: (): City[] => [],
  weather: async ({ city }: { city: string }) => ({ city, high: 1 }),
  save: ({ table }: { table: string; rows?: readonly number[] }) => table.length,
  ping: () => 'pong',
  forget: (_: { input: null; output: { a: string } }) => {},
}

const at = setup({ modules: { geo } })

/** What functions return is known to what follows. */
export const good = at.createWorkflow({
  id: 'good',
  inputs: { date: { type: 'string' } },
  steps: (list) =>
    list
      .steps({
        cities: { invoke: 'geo.cities' },
        ping: {
          invoke: 'geo.ping',
          dependsOn: ['cities'],
          when: ({ steps }) => steps.cities.output.length > 0,
        },
      })
      .step('scan', {
        dependsOn: ['cities'],
        forEach: ({ steps }) => steps.cities.output,
        steps: (each) =>
          each
            .steps({
              weather: {
                invoke: 'geo.weather',
                parameters: ({ item, index, inputs, steps }) => {
                  same<typeof item, City>(true)
                  same<typeof index, number>(true)
                  same<typeof inputs.date, string>(true)
                  same<keyof typeof steps, 'cities'>(true)
                  return { city: item.name }
                },
              },
            })
            .step('days', {
              dependsOn: ['weather'],
              forEach: ({ item }) => item.days,
              steps: (day) =>
                day.step('save', {
                  invoke: 'geo.save',
                  parameters: ({ item, steps }) => {
                    same<typeof item, number>(true)
                    return { table: steps.weather.output.city, rows: [item, steps.cities.output.length] }
                  },
                }),
            }),
        output: ({ steps, item }) => {
          same<typeof steps.days.output, readonly { readonly save: number }[]>(true)
          return { name: item.name, high: steps.weather.output.high }
        },
        tolerate: 1,
        maxConcurrency: 4,
      })
      .step('both', {
        dependsOn: ['scan'],
        parallel: (both) =>
          both.steps({
            a: { invoke: 'geo.ping', when: ({ steps }) => steps.scan.output.length > 0 },
            b: {
              invoke: 'geo.weather',
              parameters: ({ steps }) => ({ city: steps.scan.output[0]?.name ?? '' }),
            },
          }),
        waitFor: 'any',
        output: ({ steps }) => {
          same<typeof steps.a.output, string | null>(true)
          return steps.b.output?.high ?? 0
        },
      })
      .step('branch', {
        dependsOn: ['both'],
        condition: ({ steps }) => {
          same<typeof steps.both.output, number>(true)
          same<
            typeof steps.scan.output,
            readonly ({ readonly name: string; readonly high: number } | null)[]
          >(true)
          return steps.both.output > 3
        },
        then: (then) => then.steps({ hot: { invoke: 'geo.ping' } }),
        else: (other) => other.steps({ cold: { invoke: 'geo.cities' } }),
      })
      .step('poll', {
        dependsOn: ['branch'],
        steps: (poll) => poll.steps({ ping: { invoke: 'geo.ping' } }),
        until: ({ steps, index }) => {
          same<typeof steps.ping.output, string>(true)
          same<typeof steps.branch.output.hot, string | undefined>(true)
          return index > 3
        },
      })
      .step('approved', {
        waitForEvent: 'approved',
        timeout: '1d',
        output: ({ event }) => Number(event.data),
      })
      .step('unheard', {
        waitForEvent: 'approved',
        timeout: '1d',
        onTimeout: 'continue',
        output: ({ event }) => event.type,
      })
      // Made of functions alone.
      .step('plain', {
        forEach: ({ inputs }) => [inputs.date],
        steps: (each) =>
          each.steps({
            weather: { invoke: 'geo.weather', parameters: ({ item }) => ({ city: item }) },
          }),
      })
      .step('side', { parallel: (side) => side.steps({ a: { invoke: 'geo.ping' } }) })
      .steps({
        last: {
          invoke: 'geo.save',
          dependsOn: ['poll', 'approved', 'unheard', 'plain', 'side'],
          parameters: ({ steps }) => {
            same<
              typeof steps.plain.output,
              readonly { readonly weather: { readonly city: string; readonly high: number } }[]
            >(true)
            same<typeof steps.unheard.output, string | null>(true)
            same<typeof steps.side.output, { readonly a: string }>(true)
            same<typeof steps.poll.output, readonly { readonly ping: string }[]>(true)
            return { table: 'x', rows: [steps.approved.output] }
          },
        },
        never: {
          invoke: 'geo.ping',
          dependsOn: ['last'],
          runIf: 'all_done',
          when: ({ steps }) => steps.last.output !== null,
        },
      }),
  outputs: {
    rows: ({ steps }) => {
      same<typeof steps.scan.output, readonly ({ readonly name: string; readonly high: number } | null)[]>(
        true,
      )
      return steps.last.output
    },
  },
})

/** How steps are undone that are added alone. */
export const undone = at.createWorkflow({
  id: 'undone',
  steps: (list) =>
    list
      .step('weather', {
        invoke: 'geo.weather',
        parameters: { city: 'Oslo' },
        compensate: {
          invoke: 'geo.save',
          on: 'attempt',
          parameters: ({ input, output, steps }) => {
            same<typeof input, { readonly city: string }>(true)
            same<typeof output, { readonly city: string; readonly high: number } | null>(true)
            return { table: steps.weather.status }
          },
        },
      })
      .step('text', {
        parallel: (side) => side.steps({ a: { invoke: 'geo.ping' } }),
        compensate: 'geo.forget',
      })
      .step('both', {
        parallel: (side) => side.steps({ a: { invoke: 'geo.ping' } }),
        compensate: {
          invoke: 'geo.save',
          parameters: ({ input, output }) => {
            same<typeof input, null>(true)
            same<typeof output, { readonly a: string }>(true)
            return { table: output.a }
          },
        },
        fallback: { value: { a: 'none' } },
      })
      .step('shaped', {
        parallel: (side) => side.steps({ a: { invoke: 'geo.ping' } }),
        output: ({ steps }) => steps.a.output.length,
        compensate: { invoke: 'geo.save', parameters: ({ output }) => ({ table: output.toFixed() }) },
        fallback: { value: () => 3 },
      }),
})

/** What does not compile. */
export const bad = [
  at.createWorkflow({
    id: 'bad',
    steps: (list) =>
      list
        .steps({ cities: { invoke: 'geo.cities' } })
        // @ts-expect-error a step that is not there yet
        .step('early', { invoke: 'geo.ping', dependsOn: ['later'] })
        .step('scan', {
          dependsOn: ['cities'],
          forEach: ({ steps }) => steps.cities.output,
          // @ts-expect-error an item has no such field
          steps: (each) => each.steps({ a: { invoke: 'geo.ping', when: ({ item }) => item.nam === '' } }),
        })
        .step('blind', {
          // @ts-expect-error what is not depended on is not seen
          forEach: ({ steps }) => steps.cities.output,
          steps: (each) => each.steps({ a: { invoke: 'geo.ping' } }),
        })
        // @ts-expect-error a literal has no types to give inside of a step that is added alone
        .step('literal', { parallel: { a: { invoke: 'geo.ping' } } })
        // @ts-expect-error a key that is misspelt
        .step('key', { invoke: 'geo.ping', retires: 1 })
        // @ts-expect-error an operation that is not there
        .step('operation', { invoke: 'geo.pnig' })
        // @ts-expect-error two kinds at once
        .step('two', { invoke: 'geo.ping', parallel: (both) => both })
        // @ts-expect-error an operation gives what it gives
        .step('shape', { invoke: 'geo.ping', output: () => 3 })
        // @ts-expect-error a branch without a condition
        .step('branch', { then: (then) => then })
        // @ts-expect-error a loop without a condition
        .step('loop', { steps: (loop) => loop })
        // @ts-expect-error a function that adds nothing to its list
        .step('nothing', { parallel: () => 3 })
        .step('undo', {
          parallel: (side) => side.steps({ b: { invoke: 'geo.ping' } }),
          // @ts-expect-error an undoing that cannot do with what the step gives
          compensate: 'geo.forget',
        })
        .step('undone', {
          parallel: (side) => side.steps({ a: { invoke: 'geo.ping' } }),
          // @ts-expect-error an undoing that needs parameters
          compensate: { invoke: 'geo.save' },
        })
        // @ts-expect-error an undoing that is not there
        .step('unknown', { invoke: 'geo.ping', compensate: 'geo.frget' })
        // @ts-expect-error nothing to do
        .step('idle', {})
        .steps({
          // @ts-expect-error a step that is not there
          last: { invoke: 'geo.ping', dependsOn: ['lats'] },
        }),
    // @ts-expect-error an output of a step that is not there
    outputs: { x: ({ steps }) => steps.zzz.output },
  }),
]
