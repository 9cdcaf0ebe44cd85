// One run: the step actors, their attempts, timers and gates. It does what the charts of workflow and step name.
// The step actors live outside of the parent's `children`, because spawning there copies all children each time.
// Invariant: an actor exists from the grant of its slot to its settlement; then a record is all that stays.
import { createActor, type AnyActorRef } from 'xstate'
import { backoffDelayMs } from '../../machines/backoff.ts'
import type { Failure, PoolEvent, StepEvent, StepOutput } from '../../machines/protocol.ts'
import type { StepContext } from '../../machines/step.ts'
import type { WorkflowContext, WorkflowEvent } from '../../machines/workflow.ts'
import type { Module, StepDefinition } from '../definition/model.ts'
import type { Plan } from '../definition/plan.ts'
import { boundStepMachine } from './bindings.ts'
import { CHECKING, Execution, LIVE, PENDING, QUEUED, type Gate } from './execution.ts'
import { toFailure } from './failure.ts'
import { LeaseGates } from './gates.ts'
import type { Effect, InboundEvent, TimerHandle } from './host.ts'
import { ReadyQueue } from './ready-queue.ts'
import { dataScope } from './run-data.ts'
import type { Scope } from './scope.ts'
import type { Session } from './session.ts'

/** What is kept of a step while its actor lives. */
interface Live {
  readonly actor: AnyActorRef
  effect: Extract<Effect, { kind: 'attempt' }> | null
  /** The attempt's limit, its grace or its backoff: never two of them at once. */
  timer: TimerHandle | null
  /** Ends the time for retries. */
  window: TimerHandle | null
  holdsSlot: boolean
  /** Waits at the gates for its next attempt. */
  queued: boolean
}

export interface RunOptions {
  readonly runId: string
  readonly plan: Plan
  readonly modules: ReadonlyMap<string, Module>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  /** Whether modules, pools and bus belong to this run alone. */
  readonly ownsScope: boolean
}

export class Run {
  readonly path: string
  readonly runId: string
  readonly session: Session
  readonly options: RunOptions
  readonly execution: Execution
  readonly data: ReturnType<typeof dataScope>
  readonly startedAt: number
  readonly self: AnyActorRef
  readonly scope: Scope
  private readonly live = new Map<number, Live>()
  private readonly slots = new ReadyQueue()
  private readonly gates: LeaseGates
  private freeSlots: number
  private timer: TimerHandle | null = null
  private ended = false

  constructor(self: AnyActorRef, session: Session, scope: Scope, options: RunOptions) {
    const { workflow } = options.plan
    this.self = self
    this.session = session
    this.scope = scope
    this.options = options
    this.path = `run/${options.runId}`
    this.runId = options.runId
    this.startedAt = session.time
    this.execution = new Execution(options.plan)
    this.data = dataScope(this)
    this.freeSlots = workflow.parallel ? workflow.maxConcurrency : 1
    this.gates = new LeaseGates(this.path, (pool, event) => this.sendToPool(pool, event))
    session.actors.set(this.path, self)
    session.runs.set(this.path, this)
  }

  pathOf(index: number): string {
    return `${this.path}/step/${this.stepAt(index).name}`
  }

  /** The step whose actor has this address. */
  indexOfPath(path: string): number | undefined {
    const prefix = `${this.path}/step/`
    return path.startsWith(prefix) ? this.options.plan.indexOf.get(path.slice(prefix.length)) : undefined
  }

  publish(type: string, source: string, data: unknown): void {
    this.scope.publish(type, source, data, this.runId)
  }

  /** Publishes what an operation emitted: it comes from outside, so it passes through the journal. */
  emitFromOutside(type: string, source: string, data: unknown): void {
    this.scope.emitFromOutside(type, source, this.runId, data)
  }

  stepAt(index: number): StepDefinition {
    return this.workflow.steps[index]!
  }

  // ---- what the workflow's chart names ----------------------------------------------------------------

  prepareScope(): void {
    if (this.options.ownsScope) this.scope.prepare()
    else this.self.send({ type: 'scope.ready' })
  }

  releaseScope(): void {
    if (this.options.ownsScope) this.scope.release()
    else this.self.send({ type: 'scope.released', issues: [] })
  }

  startRunTimer({ timeoutMs }: WorkflowContext): void {
    if (timeoutMs !== null)
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
    const now = this.session.time
    this.gates.forward(
      now,
      (i) => this.pathOf(i),
      (i) => this.priorityOf(i),
      (i) => this.isQueued(i),
    )
    while (this.freeSlots > 0) {
      const index = this.slots.pop(now, (i) => this.isQueued(i))
      if (index === undefined) break
      this.freeSlots--
      this.letThrough(index)
    }
    this.announceEnd()
  }

  recordStep({ step }: Extract<WorkflowEvent, { type: 'step.settled' }>): void {
    const live = this.live.get(step.index)
    if (!live) return
    this.session.actors.delete(this.pathOf(step.index))
    this.live.delete(step.index)
    if (live.window) this.session.cancelTimer(live.window)
    this.returnSlot(live)
    this.settle(step)
    this.announceEnd()
  }

  queueStep({ index }: Extract<WorkflowEvent, { type: 'slot.requested' }>): void {
    if (this.live.has(index)) this.enqueue(index)
  }

  recordLease(event: Extract<WorkflowEvent, { type: 'lease.granted' | 'lease.denied' }>): void {
    if (event.type === 'lease.granted') {
      const index = this.gates.granted(event.lease, event.pool)
      if (index !== undefined) this.enqueueForSlot(index)
      return
    }
    const index = this.gates.release(event.lease)
    if (index === undefined) return
    const live = this.live.get(index)
    if (live) {
      live.queued = false
      live.actor.send({ type: 'lease.denied', failure: event.failure })
    } else this.spawn(index, 'denied', event.failure)
  }

  recordCondition({ index, holds, failure }: Extract<WorkflowEvent, { type: 'condition.decided' }>): void {
    if (this.execution.state[index] !== CHECKING) return
    if (failure) this.spawn(index, 'denied', failure)
    else this.passCondition(index, holds)
  }

  cancelSteps(): void {
    this.gates.releaseWhere((index) => !this.live.has(index))
    for (let index = 0; index < this.options.plan.size; index++) {
      if (this.execution.isFinal(index) || this.live.has(index)) continue
      this.settle({ index, status: 'cancelled', output: null, failure: null, attempts: 0, endsRun: false })
    }
    this.execution.takeReady()
    for (const { actor } of [...this.live.values()]) actor.send({ type: 'step.cancel' })
    this.announceEnd()
  }

  collectOutputs(): void {
    const { outputs } = this.workflow
    try {
      const names = Object.keys(outputs)
      const output = Object.fromEntries(names.map((name) => [name, this.data.evaluate(outputs[name]!)]))
      this.self.send({ type: 'outputs.collected', output })
    } catch (error) {
      this.self.send({ type: 'outputs.failed', failure: toFailure(error, 'EXPRESSION_FAILED') })
    }
  }

  // ---- what a step's chart names ----------------------------------------------------------------------

  requestSlot({ index }: StepContext): void {
    this.self.send({ type: 'slot.requested', index })
  }

  withdrawRequest({ index, path }: StepContext): void {
    this.live.get(index)!.queued = false
    this.gates.release(path)
  }

  startAttempt({ index, path, attempt, target, policy }: StepContext): void {
    const live = this.live.get(index)!
    const { session } = this
    if (attempt === 1) {
      this.execution.startedAt[index] = session.time
      if (policy.backoff.maxElapsedMs !== null) {
        live.window = session.startTimer(path, { type: 'retries.expired' }, policy.backoff.maxElapsedMs)
      }
      const { module, operation } = this.stepAt(index).call
      this.publish('step_started', path, {
        step_name: this.stepAt(index).name,
        module_name: module,
        operation,
      })
    }
    live.effect = { kind: 'attempt', to: path, attempt, run: this.path, index, target }
    session.perform(live.effect)
    if (policy.timeoutMs !== null)
      this.startTimer(live, path, timed('attempt.timedOut', attempt), policy.timeoutMs)
  }

  abortAttempt({ index, path, attempt, policy }: StepContext): void {
    const live = this.live.get(index)!
    if (live.effect) this.session.abort(live.effect)
    this.startTimer(live, path, timed('grace.ended', attempt), policy.graceMs)
  }

  abandonAttempt({ index }: StepContext): void {
    const live = this.live.get(index)!
    if (live.effect) this.session.abandon(live.effect)
  }

  endAttempt({ index, path }: StepContext): void {
    const live = this.live.get(index)!
    this.stopTimer(live)
    live.effect = null
    this.gates.release(path)
    if (this.workflow.parallel) this.returnSlot(live)
  }

  startBackoff({ index, path, attempt, policy, failures, failure }: StepContext): void {
    const delay = backoffDelayMs(
      policy.backoff,
      failures,
      this.session.random(`${path}#${failures}`),
      failure,
    )
    this.startTimer(this.live.get(index)!, path, timed('backoff.ended', attempt), delay)
    this.self.send({ type: 'slot.returned' })
  }

  stopBackoff({ index }: StepContext): void {
    this.stopTimer(this.live.get(index)!)
  }

  publishStep({ index, path, attempt, failure }: StepContext, type: string): void {
    const { name, call } = this.stepAt(index)
    const error = failure && type !== 'step_completed' ? { error: failure } : {}
    this.publish(type, path, {
      step_name: name,
      module_name: call.module,
      operation: call.operation,
      attempts: attempt,
      ...error,
    })
  }

  publishRun({ cause, failure }: WorkflowContext, type: string): void {
    const { name } = this.workflow
    this.publish(type, this.path, {
      workflow_name: name,
      ...(type !== 'workflow_started' && { status: cause }),
      ...(failure && { error: failure }),
    })
  }

  // ---- end of the run ---------------------------------------------------------------------------------

  /** The run ends before its steps do: whatever is under way is told to stop, and nobody waits for it. */
  abandonAll(stop: (child: AnyActorRef) => void): void {
    this.stopRunTimer()
    this.gates.releaseWhere(() => true)
    for (const [index, live] of this.live) {
      this.stopTimer(live)
      if (live.window) this.session.cancelTimer(live.window)
      if (live.effect) {
        this.session.abort(live.effect)
        this.session.abandon(live.effect)
      }
      this.session.actors.delete(this.pathOf(index))
      stop(live.actor)
    }
    this.live.clear()
  }

  private get workflow() {
    return this.options.plan.workflow
  }

  private priorityOf(index: number): number {
    return this.stepAt(index).priority
  }

  private isQueued(index: number): boolean {
    return this.live.get(index)?.queued ?? this.execution.state[index] === QUEUED
  }

  private passGate(index: number, gate: Gate): void {
    if (this.execution.state[index] !== PENDING) return
    if (gate.way === 'open') {
      this.checkCondition(index)
      return
    }
    const failure = gate.way === 'failed' ? gate.failure : null
    this.settle({ index, status: gate.way, output: null, failure, attempts: 0, endsRun: false })
    const type = gate.way === 'failed' ? 'step_failed' : gate.way === 'skipped' ? 'step_skipped' : null
    if (type)
      this.publish(type, this.pathOf(index), {
        step_name: this.stepAt(index).name,
        ...(failure && { error: failure }),
      })
  }

  private checkCondition(index: number): void {
    const { when } = this.stepAt(index)
    if (when === null) {
      this.enqueue(index)
      return
    }
    this.execution.state[index] = CHECKING
    if (when.kind === 'function') {
      this.session.perform({ kind: 'condition', to: this.path, run: this.path, index })
      return
    }
    try {
      this.passCondition(index, this.data.condition(when))
    } catch (error) {
      this.spawn(index, 'denied', { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  private passCondition(index: number, holds: boolean): void {
    if (holds) {
      this.enqueue(index)
      return
    }
    this.settle({ index, status: 'skipped', output: null, failure: null, attempts: 0, endsRun: false })
    this.publish('step_skipped', this.pathOf(index), { step_name: this.stepAt(index).name })
  }

  private enqueue(index: number): void {
    const live = this.live.get(index)
    if (live) live.queued = true
    else this.execution.state[index] = QUEUED
    const { resources, priority } = this.stepAt(index)
    if (resources.length === 0) this.enqueueForSlot(index)
    else this.gates.enqueue(index, resources, priority, this.session.time)
  }

  private enqueueForSlot(index: number): void {
    if (this.live.get(index)?.holdsSlot) this.letThrough(index)
    else this.slots.push(index, this.priorityOf(index), this.session.time)
  }

  /** The step has its leases and a slot. */
  private letThrough(index: number): void {
    const live = this.live.get(index)
    if (!live) {
      this.spawn(index, 'admitted')
      return
    }
    live.queued = false
    live.holdsSlot = true
    live.actor.send({ type: 'slot.granted' })
  }

  private spawn(index: number, entry: 'admitted' | 'denied', failure?: Failure): void {
    const path = this.pathOf(index)
    const input = {
      index,
      path,
      policy: this.options.plan.policies[index]!,
      entry,
      ...(failure && { failure }),
    }
    const actor = createActor(boundStepMachine, { parent: this.self, id: path, input })
    this.execution.state[index] = LIVE
    this.live.set(index, {
      actor,
      effect: null,
      timer: null,
      window: null,
      holdsSlot: entry === 'admitted',
      queued: false,
    })
    this.session.actors.set(path, actor)
    actor.start()
  }

  private settle(step: StepOutput): void {
    this.execution.settle(step.index, step, this.session.time)
  }

  private returnSlot(live: Live): void {
    if (live.holdsSlot) this.freeSlots++
    live.holdsSlot = false
  }

  private announceEnd(): void {
    if (this.ended || !this.execution.isFinished) return
    this.ended = true
    this.self.send({ type: 'steps.finished' })
  }

  private startTimer(live: Live, to: string, event: InboundEvent, delayMs: number): void {
    this.stopTimer(live)
    live.timer = this.session.startTimer(to, event, delayMs)
  }

  private stopTimer(live: Live): void {
    if (live.timer) this.session.cancelTimer(live.timer)
    live.timer = null
  }

  private sendToPool(pool: string, event: PoolEvent): void {
    this.scope.sendToPool(pool, event)
  }
}

/** What a step's timer delivers. */
const timed = (type: StepEvent['type'], attempt: number) => ({ type, attempt }) as InboundEvent
