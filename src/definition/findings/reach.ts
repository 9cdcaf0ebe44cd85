// UNREACHABLE_STEP: steps and branches that no run can start, by conditions that are never true and by dependencies that
// can't end as is needed. What each step may come to is held too wide rather than too narrow, so whatever is found is so.
import type { StepStatus } from '../../../machines/protocol.ts'
import { listed, shown } from '../diagnostic.ts'
import type { Computed, ControlDefinition } from '../model.ts'
import { mayHold, NOTHING_KNOWN, possible, selected } from './conditions.ts'
import type { Selection, StatusesOf } from './conditions.ts'
import { dependenciesOf } from './survey.ts'
import type { StepList, Survey } from './survey.ts'
import type { Report } from './telling.ts'

/** How a step may end, as bits. */
const SUCCEEDS = 1
const FAILS = 2
/** By its own `when`, or by a verdict. */
const IS_SKIPPED = 4
const IS_CANCELLED = 8
/** Skipped for lack of success among its dependencies. */
const LACKS = 16
const ANYHOW = 31
const WELL = SUCCEEDS | IS_SKIPPED

/** What can run at all. */
export interface Reach {
  /** Whether a step of a list can start. */
  runs(list: StepList, index: number): boolean
  /** Whether anything in a list can. */
  isEntered(list: StepList): boolean
  /** Of a conditional step that can start: which of its lists may be taken, and whether none may be. */
  branches(list: StepList, index: number): { readonly lists: readonly boolean[]; readonly none: boolean }
}

/** Finds out what can run, and reports what can't. Linear in steps and dependencies. */
export function findReach({ runs, runOf }: Survey, report: Report): Reach {
  const search = new ReachSearch(report)
  for (const run of runs) if (run.isStarted) search.entered.add(run.top)
  for (const { lists } of runs) {
    for (const list of lists) {
      if (!search.entered.has(list)) continue
      search.enter(list)
      list.steps.forEach(({ control }, index) => {
        if (control?.kind === 'scenario' && search.runs(list, index))
          search.entered.add(runOf.get(control.workflow)!.top)
      })
    }
  }
  return search
}

class ReachSearch implements Reach {
  readonly entered = new Set<StepList>()
  readonly #report: Report
  /** How each step may end, by list. */
  readonly #ends = new Map<StepList, Uint8Array>()
  readonly #runs = new Map<StepList, Uint8Array>()
  /** For each step, a step at or before it that can't succeed, from 1; 0: all of them can. By list. */
  readonly #hopeless = new Map<StepList, Int32Array>()
  /** By the lists of the branches. */
  readonly #branches = new Map<readonly StepList[], Selection>()

  constructor(report: Report) {
    this.#report = report
  }

  runs(list: StepList, index: number): boolean {
    return this.#runs.get(list)?.[index] === 1
  }

  isEntered(list: StepList): boolean {
    return this.entered.has(list)
  }

  branches(list: StepList, index: number): { lists: readonly boolean[]; none: boolean } {
    const inside = list.inside.get(index)!
    const { cases } = list.steps[index]!.control as ControlDefinition & { kind: 'conditional' }
    const { taken } = this.#branches.get(inside)!
    return {
      lists: inside.map((_, which) => taken.has(which)),
      none: inside.length === cases.length && taken.has(cases.length),
    }
  }

  /** Judges the steps of a list, each after those that it depends on, and enters the lists inside of them. */
  enter(list: StepList): void {
    const ends = new Uint8Array(list.steps.length).fill(ANYHOW)
    const hopeless = new Int32Array(list.steps.length)
    this.#ends.set(list, ends)
    this.#runs.set(list, new Uint8Array(list.steps.length))
    this.#hopeless.set(list, hopeless)
    for (const index of list.order) {
      this.#judge(list, index, ends)
      const before = () => dependenciesOf(list, index).find((step) => hopeless[step]! > 0)
      hopeless[index] = (ends[index]! & SUCCEEDS) === 0 ? index + 1 : hopeless[before() ?? index]!
    }
  }

  #judge(list: StepList, index: number, ends: Uint8Array): void {
    const step = list.steps[index]!
    if (!this.#isLetThrough(list, index, ends)) return
    if (step.when !== null && !this.#mayHold(list, index, step.when)) {
      ends[index] = FAILS | IS_SKIPPED | IS_CANCELLED
      return
    }
    this.#runs.get(list)![index] = 1
    if (isEndless(step.control)) ends[index] = ANYHOW & ~SUCCEEDS
    this.#enterInside(list, index)
  }

  #isLetThrough(list: StepList, index: number, ends: Uint8Array): boolean {
    const { runIf, name } = list.steps[index]!
    const dependencies = dependenciesOf(list, index)
    if (runIf === 'ancestors_succeeded') return this.#mayAllSucceed(list, index)
    if (runIf === 'all_done' || dependencies.length === 0) return true
    const nameOf = (step: number) => list.steps[step]!.name
    if (runIf === 'any_succeeded') {
      if (dependencies.some((step) => (ends[step]! & SUCCEEDS) !== 0)) return true
      ends[index] = LACKS | IS_CANCELLED
      const found = `${listed([...dependencies].map(nameOf))}, which can't`
      const remedy = `let ${shown(name)} depend on a step that can succeed, or give it another run_if`
      this.#tell(list, index, ['depends_on'], 'a dependency that can succeed', found, remedy)
      return false
    }
    const blocking = dependencies.find((step) => (ends[step]! & WELL) === 0)
    if (blocking === undefined) return true
    ends[index] = FAILS | IS_CANCELLED | LACKS
    const expected = `dependencies that can succeed or be skipped by themselves, as ${runIf} needs`
    const found = `${shown(nameOf(blocking))}, which can do neither`
    const remedy = `mend ${shown(nameOf(blocking))}, or give ${shown(name)} "run_if: all_done"`
    this.#tell(list, index, ['depends_on'], expected, found, remedy)
    return false
  }

  /** Whether all that comes before a step can succeed, outwards too. */
  #mayAllSucceed(list: StepList, index: number): boolean {
    const blocking = this.#hopelessBefore(list, index)
    if (blocking === null) return true
    this.#ends.get(list)![index] = ANYHOW & ~SUCCEEDS
    const found = `${shown(blocking)}, which can't`
    const remedy = `mend ${shown(blocking)}, or give ${shown(list.steps[index]!.name)} another run_if`
    this.#tell(list, index, ['run_if'], 'steps before it that can all succeed', found, remedy)
    return false
  }

  /** The name of a step before another one that can't succeed, outwards too. */
  #hopelessBefore(list: StepList, index: number): string | null {
    const hopeless = this.#hopeless.get(list)!
    const on = dependenciesOf(list, index).find((step) => hopeless[step]! > 0)
    if (on !== undefined) return list.steps[hopeless[on]! - 1]!.name
    return list.outer && this.#hopelessBefore(list.outer.list, list.outer.index)
  }

  #mayHold(list: StepList, index: number, when: Computed): boolean {
    const known = this.#statusesFor(list, index)
    const { taken, asked } = mayHold(when, known)
    if (taken.has(0)) return true
    const remedy =
      asked.size === 0
        ? 'correct the condition, or remove the step'
        : endsAtFailure(list)
          ? 'correct the condition; here a failed step ends the run, and no step can follow it'
          : 'correct the condition; a step that is to follow a failure needs "run_if: all_done"'
    this.#tell(
      list,
      index,
      ['when'],
      'a condition that can be true',
      conditionText(when, asked, known),
      remedy,
    )
    return false
  }

  #enterInside(list: StepList, index: number): void {
    const inside = list.inside.get(index) ?? []
    const { control } = list.steps[index]!
    if (control?.kind === 'conditional') this.#choose(list, index, control)
    else if (control?.kind === 'iterative' && !this.#iterates(list, index, control)) return
    else for (const each of inside) this.entered.add(each)
  }

  #choose(list: StepList, index: number, control: ControlDefinition & { kind: 'conditional' }): void {
    const conditions = control.cases.map(({ when }) => when)
    const known = this.#statusesFor(list, index)
    const { taken, asked } = selected(conditions, known)
    const first = new Map<string, number>()
    const may = new Set(taken)
    conditions.forEach((condition, place) => {
      const source = condition.kind === 'expression' ? condition.source : undefined
      if (source === undefined) return
      if (first.has(source)) may.delete(place)
      else first.set(source, place)
    })
    this.#branches.set(list.inside.get(index)!, { taken: may, asked })
    list.inside.get(index)!.forEach((block, which) => {
      if (may.has(which)) this.entered.add(block)
      else this.#tellOfBranch(list, index, which, conditions, { taken, asked }, known)
    })
  }

  #tellOfBranch(
    list: StepList,
    index: number,
    which: number,
    conditions: readonly Computed[],
    { taken, asked }: Selection,
    known: StatusesOf,
  ): void {
    const isLast = which === conditions.length
    const branch = isLast ? 'the branch where no condition holds' : `its branch ${which + 1}`
    const found = taken.has(which)
      ? 'the condition of an earlier branch once more'
      : isLast
        ? `that one of the others always holds${statusText(asked, known)}`
        : conditionText(conditions[which]!, asked, known)
    this.#report({
      code: 'UNREACHABLE_STEP',
      list,
      index,
      key: branchKey(conditions.length, which),
      problem: `${branch} is never taken`,
      expected: isLast
        ? 'conditions that can all be false'
        : 'a condition that can be the first that is true',
      found,
      remedy: 'correct the conditions, or remove the branch',
    })
  }

  #iterates(list: StepList, index: number, { over }: ControlDefinition & { kind: 'iterative' }): boolean {
    const tell = (key: string, expected: string, found: string) =>
      this.#report({
        code: 'UNREACHABLE_STEP',
        list,
        index,
        key: [key],
        problem: 'the steps inside of it never run',
        expected,
        found,
        remedy: 'correct it, or remove the step',
      })
    if (over.kind === 'each') {
      if (!isEmptyList(over.items)) return true
      tell('for_each', 'items', 'an empty list')
      return false
    }
    if (over.kind === 'until' || possible(over.condition, NOTHING_KNOWN).true) return true
    tell('while', 'a condition that can be true', conditionText(over.condition, new Set(), NOTHING_KNOWN))
    return false
  }

  /** What a condition of a step may learn of the steps that it names: those it depends on, and outwards. */
  #statusesFor(list: StepList, index: number): StatusesOf {
    return (name) => {
      let isSure = false
      for (let at = { list, index }; ; at = at.list.outer) {
        isSure ||= at.list.steps[at.index]!.runIf === 'ancestors_succeeded'
        const step = at.list.plan.indexOf.get(name)
        if (step !== undefined)
          return step === at.index ? null : this.#statusesSeen(at.list, at.index, step, isSure)
        if (!at.list.outer) return null
      }
    }
  }

  /** @param isSure Whether all that comes before has succeeded. */
  #statusesSeen(list: StepList, index: number, step: number, isSure: boolean): readonly StepStatus[] {
    const { runIf } = list.steps[index]!
    const dependencies = dependenciesOf(list, index)
    let may = this.#ends.get(list)![step]!
    if (endsAtFailure(list)) may &= ~FAILS
    if (isSure) may &= SUCCEEDS
    if (dependencies.includes(step)) {
      if (runIf === 'all_succeeded' || runIf === 'none_failed') may &= WELL
      else if (runIf === 'any_succeeded' && dependencies.length === 1) may &= SUCCEEDS
    }
    return STATUSES.flatMap(([bit, status]) => ((may & bit) === 0 ? [] : [status]))
  }

  #tell(list: StepList, index: number, key: string[], expected: string, found: string, remedy: string): void {
    const problem = 'it never runs'
    this.#report({ code: 'UNREACHABLE_STEP', list, index, key, problem, expected, found, remedy })
  }
}

/** Whether no step of a list starts once one of it has failed. */
function endsAtFailure({ plan, outer }: StepList): boolean {
  const control = outer?.list.steps[outer.index]!.control
  if (control?.kind === 'parallel' && control.waitFor !== 'all') return false
  return plan.workflow.failFast || plan.workflow.onFailure === 'compensate'
}

const STATUSES: readonly (readonly [number, StepStatus])[] = [
  [SUCCEEDS, 'success'],
  [FAILS, 'failed'],
  [IS_SKIPPED | LACKS, 'skipped'],
  [IS_CANCELLED, 'cancelled'],
]

/** Whether a loop can come to no end of its own: only to ITERATION_LIMIT, or to a failure. */
export function isEndless(control: ControlDefinition | null): boolean {
  if (control?.kind !== 'iterative' || control.over.kind === 'each') return false
  const { kind, condition } = control.over
  const may = possible(condition, NOTHING_KNOWN)
  return kind === 'while' ? !may.false : !may.true
}

const isEmptyList = (items: Computed) =>
  items.kind === 'value' && Array.isArray(items.value) && items.value.length === 0

/** Where a branch is said: whether a document wrote `cases` or `then` is for whoever places it to know. */
function branchKey(cases: number, which: number): (string | number)[] {
  return which === cases ? ['default'] : ['cases', which, 'when']
}

function conditionText(condition: Computed, asked: ReadonlySet<string>, known: StatusesOf): string {
  if (condition.kind === 'value') return `that it is always ${String(condition.value)}`
  const source = condition.kind === 'expression' ? condition.source : undefined
  return `${source === undefined ? 'one that never is' : `${shown(source)}, which never is`}${statusText(asked, known)}`
}

/** What the steps that a condition asks about can be where it is asked. */
function statusText(asked: ReadonlySet<string>, known: StatusesOf): string {
  if (asked.size === 0) return ''
  const said = [...asked].map((name) => `${shown(name)} is ${(known(name) ?? []).join(' or ')}`)
  return `, for there ${said.join(' and ')}`
}
