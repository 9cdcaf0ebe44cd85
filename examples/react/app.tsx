// The page: a button for each customer, the order that was given last with its steps, and what the shop did.
import { useActorRef, useSelector } from '@xstate/react'
import { useState, useSyncExternalStore } from 'react'
import type { Shop } from './order.ts'
import { useSteps } from './use-steps.ts'

const STEPS = [
  ['reserve', 'Reserve the goods'],
  ['pay', 'Pay for them'],
  ['ship', 'Ship them'],
] as const

const CUSTOMERS = [
  { item: 'kettle', euros: 30, address: 'Oslo' },
  { item: 'teapot', euros: 25, address: 'nowhere' },
]

type Customer = (typeof CUSTOMERS)[number]

const ENDS: Readonly<Record<string, string>> = {
  completed: 'The order is on its way.',
  compensated: 'The order failed, and nothing of it is left.',
  cancelled: 'The order was cancelled.',
}

/** One order, from its first step to its end. */
function Order({ shop, customer }: { shop: Shop; customer: Customer }) {
  const actor = useActorRef(shop.order, { input: { inputs: customer } })
  const report = useSelector(actor, ({ output }) => output)
  const statuses = useSteps(actor)
  return (
    <section aria-label="order">
      <h2>
        A {customer.item} to {customer.address}
      </h2>
      <ol>
        {STEPS.map(([name, title]) => {
          const status = statuses[name]
          return (
            <li key={name} data-step={name} data-status={status}>
              {title} <span>{status}</span>
            </li>
          )
        })}
      </ol>
      {report ? (
        <p role="status">{ENDS[report.status] ?? report.status}</p>
      ) : (
        <button onClick={() => actor.send({ type: 'run.cancel' })}>Cancel</button>
      )}
      {report?.error && <p className="why">{report.error.message}</p>}
    </section>
  )
}

/** The deeds of the shop. */
function Deeds({ ledger }: Pick<Shop, 'ledger'>) {
  const lines = useSyncExternalStore(ledger.subscribe, () => ledger.lines)
  return (
    <section aria-label="ledger">
      <h2>The shop</h2>
      {lines.length === 0 && <p>has done nothing yet.</p>}
      <ul>
        {lines.map((line, place) => (
          <li key={place}>{line}</li>
        ))}
      </ul>
    </section>
  )
}

/** The page. */
export function App({ shop }: { shop: Shop }) {
  const [orders, setOrders] = useState<readonly Customer[]>([])
  const last = orders.at(-1)
  return (
    <main>
      <h1>Orders</h1>
      <nav>
        {CUSTOMERS.map((customer) => (
          <button key={customer.item} onClick={() => setOrders([...orders, customer])}>
            A {customer.item} to {customer.address}
          </button>
        ))}
      </nav>
      {last && <Order key={orders.length} shop={shop} customer={last} />}
      <Deeds ledger={shop.ledger} />
    </main>
  )
}
