// The actors of one run's steps: their attempts, timers, slots. It does what the step's chart names.
// They live outside of the parent's `children`, because spawning there copies all children each time.
// Invariant: an actor exists from the grant of its slot to its settlement; then a record is all that stays.
import { createActor, type AnyActorRef } from 'xstate'
import { backoffDelayMs } from '../../machines/backoff.ts'
import type { Failure, StepEvent, WorkflowEvent } from '../../machines/protocol.ts'
import type { StepContext } from '../../machines/step.ts'
import { boundStepMachine } from './bindings.ts'
import type { LeaseGates } from './gates.ts'
import type { Effect, InboundEvent, TimerHandle } from './host.ts'
import { ReadyQueue } from './ready-queue.ts'
import type { Run } from './run.ts'
import { tell } from './tell.ts'

/** What is kept of a step while its actor lives. */
interface Live {
  readonly actor: AnyActorRef
  readonly path: string
  effect: Extract<Effect, { kind: 'attempt' }> | null
  /** The attempt's limit, its grace or its backoff: never two of them at once. */
  timer: TimerHandle | null
  /** Ends the time for retries. */
  window: TimerHandle | null
  /** Waits at the gates for its next attempt. */
  queued: boolean
}

/** The live steps of one run. */
export class StepActors {
  private readonly run: Run
  private readonly gates: LeaseGates
  private readonly live = new Map<number, Live>()
  private readonly slots = new ReadyQueue()
  /** Steps that hold a slot, with or without an actor. */
  private readonly holders = new Set<number>()
  private freeSlots: number

  constructor(run: Run, gates: LeaseGates) {
    const { parallel, maxConcurrency } = run.workflow
    this.run = run
    this.gates = gates
    this.freeSlots = parallel ? maxConcurrency : 1
  }

  has(index: number): boolean {
    return this.live.has(index)
  }

  /** Whether a step that has an actor waits at the gates; `undefined` for one that has none. */
  isQueued(index: number): boolean | undefined {
    return this.live.get(index)?.queued
  }

  /** Marks a step that has an actor as waiting at the gates. */
  queue(index: number): void {
    const live = this.live.get(index)
    if (live) live.queued = true
  }

  /** Lets a step wait for a slot; a sequential run's step may still hold its own. */
  awaitSlot(index: number): void {
    if (this.holders.has(index)) this.run.passSlot(index)
    else this.slots.push(index, this.run.stepAt(index).priority, this.run.session.time)
  }

  /** Gives out the slots that there are. */
  fillSlots(): void {
    while (this.freeSlots > 0 && this.slots.size > 0) {
      const index = this.slots.pop(this.run.session.time, (each) => this.run.isWaiting(each))
      if (index === undefined) return
      this.freeSlots--
      this.holders.add(index)
      this.run.passSlot(index)
    }
  }

  /** Lets a step through that has its leases and a slot. */
  admit(index: number): void {
    const live = this.live.get(index)
    if (!live) {
      this.spawn(index, 'admitted')
      return
    }
    live.queued = false
    this.tellStep(live, { type: 'slot.granted' })
  }

  /** Lets a step know of a failure that it met at the gates; it need not have an actor yet. */
  deny(index: number, failure: Failure): void {
    const live = this.live.get(index)
    if (!live) {
      this.spawn(index, 'denied', failure)
      return
    }
    live.queued = false
    this.tellStep(live, { type: 'lease.denied', failure })
  }

  /** Forgets an actor that has ended. Returns whether there was one. */
  remove(index: number): boolean {
    const live = this.live.get(index)
    if (!live) return false
    this.run.session.actors.delete(live.path)
    this.live.delete(index)
    if (live.window) this.run.session.cancelTimer(live.window)
    this.returnSlot(index)
    return true
  }

  /** Tells every step to end in order. */
  cancelAll(): void {
    for (const live of [...this.live.values()]) this.tellStep(live, { type: 'step.cancel' })
  }

  /** Tells what is under way to stop, and waits for nobody. */
  abandonAll(stop: (child: AnyActorRef) => void): void {
    const { session } = this.run
    for (const live of this.live.values()) {
      this.stopTimer(live)
      if (live.window) session.cancelTimer(live.window)
      if (live.effect) {
        session.abort(live.effect)
        session.abandon(live.effect)
      }
      session.actors.delete(live.path)
      stop(live.actor)
    }
    this.live.clear()
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  requestSlot({ index }: StepContext): void {
    this.tellRun(index, { type: 'slot.requested', index })
  }

  withdrawRequest({ index, path }: StepContext): void {
    this.live.get(index)!.queued = false
    this.gates.release(path)
  }

  startAttempt({ index, path, attempt, target, policy }: StepContext): void {
    const live = this.live.get(index)!
    const { session } = this.run
    if (attempt === 1) this.begin(live, index, policy.backoff.maxElapsedMs)
    live.effect = { kind: 'attempt', to: path, attempt, run: this.run.path, index, target }
    session.perform(live.effect)
    if (policy.timeoutMs !== null)
      this.startTimer(live, { type: 'attempt.timedOut', attempt }, policy.timeoutMs)
  }

  abortAttempt({ index, attempt, policy }: StepContext): void {
    const live = this.live.get(index)!
    if (live.effect) this.run.session.abort(live.effect)
    this.startTimer(live, { type: 'grace.ended', attempt }, policy.graceMs)
  }

  abandonAttempt({ index }: StepContext): void {
    const live = this.live.get(index)!
    if (live.effect) this.run.session.abandon(live.effect)
  }

  endAttempt({ index, path }: StepContext): void {
    const live = this.live.get(index)!
    this.stopTimer(live)
    live.effect = null
    this.gates.release(path)
    if (this.run.workflow.parallel) this.returnSlot(index)
  }

  startBackoff({ index, path, attempt, policy, failures, failure }: StepContext): void {
    const chance = this.run.session.random(`${path}#${failures}`)
    const delayMs = backoffDelayMs(policy.backoff, failures, chance, failure)
    this.startTimer(this.live.get(index)!, { type: 'backoff.ended', attempt }, delayMs)
    this.tellRun(index, { type: 'slot.returned' })
  }

  stopBackoff({ index }: StepContext): void {
    this.stopTimer(this.live.get(index)!)
  }

  publish({ index, path, attempt, failure }: StepContext, type: string): void {
    const error = failure && type !== 'step_completed' ? { error: failure } : {}
    const data = { ...this.run.options.plan.titles[index], attempts: attempt, ...error }
    this.run.publish(type, path, data)
  }

  // -------------------------------------------------------------------------------------------------------

  private begin(live: Live, index: number, maxElapsedMs: number | null): void {
    const { session, execution } = this.run
    execution.startedAt[index] = session.time
    if (maxElapsedMs !== null)
      live.window = session.startTimer(live.path, { type: 'retries.expired' }, maxElapsedMs)
    this.run.publish('step_started', live.path, this.run.options.plan.titles[index])
  }

  private spawn(index: number, entry: 'admitted' | 'denied', failure?: Failure): void {
    const { self, session, execution, options } = this.run
    const path = this.run.pathOf(index)
    const input = { index, path, policy: options.plan.policies[index]!, entry, ...(failure && { failure }) }
    const actor = createActor(boundStepMachine, { parent: self, id: path, input })
    execution.markLive(index)
    this.live.set(index, { actor, path, effect: null, timer: null, window: null, queued: false })
    session.actors.set(path, actor)
    actor.start()
  }

  private tellStep({ actor }: Live, event: StepEvent): void {
    tell(this.run.self, actor, event)
  }

  private tellRun(index: number, event: WorkflowEvent): void {
    tell(this.live.get(index)!.actor, this.run.self, event)
  }

  private returnSlot(index: number): void {
    if (this.holders.delete(index)) this.freeSlots++
  }

  private startTimer(live: Live, event: StepEvent, delayMs: number): void {
    this.stopTimer(live)
    live.timer = this.run.session.startTimer(live.path, event as InboundEvent, delayMs)
  }

  private stopTimer(live: Live): void {
    if (live.timer) this.run.session.cancelTimer(live.timer)
    live.timer = null
  }
}
