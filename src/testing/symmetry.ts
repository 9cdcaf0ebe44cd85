// Steps that are alike: the same in everything but their names, with the same steps before and after them. Where two of them
// are in the same situation, what happens to the one first is the mirror image of what happens to the other first.
import type { AnyActorRef } from 'xstate'
import type { Plan } from '../definition/plan.ts'
import type { Choice } from './choice.ts'
import type { Playing } from './schedule.ts'
import type { Pending } from './world.ts'

const classes = new WeakMap<Plan, readonly string[]>()

/** For each offer, a text that is the same where two offers mirror each other; `null` where it mirrors none. */
export function mirrors({ world, root }: Playing, offers: readonly Choice[]): readonly (string | null)[] {
  return offers.map(({ act, target }) => {
    const pending = target as Partial<Pending> | null
    const effect = pending?.effect
    if (effect?.kind !== 'attempt' || pending?.echo || !root) return null
    const run = root.session.runs.get(effect.run)
    if (!run) return null
    const { plan } = run.options
    const actor: AnyActorRef | undefined = root.session.actors.get(effect.to)
    const { value, context } = (actor?.getSnapshot() ?? {}) as { value?: unknown; context?: object }
    const own = { ...context, index: null, path: null }
    const timers = world.life!.timers.flatMap(({ to, event, due }) =>
      to === effect.to ? `${event.type}${due - world.time}` : [],
    )
    const flags = `${pending!.isAborted}${pending!.isAbandoned}`
    const which = classesOf(plan)[effect.index]!
    return JSON.stringify([act, effect.run, effect.target, which, effect.attempt, flags, value, own, timers])
  })
}

/** Whether an offer is the mirror image of one before it. */
export const isMirrored = (texts: readonly (string | null)[], place: number) =>
  texts[place] !== null && texts.indexOf(texts[place]!) < place

/** For each step, a text that is the same for steps that are alike. */
function classesOf(plan: Plan): readonly string[] {
  const known = classes.get(plan)
  if (known) return known
  const numbers = new Map<unknown, number>()
  const numbered = (_: string, value: unknown) => {
    if (typeof value !== 'function') return value
    numbers.set(value, numbers.get(value) ?? numbers.size)
    return `function ${numbers.get(value)}`
  }
  const { dependents, dependentStart, workflow } = plan
  const found = workflow.steps.map((step, index) => {
    const own = { ...step, name: null }
    const after = dependents.slice(dependentStart[index], dependentStart[index + 1])
    return JSON.stringify([own, [...after]], numbered)
  })
  classes.set(plan, found)
  return found
}
