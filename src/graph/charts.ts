// Statecharts as graphs: the very charts that run, read off their configuration. As a Mermaid state diagram, as a drawing,
// and as data.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import {
  branchMachine,
  busMachine,
  compensationMachine,
  integrationMachine,
  loopMachine,
  moduleMachine,
  nestedCompensationMachine,
  poolMachine,
  stepMachine,
  waitMachine,
  workflowMachine,
} from '../../machines/index.ts'
import { mermaidText } from '../definition/safe-text.ts'
import type { Drawing, DrawnEdge, DrawnNode } from './drawing.ts'

/** The charts by the names that users know them by: the one list of them. */
export const CHARTS: Readonly<Record<string, AnyStateMachine>> = {
  integration: integrationMachine,
  workflow: workflowMachine,
  step: stepMachine,
  compensation: compensationMachine,
  loop: loopMachine,
  branch: branchMachine,
  wait: waitMachine,
  'nested-compensation': nestedCompensationMachine,
  module: moduleMachine,
  resource: poolMachine,
  bus: busMachine,
}

/** A state; `states` are those within it. */
export interface ChartState {
  readonly id: string
  readonly key: string
  readonly description: string
  readonly is_initial: boolean
  readonly is_final: boolean
  readonly entry: readonly string[]
  readonly exit: readonly string[]
}

/** A transition; `to` is its own state where it only acts. */
export interface ChartTransition {
  readonly from: string
  readonly to: string
  /** Empty where the transition is taken as soon as its guard holds. */
  readonly event: string
  readonly guard: string | null
  readonly actions: readonly string[]
}

/** A chart as data. */
export interface Chart {
  readonly id: string
  readonly description: string
  readonly states: readonly ChartState[]
  readonly transitions: readonly ChartTransition[]
}

/** Reads a chart. */
export function chartOf(machine: AnyStateMachine): Chart {
  const nodes = Object.values(machine.root.states) as AnyStateNode[]
  return {
    id: machine.id,
    description: machine.root.description ?? '',
    states: nodes.map((node) => ({
      id: node.id,
      key: node.key,
      description: node.description ?? '',
      is_initial: machine.root.initial.target.some(({ id }) => id === node.id),
      is_final: node.type === 'final',
      entry: node.entry.map(nameOf),
      exit: node.exit.map(nameOf),
    })),
    transitions: nodes.flatMap((node) =>
      [...(node.always ?? []), ...[...node.transitions.values()].flat()].flatMap((transition) =>
        transitionsOf(node, transition),
      ),
    ),
  }
}

function transitionsOf(node: AnyStateNode, transition: AnyTransitionDefinition): ChartTransition[] {
  const { target, eventType, guard, actions } = transition
  const targets = (target as readonly AnyStateNode[] | undefined) ?? [node]
  return targets.map(({ id }) => ({
    from: node.id,
    to: id,
    event: eventType,
    guard: guard === undefined ? null : nameOf(guard),
    actions: actions.map(nameOf),
  }))
}

/** An action or a guard is a name, an object with a type, or a function. */
function nameOf(named: unknown): string {
  if (typeof named === 'string') return named
  const { type, params } = named as { readonly type?: string; readonly params?: object | undefined }
  if (typeof named === 'function' || type === undefined) return (named as { readonly name: string }).name
  // Parameters that are worked out from the event are a function, which has no values to show.
  return [type, ...Object.values(params ?? {})].join(' ')
}

/** A chart as a Mermaid state diagram. */
export function toStateDiagram(chart: Chart): string {
  const { inside, between } = parted(chart)
  const keys = new Map(chart.states.map(({ id, key }) => [id, key]))
  const lines = ['stateDiagram-v2']
  for (const state of chart.states) {
    const text = linesOf(state, inside).map(mermaidText)
    lines.push(`  ${state.key}: ${text.join('<br/>')}`)
  }
  for (const { key, is_initial: isInitial } of chart.states) if (isInitial) lines.push(`  [*] --> ${key}`)
  for (const transition of between) {
    const label = mermaidText(labelOf(transition))
    lines.push(`  ${keys.get(transition.from)} --> ${keys.get(transition.to)}: ${label}`)
  }
  for (const { key, is_final: isFinal } of chart.states) if (isFinal) lines.push(`  ${key} --> [*]`)
  return `${lines.join('\n')}\n`
}

/** A chart as a drawing. */
export function drawChart(chart: Chart): Drawing {
  const { inside, between } = parted(chart)
  const ids = new Map(chart.states.map(({ id }, index) => [id, `n${index}`]))
  const nodes: DrawnNode[] = [
    { id: 'start', lines: [''], shape: 'start' },
    ...chart.states.map((state) => ({
      id: ids.get(state.id)!,
      lines: linesOf(state, inside),
      shape: state.is_final ? ('final' as const) : ('state' as const),
    })),
  ]
  const edges: DrawnEdge[] = [
    ...chart.states.flatMap(({ id, is_initial: isInitial }) =>
      isInitial ? [{ from: 'start', to: ids.get(id)! }] : [],
    ),
    ...between.map((transition) => ({
      from: ids.get(transition.from)!,
      to: ids.get(transition.to)!,
      label: labelOf(transition),
    })),
  ]
  return {
    title: chart.id,
    groups: [{ id: chart.id, title: `${chart.id}: ${chart.description}`, nodes, edges }],
  }
}

// What a state does without leaving it stands in its box, as in UML: as loops, a dozen of them hide each other.
function parted({ transitions }: Chart) {
  const inside = Map.groupBy(
    transitions.filter(({ from, to }) => from === to),
    ({ from }) => from,
  )
  return { inside, between: transitions.filter(({ from, to }) => from !== to) }
}

function linesOf(state: ChartState, inside: ReadonlyMap<string, readonly ChartTransition[]>): string[] {
  const { id, key, description, entry, exit } = state
  return [
    key,
    description,
    ...(entry.length > 0 ? [`entry / ${entry.join(', ')}`] : []),
    ...(exit.length > 0 ? [`exit / ${exit.join(', ')}`] : []),
    ...(inside.get(id) ?? []).map(labelOf),
  ]
}

function labelOf({ event, guard, actions }: ChartTransition): string {
  const parts = [
    ...(event === '' ? [] : [event]),
    ...(guard === null ? [] : [`[${guard}]`]),
    ...(actions.length === 0 ? [] : [`/ ${actions.join(', ')}`]),
  ]
  return parts.join(' ') || 'otherwise'
}
