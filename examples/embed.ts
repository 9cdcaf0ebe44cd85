// A workflow inside a machine of one's own: it is left in the middle, which aborts what runs and cleans the modules up, and
// invoked again, which starts it anew. npm exec -- node examples/embed.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { defineModule, setup, type OperationContext } from 'sagachart'
import { createActor, setup as machineSetup, waitFor } from 'xstate'

/** The boxes that are packed, and where the last one stands. */
const done: string[] = []

const warehouse = defineModule({
  init: () => console.log('the warehouse opens'),
  cleanup: () => console.log('the warehouse closes'),
  operations: {
    pick: ({ order }: { order: string }) => [`${order}: kettle`, `${order}: teapot`],
    // Whoever is told to stop does stop: the signal of the attempt is handed to whatever takes time.
    pack: async ({ items }: { items: readonly string[] }, { signal, log }: OperationContext) => {
      for (const item of items) {
        await sleep(item.endsWith('teapot') ? 1000 : 50, null, { signal }).catch((error: unknown) => {
          console.log(`packing stops before ${item}`)
          throw error
        })
        done.push(item)
        log(`packed ${item}`)
      }
      return { parcel: items.join(', ') }
    },
    label: ({ parcel }: { parcel: string }) => `for Ada: ${parcel}`,
  },
})

const shipping = setup({ modules: { warehouse } }).createWorkflow({
  id: 'shipping',
  // A shipping that fails is no shipping that is done: without it, it would go to onDone, with a report that says so.
  onIncomplete: 'reject',
  inputs: { order: { type: 'string' } },
  steps: {
    pick: { invoke: 'warehouse.pick', parameters: ({ inputs }) => ({ order: inputs.order }) },
    pack: {
      invoke: 'warehouse.pack',
      dependsOn: ['pick'],
      parameters: ({ steps }) => ({ items: steps.pick.output }),
      timeout: '5s',
    },
    label: {
      invoke: 'warehouse.label',
      dependsOn: ['pack'],
      parameters: ({ steps }) => ({ parcel: steps.pack.output.parcel }),
    },
  },
  outputs: { label: ({ steps }) => steps.label.output },
})

const order = machineSetup({
  types: { events: {} as { type: 'pay' } | { type: 'pause' } | { type: 'resume' } },
  actors: { shipping },
  actions: {
    tell: (_, { text }: { text: string }) => console.log(text),
  },
}).createMachine({
  id: 'order',
  initial: 'unpaid',
  states: {
    unpaid: { on: { pay: 'shipping' } },
    shipping: {
      invoke: {
        src: 'shipping',
        input: { inputs: { order: 'order 7' } },
        onDone: {
          target: 'shipped',
          actions: {
            type: 'tell',
            params: ({ event }) => ({ text: `shipped ${event.output.outputs.label}` }),
          },
        },
        onError: 'stuck',
      },
      on: { pause: 'paused' },
    },
    paused: {
      entry: { type: 'tell', params: { text: 'paused: the shipping is left' } },
      on: { resume: 'shipping' },
    },
    shipped: { type: 'final' },
    stuck: { type: 'final' },
  },
})

const actor = createActor(order).start()
actor.send({ type: 'pay' })
while (done.length === 0) await sleep(10) // until the first box is packed
actor.send({ type: 'pause' })
await sleep(100) // the warehouse closes meanwhile
actor.send({ type: 'resume' })
await waitFor(actor, ({ status }) => status === 'done')
console.log(actor.getSnapshot().value)
