// Compares a run of the engine with what the reference model says of it, entry by entry.
import { isDeepStrictEqual } from 'node:util'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import type { RunCause } from '../../machines/protocol.ts'
import type { Effect, Entry } from '../../src/runtime/port/host.ts'
import type { CompensationRecord, RunReport, StepRecord } from '../../src/runtime/report/step-records.ts'
import type { Given, Performed } from '../runtime/workflows.ts'
import { outputOf, plain } from './data.ts'
import { isOver, newWorld, react, rootOf } from './predict.ts'
import type { Frame, Setting, Task, World } from './state.ts'
import { leftOf } from './undo.ts'

/** A run that was played from its beginning to its end. */
export interface Recorded {
  readonly journal: readonly Entry[]
  readonly performed: readonly Performed[]
  /** Default: none is known. */
  readonly given?: readonly Given[]
  readonly report: RunReport
}

/** What the model is told beside the history. */
export interface Agreed {
  readonly definition: WorkflowDefinition
  readonly setting: Setting
}

/** What the engine and the model disagree about: the first difference, or `null`. */
export function difference({ definition, setting }: Agreed, played: Recorded): string | null {
  const { journal, report } = played
  const world = newWorld(definition, setting)
  const performed = Map.groupBy(played.performed, ({ entries }) => entries)
  const given = new Map((played.given ?? []).map((each) => [`${each.key}#${each.attempt}`, each.parameters]))
  for (const [index, entry] of journal.entries()) {
    const effects = (performed.get(index + 1) ?? []).map(({ effect }) => effect)
    const seen = effects.filter((effect) => textOf(effect).length > 0).map(({ to }) => to)
    react(world, entry, new Set(seen))
    const where = `entry ${index}, at ${entry.at}, ${entry.event.type} to ${entry.to}`
    const made = effects.flatMap(textOf).toSorted()
    const predicted = world.performed.map(({ text }) => text).toSorted()
    if (world.problems.length > 0) return `${where}: ${world.problems[0]}`
    if (!isDeepStrictEqual(made, predicted))
      return `${where}: the engine does ${JSON.stringify(made)}, the model ${JSON.stringify(predicted)}`
    for (const { key, given: predictedGiven } of world.performed) {
      if (key === undefined || !predictedGiven || !given.has(key)) continue
      const [engine, model] = [JSON.stringify(given.get(key)), JSON.stringify(predictedGiven.value)]
      if (engine !== model) return `${where}: the engine gives ${key} ${engine}, the model ${model}`
    }
  }
  if (!isOver(world)) return 'the engine has ended, and the model has not'
  return firstOf(factsOf(report), factsOf(outcomeOf(world)), 'report')
}

/** The first place where two values differ. */
function firstOf(engine: unknown, model: unknown, place: string): string | null {
  if (isDeepStrictEqual(engine, model)) return null
  if (typeof engine !== 'object' || typeof model !== 'object' || !engine || !model)
    return `${place}: the engine says ${JSON.stringify(engine)}, the model ${JSON.stringify(model)}`
  const keys = new Set([...Object.keys(engine), ...Object.keys(model)])
  const [left, right] = [engine, model] as Record<string, unknown>[]
  const differences = [...keys].map((key) => firstOf(left![key], right![key], `${place}.${key}`))
  return differences.find((each) => each !== null) ?? null
}

/** An attempt that begins, or a function that is asked; nothing of all other effects. */
function textOf(effect: Effect): string[] {
  if (effect.kind === 'attempt') return [`${effect.target} ${effect.to}#${effect.attempt}`]
  return effect.kind === 'decision' ? [`${effect.question} of ${effect.to}#${effect.step}`] : []
}

type StepKeys = 'name' | 'status' | 'output' | 'error' | 'attempts' | 'dependenciesSatisfied' | 'fallback'
type StepFacts = Pick<StepRecord, StepKeys | 'startedAt' | 'finishedAt'> & {
  readonly compensation: Pick<CompensationRecord, 'status' | 'attempts'> | null
  readonly inside: {
    readonly runs: readonly { iteration: number | null; status: RunCause; steps: readonly StepFacts[] }[]
  } | null
}
type RunKeys = 'status' | 'cause' | 'compensation' | 'outputs' | 'error' | 'degraded' | 'cancellationsIgnored'
type RunFacts = Pick<RunReport, RunKeys | 'undone' | 'possiblyDone'> & {
  readonly steps: readonly StepFacts[]
}

/** What is compared of a run's end. Addresses have the order in which iterations ended, which is open for the same entry. */
function factsOf(run: RunFacts) {
  const { status, cause, compensation, outputs, error, degraded, cancellationsIgnored } = run
  const { undone, possiblyDone, steps } = run
  return plain({
    ...{ status, cause, compensation, outputs, degraded, cancellationsIgnored, steps: steps.map(stepOf) },
    error: error && { code: error.code, step: error.step },
    ...{ undone: undone.toSorted(), possiblyDone: possiblyDone.toSorted() },
  })
}

/** Of a step that is stopped when it begins, it is open whether it had begun; of an operation, what was performed says it. */
function stepOf(step: StepFacts): object {
  const { name, status, output, error, startedAt, finishedAt, fallback, compensation, inside } = step
  const isOpen = status === 'cancelled' && (startedAt === null || startedAt === finishedAt)
  const runs = inside?.runs.toSorted((a, b) => (a.iteration ?? 0) - (b.iteration ?? 0))
  return {
    ...{ name, status, output, fallback, dependenciesSatisfied: step.dependenciesSatisfied, finishedAt },
    error: error?.code,
    compensation: compensation && [compensation.status, compensation.attempts],
    ...(!isOpen && { attempts: step.attempts, startedAt }),
    ...(!isOpen && { inside: runs?.map((run) => ({ ...run, steps: run.steps.map(stepOf) })) }),
  }
}

// ---- what the model says of the end ---------------------------------------------------------------------

function outcomeOf(world: World): RunFacts {
  const root = rootOf(world)
  const { cause, compensation, extent, failure, cancellationsIgnored, result, tasks } = root
  const undone = compensation === 'completed' ? 'compensated' : 'compensation_failed'
  const all = [...world.frames.values()].flatMap((frame) => frame.tasks)
  return {
    ...{ cause, compensation, error: failure, cancellationsIgnored },
    status: cause === 'failed' && extent === 'all' ? undone : cause,
    outputs: cause === 'completed' ? (result as RunFacts['outputs']) : null,
    ...leftOf(world, root, extent ?? 'surplus'),
    degraded: all.some((task) => task.verdict === 'degradation' || isFallback(task)),
    steps: tasks.map(recordOf),
  }
}

const isFallback = ({ outcome, target }: Task) => outcome === 'success' && target === 'fallback'

function recordOf(task: Task): StepFacts {
  const { step, status, failure, attempt, isHeld, startedAt, finishedAt, compensation, kept } = task
  const runOf = ({ iteration, cause, tasks }: Frame) => ({
    iteration: iteration?.index ?? null,
    status: cause,
    steps: tasks.map(recordOf),
  })
  return {
    ...{ name: step.name, status: status ?? 'cancelled', output: outputOf(task), error: failure },
    ...{ attempts: attempt, dependenciesSatisfied: !isHeld, startedAt, finishedAt, compensation },
    fallback: isFallback(task),
    inside: step.control && { runs: kept.map(runOf) },
  }
}
