// Undoing what is inside of a control step: the runs of all its attempts, the last one first, as many at once as went
// side by side when they were made.
import type { ActorRef } from '../charts/actors.ts'
import type { CompensationExtent } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { EndedRun } from '../run/inside.ts'
import type { Run } from '../run/run.ts'
import { forget, undoNested } from './nested.ts'
import type { Work } from './work.ts'

/** A run inside of a step, and how much of it is to be undone. */
export interface OwedRun extends EndedRun {
  readonly extent: CompensationExtent
}

/** Undoes runs inside of one control step. */
export class UndoingInside implements Work {
  private readonly parent: ActorRef
  private readonly open: OwedRun[]
  private readonly live = new Set<Run>()
  /** The runs that were not left. */
  private readonly held: Set<Run>
  private readonly width: number
  private readonly ended: (isComplete: boolean) => void
  private attemptUnderWay = 0
  private isStopped = false
  private isComplete = true

  /**
   * @param owed In the order in which the runs ended.
   * @param parent The actor above the runs.
   * @param ended Told once, when every run has come to its end.
   */
  constructor(
    outer: Run,
    index: number,
    owed: readonly OwedRun[],
    parent: ActorRef,
    ended: (isComplete: boolean) => void,
  ) {
    const { control } = outer.stepAt(index)
    this.parent = parent
    this.open = [...owed]
    this.held = new Set(owed.map(({ run }) => run))
    this.width = control?.kind === 'iterative' ? control.maxConcurrency : 1
    this.ended = ended
    outer.session.later(() => this.next(), undefined, undefined)
  }

  /** Whether a run is undone here, or is to be: one that was left is owed again. */
  holds(run: Run): boolean {
    return this.held.has(run)
  }

  stop(): void {
    if (this.isStopped) return
    this.isStopped = true
    for (const { run } of this.open.splice(0)) {
      this.held.delete(run)
      this.isComplete = false
    }
    for (const run of [...this.live]) run.cancel(true)
    if (this.live.size === 0) this.next()
  }

  abandon(stop: (child: ActorRef) => void): void {
    for (const run of this.live) {
      run.abandonAll(stop)
      stop(run.self)
    }
    this.live.clear()
  }

  /** Attempts are undone one after the other, the runs of one attempt side by side. */
  private next(): void {
    for (let last = this.open.at(-1); last && this.live.size < this.width; last = this.open.at(-1)) {
      const { run, attempt, extent } = last
      if (this.live.size > 0 && attempt !== this.attemptUnderWay) break
      this.attemptUnderWay = attempt
      this.open.pop()
      this.live.add(run)
      run.onUndone = (result) => this.runEnded(run, result)
      undoNested(run, this.parent, extent)
    }
    if (this.live.size === 0) this.ended(this.isComplete)
  }

  private runEnded(run: Run, { compensation }: WorkflowMachineOutput): void {
    forget(run)
    this.live.delete(run)
    if (compensation !== 'completed') this.isComplete = false
    this.next()
  }
}
