// The way back of one run: which of its steps are to be undone, and what became of that. It does what the workflow's chart
// names of it; the order is in undoing.ts. Invariant: a step that owes something is handed to one actor, once.
import type { CompensationOutput, Failure, WorkflowEvent } from '../../machines/protocol.ts'
import type { WorkflowContext } from '../../machines/workflow.ts'
import type { LeaseGates } from './gates.ts'
import type { Run } from './run.ts'
import type { Compensated } from './run-options.ts'
import { Undoing } from './undoing.ts'

const NOT_REACHED: Failure = {
  code: 'COMPENSATION_STOPPED',
  message: 'The compensation was ended before the step was undone: undo it by hand',
}

/** What one run owes, and how it is undone. */
export class Reversal {
  /** The order; `null` as long as nothing is undone. */
  undoing: Undoing | null = null
  /** How undoing went, by step. */
  readonly compensations = new Map<number, CompensationOutput>()
  private readonly run: Run
  private readonly gates: LeaseGates
  private owed = 0
  private isFinished = false

  constructor(run: Run, gates: LeaseGates) {
    this.run = run
    this.gates = gates
  }

  /** Whether anything in the run is to be undone, and nobody has begun to. */
  get isDue(): boolean {
    return this.undoing === null && this.owed > 0
  }

  /** A step has ended. */
  note(index: number): void {
    if (this.isOwed(index)) this.owed++
  }

  /** Whether there is anything of a step to undo. */
  isOwed(index: number): boolean {
    return this.owesItself(index) || (this.run.inside.get(index)?.owed.length ?? 0) > 0
  }

  /** Whether a step is to be undone, whatever is inside of it. */
  owesItself(index: number): boolean {
    const { compensate } = this.run.stepAt(index)
    if (compensate === null) return false
    const { execution } = this.run
    return execution.hasSucceeded(index) || (compensate.on === 'attempt' && execution.attempts[index]! > 0)
  }

  /** A step is let through its gates, to be undone. */
  begin(index: number): void {
    if (!this.run.steps.has(index)) this.undoing?.markLive(index)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  start({ entry, compensationTimeoutMs }: WorkflowContext): void {
    this.undoing = new Undoing(this.run.options.plan, (index) => this.isOwed(index))
    this.run.steps.turnBack()
    if (entry !== 'undo') this.run.limit('compensation.timedOut', compensationTimeoutMs)
  }

  undoReady(): void {
    for (const index of this.undoing!.takeReady()) this.run.passGates(index)
    this.gates.forward(this.run)
    this.run.steps.fillSlots()
    this.announceEnd()
  }

  record({ compensation }: Compensated): void {
    const { index, undone } = compensation
    if (!this.run.steps.remove(index)) return
    this.keep(compensation)
    this.undoing!.settle(index, undone)
  }

  /** What nobody got to is left; what is under way is told to stop. */
  stop(): void {
    for (const index of this.undoing!.stop())
      this.keep({ index, undone: false, failure: NOT_REACHED, attempts: 0 })
    this.gates.releaseWhere((index) => !this.run.steps.has(index))
    this.run.steps.cancelAll({ type: 'compensation.stop' })
    this.announceEnd()
  }

  // -------------------------------------------------------------------------------------------------------

  private keep(compensation: CompensationOutput): void {
    this.compensations.set(compensation.index, compensation)
    this.run.execution.settleCompensation(compensation.index, compensation.undone)
  }

  private announceEnd(): void {
    if (this.isFinished || !this.undoing!.isFinished) return
    this.isFinished = true
    this.run.tellSelf({
      type: 'compensation.finished',
      left: this.undoing!.left + this.leftInside,
    } as WorkflowEvent)
  }

  /** What scenarios inside left when they undid themselves. */
  private get leftInside(): number {
    let left = 0
    for (const inside of this.run.inside.values()) left += inside.left.length
    return left
  }
}
