// What must not compile. Checked by `npm run types`: an expectation that no longer holds is an error itself.
import { setup } from '../../src/index.ts'

const ingestion = { extract: ({ source }: { source: string }) => [source] }

class Storage {
  init(): void {}
  save(parameters: { rows: unknown }): number {
    return Object.keys(parameters).length
  }
}

const at = setup({ modules: { ingestion, storage: Storage }, resources: { warehouse: { units: 2 } } })

/** What compiles. */
export const good = at.createWorkflow({
  id: 'good',
  steps: {
    extract: {
      invoke: 'ingestion.extract',
      parameters: { source: 'a.csv' },
      timeout: '5s',
      retry: { initial: '250ms' },
    },
    save: {
      invoke: 'storage.save',
      dependsOn: ['extract'],
      parameters: ({ steps }) => ({ rows: steps.extract.output }),
      resources: ['warehouse', { name: 'warehouse', units: 2 }],
      when: ({ steps }) => steps.extract.status === 'success',
    },
  },
  outputs: { saved: ({ steps }) => steps.save.output },
})

/** What does not. */
export const bad = [
  at.createWorkflow({
    id: 'bad',
    steps: {
      // @ts-expect-error a module that is not there
      a: { invoke: 'ingestoin.extract' },
      // @ts-expect-error an operation that is not there
      b: { invoke: 'ingestion.extrcat' },
      // @ts-expect-error a life-cycle function is no operation
      c: { invoke: 'storage.init' },
      // @ts-expect-error a step that is not there
      d: { invoke: 'ingestion.extract', dependsOn: ['zzz'] },
      // @ts-expect-error a resource that is not there
      e: { invoke: 'ingestion.extract', resources: ['warehuose'] },
      // @ts-expect-error a time without a unit
      f: { invoke: 'ingestion.extract', timeout: '5' },
      // @ts-expect-error a verdict that is not there
      g: { invoke: 'ingestion.extract', onFailure: 'explode' },
      // @ts-expect-error a key that is not there
      h: { invoke: 'ingestion.extract', retires: 3 },
    },
  }),
  at.createWorkflow({
    id: 'bad',
    steps: { a: { invoke: 'ingestion.extract' } },
    // @ts-expect-error an output of a step that is not there
    outputs: { x: ({ steps }) => steps.zzz.output },
  }),
]
