// One run: walks its graph, lets steps through its gates, records their ends. It does what the workflow's chart
// names; what the step's chart names is in step-actors.ts.
import type { ActorRef } from '../charts/actors.ts'
import type { Failure, StepOutcome, WorkflowEvent } from '../../../machines/protocol.ts'
import { failureOf, type WorkflowContext, type WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { Module, StepDefinition, WorkflowDefinition } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { acceptEffect, type EffectsState } from '../../kernel/effects.ts'
import * as graph from '../../kernel/graph.ts'
import { newRunState, type RunState } from '../../kernel/run-state.ts'
import { isQueuedToUndo } from '../../kernel/undoing.ts'
import { Conditions } from './conditions.ts'
import type { RunningTimer } from '../port/timers.ts'
import { Inside, type Ledger } from './inside.ts'
import { Reversal } from './reversal.ts'
import { RunLeases } from './run-leases.ts'
import { RunData } from '../execute/run-data.ts'
import type { Decided, Ending, Leased, RunOptions, Settled, SlotRequested } from './run-options.ts'
import type { Scope } from '../environment/scope.ts'
import type { Session } from '../journal/session.ts'
import { settlementOf, type ChildEnd } from '../charts/settlement.ts'
import { StepActors } from './step-actors.ts'
import { tell } from '../charts/tell.ts'
import type { Earlier } from '../state/revive.ts'

/** What an address is of: a step's actor, what undoes its effects, a loop, or the key of a fallback's effects. */
type PathKind = 'step' | 'compensation' | 'loop' | 'fallback' | 'fallback_compensation'

/** One run that is under way, or has ended and may have to be undone. */
export class Run {
  readonly state: RunState
  readonly path: string
  readonly session: Session
  readonly scope: Scope
  readonly options: RunOptions
  readonly data: RunData
  readonly steps: StepActors
  readonly startedAt: number
  /** Its actor; another one when it is undone after its end. */
  self: ActorRef
  /** What is kept of the runs inside of its control steps. */
  readonly inside = new Map<number, Inside>()
  /** Told, in place of whoever the run is inside of, when it is undone. */
  onUndone: ((output: WorkflowMachineOutput) => void) | null = null
  /** The way back. */
  readonly reversal: Reversal
  readonly leases: RunLeases
  readonly conditions: Conditions
  timer: RunningTimer | null = null

  /** @param earlier Given for a run that has lived before. */
  constructor(self: ActorRef, session: Session, scope: Scope, options: RunOptions, earlier?: Earlier) {
    this.self = self
    this.session = session
    this.scope = scope
    this.options = options
    const { runId, within } = options
    this.path = within ? `run/${runId}/steps/${within.address}` : `run/${runId}`
    this.startedAt = earlier?.startedAt ?? session.time
    this.state = earlier?.state ?? newRunState(options.plan, this.path, options.within?.before)
    this.data = new RunData(this)
    this.leases = new RunLeases(this)
    this.steps = new StepActors(this)
    this.reversal = new Reversal(this)
    this.conditions = new Conditions(this)
  }

  get graph(): graph.GraphState {
    return this.state.graph
  }

  get effects(): EffectsState {
    return this.state.effects
  }

  get runId(): string {
    return this.options.runId
  }

  get plan(): Plan {
    return this.options.plan
  }

  get workflow(): WorkflowDefinition {
    return this.plan.workflow
  }

  get modules(): ReadonlyMap<string, Module> {
    return this.options.modules
  }

  stepAt(index: number): StepDefinition {
    return this.workflow.steps[index]!
  }

  /** A step's address in the run that holds all: `outer/inner`, `scan[3]/fetch`. */
  addressOf(index: number): string {
    const { name } = this.stepAt(index)
    return this.options.within ? `${this.options.within.address}/${name}` : name
  }

  /** The address of a step's actor, or of one that belongs to it. */
  pathOf(index: number, kind: PathKind = 'step'): string {
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
    const { undoing } = this.state.compensation
    const isQueued = this.steps.isQueued(index)
    return isQueued ?? (undoing ? isQueuedToUndo(undoing, index) : graph.isQueued(this.graph, index))
  }

  /** What is to be read of the run once it has ended. */
  get ledger(): Ledger {
    const { plan, graph, effects, inside, state } = this
    return { plan, graph, effects, inside, compensations: state.compensation.compensations }
  }

  /** What is kept of the runs inside of a control step. */
  insideOf(index: number): Inside {
    const kept = this.inside.get(index) ?? new Inside()
    this.inside.set(index, kept)
    return kept
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
    this.leases.await(index)
    this.leases.ask()
  }

  /** @returns the event's id, `null` where there is no bus */
  publish(type: string, source: string, data: unknown): string | null {
    return this.scope.publish(type, source, data, this.runId)
  }

  /** A run inside of one of the control steps. */
  child(self: ActorRef, options: RunOptions, earlier?: Earlier): Run {
    return new Run(self, this.session, this.scope, options, earlier)
  }

  /** Makes the run known under its actor: when it starts, and once more when another one is to undo it. */
  attach(self: ActorRef): void {
    this.self = self
    this.session.actors.set(this.path, self)
    this.session.runs.set(this.path, this)
  }

  /** Asks the run's own actor to end in order. */
  cancel(force: boolean): void {
    const { within } = this.options
    tell(within?.run.self ?? this.self, this.self, { type: 'run.cancel', force })
  }

  /** A child's end as the run's chart knows it; `null` where the chart need not know. */
  settlementOf(child: ChildEnd): WorkflowEvent | null {
    return settlementOf(this, child)
  }

  /** Its actor has ended. */
  finish(output: WorkflowMachineOutput): void {
    if (this.onUndone) this.onUndone(output)
    else this.options.within?.ended(this, output)
  }

  /** The run ends before its steps do. */
  abandonAll(stop: (child: ActorRef) => void): void {
    this.stopRunTimer()
    this.leases.releaseWhere(() => true)
    this.conditions.takeAllBack()
    this.steps.abandonAll(stop)
    this.reversal.abandon(stop)
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
    if (timeoutMs !== null) this.limit('run.timedOut', timeoutMs)
  }

  stopRunTimer(): void {
    if (this.timer) this.session.cancelTimer(this.timer)
    this.timer = null
  }

  openSteps(): void {
    graph.openGraph(this.graph)
  }

  startReady(): void {
    if (!this.isOpen) return
    for (let batch = graph.takeReady(this.graph); batch.length > 0; batch = graph.takeReady(this.graph)) {
      for (const index of batch) if (this.isOpen) this.passGate(index)
    }
    if (!this.isOpen) return
    this.leases.ask()
    this.steps.fillSlots()
    this.announceEnd()
  }

  recordStep({ step }: Settled): void {
    if (!this.steps.remove(step.index, step)) return
    this.state.isDegraded ||= step.degraded
    graph.settle(this.plan, this.graph, step.index, step, this.session.time)
    if (step.status === 'success') acceptEffect(this, step.index, step.target, this.options.waitFor)
    if (this.isOpen) this.reversal.undoSurplus(step)
    this.announceEnd()
  }

  queueStep({ index }: SlotRequested): void {
    if (this.steps.has(index)) this.enqueue(index)
  }

  recordLease(event: Leased): void {
    if (event.type === 'lease.granted') {
      const index = this.leases.granted(event.lease, event.pool)
      if (index === null) return
      if (this.workflow.parallel) this.steps.awaitSlot(index)
      else this.admit(index)
      return
    }
    const index = this.leases.holderOf(event.lease)
    if (index === undefined) return
    if (event.type === 'lease.lost' && this.steps.loseLease(index, event.failure)) return
    this.leases.release(event.lease)
    this.deny(index, event.failure)
  }

  recordDecision({ step, value, failure }: Decided): void {
    const index = this.plan.indexOf.get(step)!
    if (this.graph.state[index] === graph.CHECKING) this.conditions.decide(index, value, failure)
    else this.steps.decide(index, value, failure)
  }

  cancelSteps(): void {
    if (this.isOpen) this.state.phase = 'closed'
    this.leases.releaseWhere((index) => !this.steps.has(index))
    for (let index = 0; index < this.options.plan.size; index++) {
      if (!this.steps.has(index)) this.settle(index, 'cancelled')
    }
    graph.takeReady(this.graph)
    this.steps.cancelAll({ type: 'step.cancel' })
    this.announceEnd()
  }

  forceSteps(): void {
    this.steps.cancelAll({ type: 'step.cancel', force: true })
    this.reversal.stopBeside()
  }

  /** Cancels one step, with all that is inside of it; those that depend on it are cancelled, too. */
  cancelStep(index: number, force: boolean): void {
    if (this.state.compensation.undoing) return
    if (this.steps.has(index)) this.steps.cancel(index, { type: 'step.cancel', force })
    else {
      this.leases.releaseWhere((each) => each === index)
      this.settle(index, 'cancelled')
      if (this.options.within) this.startReady()
    }
  }

  /** Tells the runs around this one, as far as their verdicts are one, that it ends them. */
  haltAround(event: Ending): void {
    const { within } = this.options
    if (!within?.isOpen) return
    const { failure, verdict } = 'step' in event ? { ...event.step, failure: failureOf(event) } : event
    if (verdict === 'fail_workflow' || verdict === 'compensate')
      within.run.tellSelf({ type: 'run.halt', failure, verdict })
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

  /** Starts the limit of what the run does now. */
  limit(type: 'run.timedOut' | 'compensation.timedOut', delayMs: number): void {
    this.timer = this.session.startTimer(this.path, { type }, delayMs)
  }

  private passGate(index: number): void {
    if (!graph.isPending(this.graph, index)) return
    const gate = graph.judgeGate(this.plan, this.graph, index)
    if (gate.way === 'open') this.checkCondition(index)
    else this.settle(index, gate.way, 'failure' in gate ? gate.failure : null)
  }

  private checkCondition(index: number): void {
    if (this.stepAt(index).when === null) this.enqueue(index)
    else {
      graph.advance(this.graph, index, graph.CHECKING)
      this.conditions.check(index)
    }
  }

  /** What a step's `when` came to. */
  passCondition(index: number, holds: boolean): void {
    if (holds) this.enqueue(index)
    else this.settle(index, 'skipped')
  }

  private enqueue(index: number): void {
    if (this.steps.has(index)) this.steps.queue(index)
    else if (!this.state.compensation.undoing) graph.advance(this.graph, index, graph.QUEUED)
    this.passGates(index)
  }

  /** Lets a step wait for what it needs: leases, then a slot. */
  passGates(index: number): void {
    const { control, resources } = this.stepAt(index)
    if (this.workflow.parallel && control?.kind === 'wait') this.admit(index)
    else if (this.workflow.parallel && resources.length > 0) this.leases.await(index)
    else this.steps.awaitSlot(index)
  }

  private admit(index: number): void {
    this.reversal.begin(index)
    this.steps.admit(index)
  }

  /** A step meets a failure before its first attempt, or between two. */
  deny(index: number, failure: Failure): void {
    this.reversal.begin(index)
    this.steps.deny(index, failure)
  }

  /** What goes first among those that may: a higher number does. On the way back, what ended last. */
  precedence(index: number): number {
    return this.state.compensation.undoing ? this.graph.order[index]! : this.stepAt(index).priority
  }

  /** Ends a step that never had an actor. */
  private settle(index: number, status: StepOutcome, failure: Failure | null = null): void {
    const settlement = { status, output: null, failure, attempts: 0 }
    this.conditions.takeBack(index)
    this.steps.returnSlot(index)
    if (!graph.settle(this.plan, this.graph, index, settlement, this.session.time)) return
    // Where successes are counted, nothing more starts once there can't be enough.
    if (this.options.waitFor !== 'all') this.announceEnd()
    if (status !== 'failed' && status !== 'skipped') return
    const about = { attempts: 0, dependencies_satisfied: !this.graph.held.has(index) }
    const data = { ...this.options.plan.titles[index], ...about, ...(failure && { error: failure }) }
    this.publish(`step_${status}`, this.pathOf(index), data)
  }

  /** Sends its own chart an event. */
  tellSelf(event: WorkflowEvent): void {
    tell(this.self, this.self, event)
  }

  /** Whether steps may start. */
  private get isOpen(): boolean {
    return this.state.phase === 'open'
  }

  /** Says that every step is final or, where successes are counted, that there are enough or can't be any more. */
  private announceEnd(): void {
    const { state, options } = this
    if (state.phase === 'final') return
    const { waitFor } = options
    const isCounting = waitFor !== 'all' && this.isOpen
    const event = isCounting ? graph.quorumOf(this.graph, waitFor) : graph.endingOf(this.graph)
    if (event === null) return
    state.phase = isCounting ? 'closed' : 'final'
    this.tellSelf(
      event.type === 'steps.finished' ? { ...event, surplus: state.compensation.hadSurplus } : event,
    )
  }
}
