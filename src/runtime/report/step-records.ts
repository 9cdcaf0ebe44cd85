// What a run leaves behind, read off its flat arrays when someone asks.
import { hasStandIn } from '../../kernel/effects.ts'
import { statusOf } from '../../kernel/graph.ts'
import type {
  CompensationStatus,
  Failure,
  RunCause,
  RunStatus,
  StepStatus,
} from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import { suggestion } from '../../definition/diagnostic.ts'
import { SagachartError } from '../../errors.ts'
import { CONTROL_MODULE } from '../../definition/plan.ts'
import type { Inside, Kept, Ledger } from '../run/inside.ts'
import type { EventCounts } from '../environment/mailbox.ts'
import type { Run } from '../run/run.ts'
import { leftEffects } from '../run/undone.ts'

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
  /** `false` where it did not run because of how its dependencies ended. */
  readonly dependenciesSatisfied: boolean
  /** Milliseconds since the epoch; `null` where no attempt was made. */
  readonly startedAt: number | null
  /** `null` where the run was stopped before the step ended. */
  readonly finishedAt: number | null
  /** Whether the output is that of the fallback, which stood in for the step's operation. */
  readonly fallback: boolean
  /** How undoing it went; `null` where nobody tried. */
  readonly compensation: CompensationRecord | null
  /** What is inside of a control step; `null` for a step that calls an operation. */
  readonly inside: InsideRecord | null
}

/** How undoing a step went. */
export interface CompensationRecord {
  readonly status: 'compensated' | 'failed'
  readonly error: Failure | null
  /** Attempts to undo the step itself. */
  readonly attempts: number
}

/** What is inside of a control step, as of its last attempt. */
export interface InsideRecord {
  /** Lists of steps that have ended: iterations, or the one list that ran. */
  readonly ended: number
  /** The first 100 of them, and the first 100 of the others that did not complete. */
  readonly runs: readonly {
    /** From 0; `null` where nothing is iterated. */
    readonly iteration: number | null
    readonly status: RunCause
    readonly steps: readonly StepRecord[]
  }[]
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
  /** What ended the run; its `status` also says what became of its compensation. */
  readonly cause: RunCause
  readonly compensation: CompensationStatus
  /**
   * Steps, by address, whose effects happened and are left, though they are no part of the result or were to be undone. Named
   * are operations that are declared `once` or `idempotent`, and undeclared ones that something undoes.
   */
  readonly undone: readonly string[]
  /** The same of effects that may have happened: nothing was heard of them, or too late to undo them. */
  readonly possiblyDone: readonly string[]
  /** Whether something stands in for what a step should have given. */
  readonly degraded: boolean
  /** Cancellations that came while the run was being undone. */
  readonly cancellationsIgnored: number
  /** Modules that could not be cleaned up. */
  readonly cleanupIssues: readonly Failure[]
  /** Events that reached no step, of all that the run shares its bus with. */
  readonly events: EventCounts
  /** 0, unless a lease was lost. */
  readonly leasesOpen: number
  /** Events that handlers asked for and were not told of, as too many waited; below an integration 0: its result tells. */
  readonly eventsDropped: number
  readonly counts: Readonly<Record<StepStatus, number>>
  /** Attempts of operations, those inside of control steps included. */
  readonly attempts: number
  readonly failedAttempts: number
  /** Modules whose operations were called. */
  readonly modules: readonly string[]
  readonly #ledger: Ledger

  constructor(run: Run, ended: WorkflowMachineOutput) {
    const { status, cause, failure, output, compensation, extent, cleanupIssues, cancellationsIgnored } =
      ended
    const { undone, possiblyDone } = leftEffects(run, extent ?? 'surplus')
    this.runId = run.runId
    this.workflow = run.options.plan.workflow.name
    this.status = status
    this.outputs = output as TOutputs | null
    this.error = failure
    this.startedAt = run.startedAt
    this.finishedAt = run.session.time
    this.cause = cause
    this.compensation = compensation
    this.undone = undone
    this.possiblyDone = possiblyDone
    this.degraded = run.state.isDegraded
    this.cancellationsIgnored = cancellationsIgnored
    this.cleanupIssues = cleanupIssues
    this.attempts = run.state.counters.attempts
    this.failedAttempts = run.state.counters.failedAttempts
    this.modules = [...run.state.counters.modules]
    this.events = run.scope.mailbox.counts
    this.leasesOpen = run.scope.leasesOpenOf(run.path)
    this.eventsDropped = run.options.ownsScope ? (run.scope.busContext?.counters.dropped ?? 0) : 0
    this.counts = { ...run.graph.counts }
    this.#ledger = run.ledger
  }

  /** Every step, in declared order. Made anew at each call: keep it if you need it twice. */
  get steps(): readonly StepRecord[] {
    return recordsOf(this.#ledger)
  }

  /**
   * One step, by name.
   * @throws STEP_UNKNOWN where the workflow has no step of that name
   */
  step<TName extends keyof TSteps & string>(name: TName): StepRecord<TSteps[TName]> {
    const { indexOf, workflow } = this.#ledger.plan
    const index = indexOf.get(name)
    if (index !== undefined) return recordOf(this.#ledger, index) as StepRecord<TSteps[TName]>
    const remedy = suggestion(name, [...indexOf.keys()], 'name a step that it has')
    throw new SagachartError('STEP_UNKNOWN', `Workflow "${workflow.name}" has no step "${name}"; ${remedy}`)
  }

  toJSON(): object {
    return Object.assign({}, this, { steps: this.steps })
  }
}

/** The output of a run that completed. */
export type CompletedReport<TOutputs = Record<string, unknown>, TSteps = Record<string, unknown>> = RunReport<
  TOutputs,
  TSteps
> & { readonly status: 'completed'; readonly outputs: TOutputs; readonly error: null }

const recordsOf = (ledger: Ledger) => ledger.plan.workflow.steps.map((_, index) => recordOf(ledger, index))

function recordOf(ledger: Ledger, index: number): StepRecord {
  const { plan, graph, effects, inside, compensations } = ledger
  const { name, call, control } = plan.workflow.steps[index]!
  const undone = compensations.get(index)
  return {
    name,
    module: call?.module ?? CONTROL_MODULE,
    operation: call?.operation ?? control!.kind,
    status: statusOf(graph, index) ?? 'cancelled',
    output: effects.unneeded.has(index) ? null : graph.outputs[index],
    error: graph.failures.get(index) ?? null,
    attempts: graph.attempts[index]!,
    dependenciesSatisfied: !graph.held.has(index),
    startedAt: timeOf(graph.startedAt[index]!),
    finishedAt: timeOf(graph.finishedAt[index]!),
    fallback: hasStandIn(ledger, index),
    compensation: undone
      ? { status: undone.undone ? 'compensated' : 'failed', error: undone.failure, attempts: undone.attempts }
      : null,
    inside: control ? insideRecord(inside.get(index)) : null,
  }
}

function insideRecord(inside: Inside | undefined): InsideRecord {
  const { ended = 0, kept = [] } = inside ?? {}
  const runOf = ({ iteration, status, ledger }: Kept) => ({ iteration, status, steps: recordsOf(ledger) })
  return { ended, runs: kept.map(runOf) }
}

const timeOf = (ms: number) => (Number.isNaN(ms) ? null : ms)
