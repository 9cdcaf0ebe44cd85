// The compensation of one run: which effects of its steps are to be undone, and how that went. It does what the workflow's chart
// names of it; the order is in undoing.ts. Invariant: an effect that is owed is handed to one actor, once.
import type {
  CompensationExtent,
  CompensationOutput,
  EffectTarget,
  Failure,
  StepOutput,
} from '../../../machines/protocol.ts'
import { endsMore, type WorkflowContext } from '../../../machines/workflow.ts'
import { extentOf, owedEffects, settleUndo } from '../../kernel/effects.ts'
import { settleCompensation } from '../../kernel/graph.ts'
import {
  markUndoing,
  newUndoing,
  settleUndoing,
  stopUndoing,
  takeReadyToUndo,
  type UndoingState,
} from '../../kernel/undoing.ts'
import type { CompensationState } from '../../kernel/run-state.ts'
import { extentInside, scenarioRun, undoesSurplus } from './compensation-scope.ts'
import { UndoingInside, type OwedRun } from '../control/undoing-inside.ts'
import type { Run } from './run.ts'
import type { UndoingAt } from '../state/run-at.ts'
import type { Compensated } from './run-options.ts'

const NOT_REACHED: Failure = {
  code: 'COMPENSATION_STOPPED',
  message: 'The compensation was ended before the step was undone: undo it by hand',
}

/** A step inside of which something is undone beside the steps. */
interface Beside {
  /** The run that the step is in. */
  readonly outer: Run
  readonly index: number
  /** Whether the step asks for its next attempt once that is over. */
  readonly resumes: boolean
}

/** The effects of one run that are to be undone. */
export class Reversal {
  private readonly run: Run
  /** Steps of this scenario inside of which surplus effects are being undone while the run goes on. */
  readonly beside = new Map<UndoingInside, Beside>()

  constructor(run: Run) {
    this.run = run
  }

  private get compensation(): CompensationState {
    return this.run.state.compensation
  }

  /** Whether anything in the run is to be undone, where so much of it is. */
  isDue(extent: CompensationExtent): boolean {
    for (let index = 0; index < this.run.options.plan.size; index++)
      if (this.isOwed(index, extent)) return true
    return false
  }

  /** Whether there is anything of a step to undo, where so much of the run is. */
  isOwed(index: number, extent: CompensationExtent): boolean {
    return owedEffects(this.run, index, extent).length > 0 || this.owedInside(index, extent).length > 0
  }

  /** Whether the run has effects to undo though it has completed. */
  get hasSurplus(): boolean {
    const { run } = this
    return (
      !run.options.within?.isOpen &&
      (this.compensation.hadSurplus || (undoesSurplus(run) && this.isDue('surplus')))
    )
  }

  /** Whether a success that is heard of from now on cannot be undone. */
  get isTooLate(): boolean {
    return scenarioRun(this.run).state.compensation.phase !== 'none'
  }

  /** The step's own effects that are to be undone, in order. */
  ownEffects(index: number): readonly EffectTarget[] {
    return this.compensation.own.get(index) ?? []
  }

  /** The runs inside of a step that are to be undone, in the order in which they ended. */
  owedInside(index: number, extent = this.compensation.extent): OwedRun[] {
    const { run } = this
    const { beside } = scenarioRun(run).reversal
    return (run.inside.get(index)?.owed ?? []).flatMap((ended) => {
      if ([...beside.keys()].some((undoing) => undoing.holds(ended.run))) return []
      const own = extentInside(run, index, ended, extent)
      return ended.run.reversal.isDue(own) ? { ...ended, extent: own } : []
    })
  }

  /** A step is let through its gates, to be undone. */
  begin(index: number): void {
    if (this.compensation.undoing && !this.run.steps.has(index)) markUndoing(this.compensation.undoing, index)
  }

  /** Undoes what is inside of a step that has ended and is not part of the result, where the run goes on. */
  undoSurplus({ index, status, verdict }: StepOutput): void {
    const { run } = this
    if (run.stepAt(index).control === null) return
    if (status === 'failed' && (run.options.waitFor === 'all' || endsMore(verdict))) return
    this.undoBeside(index, extentOf(run, index, 'surplus'))
  }

  /**
   * Undoes what is inside of a step and not part of the run's result, beside the steps that follow.
   * @param resumes Whether the step asks for its next attempt once that is over.
   * @returns whether there is something to undo
   */
  undoBeside(index: number, extent: CompensationExtent, resumes = false): boolean {
    const { run } = this
    if (!run.inside.has(index) || !undoesSurplus(run)) return false
    const owed = this.owedInside(index, extent)
    if (owed.length === 0) return false
    scenarioRun(run).reversal.addBeside({ outer: run, index, resumes }, owed)
    return true
  }

  /** Nobody waits for an orderly end. */
  abandon(stop: Parameters<UndoingInside['abandon']>[0]): void {
    for (const undoing of this.beside.keys()) undoing.abandon(stop)
    this.beside.clear()
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  start({ entry, extent, compensationTimeoutMs }: WorkflowContext): void {
    this.compensation.extent = extent ?? 'surplus'
    this.compensation.undoesMore = extent === 'all' || (extent === 'surplus' && undoesSurplus(this.run))
    this.compensation.phase = 'started'
    if (this.beside.size === 0) this.layOut()
    if (entry !== 'undo') this.run.limit('compensation.timedOut', compensationTimeoutMs)
  }

  /** Finds out what is to be undone. */
  private layOut(): UndoingState {
    const { run } = this
    const { extent, undoesMore } = this.compensation
    const own = new Map<number, readonly EffectTarget[]>()
    for (let index = 0; undoesMore && index < run.options.plan.size; index++)
      if (this.isOwed(index, extent)) own.set(index, owedEffects(run, index, extent))
    this.compensation.own = own
    this.compensation.undoing = newUndoing(run.plan, (index) => own.has(index))
    run.steps.turnBack()
    return this.compensation.undoing
  }

  undoReady(): void {
    if (this.beside.size > 0) return
    const undoing = this.compensation.undoing ?? this.layOut()
    for (const index of takeReadyToUndo(undoing)) this.run.passGates(index)
    this.run.leases.ask()
    this.run.steps.fillSlots()
    this.announceEnd()
  }

  record({ compensation }: Compensated): void {
    const { index, undone } = compensation
    if (!this.run.steps.remove(index)) return
    this.keep(compensation)
    settleUndoing(this.run.plan, this.compensation.undoing!, index, undone)
  }

  /** Leaves what nobody got to; what is under way is told to stop. */
  stop(): void {
    const undoing = this.compensation.undoing ?? this.layOut()
    for (const index of stopUndoing(undoing))
      this.keep({ index, undone: false, failure: NOT_REACHED, attempts: 0, left: this.ownEffects(index) })
    this.run.leases.releaseWhere((index) => !this.run.steps.has(index))
    this.run.steps.cancelAll({ type: 'compensation.stop' })
    this.stopBeside()
    this.announceEnd()
  }

  /** The same for what is undone beside the steps. */
  stopBeside(): void {
    for (const inside of this.beside.keys()) inside.stop()
  }

  /** Effects inside have been undone, beside the steps or by a scenario of their own. */
  noteInside(isComplete: boolean): void {
    this.compensation.hadSurplus = true
    if (!isComplete) this.compensation.leftInside++
  }

  // -------------------------------------------------------------------------------------------------------

  /** @param at Where it was in an earlier life. */
  addBeside(beside: Beside, owed: readonly OwedRun[], at?: UndoingAt): UndoingInside {
    const { run } = this
    const { outer, index, resumes } = beside
    this.compensation.hadSurplus = true
    const ended = (isComplete: boolean) => {
      this.beside.delete(undoing)
      this.noteInside(isComplete)
      if (resumes) outer.steps.askForSlot(index)
      run.tellSelf({ type: 'surplus.undone' })
    }
    const undoing: UndoingInside = new UndoingInside({ outer, index, owed, parent: run.self, ended }, at)
    this.beside.set(undoing, beside)
    return undoing
  }

  private keep(compensation: CompensationOutput): void {
    const { index, left, undone } = compensation
    const { run } = this
    const { extent, compensations } = this.compensation
    const own = this.ownEffects(index)
    for (const target of own) settleUndo(run.effects, index, target, !left.includes(target))
    if (own.length === 0 && extentOf(run, index, extent) === 'surplus') return
    const before = compensations.get(index)
    compensations.set(index, before?.undone === false ? before : compensation)
    if (extentOf(run, index, extent) === 'all') settleCompensation(run.graph, index, undone)
  }

  private announceEnd(): void {
    if (
      this.compensation.phase === 'finished' ||
      this.beside.size > 0 ||
      this.compensation.undoing?.pending !== 0
    )
      return
    this.compensation.phase = 'finished'
    const left = this.compensation.undoing.left + this.compensation.leftInside
    this.run.tellSelf({ type: 'compensation.finished', left })
  }
}
