// Findings as diagnostics of the document they are about: with file, line and column, so that whatever prints diagnostics
// prints them. A definition knows nothing of its document; the way to a step leads through both alike.
import { Problems, PROBLEMS_MAX } from '../diagnostic.ts'
import type { Diagnostic } from '../diagnostic.ts'
import type { IntegrationDocument } from '../schema.ts'
import type { ParsedDocument, Path } from '../source.ts'
import { listsOf } from '../step-lists.ts'
import type { StepDocument } from '../step-schema.ts'
import type { Finding } from './codes.ts'

/**
 * Findings as warnings of the document that the definition was read from, in the order of their places; a bounded number of
 * them, and the count of the others.
 * @param document what `readIntegration` and `loadIntegration` give beside the definition
 */
export function placeFindings(document: ParsedDocument, findings: readonly Finding[]): Diagnostic[] {
  const { integration } = document.value as { readonly integration: IntegrationDocument }
  const problems = new Problems()
  findings.forEach(({ code, where, message, remedy }, number) => {
    // Those beyond the bound are only counted, and need no place.
    const path = number < PROBLEMS_MAX ? pathOf(where, integration) : []
    const part = code === 'STALE_ACCEPTANCE' ? 'key' : 'value'
    problems.add({ code, severity: 'warning', message, remedy, path, part })
  })
  return problems.place(document, 'warning')
}

/** The path of what a finding is about, in the document. */
function pathOf({ workflow, way, key }: Finding['where'], { scenarios }: IntegrationDocument): Path {
  if (workflow === null) return key
  const scenario = scenarios.findIndex(({ name }) => name === workflow)
  const path: (string | number)[] = ['integration', 'scenarios', scenario]
  const [first, ...further] = way
  if (first === undefined) return [...path, ...key]
  let step = scenarios[scenario]!.steps[first]!
  path.push('steps', first)
  for (let at = 0; at < further.length; at += 2) {
    const list = listsOf(step)[further[at]!]!
    step = list.steps[further[at + 1]!]!
    path.push(...list.path, further[at + 1]!)
  }
  return [...path, ...ownKey(step, key)]
}

/** A branch has another key where there is just one condition. */
function ownKey(step: StepDocument, key: Path): Path {
  if (step.type !== 'conditional' || step.cases !== undefined) return key
  if (key[0] === 'cases') return ['condition']
  return key[0] === 'default' ? ['else'] : key
}
