// The types of a run's progress: in its snapshots, wherever XState gives them. Checked by `npm run types`; that it is so at run
// time is shown in progress.test.ts.
import {
  createActor,
  fromPromise,
  setup as machineSetup,
  waitFor,
  type ActorRefFrom,
  type SnapshotFrom,
} from 'xstate'
import { run, setup, type RunReport, type StepProgress } from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

const shop = { pack: () => ({ boxes: ['a'] }), pay: () => 3 }
const { createWorkflow } = setup({ modules: { shop } })
const shipping = createWorkflow({
  id: 'shipping',
  steps: { pack: { invoke: 'shop.pack' }, pay: { invoke: 'shop.pay' } },
})
const strict = createWorkflow({
  id: 'strict',
  onIncomplete: 'reject',
  steps: { pay: { invoke: 'shop.pay' } },
})
type Boxes = { readonly boxes: readonly string[] }

/** What a snapshot says. */
export async function snapshots() {
  const actor = createActor(shipping)
  const { context, output } = actor.getSnapshot()
  same<typeof context.steps.pack, StepProgress<Boxes>>(true)
  same<typeof context.steps.pay.output, number | null>(true)
  same<typeof context.counts.running, number>(true)
  same<typeof output, RunReport<Record<never, never>, Steps> | undefined>(true)
  // @ts-expect-error a step that is misspelt
  void context.steps.pakc
  // @ts-expect-error a status that there is not
  void context.counts.succeeded
  // @ts-expect-error a status that there is not
  if (context.steps.pay.status === 'done') return
  actor.subscribe((snapshot) => same<typeof snapshot.context.steps.pack, StepProgress<Boxes>>(true))
  await waitFor(actor, (snapshot) => snapshot.context.counts.success === 2)
  const { steps } = createActor(strict).getSnapshot().context
  same<keyof typeof steps, 'pay'>(true)
}
type Steps = { readonly pack: Boxes; readonly pay: number }

/** As `useSelector` of `@xstate/react` has it. */
declare function useSelector<
  TActor extends { getSnapshot(): unknown; subscribe(...given: never[]): unknown } | undefined,
  T,
>(
  actor: TActor,
  selector: (snapshot: TActor extends { getSnapshot(): infer TSnapshot } ? TSnapshot : undefined) => T,
): T

/** In a component. */
export function component(actor: ActorRefFrom<typeof shipping>) {
  const status = useSelector(actor, ({ context }) => context.steps.pay.status)
  same<typeof status, StepProgress['status']>(true)
  // @ts-expect-error a step that is misspelt
  useSelector(actor, ({ context }) => context.steps.pya.status)
}

const order = machineSetup({ actors: { shipping, strict } }).createMachine({
  invoke: {
    id: 'ship',
    src: 'shipping',
    onSnapshot: {
      guard: ({ event }) => event.snapshot.context.steps.pay.status === 'success',
      actions: ({ event }) => {
        // @ts-expect-error a step that is misspelt
        void event.snapshot.context.steps.pya
      },
    },
  },
})

/** In a machine around it. */
export function inner({ children }: SnapshotFrom<typeof order>) {
  const { pack } = children.ship!.getSnapshot().context.steps
  same<typeof pack, StepProgress<Boxes>>(true)
  // @ts-expect-error a step that is misspelt
  void children.ship!.getSnapshot().context.steps.pakc
}

/** What may stand in for it. */
export const provided = [
  order.provide({ actors: { shipping: fromPromise(() => run(shipping)), strict } }),
  // @ts-expect-error what gives no report
  order.provide({ actors: { shipping: fromPromise(async () => 'a parcel') } }),
]
