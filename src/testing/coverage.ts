// Which states and transitions of the charts were reached, and which never. Watches actors through XState's inspection.
import type { AnyStateMachine, InspectionEvent, StateNode } from 'xstate'
import { busMachine } from '../../machines/bus.ts'
import { compensationMachine } from '../../machines/compensation.ts'
import { integrationMachine } from '../../machines/integration.ts'
import { loopMachine } from '../../machines/loop.ts'
import { moduleMachine } from '../../machines/module.ts'
import { poolMachine } from '../../machines/resource.ts'
import { stepMachine } from '../../machines/step.ts'
import { workflowMachine } from '../../machines/workflow.ts'

const CHARTS: readonly AnyStateMachine[] = [
  integrationMachine,
  workflowMachine,
  stepMachine,
  compensationMachine,
  loopMachine,
  moduleMachine,
  poolMachine,
  busMachine,
] as never

/** What of one chart was reached. */
export interface ChartCoverage {
  readonly chart: string
  readonly states: Covered
  readonly transitions: Covered
}

/** So many of so many, and the names of the rest. */
export interface Covered {
  readonly reached: number
  readonly total: number
  /** `running`, or `running --attempt.failed--> judging [isCurrent]`. */
  readonly never: readonly string[]
}

type Part = { readonly name: string; readonly kind: 'state' | 'transition' }

/** Notes what is reached. */
export class Coverage {
  /** Parts by chart, each with what it is called. A bound chart is another machine with parts of its own. */
  private readonly reached = new Map<string, Set<string>>()
  private readonly seen = new WeakSet<object>()

  /** To be handed to `createActor`. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return
    const { _transitions, snapshot } = event as unknown as Microstep
    for (const transition of _transitions) {
      if (this.seen.has(transition)) continue
      this.seen.add(transition)
      this.note(transition.source, nameOf(transition))
    }
    for (const node of snapshot._nodes ?? []) {
      if (this.seen.has(node)) continue
      this.seen.add(node)
      this.note(node, stateName(node))
    }
  }

  /** What was reached so far, of the charts of which anything was. */
  get charts(): readonly ChartCoverage[] {
    return CHARTS.flatMap((chart) => {
      const reached = this.reached.get(chart.id)
      if (!reached) return []
      const parts = partsOf(chart)
      const covered = (kind: Part['kind']): Covered => {
        const all = parts.filter((part) => part.kind === kind)
        const never = all.filter(({ name }) => !reached.has(name)).map(({ name }) => name)
        return { reached: all.length - never.length, total: all.length, never }
      }
      return [{ chart: chart.id, states: covered('state'), transitions: covered('transition') }]
    })
  }

  private note(node: StateNode, name: string): void {
    const { config, root } = node.machine
    // A workflow's chart has the workflow's own id, and the states of every other's.
    const chart = CHARTS.find((each) => each.config.states === config.states)
    if (!chart) return
    // A state that is left before the first event is in no snapshot, but every actor begins there.
    const names = this.reached.get(chart.id) ?? new Set(root.initial.target?.map(stateName))
    this.reached.set(chart.id, names.add(name))
  }
}

interface Microstep {
  readonly _transitions: readonly Transition[]
  readonly snapshot: { readonly _nodes?: readonly StateNode[] }
}

interface Transition {
  readonly source: StateNode
  readonly target: readonly StateNode[] | undefined
  readonly eventType: string
  readonly guard?: unknown
}

function partsOf(machine: AnyStateMachine): readonly Part[] {
  const parts: Part[] = []
  const open = Object.values(machine.root.states) as StateNode[]
  for (let node = open.shift(); node; node = open.shift()) {
    parts.push({ name: stateName(node), kind: 'state' })
    open.push(...(Object.values(node.states) as StateNode[]))
    const transitions = [...node.transitions.values()]
      .flat()
      .concat(node.always ?? []) as unknown as Transition[]
    for (const transition of transitions) parts.push({ name: nameOf(transition), kind: 'transition' })
  }
  return parts
}

const stateName = ({ path }: StateNode) => path.join('.')

function nameOf({ source, target, eventType, guard }: Transition): string {
  const to = target?.map(stateName).join() ?? 'itself'
  const branch = typeof guard === 'object' ? (guard as { type: string } | null)?.type : guard
  return `${stateName(source)} --${eventType || 'always'}--> ${to}${typeof branch === 'string' ? ` [${branch}]` : ''}`
}
