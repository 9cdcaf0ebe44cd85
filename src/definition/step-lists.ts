// The lists of steps that a document's step holds, and a walk over all steps of a list. Documents only: what nests in a
// definition is nested.ts's. Recursion goes as deep as control steps nest, which check-steps.ts bounds.
import type { Path } from './source.ts'
import type { StepDocument } from './step-schema.ts'

/** A list of steps inside of a step. */
export interface StepListInside {
  /** From the step. */
  readonly path: Path
  readonly steps: readonly StepDocument[]
}

const NONE: readonly StepListInside[] = []

/** The lists inside of a step, always in the same order; a scenario that it runs is none of them. */
export function listsOf(step: StepDocument): readonly StepListInside[] {
  switch (step.type) {
    case 'parallel':
    case 'iterative':
      return [{ path: ['steps'], steps: step.steps }]
    case 'conditional':
      return [
        ...(step.then === undefined ? NONE : [{ path: ['then'], steps: step.then }]),
        ...(step.else === undefined ? NONE : [{ path: ['else'], steps: step.else }]),
        ...(step.cases ?? []).map(({ steps }, i) => ({ path: ['cases', i, 'steps'], steps })),
        ...(step.default === undefined ? NONE : [{ path: ['default'], steps: step.default }]),
      ]
    default:
      return NONE
  }
}

/** A step, where it stands, and its address in its scenario. */
export interface PlacedStep {
  readonly step: StepDocument
  readonly path: Path
  readonly address: string
}

/** Every step of a list, each before those inside of it. */
export function* everyStepOf(steps: readonly StepDocument[], path: Path, prefix = ''): Generator<PlacedStep> {
  for (const [i, step] of steps.entries()) {
    const address = `${prefix}${step.name}`
    const at = [...path, i]
    yield { step, path: at, address }
    for (const inside of listsOf(step)) {
      yield* everyStepOf(inside.steps, [...at, ...inside.path], `${address}/`)
    }
  }
}
