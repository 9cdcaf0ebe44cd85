// A run that is watched in the Stately inspector.
//
//   npm install @statelyai/inspect
//   node -e "import('@statelyai/inspect/server').then((server) => server.createInspectorServer())"
//   node examples/inspect.ts                # in another terminal; ws://127.0.0.1:8080 unless an address is given
//
// One sees the workflow, its steps, its module and its pool, each with its statechart: `charge` goes through `retrying`
// twice, `pack` and `label` wait for the one printer.
import { setTimeout as sleep } from 'node:timers/promises'
import { run, setup } from 'sagachart'
import { createInspector } from 'sagachart/inspect'

const shop = {
  reserve: async ({ item }: { item: string }) => {
    await sleep(50)
    return { item, shelf: 12 }
  },
  charge: async (_: { amount: number }, { attempt }: { attempt: number }) => {
    await sleep(50)
    if (attempt < 3) throw new Error('the bank does not answer')
    return { receipt: `receipt ${attempt}` }
  },
  print: async ({ text }: { text: string }) => {
    await sleep(100)
    return text.toUpperCase()
  },
}

const order = setup({ modules: { shop }, resources: { printer: { units: 1 } } }).createWorkflow({
  id: 'order',
  parallel: true,
  steps: {
    reserve: { invoke: 'shop.reserve', parameters: { item: 'a kettle' } },
    charge: {
      invoke: 'shop.charge',
      dependsOn: ['reserve'],
      parameters: { amount: 20 },
      retry: { count: 3, initial: '100ms' },
    },
    pack: {
      invoke: 'shop.print',
      dependsOn: ['reserve'],
      parameters: ({ steps }) => ({
        text: `${steps.reserve.output.item}, shelf ${steps.reserve.output.shelf}`,
      }),
      resources: ['printer'],
    },
    label: {
      invoke: 'shop.print',
      dependsOn: ['reserve'],
      parameters: { text: 'to Ada, Oslo' },
      resources: ['printer'],
    },
  },
  outputs: { receipt: ({ steps }) => steps.charge.output.receipt, label: ({ steps }) => steps.label.output },
})

const [url] = process.argv.slice(2)
const inspector = createInspector(url === undefined ? {} : { url })
try {
  await inspector.ready()
  const report = await run(order, {}, { inspect: inspector.inspect })
  await inspector.close()
  console.log(report.status, report.outputs)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
