// What is wrong with a definition that no run is needed to tell: steps that never run, rules that are never asked, effects
// that nothing undoes, paths that can't end in time. Each search is a file in findings/; here they come together, and what
// the definition accepts is taken away. Not the checks of a document (check.ts): a definition with findings is valid.
import { FINDING_CODES } from './findings/codes.ts'
import type { Acceptance, AcceptableCode, Finding } from './findings/codes.ts'
import { findUndoneEffects } from './findings/effects.ts'
import { findReach } from './findings/reach.ts'
import { survey } from './findings/survey.ts'
import type { StepList, Survey } from './findings/survey.ts'
import { acceptancesAround, findingOf, messageOf, placeOf } from './findings/telling.ts'
import type { Found } from './findings/telling.ts'
import { findEndlessPaths } from './findings/times.ts'
import { findUnreachableVerdicts } from './findings/verdicts.ts'
import type { IntegrationDefinition, WorkflowDefinition } from './model.ts'

export { FINDING_CODES } from './findings/codes.ts'
export type { Acceptance, AcceptableCode, Finding, FindingCode, FindingPlace } from './findings/codes.ts'
export { placeFindings } from './findings/placing.ts'

/**
 * All that can be said against a definition without running it: what `FINDING_CODES` lists, and acceptances that cover
 * nothing. Pure, and linear in steps and dependencies. What loading a document warns of already is not said again. Nothing
 * is found inside of what can't run.
 * @returns by code, and for each code in the order of the steps
 * @throws WORKFLOW_INVALID where the definition can't run at all: a duplicate name, an unknown dependency, a cycle
 */
export function staticFindings(definition: IntegrationDefinition | WorkflowDefinition): Finding[] {
  const laidOut = survey(definition)
  const open: Found[] = []
  const used = new Map<Acceptance, Set<AcceptableCode>>()
  const report = (found: Found): void => {
    for (const accept of acceptancesAround(laidOut, found.list, found.index)) {
      if (accept[found.code] === undefined) continue
      used.set(accept, (used.get(accept) ?? new Set()).add(found.code))
      return
    }
    open.push(found)
  }
  const reach = findReach(laidOut, report)
  findUnreachableVerdicts(laidOut, reach, report)
  findUndoneEffects(laidOut, reach, report)
  findEndlessPaths(laidOut, reach, report)
  return [...open.map(findingOf), ...staleAcceptances(laidOut, used)]
}

/** What is accepted and not there. */
function staleAcceptances(
  { integration, runs }: Survey,
  used: ReadonlyMap<Acceptance, ReadonlySet<AcceptableCode>>,
): Finding[] {
  const stale: Finding[] = []
  const judge = (accept: Acceptance | undefined, list: StepList | null, index: number | null): void => {
    for (const code of FINDING_CODES) {
      if (accept?.[code] === undefined || used.get(accept)?.has(code)) continue
      const key = list ? ['accept', code] : ['integration', 'accept', code]
      const where = placeOf(list, index, key)
      const found = 'none, or only such as are accepted further in'
      const expected = `a finding ${code} that it covers`
      const message = messageOf(where, `it accepts ${code} for nothing`, expected, found)
      stale.push({
        code: 'STALE_ACCEPTANCE',
        where,
        message,
        expected,
        found,
        remedy: `remove ${code} from "accept"`,
      })
    }
  }
  judge(integration?.accept, null, null)
  for (const { workflow, top, lists } of runs) {
    judge(workflow.accept, top, null)
    for (const list of lists) list.steps.forEach(({ accept }, index) => accept && judge(accept, list, index))
  }
  return stale
}
