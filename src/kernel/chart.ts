// A compiled chart: a table of states, and how an event leads through it. Pure: what a chart names as effects is handed to
// whoever walks. How the table comes from a machine is in compile.ts. Invariant: the same as XState's interpreter does.

/** Eventless transitions that may follow one event: a circle of them ends in an error. */
export const MICROSTEPS_MAX = 1_000

export interface ChartEvent {
  readonly type: string
}

/** What guards, assignments and parameters are worked out from. */
export interface Facts {
  readonly context: object
  readonly event: ChartEvent
}

export type Guard = (facts: Facts) => boolean

/** An action: it assigns to the context of the walk, or hands it an effect. */
export type Act = (walk: Walk, event: ChartEvent) => void

/** One branch of a transition. */
export interface Branch {
  readonly guard: Guard | null
  /** The state that is entered; `null` where no state is left. */
  target: ChartState | null
  readonly acts: readonly Act[]
  /** The transition in the machine, in a list as inspectors are told of it. */
  readonly transitions: readonly [object]
}

export interface ChartState {
  readonly key: string
  readonly on: ReadonlyMap<string, readonly Branch[]>
  readonly always: readonly Branch[]
  readonly entry: readonly Act[]
  readonly exit: readonly Act[]
  /** Of a final state: what the chart leaves behind. */
  readonly outputOf: ((facts: Facts) => unknown) | null
}

/** Where a chart is, as plain data. */
export interface ChartSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly value: string
  readonly context: object
  readonly output: unknown
  readonly error: unknown
}

/** An effect that a chart names, with the context and the event that it was named in. */
export interface Effect extends Facts {
  readonly type: string
  readonly params: unknown
  /** What was provided for it. */
  readonly exec: unknown
}

/** What happens between an event and the next rest. Effects come in order, each before anything that follows it. */
export abstract class Walk {
  state: ChartState
  context: object
  status: ChartSnapshot['status'] = 'active'
  output: unknown = undefined
  error: unknown = undefined

  constructor(state: ChartState, context: object) {
    this.state = state
    this.context = context
  }

  abstract effect(type: string, exec: unknown, params: unknown, event: ChartEvent): void

  /** Told of every microstep, and of an event that leads nowhere. */
  abstract stepped(event: ChartEvent, branch: Branch | null): void

  /** Enters the state that the walk begins in. */
  begin(event: ChartEvent): void {
    this.enter(event)
    this.settle(event)
  }

  take(event: ChartEvent): void {
    const branch = this.chosen(this.state.on.get(event.type), event)
    if (branch) this.follow(branch, event)
    else if (event.type === 'xstate.stop') this.status = 'stopped'
    else if (event.type.startsWith('xstate.error.actor')) {
      this.status = 'error'
      this.error = 'error' in event ? event.error : undefined
    }
    this.stepped(event, branch)
    this.settle(event)
  }

  /** Takes eventless transitions until none is enabled, or until one changes nothing. */
  private settle(event: ChartEvent): void {
    for (let step = 0; this.status === 'active'; step++) {
      if (step === MICROSTEPS_MAX)
        throw new Error(`State "${this.state.key}": more than ${MICROSTEPS_MAX} eventless transitions`)
      const { state, context } = this
      const branch = this.chosen(state.always, event)
      if (!branch) return
      this.follow(branch, event)
      this.stepped(event, branch)
      if (this.state === state && this.context === context) return
    }
  }

  private chosen(branches: readonly Branch[] | undefined, event: ChartEvent): Branch | null {
    if (branches === undefined) return null
    for (const branch of branches) {
      if (branch.guard === null || branch.guard({ context: this.context, event })) return branch
    }
    return null
  }

  private follow({ target, acts }: Branch, event: ChartEvent): void {
    if (target) this.run(this.state.exit, event)
    this.run(acts, event)
    if (!target) return
    this.state = target
    this.enter(event)
  }

  private enter(event: ChartEvent): void {
    const { entry, exit, outputOf } = this.state
    this.run(entry, event)
    if (!outputOf) return
    this.status = 'done'
    this.output = outputOf({ context: this.context, event })
    this.run(exit, event)
  }

  private run(acts: readonly Act[], event: ChartEvent): void {
    for (const act of acts) act(this, event)
  }
}

/** A walk that notes its effects. */
class NotingWalk extends Walk {
  readonly effects: Effect[] = []

  effect(type: string, exec: unknown, params: unknown, event: ChartEvent): void {
    this.effects.push({ type, params, context: this.context, event, exec })
  }

  stepped(): void {}

  end(): [ChartSnapshot, readonly Effect[]] {
    const { status, state, context, output, error } = this
    return [{ status, value: state.key, context, output, error }, this.effects]
  }
}

/** A chart as pure functions on plain snapshots. */
export class Chart {
  readonly states: ReadonlyMap<string, ChartState>
  readonly first: ChartState
  readonly contextOf: (input: unknown) => object

  constructor(
    states: ReadonlyMap<string, ChartState>,
    first: ChartState,
    contextOf: (input: unknown) => object,
  ) {
    this.states = states
    this.first = first
    this.contextOf = contextOf
  }

  /** The first snapshot, and the effects of getting there. */
  initial(input: unknown): [ChartSnapshot, readonly Effect[]] {
    const walk = new NotingWalk(this.first, this.contextOf(input))
    walk.begin(initOf(input))
    return walk.end()
  }

  /** What an event leads to. A chart that has ended stays as it is; so does one that takes no notice. */
  transition(snapshot: ChartSnapshot, event: ChartEvent): [ChartSnapshot, readonly Effect[]] {
    if (snapshot.status !== 'active') return [snapshot, []]
    const walk = new NotingWalk(this.states.get(snapshot.value)!, snapshot.context)
    walk.take(event)
    return walk.end()
  }
}

/** The event that a chart begins with. */
export const initOf = (input: unknown) => ({ type: 'xstate.init', input })
