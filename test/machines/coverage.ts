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
import type { Walk } from './walks.ts'

/** States looked at in one walk: a counter that nothing bounds ends the walk with an error, not never. */
const STATES_MAX = 100_000

type Transition = StateNode['transitions'] extends Map<string, (infer T)[]> ? T : never

/**
 * The transitions of a chart that no generated path took, as `state --event--> target [guard]`, and the states
 * that none entered.
 * @throws Error when the walk meets more than 100,000 states: bound it with `stopWhen`.
 */
export function unreached<TInput, TEvent extends EventObject>(
  machine: AnyStateMachine,
  walk: Walk<TInput, TEvent>,
): string[] {
  // A state that is left before the first event is in no snapshot, but every walk begins there.
  const taken = new Set<unknown>(machine.root.initial.target)
  for (const input of walk.inputs) {
    const options = optionsOf(input, walk)
    const edges = getAdjacencyMap(machine, options)
    for (const path of getShortestPaths(machine, options)) {
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

/** Every state that paths lead to, once for each input that they begin with. */
export function reached<TInput, TEvent extends EventObject>(
  machine: AnyStateMachine,
  walk: Walk<TInput, TEvent>,
): AnyMachineSnapshot[] {
  return walk.inputs.flatMap((input) =>
    Object.values(getAdjacencyMap(machine, optionsOf(input, walk))).map(
      ({ state }) => state as AnyMachineSnapshot,
    ),
  )
}

const optionsOf = <TEvent extends EventObject>(input: unknown, { events, stopWhen }: Walk<unknown, TEvent>) =>
  ({
    input,
    limit: STATES_MAX,
    events,
    serializeState: (state: unknown) => serialise(state as never),
    ...(stopWhen && { stopWhen: (state: unknown) => stopWhen(state as never) }),
  }) as never

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
