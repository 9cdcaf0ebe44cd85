// Where a step is among all steps, level by level: what decides which of two waits comes first, and which after the other.
import type { Plan } from '../../definition/plan.ts'
import type { Run } from '../run/run.ts'
import type { Level } from '../../kernel/waiters.ts'

/** The levels of a step, from the outermost list of steps inwards. */
export function levelsOf({ options }: Run, step: number): readonly Level[] {
  const { within, list, plan } = options
  const dependencies = dependenciesOf(plan, step)
  if (!within) return [{ list, step, isSequential: false, dependencies }]
  const { control } = within.run.stepAt(within.index)
  const isSequential = control?.kind === 'iterative' && control.maxConcurrency === 1
  return [...levelsOf(within.run, within.index), { list, step, isSequential, dependencies }]
}

const known = new WeakMap<Plan, Map<number, ReadonlySet<number>>>()

/** The steps that a step depends on, directly or through others; computed once for each step. */
function dependenciesOf(plan: Plan, step: number): ReadonlySet<number> {
  const ofPlan = known.get(plan) ?? new Map<number, ReadonlySet<number>>()
  known.set(plan, ofPlan)
  const before = ofPlan.get(step)
  if (before) return before
  const found = new Set<number>()
  const open = [step]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const each of plan.dependencies.subarray(plan.dependencyStart[at], plan.dependencyStart[at + 1])) {
      if (found.has(each)) continue
      found.add(each)
      open.push(each)
    }
  }
  ofPlan.set(step, found)
  return found
}
