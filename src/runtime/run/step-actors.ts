// The actors of one run's steps: their attempts, timers, slots. It does what the step's chart names.
// They live outside of the parent's `children`, because spawning there copies all children each time.
// Invariant: an actor exists from the grant of its slot to its settlement; then a record is all that stays.
import type { ActorRef } from '../charts/actors.ts'
import { backoffDelayMs } from '../../../machines/backoff.ts'
import type { CompensationContext } from '../../../machines/compensation.ts'
import type {
  CompensationEvent,
  CompensationPolicy,
  Failure,
  StepEvent,
  StepOutput,
  WorkflowEvent,
} from '../../../machines/protocol.ts'
import type { StepContext } from '../../../machines/step.ts'
import { noteEvent } from '../../kernel/effects.ts'
import { advance, LIVE } from '../../kernel/graph.ts'
import { countAttempt, countEnd } from '../../kernel/counters.ts'
import { awaitSlot, grantSlot, returnSlot, turnBack, type Slots } from '../../kernel/slots.ts'
import { UndoingInside, type OwedRun, type UndoingTask } from '../control/undoing-inside.ts'
import { startWork } from '../control/start.ts'
import type { Work } from '../control/work.ts'
import type { Session } from '../journal/session.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { LiveAt } from '../state/run-at.ts'
import { captureStep, reviveStep } from './revived-step.ts'
import type { Run } from './run.ts'
import { targetOf, type Attempting, type Live } from './live-step.ts'
import { compensationActor, INCOMPLETE, stepActor } from './step-actor.ts'
import { StepTimers } from './step-timers.ts'
import { tell } from '../charts/tell.ts'

/** The live steps of one run. */
export class StepActors {
  private readonly run: Run
  readonly live = new Map<number, Live>()

  constructor(run: Run) {
    this.run = run
  }

  private get slots(): Slots {
    return this.run.state.slots
  }

  get session(): Session {
    return this.run.session
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
    if (this.slots.holders.has(index)) this.run.passSlot(index)
    else awaitSlot(this.slots, index, this.run.precedence(index), this.run.session.time)
  }

  /** Gives out the slots that there are. */
  fillSlots(): void {
    const mayTake = (index: number) => this.mayTakeSlot(index)
    while (this.slots.free > 0) {
      const index = grantSlot(this.slots, this.run.session.time, mayTake)
      if (index === undefined) return
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

  /** Lets the attempt under way know that its lease is gone. Returns whether there is one. */
  loseLease(index: number, failure: Failure): boolean {
    const live = this.live.get(index)
    if (!live || live.queued) return false
    this.tellStep(live, { type: 'lease.lost', failure })
    return true
  }

  /** Forgets an actor that has ended. Returns whether there was one. */
  remove(index: number, step?: StepOutput): boolean {
    const live = this.live.get(index)
    if (!live) return false
    if (step && live.isCounted) countEnd(this.run.state.counters, step)
    this.run.session.actors.delete(live.path)
    this.live.delete(index)
    live.timers.closeWindow()
    returnSlot(this.slots, index)
    return true
  }

  /** Every step is final, and what comes now is their undoing: the last one first, for ever. */
  turnBack(): void {
    turnBack(this.slots)
  }

  /** Tells every actor to end in order. */
  cancelAll(
    event: Extract<StepEvent | CompensationEvent, { type: 'step.cancel' | 'compensation.stop' }>,
  ): void {
    for (const index of [...this.live.keys()]) this.cancel(index, event)
  }

  /** Tells one actor to end in order; one that does already may be told to wait for nothing. */
  cancel(
    index: number,
    event: Extract<StepEvent | CompensationEvent, { type: 'step.cancel' | 'compensation.stop' }>,
  ): void {
    const live = this.live.get(index)
    if (!live) return
    this.tellStep(live, event)
    if ('force' in event && event.force === true) live.work?.stop(true)
  }

  /** What is under way in a control step. */
  workOf(index: number): Work | null {
    return this.live.get(index)?.work ?? null
  }

  /** What a user's function decided about a control step that is under way. */
  decide(index: number, value: unknown, failure?: Failure): void {
    this.live.get(index)?.work?.decided?.(value, failure)
  }

  /** The operation said that it is alive. */
  beat(index: number, attempt: number): void {
    const live = this.live.get(index)
    const { heartbeatMs } = this.run.options.plan.policies[index]!
    if (heartbeatMs === null || live?.effect?.attempt !== attempt || !live.timers.awaitsHeartbeat) return
    live.timers.startHeartbeat(attempt, heartbeatMs)
  }

  /** Tells what is under way to stop, and waits for nobody. */
  abandonAll(stop: (child: ActorRef) => void): void {
    const { session } = this.run
    for (const live of this.live.values()) {
      live.timers.stopAll()
      live.work?.abandon(stop)
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

  /** What a failed attempt did inside of a step is undone before the next attempt. */
  requestSlot({ index }: Attempting): void {
    const { state, reversal } = this.run
    if (state.compensation.undoing || !reversal.undoBeside(index, 'all', true)) this.askForSlot(index)
    else this.tellRun(index, { type: 'slot.returned' })
  }

  /** A step that has an actor waits for its next attempt. */
  askForSlot(index: number): void {
    if (this.live.has(index)) this.tellRun(index, { type: 'slot.requested', index })
  }

  withdrawRequest({ index }: Attempting): void {
    this.live.get(index)!.queued = false
    this.run.leases.releaseOf(index)
  }

  startAttempt(context: Attempting): void {
    const { index, path, attempt, policy } = context
    const live = this.live.get(index)!
    const target = targetOf(context)
    if (attempt === 1 || 'owed' in context) live.timers.openWindow(target, policy!.backoff.maxElapsedMs)
    if (!('owed' in context)) {
      if (target === 'fallback') this.run.effects.fallenBack.add(index)
      live.isCounted = countAttempt(
        this.run.state.counters,
        this.run.stepAt(index),
        context.target,
        live.isCounted,
      )
      if (attempt === 1) this.begin(live, index)
    }
    const { control } = this.run.stepAt(index)
    if (control && target === 'operation') {
      live.work = startWork({ run: this.run, index, attempt, actor: live.actor }, control)
    } else {
      live.effect = { kind: 'attempt', to: path, attempt, run: this.run.path, index, target }
      this.run.session.perform(live.effect)
    }
    const { timeoutMs, heartbeatMs = null } = policy as Partial<StepContext['policy']> & CompensationPolicy
    if (timeoutMs !== null) live.timers.start({ type: 'attempt.timedOut', attempt }, timeoutMs)
    if (heartbeatMs !== null) live.timers.startHeartbeat(attempt, heartbeatMs)
  }

  limitAttempt({ index, attempt, policy }: StepContext): void {
    const { timers } = this.live.get(index)!
    if (policy.timeoutMs === null && policy.awaitMs !== null)
      timers.start({ type: 'attempt.timedOut', attempt }, policy.awaitMs)
  }

  abortAttempt({ index, attempt, policy }: Attempting): void {
    const live = this.live.get(index)!
    live.work?.stop(false)
    // A step that is cancelled while its operation has a grace gets no second one.
    if (live.isAborted) return
    live.timers.stop()
    live.timers.stopHeartbeat()
    if (!live.effect) return
    live.isAborted = true
    this.run.session.abort(live.effect)
    live.timers.start({ type: 'grace.ended', attempt }, policy!.graceMs)
  }

  abandonAttempt({ index }: Attempting): void {
    const live = this.live.get(index)!
    if (live.effect) this.run.session.abandon(live.effect)
  }

  /** An event says something of the effect of the attempt under way. */
  recordEffect({ index, target }: StepContext, event: StepEvent): void {
    if (!this.run.stepAt(index).control || target === 'fallback')
      noteEvent(this.run.effects, index, target, event)
  }

  endAttempt({ index }: Attempting): void {
    const live = this.live.get(index)!
    live.timers.stop()
    live.timers.stopHeartbeat()
    live.effect = null
    live.isAborted = false
    live.work?.attemptEnded?.()
    live.work = null
    this.run.leases.releaseOf(index)
    if (this.run.workflow.parallel) returnSlot(this.slots, index)
  }

  /** What an error asks for is not waited for in vain: its retry would come too late. */
  startBackoff(context: Attempting): void {
    const { index, path, attempt, policy, failures, failure } = context
    const live = this.live.get(index)!
    const { timers } = live
    const chance = this.run.session.random(`${path}#${failures}`)
    const delayMs = backoffDelayMs(policy!.backoff, failures, chance, failure)
    this.tellRun(index, { type: 'slot.returned' })
    if (failure?.retryAfterMs !== undefined && !timers.isInWindow(delayMs)) {
      timers.closeWindow()
      this.tellStep(live, { type: 'retries.expired' })
      return
    }
    timers.start({ type: 'backoff.ended', attempt }, delayMs)
    if (!('owed' in context)) this.tellStep(live, { type: 'backoff.started', attempt })
  }

  stopBackoff({ index }: Attempting): void {
    this.live.get(index)!.timers.stop()
  }

  askHandlers({ index, path, policy }: StepContext): void {
    const live = this.live.get(index)!
    live.timers.start({ type: 'verdict.timedOut' }, policy.answerMs)
    this.tellRun(index, { type: 'slot.returned' })
    this.run.scope.ask(live.failureEvent, path)
  }

  stopAsking({ index, path }: StepContext): void {
    this.live.get(index)?.timers.stop()
    this.run.scope.stopAsking(path)
  }

  undoInside({ index }: CompensationContext): void {
    const live = this.live.get(index)!
    live.work = new UndoingInside(this.undoing(live, index, this.run.reversal.owedInside(index)))
  }

  stopInside({ index }: CompensationContext): void {
    this.live.get(index)!.work?.stop(true)
  }

  publish(
    { index, path, attempt, failure }: Pick<Attempting, 'index' | 'path' | 'attempt' | 'failure'>,
    type: string,
  ): void {
    const error = failure && type !== 'step_completed' ? { error: failure } : {}
    const data = { ...this.run.options.plan.titles[index], attempts: attempt, ...error }
    const id = this.run.publish(type, path, data)
    const live = this.live.get(index)
    if (live && type === 'step_failed') live.failureEvent = id
    if (this.run.stepAt(index).control && (type === 'step_completed' || type === 'step_failed'))
      this.run.publish(`custom_${type}`, path, data)
  }

  // -------------------------------------------------------------------------------------------------------

  /** What is to be undone inside of a step that has an actor. */
  undoing(live: Live, index: number, owed: readonly OwedRun[]): UndoingTask {
    const ended = (isComplete: boolean) =>
      this.tellStep(live, { type: 'inside.undone', failure: isComplete ? null : INCOMPLETE })
    return { outer: this.run, index, owed, parent: live.actor, ended }
  }

  private begin({ path }: Live, index: number): void {
    const { session, graph, options } = this.run
    graph.startedAt[index] = session.time
    this.run.publish('step_started', path, options.plan.titles[index])
  }

  private spawn(index: number, entry: 'admitted' | 'denied', failure?: Failure): void {
    const { session, graph, state } = this.run
    const { undoing } = state.compensation
    const path = this.run.pathOf(index, undoing ? 'compensation' : 'step')
    const actor = undoing
      ? compensationActor(this.run, index, path, failure)
      : stepActor(this.run, index, path, entry, failure)
    if (!undoing) advance(graph, index, LIVE)
    this.live.set(index, {
      actor,
      path,
      effect: null,
      isAborted: false,
      isCounted: false,
      work: null,
      timers: new StepTimers(session, path),
      failureEvent: null,
      queued: false,
    })
    session.actors.set(path, actor)
    actor.start()
  }

  capture(notes: Capturing): readonly LiveAt[] {
    return Array.from(this.live, ([index, live]) => captureStep(index, live, notes))
  }

  /** Takes up those of an earlier life. */
  revive(at: readonly LiveAt[], notes: Reviving): void {
    for (const live of at) reviveStep(this.run, live, notes)
  }

  private tellStep({ actor }: Live, event: StepEvent | CompensationEvent): void {
    tell(this.run.self, actor, event)
  }

  private tellRun(index: number, event: WorkflowEvent): void {
    tell(this.live.get(index)!.actor, this.run.self, event)
  }

  /** A step that lost its leases while it waited for a slot waits for leases anew, and must not take the slot without. */
  private mayTakeSlot(index: number): boolean {
    const { run } = this
    const needsLeases = run.workflow.parallel && run.stepAt(index).resources.length > 0
    return run.isWaiting(index) && (!needsLeases || run.leases.holdsAll(index))
  }

  /** The step needs its slot no more. */
  returnSlot(index: number): void {
    returnSlot(this.slots, index)
  }
}
