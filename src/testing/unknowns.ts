// The data that a simulation has no source for: outputs that no stub gives, and all that is computed from them. Only there may a
// simulation assume anything; everything else comes to what it does in a run. The assumptions are made in assumptions.ts.
import { blocksOf } from '../definition/nested.ts'
import type { OperationCall, StepDefinition, WorkflowDefinition } from '../definition/model.ts'
import { everyList } from './step-address.ts'

/** A step, for its output; a call, for its parameters; a list of steps, for the item or the inputs that it is given. */
export type DataSource = StepDefinition | OperationCall | WorkflowDefinition

/** The sources of unknown data in one simulation. Iterations share a source: data unknown in one is unknown in all. */
export class Unknowns {
  /** Every assumption that was made, in words. */
  readonly assumed = new Set<string>()
  private readonly sources = new WeakSet<DataSource>()

  add(source: DataSource): void {
    this.sources.add(source)
  }

  /** Whether the data of a source is unknown, or that of a step inside of it. */
  has(source: DataSource): boolean {
    if (this.sources.has(source)) return true
    if (!('dependsOn' in source)) return false
    const lists = [...everyList(blocksOf(source))]
    const isInside = lists.some(({ steps }) => steps.some((step) => this.sources.has(step)))
    if (isInside) this.sources.add(source)
    return isInside
  }
}
