// How a run that did not complete is told to whoever asked for an error (`onIncomplete: 'reject'`). Nothing is decided here.
import { SagachartError } from '../../errors.ts'
import type { RunReport } from './step-records.ts'

/** The error of a workflow with `onIncomplete: 'reject'` whose run did not complete. */
export class RunNotCompletedError<
  TOutputs = Record<string, unknown>,
  TSteps = Record<string, unknown>,
> extends SagachartError {
  declare readonly code: 'RUN_NOT_COMPLETED'
  /** What became of the run. */
  readonly report: RunReport<TOutputs, TSteps>

  constructor(report: RunReport<TOutputs, TSteps>) {
    const { workflow, status, error } = report
    const place = error?.step === undefined ? '' : ` at step "${error.step}"`
    const reason = error === null ? '' : `: ${error.message}`
    super('RUN_NOT_COMPLETED', `Workflow "${workflow}" did not complete, it is ${status}${place}${reason}`)
    this.name = 'RunNotCompletedError'
    this.report = report
  }
}
