// Where the steps of a run are, in the context of its snapshots: read off the run when someone asks. Not what its chart knows,
// which stays as it is: no name is added that could be listed, so that copies, inspectors and journals write no more than before.
// Invariant: a run whose progress nobody reads pays nothing for it.
import { openCounts, openStatusOf, statusOf, type OpenStatus } from '../../kernel/graph.ts'
import type { Failure, StepStatus } from '../../../machines/protocol.ts'
import type { WorkflowContext } from '../../../machines/workflow.ts'
import type { Plan } from '../../definition/plan.ts'
import type { Run } from '../run/run.ts'
import { INSPECT, outputOf, timeOf, type RunReport } from './step-records.ts'

/**
 * How a step stands: `pending` waits for its dependencies or its `when`, `waiting` for a slot or resources, `running` is from
 * its first attempt to its end, pauses between attempts included. The others are as in a report.
 */
export type ProgressStatus = StepStatus | OpenStatus

/** Where a step is. */
export interface StepProgress<TOutput = unknown> {
  readonly status: ProgressStatus
  /** So far, the one under way included. */
  readonly attempts: number
  /** Milliseconds since the epoch; `null` where no attempt was made yet. */
  readonly startedAt: number | null
  /** `null` as long as it has not ended. */
  readonly finishedAt: number | null
  /** `null` unless the step has succeeded. */
  readonly output: TOutput | null
  /** Why it failed, once it has. */
  readonly error: Failure | null
}

/**
 * What the snapshots of a run tell of it. `steps` and `counts` show the present: all snapshots of one run share one state, also
 * older ones that someone kept.
 */
export interface RunContext<TSteps = Record<string, unknown>> {
  readonly runId: string
  /** By name. */
  readonly steps: { readonly [TName in keyof TSteps]: StepProgress<TSteps[TName]> }
  /** How many steps stand so. */
  readonly counts: Readonly<Record<ProgressStatus, number>>
}

/** The seat of an actor: it is empty until the actor starts. */
interface Seat {
  readonly seated: Run | null
}

/** Where a context, and a view of steps, keeps what it reads. */
const SHOWN: unique symbol = Symbol('progress')

/** The progress of one run. */
export class Progress {
  private readonly plan: Plan
  private readonly seat: Seat
  /** Of a run that ended in an earlier life. */
  private readonly report: Partial<RunReport> | null
  private view: RunContext['steps'] | null = null

  constructor(plan: Plan, seat: Seat, report: Partial<RunReport> | null = null) {
    this.plan = plan
    this.seat = seat
    this.report = report
  }

  get steps(): RunContext['steps'] {
    return (this.view ??= viewOf(this.plan, this))
  }

  get counts(): RunContext['counts'] {
    const { seated } = this.seat
    if (seated) return { ...openCounts(seated.graph), ...seated.graph.counts }
    const pending = this.report ? 0 : this.plan.size
    return { ...NONE, pending, ...this.report?.counts }
  }

  at(index: number): StepProgress {
    const { seated } = this.seat
    return seated ? progressOf(seated, index) : this.earlier(index)
  }

  private earlier(index: number): StepProgress {
    const { name } = this.plan.workflow.steps[index]!
    const { steps = [] } = this.report ?? {}
    const record = steps[index]?.name === name ? steps[index] : steps.find((step) => step.name === name)
    if (!record) return PENDING
    const { status, attempts, startedAt, finishedAt, output, error } = record
    return { status, attempts, startedAt, finishedAt, output, error }
  }
}

/** What a view reads. */
interface View {
  readonly [SHOWN]: Progress
}

/** What is behind a context. */
class Shown {
  readonly progress: Progress
  /** The context of the chart. */
  readonly known: WorkflowContext

  constructor(progress: Progress, known: WorkflowContext) {
    this.progress = progress
    this.known = known
  }

  /** What Node prints of it in a context. */
  [INSPECT](): RunContext['counts'] {
    return this.progress.counts
  }
}

/**
 * What the chart of a run knows, and the progress of the run. Field by field, because a run makes a few of these: a copy that is
 * given a prototype afterwards takes V8 several times as long.
 */
export class ShownContext implements WorkflowContext {
  readonly runId: WorkflowContext['runId']
  readonly inputs: WorkflowContext['inputs']
  readonly failFast: WorkflowContext['failFast']
  readonly timeoutMs: WorkflowContext['timeoutMs']
  readonly onFailure: WorkflowContext['onFailure']
  readonly compensationTimeoutMs: WorkflowContext['compensationTimeoutMs']
  readonly level: WorkflowContext['level']
  readonly waitFor: WorkflowContext['waitFor']
  readonly extent: WorkflowContext['extent']
  readonly cause: WorkflowContext['cause']
  readonly failure: WorkflowContext['failure']
  readonly verdict: WorkflowContext['verdict']
  readonly compensation: WorkflowContext['compensation']
  readonly cancellationsIgnored: WorkflowContext['cancellationsIgnored']
  readonly output: WorkflowContext['output']
  readonly cleanupIssues: WorkflowContext['cleanupIssues']
  readonly [SHOWN]: Shown

  constructor(context: WorkflowContext, progress: Progress) {
    this.runId = context.runId
    this.inputs = context.inputs
    this.failFast = context.failFast
    this.timeoutMs = context.timeoutMs
    this.onFailure = context.onFailure
    this.compensationTimeoutMs = context.compensationTimeoutMs
    this.level = context.level
    this.waitFor = context.waitFor
    this.extent = context.extent
    this.cause = context.cause
    this.failure = context.failure
    this.verdict = context.verdict
    this.compensation = context.compensation
    this.cancellationsIgnored = context.cancellationsIgnored
    this.output = context.output
    this.cleanupIssues = context.cleanupIssues
    this[SHOWN] = new Shown(progress, context)
  }

  get steps(): RunContext['steps'] {
    return this[SHOWN].progress.steps
  }

  get counts(): RunContext['counts'] {
    return this[SHOWN].progress.counts
  }
}

/** What is behind a context; nothing, where it is not of an actor of a run. */
export const shownIn = (context: object): Shown | undefined => (context as Partial<ShownContext>)[SHOWN]

const NONE: RunContext['counts'] = {
  pending: 0,
  waiting: 0,
  running: 0,
  success: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  compensated: 0,
  compensation_failed: 0,
}

const PENDING: StepProgress = {
  status: 'pending',
  attempts: 0,
  startedAt: null,
  finishedAt: null,
  output: null,
  error: null,
}

function progressOf(run: Run, index: number): StepProgress {
  const { graph } = run
  const status = statusOf(graph, index) ?? openStatusOf(graph, index)
  return {
    status,
    attempts: status === 'running' ? attemptOf(run, index) : graph.attempts[index]!,
    startedAt: timeOf(graph.startedAt[index]!),
    finishedAt: timeOf(graph.finishedAt[index]!),
    output: outputOf(run, index),
    error: graph.failures.get(index) ?? null,
  }
}

/** The number of the attempt that a step's actor is at. */
function attemptOf(run: Run, index: number): number {
  const snapshot = run.session.actors.get(run.pathOf(index))?.getSnapshot() as
    { readonly context: { readonly attempt: number } } | undefined
  return snapshot?.context.attempt ?? 0
}

/** For each plan whose progress was asked for: a getter for each step, which every view of a run shares. */
const getters = new WeakMap<Plan, PropertyDescriptorMap>()

/** A view is an object of its steps: it has their names as keys, and can be spread, cloned and written as JSON. */
function viewOf(plan: Plan, progress: Progress): RunContext['steps'] {
  const known = getters.get(plan) ?? gettersOf(plan)
  getters.set(plan, known)
  const view: object = Object.create(null, known)
  return Object.defineProperty(view, SHOWN, { value: progress }) as RunContext['steps']
}

function gettersOf({ workflow }: Plan): PropertyDescriptorMap {
  const getter = (index: number): PropertyDescriptor => ({
    enumerable: true,
    get(this: View) {
      return this[SHOWN].at(index)
    },
  })
  const entries = workflow.steps.map(({ name }, index) => [name, getter(index)] as const)
  const shown: PropertyDescriptor = {
    value(this: object) {
      return { ...this }
    },
  }
  return Object.assign(Object.fromEntries(entries), { [INSPECT]: shown })
}
