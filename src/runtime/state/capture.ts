// A run as data, with all that is inside of it: what happens next depends on nothing else. To be asked only while the root is at
// rest. Not here: modules, pools, bus and mailbox, which say themselves where they are. The way back is revive.ts.
import type { LeaseGates } from '../../kernel/lease-gates.ts'
import { raw } from '../../kernel/plain.ts'
import type { Plan } from '../../definition/plan.ts'
import type { EndedRun, Inside, Ledger } from '../run/inside.ts'
import { plansOf } from '../run/nesting.ts'
import type { Run } from '../run/run.ts'
import { chartOf, type Capturing } from './notes.ts'
import type {
  EndedAt,
  EndedNestedAt,
  InsideAt,
  LedgerAt,
  LivingAt,
  NestedAt,
  NestingAt,
  RunAt,
  RunRecord,
  StateAt,
} from './run-at.ts'

/** A run that is under way. */
export const captureRun = (run: Run, notes: Capturing): RunAt => ({
  ...captureEnded(run, notes),
  ...captureLiving(run, notes),
})

/** What stays of a run, whether it is under way or not. */
function captureEnded(run: Run, notes: Capturing): EndedAt {
  const { startedAt, finishedAt } = run.graph
  const { counters, isDegraded } = run.state
  const { startedAt: began } = run
  const inside = keptInside(run.plan, run.inside)
  notes.records.push({ startedAt, finishedAt, began, counters, isDegraded, inside } satisfies RunRecord)
  return {
    state: stateAt(run, notes),
    inside: Array.from(run.inside, ([index, each]) => [index, insideAt(each, notes)]),
  }
}

/** What is under way in a run. */
export function captureLiving(run: Run, notes: Capturing): LivingAt {
  const { conditions, steps, reversal } = run
  return {
    chart: withoutInputs(run),
    timer: notes.timer(run.timer),
    asked: Array.from(conditions.asked, ([index, effect]) => [index, notes.effect(effect)]),
    live: steps.capture(notes),
    beside: Array.from(reversal.beside, ([undoing, { outer, index, resumes }]) => ({
      outer: outer.path,
      index,
      resumes,
      undoing: undoing.capture(notes),
    })),
  }
}

/** A run inside of a step that is under way. */
export const captureNested = (run: Run, notes: Capturing): NestedAt => ({
  ...nestingAt(run),
  run: captureRun(run, notes),
})

/** One that has ended. */
export const captureEndedNested = (run: Run, notes: Capturing): EndedNestedAt => ({
  ...nestingAt(run),
  run: captureEnded(run, notes),
})

/** Inputs may be large, and those of a run inside of a step are mostly those of the run around it. */
function withoutInputs({ self, options }: Run): LivingAt['chart'] {
  const { value, context } = chartOf(self)
  return { value, context: options.within ? { ...context, inputs: undefined } : context }
}

function nestingAt({ options }: Run): NestingAt {
  const { within, plan, waitFor, inputs } = options
  const { run: outer, index, attempt, iteration, absent, isOpen } = within!
  const plans = plansOf(outer, index)
  return {
    attempt,
    place: plans.indexOf(plan),
    absent: absent.map((other) => plans.indexOf(other)),
    iteration: raw(iteration),
    waitFor,
    inputs: isOpen ? null : raw(inputs),
  }
}

function stateAt(run: Run, notes: Capturing): StateAt {
  const { graph, effects, slots, gates, compensation, phase } = run.state
  const {
    state,
    attempts,
    counts,
    open,
    held,
    settled,
    waitingFor,
    ready,
    worst,
    around,
    outputs,
    failures,
  } = graph
  return {
    graph: {
      ...{ state, attempts, counts, open, held, settled, waitingFor, ready, worst, around },
      order: notes.order(run) as Uint32Array,
      outputs: raw(outputs.slice()) as unknown[],
      failures: rawValues(failures),
    },
    effects: { ...effects, known: rawValues(effects.known) },
    slots: { queue: notes.queue(slots.queue), free: slots.free, holders: slots.holders },
    gates: gatesAt(gates, notes),
    compensation,
    phase,
  }
}

const rawValues = <T>(map: ReadonlyMap<number, T>) =>
  new Map(Array.from(map, ([key, value]) => [key, raw(value) as T]))

function gatesAt({ groups, acquisitions }: LeaseGates, notes: Capturing): StateAt['gates'] {
  const keys = new Map(Array.from(groups, ([key, group]) => [group, key]))
  return {
    groups: new Map(
      Array.from(groups, ([key, { needs, queue, asking }]) => [
        key,
        { needs, queue: notes.queue(queue), asking },
      ]),
    ),
    acquisitions: new Map(
      Array.from(acquisitions, ([lease, { index, priority, since, group, held }]) => [
        lease,
        { index, priority, age: notes.now - since, group: keys.get(group)!, held },
      ]),
    ),
  }
}

const insideAt = ({ owed, left }: Inside, notes: Capturing): InsideAt => ({
  owed: owed.map(({ run, isCompleted }) => ({ ...captureEndedNested(run, notes), isCompleted })),
  left,
})

/** A ledger that belongs to a run which may still be undone is that run's. */
function keptInside(plan: Plan, inside: ReadonlyMap<number, Inside>, isOwed = true): RunRecord['inside'] {
  return Array.from(inside, ([index, { ended, failuresKept, kept, owed }]) => {
    const plans = plan.inside.get(index)!
    const runs = isOwed ? owed : []
    const keptAt = kept.map(({ iteration, status, ledger }) => {
      const place = runs.findIndex(({ run }) => run.graph === ledger.graph)
      return { iteration, status, ledger: place >= 0 ? place : ledgerAt(ledger, plans) }
    })
    return [index, { ended, failuresKept, kept: keptAt }]
  })
}

/** Nothing in it is undone any more. */
function ledgerAt({ plan, graph, effects, compensations, inside }: Ledger, plans: readonly Plan[]): LedgerAt {
  const kept = keptInside(plan, inside, false)
  return { place: plans.indexOf(plan), graph, effects, compensations, inside: kept }
}

/** The place of a kept run among those that are owed. */
export const placeOf = (owed: readonly EndedRun[], run: Run) => owed.findIndex((each) => each.run === run)
