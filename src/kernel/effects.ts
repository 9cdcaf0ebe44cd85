// What is known of the effects of one run's steps: which happened, which may have happened, which were undone. An effect
// belongs to one operation of one step and has a key of its own; attempts are only tries of it. Plain data, which these functions
// change in place.
// Invariant: an effect is owed at most once, and only one that is known to have happened, or that its compensation copes with.
import type { CompensationExtent, EffectTarget, StepEvent } from '../../machines/protocol.ts'
import type { Module } from '../definition/model.ts'
import { compensationOf, type Plan } from '../definition/plan.ts'
import { hasSucceeded, isFinal, type GraphState } from './graph.ts'

/**
 * An effect that is not its step's accepted success. `unknown`: it may have happened. `done`: it happened. `late`: it happened,
 * and that was heard when undoing had begun.
 */
export type EffectKnowledge = 'none' | 'unknown' | 'done' | 'late'

interface KnownEffect {
  readonly state: EffectKnowledge
  /** The latest output that was heard; `null` where none could be recorded. */
  readonly output: { readonly value: unknown } | null
}

const NOTHING: KnownEffect = { state: 'none', output: null }

/** In the order in which they are undone: the fallback came last. */
export const TARGETS: readonly EffectTarget[] = ['fallback', 'operation']

/** The effects of one run's steps; keys are those of `keyOf`. */
export interface EffectsState {
  /** What was heard beside the accepted outcomes. */
  readonly known: Map<number, KnownEffect>
  /** Whether undoing an effect succeeded. */
  readonly undone: Map<number, boolean>
  /** Steps whose fallback was tried. */
  readonly fallenBack: Set<number>
  /** Steps whose fallback's output stands in for the operation's. */
  readonly standIns: Set<number>
  /** Steps that succeeded when as many as were waited for already had: their success is not part of the run's result. */
  readonly unneeded: Set<number>
}

/** What is known of one run's steps and of what they did. */
export interface Outcomes {
  readonly graph: GraphState
  readonly effects: EffectsState
}

/** The same, and what is to be done about it. */
export interface EffectFacts extends Outcomes {
  readonly plan: Plan
  readonly modules: ReadonlyMap<string, Module>
}

/** Nothing has happened. */
export const noEffects = (): EffectsState => ({
  known: new Map(),
  undone: new Map(),
  fallenBack: new Set(),
  standIns: new Set(),
  unneeded: new Set(),
})

/** A step has succeeded, in a run that waits for so many successes. */
export function acceptEffect(
  { graph, effects }: Outcomes,
  step: number,
  target: EffectTarget,
  waitFor: 'all' | number,
): void {
  if (target === 'fallback') effects.standIns.add(step)
  if (waitFor !== 'all' && graph.counts.success > waitFor) effects.unneeded.add(step)
}

/** Something was heard of an effect; a success that is known stays known. */
export function recordEffect(
  { known }: EffectsState,
  step: number,
  target: EffectTarget,
  state: EffectKnowledge,
  output: KnownEffect['output'] = null,
): void {
  const key = keyOf(step, target)
  const before = known.get(key) ?? NOTHING
  if (state === 'unknown' && before.state !== 'none') return
  known.set(key, { state: before.state === 'late' ? 'late' : state, output: output ?? before.output })
}

/** What an event of a step's chart says of the effect of its attempt. */
export function noteEvent(effects: EffectsState, step: number, target: EffectTarget, event: StepEvent): void {
  if (event.type === 'attempt.succeeded') recordEffect(effects, step, target, 'done', { value: event.output })
  else if (event.type !== 'attempt.failed') recordEffect(effects, step, target, 'unknown')
  else if (event.failure.effect) recordEffect(effects, step, target, event.failure.effect)
}

/** Undoing an effect has ended. */
export function settleUndo(
  { undone }: EffectsState,
  step: number,
  target: EffectTarget,
  isUndone: boolean,
): void {
  undone.set(keyOf(step, target), isUndone)
}

/** Whether a step's operation or its fallback is known to have had its effect. */
export function isKnown({ graph, effects }: Outcomes, step: number): boolean {
  if (hasSucceeded(graph, step)) return true
  return TARGETS.some((target) => effects.known.get(keyOf(step, target))?.state === 'done')
}

/** Whether a fallback's output stands in for the operation's. */
export const hasStandIn = (facts: Outcomes, step: number) => isAccepted(facts, step, 'fallback')

/** Whether whatever a step did is not part of the run's result. */
function isSurplus({ graph, effects }: Outcomes, step: number): boolean {
  return isFinal(graph, step) && (!hasSucceeded(graph, step) || effects.unneeded.has(step))
}

/** How much of what is inside of a step is undone where so much of the run is. */
export function extentOf(facts: Outcomes, step: number, extent: CompensationExtent): CompensationExtent {
  return isSurplus(facts, step) ? 'all' : extent
}

/** The output with which an effect is undone; `null` where it happened and gave none that could be recorded. */
export function outputToUndo(facts: Outcomes, step: number, target: EffectTarget): KnownEffect['output'] {
  if (isAccepted(facts, step, target)) return { value: facts.graph.outputs[step] ?? null }
  const { state, output } = facts.effects.known.get(keyOf(step, target)) ?? NOTHING
  return state === 'done' ? output : { value: null }
}

/** The effects of a step that are to be undone and were not yet, in order. */
export function owedEffects(facts: EffectFacts, step: number, extent: CompensationExtent): EffectTarget[] {
  return TARGETS.filter(
    (target) => !facts.effects.undone.has(keyOf(step, target)) && mayUndo(facts, step, target, extent),
  )
}

/** Where results name an effect that happened or may have, though it is no part of what is left of the run. */
export function leftAs(
  facts: EffectFacts,
  step: number,
  target: EffectTarget,
  extent: CompensationExtent,
): 'undone' | 'possibly_done' | null {
  const undone = facts.effects.undone.get(keyOf(step, target))
  if (undone === true || !isNamed(facts, step, target)) return null
  const { state } = facts.effects.known.get(keyOf(step, target)) ?? NOTHING
  if (isAccepted(facts, step, target)) return extentOf(facts, step, extent) === 'all' ? 'undone' : null
  if (state === 'done' || undone === false) return 'undone'
  if (state !== 'none') return 'possibly_done'
  return mayUndo(facts, step, target, extent) ? 'undone' : null
}

function mayUndo(
  facts: EffectFacts,
  step: number,
  target: EffectTarget,
  extent: CompensationExtent,
): boolean {
  const compensation = compensationOf(facts.plan.workflow.steps[step]!, target)
  if (compensation === null) return false
  if (isAccepted(facts, step, target)) return extentOf(facts, step, extent) === 'all'
  const { state } = facts.effects.known.get(keyOf(step, target)) ?? NOTHING
  if (state === 'done') return true
  if (compensation.on !== 'attempt' || state === 'late') return false
  return state === 'unknown' || (extent === 'all' && wasTried(facts, step, target))
}

function isAccepted({ graph, effects }: Outcomes, step: number, target: EffectTarget): boolean {
  return hasSucceeded(graph, step) && effects.standIns.has(step) === (target === 'fallback')
}

function wasTried({ graph, effects }: Outcomes, step: number, target: EffectTarget): boolean {
  const hasFallenBack = effects.fallenBack.has(step)
  return target === 'fallback' ? hasFallenBack : graph.attempts[step]! > (hasFallenBack ? 1 : 0)
}

const keyOf = (step: number, target: EffectTarget) => step * 2 + (target === 'fallback' ? 1 : 0)

/** Whether results name what a step may leave in the world: what it declares counts, else whether something undoes it. */
function isNamed({ plan, modules }: EffectFacts, step: number, target: EffectTarget): boolean {
  const definition = plan.workflow.steps[step]!
  const call = target === 'operation' ? definition.call : definition.fallback
  const effect = call && 'module' in call ? modules.get(call.module)?.effects?.[call.operation] : undefined
  return effect === undefined ? compensationOf(definition, target) !== null : effect !== 'reads'
}
