// Which steps a run that meets no failure may keep from running for lack of success before them. Conditions are taken for
// open, whatever they say. What is found is too much rather than too little.
import { dependenciesOf } from './survey.ts'
import type { StepList } from './survey.ts'

/** Of the steps of a list, as 1. */
interface Lack {
  /** May be kept from running. */
  readonly held: Uint8Array
  /** It, or a step before it, may end without a success. */
  readonly unsure: Uint8Array
}

const known = new WeakMap<StepList, Lack>()

/** Whether a step may be kept from running for lack of success, though nothing fails. */
export const mayLack = (list: StepList, index: number) => lackOf(list).held[index] === 1

function lackOf(list: StepList): Lack {
  const same = known.get(list)
  if (same) return same
  const held = new Uint8Array(list.steps.length)
  const unsure = new Uint8Array(list.steps.length)
  const isUnsureAround = list.outer !== null && isUnsureBefore(list.outer.list, list.outer.index)
  for (const index of list.order) {
    const { runIf, when } = list.steps[index]!
    const on = dependenciesOf(list, index)
    const isUnsure = isUnsureAround || on.some((step) => unsure[step] === 1)
    if (runIf === 'ancestors_succeeded') held[index] = Number(isUnsure)
    else if (runIf === 'any_succeeded') held[index] = Number(on.length > 0)
    else if (runIf !== 'all_done') held[index] = Number(on.some((step) => held[step] === 1))
    const mayBeSkipped = when !== null && when.kind !== 'value'
    unsure[index] = Number(isUnsure || mayBeSkipped || held[index] === 1)
  }
  known.set(list, { held, unsure })
  return { held, unsure }
}

/** Whether a step before one may end without a success, outwards too. */
function isUnsureBefore(list: StepList, index: number): boolean {
  const { unsure } = lackOf(list)
  if (dependenciesOf(list, index).some((step) => unsure[step] === 1)) return true
  return list.outer !== null && isUnsureBefore(list.outer.list, list.outer.index)
}
