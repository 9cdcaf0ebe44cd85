// One run: walks its graph, lets steps through its gates, records their ends. It does what the workflow's chart
// names; what the step's chart names is in step-actors.ts.
import type { AnyActorRef } from 'xstate'
import type { Failure, StepStatus, WorkflowEvent } from '../../machines/protocol.ts'
import type { WorkflowContext } from '../../machines/workflow.ts'
import type { Module, StepDefinition, WorkflowDefinition } from '../definition/model.ts'
import type { Plan } from '../definition/plan.ts'
import { Execution, type Gate } from './execution.ts'
import { toFailure } from './failure.ts'
import { LeaseGates } from './gates.ts'
import type { TimerHandle } from './host.ts'
import { toJson } from './json.ts'
import { dataScope, type RunData } from './run-data.ts'
import type { Scope } from './scope.ts'
import type { Session } from './session.ts'
import { StepActors } from './step-actors.ts'
import { tell } from './tell.ts'

export interface RunOptions {
  readonly runId: string
  readonly plan: Plan
  readonly modules: ReadonlyMap<string, Module>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /** Whether modules, pools and bus belong to this run alone. */
  readonly ownsScope: boolean
}

/** A step has ended. */
export type Settled = Extract<WorkflowEvent, { type: 'step.settled' }>
/** A pool has answered. */
export type Leased = Extract<WorkflowEvent, { type: 'lease.granted' | 'lease.denied' }>
/** A condition has been answered. */
export type Decided = Extract<WorkflowEvent, { type: 'condition.decided' }>

/** A step asks for its next attempt. */
export type SlotRequested = Extract<WorkflowEvent, { type: 'slot.requested' }>

/** The state of one run. */
export class Run {
  readonly path: string
  readonly session: Session
  readonly scope: Scope
  readonly options: RunOptions
  readonly execution: Execution
  readonly data: RunData
  readonly steps: StepActors
  readonly startedAt: number
  readonly self: AnyActorRef
  private readonly gates: LeaseGates
  private timer: TimerHandle | null = null
  private ended = false

  constructor(self: AnyActorRef, session: Session, scope: Scope, options: RunOptions) {
    this.self = self
    this.session = session
    this.scope = scope
    this.options = options
    this.path = `run/${options.runId}`
    this.startedAt = session.time
    this.execution = new Execution(options.plan)
    this.data = dataScope(this)
    this.gates = new LeaseGates(this.path, (pool, event) => this.scope.sendToPool(self, pool, event))
    this.steps = new StepActors(this, this.gates)
    session.actors.set(this.path, self)
    session.runs.set(this.path, this)
  }

  get runId(): string {
    return this.options.runId
  }

  get workflow(): WorkflowDefinition {
    return this.options.plan.workflow
  }

  stepAt(index: number): StepDefinition {
    return this.workflow.steps[index]!
  }

  pathOf(index: number): string {
    return `${this.path}/step/${this.stepAt(index).name}`
  }

  /** The step whose actor has this address. */
  indexOfPath(path: string): number | undefined {
    const prefix = `${this.path}/step/`
    return path.startsWith(prefix) ? this.options.plan.indexOf.get(path.slice(prefix.length)) : undefined
  }

  /** Whether a step waits at the gates. */
  isWaiting(index: number): boolean {
    return this.steps.isQueued(index) ?? this.execution.isQueued(index)
  }

  /**
   * The step has a slot. Where steps run one at a time, a slot is held through retries, so leases come after it:
   * a step that held leases while it waited for the slot would wait for the one that waits for the leases.
   */
  passSlot(index: number): void {
    if (this.workflow.parallel || this.stepAt(index).resources.length === 0) {
      this.steps.admit(index)
      return
    }
    this.awaitLeases(index)
    this.gates.forward(this)
  }

  publish(type: string, source: string, data: unknown): void {
    this.scope.publish(type, source, data, this.runId)
  }

  /** The run ends before its steps do. */
  abandonAll(stop: (child: AnyActorRef) => void): void {
    this.stopRunTimer()
    this.gates.releaseWhere(() => true)
    this.steps.abandonAll(stop)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  prepareScope(): void {
    if (this.options.ownsScope) this.scope.prepare()
    else this.tellSelf({ type: 'scope.ready' })
  }

  releaseScope(): void {
    if (this.options.ownsScope) this.scope.release()
    else this.tellSelf({ type: 'scope.released', issues: [] })
  }

  startRunTimer({ timeoutMs }: WorkflowContext): void {
    if (timeoutMs === null) return
    this.timer = this.session.startTimer(this.path, { type: 'run.timedOut' }, timeoutMs)
  }

  stopRunTimer(): void {
    if (this.timer) this.session.cancelTimer(this.timer)
    this.timer = null
  }

  openSteps(): void {
    this.execution.open()
  }

  startReady(): void {
    for (let batch = this.execution.takeReady(); batch.length > 0; batch = this.execution.takeReady()) {
      for (const index of batch) this.passGate(index, this.execution.gate(index))
    }
    this.gates.forward(this)
    this.steps.fillSlots()
    this.announceEnd()
  }

  recordStep({ step }: Settled): void {
    if (!this.steps.remove(step.index)) return
    this.execution.settle(step.index, step, this.session.time)
    this.announceEnd()
  }

  queueStep({ index }: SlotRequested): void {
    if (this.steps.has(index)) this.enqueue(index)
  }

  recordLease(event: Leased): void {
    if (event.type === 'lease.granted') {
      const index = this.gates.granted(event.lease, event.pool)
      if (index === undefined) return
      if (this.workflow.parallel) this.steps.awaitSlot(index)
      else this.steps.admit(index)
    } else {
      const index = this.gates.release(event.lease)
      if (index !== undefined) this.steps.deny(index, event.failure)
    }
  }

  recordCondition({ index, holds, failure }: Decided): void {
    if (!this.execution.isChecking(index)) return
    if (failure) this.steps.deny(index, failure)
    else this.passCondition(index, holds)
  }

  cancelSteps(): void {
    this.gates.releaseWhere((index) => !this.steps.has(index))
    for (let index = 0; index < this.options.plan.size; index++) {
      if (!this.steps.has(index)) this.settle(index, 'cancelled')
    }
    this.execution.takeReady()
    this.steps.cancelAll()
    this.announceEnd()
  }

  collectOutputs(): void {
    const { outputs } = this.workflow
    try {
      const names = Object.keys(outputs)
      const output = Object.fromEntries(names.map((name) => [name, this.data.evaluate(outputs[name]!)]))
      this.tellSelf({ type: 'outputs.collected', output: toJson(output) })
    } catch (error) {
      this.tellSelf({ type: 'outputs.failed', failure: toFailure(error, 'EXPRESSION_FAILED') })
    }
  }

  publishRun({ cause, failure }: WorkflowContext, type: string): void {
    const outcome = type === 'workflow_started' ? {} : { status: cause }
    this.publish(type, this.path, {
      workflow_name: this.workflow.name,
      ...outcome,
      ...(failure && { error: failure }),
    })
  }

  // -------------------------------------------------------------------------------------------------------

  private passGate(index: number, gate: Gate): void {
    if (!this.execution.isPending(index)) return
    if (gate.way === 'open') this.checkCondition(index)
    else this.settle(index, gate.way, gate.way === 'failed' ? gate.failure : null)
  }

  private checkCondition(index: number): void {
    const { when } = this.stepAt(index)
    if (when === null) {
      this.enqueue(index)
      return
    }
    this.execution.markChecking(index)
    if (when.kind === 'function') {
      this.session.perform({ kind: 'condition', to: this.path, run: this.path, index })
      return
    }
    try {
      this.passCondition(index, this.data.condition(when))
    } catch (error) {
      this.steps.deny(index, { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  private passCondition(index: number, holds: boolean): void {
    if (holds) this.enqueue(index)
    else this.settle(index, 'skipped')
  }

  private enqueue(index: number): void {
    if (this.steps.has(index)) this.steps.queue(index)
    else this.execution.markQueued(index)
    if (this.workflow.parallel && this.stepAt(index).resources.length > 0) this.awaitLeases(index)
    else this.steps.awaitSlot(index)
  }

  private awaitLeases(index: number): void {
    const { resources, priority } = this.stepAt(index)
    this.gates.enqueue(index, resources, priority, this.session.time)
  }

  /** Ends a step that never had an actor. */
  private settle(index: number, status: StepStatus, failure: Failure | null = null): void {
    const settlement = { status, output: null, failure, attempts: 0 }
    if (!this.execution.settle(index, settlement, this.session.time)) return
    const type = status === 'failed' ? 'step_failed' : status === 'skipped' ? 'step_skipped' : null
    if (type === null) return
    const data = { ...this.options.plan.titles[index], attempts: 0, ...(failure && { error: failure }) }
    this.publish(type, this.pathOf(index), data)
  }

  private tellSelf(event: WorkflowEvent): void {
    tell(this.self, this.self, event)
  }

  private announceEnd(): void {
    if (this.ended || !this.execution.isFinished) return
    this.ended = true
    this.tellSelf({ type: 'steps.finished' })
  }
}
