// How far each step of an order is, for a component: while it runs as the events of its actor say, at its end as its report does.
import { useSelector } from '@xstate/react'
import { useEffect, useState } from 'react'
import type { ActorRefFrom } from 'xstate'
import type { Shop } from './order.ts'

/** The actor of an order. */
export type OrderActor = ActorRefFrom<Shop['order']>

/** What an event says about its step. */
const SAYS: Readonly<Record<string, string>> = {
  step_started: 'running',
  step_retrying: 'retrying',
  step_completed: 'done',
  step_failed: 'failed',
  step_compensating: 'undoing',
  step_compensated: 'undone',
}

/** The status of each step, by name; none for a step that has not begun. */
export function useSteps(actor: OrderActor): Readonly<Record<string, string>> {
  const [statuses, setStatuses] = useState<Readonly<Record<string, string>>>({})
  useEffect(() => {
    const { unsubscribe } = actor.on('*', ({ type, data }) => {
      const status = SAYS[type]
      if (status === undefined) return
      const { step_name: name } = data as { readonly step_name: string }
      setStatuses((before) => ({ ...before, [name]: status }))
    })
    return unsubscribe
  }, [actor])
  const report = useSelector(actor, ({ output }) => output)
  if (!report) return statuses
  const cancelled = report.steps.filter(({ status }) => status === 'cancelled')
  return { ...statuses, ...Object.fromEntries(cancelled.map(({ name, status }) => [name, status])) }
}
