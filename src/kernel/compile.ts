// Turns a machine into a compiled chart, once. It knows what our charts are made of: states side by side, guards by name or as
// functions, `assign`, `enqueueActions`, named effects, entry, exit, `always`, final states. Invariant: anything else is
// refused by its name, never left out.
import { SagachartError } from '../errors.ts'
import {
  Chart,
  type Act,
  type Branch,
  type ChartEvent,
  type ChartState,
  type Facts,
  type Guard,
  type Walk,
} from './chart.ts'

/** What is read of a state of an XState machine. */
interface StateSource {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly config: object
  readonly entry: readonly unknown[]
  readonly exit: readonly unknown[]
  readonly transitions: ReadonlyMap<string, readonly TransitionSource[]>
  readonly always?: readonly TransitionSource[] | undefined
  readonly output?: unknown
}

interface TransitionSource {
  readonly target: readonly object[] | undefined
  readonly guard?: unknown
  readonly actions: readonly unknown[]
  readonly reenter: boolean
}

interface RootSource extends StateSource {
  readonly states: Readonly<Record<string, StateSource>>
  readonly initial: { readonly target: readonly object[]; readonly actions: readonly unknown[] }
}

/** What is read of an XState machine. */
export interface ChartSource {
  readonly id: string
  readonly config: { readonly context?: unknown }
  readonly implementations: {
    readonly actions: Readonly<Record<string, unknown>>
    readonly guards: Readonly<Record<string, unknown>>
  }
  readonly root: RootSource
}

type Params = ((facts: Facts) => unknown) | object | string | number | boolean | null | undefined
type Doing = (walk: Walk, params: unknown, event: ChartEvent) => void
type Assigning = (facts: Facts, params: unknown) => object

/**
 * Compiles a machine.
 * @throws CHART_NOT_SUPPORTED where the machine has what no chart of ours has; the message names it and its state
 */
export function compile(machine: ChartSource): Chart {
  return new Compiler(machine).chart()
}

const ACTIONS_REFUSED = [
  'cancel',
  'emit',
  'raise',
  'sendParent',
  'sendTo',
  'spawnChild',
  'stopChild',
] as const

class Compiler {
  private readonly machine: ChartSource
  private readonly states = new Map<object, ChartState>()
  /** What was provided for the actions and guards, by name. */
  private readonly doings = new Map<string, Doing>()
  private readonly guards = new Map<string, (facts: Facts, params: unknown) => boolean>()
  /** The state that is being compiled, to be named in errors. */
  private at: StateSource

  constructor(machine: ChartSource) {
    this.machine = machine
    this.at = machine.root
  }

  chart(): Chart {
    const { root, config } = this.machine
    this.checkRoot()
    const nodes = Object.values(root.states)
    const branches: (readonly [Branch, TransitionSource, StateSource])[] = []
    for (const node of nodes) this.states.set(node, this.state(node, branches))
    for (const [branch, transition, node] of branches) branch.target = this.targetOf(transition, node)
    const { context } = config
    const contextOf =
      typeof context === 'function'
        ? (input: unknown) => (context as (given: object) => object)({ input })
        : () => (context ?? {}) as object
    const states = new Map([...this.states.values()].map((state) => [state.key, state]))
    return new Chart(states, this.states.get(root.initial.target[0]!)!, contextOf)
  }

  private checkRoot(): void {
    const { root } = this.machine
    if (root.type !== 'compound') this.refuse(`type "${root.type}"`)
    if (root.transitions.size > 0) this.refuse('on')
    if (root.always) this.refuse('always')
    if (root.entry.length > 0) this.refuse('entry')
    if (root.exit.length > 0) this.refuse('exit')
    if (root.initial.actions.length > 0) this.refuse('initial with actions')
    this.checkConfig(root)
  }

  private checkConfig({ config }: StateSource): void {
    for (const construct of ['invoke', 'after', 'onDone']) if (construct in config) this.refuse(construct)
  }

  private state(
    node: StateSource,
    branches: (readonly [Branch, TransitionSource, StateSource])[],
  ): ChartState {
    this.at = node
    if (node.type !== 'atomic' && node.type !== 'final') this.refuse(`type "${node.type}"`)
    this.checkConfig(node)
    const compiled = (transitions: readonly TransitionSource[]) =>
      transitions.map((transition) => {
        const guard = transition.guard === undefined ? null : this.guard(transition.guard)
        const acts = this.acts(transition.actions)
        const branch: Branch = { guard, target: null, acts, transitions: [transition] }
        branches.push([branch, transition, node])
        return branch
      })
    const on = new Map<string, readonly Branch[]>()
    for (const [type, transitions] of node.transitions) {
      if (type.includes('*')) this.refuse(`event "${type}"`)
      on.set(type, compiled(transitions))
    }
    return {
      key: node.key,
      on,
      always: compiled(node.always ?? []),
      entry: this.acts(node.entry),
      exit: this.acts(node.exit),
      outputOf: node.type === 'final' ? this.outputOf(node) : null,
    }
  }

  /** The state that a transition enters. One from a state to itself leaves it only where it says so. */
  private targetOf({ target, reenter }: TransitionSource, node: StateSource): ChartState | null {
    this.at = node
    if (!target) return null
    const [only, ...others] = target
    if (others.length > 0) this.refuse('more than one target')
    const state = this.states.get(only!)
    if (!state) this.refuse('a target that is no state of its chart')
    return only === node && !reenter ? null : state
  }

  private outputOf({ id, output }: StateSource): (facts: Facts) => unknown {
    const { root } = this.machine
    const type = `xstate.done.state.${id}`
    return (facts) => {
      if (root.output === undefined) return undefined
      const event = { type, output: resolved(output, facts) }
      return resolved(root.output, { context: facts.context, event })
    }
  }

  private guard(guard: unknown): Guard {
    if (typeof guard === 'function') {
      if ('check' in guard) this.refuse(`guard ${guard.name}`)
      return guard as Guard
    }
    const { type, params } = named(guard)
    const holds = this.guards.get(type) ?? this.guardOf(type)
    this.guards.set(type, holds)
    return params === undefined ? (holds as Guard) : (facts) => holds(facts, resolved(params, facts))
  }

  private guardOf(type: string): (facts: Facts, params: unknown) => boolean {
    const given = this.machine.implementations.guards[type]
    if (typeof given !== 'function') this.refuse(`guard "${type}" without an implementation`)
    if ('check' in given) this.refuse(`guard "${type}", made by ${given.name}`)
    return given as (facts: Facts, params: unknown) => boolean
  }

  private acts(actions: readonly unknown[]): readonly Act[] {
    return actions.map((action) => this.act(action))
  }

  private act(action: unknown): Act {
    if (typeof action === 'function')
      return acting(this.doing(action.name || '(anonymous)', action), undefined)
    const { type, params } = named(action)
    const doing = this.doings.get(type) ?? this.doing(type, this.machine.implementations.actions[type])
    this.doings.set(type, doing)
    return acting(doing, params)
  }

  private doing(name: string, given: unknown): Doing {
    if (typeof given !== 'function' || !('resolve' in given))
      return (walk, params, event) => walk.effect(name, given, params, event)
    if ('assignment' in given) return assigning(given.assignment)
    if ('collect' in given) return this.enqueuing(given.collect as (facts: object, params: unknown) => void)
    return this.refuse(`action ${'type' in given ? String(given.type) : name}`)
  }

  private enqueuing(collect: (facts: object, params: unknown) => void): Doing {
    // One list for all calls: what collects is pure, so no call comes within another.
    let collected: Act[] = []
    const { at } = this
    const enqueue = (action: unknown) => {
      this.at = at
      collected.push(this.act(action))
    }
    const assign = (assignment: unknown) => void collected.push(acting(assigning(assignment), undefined))
    const refusing = (name: string) => [name, () => this.refuse(`enqueue.${name}`, at)] as const
    Object.assign(enqueue, { assign }, Object.fromEntries(ACTIONS_REFUSED.map(refusing)))
    return (walk, params, event) => {
      const facts = { context: walk.context, event }
      const check = (guard: unknown) => this.guard(guard)(facts)
      collected = []
      collect({ ...facts, enqueue, check }, params)
      for (const act of collected) act(walk, event)
    }
  }

  private refuse(construct: string, { id } = this.at): never {
    const remedy = 'use assign, enqueueActions, named effects, guards, entry, exit, always and final states'
    throw new SagachartError(
      'CHART_NOT_SUPPORTED',
      `Chart "${this.machine.id}", state "${id}": ${construct} is not compiled; ${remedy}`,
    )
  }
}

/** A guard or an action by its name. */
function named(given: unknown): { readonly type: string; readonly params?: Params } {
  return typeof given === 'string' ? { type: given } : (given as { type: string; params?: Params })
}

const resolved = (given: unknown, facts: Facts): unknown =>
  typeof given === 'function' ? (given as (facts: Facts) => unknown)(facts) : given

function acting(doing: Doing, params: Params): Act {
  if (typeof params !== 'function') return (walk, event) => doing(walk, params, event)
  return (walk, event) => doing(walk, params({ context: walk.context, event }), event)
}

function assigning(assignment: unknown): Doing {
  const changes =
    typeof assignment === 'function' ? (assignment as Assigning) : changesOf(assignment as object)
  return (walk, params, event) => {
    const { context } = walk
    walk.context = { ...context, ...changes({ context, event }, params) }
  }
}

/** An assignment key by key. */
function changesOf(assignment: object): Assigning {
  const entries = Object.entries(assignment)
  return (facts, params) => {
    const changed: Record<string, unknown> = {}
    for (const [key, value] of entries)
      changed[key] = typeof value === 'function' ? (value as Assigning)(facts, params) : value
    return changed
  }
}
