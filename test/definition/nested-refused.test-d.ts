// Control steps and compensation: what must not compile. Checked by `npm run types`: an expectation that no longer holds is an
// error. What must compile is in nested.test-d.ts.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { setup } from '../../src/index.ts'

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

/** What does not compile. */
export const bad = [
  at.createWorkflow({
    id: 'bad nested steps',
    inputs: { city: { type: 'string' } },
    steps: {
      cities: { invoke: 'geo.cities' },
      // @ts-expect-error a nested operation that is not there
      a: { parallel: { x: { invoke: 'geo.pnig' } } },
      // @ts-expect-error a nested step depends on one outside: what is around is seen, but not waited for
      b: { dependsOn: ['cities'], parallel: { x: { invoke: 'geo.ping', dependsOn: ['cities'] } } },
      // @ts-expect-error a nested step that is not there
      c: { parallel: { x: { invoke: 'geo.ping' }, y: { invoke: 'geo.ping', dependsOn: ['z'] } } },
      // @ts-expect-error a nested step depends on itself
      d: { parallel: { x: { invoke: 'geo.ping', dependsOn: ['x'] } } },
      // @ts-expect-error a parameter of a nested step is missing
      e: { parallel: { x: { invoke: 'geo.weather' } } },
      // @ts-expect-error a parameter of another kind
      f: { condition: () => true, then: { x: { invoke: 'geo.weather', parameters: { city: 1 } } } },
      // @ts-expect-error a key that is not there
      g: { forEach: [1], steps: { x: { invoke: 'geo.ping', retires: 1 } } },
      // @ts-expect-error a key that is not there, in a list with functions
      h: { forEach: [1], steps: { x: { invoke: 'geo.ping', when: ({ item }) => item === 1, retires: 1 } } },
      // @ts-expect-error what is around is seen only where it is depended on
      i: { parallel: { x: { invoke: 'geo.ping', when: ({ steps }) => steps.cities.output.length > 0 } } },
      j: {
        parallel: {
          x: { invoke: 'geo.ping' },
          // @ts-expect-error a sibling that is not depended on
          y: { invoke: 'geo.ping', when: ({ steps }) => steps.x.output === '' },
        },
      },
      // @ts-expect-error there is no item outside of iterations
      k: { parallel: { x: { invoke: 'geo.ping', when: ({ item }) => item === 1 } } },
      l: {
        forEach: [1],
        // @ts-expect-error an item of another kind
        steps: { x: { invoke: 'geo.weather', parameters: ({ item }) => ({ city: item }) } },
      },
      // @ts-expect-error an input that is not declared
      m: { parallel: { x: { invoke: 'geo.ping', when: ({ inputs }) => inputs.cty === '' } } },
    },
  }),
  at.createWorkflow({
    id: 'bad control steps',
    steps: {
      cities: { invoke: 'geo.cities' },
      // @ts-expect-error a key that is misspelt
      a: { parallel: { x: { invoke: 'geo.ping' } }, waitfor: 'any' },
      // @ts-expect-error a kind that is misspelt
      b: { paralel: { x: { invoke: 'geo.ping' } } },
      // @ts-expect-error two kinds at once
      c: { invoke: 'geo.ping', parallel: { x: { invoke: 'geo.ping' } } },
      // @ts-expect-error nothing to do
      d: { timeout: '5s' },
      // @ts-expect-error a key of another kind
      e: { invoke: 'geo.ping', waitFor: 'any' },
      // @ts-expect-error a branch without a condition
      f: { then: { x: { invoke: 'geo.ping' } } },
      // @ts-expect-error a condition without a branch
      g: { condition: () => true },
      // @ts-expect-error a loop with two conditions
      h: { while: () => true, until: () => true, steps: { x: { invoke: 'geo.ping' } } },
      // @ts-expect-error iterations of a loop come one after the other
      i: { while: () => true, steps: { x: { invoke: 'geo.ping' } }, maxConcurrency: 2 },
      // @ts-expect-error a share that is none
      j: { forEach: [1], steps: { x: { invoke: 'geo.ping' } }, tolerate: '10' },
      // @ts-expect-error items that are no list
      k: { forEach: 3, steps: { x: { invoke: 'geo.ping' } } },
      // @ts-expect-error a time without a unit
      l: { wait: '5' },
      // @ts-expect-error a wait is not tried again
      m: { wait: '5s', retry: { count: 1 } },
      // @ts-expect-error only a wait for an event has a limit
      n: { wait: '5s', timeout: '1s' },
      // @ts-expect-error a word that is not there
      o: { waitForEvent: 'x', timeout: '1s', onTimeout: 'ignore' },
      // @ts-expect-error true or false
      oo: { waitForEvent: 'x', shared: 'yes' },
      // @ts-expect-error a control step holds no resources of its own
      p: { parallel: { x: { invoke: 'geo.ping' } }, resources: [] },
      // @ts-expect-error a control step does not report
      q: { parallel: { x: { invoke: 'geo.ping' } }, heartbeat: '1s' },
      // @ts-expect-error an input of the workflow is missing
      r: { scenario: load },
      // @ts-expect-error an input of another kind
      s: { scenario: load, inputs: { table: 3 } },
      // @ts-expect-error an input that is not declared
      t: { scenario: load, inputs: { table: 't', tabel: 't' } },
      // @ts-expect-error something that is no workflow
      u: { scenario: { id: 'load' }, inputs: { table: 't' } },
      // @ts-expect-error a value that the step could not give
      v: { parallel: { x: { invoke: 'geo.ping' } }, fallback: { value: { x: 1 } } },
      // @ts-expect-error a list of steps that is no list
      w: { parallel: () => ({}) },
    },
  }),
  at.createWorkflow({
    id: 'bad undoing',
    // @ts-expect-error a word that is not there
    onFailure: 'undo',
    // @ts-expect-error `fail` is what happens anyway
    recovery: { strategies: ['fail'] },
    steps: {
      // @ts-expect-error an operation that is not there
      a: { invoke: 'geo.ping', compensate: 'geo.frget' },
      // @ts-expect-error an operation that cannot do with the step's input and output
      b: { invoke: 'geo.ping', compensate: 'geo.forget' },
      // @ts-expect-error it needs parameters
      c: { invoke: 'geo.ping', compensate: { invoke: 'geo.weather' } },
      // @ts-expect-error parameters of another kind
      d: { invoke: 'geo.ping', compensate: { invoke: 'geo.weather', parameters: { city: 1 } } },
      e: {
        invoke: 'geo.ping',
        // @ts-expect-error an output that may be missing
        compensate: { invoke: 'geo.weather', on: 'attempt', parameters: ({ output }) => ({ city: output }) },
      },
      // @ts-expect-error a word that is not there
      f: { invoke: 'geo.ping', onCancel: 'wait' },
      // @ts-expect-error a verdict that is not there
      g: { invoke: 'geo.ping', onFailure: ['retry', 'explode'] },
    },
  }),
]
