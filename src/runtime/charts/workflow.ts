// The orchestrator's chart, bound: its effects are done on its run.
import type { ContextFrom, EventFromLogic } from 'xstate'
import { workflowMachine, type WorkflowEffect } from '../../../machines/workflow.ts'
import { cancelAt } from '../run/addresses.ts'
import { collectOutputs } from '../run/output.ts'
import type { Run } from '../run/run.ts'
import { bound } from './compiled.ts'
import type { Seat } from './seat.ts'

interface Doing {
  readonly owner: Seat<Run>
  readonly context: ContextFrom<typeof workflowMachine>
  readonly event: EventFromLogic<typeof workflowMachine>
}

type Happening<TType> = Extract<Doing['event'], { readonly type: TType }>

const onRun =
  (effect: (run: Run, context: Doing['context']) => void) =>
  ({ owner: { seated }, context }: Doing) =>
    effect(seated!, context)

/** An effect that is about an event of one of these types. */
const about =
  <TType extends Doing['event']['type']>(
    types: readonly TType[],
    effect: (run: Run, event: Happening<TType>) => void,
  ) =>
  ({ owner: { seated }, event }: Doing) => {
    if ((types as readonly string[]).includes(event.type)) effect(seated!, event as Happening<TType>)
  }

/** The orchestrator's chart, for a run. */
export const workflowChart = bound<WorkflowEffect, Seat<Run>>()(workflowMachine, {
  prepareScope: onRun((run) => run.prepareScope()),
  releaseScope: onRun((run) => run.releaseScope()),
  startRunTimer: onRun((run, context) => run.startRunTimer(context)),
  stopRunTimer: onRun((run) => run.stopRunTimer()),
  openSteps: onRun((run) => run.openSteps()),
  startReady: onRun((run) => run.startReady()),
  recordStep: about(['step.settled'], (run, event) => run.recordStep(event)),
  queueStep: about(['slot.requested'], (run, event) => run.queueStep(event)),
  recordLease: about(['lease.granted', 'lease.denied', 'lease.lost'], (run, event) => run.recordLease(event)),
  recordDecision: about(['decision.made'], (run, event) => run.recordDecision(event)),
  cancelSteps: onRun((run) => run.cancelSteps()),
  forceSteps: onRun((run) => run.forceSteps()),
  cancelStep: about(['run.cancelStep'], cancelAt),
  haltAround: about(['step.settled', 'run.halt'], (run, event) => run.haltAround(event)),
  takeSignal: about(['run.signal'], (run, { event, data }) => run.scope.signal(event, data, run.runId)),
  startCompensation: onRun((run, context) => run.reversal.start(context)),
  undoReady: onRun((run) => run.reversal.undoReady()),
  recordCompensation: about(['compensation.settled'], (run, event) => run.reversal.record(event)),
  stopCompensation: onRun((run) => run.reversal.stop()),
  collectOutputs: onRun(collectOutputs),
  publishStart: onRun((run, context) => run.publishRun(context, 'workflow_started')),
  publishEnd: onRun((run, context) =>
    run.publishRun(context, context.cause === 'completed' ? 'workflow_completed' : 'workflow_error'),
  ),
})
