// Counts of what one run did: of its own steps and of all that is inside of them. Counted as it happens, because of a long
// loop only few iterations are kept. Plain data, which these functions change in place.
import type { EffectTarget, StepOutput } from '../../machines/protocol.ts'
import type { StepDefinition } from '../definition/model.ts'

/** Attempts, but those of control steps, whose own steps count; and what came of them. */
export interface Counters {
  attempts: number
  failedAttempts: number
  /** Modules whose operations were called. */
  readonly modules: Set<string>
}

/** Nothing was done. */
export const newCounters = (): Counters => ({ attempts: 0, failedAttempts: 0, modules: new Set() })

/**
 * An attempt begins. Returns whether it counts.
 * @param isAfterCounted Whether the step's last attempt counted, which has failed then.
 */
export function countAttempt(
  counters: Counters,
  { call, fallback }: StepDefinition,
  target: EffectTarget,
  isAfterCounted: boolean,
): boolean {
  if (isAfterCounted) counters.failedAttempts++
  if (target === 'operation' && call === null) return false
  counters.attempts++
  const called = target === 'fallback' ? fallback : call
  if (called && 'module' in called) counters.modules.add(called.module)
  return true
}

/** A step's last attempt, which counted, is over. One that was cut off has not failed. */
export function countEnd(
  counters: Counters,
  { status, failure }: Pick<StepOutput, 'status' | 'failure'>,
): void {
  if (status !== 'success' && (status !== 'cancelled' || failure !== null)) counters.failedAttempts++
}

/** Adds what a run inside did. */
export function addCounters(counters: Counters, { attempts, failedAttempts, modules }: Counters): void {
  counters.attempts += attempts
  counters.failedAttempts += failedAttempts
  for (const module of modules) counters.modules.add(module)
}
