// Makes the actors of steps, and of what undoes their effects, with what their charts begin with. What the charts then ask for
// is done in step-actors.ts.
import { actorBelow, createActor, type ActorRef } from '../charts/actors.ts'
import type { Failure } from '../../../machines/protocol.ts'
import { undoPolicy } from '../../definition/plan.ts'
import { compensationChart } from '../charts/compensation.ts'
import { ownedBy } from '../charts/compiled.ts'
import { stepChart } from '../charts/step.ts'
import type { ChartAt } from '../state/notes.ts'
import type { Run } from './run.ts'

/** Why a step that is undone is not undone as a whole. */
export const INCOMPLETE: Failure = {
  code: 'COMPENSATION_INCOMPLETE',
  message: 'Not everything inside of the step was undone',
}

/** An actor for a step that is past its gates, or that met a failure there. */
export function stepActor(
  { self, scope, steps, options }: Pick<Run, 'self' | 'scope' | 'steps' | 'options'>,
  index: number,
  path: string,
  entry: 'admitted' | 'denied',
  failure?: Failure,
): ActorRef {
  const policy = options.plan.policies[index]!
  const advisers = scope.hasAdvisers ? 'handlers' : 'nobody'
  const input = { index, path, policy, entry, advisers, ...(failure && { failure }) } as const
  return createActor(ownedBy(stepChart, steps), { parent: self, id: path, input })
}

/** An actor that undoes the effects of a step. */
export function compensationActor(
  { self, options, steps, reversal }: Pick<Run, 'self' | 'options' | 'steps' | 'reversal'>,
  index: number,
  path: string,
  failure?: Failure,
): ActorRef {
  const owed = reversal
    .ownEffects(index)
    .map((target) => ({ target, policy: undoPolicy(options.plan, index, target)! }))
  const inside = reversal.owedInside(index).length > 0 ? 'steps' : 'nothing'
  const input = { index, path, owed, inside, ...(failure && { failure }) } as const
  return createActor(ownedBy(compensationChart, steps), { parent: self, id: path, input })
}

/** The actor of a step, or of what undoes its effects, that was under way in an earlier life. */
export function revivedActor(
  { self, steps }: Pick<Run, 'self' | 'steps'>,
  path: string,
  isUndone: boolean,
  at: ChartAt,
): ActorRef {
  const begin = { snapshot: at }
  return isUndone
    ? actorBelow(self, path, ownedBy(compensationChart, steps), begin)
    : actorBelow(self, path, ownedBy(stepChart, steps), begin)
}
