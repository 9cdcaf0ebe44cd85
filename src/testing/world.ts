// The host of exploration: virtual time, and nothing happens until it is chosen. Unlike the simulation host it decides late:
// an effect has no reply until a choice gives it one, so that every reply, silence, crash and order is one choice among
// those that offers.ts lists. Not here: which choice is taken, and whether what follows is right.
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

/** An effect that has not ended. */
export interface Pending {
  readonly effect: Effect
  /** It was told to stop. */
  isAborted: boolean
  /** Nobody waits for it any more. */
  isAbandoned: boolean
  /** What a faulty reply says once more; `null` for an effect that has not replied. */
  echo: Outcome | null
}

/** A timer that was started and has not fired. */
export interface PendingTimer extends TimerHandle {
  readonly to: string
  readonly event: InboundEvent
  readonly due: number
}

/** Told of what passes between the world and the root that lives in it. */
export interface Witness {
  performed(effect: Effect): void
  recorded(entry: Entry): void
  /** An effect that is waited for ends; not what it says later. */
  settled(pending: Pending, outcome: Outcome): void
}

/** One world, with one root in it. */
export class World implements Host {
  readonly name = 'exploration'
  /** Virtual time, in milliseconds. */
  time = 0
  /** What has crossed into the root so far, in all its lives. */
  journal: Entry[] = []
  /** Entries that told of a success when it could not be undone any more. */
  readonly heardTooLate = new WeakSet<Entry>()
  /** The life that goes on; `null` before the root opened, and after it closed. */
  life: Life | null = null
  private readonly seed: number
  private readonly witness: Witness

  constructor(seed: number, witness: Witness) {
    this.seed = seed
    this.witness = witness
  }

  newRunId(): string {
    return 'explored'
  }

  open({ resume }: RootRequest, guest: Guest): HostPort {
    if (!resume) this.journal = []
    this.life = new Life(this, this.witness, guest, this.seed, resume ? [...this.journal] : [])
    return this.life
  }

  /** Resolves at once: nothing executes between two calls. */
  idle(): Promise<void> {
    return Promise.resolve()
  }

  /** The process dies: all is gone except for the journal, without its last entries. */
  crash(entriesLost: number): void {
    this.life?.kill()
    this.life = null
    this.journal.length -= entriesLost
  }
}

const IGNORED: EffectControl = { signal: new AbortController().signal }

/** What lives between two crashes. */
export class Life implements HostPort {
  readonly seed: number
  readonly journal: readonly Entry[]
  /** In the order in which they were asked for. */
  readonly pending: Pending[] = []
  readonly timers: PendingTimer[] = []
  private readonly world: World
  private readonly witness: Witness
  private readonly guest: Guest
  private deferred: (() => void)[] = []
  private isDead = false

  constructor(world: World, witness: Witness, guest: Guest, seed: number, journal: readonly Entry[]) {
    this.world = world
    this.witness = witness
    this.guest = guest
    this.seed = seed
    this.journal = journal
  }

  now(): number {
    return this.world.time
  }

  perform(effect: Effect): void {
    if (this.isDead) return
    // A module that is initialised again is no part of the history, and is taken for granted here.
    if (effect.kind === 'init' && effect.resumed) {
      this.defer(() => this.guest.settle(effect, { status: 'succeeded', value: undefined }))
      return
    }
    this.pending.push({ effect, isAborted: false, isAbandoned: false, echo: null })
    this.witness.performed(effect)
  }

  abort(effect: Effect): void {
    const pending = this.find(effect)
    if (pending) pending.isAborted = true
  }

  abandon(effect: Effect): void {
    const pending = this.find(effect)
    if (pending) pending.isAbandoned = true
  }

  performDetached(effects: readonly Effect[]): void {
    for (const effect of effects) this.witness.performed(effect)
  }

  startTimer(to: string, event: InboundEvent, delayMs: number): TimerHandle {
    const timer = { to, event, due: this.world.time + delayMs }
    if (!this.isDead) this.timers.push(timer)
    return timer
  }

  cancelTimer(timer: TimerHandle): void {
    const at = this.timers.indexOf(timer as PendingTimer)
    if (at >= 0) this.timers.splice(at, 1)
  }

  defer(callback: () => void): void {
    this.deferred.push(callback)
  }

  record(entry: Entry): void {
    if (this.isDead) return
    this.world.journal.push(entry)
    this.witness.recorded(entry)
  }

  log(): void {}

  close(): void {
    this.kill()
  }

  /** Forgets everything, as a process that dies does. */
  kill(): void {
    this.isDead = true
    this.pending.length = 0
    this.timers.length = 0
    this.deferred = []
  }

  get hasDeferred(): boolean {
    return this.deferred.length > 0
  }

  /** Does the first thing that was deferred; a resumed life replays so. */
  runDeferred(): void {
    this.deferred.shift()?.()
  }

  /** The timer that fires next: the earliest, and among those the one that was started first. */
  get nextTimer(): PendingTimer | null {
    let next: PendingTimer | null = null
    for (const timer of this.timers) if (next === null || timer.due < next.due) next = timer
    return next
  }

  /** Lets time go on to a timer, and fires it. */
  fire(timer: PendingTimer): void {
    this.cancelTimer(timer)
    this.world.time = Math.max(this.world.time, timer.due)
    this.guest.deliver(timer.to, timer.event, timer)
  }

  /** An effect ends. One that is to say so twice stays, as an echo. */
  settle(pending: Pending, outcome: Outcome, isTwice = false): void {
    const isFirst = pending.echo === null && !pending.isAbandoned
    if (isTwice) pending.echo = outcome
    else this.pending.splice(this.pending.indexOf(pending), 1)
    if (isFirst) this.witness.settled(pending, outcome)
    this.guest.settle(pending.effect, outcome)
  }

  /** Tells an actor something that comes from nowhere in the world. */
  deliver(to: string, event: InboundEvent): void {
    this.guest.deliver(to, event)
  }

  /** Runs the function behind an effect, at once. */
  execute(effect: Effect): Outcome {
    try {
      const value = this.guest.execute(effect, IGNORED)
      if (!isInstance(value, Promise)) return { status: 'succeeded', value }
      ignore(value)
      return { status: 'failed', error: answersLater(effect) }
    } catch (error) {
      return { status: 'failed', error }
    }
  }

  private find(effect: Effect): Pending | undefined {
    return this.pending.find((pending) => pending.effect === effect && pending.echo === null)
  }
}

const answersLater = ({ to }: Effect) =>
  new SagachartError(
    'OPERATION_ASYNC',
    `${to} answers with a promise: exploration runs functions that answer at once; leave this one to its stub`,
    { retryable: false },
  )
