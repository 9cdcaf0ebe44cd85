// What a run leaves behind, read off its flat arrays when someone asks.
import type { Failure, RunStatus, StepStatus } from '../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../machines/workflow.ts'
import { suggestion } from '../definition/diagnostic.ts'
import { SagachartError } from '../errors.ts'
import type { Execution } from './execution.ts'
import type { Run } from './run.ts'

/** How one step fared. */
export interface StepRecord<TOutput = unknown> {
  readonly name: string
  readonly module: string
  readonly operation: string
  readonly status: StepStatus
  /** `null` unless the step succeeded. */
  readonly output: TOutput | null
  readonly error: Failure | null
  readonly attempts: number
  /** Milliseconds since the epoch; `null` where no attempt was made. */
  readonly startedAt: number | null
  /** `null` where the run was stopped before the step ended. */
  readonly finishedAt: number | null
}

/** The output of a run. */
export class RunReport<TOutputs = Record<string, unknown>, out TSteps = Record<string, unknown>> {
  readonly runId: string
  readonly workflow: string
  readonly status: RunStatus
  /** The workflow's own outputs; `null` unless it completed. */
  readonly outputs: TOutputs | null
  /** Why the run did not complete. */
  readonly error: Failure | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number
  /** Modules that could not be cleaned up. */
  readonly cleanupIssues: readonly Failure[]
  /** 0, unless a lease was lost. */
  readonly leasesOpen: number
  readonly counts: Readonly<Record<StepStatus, number>>
  readonly #execution: Execution

  constructor(run: Run, { status, failure, output, cleanupIssues }: WorkflowMachineOutput) {
    this.runId = run.runId
    this.workflow = run.options.plan.workflow.name
    this.status = status
    this.outputs = output as TOutputs | null
    this.error = failure
    this.startedAt = run.startedAt
    this.finishedAt = run.session.time
    this.cleanupIssues = cleanupIssues
    this.leasesOpen = run.scope.leasesOpenOf(run.path)
    this.counts = { ...run.execution.counts }
    this.#execution = run.execution
  }

  /** Every step, in declared order. Made anew at each call: keep it if you need it twice. */
  get steps(): readonly StepRecord[] {
    return this.#execution.plan.workflow.steps.map((_, index) => recordOf(this.#execution, index))
  }

  /**
   * One step, by name.
   * @throws STEP_UNKNOWN where the workflow has no step of that name
   */
  step<TName extends keyof TSteps & string>(name: TName): StepRecord<TSteps[TName]> {
    const { indexOf, workflow } = this.#execution.plan
    const index = indexOf.get(name)
    if (index !== undefined) return recordOf(this.#execution, index) as StepRecord<TSteps[TName]>
    const remedy = suggestion(name, [...indexOf.keys()], 'name a step that it has')
    throw new SagachartError('STEP_UNKNOWN', `Workflow "${workflow.name}" has no step "${name}"; ${remedy}`)
  }

  toJSON(): object {
    return Object.assign({}, this, { steps: this.steps })
  }
}

function recordOf(execution: Execution, index: number): StepRecord {
  const { name, call, control } = execution.plan.workflow.steps[index]!
  return {
    name,
    module: call?.module ?? '',
    operation: call?.operation ?? control!.kind,
    status: execution.statusOf(index) ?? 'cancelled',
    output: execution.outputs[index],
    error: execution.failures.get(index) ?? null,
    attempts: execution.attempts[index]!,
    startedAt: timeOf(execution.startedAt[index]!),
    finishedAt: timeOf(execution.finishedAt[index]!),
  }
}

const timeOf = (ms: number) => (Number.isNaN(ms) ? null : ms)
