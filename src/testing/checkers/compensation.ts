// Rules of the way back: what is undone, how often, in which order, and when nothing is.
import type { WorkflowContext } from '../../../machines/workflow.ts'
import { compensationOf } from '../../definition/plan.ts'
import { hasStandIn, isKnown, owedEffects } from '../../kernel/effects.ts'
import { hasSucceeded } from '../../kernel/graph.ts'
import { scenarioRun, undoesSurplus } from '../../runtime/run/compensation-scope.ts'
import { undoneBy, type Effect, type Entry } from '../../runtime/port/host.ts'
import type { Run } from '../../runtime/run/run.ts'
import { leftEffects } from '../../runtime/run/undone.ts'
import { shortOf } from '../offers.ts'
import type { Rule, View } from './checker.ts'

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** Whether a step calls something to undo it, and may have to be undone. */
function owes(run: Run, index: number): boolean {
  const { compensate } = run.stepAt(index)
  if (compensate === null || hasStandIn(run, index)) return false
  const isStarted = run.graph.attempts[index]! > 0
  return hasSucceeded(run.graph, index) || (compensate.on === 'attempt' && isStarted)
}

/** Whether a step's success stays, because only what is not part of the run's result is undone. */
function isPartOfResult(run: Run, index: number): boolean {
  const { context } = run.self.getSnapshot() as EndedRun
  return context.extent === 'surplus' && hasSucceeded(run.graph, index) && !run.effects.unneeded.has(index)
}

/** A step that depends on another one, directly or through others, and is still to be undone. */
function undoneTooLate(run: Run, index: number): string | null {
  const { plan } = run.options
  const seen = new Set<number>()
  const open = [index]
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (let at = plan.dependentStart[each]!; at < plan.dependentStart[each + 1]!; at++) {
      const dependent = plan.dependents[at]!
      if (seen.has(dependent)) continue
      seen.add(dependent)
      open.push(dependent)
      if (
        owes(run, dependent) &&
        !isPartOfResult(run, dependent) &&
        !run.state.compensation.compensations.has(dependent)
      )
        return run.stepAt(dependent).name
    }
  }
  return null
}

/** Nothing is undone before what was built on it. */
export const undoneInReverse: Rule = {
  name: 'undone-in-reverse',
  description:
    'A step is undone only after everything that depends on it, directly or through others, has been, but for what is part of the result.',
  watch: (view, fail) => ({
    performed(effect) {
      const run = undoingRun(view.root.session.runs, effect)
      if (!run) return
      const { index, to } = effect as Attempt
      const early = undoneTooLate(run, index)
      if (early !== null) fail(`${shortOf(to)} is called before "${early}", which depends on it, is undone`)
    },
  }),
}

/** The steps of which the journal says in time that an attempt had its effect, whatever became of the step. */
class EffectsDone {
  private readonly view: View
  private readonly paths = new Set<string>()
  private readonly fresh = new Set<string>()

  constructor(view: View) {
    this.view = view
  }

  /** Whether the journal has come to say so since this was asked last. */
  takeNew(run: Run, index: number): boolean {
    return this.fresh.size > 0 && this.fresh.delete(run.pathOf(index))
  }

  has(run: Run, index: number): boolean {
    return this.paths.has(run.pathOf(index))
  }

  record(entry: Entry): void {
    const { to, event } = entry
    if (event.type === 'attempt.succeeded' || ('failure' in event && event.failure?.effect === 'done'))
      this.add(to)
    if (event.type !== 'effect.heard') return
    const { run: path, step } = event
    const { world } = this.view
    // While a journal is replayed there is no root yet: what was too late is so still.
    const root = this.view.root as View['root'] | undefined
    if (root?.session.runAt(path)?.reversal.isTooLate) world.heardTooLate.add(entry)
    if (world.heardTooLate.has(entry)) return
    const inside = path.replace('/steps/', '/step/')
    this.add(inside === path ? `${path}/step/${step}` : `${inside}/${step}`)
  }

  private add(path: string): void {
    if (path.includes('/compensation/')) return
    this.paths.add(path)
    this.fresh.add(path)
  }
}

/** What has not happened is not undone. */
export const undoneOnlyIfDone: Rule = {
  name: 'undone-only-if-done',
  description:
    'Only what succeeded is undone (or, with on: attempt, was tried), only while the run compensates, and once.',
  watch: (view, fail) => {
    const done = new EffectsDone(view)
    return {
      recorded: (entry) => done.record(entry),
      performed(effect) {
        const run = undoingRun(view.root.session.runs, effect)
        if (!run) return
        const { index, to, target } = effect as Attempt
        const undone = undoneBy(target)!
        const { control } = run.stepAt(index)
        const isDone = control ? hasSucceeded(run.graph, index) : done.has(run, index)
        if (!isDone && compensationOf(run.stepAt(index), undone)!.on === 'success')
          fail(`${shortOf(to)} is called, and the step has done nothing`)
        if (!owedEffects(run, index, 'all').includes(undone))
          fail(`${shortOf(to)} is called, and its effect is undone already`)
        if (run.state.compensation.undoing === null)
          fail(`${shortOf(to)} is called while the run is not being undone`)
      },
    }
  },
}

function undoingRun(runs: ReadonlyMap<string, Run>, effect: Effect): Run | undefined {
  return effect.kind === 'attempt' && undoneBy(effect.target) ? runs.get(effect.run) : undefined
}

/** Whether anything undoes the success that a step was given: that of its fallback has an effect of its own, or none. */
const undoes = (run: Run, index: number) =>
  compensationOf(run.stepAt(index), hasStandIn(run, index) ? 'fallback' : 'operation') !== null

/** Nothing that is to be undone is forgotten. */
export const undoneCompletely: Rule = {
  name: 'undone-completely',
  description:
    'A run that is to be undone ends with every success undone, or listed as left; one that is not keeps what its result holds, and nothing else.',
  watch: (view, fail) => {
    const done = new EffectsDone(view)
    const ended = (runs: Iterable<Run>) => {
      for (const run of runs) {
        const scenario = scenarioRun(run)
        const { status, context } = scenario.self.getSnapshot() as EndedRun
        if (status !== 'done' || context.entry === 'undo') continue
        const isToUndo = mustUndo(scenario, context)
        const left = leftEffects(scenario, context.extent ?? 'surplus')
        const isListed = (address: string) =>
          left.undone.includes(address) || left.possiblyDone.includes(address)
        for (const [index, { name, compensate }] of run.workflow.steps.entries()) {
          if (compensate === null) continue
          const outcome = run.state.compensation.compensations.get(index)
          if (isToUndo && owes(run, index) && !outcome && !isListed(run.addressOf(index)))
            fail(`the run is ${context.cause} and is undone, and nobody undid "${name}"`)
          const isLeft = !outcome && !isListed(run.addressOf(index))
          if (isLeft && done.has(run, index) && !hasSucceeded(run.graph, index))
            fail(`"${name}" did its work though it is no success, and that is neither undone nor named`)
          if (isLeft && isBeyond(run, index) && undoes(run, index))
            fail(`"${name}" succeeded beyond what was waited for, and that is neither undone nor named`)
          if (!isToUndo && outcome && isKept(run, index))
            fail(`the run is ${context.cause}, and "${name}" was undone`)
          if (outcome?.undone === false && context.compensation === 'completed')
            fail(`"${name}" could not be undone, and the run says that all is`)
        }
      }
    }
    return {
      recorded: (entry) => done.record(entry),
      /** Asked at once: what was heard and forgotten would be the same situation as what was never heard. */
      moved() {
        for (const run of view.root.session.runs.values())
          for (const [index, { name }] of run.workflow.steps.entries())
            if (done.takeNew(run, index) && !isKnown(run, index))
              fail(`"${name}" is heard to have done its work, and the run does not know it`)
      },
      ended,
    }
  },
}

/** Whether a step was the last one of more successes than were waited for. */
function isBeyond({ options: { waitFor }, graph, workflow }: Run, index: number): boolean {
  if (waitFor === 'all') return false
  const successes = workflow.steps.flatMap((_, each) => (hasSucceeded(graph, each) ? graph.order[each]! : []))
  return successes.length > waitFor && graph.order[index] === Math.max(...successes)
}

/** Whether a run has to undo all that it did: not where only its outputs could not be computed. */
function mustUndo({ workflow, graph }: Run, { cause, verdict }: WorkflowContext): boolean {
  if (cause === 'completed' || verdict === 'compensate') return verdict === 'compensate'
  return workflow.onFailure === 'compensate' && (cause !== 'failed' || !!verdict || graph.counts.failed > 0)
}

/** Whether what a step did is never undone unless its whole scenario is. */
const isKept = (run: Run, index: number) =>
  !undoesSurplus(run) ||
  (run === scenarioRun(run) && hasSucceeded(run.graph, index) && !hasStandIn(run, index))

interface EndedRun {
  readonly status: string
  readonly context: WorkflowContext
}
