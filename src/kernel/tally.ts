// What one run did, in numbers: of its own steps and of all that is inside of them. Counted as it happens, because of a long
// loop only few iterations are kept. Plain data, which these functions change in place.
import type { EffectTarget, StepOutput } from '../../machines/protocol.ts'
import type { StepDefinition } from '../definition/model.ts'

/** Attempts, but those of control steps, whose own steps count; and what came of them. */
export interface Tally {
  attempts: number
  failedAttempts: number
  /** Modules whose operations were called. */
  readonly modules: Set<string>
}

/** Nothing was done. */
export const newTally = (): Tally => ({ attempts: 0, failedAttempts: 0, modules: new Set() })

/**
 * An attempt begins. Returns whether it counts.
 * @param isAfterCounted Whether the step's last attempt counted, which has failed then.
 */
export function countAttempt(
  tally: Tally,
  { call, fallback }: StepDefinition,
  target: EffectTarget,
  isAfterCounted: boolean,
): boolean {
  if (isAfterCounted) tally.failedAttempts++
  if (target === 'operation' && call === null) return false
  tally.attempts++
  const called = target === 'fallback' ? fallback : call
  if (called && 'module' in called) tally.modules.add(called.module)
  return true
}

/** A step's last attempt, which counted, is over. One that was cut off has not failed. */
export function countEnd(tally: Tally, { status, failure }: Pick<StepOutput, 'status' | 'failure'>): void {
  if (status !== 'success' && (status !== 'cancelled' || failure !== null)) tally.failedAttempts++
}

/** Adds what a run inside did. */
export function addTally(tally: Tally, { attempts, failedAttempts, modules }: Tally): void {
  tally.attempts += attempts
  tally.failedAttempts += failedAttempts
  for (const module of modules) tally.modules.add(module)
}
