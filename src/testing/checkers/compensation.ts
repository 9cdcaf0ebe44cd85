// Rules of the way back: what is undone, how often, in which order, and when nothing is.
import type { Run } from '../../runtime/run.ts'
import type { Effect } from '../../runtime/host.ts'
import { leftUndone } from '../../runtime/undone.ts'
import { shortOf } from '../offers.ts'
import type { Rule } from './checker.ts'

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** Whether a step calls something to undo it, and is to be undone. */
function owes(run: Run, index: number): boolean {
  const { compensate } = run.stepAt(index)
  if (compensate === null) return false
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
      const { index, to } = effect as Attempt
      if (!owes(run, index)) fail(`${shortOf(to)} is called, and the step has done nothing`)
      if (run.reversal.compensations.has(index))
        fail(`${shortOf(to)} is called, and the step is undone already`)
      if (run.reversal.undoing === null) fail(`${shortOf(to)} is called while the run is not being undone`)
    },
  }),
}

function undoingRun(runs: ReadonlyMap<string, Run>, effect: Effect): Run | undefined {
  return effect.kind === 'attempt' && effect.target === 'compensation' ? runs.get(effect.run) : undefined
}

/** Nothing that is to be undone is forgotten. */
export const undoneCompletely: Rule = {
  name: 'undone-completely',
  description:
    'A run that is to be undone ends with every success undone, or listed as left; a run that is not leaves them as they are.',
  watch: (_, fail) => ({
    ended(runs) {
      for (const run of runs) {
        const { status, context } = endOf(runAround(run))
        if (status !== 'done' || context.entry === 'undo') continue
        const isToUndo =
          context.cause !== 'completed' &&
          (context.verdict === 'compensate' || runAround(run).workflow.onFailure === 'compensate')
        const { steps } = run.workflow
        for (let index = 0; index < steps.length; index++) {
          if (steps[index]!.compensate === null) continue
          const outcome = run.reversal.compensations.get(index)
          const { name } = steps[index]!
          const isListed = () =>
            leftUndone(runAround(run), context.compensation === 'failed').includes(run.addressOf(index))
          if (isToUndo && owes(run, index) && !outcome && !isListed())
            fail(`the run is ${context.cause} and is undone, and nobody undid "${name}"`)
          if (!isToUndo && outcome) fail(`the run is ${context.cause}, and "${name}" was undone`)
          if (outcome?.undone === false && context.compensation === 'completed')
            fail(`"${name}" could not be undone, and the run says that all is`)
        }
      }
    },
  }),
}

/** The run that a list of steps belongs to: what is undone is decided there. A scenario inside of a step is one of its own. */
function runAround(run: Run): Run {
  let around = run
  while (around.options.within?.isOpen) around = around.options.within.run
  return around
}

const endOf = (run: Run) => run.self.getSnapshot() as EndedRun

interface EndedRun {
  readonly status: string
  readonly context: {
    readonly entry?: string
    readonly cause: string
    readonly verdict: string | null
    readonly compensation: string
  }
}
