// What must compile, and what must not. Checked by `npm run types`: an expectation that no longer holds is an error.
import { createActor, setup as machineSetup, type toPromise } from 'xstate'
import { run, setup, type OperationContext, type RunReport, stepOf } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

interface Row {
  readonly city: string
  readonly high: number
}

const ingestion = {
  extract: async ({ source }: { source: string; limit?: number }, _: OperationContext): Promise<Row[]> => [
    { city: source, high: 1 },
  ],
  cached: (): Row[] => [],
  ping: () => 'pong',
  since: (_?: { date: string }) => 0,
}

class Storage {
  init(): void {}
  save(parameters: { rows: readonly Row[]; table: string }): number {
    return parameters.rows.length
  }
}

const at = setup({ modules: { ingestion, storage: Storage }, resources: { warehouse: { units: 2 } } })

/** What compiles. */
export const good = at.createWorkflow({
  id: 'good',
  version: '2',
  inputs: { table: { type: 'string' }, limit: { type: 'integer', default: 10 } },
  steps: {
    ping: { invoke: 'ingestion.ping', version: '2' },
    since: { invoke: 'ingestion.since', parameters: { date: '2026-01-01' } },
    extract: {
      invoke: 'ingestion.extract',
      parameters: ({ inputs }) => ({ source: 'a.csv', limit: inputs.limit }),
      timeout: '5s',
      retry: { initial: '250ms' },
      fallback: { invoke: 'ingestion.cached' },
    },
    again: {
      invoke: 'ingestion.extract',
      parameters: { source: 'b.csv' },
      fallback: { value: [{ city: 'Oslo', high: 30 }] },
    },
    save: {
      invoke: 'storage.save',
      dependsOn: ['extract'],
      parameters: ({ steps, inputs }) => {
        same<typeof steps.extract.output, readonly Row[]>(true)
        same<keyof typeof steps, 'extract'>(true)
        same<typeof inputs.table, string>(true)
        return { rows: steps.extract.output, table: inputs.table }
      },
      resources: ['warehouse', { name: 'warehouse', units: 2 }],
      when: ({ steps }) => steps.extract.output.length > 0,
    },
    report: {
      invoke: 'ingestion.ping',
      dependsOn: ['save', 'ping'],
      runIf: 'all_done',
      when: ({ steps }) => {
        same<keyof typeof steps, 'save' | 'ping' | 'extract'>(true)
        same<typeof steps.save.output, number | null>(true)
        same<NonNullable<typeof steps.save.error>['name'], string | null>(true)
        // @ts-expect-error an error has no such field
        void steps.save.error?.nmae
        return steps.save.status === 'success'
      },
    },
    sure: {
      invoke: 'storage.save',
      dependsOn: ['report'],
      runIf: 'ancestors_succeeded',
      when: ({ steps }) => {
        same<typeof steps.save.output, number>(true)
        return true
      },
      parameters: ({ steps }) => ({ rows: steps.extract.output, table: 't' }),
    },
    last: {
      invoke: 'ingestion.ping',
      dependsOn: ['report'],
      when: ({ steps }) => {
        // It may have been skipped, by its `when`.
        same<typeof steps.report.output, string | null>(true)
        same<typeof steps.save.output, number | null>(true)
        return true
      },
    },
  },
  outputs: { saved: ({ steps }) => steps.save.output, by: 'good', of: ({ inputs }) => inputs.table },
})

/** What goes in and what comes out. */
export const given = async (): Promise<RunReport<{ saved: number | null; by: string; of: string }>> => {
  const report = await run(good, { inputs: { table: 't' } })
  same<
    typeof report.outputs,
    { readonly saved: number | null; readonly by: 'good'; readonly of: string } | null
  >(true)
  const extract = stepOf(report, 'extract')
  same<typeof extract.output, readonly Row[] | null>(true)
  const actor = createActor(good, { input: { inputs: { table: 't', limit: 3 } } })
  same<Awaited<ReturnType<typeof toPromise<typeof actor>>>['outputs'], typeof report.outputs>(true)
  // @ts-expect-error a required input is missing
  void run(good)
  // @ts-expect-error a required input is missing
  void run(good, { inputs: {} })
  // @ts-expect-error an input of another kind
  void run(good, { inputs: { table: 3 } })
  // @ts-expect-error an input that is not declared
  void run(good, { inputs: { table: 't', tabel: 't' } })
  // @ts-expect-error a step that is not there
  stepOf(report, 'extrcat')
  return report
}

/** In a machine of one's own. */
export const machine = machineSetup({ actors: { good } }).createMachine({
  invoke: {
    src: 'good',
    input: { inputs: { table: 't' } },
    onDone: {
      actions: ({ event }) => {
        same<NonNullable<typeof event.output.outputs>['saved'], number | null>(true)
      },
    },
  },
})

const names: string[] = []

/** Steps that only the run knows. */
export const dynamic = at.createWorkflow({
  id: 'dynamic',
  steps: Object.fromEntries(
    names.map((name, at) => [name, { invoke: 'ingestion.ping' as const, dependsOn: names.slice(0, at) }]),
  ),
})

/** What does not. */
export const bad = [
  at.createWorkflow({
    id: 'bad',
    steps: {
      // @ts-expect-error a module that is not there
      a: { invoke: 'ingestoin.ping' },
      // @ts-expect-error an operation that is not there
      b: { invoke: 'ingestion.pnig' },
      // @ts-expect-error a life-cycle function is no operation
      c: { invoke: 'storage.init' },
      // @ts-expect-error a step that is not there
      d: { invoke: 'ingestion.ping', dependsOn: ['zzz'] },
      // @ts-expect-error a step that depends on itself
      self: { invoke: 'ingestion.ping', dependsOn: ['self'] },
      // @ts-expect-error a resource that is not there
      e: { invoke: 'ingestion.ping', resources: ['warehuose'] },
      // @ts-expect-error a time without a unit
      f: { invoke: 'ingestion.ping', timeout: '5' },
      // @ts-expect-error a verdict that is not there
      g: { invoke: 'ingestion.ping', onFailure: 'explode' },
      // @ts-expect-error a key that is not there
      h: { invoke: 'ingestion.ping', retires: 3 },
      // @ts-expect-error a condition that is not there
      i: { invoke: 'ingestion.ping', runIf: 'all_good' },
    },
  }),
  at.createWorkflow({
    id: 'bad parameters',
    steps: {
      // @ts-expect-error a required parameter is missing
      a: { invoke: 'ingestion.extract', parameters: {} },
      // @ts-expect-error all of them are
      b: { invoke: 'ingestion.extract' },
      // @ts-expect-error a parameter of another kind
      c: { invoke: 'ingestion.extract', parameters: { source: 3 } },
      // @ts-expect-error a parameter that is not there
      d: { invoke: 'ingestion.extract', parameters: { source: 'a', sorce: 'b' } },
      // @ts-expect-error a function that gives another kind
      e: { invoke: 'ingestion.extract', parameters: () => ({ source: 3 }) },
      // @ts-expect-error a substitute that gives something else
      f: { invoke: 'ingestion.cached', fallback: { invoke: 'ingestion.ping' } },
      // @ts-expect-error a value that is no such output
      g: { invoke: 'ingestion.cached', fallback: { value: 'none' } },
      // @ts-expect-error a substitute's parameters are missing
      h: { invoke: 'ingestion.cached', fallback: { invoke: 'ingestion.extract' } },
    },
  }),
  at.createWorkflow({
    id: 'bad outputs',
    steps: {
      first: { invoke: 'ingestion.cached' },
      early: {
        invoke: 'storage.save',
        // @ts-expect-error an output that need not be there yet: `first` is no dependency
        parameters: ({ steps }) => ({ rows: steps.first.output, table: 't' }),
      },
      later: {
        invoke: 'storage.save',
        dependsOn: ['early'],
        // @ts-expect-error an output of another kind
        parameters: ({ steps }) => ({ rows: steps.early.output, table: 't' }),
      },
      maybe: {
        invoke: 'storage.save',
        dependsOn: ['first'],
        runIf: 'all_done',
        // @ts-expect-error an output that is null where `first` failed
        parameters: ({ steps }) => ({ rows: steps.first.output, table: 't' }),
      },
      // @ts-expect-error a version that is no text
      numbered: { invoke: 'ingestion.ping', version: 2 },
      // @ts-expect-error an input that is not declared
      unknown: { invoke: 'ingestion.ping', when: ({ inputs }) => inputs.zzz === 1 },
    },
    // @ts-expect-error an output of a step that is not there
    outputs: { x: ({ steps }) => steps.zzz.output },
  }),
]
