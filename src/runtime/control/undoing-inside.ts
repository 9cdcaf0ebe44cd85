// Undoing what is inside of a control step: the runs of all its attempts, the last one first, as many at once as went
// side by side when they were made.
import type { ActorRef } from '../charts/actors.ts'
import { nestedCompensationChart } from '../charts/nested-compensation.ts'
import type { CompensationExtent } from '../../../machines/protocol.ts'
import type { EndedRun } from '../run/inside.ts'
import type { Run } from '../run/run.ts'
import { captureLiving } from '../state/capture.ts'
import { placesOf, type Capturing, type Reviving } from '../state/notes.ts'
import { reviveLiving } from '../state/revive.ts'
import type { UndoingAt } from '../state/run-at.ts'
import { forget, undoNested } from './nested.ts'
import type { Work } from './work.ts'

/** A run inside of a step, and how much of it is to be undone. */
export interface OwedRun extends EndedRun {
  readonly extent: CompensationExtent
}

/** What is undone, for whom. */
export interface UndoingTask {
  /** The run that the step is in. */
  readonly outer: Run
  readonly index: number
  /** In the order in which the runs ended. */
  readonly owed: readonly OwedRun[]
  /** The actor above the runs. */
  readonly parent: ActorRef
  /** Told once, when every run has come to its end. */
  ended(isComplete: boolean): void
}

/** Undoes runs inside of one control step: does what the chart of nested undoing names. */
export class UndoingInside implements Work {
  readonly task: UndoingTask
  private readonly live = new Set<Run>()
  /** The runs that were not left. */
  private readonly held: Set<Run>
  private readonly chart

  /** @param at Where it was in an earlier life. */
  constructor(task: UndoingTask, at?: UndoingAt) {
    const { outer, index, owed } = task
    const { control } = outer.stepAt(index)
    const width = control?.kind === 'iterative' ? control.maxConcurrency : 1
    this.task = task
    this.held = new Set(owed.map(({ run }) => run))
    const input = { attempts: owed.map(({ attempt }) => attempt), width }
    this.chart = nestedCompensationChart(this, input, at?.chart)
    if (!at) outer.session.later(() => this.chart.send({ type: 'compensation.begin' }), undefined, undefined)
  }

  capture(notes: Capturing): UndoingAt {
    const { owed, outer, index } = this.task
    const places = placesOf(outer.inside.get(index)!.owed.map(({ run }) => run))
    const place = (run: Run) => places.get(run)!
    return {
      kind: 'undoing',
      chart: this.chart.at,
      owed: owed.map(({ run, extent }) => [place(run), extent]),
      held: Array.from(this.held, place),
      live: Array.from(this.live, (run) => [place(run), captureLiving(run, notes)]),
    }
  }

  /** Takes up the runs that were being undone in an earlier life. */
  revive({ held, live }: UndoingAt, notes: Reviving): void {
    const { outer, index } = this.task
    const all = outer.inside.get(index)!.owed
    this.held.clear()
    for (const place of held) this.held.add(all[place]!.run)
    for (const [place, at] of live) {
      const { run } = all[place]!
      this.begin(run)
      undoNested(run, this.task.parent, 'all', at.chart)
      reviveLiving(run, at, notes)
    }
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
    const { run, extent } = this.task.owed[place]!
    this.begin(run)
    undoNested(run, this.task.parent, extent)
  }

  leaveRuns(count: number): void {
    for (const { run } of this.task.owed.slice(0, count)) this.held.delete(run)
  }

  stopRuns(): void {
    for (const run of [...this.live]) run.cancel(true)
  }

  tellEnd(isComplete: boolean): void {
    this.task.ended(isComplete)
  }

  // -------------------------------------------------------------------------------------------------------

  private begin(run: Run): void {
    this.live.add(run)
    run.onUndone = ({ compensation }) => {
      forget(run)
      this.live.delete(run)
      this.chart.send({ type: 'run.undone', isComplete: compensation === 'completed' })
    }
  }
}
