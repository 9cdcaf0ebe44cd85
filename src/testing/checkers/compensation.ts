// Rules of the way back: what is undone, how often, in which order, and when nothing is.
import type { WorkflowContext } from '../../../machines/workflow-setup.ts'
import { scenarioRun, undoesSurplus } from '../../runtime/compensation-scope.ts'
import { undoneBy, type Effect } from '../../runtime/host.ts'
import type { Run } from '../../runtime/run.ts'
import { leftEffects } from '../../runtime/undone.ts'
import { shortOf } from '../offers.ts'
import type { Rule } from './checker.ts'

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** Whether a step calls something to undo it, and may have to be undone. */
function owes(run: Run, index: number): boolean {
  const { compensate } = run.stepAt(index)
  if (compensate === null || run.effects.hasStandIn(index)) return false
  const { execution } = run
  const isStarted = execution.attempts[index]! > 0
  return execution.hasSucceeded(index) || (compensate.on === 'attempt' && isStarted)
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
      if (owes(run, dependent) && !run.reversal.compensations.has(dependent))
        return run.stepAt(dependent).name
    }
  }
  return null
}

/** Nothing is undone before what was built on it. */
export const undoneInReverse: Rule = {
  name: 'undone-in-reverse',
  description:
    'A step is undone only after everything that depends on it, directly or through others, has been.',
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

/** What has not happened is not undone. */
export const undoneOnlyIfDone: Rule = {
  name: 'undone-only-if-done',
  description:
    'Only what succeeded is undone (or, with on: attempt, was tried), only while the run compensates, and once.',
  watch: (view, fail) => ({
    performed(effect) {
      const run = undoingRun(view.root.session.runs, effect)
      if (!run) return
      const { index, to, target } = effect as Attempt
      const undone = undoneBy(target)!
      if (run.execution.attempts[index] === 0) fail(`${shortOf(to)} is called, and the step has done nothing`)
      if (!run.effects.owed(index, 'all').includes(undone))
        fail(`${shortOf(to)} is called, and its effect did not happen or is undone already`)
      if (run.reversal.undoing === null) fail(`${shortOf(to)} is called while the run is not being undone`)
    },
  }),
}

function undoingRun(runs: ReadonlyMap<string, Run>, effect: Effect): Run | undefined {
  return effect.kind === 'attempt' && undoneBy(effect.target) ? runs.get(effect.run) : undefined
}

/** Nothing that is to be undone is forgotten. */
export const undoneCompletely: Rule = {
  name: 'undone-completely',
  description:
    'A run that is to be undone ends with every success undone, or listed as left; one that is not keeps what its result holds.',
  watch: (_, fail) => ({
    ended(runs) {
      for (const run of runs) {
        const scenario = scenarioRun(run)
        const { status, context } = scenario.self.getSnapshot() as EndedRun
        if (status !== 'done' || context.entry === 'undo') continue
        const isToUndo = mustUndo(scenario, context)
        const left = leftEffects(scenario, isToUndo ? 'all' : 'surplus')
        const isListed = (address: string) =>
          left.undone.includes(address) || left.possiblyDone.includes(address)
        for (const [index, { name, compensate }] of run.workflow.steps.entries()) {
          if (compensate === null) continue
          const outcome = run.reversal.compensations.get(index)
          if (isToUndo && owes(run, index) && !outcome && !isListed(run.addressOf(index)))
            fail(`the run is ${context.cause} and is undone, and nobody undid "${name}"`)
          if (!isToUndo && outcome && isKept(run, index))
            fail(`the run is ${context.cause}, and "${name}" was undone`)
          if (outcome?.undone === false && context.compensation === 'completed')
            fail(`"${name}" could not be undone, and the run says that all is`)
        }
      }
    },
  }),
}

/** Whether a run has to undo all that it did: not where only its outputs could not be computed. */
function mustUndo({ workflow, execution }: Run, { cause, verdict }: WorkflowContext): boolean {
  if (cause === 'completed' || verdict === 'compensate') return verdict === 'compensate'
  return (
    workflow.onFailure === 'compensate' && (cause !== 'failed' || !!verdict || execution.counts.failed > 0)
  )
}

/** Whether what a step did is never undone unless its whole scenario is. */
const isKept = (run: Run, index: number) =>
  !undoesSurplus(run) ||
  (run === scenarioRun(run) && run.execution.hasSucceeded(index) && !run.effects.hasStandIn(index))

interface EndedRun {
  readonly status: string
  readonly context: WorkflowContext
}
