// Steps that have an actor, as data, and taken up from it in a later life.
import { reviveWork } from '../control/start.ts'
import { UndoingInside } from '../control/undoing-inside.ts'
import { checkForm } from '../state/form.ts'
import { chartOf, type Capturing, type ChartAt, type Reviving } from '../state/notes.ts'
import { owedOf } from '../state/revive.ts'
import type { LiveAt, WorkAt } from '../state/run-at.ts'
import type { Run } from './run.ts'
import type { Attempting, Live } from './live-step.ts'
import { revivedActor } from './step-actor.ts'
import { StepTimers } from './step-timers.ts'

/** Where a step is that has an actor. */
export function captureStep(index: number, live: Live, notes: Capturing): LiveAt {
  const { actor, path, effect, timers, work, isAborted, isCounted, failureEvent, queued } = live
  return {
    ...{ index, path, chart: withoutPolicy(chartOf(actor)), effect: notes.effect(effect) },
    ...{ isAborted, isCounted, failureEvent, queued },
    timers: timers.capture(notes),
    work: work?.capture(notes) ?? null,
  }
}

/** The policy of a step follows from the definition that it goes on with, whose limits may be others by then. */
const withoutPolicy = ({ value, context }: ChartAt): ChartAt => ({
  value,
  context: 'owed' in context ? context : { ...context, policy: undefined },
})

const withPolicy = ({ value, context }: ChartAt, { plan }: Run, index: number): ChartAt => ({
  value,
  context: { ...context, policy: plan.policies[index]! },
})

/** Of what form it is, as far as steps and what undoes them have it in common. */
const AT = {
  ...{ index: 0, path: '', isAborted: false, isCounted: false, queued: false, timers: {} },
  chart: { value: '', context: { index: 0, path: '', attempt: 0, failures: 0 } },
}

/** Takes up a step that had an actor. */
export function reviveStep(run: Run, at: LiveAt, notes: Reviving): void {
  const { session, steps, state } = run
  const { index, path, chart, isAborted, isCounted, failureEvent, queued } = at
  checkForm(at, AT, 'live')
  const { context } = chart as { readonly context: Attempting }
  if (!run.workflow.steps[index] || context.index !== index || context.path !== path)
    throw new TypeError(`live: it has no step ${index} at ${path}`)
  const isUndone = state.compensation.undoing !== null
  const actor = revivedActor(run, path, isUndone, isUndone ? chart : withPolicy(chart, run, index))
  const effect = notes.effect(at.effect) as Live['effect']
  const timers = new StepTimers(session, path).revive(at.timers, notes)
  const live: Live = { actor, path, effect, isAborted, isCounted, work: null, timers, failureEvent, queued }
  steps.live.set(index, live)
  session.actors.set(path, actor)
  actor.start()
  if (at.work) reviveInside(run, live, index, at.work, notes)
}

function reviveInside(run: Run, live: Live, index: number, at: WorkAt, notes: Reviving): void {
  if (at.kind !== 'undoing') {
    const { attempt } = chartOf(live.actor).context as Attempting
    live.work = reviveWork({ run, index, attempt, actor: live.actor }, at, notes)
    return
  }
  const undoing = new UndoingInside(run.steps.undoing(live, index, owedOf(run, index, at)), at)
  live.work = undoing
  undoing.revive(at, notes)
}
