// Finds steps by what people call them: `load`, `outer/inner`, `scenario/outer/inner`, `scan[3]/fetch`. Nothing is listed
// in advance, for scenarios that run each other have more addresses than steps. Not the addresses of actors.
import { suggestion } from '../definition/diagnostic.ts'
import { blocksOf } from '../definition/nested.ts'
import type { StepDefinition, WorkflowDefinition } from '../definition/model.ts'

/** A step that was found. */
export interface FoundStep {
  readonly scenario: string
  /** Its address in the scenario, with the iterations that were named. */
  readonly address: string
  /** The steps that it is inside of, from outside; then the step itself. */
  readonly path: readonly StepDefinition[]
  readonly step: StepDefinition
  /** Whether one iteration of it was named, and not the step. */
  readonly isIteration: boolean
}

/** What of an actor's path says which step it belongs to, and as what. */
export interface ActorPlace {
  readonly scenario: string
  /** `step`, `compensation`, `loop`, or `steps` for what runs inside of a step. */
  readonly kind: string
  /** Empty where it is none of a step. */
  readonly address: string
}

/** Reads `run/ID/SCENARIO/KIND/outer/inner`. */
export function placeOf(path: string): ActorPlace {
  const [, , scenario = '', kind = '', ...names] = path.split('/')
  return { scenario, kind, address: names.join('/') }
}

/** An address without the numbers of iterations, and of further tries. */
export const withoutIterations = (address: string) => address.replace(/\[#?\d+\]/g, '')

/** An address without the numbers of further tries. */
export const withoutTries = (address: string) => address.replace(/\[#\d+\]/g, '')

/** The steps of scenarios, by address. */
export class StepAddresses {
  private readonly workflows: readonly WorkflowDefinition[]
  private readonly known = new Map<WorkflowDefinition, ReadonlyMap<string, StepDefinition>>()

  constructor(workflows: readonly WorkflowDefinition[]) {
    this.workflows = workflows
  }

  /** Every step that may be called so; the same address may be there in several scenarios. */
  find(name: string): readonly FoundStep[] {
    const found: FoundStep[] = []
    for (const workflow of this.workflows) {
      const { name: scenario } = workflow
      const rest = name.startsWith(`${scenario}/`) ? name.slice(scenario.length + 1) : null
      for (const address of rest === null ? [name] : [name, rest]) {
        const path = this.walk(workflow, address.split('/'))
        if (path.length < address.split('/').length) continue
        found.push({ scenario, address, path, step: path.at(-1)!, isIteration: address.endsWith(']') })
      }
    }
    return found
  }

  /** The steps that an address leads through, the step itself last; those before it where there is no such step. */
  pathTo(scenario: string, address: string): readonly StepDefinition[] {
    const workflow = this.workflows.find(({ name }) => name === scenario)
    return workflow ? this.walk(workflow, address.split('/')) : []
  }

  /** What to do about a name that is none: the nearest one, beside those steps as far as the name leads. */
  remedy(name: string, otherwise: string): string {
    const candidates = this.workflows.flatMap((workflow) => {
      const { name: scenario, steps } = workflow
      const rest = name.startsWith(`${scenario}/`) ? name.slice(scenario.length + 1) : name
      const segments = rest.split('/')
      const path = this.walk(workflow, segments)
      const prefix = segments.slice(0, path.length).join('/')
      const inside = path.length === 0 ? [] : blocksOf(path.at(-1)!).flatMap((block) => block.steps)
      return [
        ...steps.flatMap((step) => [step.name, `${scenario}/${step.name}`]),
        ...inside.flatMap((step) => [`${prefix}/${step.name}`, `${scenario}/${prefix}/${step.name}`]),
      ]
    })
    return suggestion(name, candidates, otherwise)
  }

  /** Follows names as far as they lead. */
  private walk(workflow: WorkflowDefinition, segments: readonly string[]): StepDefinition[] {
    const path: StepDefinition[] = []
    let lists: readonly WorkflowDefinition[] = [workflow]
    for (const segment of segments) {
      const [, name = '', iteration] = /^(.*?)(?:\[(\d+)\])?$/s.exec(segment) ?? []
      const step = lists.map((list) => this.stepsOf(list).get(name)).find((found) => found !== undefined)
      if (!step || (iteration !== undefined && step.control?.kind !== 'iterative')) break
      path.push(step)
      lists = blocksOf(step)
    }
    return path
  }

  private stepsOf(workflow: WorkflowDefinition): ReadonlyMap<string, StepDefinition> {
    const before = this.known.get(workflow)
    if (before) return before
    const steps = new Map(workflow.steps.map((step) => [step.name, step]))
    this.known.set(workflow, steps)
    return steps
  }
}

/** Every list of steps there is, those inside of steps included; a scenario that several run comes once. */
export function everyList(workflows: readonly WorkflowDefinition[]): Set<WorkflowDefinition> {
  const found = new Set<WorkflowDefinition>()
  const open = workflows.toReversed()
  for (let list = open.pop(); list; list = open.pop()) {
    if (found.has(list)) continue
    found.add(list)
    for (const step of list.steps) for (const inside of blocksOf(step)) open.push(inside)
  }
  return found
}
