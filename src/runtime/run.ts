// One run: walks its graph, lets steps through its gates, records their ends. It does what the workflow's chart
// names; what the step's chart names is in step-actors.ts.
import type { AnyActorRef } from 'xstate'
import type { CompensationOutput, Failure, StepOutcome, WorkflowEvent } from '../../machines/protocol.ts'
import type { WorkflowContext, WorkflowMachineOutput } from '../../machines/workflow.ts'
import type { Computed, DataScope, Module, StepDefinition, WorkflowDefinition } from '../definition/model.ts'
import type { Plan } from '../definition/plan.ts'
import { locate, type Place } from './addresses.ts'
import { Execution, type Gate } from './execution.ts'
import { toFailure } from './failure.ts'
import { LeaseGates } from './gates.ts'
import type { InboundEvent, TimerHandle } from './host.ts'
import { Inside, type Ledger } from './inside.ts'
import { toJson } from './json.ts'
import { dataScope, type RunData } from './run-data.ts'
import type { Scope } from './scope.ts'
import type { Session } from './session.ts'
import { StepActors } from './step-actors.ts'
import { tell } from './tell.ts'
import { Undoing } from './undoing.ts'
import { Tally } from './tally.ts'

export interface RunOptions {
  readonly runId: string
  readonly plan: Plan
  readonly modules: ReadonlyMap<string, Module>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /** The scenario that the run belongs to. */
  readonly scenario: string
  /** Whether modules, pools and bus belong to this run alone. */
  readonly ownsScope: boolean
  /** The control step that the run is inside of; `null` for one that stands alone, or below an integration. */
  readonly within: Within | null
  /** Successes that are waited for. */
  readonly waitFor: 'all' | number
}

/** Where a run is inside of another one. */
export interface Within {
  readonly run: Run
  /** The control step's place in that run's plan. */
  readonly index: number
  /** The address in the run that holds all: `outer`, `outer/inner`, `scan[3]`. */
  readonly address: string
  /** Whether the steps see what the control step sees; a scenario of its own sees nothing of it. */
  readonly isOpen: boolean
  /** What an iteration sees beside it. */
  readonly iteration: Pick<DataScope, 'item' | 'index'> | null
  /** Branches that were not taken: their steps count as skipped. */
  readonly absent: readonly Plan[]
  /** Makes the output; `null`: an object by name. */
  readonly output: Computed | null
  /** Told once, when the run has ended. */
  ended(run: Run, output: WorkflowMachineOutput): void
}

/** A step has ended. */
export type Settled = Extract<WorkflowEvent, { type: 'step.settled' }>
/** A pool has answered. */
export type Leased = Extract<WorkflowEvent, { type: 'lease.granted' | 'lease.denied' }>
/** A condition has been answered. */
export type Decided = Extract<WorkflowEvent, { type: 'decision.made' }>
/** One step is to end. */
export type CancelStep = Extract<WorkflowEvent, { type: 'run.cancelStep' }>
/** Undoing a step has ended. */
export type Compensated = Extract<WorkflowEvent, { type: 'compensation.settled' }>
/** A verdict inside ends the run. */
export type Ending = Extract<WorkflowEvent, { type: 'step.settled' | 'run.halt' }>

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
  /** Its actor; another one when it is undone after its end. */
  self: AnyActorRef
  /** What is kept of the runs inside of its control steps. */
  readonly inside = new Map<number, Inside>()
  readonly compensations = new Map<number, CompensationOutput>()
  readonly tally = new Tally()
  /** Whether something stands in for what a step should have given. */
  isDegraded = false
  /** Told, in place of whoever the run is inside of, when it is undone. */
  onUndone: ((output: WorkflowMachineOutput) => void) | null = null
  /** The bookkeeping of the way back, once there is one. */
  undoing: Undoing | null = null
  private readonly gates: LeaseGates
  private timer: TimerHandle | null = null
  private ended = false
  private isBack = false
  private isDecided = false
  private owed = 0

  constructor(self: AnyActorRef, session: Session, scope: Scope, options: RunOptions) {
    this.self = self
    this.session = session
    this.scope = scope
    this.options = options
    this.path = options.within
      ? `run/${options.runId}/steps/${options.within.address}`
      : `run/${options.runId}`
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

  /** A step's address in the run that holds all: `outer/inner`, `scan[3]/fetch`. */
  addressOf(index: number): string {
    const { within } = this.options
    const { name } = this.stepAt(index)
    return within ? `${within.address}/${name}` : name
  }

  /** The address of a step's actor, or of one that belongs to it. */
  pathOf(index: number, kind: 'step' | 'compensation' | 'loop' = 'step'): string {
    return `run/${this.options.runId}/${kind}/${this.addressOf(index)}`
  }

  /** The step whose actor has this address. */
  indexOfPath(path: string): number | undefined {
    const index = this.options.plan.indexOf.get(path.slice(path.lastIndexOf('/') + 1))
    return index !== undefined && (this.pathOf(index) === path || this.pathOf(index, 'compensation') === path)
      ? index
      : undefined
  }

  /** Whether a step waits at the gates. */
  isWaiting(index: number): boolean {
    return this.steps.isQueued(index) ?? (this.undoing ?? this.execution).isQueued(index)
  }

  /** What is to be read of the run once it has ended. */
  get ledger(): Ledger {
    return { execution: this.execution, inside: this.inside, compensations: this.compensations }
  }

  /** What is kept of the runs inside of a control step. */
  insideOf(index: number): Inside {
    const kept = this.inside.get(index) ?? new Inside()
    this.inside.set(index, kept)
    return kept
  }

  /** Whether there is anything of a step to undo. */
  isOwed(index: number): boolean {
    return this.owesItself(index) || (this.inside.get(index)?.owed.length ?? 0) > 0
  }

  /** Whether a step is to be undone, whatever is inside of it. */
  owesItself(index: number): boolean {
    const { compensate } = this.stepAt(index)
    if (compensate === null) return false
    return (
      this.execution.hasSucceeded(index) ||
      (compensate.on === 'attempt' && this.execution.attempts[index]! > 0)
    )
  }

  /** Whether anything in the run is to be undone, and nobody has begun to. */
  get owesAnything(): boolean {
    return this.undoing === null && this.owed > 0
  }

  /**
   * The step has a slot. Where steps run one at a time, a slot is held through retries, so leases come after it:
   * a step that held leases while it waited for the slot would wait for the one that waits for the leases.
   */
  passSlot(index: number): void {
    if (this.workflow.parallel || this.stepAt(index).resources.length === 0) {
      this.admit(index)
      return
    }
    this.awaitLeases(index)
    this.gates.forward(this)
  }

  /** @returns the event's id, `null` where there is no bus */
  publish(type: string, source: string, data: unknown): string | null {
    return this.scope.publish(type, source, data, this.runId)
  }

  /** A run inside of one of the control steps. */
  child(self: AnyActorRef, options: RunOptions): Run {
    return new Run(self, this.session, this.scope, options)
  }

  /** The run has ended, and another actor is to undo it. */
  turnBack(self: AnyActorRef): void {
    this.self = self
    this.session.actors.set(this.path, self)
    this.session.runs.set(this.path, this)
  }

  /** Asks the run's own actor to end in order. */
  cancel(force: boolean): void {
    const { within } = this.options
    if (this.self.getSnapshot().status !== 'active') return
    this.session.send(this.self, { type: 'run.cancel', force } as InboundEvent, within?.run.self ?? this.self)
  }

  /** Its actor has ended. */
  finish(output: WorkflowMachineOutput): void {
    const { onUndone } = this
    if (onUndone) onUndone(output)
    else this.options.within?.ended(this, output)
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
    const { call } = this.stepAt(step.index)
    if (call) this.tally.count(call.module, step)
    this.isDegraded ||= step.degraded
    this.execution.settle(step.index, step, this.session.time)
    if (this.isOwed(step.index)) this.owed++
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
      else this.admit(index)
    } else {
      const index = this.gates.release(event.lease)
      if (index !== undefined) this.deny(index, event.failure)
    }
  }

  recordDecision({ index, value, failure }: Decided): void {
    if (!this.execution.isChecking(index)) this.steps.decide(index, value, failure)
    else if (failure) this.deny(index, failure)
    else this.passCondition(index, Boolean(value))
  }

  cancelSteps(): void {
    this.gates.releaseWhere((index) => !this.steps.has(index))
    for (let index = 0; index < this.options.plan.size; index++) {
      if (!this.steps.has(index)) this.settle(index, 'cancelled')
    }
    this.execution.takeReady()
    this.steps.cancelAll({ type: 'step.cancel' })
    this.announceEnd()
  }

  /** Cancels one step, with all that is inside of it; those that depend on it are cancelled, too. */
  cancelStep({ step, force = false }: CancelStep): void {
    const place = locate(this, step)
    if (place) place.run.cancelAt(place, force)
    else this.session.log(this.path, `No step "${step}" is under way: nothing is cancelled`, null)
  }

  /** Cancels a step of this run, or one iteration of it. */
  cancelAt({ index, iteration }: Place, force: boolean): void {
    if (iteration !== null) this.steps.workOf(index)?.stopIteration?.(iteration)
    else if (this.steps.has(index)) this.steps.cancel(index, { type: 'step.cancel', force })
    else {
      this.gates.releaseWhere((each) => each === index)
      this.settle(index, 'cancelled')
      this.startReady()
    }
  }

  /** Nobody waits for a step any more. */
  forceSteps(): void {
    this.steps.cancelAll({ type: 'step.cancel', force: true })
  }

  /** Tells the runs around this one, as far as their verdicts are one, that it ends them. */
  haltAround({ type, ...event }: Ending): void {
    const { within } = this.options
    if (!within?.isOpen) return
    const { failure, verdict } = 'step' in event ? event.step : event
    if (verdict === 'fail_workflow' || verdict === 'compensate')
      tell(this.self, within.run.self, { type: 'run.halt', failure, verdict } as WorkflowEvent)
  }

  collectOutputs(): void {
    try {
      this.tellSelf({ type: 'outputs.collected', output: toJson(this.collect()) })
    } catch (error) {
      this.tellSelf({ type: 'outputs.failed', failure: toFailure(error, 'EXPRESSION_FAILED') })
    }
  }

  startCompensation({ entry, compensationTimeoutMs }: WorkflowContext): void {
    this.undoing = new Undoing(this.options.plan, (index) => this.isOwed(index))
    this.steps.turnBack()
    if (entry === 'undo') return
    this.timer = this.session.startTimer(this.path, { type: 'compensation.timedOut' }, compensationTimeoutMs)
  }

  undoReady(): void {
    const undoing = this.undoing!
    for (const index of undoing.takeReady()) this.passGates(index)
    this.gates.forward(this)
    this.steps.fillSlots()
    this.announceEnd()
  }

  recordCompensation({ compensation }: Compensated): void {
    const { index, undone } = compensation
    if (!this.steps.remove(index)) return
    this.keepCompensation(compensation)
    this.undoing!.settle(index, undone)
  }

  /** What nobody got to is left; what is under way is told to stop. */
  stopCompensation(): void {
    for (const index of this.undoing!.stop())
      this.keepCompensation({ index, undone: false, failure: NOT_REACHED, attempts: 0 })
    this.gates.releaseWhere((index) => !this.steps.has(index))
    this.steps.cancelAll({ type: 'compensation.stop' })
    this.announceEnd()
  }

  publishRun({ cause, failure, level, entry }: WorkflowContext, type: string): void {
    if (level === 'block' || entry === 'undo') return
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
      this.session.perform({ kind: 'decision', to: this.path, run: this.path, index, question: 'when' })
      return
    }
    try {
      this.passCondition(index, this.data.condition(when))
    } catch (error) {
      this.deny(index, { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  private passCondition(index: number, holds: boolean): void {
    if (holds) this.enqueue(index)
    else this.settle(index, 'skipped')
  }

  private enqueue(index: number): void {
    if (this.steps.has(index)) this.steps.queue(index)
    else if (!this.undoing) this.execution.markQueued(index)
    this.passGates(index)
  }

  private passGates(index: number): void {
    const { control, resources } = this.stepAt(index)
    if (this.workflow.parallel && control?.kind === 'wait') this.admit(index)
    else if (this.workflow.parallel && resources.length > 0) this.awaitLeases(index)
    else this.steps.awaitSlot(index)
  }

  private admit(index: number): void {
    if (this.undoing && !this.steps.has(index)) this.undoing.markLive(index)
    this.steps.admit(index)
  }

  private deny(index: number, failure: Failure): void {
    if (this.undoing && !this.steps.has(index)) this.undoing.markLive(index)
    this.steps.deny(index, failure)
  }

  private awaitLeases(index: number): void {
    this.gates.enqueue(index, this.stepAt(index).resources, this.precedence(index), this.session.time)
  }

  /** What goes first among those that may: a higher number does. On the way back, what ended last. */
  precedence(index: number): number {
    return this.undoing ? this.execution.order[index]! : this.stepAt(index).priority
  }

  private keepCompensation(compensation: CompensationOutput): void {
    this.compensations.set(compensation.index, compensation)
    this.execution.settleCompensation(compensation.index, compensation.undone)
  }

  /** The run's own output: what its workflow names, or an object by the names of its steps. */
  private collect(): unknown {
    const { outputs, steps } = this.workflow
    const { within } = this.options
    const names = Object.keys(outputs)
    if (within && within.output && within.isOpen) return this.data.evaluate(within.output)
    if (names.length > 0 || !within)
      return Object.fromEntries(names.map((name) => [name, this.data.evaluate(outputs[name]!)]))
    return Object.fromEntries(steps.map(({ name }, index) => [name, this.execution.outputs[index] ?? null]))
  }

  /** Ends a step that never had an actor. */
  private settle(index: number, status: StepOutcome, failure: Failure | null = null): void {
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
    if (this.undoing) {
      if (this.isBack || !this.undoing.isFinished) return
      this.isBack = true
      this.tellSelf({ type: 'compensation.finished', left: this.undoing.left })
      return
    }
    if (this.ended) return
    if (this.options.waitFor !== 'all' && !this.isDecided) this.announceQuorum(this.options.waitFor)
    else if (this.execution.isFinished) {
      this.ended = true
      this.tellSelf({ type: 'steps.finished' })
    }
  }

  /** Where successes are counted: there are enough, or there can't be any more. */
  private announceQuorum(waitFor: number): void {
    const { counts, unsuccessful, plan } = this.execution
    const fellShort = plan.size - unsuccessful < waitFor
    if (counts.success < waitFor && !fellShort) return
    this.isDecided = true
    if (counts.success >= waitFor) this.tellSelf({ type: 'steps.sufficed' })
    else this.tellSelf({ type: 'steps.fellShort', failure: tooFew(waitFor, plan.size, unsuccessful) })
  }
}

const NOT_REACHED: Failure = {
  code: 'COMPENSATION_STOPPED',
  message: 'The compensation was ended before the step was undone: undo it by hand',
}

const tooFew = (wanted: number, of: number, unsuccessful: number): Failure => ({
  code: 'TOO_FEW_SUCCEEDED',
  message: `${wanted} of ${of} steps must succeed, and ${unsuccessful} did not`,
})
