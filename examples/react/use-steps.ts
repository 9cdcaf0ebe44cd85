// How far each step of an order is, for a component: read from the actor's snapshot, which shows it while the order runs and after.
import { useSelector } from '@xstate/react'
import type { ActorRefFrom } from 'xstate'
import type { Shop } from './order.ts'

/** The actor of an order. */
export type OrderActor = ActorRefFrom<Shop['order']>

/** The words for a customer, by status. */
const SAYS: Readonly<Record<string, string>> = {
  pending: 'waiting',
  success: 'done',
  compensated: 'undone',
}

/** The status of each step, by name. */
export function useSteps(actor: OrderActor): Readonly<Record<string, string>> {
  return useSelector(actor, ({ context: { steps } }) => labels(steps), isSame)
}

function labels(steps: object): Readonly<Record<string, string>> {
  const all = Object.entries(steps as Record<string, { readonly status: string; readonly attempts: number }>)
  return Object.fromEntries(
    all.map(([name, { status, attempts }]) => [
      name,
      status === 'running' && attempts > 1 ? 'retrying' : (SAYS[status] ?? status),
    ]),
  )
}

/** A selection that is another object makes the component render again. */
const isSame = (before: object, now: object) => JSON.stringify(before) === JSON.stringify(now)
