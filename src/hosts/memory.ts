// The host of this process: real time, real promises, nothing kept beyond the process. Runs in Node and in browsers.
// Decides nothing. Invariants: it never calls a root back from within one of the root's own calls; its time never goes back,
// whatever becomes of the wall clock; what is due fires before a reply that came later, also where the reply's own code kept
// it from firing.
import { SagachartError } from '../errors.ts'
import { ignore, isPromise, look, whenSettled } from '../foreign.ts'
import type { InboundEvent } from '../runtime/port/events.ts'
import type {
  Effect,
  EffectControl,
  Guest,
  Host,
  HostPort,
  Outcome,
  RootRequest,
  TimerHandle,
} from '../runtime/port/host.ts'
import { TimerQueue, type Timer } from '../runtime/port/timers.ts'
import { Turns, within } from './turns.ts'

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** How long the event loop was blocked at least, in milliseconds, where a timer that fires late says so. */
const BLOCKED_MS_MIN = 50

export interface MemoryHostOptions {
  /** Where `log` of an operation goes. Default: nowhere. */
  readonly log?: (path: string, message: string, data: unknown) => void
}

/**
 * Runs workflows in this process. Durations are counted by `performance.now()`: a wall clock that is set neither delays a limit
 * nor fires it. Timestamps are the wall clock's time at the start of the run plus that count. A run that goes on from where it
 * was stopped waits until nothing of its earlier life executes any more, for at most 5 s. A run whose actor system has a clock of its
 * own is refused, `CLOCK_NOT_SUPPORTED`; so is one that is restored from less than the whole of a snapshot, `RUN_NOT_RESUMABLE`.
 */
export function memoryHost(options: MemoryHostOptions = {}): Host {
  return new MemoryHost(options)
}

class MemoryHost implements Host {
  readonly name = 'memory'
  readonly options: MemoryHostOptions
  private executing = 0
  private waiting: (() => void)[] = []
  /** Where runs were closed while something of theirs was still under way, in that order. */
  private readonly left = new Map<string, { readonly port: MemoryPort; readonly atMs: number }>()

  constructor(options: MemoryHostOptions) {
    this.options = options
  }

  newRunId(): string {
    return `${randomDigits()}${randomDigits()}${randomDigits()}`.slice(0, 16)
  }

  open({ runId, resume, revives = false, hasOwnClock = false }: RootRequest, guest: Guest): HostPort {
    if (resume && !revives) {
      throw new SagachartError(
        'RUN_NOT_RESUMABLE',
        `Run ${runId} cannot be resumed: the memory host keeps no journal beyond the run; give the whole of what getPersistedSnapshot gave, or start it anew`,
      )
    }
    if (hasOwnClock) {
      throw new SagachartError(
        'CLOCK_NOT_SUPPORTED',
        `Run ${runId} cannot run on the clock of its actor system: expected none, for the memory host counts real time; leave "clock" out, or give the workflow a host of virtual time, withHost(workflow, new SimulationHost())`,
      )
    }
    const port = new MemoryPort(this, guest, runId)
    const earlier = revives ? this.left.get(runId) : undefined
    const graceMs = earlier ? DETACHED_GRACE_MS - (performance.now() - earlier.atMs) : 0
    // A run that was stopped goes on once its modules are cleaned up, for cleaning up would undo what their init does again.
    if (earlier && graceMs > 0) port.hold(within(graceMs, earlier.port.whenLeft()))
    return port
  }

  /** Remembers what a run leaves behind, within its grace. */
  leave(runId: string, port: MemoryPort): void {
    const atMs = performance.now()
    for (const [other, earlier] of this.left) {
      if (atMs - earlier.atMs < DETACHED_GRACE_MS) break
      this.left.delete(other)
    }
    this.left.delete(runId)
    this.left.set(runId, { port, atMs })
  }

  idle(): Promise<void> {
    return this.executing === 0 ? Promise.resolve() : new Promise((done) => this.waiting.push(done))
  }

  begin(): void {
    this.executing++
  }

  end(): void {
    if (--this.executing > 0) return
    for (const done of this.waiting.splice(0)) done()
  }
}

/**
 * How long what was aborted may take before clean-ups that nobody waits for begin, in milliseconds; and how long after it was stopped
 * a run waits for both before it goes on.
 */
const DETACHED_GRACE_MS = 5_000

class MemoryPort implements HostPort {
  readonly seed = randomWord()
  readonly journal = []
  readonly keepsJournal = false
  private readonly host: MemoryHost
  private readonly guest: Guest
  private readonly runId: string
  private readonly open = new Map<Effect, Control>()
  /** Their `due` is the clock's `passedMs`. */
  private readonly timers = new TimerQueue()
  private readonly clock = new Clock()
  private readonly turns = new Turns(() => this.rest())
  private alarm: ReturnType<typeof setTimeout> | undefined
  private alarmDue = Infinity
  /** The earliest timer is due then, or an earlier one was that is cancelled. */
  private nextDue = Infinity
  private closed = false
  /** Effects that have not ended, abandoned ones included. */
  private executing = 0
  private quiet: PromiseWithResolvers<void> | undefined
  /** The clean-up that nobody waits for. */
  private cleanedUp: Promise<void> | undefined

  constructor(host: MemoryHost, guest: Guest, runId: string) {
    this.host = host
    this.guest = guest
    this.runId = runId
  }

  /** Calls nothing and nobody before then. */
  hold(until: Promise<void>): void {
    this.turns.hold(until)
  }

  /** Resolves once nothing executes any more, clean-ups included. */
  whenLeft(): Promise<void> {
    return this.cleanedUp ?? this.whenQuiet()
  }

  now(): number {
    return this.clock.time
  }

  perform(effect: Effect): void {
    const control = new Control()
    this.open.set(effect, control)
    this.executing++
    this.host.begin()
    this.turns.add(() => this.execute(effect, control))
  }

  abort(effect: Effect): void {
    this.open.get(effect)?.abort()
  }

  abandon(effect: Effect): void {
    this.open.delete(effect)
  }

  performDetached(effects: readonly Effect[]): void {
    if (effects.length === 0) return
    this.host.begin()
    this.cleanedUp = this.whenQuiet()
      .then(() => this.performInTurn(effects))
      .finally(() => this.host.end())
  }

  startTimer(to: string, event: InboundEvent, delayMs: number): TimerHandle {
    const timer = this.timers.start(this.clock.passedMs + delayMs, to, event)
    if (timer.due < this.nextDue) {
      this.nextDue = timer.due
      this.turns.schedule()
    }
    return timer
  }

  cancelTimer(timer: TimerHandle): void {
    // The alarm stays as it is: it rings for nothing once, instead of being moved at every step.
    this.timers.cancel(timer as Timer)
  }

  defer(callback: () => void): void {
    this.turns.add(callback)
  }

  record(): void {}

  log(path: string, message: string, data: unknown): void {
    // A log that fails fails nobody.
    ignore(look(() => this.host.options.log?.(path, message, data) as unknown, undefined))
  }

  close(): void {
    this.closed = true
    if (this.executing > 0 || this.cleanedUp) this.host.leave(this.runId, this)
    for (const control of this.open.values()) control.abort()
    this.open.clear()
    this.timers.clear()
    this.arm()
  }

  private execute(effect: Effect, control: Control): void {
    if (control.aborted) {
      this.settle(effect, { status: 'failed', error: control.signal.reason })
      return
    }
    const began = this.clock.passedMs
    let result: unknown
    try {
      result = this.guest.execute(effect, control)
    } catch (error) {
      this.settle(effect, { status: 'failed', error }, began)
      return
    }
    if (!isPromise(result)) {
      this.settle(effect, { status: 'succeeded', value: result }, began)
      return
    }
    this.catchUp(began)
    whenSettled(
      result,
      (value) => this.settle(effect, { status: 'succeeded', value }),
      (error) => this.settle(effect, { status: 'failed', error }),
    )
  }

  private settle(effect: Effect, outcome: Outcome, callBegan = Infinity): void {
    this.catchUp(callBegan)
    this.open.delete(effect)
    this.host.end()
    if (--this.executing === 0) this.quiet?.resolve()
    if (!this.closed) this.guest.settle(effect, outcome)
  }

  /** Resolves once nothing executes any more, or once whatever does not listen has had its grace. */
  private async whenQuiet(): Promise<void> {
    if (this.executing === 0) return
    this.quiet ??= Promise.withResolvers<void>()
    await within(DETACHED_GRACE_MS, this.quiet.promise)
  }

  private async performInTurn(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      try {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>()
        whenSettled(this.guest.execute(effect, new Control()), resolve, reject)
        await promise
      } catch (error) {
        this.log(effect.to, `${effect.kind} failed`, error)
      }
    }
  }

  /** Nothing is left to be done: many a timer that was started meanwhile was cancelled, too, and needs no alarm. */
  private rest(): void {
    if (this.nextDue < this.alarmDue) this.arm()
  }

  /** One `setTimeout` for all timers, for the earliest of them. */
  private arm(): void {
    clearTimeout(this.alarm)
    const next = this.timers.peek()
    this.alarmDue = this.nextDue = next?.due ?? Infinity
    if (!next) return
    const { passedMs } = this.clock
    const delayMs = Math.min(Math.max(0, next.due - passedMs), TIMEOUT_MS_MAX)
    this.alarm = setTimeout(() => {
      this.turns.begin()
      this.clock.reach(passedMs + delayMs)
      this.ring()
    }, delayMs)
  }

  /** Fires what fell due while the event loop was blocked: by a call of user code that began then, if it is known. */
  private catchUp(callBegan: number): void {
    if (this.clock.passedMs >= this.nextDue) this.ring(callBegan)
  }

  private ring(callBegan = Infinity): void {
    const { clock, timers } = this
    const now = clock.passedMs
    for (let timer = timers.take(now); timer; timer = timers.take(clock.passedMs)) {
      const blockedMs = now - Math.min(timer.due, callBegan)
      const event = blockedMs < BLOCKED_MS_MIN ? timer.event : { ...timer.event, blockedMs }
      this.guest.deliver(timer.to, event, timer)
    }
    this.arm()
  }
}

/** The time of one run: the wall clock's at its start, plus the count of the monotonic clock, which nobody can set. */
class Clock {
  private readonly beganAt = Date.now()
  private readonly beganMs = performance.now()
  private countedMs = 0

  /** Milliseconds that have passed, whole; never less than before. */
  get passedMs(): number {
    this.countedMs = Math.max(this.countedMs, Math.floor(performance.now() - this.beganMs))
    return this.countedMs
  }

  /** Milliseconds since the epoch, whole. */
  get time(): number {
    return this.beganAt + this.passedMs
  }

  /** A timer has rung, so this much has passed: where a test fakes `setTimeout` alone, no other clock shows it. */
  reach(passedMs: number): void {
    this.countedMs = Math.max(this.countedMs, passedMs)
  }
}

/** The signal costs more than the rest of an attempt, so it is made only when someone asks for it. */
class Control implements EffectControl {
  aborted = false
  private controller: AbortController | undefined

  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.aborted) this.controller.abort(stopped())
    return this.controller.signal
  }

  abort(): void {
    this.aborted = true
    this.controller?.abort(stopped())
  }
}

const stopped = () => new DOMException('The operation was told to stop', 'AbortError')

/** Drawn many at a time: one draw takes as long as a hundred. Not randomUUID: browsers have that only in secure contexts. */
const randomWords = new Uint32Array(256)
let wordsDrawn = randomWords.length

function randomWord(): number {
  if (wordsDrawn === randomWords.length) {
    globalThis.crypto.getRandomValues(randomWords)
    wordsDrawn = 0
  }
  return randomWords[wordsDrawn++]!
}

const randomDigits = () => randomWord().toString(36).padStart(7, '0')
