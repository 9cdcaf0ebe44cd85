// The host of simulations: virtual time, and every decision about order and outcome is a chooser's.
// Same choices, same history. Not an explorer: it plays one schedule. Nothing here waits for the real clock,
// and nothing happens until the caller drives it.
import { SagachartError } from '../errors.ts'
import { ignore, isInstance } from '../foreign.ts'
import type { InboundEvent } from '../runtime/port/events.ts'
import type {
  Effect,
  EffectControl,
  Entry,
  Guest,
  Host,
  HostPort,
  Outcome,
  RootRequest,
  TimerHandle,
} from '../runtime/port/host.ts'
import { TimerQueue, type Timer } from '../runtime/port/timers.ts'

/** Picks one of `count` possibilities: an integer from [0, count). */
export type Chooser = (count: number) => number

/** How an effect goes in a simulation. */
export type Reply =
  /** Runs the effect's own function, which must answer at once (no promise). Without `afterMs` it takes no time. */
  | { readonly kind: 'execute'; readonly afterMs?: number }
  | { readonly kind: 'settle'; readonly outcome: Outcome; readonly afterMs?: number }
  /** Settles as `outcome`, and says the same once more later. */
  | { readonly kind: 'duplicate'; readonly outcome: Outcome }
  /** Answers only once it is aborted. */
  | { readonly kind: 'hang' }
  /** Does not listen when it is told to stop: never answers, or only after its own time. */
  | { readonly kind: 'deaf'; readonly afterMs?: number }

export interface SimulationOptions {
  /** Draws all chance in the runs. Default 1. */
  readonly seed?: number
  /** Milliseconds since the epoch at which virtual time begins. Default 0. */
  readonly startAt?: number
  /** Default: drawn from `seed`. */
  readonly chooser?: Chooser
  /** Default: executes, in an order that the chooser picks. */
  readonly reply?: (effect: Effect) => Reply
  /** Journals of earlier lives, by run, to be resumed. */
  readonly journals?: Readonly<Record<string, readonly Entry[]>>
  /** Events that may happen before the simulation gives up. Default 1,000,000. */
  readonly eventsMax?: number
  /** Where `log` of an operation goes. Default: nowhere. */
  readonly log?: HostPort['log']
}

/** Plays runs in virtual time. Drive it with `run()` or, event by event, with `step()`. */
export class SimulationHost implements Host {
  readonly name = 'simulation'
  readonly options: Required<SimulationOptions>
  /** Virtual time, in milliseconds since the epoch. */
  time: number
  private readonly journals = new Map<string, Entry[]>()
  private ports: SimulationPort[] = []
  private runs = 0

  constructor(options: SimulationOptions = {}) {
    const seed = options.seed ?? 1
    const defaults = { seed, startAt: 0, chooser: randomChooser(seed), journals: {}, eventsMax: 1_000_000 }
    this.options = { ...defaults, reply: () => ({ kind: 'execute' }), log() {}, ...options }
    this.time = this.options.startAt
    for (const [runId, entries] of Object.entries(this.options.journals))
      this.journals.set(runId, [...entries])
  }

  newRunId(): string {
    return String(++this.runs)
  }

  open({ runId, resume, revives = false, since = 0 }: RootRequest, guest: Guest): HostPort {
    const written = this.journals.get(runId)
    if (resume && !written && !revives) {
      throw new SagachartError(
        'RUN_NOT_RESUMABLE',
        `Run ${runId} cannot be resumed: this simulation has no journal of it`,
      )
    }
    const journal = resume && written ? [...written] : []
    if (!resume || !written) this.journals.set(runId, [])
    const port = new SimulationPort(this, guest, journal, this.journals.get(runId)!)
    this.time = Math.max(this.time, journal.at(-1)?.at ?? 0, since)
    this.ports.push(port)
    return port
  }

  /** Resolves at once: nothing executes between two calls. */
  idle(): Promise<void> {
    return Promise.resolve()
  }

  /** Everything that crossed into a run so far. */
  journal(runId: string): readonly Entry[] {
    return this.journals.get(runId) ?? []
  }

  /** Cuts a run's journal, as if all that came later had been lost. */
  truncate(runId: string, length: number): void {
    this.journals.get(runId)?.splice(length)
  }

  /** The process dies: whatever was open is gone, the journals stay. Restore the runs' snapshots to go on. */
  crash(): void {
    for (const port of this.ports) port.kill()
    this.ports = []
  }

  /**
   * Lets one event happen: a reply that is ready, of the chooser's choice; else time goes on to the next timer.
   * Returns false where there was nothing left.
   */
  step(): boolean {
    const live = this.ports
    for (const port of live) port.beginAll()
    for (const port of live) if (port.runDeferred()) return true
    const count = live.reduce((sum, port) => sum + port.enabledCount, 0)
    if (count > 0) {
      let chosen = count === 1 ? 0 : this.options.chooser(count)
      for (const port of live) {
        if (chosen < port.enabledCount) {
          port.happen(chosen)
          return true
        }
        chosen -= port.enabledCount
      }
    }
    const due = earliest(live)
    if (!due) return false
    this.time = Math.max(this.time, due.timer.due)
    due.port.fire(due.timer)
    return true
  }

  /** The virtual time of what happens next; `null` where nothing is left to happen. */
  get nextAt(): number | null {
    if (this.ports.some((port) => port.hasNow)) return this.time
    return earliest(this.ports)?.timer.due ?? null
  }

  /**
   * Lets events happen until there is none left, or until `done` holds. Returns how many there were.
   * @throws INTERNAL after `eventsMax` events.
   */
  run(done: () => boolean = () => false): number {
    for (let events = 0; events < this.options.eventsMax; events++) {
      if (done() || !this.step()) return events
    }
    throw new SagachartError(
      'INTERNAL',
      `The simulation did not come to rest within ${this.options.eventsMax} events`,
    )
  }

  close(port: SimulationPort): void {
    this.ports = this.ports.filter((open) => open !== port)
  }
}

/** The same choices for the same seed (mulberry32). */
export function randomChooser(seed: number): Chooser {
  let state = seed >>> 0
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * count)
  }
}

interface Pending {
  readonly effect: Effect
  readonly reply: Reply
  readonly control: SimulatedControl
  /** Set while a reply with a duration is in the queue of timers. */
  timer: SimulatedTimer | null
  /** Told to stop before it began: it never does. */
  isWithdrawn: boolean
}

const answersAtOnce = ({ reply: { kind }, timer }: Pending) =>
  timer === null && kind !== 'hang' && kind !== 'deaf'

/** The end of an effect whose reply has a duration. */
interface ReplyDue {
  readonly type: 'simulation.reply'
  readonly effect: Effect
}

type SimulatedTimer = Timer<InboundEvent | ReplyDue>

class SimulationPort implements HostPort {
  readonly seed: number
  readonly journal: readonly Entry[]
  readonly timers = new TimerQueue<SimulatedTimer['event']>()
  private readonly host: SimulationHost
  private readonly guest: Guest
  private readonly written: Entry[]
  private readonly pending = new Map<Effect, Pending>()
  /** Effects that begin as soon as the root's own call is over. */
  private readonly fresh = new Set<Pending>()
  /** What could happen now, in the order in which it became possible. */
  private enabled: (() => void)[] = []
  private deferred: (() => void)[] = []

  constructor(host: SimulationHost, guest: Guest, journal: readonly Entry[], written: Entry[]) {
    this.host = host
    this.guest = guest
    this.journal = journal
    this.written = written
    this.seed = host.options.seed
  }

  now(): number {
    return this.host.time
  }

  perform(effect: Effect): void {
    const reply = this.host.options.reply(effect)
    const control = new SimulatedControl()
    const pending: Pending = { effect, reply, control, timer: null, isWithdrawn: false }
    this.fresh.add(pending)
    if ('afterMs' in reply && reply.afterMs !== undefined) {
      const due = this.host.time + reply.afterMs
      pending.timer = this.timers.start(due, '', { type: 'simulation.reply', effect })
    }
    this.pending.set(effect, pending)
    if (answersAtOnce(pending)) this.enable(pending)
  }

  abort(effect: Effect): void {
    const pending = this.pending.get(effect)
    if (!pending || pending.control.aborted) return
    pending.control.abort()
    pending.isWithdrawn = this.fresh.has(pending)
    const isListening = pending.reply.kind !== 'deaf' || pending.isWithdrawn
    if (isListening && !answersAtOnce(pending)) this.enable(pending)
  }

  abandon(): void {}

  performDetached(effects: readonly Effect[]): void {
    for (const effect of effects) this.outcomeOf(effect, new SimulatedControl())
  }

  startTimer(to: string, event: InboundEvent, delayMs: number): TimerHandle {
    return this.timers.start(this.host.time + delayMs, to, event)
  }

  cancelTimer(timer: TimerHandle): void {
    this.timers.cancel(timer as SimulatedTimer)
  }

  defer(callback: () => void): void {
    this.deferred.push(callback)
  }

  record(entry: Entry): void {
    this.written.push(entry)
  }

  log(path: string, message: string, data: unknown): void {
    this.host.options.log(path, message, data)
  }

  close(): void {
    this.kill()
    this.host.close(this)
  }

  /** Forgets everything, as a process that dies does. */
  kill(): void {
    for (const { control } of this.pending.values()) control.abort()
    this.pending.clear()
    this.fresh.clear()
    this.timers.clear()
    this.deferred = []
    this.enabled = []
  }

  runDeferred(): boolean {
    const next = this.deferred.shift()
    next?.()
    return next !== undefined
  }

  beginAll(): void {
    this.fresh.clear()
  }

  /** Whether something happens before time goes on. */
  get hasNow(): boolean {
    return this.deferred.length > 0 || this.enabled.length > 0
  }

  get enabledCount(): number {
    return this.enabled.length
  }

  /** Lets one of the events happen that could. */
  happen(at: number): void {
    const [event] = this.enabled.splice(at, 1)
    event?.()
  }

  private enable(pending: Pending): void {
    this.enabled.push(() => {
      if (this.pending.has(pending.effect)) this.answer(pending)
    })
  }

  fire(timer: SimulatedTimer): void {
    const { due, to, event } = timer
    this.timers.take(due)
    if (event.type !== 'simulation.reply') {
      this.guest.deliver(to, event, timer)
      return
    }
    const pending = this.pending.get(event.effect)
    if (pending) this.answer(pending)
  }

  private answer(pending: Pending): void {
    const { effect, reply, control, timer } = pending
    this.pending.delete(effect)
    if (timer) this.timers.cancel(timer)
    if (pending.isWithdrawn) {
      this.guest.settle(effect, { status: 'failed', error: control.signal.reason })
      return
    }
    const outcome = 'outcome' in reply ? reply.outcome : this.outcomeOf(effect, control)
    const told: Outcome =
      control.aborted && reply.kind !== 'settle' && reply.kind !== 'deaf'
        ? { status: 'failed', error: control.signal.reason }
        : outcome
    if (reply.kind === 'duplicate') {
      this.enabled.push(() => this.guest.settle(effect, told))
    }
    this.guest.settle(effect, told)
  }

  private outcomeOf(effect: Effect, control: SimulatedControl): Outcome {
    try {
      const value = this.guest.execute(effect, control)
      if (isInstance(value, Promise)) {
        ignore(value)
        throw new SagachartError(
          'INTERNAL',
          `${effect.to} answers with a promise: a simulation needs operations that answer at once`,
        )
      }
      return { status: 'succeeded', value }
    } catch (error) {
      return { status: 'failed', error }
    }
  }
}

class SimulatedControl implements EffectControl {
  private readonly controller = new AbortController()

  get signal(): AbortSignal {
    return this.controller.signal
  }

  get aborted(): boolean {
    return this.controller.signal.aborted
  }

  abort(): void {
    this.controller.abort(new DOMException('The operation was told to stop', 'AbortError'))
  }
}

function earliest(
  ports: readonly SimulationPort[],
): { port: SimulationPort; timer: SimulatedTimer } | undefined {
  let first: { port: SimulationPort; timer: SimulatedTimer } | undefined
  for (const port of ports) {
    const timer = port.timers.peek()
    if (timer && (!first || timer.due < first.timer.due)) first = { port, timer }
  }
  return first
}
