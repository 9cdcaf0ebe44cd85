// In which form values are kept and handed on: what must compile, and what must not. Checked by `npm run types`, as
// builder.test-d.ts is. That values have that form is shown in test/runtime/json-form.test.ts.
import { run, setup } from '../../src/index.ts'
import type { DeepReadonly, HasJsonForm, JsonForm, NoJsonForm } from '../../src/definition/json-form.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

declare const unnamed: unique symbol
type Id = string & { readonly id: true }
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
interface Tree {
  at: Date
  children: Tree[]
}
interface Roots {
  at: bigint
  children: Roots[]
}
declare class Account {
  private secret: string
  balance: number
  tags: string[]
}
declare class Bank {
  balance: number
  pay(): void
}
declare class Price {
  toJSON(): { cents: number; of: Date }
  add(): Price
}

/** What is kept of a value. */
export function forms(): void {
  same<JsonForm<string | 1 | true | null>, string | 1 | true | null>(true)
  same<JsonForm<void>, null>(true)
  same<JsonForm<string | undefined>, string | null>(true)
  same<JsonForm<Date>, string>(true)
  same<JsonForm<URL>, string>(true)
  same<JsonForm<Price>, { readonly cents: number; readonly of: string }>(true)
  same<JsonForm<Buffer>, { readonly type: 'Buffer'; readonly data: readonly number[] }>(true)
  same<JsonForm<string[][]>, readonly (readonly string[])[]>(true)
  same<JsonForm<[Date, number]>, readonly [string, number]>(true)
  same<JsonForm<[Date, ...number[]]>, readonly [string, ...number[]]>(true)
  same<JsonForm<(string | undefined)[]>, readonly (string | null)[]>(true)
  same<JsonForm<{ a: { at: Date }[] }>, { readonly a: readonly { readonly at: string }[] }>(true)
  same<
    JsonForm<{ a?: Date; b: string | undefined }>,
    { readonly a?: string; readonly b: string | undefined }
  >(true)
  same<JsonForm<{ a: 1; [unnamed]: bigint }>, { readonly a: 1 }>(true)
  same<JsonForm<Record<string, Date>>, { readonly [name: string]: string }>(true)
  same<JsonForm<Account>, { readonly balance: number; readonly tags: readonly string[] }>(true)
  same<JsonForm<Tree>['children'][number]['children'][number]['at'], string>(true)
  same<JsonForm<Id>, Id>(true)
  same<JsonForm<unknown>, unknown>(true)
  same<JsonForm<never>, never>(true)
  same<JsonForm<ReturnType<typeof JSON.parse>>, ReturnType<typeof JSON.parse>>(true)
  same<JsonForm<bigint | string>, NoJsonForm | string>(true)
  same<JsonForm<{ a: () => void }>, { readonly a: NoJsonForm }>(true)
}

/** Whether all of it can be kept. */
export function kept(): void {
  type Good =
    | [
        string | number | boolean | null | undefined,
        void,
        unknown,
        object,
        never,
        Json,
        Tree,
        Id,
        Account,
        Date,
      ]
    | [{ a?: Date }, Buffer, URL, Price, Record<string, unknown>, readonly [Date, number?], Error, string[]]
  same<HasJsonForm<Good>, true>(true)
  same<HasJsonForm<ReturnType<typeof JSON.parse>>, true>(true)
  same<HasJsonForm<bigint>, false>(true)
  same<HasJsonForm<string | bigint>, false>(true)
  same<HasJsonForm<symbol>, false>(true)
  same<HasJsonForm<() => void>, false>(true)
  same<HasJsonForm<Map<string, number>>, false>(true)
  same<HasJsonForm<Set<string>>, false>(true)
  same<HasJsonForm<Uint8Array>, false>(true)
  same<HasJsonForm<ArrayBuffer>, false>(true)
  same<HasJsonForm<RegExp>, false>(true)
  same<HasJsonForm<Promise<number>>, false>(true)
  same<HasJsonForm<Response>, false>(true)
  same<HasJsonForm<Bank>, false>(true)
  same<HasJsonForm<Roots>, false>(true)
  same<HasJsonForm<{ a: { b: bigint }[] }>, false>(true)
  same<HasJsonForm<{ a?: () => void }>, false>(true)
  same<HasJsonForm<{ toJSON(): bigint }>, false>(true)
}

/** What functions see of data, and what may be given to operations. */
export function readonly(): void {
  same<DeepReadonly<{ to: string[]; at: Date }>, { readonly to: readonly string[]; readonly at: Date }>(true)
  same<
    DeepReadonly<{ a?: [number[], Map<string, string[]>] }>,
    { readonly a?: readonly [readonly number[], Map<string, string[]>] }
  >(true)
  same<DeepReadonly<Bank | (() => void)>, Bank | (() => void)>(true)
  same<DeepReadonly<unknown>, unknown>(true)
}

const post = {
  find: () => ({ to: ['Ada'], since: new Date(), none: undefined, note: undefined as string | undefined }),
  nothing: () => {},
  names: async () => ['Ada'],
  other: (): readonly string[] => [],
  send: ({ to }: { to: string[]; by?: { name: string; tags: string[] } }) => to.length,
  call: ({ each }: { each: (name: string) => void; to: string[] }) => each(''),
  connect: ({ bank }: { bank: Bank; rows: { tags: string[] }[] }) => bank.balance,
  undo: (_: { input: { to: string[] }; output: number }) => {},
  at: ({ at }: { at: Date }) => at.getTime(),
  map: () => new Map([[1, 2]]),
  big: async () => 1n,
  symbol: () => Symbol('x'),
  callback: () => ({ again: () => 1 }),
  maybe: (): string | bigint => '',
}
const at = setup({ modules: { post } })
const parameters = ({ steps }: { steps: { names: { output: readonly string[] } } }) => ({
  to: steps.names.output,
})

/** From one operation to the next. */
export const good = at.createWorkflow({
  id: 'good',
  inputs: { names: { type: 'list' } },
  steps: {
    find: { invoke: 'post.find' },
    nothing: { invoke: 'post.nothing' },
    names: { invoke: 'post.names', fallback: { invoke: 'post.other' } },
    stands: {
      invoke: 'post.names',
      dependsOn: ['names'],
      fallback: { value: ({ steps }) => steps.names.output },
    },
    send: {
      invoke: 'post.send',
      dependsOn: ['find', 'nothing', 'names'],
      parameters: ({ steps }) => {
        same<typeof steps.find.output.to, readonly string[]>(true)
        same<typeof steps.find.output.since, string>(true)
        same<typeof steps.find.output.note, string | undefined>(true)
        same<typeof steps.nothing.output, null>(true)
        return { to: steps.names.output, by: { name: 'Grace', tags: steps.find.output.to } }
      },
      compensate: 'post.undo',
    },
    undone: {
      invoke: 'post.send',
      dependsOn: ['names'],
      parameters,
      compensate: {
        invoke: 'post.send',
        parameters: ({ input }) => {
          same<typeof input.to, readonly string[]>(true)
          return { to: input.to }
        },
      },
    },
    call: { invoke: 'post.call', parameters: { each: (name) => console.log(name.trim()), to: ['Ada'] } },
    connect: {
      invoke: 'post.connect',
      dependsOn: ['find'],
      parameters: ({ steps }) => ({ bank: null as never as Bank, rows: [{ tags: steps.find.output.to }] }),
    },
    dates: {
      invoke: 'post.at',
      dependsOn: ['find'],
      parameters: ({ steps }) => ({ at: new Date(steps.find.output.since) }),
    },
    items: {
      forEach: [{ tags: ['a'], at: new Date(0) }],
      steps: {
        a: {
          invoke: 'post.send',
          parameters: ({ item }) => {
            same<typeof item.at, string>(true)
            return { to: item.tags }
          },
        },
      },
    },
  },
  outputs: { since: () => new Date(), to: ({ steps }) => steps.find.output.to, none: () => {} },
})

/** What comes out of it. */
export const given = async () => {
  const { outputs } = await run(good, { inputs: { names: [] } })
  same<
    typeof outputs,
    { readonly since: string; readonly to: readonly string[]; readonly none: null } | null
  >(true)
}

/** What functions of a list that grows return. */
export const growing = at.createWorkflow({
  id: 'growing',
  steps: (list) =>
    list
      .step('shaped', {
        parallel: (side) => side.steps({ a: { invoke: 'post.find' } }),
        output: ({ steps }) => ({ at: new Date(steps.a.output.since), to: [...steps.a.output.to] }),
      })
      .step('scan', {
        dependsOn: ['shaped'],
        forEach: ({ steps }) => {
          same<typeof steps.shaped.output, { readonly at: string; readonly to: readonly string[] }>(true)
          return [{ at: new Date(), tags: ['a'] }]
        },
        steps: (each) =>
          each.step('a', {
            invoke: 'post.send',
            parameters: ({ item }) => {
              same<typeof item, { readonly at: string; readonly tags: readonly string[] }>(true)
              return { to: item.tags }
            },
          }),
      }),
})

/** What does not compile. */
export const bad = [
  at.createWorkflow({
    id: 'bad operations',
    steps: {
      // @ts-expect-error a Map
      map: { invoke: 'post.map' },
      // @ts-expect-error a bigint, later
      big: { invoke: 'post.big' },
      // @ts-expect-error a symbol
      symbol: { invoke: 'post.symbol' },
      // @ts-expect-error a function in an object
      callback: { invoke: 'post.callback' },
      // @ts-expect-error a bigint sometimes
      maybe: { invoke: 'post.maybe' },
      // @ts-expect-error nor as a fallback
      fallback: { invoke: 'post.names', fallback: { invoke: 'post.map' } },
      // @ts-expect-error nor to undo a step
      undo: { invoke: 'post.names', compensate: 'post.big' },
      // @ts-expect-error nor inside of a step
      nested: { parallel: { a: { invoke: 'post.map' } } },
    },
  }),
  at.createWorkflow({
    id: 'bad functions',
    steps: {
      find: { invoke: 'post.find' },
      push: {
        invoke: 'post.send',
        dependsOn: ['find'],
        // @ts-expect-error what functions see is frozen
        parameters: ({ steps }) => ({ to: [String(steps.find.output.to.push(''))] }),
      },
      assign: {
        invoke: 'post.names',
        dependsOn: ['find'],
        // @ts-expect-error what functions see is frozen
        when: ({ steps }) => (steps.find.output.since = ''),
      },
      date: {
        invoke: 'post.at',
        dependsOn: ['find'],
        // @ts-expect-error a date is text by now
        parameters: ({ steps }) => ({ at: steps.find.output.since }),
      },
    },
  }),
  at.createWorkflow({
    id: 'bad outputs',
    steps: { find: { invoke: 'post.find' } },
    // @ts-expect-error a Map
    outputs: { map: () => new Map() },
  }),
  at.createWorkflow({
    id: 'bad output among others',
    steps: { find: { invoke: 'post.find' } },
    // @ts-expect-error a bigint deep inside
    outputs: { to: ({ steps }) => steps.find.output.to, big: () => ({ a: [1n] }) },
  }),
]
