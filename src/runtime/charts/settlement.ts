// How the ends of a run's actors look to its chart. XState says that an actor is done; the chart knows steps and
// compensations.
import type { AnyActorRef, EventObject } from 'xstate'
import type { CompensationOutput, Failure, StepOutput, WorkflowEvent } from '../../../machines/protocol.ts'
import { messageOf } from '../../foreign.ts'
import type { Run } from '../run/run.ts'

/** What XState says of a child that has ended. */
export interface ChildEnd extends EventObject {
  readonly actorId: string
  readonly output?: unknown
  readonly error?: unknown
}

/** Whether an event says that a child has ended. */
export const isChildEnd = (event: EventObject): event is ChildEnd =>
  typeof event.type === 'string' && /^xstate\.(?:done|error)\.actor\./.test(event.type)

/** Whether an actor has ended so: somebody outside may have said it. */
export function hasEndedSo(actor: AnyActorRef | undefined, { output, error }: ChildEnd): boolean {
  const ended = actor?.getSnapshot()
  return ended?.status === 'error'
    ? ended.error === error
    : ended?.status === 'done' && ended.output === output
}

/** A child's end as the run's chart knows it. A step whose chart threw ends the run: that is a fault of ours. */
export function settlementOf(
  run: Pick<Run, 'session' | 'state' | 'reversal' | 'addressOf' | 'indexOfPath'>,
  event: ChildEnd,
): WorkflowEvent | null {
  if (!hasEndedSo(run.session.actors.get(event.actorId), event)) return null
  const output = event.output as StepOutput | CompensationOutput | null | undefined
  if (output && 'undone' in output) return { type: 'compensation.settled', compensation: output }
  if (output && 'index' in output)
    return { type: 'step.settled', step: output, address: run.addressOf(output.index) }
  const { actorId } = event
  const index = run.indexOfPath(actorId)
  if (index === undefined) return null
  const failure: Failure = {
    code: 'INTERNAL',
    message: `The chart of step ${actorId} failed: ${messageOf(event.error)}`,
  }
  if (run.state.compensation.undoing)
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
  return { type: 'step.settled', step, address: run.addressOf(index) }
}
