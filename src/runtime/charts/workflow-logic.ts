// A workflow as users see it: actor logic of XState, with the types of what goes in, what comes out and what is heard. Types
// only; what runs is run-logic.ts.
import type { ActorScope, ActorSystem, ActorSystemInfo, Snapshot } from 'xstate'
import type { RunCommand } from '../../../machines/protocol.ts'
import type { OnIncomplete } from '../../definition/builder.ts'
import type { DeclaredEvent, RunEvent } from '../report/run-events.ts'
import type { RunContext } from '../report/progress.ts'
import type { CompletedReport, RunReport } from '../report/step-records.ts'

/** What a run may be given. */
export type RunInput<TInputs = Readonly<Record<string, unknown>>> = {
  /** Default: a name that the host makes. */
  readonly runId?: string
} & (Record<never, never> extends TInputs ? { readonly inputs?: TInputs } : { readonly inputs: TInputs })

/** What an actor of a workflow gives: where one that does not complete ends in an error, it has completed. */
export type ReportOf<TOutputs, TSteps, TEnd extends OnIncomplete> = TEnd extends 'report'
  ? RunReport<TOutputs, TSteps>
  : CompletedReport<TOutputs, TSteps>

/** Where a run is. */
export type WorkflowSnapshot<TReport, TSteps> = Snapshot<TReport> & { readonly context: RunContext<TSteps> }

/** What XState hands to logic beside its snapshot. That anything with a name may come in its place lets other logic stand in. */
type Scope<TReport, TEmitted extends DeclaredEvent> =
  | ActorScope<Snapshot<TReport>, RunCommand, ActorSystem<ActorSystemInfo>, RunEvent<TEmitted>>
  | { readonly id: string }

/**
 * A workflow, as users see it: plain XState actor logic. `TInputs` is what a run is given, `TSteps` the output of each step,
 * `TEmitted` what it tells of beside the library's own events. It accepts `run.cancel`, `run.cancelStep` and `run.signal`.
 *
 * Its members are methods, and say no more than XState reads off them: so `provide({ actors })` of a machine that invokes it
 * takes any logic that gives such a report, as `fromPromise(() => run(stub))` does. For the same reason two of them are
 * overloaded. XState takes the type of snapshots from the last signature, so that they have their `context`; of other logic only
 * the first one is asked, because the compiler compares overloads without their type parameters.
 */
export interface WorkflowLogic<
  TOutputs = Record<string, unknown>,
  TInputs = Record<string, unknown>,
  TSteps = Record<string, unknown>,
  TEnd extends OnIncomplete = 'report',
  TEmitted extends DeclaredEvent = never,
> {
  readonly config?: unknown
  transition(
    snapshot: Snapshot<ReportOf<TOutputs, TSteps, TEnd>>,
    event: RunCommand,
    scope: Scope<ReportOf<TOutputs, TSteps, TEnd>, TEmitted>,
  ): Snapshot<ReportOf<TOutputs, TSteps, TEnd>>
  transition<TSnapshot extends WorkflowSnapshot<ReportOf<TOutputs, TSteps, TEnd>, TSteps>>(
    snapshot: TSnapshot,
    event: RunCommand,
    scope: Scope<ReportOf<TOutputs, TSteps, TEnd>, TEmitted>,
  ): TSnapshot
  getInitialSnapshot(
    scope: Scope<ReportOf<TOutputs, TSteps, TEnd>, TEmitted>,
    input: Record<never, never> extends TInputs ? RunInput<TInputs> | undefined : RunInput<TInputs>,
  ): Snapshot<ReportOf<TOutputs, TSteps, TEnd>>
  getInitialSnapshot<TSnapshot extends WorkflowSnapshot<ReportOf<TOutputs, TSteps, TEnd>, TSteps>>(
    scope: Scope<ReportOf<TOutputs, TSteps, TEnd>, TEmitted>,
    input: Record<never, never> extends TInputs ? RunInput<TInputs> | undefined : RunInput<TInputs>,
  ): TSnapshot
  getPersistedSnapshot(
    snapshot: Snapshot<ReportOf<TOutputs, TSteps, TEnd>>,
    options?: unknown,
  ): Snapshot<unknown>
}
