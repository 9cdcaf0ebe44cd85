// Who decides what becomes of a failure, by the event that tells of it. What a handler of step_failed returns is a verdict.
import type { BusEvent, OperationContext, Verdict } from 'sagachart'

interface StepFailed {
  readonly step_name: string
  readonly attempts: number
  readonly error: { readonly code: string; readonly message: string; readonly name?: string }
}

/** By the error's name; what is not here is left to the document. */
const STRATEGIES: Readonly<Record<string, Verdict>> = {
  Flaky: 'retry',
  Optional: 'skip',
  Corrupt: 'compensate',
  Fatal: 'fail_workflow',
}

export default {
  /** Answers a failed step. */
  handle_step_failure({ data }: BusEvent, { log }: OperationContext): Verdict | undefined {
    const { step_name: step, error, attempts } = data as StepFailed
    const verdict = STRATEGIES[error.name ?? '']
    log(`${step} failed after ${attempts}: ${error.message} → ${verdict ?? 'as the document says'}`)
    return verdict
  },

  /** Told when steps wait for a pool that is empty. */
  handle_resource_exhaustion({ data }: BusEvent, { log }: OperationContext): void {
    const {
      resource,
      queue_length: waiting,
      holders,
    } = data as {
      readonly resource: string
      readonly queue_length: number
      readonly holders: readonly string[]
    }
    log(`${resource} is empty: ${waiting} wait for ${holders.join(', ')}`)
  },

  /** Told when a module does not answer. */
  handle_module_unresponsiveness({ data }: BusEvent, { log }: OperationContext): void {
    log(`${(data as { readonly module_name: string }).module_name} does not answer`)
  },
}
