// The report of a run, as plain data: JSON, `structuredClone`, a spread and a store of state keep all of it. Not its result
// document, which result.ts makes of it. Invariant: making a report takes no time for its steps; their records are made from
// the flat arrays of the run when someone first reads them.
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
import { shown, suggestion } from '../../definition/diagnostic.ts'
import { SagachartError } from '../../errors.ts'
import { CONTROL_MODULE, type Plan } from '../../definition/plan.ts'
import type { Inside, Kept, Ledger } from '../run/inside.ts'
import type { EventCounts } from '../environment/mailbox.ts'
import type { Run } from '../run/run.ts'
import { leftEffects } from '../run/undone.ts'

/** How one step fared. */
export interface StepRecord<TOutput = unknown, TName extends string = string> {
  readonly name: TName
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

/**
 * The record of any of the steps that give these outputs. The names are mapped by `as`, so that the compiler compares two of them
 * as what they come to: otherwise it would take no report of certain steps for one of any steps.
 */
export type AnyStepRecord<TSteps> = ValueOf<{
  readonly [TName in keyof TSteps as TName & string]: StepRecord<TSteps[TName], TName & string>
}>
type ValueOf<T> = T[keyof T]

/** The output of a run: plain data. `stepOf` reads one of its steps. */
export interface RunReport<TOutputs = Record<string, unknown>, TSteps = Record<string, unknown>> {
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
  /** Every step, in declared order. */
  readonly steps: readonly AnyStepRecord<TSteps>[]
}

/** The output of a run that completed. */
export type CompletedReport<TOutputs = Record<string, unknown>, TSteps = Record<string, unknown>> = RunReport<
  TOutputs,
  TSteps
> & { readonly status: 'completed'; readonly outputs: TOutputs; readonly error: null }

/** Whatever has records of steps: a report, a copy of one, one of the `runs` inside of a control step. */
interface Recorded<TRecord> {
  /** Of a report. */
  readonly workflow?: string
  readonly steps: readonly TRecord[]
}

/** Where a report keeps its records. No copy has it, for it is neither enumerable nor data. */
const RECORDS: unique symbol = Symbol('records')

/** How an object says what Node's `inspect` and `console.log` show of it: they show no getter as what it gives. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom')

interface Original extends RunReport {
  readonly [RECORDS]: Records
}

/** The records of the steps of one run, made once. */
class Records {
  readonly indexOf: Plan['indexOf']
  private ledger: Ledger | null
  private made: readonly StepRecord[] = []

  constructor(ledger: Ledger) {
    this.indexOf = ledger.plan.indexOf
    this.ledger = ledger
  }

  get all(): readonly StepRecord[] {
    if (this.ledger) this.made = recordsOf(this.ledger)
    this.ledger = null
    return this.made
  }
}

/**
 * One getter for every report, defined on each, so that a report is a plain object. A getter of its own, as an object literal
 * makes one, would keep its run until the next full collection: V8 makes the pair that holds a getter an old object.
 */
const STEPS: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: Original) {
    return this[RECORDS].all
  },
}

/** Shows the steps, too, where Node would show a getter. */
const SHOWN: PropertyDescriptor = {
  value(this: Original) {
    return { ...this }
  },
}

/** The report of a run that has ended. */
export function reportOf(run: Run, ended: WorkflowMachineOutput): RunReport {
  const { status, cause, failure, output, compensation, extent, cleanupIssues, cancellationsIgnored } = ended
  const { undone, possiblyDone } = leftEffects(run, extent ?? 'surplus')
  const { counters } = run.state
  const report: Omit<RunReport, 'steps'> = {
    runId: run.runId,
    workflow: run.options.plan.workflow.name,
    status,
    outputs: output as Record<string, unknown> | null,
    error: failure,
    startedAt: run.startedAt,
    finishedAt: run.session.time,
    cause,
    compensation,
    undone,
    possiblyDone,
    degraded: run.state.isDegraded,
    cancellationsIgnored,
    cleanupIssues,
    attempts: counters.attempts,
    failedAttempts: counters.failedAttempts,
    modules: [...counters.modules],
    events: run.scope.mailbox.counts,
    leasesOpen: run.scope.leasesOpenOf(run.path),
    eventsDropped: run.options.ownsScope ? (run.scope.busContext?.counters.dropped ?? 0) : 0,
    counts: { ...run.graph.counts },
  }
  Object.defineProperty(report, 'steps', STEPS)
  Object.defineProperty(report, RECORDS, { value: new Records(run.ledger) })
  return Object.defineProperty(report, INSPECT, SHOWN) as RunReport
}

const isOriginal = (value: unknown): value is Original =>
  typeof value === 'object' && value !== null && RECORDS in value

/** A report without its steps, whose records are not made for that; anything else as it is. */
export function withoutSteps(value: unknown): unknown {
  if (!isOriginal(value)) return value
  const keys = Object.keys(value).filter((key) => key !== 'steps')
  return Object.fromEntries(keys.map((key) => [key, value[key as keyof RunReport]]))
}

/** Those of some records that may have a name. */
type Named<TRecord extends StepRecord, TName> = TRecord extends unknown
  ? TName extends TRecord['name']
    ? TRecord
    : never
  : never

/**
 * The record of one step of a report, by name; also of a report that was copied or read from JSON, and of the `runs` inside of
 * a control step.
 * @throws STEP_UNKNOWN where there is no step of that name
 */
export function stepOf<TRecord extends StepRecord, const TName extends TRecord['name']>(
  report: Recorded<TRecord>,
  name: TName,
): Named<TRecord, TName> {
  const { workflow, steps } = (report ?? {}) as Partial<Recorded<TRecord>>
  if (!Array.isArray(steps))
    throw new SagachartError(
      'STEP_UNKNOWN',
      `stepOf: expected a report, which has a list of steps, found ${shown(report)}; give it what a run gave`,
    )
  const at = isOriginal(report) ? report[RECORDS].indexOf.get(name) : undefined
  const found = at === undefined ? steps.find((step) => step.name === name) : steps[at]
  if (found) return found as Named<TRecord, TName>
  const place = workflow === undefined ? 'The list' : `Workflow "${workflow}"`
  const remedy = suggestion(
    name,
    steps.map((step) => step.name),
    'name a step that it has',
  )
  throw new SagachartError('STEP_UNKNOWN', `${place} has no step "${name}"; ${remedy}`)
}

const recordsOf = (ledger: Ledger) => ledger.plan.workflow.steps.map((_, index) => recordOf(ledger, index))

function recordOf(ledger: Ledger, index: number): StepRecord {
  const { plan, graph, inside, compensations } = ledger
  const { name, call, control } = plan.workflow.steps[index]!
  const undone = compensations.get(index)
  return {
    name,
    module: call?.module ?? CONTROL_MODULE,
    operation: call?.operation ?? control!.kind,
    status: statusOf(graph, index) ?? 'cancelled',
    output: outputOf(ledger, index),
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

/** What a step gave; `null` for one that has not succeeded, or whose success was one too many. */
export const outputOf = ({ effects, graph }: Pick<Ledger, 'effects' | 'graph'>, index: number) =>
  effects.unneeded.has(index) ? null : graph.outputs[index]

/** A time as a record has it. */
export const timeOf = (ms: number) => (Number.isNaN(ms) ? null : ms)
