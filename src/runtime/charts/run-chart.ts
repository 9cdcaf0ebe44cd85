// The orchestrator's chart for an actor that users see: its snapshots show the run's progress. Invariant: the chart itself works
// on contexts of one form, as those of steps do, for V8 copies objects of many forms in one place several times as slowly.
import type { AnyActorScope, AnyMachineSnapshot, EventObject } from 'xstate'
import type { WorkflowContext } from '../../../machines/workflow.ts'
import { shownIn, ShownContext, type Progress } from '../report/progress.ts'
import { ActorChart } from './compiled.ts'

/** The chart of a workflow, compiled. */
export class RunChart extends ActorChart {
  override transition(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: AnyActorScope,
  ): AnyMachineSnapshot {
    const shown = shownIn(snapshot.context)
    // A snapshot that someone made, as tools for graphs do.
    if (!shown) return super.transition(snapshot, event, scope)
    const next = super.transition(snapshot, event, scope, shown.known)
    if (next === snapshot) return next
    if (next.context !== shown.known) return showing(next, shown.progress)
    next.context = snapshot.context
    return next
  }
}

/** Lets the context of a snapshot that nobody has seen yet show the run's progress. */
export function showing<TSnapshot extends AnyMachineSnapshot>(
  snapshot: TSnapshot,
  progress: Progress,
): TSnapshot {
  snapshot.context = new ShownContext(snapshot.context as WorkflowContext, progress)
  return snapshot
}
