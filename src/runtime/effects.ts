// What is known of the effects of one run's steps: which happened, which may have happened, which were undone. An effect
// belongs to one operation of one step and has a key of its own; attempts are only tries of it. Pure bookkeeping.
// Invariant: an effect is owed at most once, and only one that is known to have happened, or that its compensation copes with.
import type { CompensationExtent, EffectTarget, StepEvent } from '../../machines/protocol.ts'
import type { Module, StepDefinition } from '../definition/model.ts'
import { compensationOf } from '../definition/plan.ts'
import type { Execution } from './execution.ts'

/**
 * An effect that is not its step's accepted success. `unknown`: it may have happened. `done`: it happened. `late`: it happened,
 * and that was heard when undoing had begun.
 */
export type EffectState = 'none' | 'unknown' | 'done' | 'late'

interface KnownEffect {
  readonly state: EffectState
  /** The latest output that was heard; `null` where none could be recorded. */
  readonly output: { readonly value: unknown } | null
}

const NOTHING: KnownEffect = { state: 'none', output: null }

/** In the order in which they are undone: the fallback came last. */
export const TARGETS: readonly EffectTarget[] = ['fallback', 'operation']

/** The effects of one run's steps. */
export class Effects {
  private readonly execution: Execution
  private readonly modules: ReadonlyMap<string, Module>
  /** By key, what was heard beside the accepted outcomes. */
  private readonly known = new Map<number, KnownEffect>()
  /** By key, whether undoing it succeeded. */
  private readonly undone = new Map<number, boolean>()
  /** Steps whose fallback was tried. */
  private readonly fallenBack = new Set<number>()
  /** Steps whose fallback's output stands in for the operation's. */
  private readonly standIns = new Set<number>()
  /** Steps that succeeded when as many as were waited for already had. */
  private readonly unneeded = new Set<number>()

  constructor(execution: Execution, modules: ReadonlyMap<string, Module>) {
    this.execution = execution
    this.modules = modules
  }

  /** An attempt begins. */
  begin(index: number, target: EffectTarget): void {
    if (target === 'fallback') this.fallenBack.add(index)
  }

  /** A step has succeeded, in a run that waits for so many successes. */
  accept(index: number, target: EffectTarget, waitFor: 'all' | number): void {
    if (target === 'fallback') this.standIns.add(index)
    if (waitFor !== 'all' && this.execution.counts.success > waitFor) this.unneeded.add(index)
  }

  /** Something was heard of an effect; a success that is known stays known. */
  record(
    index: number,
    target: EffectTarget,
    state: EffectState,
    output: KnownEffect['output'] = null,
  ): void {
    const key = keyOf(index, target)
    const before = this.known.get(key) ?? NOTHING
    if (state === 'unknown' && before.state !== 'none') return
    this.known.set(key, { state: before.state === 'late' ? 'late' : state, output: output ?? before.output })
  }

  /** What an event of a step's chart says of the effect of its attempt. */
  note(index: number, target: EffectTarget, event: StepEvent): void {
    if (event.type === 'attempt.succeeded') this.record(index, target, 'done', { value: event.output })
    else if (event.type !== 'attempt.failed') this.record(index, target, 'unknown')
    else if (event.failure.effect) this.record(index, target, event.failure.effect)
  }

  /** Undoing an effect has ended. */
  settleUndo(index: number, target: EffectTarget, undone: boolean): void {
    this.undone.set(keyOf(index, target), undone)
  }

  /** Whether a step's operation or its fallback is known to have had its effect. */
  isKnown(index: number): boolean {
    if (this.execution.hasSucceeded(index)) return true
    return TARGETS.some((target) => this.known.get(keyOf(index, target))?.state === 'done')
  }

  /** Whether a fallback's output stands in for the operation's. */
  hasStandIn(index: number): boolean {
    return this.isAccepted(index, 'fallback')
  }

  /** Whether a step's success is not part of the run's result. */
  isUnneeded(index: number): boolean {
    return this.unneeded.has(index)
  }

  /** Whether whatever a step did is not part of the run's result. */
  isSurplus(index: number): boolean {
    const { execution } = this
    return execution.isFinal(index) && (!execution.hasSucceeded(index) || this.isUnneeded(index))
  }

  /** How much of what is inside of a step is undone where so much of the run is. */
  extentOf(index: number, extent: CompensationExtent): CompensationExtent {
    return this.isSurplus(index) ? 'all' : extent
  }

  /** The output with which an effect is undone; `null` where it happened and gave none that could be recorded. */
  outputOf(index: number, target: EffectTarget): KnownEffect['output'] {
    if (this.isAccepted(index, target)) return { value: this.execution.outputs[index] ?? null }
    const { state, output } = this.known.get(keyOf(index, target)) ?? NOTHING
    return state === 'done' ? output : { value: null }
  }

  /** The effects of a step that are to be undone and were not yet, in order. */
  owed(index: number, extent: CompensationExtent): EffectTarget[] {
    return TARGETS.filter(
      (target) => !this.undone.has(keyOf(index, target)) && this.mayUndo(index, target, extent),
    )
  }

  /** Where results name an effect that happened or may have, though it is no part of what is left of the run. */
  leftAs(index: number, target: EffectTarget, extent: CompensationExtent): 'undone' | 'possibly_done' | null {
    const step = this.stepAt(index)
    const undone = this.undone.get(keyOf(index, target))
    if (undone === true || !isNamed(step, target, this.modules)) return null
    const isAccepted = this.isAccepted(index, target)
    const { state } = this.known.get(keyOf(index, target)) ?? NOTHING
    if (isAccepted) return this.extentOf(index, extent) === 'all' ? 'undone' : null
    if (state === 'done' || undone === false) return 'undone'
    if (state !== 'none') return 'possibly_done'
    return this.mayUndo(index, target, extent) ? 'undone' : null
  }

  private mayUndo(index: number, target: EffectTarget, extent: CompensationExtent): boolean {
    const compensation = compensationOf(this.stepAt(index), target)
    if (compensation === null) return false
    if (this.isAccepted(index, target)) return this.extentOf(index, extent) === 'all'
    const { state } = this.known.get(keyOf(index, target)) ?? NOTHING
    if (state === 'done') return true
    if (compensation.on !== 'attempt' || state === 'late') return false
    return state === 'unknown' || (extent === 'all' && this.wasTried(index, target))
  }

  private isAccepted(index: number, target: EffectTarget): boolean {
    return this.execution.hasSucceeded(index) && this.standIns.has(index) === (target === 'fallback')
  }

  private wasTried(index: number, target: EffectTarget): boolean {
    const hasFallenBack = this.fallenBack.has(index)
    if (target === 'fallback') return hasFallenBack
    return this.execution.attempts[index]! > (hasFallenBack ? 1 : 0)
  }

  private stepAt(index: number): StepDefinition {
    return this.execution.plan.workflow.steps[index]!
  }
}

const keyOf = (index: number, target: EffectTarget) => index * 2 + (target === 'fallback' ? 1 : 0)

/** Whether results name what a step may leave in the world: what it declares counts, else whether something undoes it. */
function isNamed(step: StepDefinition, target: EffectTarget, modules: ReadonlyMap<string, Module>): boolean {
  const call = target === 'operation' ? step.call : step.fallback
  const effect = call && 'module' in call ? modules.get(call.module)?.effects?.[call.operation] : undefined
  return effect === undefined ? compensationOf(step, target) !== null : effect !== 'reads'
}
