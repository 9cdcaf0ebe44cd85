// Walks a chart along paths that @xstate/graph generates, and tells which transitions no path took, and which
// states none entered. A guarded branch counts on its own, and so does an eventless one.
import { getAdjacencyMap, getShortestPaths } from '@xstate/graph'
import {
  createActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type InspectionEvent,
  type StateNode,
} from 'xstate'

/** States looked at in one walk: a counter that nothing bounds ends the walk with an error, not never. */
const STATES_MAX = 100_000

/** What the paths are made of. */
export interface Walk<TInput, TEvent extends EventObject> {
  /** The walk is made once with each. */
  readonly inputs: readonly TInput[]
  readonly events: readonly TEvent[]
  /** States are not walked on from where this holds: it bounds counters. */
  readonly stopWhen?: (snapshot: { readonly context: never }) => boolean
}

type Transition = StateNode['transitions'] extends Map<string, (infer T)[]> ? T : never

/**
 * The transitions of a chart that no generated path took, as `state --event--> target [guard]`, and the states
 * that none entered.
 * @throws Error when the walk meets more than 100,000 states: bound it with `stopWhen`.
 */
export function unreached<TInput, TEvent extends EventObject>(
  machine: AnyStateMachine,
  { inputs, events, stopWhen }: Walk<TInput, TEvent>,
): string[] {
  // A state that is left before the first event is in no snapshot, but every walk begins there.
  const taken = new Set<unknown>(machine.root.initial.target)
  for (const input of inputs) {
    const options = {
      input,
      limit: STATES_MAX,
      events: events as never,
      serializeState: (state: unknown) => serialise(state as never),
      ...(stopWhen && { stopWhen: (state: unknown) => stopWhen(state as never) }),
    }
    const edges = getAdjacencyMap(machine, options as never)
    for (const path of getShortestPaths(machine, options as never)) {
      const before = path.steps.map(({ event }) => event as EventObject)
      follow(machine, input, before, taken)
      const outgoing = edges[serialise(path.state as never) as never]?.transitions ?? {}
      for (const { event } of Object.values(outgoing)) follow(machine, input, [...before, event], taken)
    }
  }
  return partsOf(machine)
    .filter(([, part]) => !taken.has(part))
    .map(([name]) => name)
    .toSorted()
}

function serialise(state: {
  readonly value: unknown
  readonly context: unknown
  readonly status: string
}): string {
  return JSON.stringify([state.value, state.context, state.status])
}

/** Runs a real actor along a path and notes the transitions and the states of every microstep. */
function follow(
  machine: AnyStateMachine,
  input: unknown,
  path: readonly EventObject[],
  taken: Set<unknown>,
): void {
  const actor = createActor(machine, {
    input,
    inspect: (event: InspectionEvent) => {
      if (event.type !== '@xstate.microstep') return
      for (const transition of event._transitions) taken.add(transition)
      for (const node of (event.snapshot as AnyMachineSnapshot)._nodes) taken.add(node)
    },
  } as never)
  actor.start()
  for (const event of path)
    if (event.type !== 'xstate.init' && actor.getSnapshot().status === 'active') actor.send(event as never)
  actor.stop()
}

/** States and transitions by name. */
function partsOf(machine: AnyStateMachine): (readonly [string, StateNode | Transition])[] {
  const open: StateNode[] = [machine.root as unknown as StateNode]
  const found: (readonly [string, StateNode | Transition])[] = []
  for (let node = open.pop(); node; node = open.pop()) {
    found.push([`${node.key} is never entered`, node])
    open.push(...Object.values(node.states))
    for (const [type, transitions] of node.transitions) {
      for (const transition of transitions) found.push([nameOf(node, type, transition), transition])
    }
    for (const transition of node.always ?? []) found.push([nameOf(node, 'always', transition), transition])
  }
  return found
}

function nameOf(node: StateNode, type: string, { target, guard }: Transition): string {
  const to = target?.map(({ key }) => key).join() ?? 'itself'
  const branch = typeof guard === 'object' ? (guard as { type: string }).type : guard
  return `${node.key} --${type}--> ${to}${typeof branch === 'string' ? ` [${branch}]` : ''}`
}
