// The timers of one live step, or of what undoes it. They decide nothing: their events do, in the step's chart.
import type { TimerEvent } from '../port/events.ts'
import type { AttemptTarget } from '../port/host.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { LiveAt } from '../state/run-at.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { Session } from '../journal/session.ts'

/** At most one of each kind at a time. */
export class StepTimers {
  private readonly session: Session
  private readonly path: string
  /** The attempt's limit, its grace, its backoff, or that of an answer: never two of them at once. */
  private timer: RunningTimer | null = null
  /** Ends an attempt that falls silent. */
  private heartbeat: RunningTimer | null = null
  /** Ends the time for retries. */
  private window: RunningTimer | null = null
  /** When that is, in milliseconds since the epoch. */
  private windowEnd = Infinity
  /** What is tried until then. */
  private tried: AttemptTarget | null = null

  constructor(session: Session, path: string) {
    this.session = session
    this.path = path
  }

  capture(notes: Capturing): LiveAt['timers'] {
    const { windowEnd, tried } = this
    return {
      timer: notes.timer(this.timer),
      heartbeat: notes.timer(this.heartbeat),
      window: notes.timer(this.window),
      windowLeft: windowEnd === Infinity ? null : windowEnd - notes.now,
      tried,
    }
  }

  revive({ timer, heartbeat, window, windowLeft, tried }: LiveAt['timers'], notes: Reviving): this {
    this.timer = notes.timer(timer)
    this.heartbeat = notes.timer(heartbeat)
    this.window = notes.timer(window)
    this.windowEnd = windowLeft === null ? Infinity : notes.now + windowLeft
    this.tried = tried
    return this
  }

  start(event: TimerEvent, delayMs: number): void {
    this.stop()
    this.timer = this.begin(event, delayMs)
  }

  stop(): void {
    this.timer = this.cancel(this.timer)
  }

  get awaitsHeartbeat(): boolean {
    return this.heartbeat !== null
  }

  startHeartbeat(attempt: number, delayMs: number): void {
    this.stopHeartbeat()
    this.heartbeat = this.begin({ type: 'heartbeat.missed', attempt }, delayMs)
  }

  stopHeartbeat(): void {
    this.heartbeat = this.cancel(this.heartbeat)
  }

  /** An attempt begins. Where it is the first at its target, the time for retries begins, too. */
  openWindow(target: AttemptTarget, maxElapsedMs: number | null): void {
    if (this.tried === target) return
    this.tried = target
    this.closeWindow()
    this.windowEnd = this.session.time + (maxElapsedMs ?? Infinity)
    if (maxElapsedMs !== null) this.window = this.begin({ type: 'retries.expired' }, maxElapsedMs)
  }

  /** Whether a retry after a delay would start within its time. */
  isInWindow(delayMs: number): boolean {
    return this.session.time + delayMs < this.windowEnd
  }

  closeWindow(): void {
    this.window = this.cancel(this.window)
  }

  stopAll(): void {
    this.stop()
    this.stopHeartbeat()
    this.closeWindow()
  }

  private begin(event: TimerEvent, delayMs: number): RunningTimer {
    return this.session.startTimer(this.path, event, delayMs)
  }

  private cancel(timer: RunningTimer | null): null {
    if (timer) this.session.cancelTimer(timer)
    return null
  }
}
