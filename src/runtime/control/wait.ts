// A step that waits: for a time, or for an event from inside or outside. It holds nothing while it does.
import type { BusEvent, Failure, Verdict } from '../../../machines/protocol.ts'
import type { DataScope } from '../../definition/model.ts'
import { toFailure } from '../execute/failure.ts'
import type { Settlement } from '../port/events.ts'
import type { TimerHandle } from '../port/host.ts'
import { toJson } from '../../definition/json-copy.ts'
import type { Listener } from '../environment/mailbox.ts'
import type { Waiter } from '../../kernel/waiters.ts'
import { levelsOf } from './levels.ts'
import { ask, fail, failBy, succeedWith, type Attempt, type ControlOf, type Work } from './work.ts'

const CANCELLED: Failure = { code: 'RUN_CANCELLED', message: 'The wait was cancelled' }

type Until = ControlOf<'wait'>['until']

/** One attempt of a wait. */
export class Wait implements Work, Listener {
  readonly awaits: string
  readonly waiter: Waiter
  private readonly attempt: Attempt
  private readonly control: ControlOf<'wait'>
  private timer: TimerHandle | null = null
  /** The event that is being judged. */
  private event: BusEvent | null = null
  private takeBack: (() => void) | null = null
  /** Whether its filter could not be computed for some event. */
  private hasPassedOver = false
  private isOver = false

  constructor(attempt: Attempt, control: ControlOf<'wait'>) {
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
    run.session.later(() => this.start(until), undefined, undefined)
  }

  stop(): void {
    if (this.isOver) return
    this.close()
    fail(this.attempt, CANCELLED)
  }

  attemptEnded(): void {
    this.close()
  }

  abandon(): void {
    this.close()
  }

  /** What the filter said of the event. */
  decided(value: unknown, failure?: Failure): void {
    this.takeBack = null
    if (failure) this.passOver(failure.message)
    this.attempt.run.scope.mailbox.answer(this, !failure && Boolean(value))
  }

  judge(event: BusEvent): boolean | null {
    const { until } = this.control
    this.event = event
    if (until.kind === 'event' && until.filter?.kind === 'function') {
      this.takeBack = ask(this.attempt, 'filter')
      return null
    }
    try {
      return this.accepts()
    } catch (error) {
      this.passOver(toFailure(error).message)
      return false
    }
  }

  /** Whether the filter lets the event through. Also asked where a user's function decides. */
  accepts(): boolean {
    const { until } = this.control
    const { event } = this
    if (until.kind === 'timer' || !event) return false
    const { filter } = until
    if (filter === null) return true
    const seen: Partial<DataScope> = { event }
    return this.attempt.run.data.condition(filter, seen)
  }

  take(event: BusEvent): void {
    this.close()
    succeedWith(this.attempt, () => this.outputOf(event))
  }

  private start(until: Until): void {
    const { run, attempt } = this.attempt
    if (this.isOver) return
    if (until.kind === 'event') {
      if (until.timeoutMs !== null) this.startTimer(until.timeoutMs, timeUp(attempt, until))
      run.scope.mailbox.add(this)
      return
    }
    try {
      const output = toJson(this.outputOf(null))
      this.startTimer(until.delayMs, { type: 'attempt.succeeded', attempt, output })
    } catch (error) {
      this.close()
      failBy(this.attempt, error)
    }
  }

  /** The filter cannot be computed for the event, which is somebody else's, then. Said once, for there may be many of them. */
  private passOver(reason: string): void {
    const { scope, session } = this.attempt.run
    scope.mailbox.passOver()
    if (this.hasPassedOver) return
    this.hasPassedOver = true
    const { path } = this.waiter
    const { type, source } = this.event!
    const message = `The filter cannot be computed for the event "${type}" from ${source}, which is passed over: ${reason}`
    session.log(path, message, null)
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
    this.event = null
    scope.mailbox.remove(this)
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
