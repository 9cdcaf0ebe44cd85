// When steps start. Whether one may is judged anew, from how the others ended: a mistake of the engine is not made twice.
import { LIVE, statusOf } from '../../kernel/graph.ts'
import type { Run } from '../../runtime/run/run.ts'
import { shortOf } from '../offers.ts'
import type { Rule } from './checker.ts'

/** No step starts before its dependencies allow it. */
export const dependenciesRespected: Rule = {
  name: 'dependencies-respected',
  description: 'No step starts before everything that it depends on has ended as its run_if asks.',
  watch: (_, fail) => {
    const judged = new WeakMap<Run, Map<number, boolean>>()
    return {
      changed(run, index, was) {
        if (run.graph.state[index] !== LIVE || was === LIVE) return
        const subject = `${shortOf(run.pathOf(index))} starts`
        const ends = dependenciesOf(run, index).map((step) => {
          const status = statusOf(run.graph, step) ?? 'not over'
          if (status === 'not over') fail(`${subject}, and ${saidOf(run, step)} is not over`)
          return `${saidOf(run, step)} is ${status}`
        })
        if (!allows(run, index, judged))
          fail(`${subject}, which its run_if does not allow: ${ends.join(', ')}`)
      },
    }
  },
}

/** Whether a step's dependencies let it run. They are over for good, so what was judged once is known. */
function allows(run: Run, index: number, judged: WeakMap<Run, Map<number, boolean>>): boolean {
  const known = judged.get(run) ?? judged.set(run, new Map()).get(run)!
  if (known.has(index)) return known.get(index)!
  const is = (status: string, step: number, of = run) => statusOf(of.graph, step) === status
  const dependencies = dependenciesOf(run, index)
  const judge = () => {
    switch (run.stepAt(index).runIf) {
      case 'all_done':
        return true
      case 'any_succeeded':
        return dependencies.length === 0 || dependencies.some((step) => is('success', step))
      case 'ancestors_succeeded':
        return [...before(run, index)].every(([of, step]) => is('success', step, of))
      default:
        // A step that was skipped although it was allowed to run was so by its own condition, or by a verdict.
        return dependencies.every(
          (step) => is('success', step) || (is('skipped', step) && allows(run, step, judged)),
        )
    }
  }
  known.set(index, judge())
  return known.get(index)!
}

/** All that comes before a step, and before those that it is inside of. */
function* before(run: Run, index: number): Generator<[Run, number]> {
  const seen = new Set(dependenciesOf(run, index))
  for (const step of seen) {
    yield [run, step]
    for (const further of dependenciesOf(run, step)) seen.add(further)
  }
  const { within } = run.options
  if (within?.isOpen) yield* before(within.run, within.index)
}

function dependenciesOf({ options: { plan } }: Run, index: number): readonly number[] {
  return [...plan.dependencies.subarray(plan.dependencyStart[index], plan.dependencyStart[index + 1])]
}

const saidOf = (run: Run, index: number) => `"${run.stepAt(index).name}"`
