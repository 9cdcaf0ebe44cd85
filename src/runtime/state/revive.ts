// A run from data, with all that is inside of it: it goes on as the run that was captured would. Works on runs that are made
// already; what is under way in them is made here. The way there is capture.ts.
import type { LeaseGates } from '../../kernel/lease-gates.ts'
import type { Plan } from '../../definition/plan.ts'
import { newRunState, type RunState } from '../../kernel/run-state.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import { Inside, type EndedRun, type Ledger } from '../run/inside.ts'
import { nestedOptions, plansOf, type Nesting } from '../run/nesting.ts'
import type { Run } from '../run/run.ts'
import { checkForm } from './form.ts'
import type { Reviving } from './notes.ts'
import type {
  EndedAt,
  EndedNestedAt,
  InsideKept,
  LivingAt,
  NestingAt,
  RunRecord,
  StateAt,
  UndoingAt,
} from './run-at.ts'

/** What a run is made with that has lived before. */
export interface Earlier {
  readonly state: RunState
  readonly startedAt: number
}

/** Makes a run that has lived before, with the runs inside of its steps that have ended. */
export function revivedRun(
  at: EndedAt,
  plan: Plan,
  path: string,
  notes: Reviving,
  make: (earlier: Earlier) => Run,
): Run {
  const record = notes.record<RunRecord>()
  const state = stateOf(at.state, record, path, notes)
  const { graph, effects, counters, compensation, slots, isDegraded, phase } = newRunState(plan, path)
  const { free, holders } = slots
  const model = { graph, effects, counters, compensation, slots: { free, holders }, isDegraded, phase }
  checkForm(state, model, path)
  const run = make({ state, startedAt: record.began })
  notes.runs.set(path, run)
  reviveInside(run, at, record, notes)
  return run
}

function reviveInside(run: Run, at: EndedAt, record: RunRecord, notes: Reviving): void {
  for (const [index, { owed, left }] of at.inside) {
    const inside = run.insideOf(index)
    for (const each of owed) {
      const { attempt, isCompleted } = each
      const ended = reviveEnded(run, index, each, notes)
      inside.owed.push({ run: ended, attempt, isCompleted })
      // Entries that follow the state may still say what an operation in it did that was given up on.
      run.session.endedRuns.set(ended.path, ended)
    }
    checkForm(left, inside.left, 'left')
    Object.assign(inside.left, left)
  }
  for (const [index, kept] of record.inside) reviveKept(run.insideOf(index), kept, run, index)
}

/** What is under way in a run. */
export function reviveLiving(run: Run, at: LivingAt, notes: Reviving): void {
  run.timer = notes.timer(at.timer)
  for (const [index, effect] of at.asked) run.conditions.asked.set(index, notes.effect(effect)!)
  run.steps.revive(at.live, notes)
  for (const { outer: path, index, resumes, undoing } of at.beside) {
    const outer = notes.runs.get(path)!
    const owed = owedOf(outer, index, undoing)
    run.reversal.addBeside({ outer, index, resumes }, owed, undoing).revive(undoing, notes)
  }
}

/** The runs inside of a step that are being undone, and how much of each. */
export function owedOf(outer: Run, index: number, at: UndoingAt) {
  const { owed } = outer.inside.get(index)!
  return at.owed.map(([place, extent]) => ({ ...owed[place]!, extent }))
}

/** How a run is inside of a step. */
export function nestingOf(
  outer: Run,
  index: number,
  at: NestingAt,
  ended: (run: Run, output: WorkflowMachineOutput) => void,
): Nesting {
  const plans = plansOf(outer, index)
  return {
    plan: plans[at.place]!,
    absent: at.absent.map((place) => plans[place]!),
    iteration: at.iteration as NonNullable<Nesting['iteration']> | null,
    waitFor: at.waitFor,
    ...(at.inputs !== null && { inputs: at.inputs as NonNullable<Nesting['inputs']> }),
    ended,
  }
}

/** A run inside of a step that has ended: nobody hears of its end any more. */
export function reviveEnded(outer: Run, index: number, at: EndedNestedAt, notes: Reviving): Run {
  const nesting = nestingOf(outer, index, at, () => {})
  const options = nestedOptions(outer, index, at.attempt, nesting)
  const path = `run/${options.runId}/steps/${options.within.address}`
  return revivedRun(at.run, options.plan, path, notes, (earlier) => outer.child(outer.self, options, earlier))
}

function stateOf(at: StateAt, record: RunRecord, path: string, notes: Reviving): RunState {
  const { startedAt, finishedAt, counters, isDegraded } = record
  return {
    graph: { ...at.graph, outputs: [...at.graph.outputs], startedAt, finishedAt },
    effects: at.effects,
    slots: {
      queue: notes.queue(at.slots.queue),
      free: at.slots.free,
      holders: at.slots.holders as Set<number>,
    },
    gates: gatesOf(at.gates, path, notes),
    counters,
    compensation: at.compensation,
    isDegraded,
    phase: at.phase,
  }
}

function gatesOf({ groups, acquisitions }: StateAt['gates'], path: string, notes: Reviving): LeaseGates {
  const own = new Map(
    Array.from(groups, ([key, { needs, queue, asking }]) => [
      key,
      { needs, queue: notes.queue(queue), asking },
    ]),
  )
  return {
    replyTo: path,
    groups: own,
    acquisitions: new Map(
      Array.from(acquisitions, ([lease, { index, priority, age, group, held }]) => [
        lease,
        { index, priority, since: notes.now - age, group: own.get(group)!, held },
      ]),
    ),
  }
}

function reviveKept(inside: Inside, at: InsideKept, run: Pick<Run, 'options'>, index: number): void {
  const { owed } = inside
  inside.ended = at.ended
  inside.failuresKept = at.failuresKept
  inside.kept = keptOf(at, owed, plansOf(run, index))
}

const keptOf = (at: InsideKept, owed: readonly EndedRun[], plans: readonly Ledger['plan'][]) =>
  at.kept.map(({ iteration, status, ledger }) => ({
    iteration,
    status,
    ledger: typeof ledger === 'number' ? owed[ledger]!.run.ledger : ledgerOf(ledger, plans),
  }))

function ledgerOf(
  { place, graph, effects, compensations, inside }: Exclude<InsideKept['kept'][number]['ledger'], number>,
  plans: readonly Ledger['plan'][],
): Ledger {
  const plan = plans[place]!
  const kept = new Map<number, Inside>()
  for (const [index, at] of inside) {
    const each = new Inside()
    each.ended = at.ended
    each.failuresKept = at.failuresKept
    each.kept = keptOf(at, [], plan.inside.get(index)!)
    kept.set(index, each)
  }
  return { plan, graph, effects, compensations, inside: kept }
}
