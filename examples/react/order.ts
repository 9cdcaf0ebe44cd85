// An order as a workflow: the goods are reserved, paid and shipped; where that fails, what was done is undone, the last of it first.
// The shop stands for services that a page would call. It keeps a ledger of what they did, which the page shows beside the order.
import { defineModule, setup, type OperationContext } from 'sagachart'

/** The deeds of the services, in order; React subscribes to them. */
export class Ledger {
  /** Another list after each change. */
  lines: readonly string[] = []
  private readonly heard = new Set<() => void>()

  note(line: string): void {
    this.lines = [...this.lines, line]
    for (const hear of this.heard) hear()
  }

  readonly subscribe = (hear: () => void) => {
    this.heard.add(hear)
    return () => void this.heard.delete(hear)
  }
}

/** The services of a shop; each call takes its time. */
function servicesOf(ledger: Ledger, paceMs: number) {
  /** Takes its time, and no longer than it is wanted. */
  const work = ({ signal }: OperationContext) =>
    new Promise<void>((done, stopped) => {
      const timer = setTimeout(done, paceMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        stopped(signal.reason as Error)
      })
    })

  const warehouse = defineModule({
    operations: {
      reserve: async ({ item }: { item: string }, context: OperationContext) => {
        await work(context)
        ledger.note(`reserved a ${item}`)
        return { item, shelf: 'B7' }
      },
      release: ({ shelf }: { shelf: string }) => ledger.note(`put it back on shelf ${shelf}`),
    },
  })

  const bank = defineModule({
    operations: {
      // The key is the same for all attempts, also after the page was hidden: a service that gets it charges once.
      pay: async ({ euros }: { euros: number }, context: OperationContext) => {
        await work(context)
        if (context.attempt === 1) throw new Error('the bank is busy')
        ledger.note(`paid ${euros} €`)
        return { receipt: context.idempotencyKey }
      },
      refund: ({ euros }: { euros: number }) => ledger.note(`refunded ${euros} €`),
    },
  })

  const courier = defineModule({
    operations: {
      ship: async ({ shelf, address }: { shelf: string; address: string }, context: OperationContext) => {
        await work(context)
        if (address === 'nowhere') throw new Error('no courier goes there')
        ledger.note(`shipped it from shelf ${shelf} to ${address}`)
        return { tracking: `${shelf}-${address}` }
      },
    },
  })

  return { warehouse, bank, courier }
}

/** The workflow of an order, and the ledger of its shop. */
export function openShop(paceMs: number) {
  const ledger = new Ledger()
  const order = setup({ modules: servicesOf(ledger, paceMs) }).createWorkflow({
    id: 'order',
    onFailure: 'compensate',
    inputs: { item: { type: 'string' }, euros: { type: 'integer' }, address: { type: 'string' } },
    steps: {
      reserve: {
        invoke: 'warehouse.reserve',
        parameters: ({ inputs }) => ({ item: inputs.item }),
        compensate: { invoke: 'warehouse.release', parameters: ({ output }) => ({ shelf: output.shelf }) },
      },
      pay: {
        invoke: 'bank.pay',
        dependsOn: ['reserve'],
        parameters: ({ inputs }) => ({ euros: inputs.euros }),
        retry: { count: 2, initial: `${paceMs}ms`, jitter: 'none' },
        compensate: { invoke: 'bank.refund', parameters: ({ inputs }) => ({ euros: inputs.euros }) },
      },
      ship: {
        invoke: 'courier.ship',
        dependsOn: ['pay'],
        parameters: ({ steps, inputs }) => ({ shelf: steps.reserve.output.shelf, address: inputs.address }),
      },
    },
    outputs: { tracking: ({ steps }) => steps.ship.output.tracking },
  })
  return { order, ledger }
}

/** A shop that is open. */
export type Shop = ReturnType<typeof openShop>
