// The iterations of an iterative step: it does what the loop's chart names. Each iteration is a run of its own, and an
// actor. Invariant: of an iteration that has ended, no more is kept than its output, unless it is to be undone or is among
// the few that the result shows.
import { actorBelow, type ActorRef } from '../charts/actors.ts'
import type { LoopContext, LoopOutput } from '../../../machines/loop.ts'
import type { Failure, LoopEvent } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import { shownData } from '../../definition/diagnostic.ts'
import type { DataScope } from '../../definition/model.ts'
import type { Plan } from '../../definition/plan.ts'
import { ownedBy, type Owner } from '../charts/compiled.ts'
import { loopChart } from '../charts/loop.ts'
import { toFailure } from '../execute/failure.ts'
import { toJson } from '../../definition/json-copy.ts'
import { raw } from '../../kernel/plain.ts'
import { views } from '../execute/run-data.ts'
import type { Session } from '../journal/session.ts'
import type { Effect } from '../port/host.ts'
import { plansOf } from '../run/nesting.ts'
import type { Run } from '../run/run.ts'
import { tell } from '../charts/tell.ts'
import { keep } from './branch.ts'
import { captureEndedNested, captureNested, placeOf } from '../state/capture.ts'
import { chartOf, type Capturing, type Reviving } from '../state/notes.ts'
import { reviveEnded } from '../state/revive.ts'
import type { LoopAt } from '../state/run-at.ts'
import { forget, reviveNested, startNested } from './nested.ts'
import {
  ask,
  cancel,
  fail,
  failureOf,
  succeed,
  takeBack,
  type Attempt,
  type ControlOf,
  type Work,
} from './work.ts'

/** One attempt of an iterative step. */
export class Loop implements Work, Owner {
  private readonly attempt: Attempt
  private readonly control: ControlOf<'iterative'>
  private readonly actor: ActorRef
  private readonly live = new Map<number, Run>()
  private items: readonly unknown[] = []
  private outputs: unknown[] = []
  /** Iterations that were started. */
  private started = 0
  private last: Run | null = null
  private isStopping = false
  private asked: Effect | null = null

  /** @param at Where it was in an earlier life. */
  constructor(attempt: Attempt, control: ControlOf<'iterative'>, at?: LoopAt) {
    const { run, index, actor: parent } = attempt
    this.attempt = attempt
    this.control = control
    const path = run.pathOf(index, 'loop')
    const { over, iterationsMax, tolerate } = control
    const begin = at ? { snapshot: at.chart } : { input: { path, over: over.kind, iterationsMax, tolerate } }
    this.actor = actorBelow(parent, path, ownedBy(loopChart, this), begin)
    const { session } = run
    this.actor.subscribe({ complete: () => session.later(() => this.ended(), undefined, undefined) })
    session.actors.set(path, this.actor)
    if (at) this.actor.start()
    else {
      run.insideOf(index).begin()
      session.later(() => this.actor.start(), undefined, undefined)
    }
  }

  capture(notes: Capturing): LoopAt {
    const { run, index } = this.attempt
    const { last } = this
    const owed = last ? placeOf(run.inside.get(index)?.owed ?? [], last) : -1
    return {
      kind: 'loop',
      chart: chartOf(this.actor),
      asked: notes.effect(this.asked),
      live: Array.from(this.live, ([number, inside]) => [number, captureNested(inside, notes)]),
      items: raw(this.items),
      outputs: new Map(Object.entries(this.outputs).map(([number, each]) => [Number(number), raw(each)])),
      started: this.started,
      last: owed >= 0 ? owed : last && captureEndedNested(last, notes),
      isStopping: this.isStopping,
    }
  }

  revive(at: LoopAt, notes: Reviving): this {
    const { run, index } = this.attempt
    this.asked = notes.effect(at.asked)
    this.items = at.items as readonly unknown[]
    for (const [number, output] of at.outputs) this.outputs[number] = output
    this.started = at.started
    this.isStopping = at.isStopping
    for (const [number, each] of at.live) {
      const ended = (inside: Run, result: WorkflowMachineOutput) =>
        this.iterationEnded(number, inside, result)
      this.live.set(number, reviveNested(this.attempt, this.actor, each, notes, ended))
    }
    this.last =
      typeof at.last === 'number'
        ? run.inside.get(index)!.owed[at.last]!.run
        : at.last && reviveEnded(run, index, at.last, notes)
    return this
  }

  get session(): Session {
    return this.attempt.run.session
  }

  stop(force: boolean): void {
    takeBack(this.attempt, this.asked)
    this.asked = null
    this.tellLoop({ type: 'loop.cancel', force })
  }

  abandon(stop: (child: ActorRef) => void): void {
    for (const run of this.live.values()) {
      run.abandonAll(stop)
      stop(run.self)
    }
    this.live.clear()
    stop(this.actor)
  }

  decided(value: unknown, failure?: Failure): void {
    this.asked = null
    if (failure) this.tellLoop({ type: 'decision.failed', failure })
    else if (this.control.over.kind === 'each') this.count(value)
    else
      this.tellLoop({
        type: 'condition.decided',
        holds: this.control.over.kind === 'while' ? Boolean(value) : !value,
      })
  }

  runInside(iteration: number | null): Run | undefined {
    return iteration === null ? undefined : this.live.get(iteration)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  countItems(): void {
    const { over } = this.control
    if (over.kind !== 'each') return
    if (over.items.kind === 'function') {
      this.asked = ask(this.attempt, 'items')
      return
    }
    // As items that a function gives are kept, so are those that are written down: iterations see JSON, frozen.
    this.decide(() => toJson(this.attempt.run.data.evaluate(over.items)))
  }

  askCondition(): void {
    const { over } = this.control
    if (over.kind === 'each') return
    if (over.condition.kind === 'function') this.asked = ask(this.attempt, 'again')
    else this.decide(() => this.answer())
  }

  startIterations({ total }: LoopContext): void {
    if (total === null) this.startIteration()
    else while (this.live.size < this.control.maxConcurrency && this.started < total) this.startIteration()
  }

  cancelIterations(force: boolean): void {
    this.isStopping = true
    for (const run of [...this.live.values()]) run.cancel(force)
    if (this.live.size === 0) this.tellLoop({ type: 'iterations.finished' })
  }

  // -------------------------------------------------------------------------------------------------------

  /** The plan of an iteration. */
  private get plan(): Plan {
    const { run, index } = this.attempt
    return plansOf(run, index).find(({ workflow }) => workflow === this.control.block)!
  }

  /** What the condition says, with what the last iteration's steps gave. Also asked where a user's function decides. */
  answer(): boolean {
    const { over } = this.control
    if (over.kind === 'each') return false
    const { run } = this.attempt
    const seen: Partial<DataScope> = this.last
      ? { steps: views(this.last, []), index: over.kind === 'while' ? this.started : this.started - 1 }
      : { steps: views(run, [this.plan]), index: 0 }
    return run.data.condition(over.condition, seen)
  }

  private decide(compute: () => unknown): void {
    try {
      this.decided(compute())
    } catch (error) {
      this.decided(null, { ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  private count(items: unknown): void {
    if (Array.isArray(items)) {
      this.items = items
      this.tellLoop({ type: 'items.counted', count: items.length })
      return
    }
    const message = `The items of "${this.attempt.run.addressOf(this.attempt.index)}" are a list, found ${shownData(items)}`
    const failure = { code: 'EXPRESSION_FAILED', message, retryable: false } as const
    this.tellLoop({ type: 'decision.failed', failure })
  }

  private startIteration(): void {
    const number = this.started++
    const { over } = this.control
    const iteration = { index: number, ...(over.kind === 'each' && { item: this.items[number] }) }
    const ended = (run: Run, result: WorkflowMachineOutput) => this.iterationEnded(number, run, result)
    this.live.set(number, startNested(this.attempt, this.actor, { plan: this.plan, iteration, ended }))
  }

  private iterationEnded(number: number, inside: Run, result: WorkflowMachineOutput): void {
    const { run, index, attempt } = this.attempt
    forget(inside)
    this.live.delete(number)
    keep(run, index, attempt, inside, result, number)
    if (this.control.over.kind !== 'each') this.last = inside
    const failure = failureOf(result)
    this.outputs[number] = failure ? null : result.output
    const cancelled = result.cause === 'cancelled'
    this.tellLoop({ type: 'iteration.settled', failure, verdict: result.verdict, cancelled })
    if (this.isStopping && this.live.size === 0) this.tellLoop({ type: 'iterations.finished' })
  }

  private ended(): void {
    const { session } = this.attempt.run
    session.actors.delete(this.actor.id)
    const { failure, verdict, status } = this.actor.getSnapshot().output as LoopOutput
    if (status === 'completed') succeed(this.attempt, Object.freeze(this.outputs))
    else if (status === 'cancelled') cancel(this.attempt)
    else fail(this.attempt, failure!, verdict)
  }

  private tellLoop(event: LoopEvent): void {
    tell(this.attempt.actor, this.actor, event)
  }
}
