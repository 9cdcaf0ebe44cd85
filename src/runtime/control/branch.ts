// Steps inside of a step that run once: side by side, in a branch that is chosen, or as a scenario of their own.
// Not iterations: those are in loop.ts.
import type { ActorRef } from '../charts/actors.ts'
import type { Failure, Verdict } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import { shownData } from '../../definition/diagnostic.ts'
import { toJson } from '../../definition/json-copy.ts'
import { addCounters } from '../../kernel/counters.ts'
import type { Computed } from '../../definition/model.ts'
import { newBudget } from '../../definition/operators.ts'
import type { Plan } from '../../definition/plan.ts'
import { SagachartError } from '../../errors.ts'
import { scenarioRun, undoesSurplus } from '../run/compensation-scope.ts'
import { branchChart } from '../charts/branch.ts'
import { checkedInputs } from '../execute/given-inputs.ts'
import { views } from '../execute/run-data.ts'
import type { Effect } from '../port/host.ts'
import { plansOf, type Nesting } from '../run/nesting.ts'
import type { Run } from '../run/run.ts'
import { leftEffects } from '../run/undone.ts'
import { captureNested } from '../state/capture.ts'
import type { Capturing, Reviving } from '../state/notes.ts'
import type { BranchAt } from '../state/run-at.ts'
import { forget, reviveNested, startNested } from './nested.ts'
import {
  ask,
  cancel,
  fail,
  failureOf,
  notComputable,
  succeedWith,
  takeBack,
  type Attempt,
  type ControlOf,
  type Work,
} from './work.ts'

/** One list of steps, once: does what its chart names. */
export class Branch implements Work {
  readonly control: ControlOf<'parallel' | 'conditional' | 'scenario'>
  private readonly attempt: Attempt
  private readonly chart
  private inside: Run | undefined
  private asked: Effect | null = null
  /** What the step gives. */
  private output: () => unknown = () => null

  /** @param at Where it was in an earlier life. */
  constructor(attempt: Attempt, control: Branch['control'], at?: BranchAt) {
    this.attempt = attempt
    this.control = control
    this.chart = branchChart(this, undefined, at?.chart)
    if (at) return
    attempt.run.insideOf(attempt.index).begin()
    attempt.run.session.later(() => this.chart.send({ type: 'branch.begin' }), undefined, undefined)
  }

  capture(notes: Capturing): BranchAt {
    const { chart, asked, inside } = this
    return {
      kind: 'branch',
      chart: chart.at,
      asked: notes.effect(asked),
      inside: inside ? captureNested(inside, notes) : null,
    }
  }

  revive({ asked, inside }: BranchAt, notes: Reviving): this {
    const { attempt } = this
    this.asked = notes.effect(asked)
    if (inside)
      this.inside = reviveNested(attempt, attempt.actor, inside, notes, (run, output) =>
        this.ended(run, output),
      )
    return this
  }

  stop(force: boolean): void {
    this.chart.send({ type: 'branch.stop', force })
  }

  abandon(stop: (child: ActorRef) => void): void {
    this.inside?.abandonAll(stop)
    if (this.inside) stop(this.inside.self)
  }

  decided(value: unknown, failure?: Failure): void {
    if (failure) this.chart.send({ type: 'branch.failed', failure })
    else this.take(value as number)
  }

  runInside(iteration: number | null): Run | undefined {
    return iteration === null ? this.inside : undefined
  }

  // ---- what the chart names -----------------------------------------------------------------------------

  choose(): void {
    const { control, attempt } = this
    if (control.kind === 'conditional' && control.cases.some(({ when }) => when.kind === 'function')) {
      this.asked = ask(attempt, 'branch')
      return
    }
    try {
      if (control.kind === 'parallel') this.enter({ plan: this.plans[0]!, waitFor: control.waitFor })
      else if (control.kind === 'scenario') this.call(control.inputs)
      else this.take(chooseBranch(attempt.run, attempt.index))
    } catch (error) {
      this.chart.send({ type: 'branch.failed', failure: notComputable(error) })
    }
  }

  takeBackQuestion(): void {
    takeBack(this.attempt, this.asked)
    this.asked = null
  }

  cancelInside(force: boolean): void {
    this.inside?.cancel(force)
  }

  succeed(): void {
    succeedWith(this.attempt, this.output)
  }

  fail(failure: Failure, verdict: Verdict | null): void {
    fail(this.attempt, failure, verdict)
  }

  cancel(): void {
    cancel(this.attempt)
  }

  // -------------------------------------------------------------------------------------------------------

  private get plans(): readonly Plan[] {
    return plansOf(this.attempt.run, this.attempt.index)
  }

  /** Takes a branch, or none. */
  private take(chosen: number): void {
    const { run } = this.attempt
    const plan = this.plans[chosen]
    const absent = this.plans.filter((other) => other !== plan)
    if (plan) {
      this.enter({ plan, absent })
      return
    }
    const { output } = this.control
    this.output = () => (output ? run.data.evaluate(output, { steps: views(run, absent) }) : {})
    this.chart.send({ type: 'branch.absent' })
  }

  private call(given: Computed): void {
    const { run } = this.attempt
    const own = toJson(run.data.evaluate(given), 'inputs')
    if (typeof own !== 'object' || own === null)
      throw new SagachartError('EXPRESSION_FAILED', `The inputs are an object, found ${shownData(own)}`)
    const plan = this.plans[0]!
    // What a document declares holds for all its scenarios; a workflow of the builder declares its own.
    const isShared = plan.workflow.inputs === null
    const inputs = isShared
      ? Object.freeze({ ...run.options.inputs, ...own })
      : checkedInputs(plan, { ...own })
    this.enter({ plan, inputs })
  }

  private enter(nesting: Pick<Nesting, 'plan' | 'absent' | 'waitFor' | 'inputs'>): void {
    const ended = (run: Run, output: WorkflowMachineOutput) => this.ended(run, output)
    this.inside = startNested(this.attempt, this.attempt.actor, { ...nesting, ended })
    this.chart.send({ type: 'branch.entered' })
  }

  private ended(inside: Run, result: WorkflowMachineOutput): void {
    const { run, index, attempt } = this.attempt
    forget(inside)
    keep(run, index, attempt, inside, result, null)
    const { control } = this
    const { output } = control
    this.output =
      control.kind === 'scenario' && output
        ? () => run.data.evaluate(output, { output: result.output })
        : () => result.output
    const verdict = inside.options.within!.isOpen ? result.verdict : null
    this.chart.send({ type: 'inside.ended', cause: result.cause, failure: failureOf(result), verdict })
  }
}

/** The place of the first branch whose condition holds; that of `else` where none does. */
export function chooseBranch(run: Run, index: number): number {
  const { control } = run.stepAt(index)
  const { cases } = control as ControlOf<'conditional'>
  const budget = newBudget()
  const chosen = cases.findIndex(({ when }) => run.data.condition(when, {}, budget))
  return chosen < 0 ? cases.length : chosen
}

/** Keeps what an ended run inside leaves: for the result, and to undo it. */
export function keep(
  outer: Run,
  index: number,
  attempt: number,
  inside: Run,
  { cause, compensation, extent }: WorkflowMachineOutput,
  iteration: number | null,
): void {
  const kept = outer.insideOf(index)
  outer.state.isDegraded ||= inside.state.isDegraded
  addCounters(outer.state.counters, inside.state.counters)
  kept.add({ iteration, status: cause, ledger: inside.ledger })
  const { reversal } = scenarioRun(outer)
  if (compensation === 'failed') reversal.noteInside(false)
  if (extent === 'all') {
    leftEffects(inside, 'all', kept.left)
    return
  }
  if (compensation === 'completed' && undoesSurplus(outer)) reversal.noteInside(true)
  const left = leftEffects(inside, 'all')
  const isNamed = left.undone.length > 0 || left.possiblyDone.length > 0
  if (!isNamed && !inside.reversal.isDue('all')) return
  kept.owed.push({ run: inside, attempt, isCompleted: cause === 'completed' })
  if (left.possiblyDone.length > 0) inside.session.endedRuns.set(inside.path, inside)
}
