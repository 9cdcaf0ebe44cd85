// A workflow in the hooks of @xstate/react: what they take and what they give. Checked by `npm run types`: an expectation that no
// longer holds is an error. That they work is shown in strict-mode.test.tsx.
import { createActorContext, useActor, useActorRef, useMachine, useSelector } from '@xstate/react'
import { setup as machineSetup } from 'xstate'
import { setup, type RunReport } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

const shop = { pay: (_: { sum: number }) => ({ receipt: '7' }) }
const { createWorkflow } = setup({ modules: { shop } })
const order = createWorkflow({
  id: 'order',
  inputs: { sum: { type: 'number' } },
  steps: { pay: { invoke: 'shop.pay', parameters: ({ inputs }) => inputs } },
  outputs: { receipt: ({ steps }) => steps.pay.output.receipt },
})
const simple = createWorkflow({
  id: 'simple',
  steps: { pay: { invoke: 'shop.pay', parameters: { sum: 1 } } },
})

type Report = RunReport<{ readonly receipt: string }, { readonly pay: { readonly receipt: string } }>

/** An actor and its snapshots. */
export function useOrder() {
  const [snapshot, send, actor] = useActor(order, { input: { inputs: { sum: 7 } } })
  same<typeof snapshot.output, Report | undefined>(true)
  send({ type: 'run.cancel' })
  actor.on('step_failed', ({ data }) => same<typeof data.step_name, string>(true))
  // @ts-expect-error an event of its own
  send({ type: 'run.timedOut' })
  // @ts-expect-error an event that there is not
  actor.on('step_faild', () => {})
  return snapshot.output?.outputs?.receipt
}

/** An actor, and what is selected of it. */
export function useSelected() {
  const actor = useActorRef(order, { input: { inputs: { sum: 7 } } })
  const receipt = useSelector(actor, ({ output }) => output?.outputs?.receipt)
  same<typeof receipt, string | undefined>(true)
  return receipt
}

/** One that need not be given anything. */
export const useSimple = () => useActor(simple)[0].output?.status

/** One that is given what it is not. */
export function useMisused() {
  // @ts-expect-error an input is missing
  useActorRef(order)
  // @ts-expect-error an input of another type
  useActorRef(order, { input: { inputs: { sum: '7' } } })
  // @ts-expect-error an input that there is not
  useActorRef(order, { input: { inputs: { sum: 7, item: 'kettle' } } })
}

const machine = machineSetup({ actors: { order } }).createMachine({
  initial: 'ordering',
  states: {
    ordering: {
      invoke: {
        src: 'order',
        id: 'order',
        input: { inputs: { sum: 7 } },
        onDone: { target: 'done', actions: ({ event }) => same<typeof event.output, Report>(true) },
      },
    },
    done: {},
  },
})

/** A machine that invokes it. */
export function useOuter() {
  const [snapshot] = useMachine(machine)
  return [snapshot.matches('done'), snapshot.children.order?.getSnapshot().output?.outputs?.receipt]
}

/** A context. */
export function useShared() {
  const { useSelector: select, useActorRef: actor } = createActorContext(order, {
    input: { inputs: { sum: 7 } },
  })
  actor().send({ type: 'run.signal', event: 'paid' })
  return select(({ output }) => output?.outputs?.receipt)
}
