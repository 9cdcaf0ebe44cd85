// The lists of steps inside of a step, and a walk over all of them. Not their order in a run: that is plan.ts.
import type { StepDefinition, WorkflowDefinition } from './model.ts'

/** The workflows that are nested in a step; none for one that calls an operation, or waits. */
export function blocksOf({ control }: StepDefinition): readonly WorkflowDefinition[] {
  switch (control?.kind) {
    case 'parallel':
    case 'iterative':
      return [control.block]
    case 'conditional': {
      const cases = control.cases.map(({ block }) => block)
      return control.otherwise ? [...cases, control.otherwise] : cases
    }
    case 'scenario':
      return [control.workflow]
    default:
      return []
  }
}

/** The same without other workflows that a step calls. */
export const ownBlocksOf = (step: StepDefinition): readonly WorkflowDefinition[] =>
  step.control?.kind === 'scenario' ? [] : blocksOf(step)

/** Every step of a workflow with its address in it (`outer/inner`, no iterations), each before those inside of it. */
export function* everyStep(
  workflow: WorkflowDefinition,
  inside = blocksOf,
  prefix = '',
): Generator<{ readonly step: StepDefinition; readonly address: string }> {
  for (const step of workflow.steps) {
    const address = `${prefix}${step.name}`
    yield { step, address }
    for (const block of inside(step)) yield* everyStep(block, inside, `${address}/`)
  }
}
