// Undoing what is inside of a control step: the runs of all its attempts, the last one first, as many at once as went
// side by side on the way there.
import type { AnyActorRef } from 'xstate'
import type { Failure } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { Inside } from '../inside.ts'
import type { Run } from '../run.ts'
import { tell } from '../tell.ts'
import { forget, undoNested } from './nested.ts'
import type { Work } from './work.ts'

const INCOMPLETE: Failure = {
  code: 'COMPENSATION_INCOMPLETE',
  message: 'Not everything inside of the step was undone',
}

/** The way back through one control step. */
export class UndoingInside implements Work {
  private readonly outer: Run
  private readonly actor: AnyActorRef
  private readonly open: Inside['owed'][number][]
  private readonly live = new Set<Run>()
  private readonly width: number
  private isStopped = false
  private isComplete = true

  constructor(outer: Run, index: number, actor: AnyActorRef) {
    const { control } = outer.stepAt(index)
    this.outer = outer
    this.actor = actor
    this.open = [...outer.insideOf(index).owed]
    this.width = control?.kind === 'iterative' ? control.maxConcurrency : 1
    outer.session.later(() => this.next(), undefined, undefined)
  }

  stop(): void {
    if (this.isStopped) return
    this.isStopped = true
    for (const run of [...this.live]) run.cancel(true)
    if (this.live.size === 0) this.next()
  }

  abandon(stop: (child: AnyActorRef) => void): void {
    for (const run of this.live) {
      run.abandonAll(stop)
      stop(run.self)
    }
    this.live.clear()
  }

  /** Attempts are undone one after the other, the runs of one attempt side by side. */
  private next(): void {
    if (this.isStopped && this.open.length > 0) {
      this.isComplete = false
      this.open.length = 0
    }
    for (let last = this.open.at(-1); last && this.live.size < this.width; last = this.open.at(-1)) {
      const { run, attempt } = last
      if (this.live.size > 0 && attempt !== this.attemptUnderWay) break
      this.attemptUnderWay = attempt
      this.open.pop()
      this.live.add(run)
      run.onUndone = (result) => this.ended(run, result)
      undoNested(run, this.actor)
    }
    if (this.live.size > 0) return
    const event = { type: 'inside.undone', failure: this.isComplete ? null : INCOMPLETE } as const
    tell(this.outer.self, this.actor, event)
  }

  private attemptUnderWay = 0

  private ended(run: Run, { compensation }: WorkflowMachineOutput): void {
    forget(run)
    this.live.delete(run)
    if (compensation !== 'completed') this.isComplete = false
    this.next()
  }
}
