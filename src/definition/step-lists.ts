// The lists of steps of a document: those of its scenarios, and those inside of control steps. Where they are and how they
// are nested; not whether they make sense.
import type { CheckedDocument, StepDocument } from './schema.ts'
import type { Path } from './source.ts'

/** A list of steps, and where the document has it. */
export interface StepList {
  readonly steps: readonly StepDocument[]
  readonly path: Path
  /** The condition of a case; `null` for a list that has none of its own. */
  readonly when: string | boolean | null
}

/** The lists inside of a step, in the order in which its definition has them. */
export function listsOf(step: StepDocument, path: Path): readonly StepList[] {
  const list = (steps: readonly StepDocument[] | undefined, at: Path, when: StepList['when'] = null) =>
    steps === undefined ? [] : [{ steps, path: [...path, ...at], when }]
  if (step.type === 'parallel' || step.type === 'iterative') return list(step.steps, ['steps'])
  if (step.type !== 'conditional') return []
  return [
    ...list(step.then, ['then'], step.condition ?? false),
    ...(step.cases ?? []).flatMap((one, i) => list(one.steps, ['cases', i, 'steps'], one.when)),
    ...list(step.else ?? step.default, [step.else === undefined ? 'default' : 'else']),
  ]
}

/** Every step of a document, those inside of others included, each before what is inside of it. */
export function* everyStepOf({ integration }: CheckedDocument): Generator<{
  readonly step: StepDocument
  readonly path: Path
  readonly scenario: number
}> {
  for (const [scenario, { steps }] of integration.scenarios.entries()) {
    for (const found of inList(steps, ['integration', 'scenarios', scenario, 'steps']))
      yield { ...found, scenario }
  }
}

// Its recursion follows the nesting of the document, which parse.ts bounds.
function* inList(
  steps: readonly StepDocument[],
  path: Path,
): Generator<{ readonly step: StepDocument; readonly path: Path }> {
  for (const [i, step] of steps.entries()) {
    const at = [...path, i]
    yield { step, path: at }
    for (const list of listsOf(step, at)) yield* inList(list.steps, list.path)
  }
}
