// How the ends of a run's actors look to its chart. XState says that an actor is done; the chart knows steps and
// compensations.
import type { CompensationOutput, Failure, StepOutput, WorkflowEvent } from '../../machines/protocol.ts'
import type { InboundEvent } from './host.ts'
import type { Run } from './run.ts'

/** A child's end as the run's chart knows it. A step whose chart threw ends the run: that is a fault of ours. */
export function settlementOf(
  run: Run,
  event: InboundEvent & { output?: unknown; error?: unknown },
): WorkflowEvent | null {
  const output = event.output as StepOutput | CompensationOutput | null | undefined
  if (output && 'undone' in output) return { type: 'compensation.settled', compensation: output }
  if (output && 'index' in output) return { type: 'step.settled', step: output }
  const { actorId = '' } = event as { actorId?: string }
  const index = run.indexOfPath(actorId)
  if (index === undefined) return null
  const failure: Failure = {
    code: 'INTERNAL',
    message: `The chart of step ${actorId} failed: ${String(event.error)}`,
  }
  if (run.reversal.undoing)
    return {
      type: 'compensation.settled',
      compensation: { index, undone: false, failure, attempts: 0, left: run.reversal.ownEffects(index) },
    }
  const verdict = 'fail_workflow'
  const step = {
    index,
    status: 'failed',
    output: null,
    failure,
    attempts: 0,
    target: 'operation',
    verdict,
    degraded: false,
  } as const
  return { type: 'step.settled', step }
}
