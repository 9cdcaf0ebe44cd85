// A workflow in the hands of XState: what it tells, what may be sent to it, what may stand in for it. Checked by
// `npm run types`: an expectation that no longer holds is an error. That all of it happens is shown in workflow-logic.test.ts.
import { createActor, fromPromise, setup as machineSetup, toPromise, type SnapshotFrom } from 'xstate'
import {
  memoryHost,
  run,
  setup,
  signal,
  withHost,
  type CompletedReport,
  type Failure,
  type RunInput,
  type RunReport,
} from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

const shop = { pack: (_: { order: string }) => ({ at: new Date(), boxes: ['a'] }) }
const { createWorkflow } = setup({
  modules: { shop },
  types: {} as { emitted: { type: 'packed'; data: { at: Date } } | { type: 'approved'; data: string } },
})
const pack = { invoke: 'shop.pack', parameters: { order: '7' } } as const
const shipping = createWorkflow({
  id: 'shipping',
  inputs: { order: { type: 'string' } },
  steps: { pack },
  outputs: { boxes: ({ steps }) => steps.pack.output.boxes },
})
const strict = createWorkflow({
  id: 'strict',
  onIncomplete: 'reject',
  steps: { pack },
  outputs: { boxes: ({ steps }) => steps.pack.output.boxes },
})
/** As a step it gives its outputs. */
export const around = createWorkflow({
  id: 'around',
  steps: { ship: { scenario: strict } },
  outputs: {
    boxes: ({ steps }) => {
      same<typeof steps.ship.output, Outputs>(true)
      return steps.ship.output.boxes
    },
  },
})
const other = createWorkflow({ id: 'other', steps: { pack } })
type Outputs = { readonly boxes: readonly string[] }
type Steps = { readonly pack: { readonly at: string; readonly boxes: readonly string[] } }

/** What it tells. */
export function listen() {
  const actor = createActor(shipping, { input: { inputs: { order: '7' } } })
  actor.on('step_failed', (event) => {
    same<typeof event.type, 'step_failed'>(true)
    same<typeof event.data.error, Failure>(true)
    same<typeof event.data.step_name, string>(true)
    same<typeof event.at, number>(true)
  })
  actor.on('workflow_completed', ({ data }) => same<typeof data.status, 'completed'>(true))
  // What operations emit and signals bring is written down as JSON.
  actor.on('packed', ({ data }) => same<typeof data, { readonly at: string }>(true))
  actor.on('approved', ({ data }) => same<typeof data, string>(true))
  actor.on('*', (event) => {
    if (event.type === 'resource_exhausted') same<typeof event.data.queue_length, number>(true)
  })
  // @ts-expect-error a type that is misspelt
  actor.on('step_faild', () => {})
  // @ts-expect-error a type that is not declared
  actor.on('unpacked', () => {})
  // @ts-expect-error what the event does not say
  actor.on('step_started', ({ data }) => data.attempts)
  return actor
}

/** What may be sent to it. */
export function command() {
  const actor = listen()
  actor.send({ type: 'run.cancel' })
  actor.send({ type: 'run.cancel', force: true })
  actor.send({ type: 'run.cancelStep', step: 'pack' })
  actor.send({ type: 'run.signal', event: 'approved', data: 'yes' })
  signal(actor, 'approved')
  signal(actor, 'approved', { by: 'Ada', at: new Date(), notes: ['a'] as readonly string[] })
  // @ts-expect-error data that has no JSON form
  signal(actor, 'approved', { at: new Map() })
  // @ts-expect-error data that has no JSON form
  signal(actor, 'approved', 10n)
  // @ts-expect-error data that has no JSON form
  signal(actor, 'approved', () => 'yes')
  // @ts-expect-error an event of its own
  actor.send({ type: 'steps.finished' })
  // @ts-expect-error an event of its own
  actor.send({ type: 'run.timedOut' })
  // @ts-expect-error an event of its own
  actor.send({ type: 'scope.failed', failure: { code: 'X', message: 'x' } })
  // @ts-expect-error an event of its own
  actor.send({ type: 'run.halt', failure: null, verdict: 'fail_workflow' })
  // @ts-expect-error a step has to be named
  actor.send({ type: 'run.cancelStep' })
}

/** In a machine of one's own. */
export const order = machineSetup({ actors: { shipping, strict } }).createMachine({
  initial: 'shipping',
  states: {
    shipping: {
      invoke: {
        id: 'ship',
        src: 'shipping',
        input: { inputs: { order: '7' } },
        onDone: {
          guard: ({ event }) => event.output.status === 'completed',
          target: 'again',
          actions: ({ event }) => same<typeof event.output, RunReport<Outputs, Steps>>(true),
        },
        onError: 'stuck',
      },
    },
    again: {
      invoke: {
        src: 'strict',
        input: {},
        onDone: {
          target: 'shipped',
          actions: ({ event }) => {
            same<typeof event.output.status, 'completed'>(true)
            same<typeof event.output.outputs, Outputs>(true)
          },
        },
        onError: 'stuck',
      },
    },
    shipped: {},
    stuck: {},
  },
})

/** What may stand in for it. */
export const provided = [
  order.provide({ actors: { shipping: fromPromise(() => run(shipping, { inputs: { order: '8' } })) } }),
  order.provide({
    actors: {
      shipping: fromPromise(({ input }: { input: RunInput<{ readonly order: string }> }) =>
        run(shipping, input),
      ),
      strict: fromPromise(async () => {
        throw new Error('no boxes left')
      }),
    },
  }),
  order.provide({ actors: { shipping: withHost(shipping, memoryHost()) } }),
  // @ts-expect-error what gives no report
  order.provide({ actors: { shipping: fromPromise(async () => 'a parcel') } }),
  // @ts-expect-error the report of another workflow
  order.provide({ actors: { shipping: fromPromise(() => run(other)) } }),
  // @ts-expect-error the report of a run that need not have completed
  order.provide({ actors: { strict: fromPromise(() => run(shipping, { inputs: { order: '8' } })) } }),
]

/** An actor in the outer one. */
export function inner(snapshot: SnapshotFrom<typeof order>) {
  snapshot.children.ship?.send({ type: 'run.cancel' })
  // @ts-expect-error an event of its own
  snapshot.children.ship?.send({ type: 'steps.finished' })
}

/** What a run gives. */
export async function results() {
  const report = await run(shipping, { inputs: { order: '7' } })
  same<typeof report, RunReport<Outputs, Steps>>(true)
  const completed = await run(strict)
  same<typeof completed, CompletedReport<Outputs, Steps>>(true)
  const [first] = completed.outputs.boxes
  same<typeof first, string | undefined>(true)
  const awaited = await toPromise(createActor(strict).start())
  same<typeof awaited.outputs, Outputs>(true)
}
