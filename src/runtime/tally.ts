// What one run did, in numbers: of its own steps and of all that is inside of them. Counted as it happens, because of a long
// loop only few iterations are kept.
import type { StepOutput } from '../../machines/protocol.ts'

/** Attempts of operations, and what came of them. */
export class Tally {
  attempts = 0
  failedAttempts = 0
  /** Modules whose operations were called. */
  readonly modules = new Set<string>()

  /** A step that calls an operation has ended. */
  count(module: string, { attempts, status }: Pick<StepOutput, 'attempts' | 'status'>): void {
    if (attempts === 0) return
    this.attempts += attempts
    this.failedAttempts += status === 'success' || status === 'cancelled' ? attempts - 1 : attempts
    this.modules.add(module)
  }

  /** Adds what a run inside did. */
  add({ attempts, failedAttempts, modules }: Tally): void {
    this.attempts += attempts
    this.failedAttempts += failedAttempts
    for (const module of modules) this.modules.add(module)
  }
}
