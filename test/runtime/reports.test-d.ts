// The types of a report and of its steps, wherever it comes from. Checked by `npm run types`; that it is so at run time is shown
// in reports.test.ts.
import { createActor, setup as machineSetup } from 'xstate'
import {
  run,
  RunNotCompletedError,
  setup,
  stepOf,
  type CompletedReport,
  type RunReport,
  type StepRecord,
} from '../../src/index.ts'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { readonly found: A }

/** Compiles only where both types are the same. */
const same = <A, B>(_: Equal<A, B>) => {}

const shop = { pack: () => ({ boxes: ['a'] }), weigh: () => 3 }
const { createWorkflow } = setup({ modules: { shop } })
const shipping = createWorkflow({
  id: 'shipping',
  steps: {
    pack: { invoke: 'shop.pack' },
    weigh: { invoke: 'shop.weigh' },
    each: { forEach: [1, 2], steps: { again: { invoke: 'shop.weigh' } } },
  },
  outputs: { grams: ({ steps }) => steps.weigh.output },
})
const strict = createWorkflow({
  id: 'strict',
  onIncomplete: 'reject',
  steps: { pack: { invoke: 'shop.pack' } },
})
type Boxes = { readonly boxes: readonly string[] }

/** A report, and what it becomes. */
export async function copies() {
  const report = await run(shipping)
  same<ReturnType<typeof stepOf<(typeof report.steps)[number], 'pack'>>, StepRecord<Boxes, 'pack'>>(true)
  for (const copy of [report, { ...report }, structuredClone(report), Object.freeze(report)]) {
    const pack = stepOf(copy, 'pack')
    same<typeof pack, StepRecord<Boxes, 'pack'>>(true)
    same<typeof pack.output, Boxes | null>(true)
    const weigh = stepOf(copy, 'weigh')
    same<typeof weigh.output, number | null>(true)
    // @ts-expect-error a step that is misspelt
    stepOf(copy, 'wiegh')
  }
  const read = JSON.parse(JSON.stringify(report)) as typeof report
  same<typeof read.outputs, { readonly grams: number } | null>(true)
  const either = stepOf(report, 'pack' as 'pack' | 'weigh')
  same<typeof either.output, Boxes | number | null>(true)
  // @ts-expect-error it is a function of its own
  report.step('pack')
  // @ts-expect-error it is not to be changed
  report.steps.push(report.steps[0])
}

/** Its list of steps. */
export async function list() {
  const { steps } = await run(shipping)
  same<(typeof steps)[number]['name'], 'each' | 'pack' | 'weigh'>(true)
  for (const step of steps) {
    if (step.name === 'pack') same<typeof step.output, Boxes | null>(true)
    if (step.name === 'weigh') same<typeof step.output, number | null>(true)
    // @ts-expect-error a name that no step has
    if (step.name === 'ship') return
  }
}

/** The report of a run that completed, and the one in the error of a run that did not. */
export async function strictly() {
  const completed = await run(strict)
  same<typeof completed.status, 'completed'>(true)
  const pack = stepOf(completed, 'pack')
  same<typeof pack, StepRecord<Boxes, 'pack'>>(true)
  // @ts-expect-error a step that is misspelt
  stepOf(completed, 'pakc')
  const { report } = new RunNotCompletedError(await run(shipping))
  const weigh = stepOf(report, 'weigh')
  same<typeof weigh.output, number | null>(true)
}

/** What is inside of a step has any name. */
export async function inside() {
  const { inside: within } = stepOf(await run(shipping), 'each')
  const again = stepOf(within!.runs[0]!, 'again')
  same<typeof again, StepRecord>(true)
}

/** In a machine around it. */
export const order = machineSetup({ actors: { shipping } }).createMachine({
  invoke: {
    src: 'shipping',
    onDone: {
      guard: ({ event }) => stepOf(event.output, 'weigh').output === 3,
      actions: ({ event }) => {
        // @ts-expect-error a step that is misspelt
        stepOf(event.output, 'wiegh')
      },
    },
  },
})

/** One is taken for any, as far as it has what is asked for. */
export async function general() {
  const actor = createActor(shipping)
  const report = actor.getSnapshot().output!
  const any: RunReport = report
  const step = stepOf(any, 'pack')
  same<typeof step, StepRecord>(true)
  const part: RunReport<{ readonly grams: number }> = report
  const completed: CompletedReport = await run(strict)
  // @ts-expect-error the outputs of another workflow
  const other: RunReport<{ readonly litres: number }> = report
  // @ts-expect-error the steps of another workflow
  const steps: RunReport<{ readonly grams: number }, { readonly pack: string }> = report
  return { part, completed, other, steps }
}
