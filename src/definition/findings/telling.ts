// How what is found is told: put together by whoever finds it, placed, said in a sentence; and what around its place may
// accept it. It finds nothing itself.
import type { Acceptance, AcceptableCode, Finding, FindingPlace } from './codes.ts'
import type { StepList, Survey } from './survey.ts'

/** A finding that is put together: what is wrong, and where. */
export interface Found {
  readonly code: AcceptableCode
  /** `null`: the workflow or, without a list, the integration as a whole. */
  readonly list: StepList | null
  readonly index: number | null
  readonly key: FindingPlace['key']
  readonly problem: string
  readonly expected: string
  readonly found: string
  readonly remedy: string
}

/** Takes what is found. */
export type Report = (found: Found) => void

/** Where a step stands; a workflow, where no step is given. */
export function placeOf(list: StepList | null, index: number | null, key: FindingPlace['key']): FindingPlace {
  if (!list) return { workflow: null, step: null, way: [], key }
  const names: string[] = []
  const way: number[] = []
  if (index !== null) {
    names.push(list.steps[index]!.name)
    way.push(index)
    for (let { outer } = list; outer; { outer } = outer.list) {
      names.push(outer.list.steps[outer.index]!.name)
      way.push(outer.which, outer.index)
    }
  }
  const step = names.length === 0 ? null : names.toReversed().join('/')
  return { workflow: list.run.workflow.name, step, way: way.toReversed(), key }
}

/** What a step or a workflow accepts, and what is around it, the innermost first. */
export function* acceptancesAround(
  { integration }: Survey,
  list: StepList | null,
  index: number | null,
): Generator<Acceptance> {
  for (let at = list, step = index; at;) {
    const accept = step === null ? undefined : at.steps[step]!.accept
    if (accept) yield accept
    step = at.outer?.index ?? null
    at = at.outer?.list ?? null
  }
  if (list?.run.workflow.accept) yield list.run.workflow.accept
  if (integration?.accept) yield integration.accept
}

/** What was found, as everybody sees it. */
export function findingOf({ code, list, index, key, problem, expected, found, remedy }: Found): Finding {
  const where = placeOf(list, index, key)
  return { code, where, message: messageOf(where, problem, expected, found), expected, found, remedy }
}

/** Subject, problem, expected, found. */
export function messageOf(
  { workflow, step }: FindingPlace,
  problem: string,
  expected: string,
  found: string,
): string {
  const what =
    step !== null
      ? `step ${JSON.stringify(step)}`
      : workflow !== null
        ? `workflow ${JSON.stringify(workflow)}`
        : 'the integration'
  return `${what}: ${problem}: expected ${expected}, found ${found}`
}
