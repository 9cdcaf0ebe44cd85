// A step that waits: for a time, or for an event from inside or outside. It holds nothing while it does.
import type { BusEvent, Failure, Verdict } from '../../../machines/protocol.ts'
import { toFailure } from '../execute/failure.ts'
import { waitChart } from '../charts/wait.ts'
import type { Settlement } from '../port/events.ts'
import type { Effect } from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'
import { toJson } from '../../definition/json-copy.ts'
import type { Listener } from '../environment/mailbox.ts'
import type { Waiter } from '../../kernel/waiters.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { WaitAt } from '../state/run-at.ts'
import { levelsOf } from './levels.ts'
import {
  ask,
  fail,
  notComputable,
  succeedWith,
  takeBack,
  type Attempt,
  type ControlOf,
  type Work,
} from './work.ts'

type Until = ControlOf<'wait'>['until']

/** One attempt of a wait: does what its chart names. */
export class Wait implements Work, Listener {
  readonly awaits: string
  readonly waiter: Waiter
  private readonly attempt: Attempt
  private readonly control: ControlOf<'wait'>
  private readonly chart
  private timer: RunningTimer | null = null
  private asked: Effect | null = null

  /** @param at Where it was in an earlier life. */
  constructor(attempt: Attempt, control: ControlOf<'wait'>, at?: WaitAt) {
    const { until } = control
    const { run, index } = attempt
    this.attempt = attempt
    this.control = control
    const path = run.pathOf(index)
    if (until.kind === 'event') {
      this.awaits = until.event
      this.waiter = { path, levels: levelsOf(run, index), isShared: until.shared }
    } else {
      this.awaits = ''
      this.waiter = { path, levels: [], isShared: false }
    }
    this.chart = waitChart(this, undefined, at?.chart)
    if (!at) run.session.later(() => this.chart.send({ type: 'wait.begin' }), undefined, undefined)
  }

  capture(notes: Capturing): WaitAt {
    const { chart, asked, timer, attempt } = this
    return {
      kind: 'wait',
      chart: chart.at,
      asked: notes.effect(asked),
      timer: notes.timer(timer),
      listens: attempt.run.scope.mailbox.knows(this),
    }
  }

  revive({ asked, timer, listens }: WaitAt, notes: Reviving): this {
    this.asked = notes.effect(asked)
    this.timer = notes.timer(timer)
    if (listens) notes.listeners.set(this.waiter.path, this)
    return this
  }

  stop(): void {
    this.chart.send({ type: 'wait.stop' })
  }

  attemptEnded(): void {
    this.chart.send({ type: 'attempt.over' })
  }

  abandon(): void {
    this.chart.send({ type: 'attempt.over' })
  }

  /** What the filter said of the event. */
  decided(value: unknown, failure?: Failure): void {
    const { event } = this.chart.context
    if (failure && event) this.chart.send({ type: 'filter.failed', event, reason: failure.message })
    else this.chart.send({ type: 'filter.decided', holds: Boolean(value) })
  }

  judge(event: BusEvent): boolean | null {
    const { until } = this.control
    if (until.kind === 'event' && until.filter?.kind === 'function') {
      this.chart.send({ type: 'event.offered', event })
      return null
    }
    try {
      return this.accepts(event)
    } catch (error) {
      this.chart.send({ type: 'filter.failed', event, reason: toFailure(error).message })
      return false
    }
  }

  take(event: BusEvent): void {
    this.chart.send({ type: 'event.taken', event })
  }

  answer(): boolean {
    const { event } = this.chart.context
    return event !== null && this.accepts(event)
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  begin(): void {
    const { run, attempt } = this.attempt
    const { until } = this.control
    if (until.kind === 'event') {
      if (until.timeoutMs !== null) this.startTimer(until.timeoutMs, timeUp(attempt, until))
      run.scope.mailbox.add(this)
      return
    }
    try {
      const output = toJson(this.outputOf(null))
      this.startTimer(until.delayMs, { type: 'attempt.succeeded', attempt, output })
    } catch (error) {
      this.chart.send({ type: 'wait.failed', failure: notComputable(error) })
    }
  }

  askFilter(): void {
    this.asked = ask(this.attempt, 'filter')
  }

  takeBackQuestion(): void {
    takeBack(this.attempt, this.asked)
    this.asked = null
  }

  answerMailbox(holds: boolean): void {
    this.attempt.run.scope.mailbox.answer(this, holds)
  }

  passOver({ event, reason, isFirst }: { event: BusEvent; reason: string; isFirst: boolean }): void {
    const { scope, session } = this.attempt.run
    scope.mailbox.passOver()
    if (!isFirst) return
    const message = `The filter cannot be computed for the event "${event.type}" from ${event.source}, which is passed over: ${reason}`
    session.log(this.waiter.path, message, null)
  }

  close(): void {
    const { session, scope } = this.attempt.run
    if (this.timer) session.cancelTimer(this.timer)
    scope.mailbox.remove(this)
  }

  succeed(event: BusEvent): void {
    succeedWith(this.attempt, () => this.outputOf(event))
  }

  fail(failure: Failure): void {
    fail(this.attempt, failure)
  }

  // -------------------------------------------------------------------------------------------------------

  /** Whether the filter lets the event through. */
  private accepts(event: BusEvent): boolean {
    const { until } = this.control
    if (until.kind === 'timer' || until.filter === null) return until.kind === 'event'
    return this.attempt.run.data.condition(until.filter, { event })
  }

  private outputOf(event: BusEvent | null): unknown {
    const { output } = this.control
    if (output === null) return event?.data ?? null
    return this.attempt.run.data.evaluate(output, event ? { event } : {})
  }

  private startTimer(delayMs: number, event: Settlement): void {
    const { run, index } = this.attempt
    this.timer = run.session.startTimer(run.pathOf(index), event, delayMs)
  }
}

/** What the step hears when it has waited long enough. */
function timeUp(
  attempt: number,
  { event, timeoutMs, onTimeout }: Extract<Until, { kind: 'event' }>,
): Settlement {
  if (onTimeout === 'continue') return { type: 'attempt.succeeded', attempt, output: null }
  const failure: Failure = {
    code: 'WAIT_TIMED_OUT',
    message: `No event "${event}" came within ${timeoutMs} ms`,
    retryable: false,
  }
  const verdict: Verdict | null = onTimeout === 'skip' ? 'skip' : null
  return { type: 'attempt.failed', attempt, failure, ...(verdict && { verdict }) }
}
