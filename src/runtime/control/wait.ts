// A step that waits: for a time, or for an event from inside or outside. It holds nothing while it does.
import type { BusEvent, Failure, Verdict } from '../../../machines/protocol.ts'
import type { DataScope } from '../../definition/model.ts'
import { toFailure } from '../failure.ts'
import type { InboundEvent, TimerHandle } from '../host.ts'
import { toJson } from '../json.ts'
import type { Waiter } from '../mailbox.ts'
import { ask, fail, failBy, succeedWith, type Attempt, type ControlOf, type Work } from './work.ts'

const CANCELLED: Failure = { code: 'RUN_CANCELLED', message: 'The wait was cancelled' }

type Until = ControlOf<'wait'>['until']

/** One attempt of a wait. */
export class Wait implements Work, Waiter {
  readonly awaits: string
  private readonly attempt: Attempt
  private readonly control: ControlOf<'wait'>
  private timer: TimerHandle | null = null
  /** Events that are still to be thought about; the first one is being thought about. */
  private candidates: BusEvent[] = []
  private takeBack: (() => void) | null = null
  private isOver = false

  constructor(attempt: Attempt, control: ControlOf<'wait'>) {
    const { until } = control
    this.attempt = attempt
    this.control = control
    this.awaits = until.kind === 'event' ? until.event : ''
    attempt.run.session.later(() => this.start(until), undefined, undefined)
  }

  stop(): void {
    if (this.isOver) return
    this.close()
    fail(this.attempt, CANCELLED)
  }

  abandon(): void {
    this.close()
  }

  /** What the filter said of the first candidate. */
  decided(value: unknown, failure?: Failure): void {
    this.takeBack = null
    const [event] = this.candidates
    if (failure) this.fail(failure)
    else if (value && event) this.take(event)
    else {
      this.candidates.shift()
      this.think()
    }
  }

  consider(event: BusEvent): boolean {
    this.candidates.push(event)
    if (this.candidates.length === 1) this.think()
    return this.isOver
  }

  /** Whether the filter lets the first candidate through. Also asked where a user's function decides. */
  accepts(): boolean {
    const { until } = this.control
    const [event] = this.candidates
    if (until.kind === 'timer' || !event) return false
    const { filter } = until
    if (filter === null) return true
    const seen: Partial<DataScope> = { event }
    const { data } = this.attempt.run
    return filter.kind === 'function' ? Boolean(data.evaluate(filter, seen)) : data.condition(filter, seen)
  }

  private start(until: Until): void {
    const { run, attempt } = this.attempt
    if (this.isOver) return
    if (until.kind === 'timer') {
      this.startTimer(until.delayMs, () => ({
        type: 'attempt.succeeded',
        attempt,
        output: this.outputOf(null),
      }))
      return
    }
    if (until.timeoutMs !== null) this.startTimer(until.timeoutMs, () => timeUp(attempt, until))
    this.candidates.push(...run.scope.mailbox.add(this))
    this.think()
  }

  private think(): void {
    const { until } = this.control
    if (this.isOver || this.takeBack || this.candidates.length === 0) return
    if (until.kind === 'event' && until.filter?.kind === 'function') {
      this.takeBack = ask(this.attempt, 'filter')
      return
    }
    try {
      this.decided(this.accepts())
    } catch (error) {
      this.fail({ ...toFailure(error, 'EXPRESSION_FAILED'), retryable: false })
    }
  }

  private take(event: BusEvent): void {
    this.attempt.run.scope.mailbox.take(event)
    this.close()
    succeedWith(this.attempt, () => this.outputOf(event))
  }

  private fail(failure: Failure): void {
    this.close()
    fail(this.attempt, failure)
  }

  private outputOf(event: BusEvent | null): unknown {
    const { output } = this.control
    if (output === null) return event?.data ?? null
    return this.attempt.run.data.evaluate(output, event ? { event } : {})
  }

  private close(): void {
    this.isOver = true
    this.takeBack?.()
    this.takeBack = null
    const { session, scope } = this.attempt.run
    if (this.timer) session.cancelTimer(this.timer)
    this.timer = null
    scope.mailbox.remove(this)
  }

  private startTimer(delayMs: number, event: () => InboundEvent & Record<string, unknown>): void {
    const { run, index } = this.attempt
    try {
      this.timer = run.session.startTimer(run.pathOf(index), toJson(event()) as InboundEvent, delayMs)
    } catch (error) {
      this.close()
      failBy(this.attempt, error)
    }
  }
}

/** What the step hears when it has waited long enough. */
function timeUp(attempt: number, { event, timeoutMs, onTimeout }: Extract<Until, { kind: 'event' }>) {
  if (onTimeout === 'continue') return { type: 'attempt.succeeded', attempt, output: null }
  const failure: Failure = {
    code: 'WAIT_TIMED_OUT',
    message: `No event "${event}" came within ${timeoutMs} ms`,
    retryable: false,
  }
  const verdict: Verdict | null = onTimeout === 'skip' ? 'skip' : null
  return { type: 'attempt.failed', attempt, failure, ...(verdict && { verdict }) }
}
