// Modules: what must compile, and what must not. Checked by `npm run types`, as builder.test-d.ts is. What the compiler says of
// it is in typing.test.ts.
import { defineModule, setup, type OperationContext } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

/** Hooks, and operations of any name. */
export const good = defineModule({
  version: '2',
  init: ({ name, signal }) => {
    same<typeof name, string>(true)
    return signal.aborted
  },
  cleanup: () => {},
  operations: {
    find: ({ city }: { city: string }, { log }) => log(city),
    health: ({ url }: { url: string }) => url,
    init: (_: { port: number }, context: OperationContext) => context.attempt,
    since: () => new Date(),
  },
  // As it is kept.
  examples: { since: '2026-01-01', health: 'fine' },
})

/** Operations, among them functions that can be called as hooks. */
export const plain = defineModule({
  init: ({ name }: { name: string }) => name,
  health: () => true,
  find: (_: { city: string }, { log }) => log(''),
})

class Storage {
  init({ config }: { config: unknown }): unknown {
    return config
  }
  save(): number {
    return 1
  }
  // No step calls it.
  pool(): Map<string, number> {
    return new Map()
  }
}

class Remote {
  health(url: string): string {
    return url
  }
  ping(): number {
    return 1
  }
}

/** Steps call operations that are listed, whatever their name. */
export const workflow = setup({ modules: { good, plain, storage: Storage } }).createWorkflow({
  id: 'w',
  steps: {
    a: { invoke: 'good.health', parameters: { url: 'x' } },
    b: { invoke: 'good.init', parameters: { port: 1 } },
    c: { invoke: 'plain.find', parameters: { city: 'Oslo' } },
    d: { invoke: 'storage.save' },
  },
})

/** What does not compile. */
export const bad = [
  setup({ modules: { good, plain, storage: Storage } }).createWorkflow({
    id: 'bad',
    steps: {
      // @ts-expect-error a hook
      a: { invoke: 'plain.health' },
      // @ts-expect-error a hook
      b: { invoke: 'plain.init' },
      // @ts-expect-error a hook of a class
      c: { invoke: 'storage.init' },
      // @ts-expect-error what it gives has no JSON form
      d: { invoke: 'storage.pool' },
      // @ts-expect-error nor does a hook stand in for an operation
      e: { invoke: 'storage.save', fallback: { invoke: 'plain.health' } },
      // @ts-expect-error nor undo a step
      f: { invoke: 'storage.save', compensate: 'plain.health' },
    },
  }),
  // @ts-expect-error an operation that would be called as a hook
  defineModule({ init: ({ city }: { city: string }) => city, find: () => 1 }),
  // @ts-expect-error an operation that would be called as a hook, without its context
  defineModule({ cleanup: (_: { name: string }, context: OperationContext) => context.step, find: () => 1 }),
  // @ts-expect-error a hook that takes something else
  defineModule({ init: (port: number) => port, operations: { find: () => 1 } }),
  // @ts-expect-error a version that is no text
  defineModule({ version: 2, operations: { find: () => 1 } }),
  // @ts-expect-error a key that is misspelt
  defineModule({ cleanpu: () => {}, operations: { find: () => 1 } }),
  // @ts-expect-error an example of another kind
  defineModule({ operations: { find: () => 'x' }, examples: { find: 1 } }),
  // @ts-expect-error an example of an operation that is not there
  defineModule({ operations: { find: () => 'x' }, examples: { fnid: 'x' } }),
  // @ts-expect-error something that is no operation
  defineModule({ operations: { find: 1 } }),
  // @ts-expect-error something that is no operation
  defineModule({ find: 1 }),
  // @ts-expect-error an output that has no JSON form
  defineModule({ operations: { find: () => new Map() } }),
  // @ts-expect-error a function that would be called as a hook
  setup({ modules: { m: { health: (url: string) => url, find: () => 1 } } }),
  // @ts-expect-error a method that would be called as a hook
  setup({ modules: { Remote } }),
]
