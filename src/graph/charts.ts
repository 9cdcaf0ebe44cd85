// Statecharts as graphs: the very charts that run, read off their configuration. As a Mermaid state diagram, as a drawing,
// and as data.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import {
  busMachine,
  integrationMachine,
  moduleMachine,
  poolMachine,
  stepMachine,
  workflowMachine,
} from '../../machines/index.ts'
import type { Drawing, DrawnEdge, DrawnNode } from './drawing.ts'

/** The charts by the names that users know them by. */
export const CHARTS: Readonly<Record<string, AnyStateMachine>> = {
  integration: integrationMachine,
  workflow: workflowMachine,
  step: stepMachine,
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
  const given = params === undefined ? '' : ` ${Object.values(params).join(' ')}`
  return `${type}${given}`
}

/** A chart as a Mermaid state diagram, with the states' descriptions. */
export function toStateDiagram(chart: Chart): string {
  const keys = new Map(chart.states.map(({ id, key }) => [id, key]))
  const lines = ['stateDiagram-v2']
  for (const { key, description } of chart.states) lines.push(`  ${key}: ${key}<br/>${plain(description)}`)
  for (const { key, is_initial: isInitial } of chart.states) if (isInitial) lines.push(`  [*] --> ${key}`)
  for (const transition of chart.transitions) {
    lines.push(`  ${keys.get(transition.from)} --> ${keys.get(transition.to)}: ${plain(labelOf(transition))}`)
  }
  for (const { key, is_final: isFinal } of chart.states) if (isFinal) lines.push(`  ${key} --> [*]`)
  return `${lines.join('\n')}\n`
}

/** A label as far as a state diagram can take it: it ends a label at a colon or semicolon, and a line at its end. */
const plain = (text: string) => text.replace(/[:;#\n]/g, ' ')

/** A chart as a drawing. */
export function drawChart(chart: Chart): Drawing {
  const ids = new Map(chart.states.map(({ id }, index) => [id, `n${index}`]))
  const nodes: DrawnNode[] = [
    { id: 'start', lines: [''], shape: 'start' },
    ...chart.states.map(({ id, key, description, is_final: isFinal }) => ({
      id: ids.get(id)!,
      lines: [key, description],
      shape: isFinal ? ('final' as const) : ('state' as const),
    })),
  ]
  const edges: DrawnEdge[] = [
    ...chart.states.flatMap(({ id, is_initial: isInitial }) =>
      isInitial ? [{ from: 'start', to: ids.get(id)! }] : [],
    ),
    ...chart.transitions.map((transition) => ({
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

function labelOf({ event, guard, actions }: ChartTransition): string {
  const parts = [
    ...(event === '' ? [] : [event]),
    ...(guard === null ? [] : [`[${guard}]`]),
    ...(actions.length === 0 ? [] : [`/ ${actions.join(', ')}`]),
  ]
  return parts.join(' ') || 'otherwise'
}
