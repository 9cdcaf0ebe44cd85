// Charts as actor logic: machines whose transitions are compiled, in place of those of XState's interpreter. All else is the
// machine's own: configuration, definition, what a snapshot can be asked. Invariant: actors, and those who inspect them, are
// told the same as by the interpreter, in the same order; where nobody inspects, nothing is built for it.
import type {
  ActorRefFrom,
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  ContextFrom,
  EventFromLogic,
  EventObject,
  ExecutableActionObject,
} from 'xstate'
import { shown } from '../../definition/diagnostic.ts'
import { initOf, Walk, type Branch, type Chart, type ChartState } from '../../kernel/chart.ts'
import { compile } from '../../kernel/compile.ts'
import type { Session } from '../journal/session.ts'
import type { ChartAt } from '../state/notes.ts'

/** What the effects of an actor are done on. They wait in its session until the chart that names them has come to rest. */
export interface Owner {
  readonly session: Pick<Session, 'later'> | null
}

/** Where a snapshot keeps the owner of its actor. A copy in another form leaves it out, for it is not data. */
export const OWNER: unique symbol = Symbol('owner')

interface Owned {
  readonly owner?: Owner
}

/** The same machine with compiled transitions. It is compiled when the first actor needs it. */
export function compiled<TMachine extends AnyStateMachine>(machine: TMachine): TMachine {
  const logic: TMachine = Object.create(machine, {
    getInitialSnapshot: {
      value(this: Owned, scope: AnyActorScope, input: unknown) {
        return chart.initial(scope, input, this.owner)
      },
    },
    restoreSnapshot: {
      value(this: Owned, at: ChartAt) {
        return chart.restored(at, this.owner)
      },
    },
    transition: {
      value: (snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope) =>
        chart.transition(snapshot, event, scope),
    },
    provide: {
      value: (given: Parameters<TMachine['provide']>[0]) => compiled(machine.provide(given)),
    },
  })
  const chart = new ActorChart(logic)
  return logic
}

/** A compiled chart for the actors of one owner. */
export const ownedBy = <TMachine extends AnyStateMachine>(machine: TMachine, owner: Owner): TMachine =>
  Object.create(machine, { owner: { value: owner } }) as TMachine

/** What an effect is done with. */
export interface Doing<TMachine extends AnyStateMachine, TOwner> {
  readonly owner: TOwner
  readonly self: ActorRefFrom<TMachine>
  /** As it was when the chart named the effect. */
  readonly context: ContextFrom<TMachine>
  readonly event: EventFromLogic<TMachine>
}

/** What a machine's `provide` takes for its actions, by name. */
export type ActionsOf<TMachine extends AnyStateMachine> = Required<
  NonNullable<Parameters<TMachine['provide']>[0]['actions']>
>
/** What an action is given. */
export type ParamsOf<TAction> = TAction extends (...given: [never, infer TParams]) => void
  ? TParams
  : undefined

/** How each effect that a chart names is done, and no other. */
export type Doings<TEffect extends string, TMachine extends AnyStateMachine, TOwner> = {
  readonly [TName in TEffect]: (
    doing: Doing<TMachine, TOwner>,
    params: ParamsOf<ActionsOf<TMachine>[TName & keyof ActionsOf<TMachine>]>,
  ) => void
}

/** A chart bound to how its effects are done. Nothing is done of what an actor without an owner names. */
export const bound =
  <TEffect extends string, TOwner extends Owner>() =>
  <TMachine extends AnyStateMachine>(
    machine: TMachine,
    doings: Doings<TEffect, TMachine, TOwner>,
  ): TMachine => {
    const actions = Object.fromEntries(
      Object.entries<(doing: never, params: never) => void>(doings).map(([name, effect]) => [
        name,
        (doing: Owned, params: unknown) => doing.owner?.session?.later(effect as never, doing, params),
      ]),
    )
    return compiled(machine).provide({ actions } as Parameters<TMachine['provide']>[0]) as TMachine
  }

/** A chart as the actors of a machine need it. */
export class ActorChart {
  private readonly machine: AnyStateMachine
  private chart: Chart | null = null
  private readonly samples = new Map<ChartState, AnyMachineSnapshot>()

  constructor(machine: AnyStateMachine) {
    this.machine = machine
  }

  /** An error in the chart is in the snapshot, as it is in XState's. */
  initial(scope: AnyActorScope, input: unknown, owner?: Owner): AnyMachineSnapshot {
    const chart = (this.chart ??= compile(this.machine))
    try {
      const walk = new ActorWalk(this, scope, chart.first, chart.contextOf(input), owner)
      walk.begin(initOf(input))
      return walk.snapshot
    } catch (error) {
      return { ...this.sampleOf(chart.first), status: 'error', error }
    }
  }

  /** @param context What the chart knows, where the snapshot shows its users something else. */
  transition(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: AnyActorScope,
    context: object = snapshot.context,
  ): AnyMachineSnapshot {
    if (snapshot.status !== 'active') return snapshot
    const { states } = (this.chart ??= compile(this.machine))
    const state = states.get(snapshot.value as string)!
    const walk = new ActorWalk(this, scope, state, context, ownerOf(snapshot), snapshot)
    walk.take(event)
    return walk.snapshot
  }

  /** Where it was in an earlier life. @throws TypeError where the chart has no such state */
  restored({ value, context }: ChartAt, owner?: Owner): AnyMachineSnapshot {
    const { states } = (this.chart ??= compile(this.machine))
    const sample = this.sampleOf(stateNamed(states, value))
    return Object.assign({ ...sample, context }, owner && { [OWNER]: owner }) as AnyMachineSnapshot
  }

  /** A snapshot of XState's own in a state: others differ from it in what they know and how they ended. */
  sampleOf(state: ChartState): AnyMachineSnapshot {
    const known = this.samples.get(state)
    if (known) return known
    const sample = this.machine.resolveState({ value: state.key, context: {} })
    const { toJSON } = sample
    sample.toJSON = function asData(this: AnyMachineSnapshot) {
      const data = toJSON.call(this) as { [OWNER]?: Owner }
      delete data[OWNER]
      return data as ReturnType<typeof toJSON>
    }
    this.samples.set(state, sample)
    return sample
  }
}

/** A state of a chart that captured data names. @throws TypeError */
export function stateNamed(states: Chart['states'], value: unknown): ChartState {
  const state = states.get(value as string)
  if (!state) throw new TypeError(`its chart has no state ${shown(value)}`)
  return state
}

/** The owner of the actor that a snapshot is of. */
export const ownerOf = (snapshot: object) => (snapshot as { readonly [OWNER]?: Owner })[OWNER]

/** A walk whose effects are done at once. */
class ActorWalk extends Walk {
  readonly scope: AnyActorScope
  private readonly chart: ActorChart
  private readonly owner: Owner | undefined
  private last: AnyMachineSnapshot | null
  /** The context that the last snapshot was made with. */
  private known: object
  /** What inspectors are being told of: a microstep, or an effect and its parameters. */
  event: EventObject | null = null
  branch: Branch | null = null
  type = ''
  params: unknown = undefined

  constructor(
    chart: ActorChart,
    scope: AnyActorScope,
    state: ChartState,
    context: object,
    owner: Owner | undefined,
    last: AnyMachineSnapshot | null = null,
  ) {
    super(state, context)
    this.chart = chart
    this.owner = owner
    this.scope = scope
    this.last = last
    this.known = context
  }

  /** XState defers the effects of an actor that does not run yet. For each other one it would make five objects. */
  effect(type: string, exec: unknown, params: unknown, event: EventObject): void {
    const { scope, context, owner } = this
    const { self, system } = scope as Internals
    const info = { context, event, self, system, owner } as ExecutableActionObject['info']
    const executable = exec as ExecutableActionObject['exec']
    if (self._processingStatus !== RUNNING) {
      scope.actionExecutor({ type, info, params, exec: executable })
      return
    }
    this.type = type
    this.params = params
    tellOf(this, action)
    executable?.(info, params)
  }

  stepped(event: EventObject, branch: Branch | null): void {
    this.event = event
    this.branch = branch
    tellOf(this, microstep)
  }

  /** Where the walk is. It is the last one where that has not changed. */
  get snapshot(): AnyMachineSnapshot {
    const { last, known, state, context, status, output, error, owner } = this
    if (last && last.value === state.key && known === context && last.status === status) return last
    const next = { ...this.chart.sampleOf(state), status, output, error, context } as AnyMachineSnapshot & {
      [OWNER]?: Owner
    }
    if (owner) next[OWNER] = owner
    this.known = context
    return (this.last = next)
  }
}

/** What is read of XState's own, the same since its version 5.0. Inspectors are told by it, where there are any. */
type Internals = AnyActorScope & {
  readonly self: { readonly _processingStatus: number }
  readonly system: { readonly _sendInspectionEvent: (event: object) => void }
}

/** The status of an actor that runs. */
const RUNNING = 1

let told: ActorWalk | null = null

function tellOf(walk: ActorWalk, what: object): void {
  told = walk
  ;(walk.scope as Internals).system._sendInspectionEvent(what)
  told = null
}

/** The microstep that inspectors are being told of, worked out as they read it. */
const microstep = {
  type: '@xstate.microstep',
  get actorRef() {
    return told!.scope.self
  },
  get event() {
    return told!.event
  },
  get snapshot() {
    return told!.snapshot
  },
  get _transitions() {
    return told!.branch?.transitions ?? []
  },
}

/** The same for an effect. */
const action = {
  type: '@xstate.action',
  get actorRef() {
    return told!.scope.self
  },
  get action() {
    const { type, params } = told!
    return { type, params }
  },
}
