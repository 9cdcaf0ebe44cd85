// UNDONE_EFFECT: what a run does and then leaves behind when it is undone. Counted are runs that say themselves that they
// compensate, by their on_failure or by a verdict; what a handler may ask for is not known. There must be a step that can
// fail after the effect: one that comes later, or goes beside it, in a run in which all else goes well.
import type { Computed, ControlDefinition, StepDefinition } from '../model.ts'
import { mayLack } from './lack.ts'
import type { Reach } from './reach.ts'
import { dependenciesOf, dependentsOf } from './survey.ts'
import type { RunOfSteps, StepList, Survey } from './survey.ts'
import type { Report } from './telling.ts'
import { fallsBackForSure, lastVerdict } from './verdicts.ts'

/** What ends a run so that it compensates. */
interface Ending {
  /** A step of the list that fails. */
  readonly failure: boolean
  /** A verdict that ends the whole run. */
  readonly halt: boolean
}

const ANY_END: Ending = { failure: true, halt: true }

/**
 * How surely a step can fail where another one has succeeded. `NEVER`: it can't, or only the other's own status decides;
 * `FREELY`: data decide that are not steps'; `SURELY`: nothing is asked.
 */
type Chance = 0 | 1 | 2
const NEVER = 0
const FREELY = 1
const SURELY = 2

/** Steps that may fail beside an effect that are followed through the graph; if it lies behind all of them, it is let be. */
const FOLLOWED_MAX = 16

/** Reports what nothing undoes. Linear in steps and dependencies, as long as few steps are followed. */
export function findUndoneEffects(survey: Survey, reach: Reach, report: Report): void {
  const search = new EffectSearch(survey, reach)
  for (const run of survey.runs.toReversed()) search.learnFailure(run)
  for (const run of survey.runs) search.judge(run, report)
}

/** For each step of a list, the chance that its failure ends the run so that it compensates. */
type Chances = ReadonlyMap<StepList, Uint8Array>

class EffectSearch {
  readonly #survey: Survey
  readonly #reach: Reach
  /** Runs that can fail. */
  readonly #failing = new Set<RunOfSteps>()
  /** Runs in which a step says how it is undone, those that they call included. */
  readonly #undoing = new Set<RunOfSteps>()
  /** Runs whose success may be undone by a caller, and the chance of that. */
  readonly #exposed = new Map<RunOfSteps, Chance>()
  /** Runs whose failure makes a caller compensate. */
  readonly #ending = new Set<RunOfSteps>()

  constructor(survey: Survey, reach: Reach) {
    this.#survey = survey
    this.#reach = reach
  }

  /** What is to be known of a run before its callers are judged. */
  learnFailure(run: RunOfSteps): void {
    if (this.#chances(run.top, ANY_END).get(run.top)!.some(Boolean)) this.#failing.add(run)
    const undoes = ({ compensate, control }: StepDefinition) =>
      compensate !== null || (control?.kind === 'scenario' && this.#undoing.has(this.#called(control)))
    if (run.lists.some(({ steps }) => steps.some(undoes))) this.#undoing.add(run)
  }

  /** Reports what a run leaves behind, and what it makes of the runs that it calls. Its callers were judged. */
  judge(run: RunOfSteps, report: Report): void {
    const compensates = run.workflow.onFailure === 'compensate' || this.#ending.has(run)
    const endings = { failure: compensates, halt: compensates }
    const around = this.#exposed.get(run) ?? NEVER
    const isBare = !this.#undoing.has(run) && around === NEVER
    const left: { readonly list: StepList; readonly index: number }[] = []
    const called = new Map<RunOfSteps, Chance>()
    this.#walk(run.top, around, true, this.#chances(run.top, endings), (list, index, chance) => {
      const { control } = list.steps[index]!
      if (control?.kind !== 'scenario') left.push({ list, index })
      else keepMost(called, this.#called(control), chance)
    })
    this.#tellCalled(run, endings)
    if (isBare && left.length > 0) {
      report({
        code: 'UNDONE_EFFECT',
        list: run.top,
        index: null,
        key: ['on_failure'],
        problem: 'it compensates, and nothing would be undone',
        expected: 'a "compensate" in the steps whose effects are to be undone',
        found: 'none in any of its steps',
        remedy: 'say of these steps how they are undone, or let the workflow just fail',
      })
      return
    }
    for (const [one, chance] of called) keepMost(this.#exposed, one, chance)
    for (const { list, index } of left) {
      report({
        code: 'UNDONE_EFFECT',
        list,
        index,
        key: ['operation'],
        problem: 'nothing undoes what it did where a later failure makes the run compensate',
        expected: 'a "compensate", or the word that there is nothing to undo',
        found: 'neither',
        remedy: 'add "compensate", or accept it: {UNDONE_EFFECT: "reads only"}',
      })
    }
  }

  #called({ workflow }: ControlDefinition & { kind: 'scenario' }): RunOfSteps {
    return this.#survey.runOf.get(workflow)!
  }

  /** A run that fails may make its caller compensate, and then what it had done is undone, too. */
  #tellCalled({ lists, top }: RunOfSteps, endings: Ending): void {
    const endingsOf = new Map<StepList, Ending>([[top, endings]])
    for (const list of lists) {
      const ending = endingsOf.get(list)
      if (!ending) continue
      list.steps.forEach((step, index) => {
        const within = this.#endingInside(step, list, ending)
        for (const block of list.inside.get(index) ?? []) endingsOf.set(block, within)
        if (step.control?.kind === 'scenario' && within.failure && this.#reach.runs(list, index))
          this.#ending.add(this.#called(step.control))
      })
    }
  }

  #chances(list: StepList, ending: Ending, into: Map<StepList, Uint8Array> = new Map()): Chances {
    const chances = new Uint8Array(list.steps.length)
    into.set(list, chances)
    list.steps.forEach((step, index) => {
      if (!this.#reach.runs(list, index)) return
      const within = this.#endingInside(step, list, ending)
      const inside = list.inside.get(index) ?? []
      for (const block of inside) this.#chances(block, within, into)
      const isOver = this.#failsItself(step) && endsBy(step, list, ending)
      const chance = isOver ? SURELY : this.#chanceInside(list, index, into)
      chances[index] = both(chance, chanceToRun(list, index))
    })
    return into
  }

  /** The best chance inside of a step; of branches, the least, unless the choice hangs on no step. */
  #chanceInside(list: StepList, index: number, known: Chances): number {
    const inside = (list.inside.get(index) ?? []).filter((block) => this.#reach.isEntered(block))
    const chances = inside.map((block) => known.get(block)!.reduce((most, one) => Math.max(most, one), NEVER))
    const best = chances.reduce((most, one) => Math.max(most, one), NEVER)
    const { control } = list.steps[index]!
    if (control?.kind !== 'conditional') return best
    const least = this.#reach.branches(list, index).none
      ? NEVER
      : chances.reduce((fewest, one) => Math.min(fewest, one), best)
    const isFree = control.cases.every(({ when }) => chanceOf(when) > NEVER)
    return Math.max(least, isFree ? both(best, FREELY) : NEVER)
  }

  #failsItself({ control }: StepDefinition): boolean {
    if (control === null) return true
    if (control.kind === 'scenario') return this.#failing.has(this.#called(control))
    return (
      control.kind === 'wait' &&
      control.until.kind === 'event' &&
      control.until.timeoutMs !== null &&
      control.until.onTimeout === 'fail'
    )
  }

  /** What ends the run of what is inside of a step. */
  #endingInside(step: StepDefinition, list: StepList, ending: Ending): Ending {
    const { control } = step
    const isTolerant =
      (control?.kind === 'parallel' && control.waitFor !== 'all') ||
      (control?.kind === 'iterative' && !('count' in control.tolerate && control.tolerate.count === 0))
    return { failure: !isTolerant && endsBy(step, list, ending), halt: ending.halt }
  }

  /**
   * Goes through the steps that do something, may succeed before the run compensates, and are undone by nothing.
   * @param isCertain Whether no data decide if the list is gone through.
   */
  #walk(
    list: StepList,
    around: Chance,
    isCertain: boolean,
    chances: Chances,
    leave: (list: StepList, index: number, chance: Chance) => void,
  ): void {
    const surely = around === SURELY ? null : exposedIn(list, chances.get(list)!, SURELY)
    const freely = around > NEVER || !isCertain ? null : exposedIn(list, chances.get(list)!, FREELY)
    list.steps.forEach(({ compensate, control, when }, index) => {
      if (compensate !== null || !this.#reach.runs(list, index)) return
      const isChosen = when !== null && when.kind !== 'value'
      let chance: Chance = surely === null || surely[index] === 1 ? SURELY : NEVER
      if (chance === NEVER && !isChosen && (around === FREELY || freely?.[index] === 1)) chance = FREELY
      if (chance > NEVER && (control === null || control.kind === 'scenario')) leave(list, index, chance)
      const isChoice = control?.kind === 'conditional'
      const within = isChoice && chance < SURELY ? NEVER : chance
      for (const block of list.inside.get(index) ?? [])
        if (this.#reach.isEntered(block))
          this.#walk(block, within, isCertain && !isChosen && !isChoice, chances, leave)
    })
  }
}

/** The chance of two things together: where both hang on data, they may exclude each other. */
function both(one: number, other: number): number {
  if (one === SURELY) return other
  return other === SURELY ? one : NEVER
}

function keepMost(chances: Map<RunOfSteps, Chance>, run: RunOfSteps, chance: Chance): void {
  if (chance > (chances.get(run) ?? NEVER)) chances.set(run, chance)
}

/** The chance that a step runs which may, whatever the others came to. */
function chanceToRun(list: StepList, index: number): Chance {
  const { when } = list.steps[index]!
  const enough = successesWaitedFor(list)
  if (enough !== null) {
    // Successes that come before it may be enough without it.
    if (dependenciesOf(list, index).length > 0) return NEVER
    if (goesInOrder(list) && !list.order.subarray(0, enough).includes(index)) return NEVER
  }
  if (mayLack(list, index)) return NEVER
  return when === null ? SURELY : chanceOf(when)
}

/** The chance that a condition holds which may. */
function chanceOf(condition: Computed): Chance {
  if (condition.kind === 'value') return SURELY
  return condition.kind === 'expression' && condition.references?.length === 0 ? FREELY : NEVER
}

/** Whether a step that fails ends its run so that it compensates, where nothing else is answered to its failure. */
function endsBy(step: StepDefinition, { run }: StepList, ending: Ending): boolean {
  if (fallsBackForSure(step)) return false
  const verdict = lastVerdict(step, run.workflow.recovery)
  if (verdict === 'compensate') return true
  return verdict === 'fail_workflow' ? ending.halt : verdict === 'fail' && ending.failure
}

/** Steps of a list that may have succeeded when another one of it ends the run, with such a chance at least, as 1. */
function exposedIn(list: StepList, chances: Uint8Array, chance: Chance): Uint8Array {
  const exposed = new Uint8Array(list.steps.length)
  const ending = list.order.filter((step) => chances[step]! >= chance)
  if (ending.length === 0) return exposed
  if (isRepeated(list)) return exposed.fill(1)
  const enough = successesWaitedFor(list)
  // The success that is enough ends the list, and with it whatever could fail.
  if (enough === 1 || (enough !== null && goesInOrder(list))) return exposed
  // A step that has waited long goes before those of a higher priority: then only dependencies tell what comes first.
  if (goesInOrder(list) && list.steps.some(({ priority }) => priority !== list.steps[0]!.priority))
    return stepsBefore(list, ending)
  if (goesInOrder(list)) {
    const last = ending.at(-1)!
    for (const step of list.order) {
      if (step === last) break
      exposed[step] = 1
    }
    return exposed
  }
  // A step is beside all that it does not lie behind.
  for (const failing of ending.slice(-FOLLOWED_MAX).toReversed()) {
    const behind = stepsBehind(list, failing)
    behind[failing] = 1
    exposed.forEach((_, step) => (exposed[step] ||= 1 - behind[step]!))
    if (exposed.every((flag) => flag === 1)) break
  }
  return exposed
}

/** Successes that end a list; `null`: all its steps do. */
function successesWaitedFor({ outer }: StepList): number | null {
  const control = outer?.list.steps[outer.index]!.control
  return control?.kind === 'parallel' && control.waitFor !== 'all' ? control.waitFor : null
}

/** Whether a list may be gone through again, after a time that went well. */
function isRepeated({ outer }: StepList): boolean {
  const control = outer?.list.steps[outer.index]!.control
  if (control?.kind !== 'iterative' || control.iterationsMax < 2) return false
  const { over } = control
  return over.kind !== 'each' || over.items.kind !== 'value' || (over.items.value as unknown[]).length > 1
}

/** Whether the steps of a list run one after the other. */
function goesInOrder({ plan }: StepList): boolean {
  const { parallel, maxConcurrency } = plan.workflow
  return !parallel || maxConcurrency === 1
}

/** Steps that some others depend on, directly or through others, as 1. */
function stepsBefore(list: StepList, from: Iterable<number>): Uint8Array {
  const before = new Uint8Array(list.steps.length)
  const open = [...from]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const dependency of dependenciesOf(list, step)) {
      if (before[dependency] === 1) continue
      before[dependency] = 1
      open.push(dependency)
    }
  }
  return before
}

/** Steps that depend on one, directly or through others, as 1. */
function stepsBehind(list: StepList, from: number): Uint8Array {
  const behind = new Uint8Array(list.steps.length)
  const open = [from]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const dependent of dependentsOf(list, step)) {
      if (behind[dependent] === 1) continue
      behind[dependent] = 1
      open.push(dependent)
    }
  }
  return behind
}
