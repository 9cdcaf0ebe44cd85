// What one run did, in numbers: of its own steps and of all that is inside of them. Counted as it happens, because of a long
// loop only few iterations are kept.
import type { EffectTarget, StepOutput } from '../../../machines/protocol.ts'
import type { StepDefinition } from '../../definition/model.ts'

/** Attempts, but those of control steps, whose own steps count; and what came of them. */
export class Tally {
  attempts = 0
  failedAttempts = 0
  /** Modules whose operations were called. */
  readonly modules = new Set<string>()

  /**
   * An attempt begins. Returns whether it counts.
   * @param isAfterCounted Whether the step's last attempt counted, which has failed then.
   */
  begin({ call, fallback }: StepDefinition, target: EffectTarget, isAfterCounted: boolean): boolean {
    if (isAfterCounted) this.failedAttempts++
    if (target === 'operation' && call === null) return false
    this.attempts++
    const called = target === 'fallback' ? fallback : call
    if (called && 'module' in called) this.modules.add(called.module)
    return true
  }

  /** A step's last attempt, which counted, is over. One that was cut off has not failed. */
  end({ status, failure }: Pick<StepOutput, 'status' | 'failure'>): void {
    if (status !== 'success' && (status !== 'cancelled' || failure !== null)) this.failedAttempts++
  }

  /** Adds what a run inside did. */
  add({ attempts, failedAttempts, modules }: Tally): void {
    this.attempts += attempts
    this.failedAttempts += failedAttempts
    for (const module of modules) this.modules.add(module)
  }
}
