// Control steps: what must compile, and what must not. Checked by `npm run types`, as builder.test-d.ts is.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { setup } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

interface City {
  readonly name: string
}

const geo = {
  cities: (): City[] => [],
  weather: async ({ city }: { city: string }) => ({ city, high: 1 }),
  save: ({ table }: { table: string; rows?: readonly number[] }) => table.length,
  ping: () => 'pong',
  forget: (_: { input: { city: string }; output: { high: number } }) => {},
}

const at = setup({ modules: { geo } })

/** What a workflow gives that others call. */
const load = at.createWorkflow({
  id: 'load',
  inputs: { table: { type: 'string' }, limit: { type: 'integer', default: 3 } },
  steps: { save: { invoke: 'geo.save', parameters: ({ inputs }) => ({ table: inputs.table }) } },
  outputs: { rows: ({ steps }) => steps.save.output },
})

/** Every kind of step. */
export const good = at.createWorkflow({
  id: 'good',
  inputs: { date: { type: 'string' } },
  steps: {
    cities: { invoke: 'geo.cities' },
    both: {
      dependsOn: ['cities'],
      parallel: {
        ping: { invoke: 'geo.ping' },
        weather: {
          invoke: 'geo.weather',
          dependsOn: ['ping'],
          parameters: ({ steps, inputs }) => {
            same<typeof steps.ping.output, string>(true)
            same<typeof steps.cities.output, readonly City[]>(true)
            same<keyof typeof steps, 'ping' | 'cities'>(true)
            same<typeof inputs.date, string>(true)
            return { city: steps.cities.output[0]?.name ?? steps.ping.output }
          },
        },
      },
      maxConcurrency: 2,
      retry: { count: 1 },
      timeout: '5s',
    },
    some: {
      parallel: { a: { invoke: 'geo.ping' }, b: { invoke: 'geo.cities' } },
      waitFor: 'any',
    },
    branch: {
      dependsOn: ['both', 'some'],
      condition: ({ steps }) => {
        same<
          typeof steps.both.output,
          { readonly ping: string; readonly weather: { readonly city: string; readonly high: number } }
        >(true)
        same<typeof steps.some.output, { readonly a: string | null; readonly b: readonly City[] | null }>(
          true,
        )
        return steps.both.output.weather.high > 20
      },
      then: {
        hot: {
          invoke: 'geo.save',
          parameters: ({ steps }) => ({ table: 'hot', rows: [steps.both.output.weather.high] }),
        },
      },
      else: { cold: { invoke: 'geo.ping' }, name: { invoke: 'geo.ping', dependsOn: ['cold'] } },
    },
    choice: {
      dependsOn: ['cities'],
      cases: [
        {
          when: ({ steps }) => steps.cities.output.length > 1,
          steps: { many: { invoke: 'geo.weather', parameters: { city: 'Oslo' } } },
        },
        {
          when: () => true,
          steps: { one: { invoke: 'geo.ping', when: ({ steps }) => steps.cities.output.length > 0 } },
        },
      ],
    },
    fixed: {
      dependsOn: ['branch', 'choice'],
      forEach: ['Oslo', 'Bergen'],
      steps: {
        weather: {
          invoke: 'geo.weather',
          parameters: ({ item, index, steps }) => {
            same<typeof item, 'Oslo' | 'Bergen'>(true)
            same<typeof index, number>(true)
            same<typeof steps.branch.output.cold, string | undefined>(true)
            same<typeof steps.branch.output.hot, number | undefined>(true)
            same<typeof steps.choice.output.one, string | null | undefined>(true)
            return { city: item }
          },
        },
      },
      tolerate: '10%',
      maxConcurrency: 4,
    },
    poll: {
      dependsOn: ['fixed'],
      until: ({ steps, index }) => {
        same<typeof steps.ping.output, string>(true)
        same<
          typeof steps.fixed.output,
          readonly ({ readonly weather: { readonly city: string; readonly high: number } } | null)[]
        >(true)
        return steps.ping.output === 'ready' || index > 3
      },
      steps: { ping: { invoke: 'geo.ping' } },
      maxIterations: 10,
    },
    again: {
      while: ({ steps }) => {
        same<typeof steps.ping.output, string | null>(true)
        return steps.ping.status === 'skipped'
      },
      steps: { ping: { invoke: 'geo.ping' } },
    },
    pause: { wait: '10s' },
    approval: {
      dependsOn: ['pause'],
      waitForEvent: 'approved',
      filter: ({ event, steps }) => {
        same<typeof steps.pause.output, null>(true)
        same<typeof event.at, number>(true)
        return event.data === 'yes'
      },
      timeout: '1d',
      onTimeout: 'skip',
    },
    load: {
      dependsOn: ['approval', 'poll'],
      scenario: load,
      inputs: ({ steps }) => {
        same<typeof steps.approval.output, unknown>(true)
        same<typeof steps.poll.output, readonly { readonly ping: string }[]>(true)
        return { table: 't' }
      },
    },
    last: {
      invoke: 'geo.save',
      dependsOn: ['load'],
      parameters: ({ steps }) => {
        same<typeof steps.load.output, { readonly rows: number }>(true)
        return { table: 'last', rows: [steps.load.output.rows] }
      },
    },
  },
  outputs: { rows: ({ steps }) => steps.load.output.rows },
})

/** Steps in steps in steps, each of which sees what is around it. */
export const deep = at.createWorkflow({
  id: 'deep',
  steps: {
    cities: { invoke: 'geo.cities' },
    outer: {
      dependsOn: ['cities'],
      forEach: [{ name: 'Oslo', days: [1, 2] }],
      steps: {
        weather: { invoke: 'geo.weather', parameters: ({ item }) => ({ city: item.name }) },
        days: {
          dependsOn: ['weather'],
          until: ({ item, index, steps }) => {
            same<typeof item.days, readonly [1, 2]>(true)
            same<keyof typeof steps, 'cities' | 'weather' | 'save'>(true)
            return index > 1
          },
          steps: {
            save: {
              invoke: 'geo.save',
              parameters: ({ item, index, steps }) => {
                same<keyof typeof steps, 'cities' | 'weather'>(true)
                return {
                  table: item.name,
                  rows: [index, steps.weather.output.high, steps.cities.output.length],
                }
              },
            },
          },
          output: ({ steps }) => steps.save.output,
        },
        after: {
          dependsOn: ['weather'],
          parallel: {
            // An inner step hides an outer one of its name.
            cities: { invoke: 'geo.ping' },
            last: {
              invoke: 'geo.save',
              dependsOn: ['cities'],
              parameters: ({ steps }) => ({ table: steps.cities.output, rows: [steps.weather.output.high] }),
            },
            blind: {
              invoke: 'geo.ping',
              when: ({ steps }) => {
                same<keyof typeof steps, 'weather'>(true)
                return true
              },
            },
          },
          output: () => 7,
        },
      },
    },
  },
  outputs: {
    tables: ({ steps }) => {
      same<
        typeof steps.outer.output,
        readonly {
          readonly weather: { readonly city: string; readonly high: number }
          // What a function gives, one literal cannot tell.
          readonly days: readonly unknown[]
          readonly after: unknown
        }[]
      >(true)
      return steps.outer.output.map(({ weather }) => weather.high)
    },
  },
})

/** How steps are undone, and what is decided about failures. */
export const undone = at.createWorkflow({
  id: 'undone',
  onFailure: 'compensate',
  compensationTimeout: '2m',
  recovery: { strategies: ['retry', 'degradation'], maxGrantedRetries: 2, handlerTimeout: 1 },
  inputs: { city: { type: 'string' } },
  steps: {
    weather: {
      invoke: 'geo.weather',
      parameters: ({ inputs }) => ({ city: inputs.city }),
      compensate: 'geo.forget',
      onFailure: ['retry', 'degradation', 'fail_workflow'],
      heartbeat: '10s',
    },
    save: {
      invoke: 'geo.save',
      dependsOn: ['weather'],
      parameters: ({ steps }) => ({ table: steps.weather.output.city }),
      compensate: {
        invoke: 'geo.save',
        parameters: ({ input, output, steps, inputs }) => {
          same<typeof input, { readonly table: string; readonly rows?: readonly number[] }>(true)
          same<typeof output, number>(true)
          same<keyof typeof steps, 'weather' | 'save'>(true)
          return { table: inputs.city + input.table, rows: [output, steps.save.output] }
        },
        timeout: '1m',
        retry: { count: 3 },
      },
      onCancel: 'abort',
    },
    maybe: {
      invoke: 'geo.weather',
      parameters: { city: 'Oslo' },
      compensate: {
        invoke: 'geo.save',
        on: 'attempt',
        parameters: ({ output }) => {
          same<typeof output, { readonly city: string; readonly high: number } | null>(true)
          return { table: output?.city ?? '' }
        },
      },
    },
    both: {
      parallel: { a: { invoke: 'geo.ping', compensate: { invoke: 'geo.ping' } } },
      compensate: {
        invoke: 'geo.save',
        parameters: ({ input, output }) => {
          same<typeof input, null>(true)
          same<typeof output, { readonly a: string }>(true)
          return { table: output.a }
        },
      },
      fallback: { value: { a: 'none' } },
      onFailure: 'compensate',
    },
  },
})
