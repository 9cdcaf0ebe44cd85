// The conditions of one run's steps (`when`): computed at once, or asked of a user's function, whose answer comes through the
// journal. Invariant: what is asked about a step that ends before it is answered is taken back, so that the answer cannot be
// taken for that of a later question.
import type { Failure } from '../../../machines/protocol.ts'
import { toFailure } from '../execute/failure.ts'
import type { Effect } from '../port/host.ts'
import type { Run } from './run.ts'

type AskingRun = Pick<Run, 'path' | 'session' | 'data' | 'stepAt' | 'passCondition' | 'deny'>

/** What is asked about one run's steps, before they start. */
export class Conditions {
  private readonly run: AskingRun
  /** By step. */
  readonly asked = new Map<number, Effect>()

  constructor(run: AskingRun) {
    this.run = run
  }

  /** Finds out whether a step is to run. */
  check(index: number): void {
    const { run } = this
    const when = run.stepAt(index).when!
    if (when.kind === 'function') {
      const { path, session } = run
      const { name: step } = run.stepAt(index)
      const effect: Effect = { kind: 'decision', to: path, run: path, step, question: 'when' }
      this.asked.set(index, effect)
      session.perform(effect)
      return
    }
    try {
      run.passCondition(index, run.data.condition(when))
    } catch (error) {
      run.deny(index, { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  /** A user's function has said. */
  decide(index: number, value: unknown, failure?: Failure): void {
    this.asked.delete(index)
    if (failure) this.run.deny(index, failure)
    else this.run.passCondition(index, Boolean(value))
  }

  /** Nobody wants to know any more. */
  takeBack(index: number): void {
    const effect = this.asked.get(index)
    if (!effect) return
    this.asked.delete(index)
    this.run.session.abort(effect)
    this.run.session.abandon(effect)
  }

  /** The same for all that is asked. */
  takeAllBack(): void {
    for (const index of [...this.asked.keys()]) this.takeBack(index)
  }
}
