// What a run's chart knows, and what it leaves behind. Pure: the chart asks.
import type {
  CompensationExtent,
  CompensationStatus,
  Failure,
  RunCause,
  RunStatus,
  Verdict,
} from './protocol.ts'

export interface WorkflowMachineInput {
  /** Names the run among all runs of its host. */
  readonly runId: string
  /** The workflow's inputs, checked. */
  readonly inputs: Readonly<Record<string, unknown>>
  readonly failFast: boolean
  readonly timeoutMs: number | null
  /** `compensate`: the first failed step stops the run, and what succeeded is undone. */
  readonly onFailure: 'fail' | 'compensate'
  /** Limit of the compensation. */
  readonly compensationTimeoutMs: number
  /**
   * `block`: the steps inside of a control step, whose verdicts and compensation are those of the run around it. `call`: a
   * workflow that a step calls. Both are cancelled where one of their steps is; a `run` goes on without it.
   */
  readonly level: 'run' | 'call' | 'block'
  /** Successes that are waited for; `all`: every step ends, and none may fail. */
  readonly waitFor: 'all' | number
  /** `undo`: the steps of an earlier life, which has ended, are undone. Default `start`. */
  readonly entry?: 'start' | 'undo'
  /** With `undo`: how much of it. */
  readonly extent?: CompensationExtent
}

export interface WorkflowContext extends Omit<WorkflowMachineInput, 'extent'> {
  /** How much of what the run did is undone; `null` as long as nothing is. */
  readonly extent: CompensationExtent | null
  /** What ended the run: `completed` until something else is known. */
  readonly cause: RunCause
  readonly failure: Failure | null
  /** The verdict that ended the run before its steps did. */
  readonly verdict: Verdict | null
  /** What is to become, or has become, of what the run did. `forgone`: someone forced the run to end. */
  readonly compensation: CompensationStatus | 'forgone'
  /** Cancellations that came when the run was already being undone. */
  readonly cancellationsIgnored: number
  readonly output: unknown
  readonly cleanupIssues: readonly Failure[]
}

export interface WorkflowMachineOutput {
  readonly status: RunStatus
  readonly cause: RunCause
  readonly failure: Failure | null
  readonly verdict: Verdict | null
  readonly compensation: CompensationStatus
  readonly extent: CompensationExtent | null
  readonly cancellationsIgnored: number
  readonly output: unknown
  readonly cleanupIssues: readonly Failure[]
}

/** A run that has done nothing yet. */
export const beginning = (input: WorkflowMachineInput): WorkflowContext => ({
  ...input,
  extent: input.extent ?? null,
  cause: 'completed',
  failure: null,
  verdict: null,
  compensation: 'none',
  cancellationsIgnored: 0,
  output: null,
  cleanupIssues: [],
})

/** How a run ended, once it has. */
export function outcome(context: WorkflowContext): WorkflowMachineOutput {
  const { cause, failure, verdict, extent, output, cleanupIssues, cancellationsIgnored } = context
  const compensation = context.compensation === 'forgone' ? 'failed' : context.compensation
  const isUndone = cause === 'failed' && extent === 'all'
  const status = !isUndone ? cause : compensation === 'completed' ? 'compensated' : 'compensation_failed'
  const ended = { status, cause, failure, verdict } as const
  return { ...ended, compensation, extent, cancellationsIgnored, output, cleanupIssues }
}
