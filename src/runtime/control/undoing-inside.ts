// Undoing what is inside of a control step: the runs of all its attempts, the last one first, as many at once as went
// side by side when they were made.
import type { ActorRef } from '../charts/actors.ts'
import { nestedCompensationChart } from '../charts/nested-compensation.ts'
import type { CompensationExtent } from '../../../machines/protocol.ts'
import type { EndedRun } from '../run/inside.ts'
import type { Run } from '../run/run.ts'
import { forget, undoNested } from './nested.ts'
import type { Work } from './work.ts'

/** A run inside of a step, and how much of it is to be undone. */
export interface OwedRun extends EndedRun {
  readonly extent: CompensationExtent
}

/** Undoes runs inside of one control step: does what the chart of nested undoing names. */
export class UndoingInside implements Work {
  private readonly parent: ActorRef
  private readonly owed: readonly OwedRun[]
  private readonly live = new Set<Run>()
  /** The runs that were not left. */
  private readonly held: Set<Run>
  private readonly ended: (isComplete: boolean) => void
  private readonly chart

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
    const width = control?.kind === 'iterative' ? control.maxConcurrency : 1
    this.parent = parent
    this.owed = owed
    this.held = new Set(owed.map(({ run }) => run))
    this.ended = ended
    this.chart = nestedCompensationChart(this, { attempts: owed.map(({ attempt }) => attempt), width })
    outer.session.later(() => this.chart.send({ type: 'compensation.begin' }), undefined, undefined)
  }

  /** Whether a run is undone here, or is to be: one that was left is owed again. */
  holds(run: Run): boolean {
    return this.held.has(run)
  }

  stop(): void {
    this.chart.send({ type: 'compensation.stop' })
  }

  abandon(stop: (child: ActorRef) => void): void {
    for (const run of this.live) {
      run.abandonAll(stop)
      stop(run.self)
    }
    this.live.clear()
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  compensateRun(place: number): void {
    const { run, extent } = this.owed[place]!
    this.live.add(run)
    run.onUndone = ({ compensation }) => {
      forget(run)
      this.live.delete(run)
      this.chart.send({ type: 'run.undone', isComplete: compensation === 'completed' })
    }
    undoNested(run, this.parent, extent)
  }

  leaveRuns(count: number): void {
    for (const { run } of this.owed.slice(0, count)) this.held.delete(run)
  }

  stopRuns(): void {
    for (const run of [...this.live]) run.cancel(true)
  }

  tellEnd(isComplete: boolean): void {
    this.ended(isComplete)
  }
}
