// Charts as actor logic: machines whose transitions are compiled, in place of those of XState's interpreter. All else is the
// machine's own: configuration, definition, what a snapshot can be asked. Invariant: actors, and those who inspect them, are
// told the same as by the interpreter, in the same order; where nobody inspects, nothing is built for it.
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  EventObject,
  ExecutableActionObject,
} from 'xstate'
import { initOf, Walk, type Branch, type Chart, type ChartState } from '../../kernel/chart.ts'
import { compile } from '../../kernel/compile.ts'

/** The same machine with compiled transitions. It is compiled when the first actor needs it. */
export function compiled<TMachine extends AnyStateMachine>(machine: TMachine): TMachine {
  const logic: TMachine = Object.create(machine, {
    getInitialSnapshot: { value: (scope: AnyActorScope, input: unknown) => chart.initial(scope, input) },
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

/** What a machine's `provide` takes for its actions, by name. */
type ActionsOf<TMachine extends AnyStateMachine> = Required<
  NonNullable<Parameters<TMachine['provide']>[0]['actions']>
>

/** A chart bound to what its effects do: each effect that it names, and no other. */
export const bound =
  <TEffect extends string>() =>
  <TMachine extends AnyStateMachine>(
    machine: TMachine,
    actions: { readonly [TName in TEffect]: ActionsOf<TMachine>[TName & keyof ActionsOf<TMachine>] },
  ): TMachine =>
    compiled(machine).provide({ actions } as Parameters<TMachine['provide']>[0]) as TMachine

/** A chart as the actors of a machine need it. */
export class ActorChart {
  private readonly machine: AnyStateMachine
  private chart: Chart | null = null
  private readonly samples = new Map<ChartState, AnyMachineSnapshot>()

  constructor(machine: AnyStateMachine) {
    this.machine = machine
  }

  /** An error in the chart is in the snapshot, as it is in XState's. */
  initial(scope: AnyActorScope, input: unknown): AnyMachineSnapshot {
    const chart = (this.chart ??= compile(this.machine))
    try {
      const walk = new ActorWalk(this, scope, chart.first, chart.contextOf(input))
      walk.begin(initOf(input))
      return walk.snapshot
    } catch (error) {
      return { ...this.sampleOf(chart.first), status: 'error', error }
    }
  }

  transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: AnyActorScope): AnyMachineSnapshot {
    if (snapshot.status !== 'active') return snapshot
    const { states } = (this.chart ??= compile(this.machine))
    const walk = new ActorWalk(this, scope, states.get(snapshot.value as string)!, snapshot.context, snapshot)
    walk.take(event)
    return walk.snapshot
  }

  /** A snapshot of XState's own in a state: others differ from it in what they know and how they ended. */
  sampleOf(state: ChartState): AnyMachineSnapshot {
    const known = this.samples.get(state)
    if (known) return known
    const sample = this.machine.resolveState({ value: state.key, context: {} })
    this.samples.set(state, sample)
    return sample
  }
}

/** A walk whose effects are done at once. */
class ActorWalk extends Walk {
  readonly scope: AnyActorScope
  private readonly chart: ActorChart
  private last: AnyMachineSnapshot | null

  constructor(
    chart: ActorChart,
    scope: AnyActorScope,
    state: ChartState,
    context: object,
    last: AnyMachineSnapshot | null = null,
  ) {
    super(state, context)
    this.chart = chart
    this.scope = scope
    this.last = last
  }

  effect(type: string, exec: unknown, params: unknown, event: EventObject): void {
    const { scope, context } = this
    const { self, system } = scope
    const info = { context, event, self, system } as ExecutableActionObject['info']
    scope.actionExecutor({
      type,
      info,
      params: params as never,
      exec: exec as ExecutableActionObject['exec'],
    })
  }

  stepped(event: EventObject, branch: Branch | null): void {
    told = { walk: this, event, branch }
    ;(this.scope.system as InspectedSystem)._sendInspectionEvent(microstep)
    told = null
  }

  /** Where the walk is. It is the last one where that has not changed. */
  get snapshot(): AnyMachineSnapshot {
    const { last, context, status, output, error } = this
    const { machine, _nodes, value, tags, children, historyValue, matches, hasTag, can, getMeta, toJSON } =
      this.chart.sampleOf(this.state)
    if (last && last.value === value && last.context === context && last.status === status) return last
    const about = { status, output, error, machine, context, _nodes, value, tags, children, historyValue }
    return (this.last = { ...about, matches, hasTag, can, getMeta, toJSON } as AnyMachineSnapshot)
  }
}

/** XState tells its inspectors by this, and reads what it is given only where there are any. */
type InspectedSystem = AnyActorScope['system'] & { readonly _sendInspectionEvent: (event: object) => void }

let told: { walk: ActorWalk; event: EventObject; branch: Branch | null } | null = null

/** The microstep that inspectors are being told of, worked out as they read it. */
const microstep = {
  type: '@xstate.microstep',
  get actorRef() {
    return told!.walk.scope.self
  },
  get event() {
    return told!.event
  },
  get snapshot() {
    return told!.walk.snapshot
  },
  get _transitions() {
    return told!.branch?.transitions ?? []
  },
}
