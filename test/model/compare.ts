// Compares a run of the engine with what the reference model says of it, entry by entry.
import { isDeepStrictEqual } from 'node:util'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import type { Entry } from '../../src/runtime/port/host.ts'
import type { RunReport, StepRecord } from '../../src/runtime/report/step-records.ts'
import type { Given, Performed } from '../runtime/workflows.ts'
import { outputOf } from './data.ts'
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
  const [engine, model] = [reportOf(report), outcomeOf(world)]
  return firstOf(normal(engine), normal(model), 'report')
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

const normal = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

function textOf(effect: { readonly kind: string }): string[] {
  const { kind, to, attempt, target, index, question } = effect as unknown as Record<string, string>
  if (kind === 'attempt') return [`${target} ${to}#${attempt}`]
  return kind === 'decision' ? [`${question} of ${to}#${index}`] : []
}

function reportOf(report: RunReport): ReturnType<typeof outcomeOf> {
  const { status, cause, compensation, outputs, error, degraded } = report
  return {
    ...{ status, cause, compensation, outputs, degraded },
    error: error && { code: error.code, step: error.step ?? null },
    ...inAnyOrder(report),
    cancellationsIgnored: report.cancellationsIgnored,
    counts: report.counts,
    attempts: report.attempts,
    failedAttempts: report.failedAttempts,
    modules: report.modules.toSorted(),
    steps: report.steps.map((step) => settled(stepOf(step))),
  }
}

/** Iterations are named in the order in which they ended, which is open where several end with one entry. */
const inAnyOrder = ({ undone, possiblyDone }: Pick<RunReport, 'undone' | 'possiblyDone'>) => ({
  undone: undone.toSorted(),
  possiblyDone: possiblyDone.toSorted(),
})

function stepOf(record: StepRecord): StepOutcome {
  const { name, status, output, error, attempts, dependenciesSatisfied, startedAt, finishedAt } = record
  return {
    ...{ name, status, output, error: error?.code ?? null, attempts, dependenciesSatisfied },
    ...{ startedAt, finishedAt, fallback: record.fallback },
    compensation: record.compensation && {
      status: record.compensation.status,
      attempts: record.compensation.attempts,
    },
    inside:
      record.inside &&
      record.inside.runs
        .toSorted((a, b) => (a.iteration ?? 0) - (b.iteration ?? 0))
        .map((run) => ({ ...run, steps: run.steps.map((step) => settled(stepOf(step))) })),
  }
}

// ---- what the model says of the end ---------------------------------------------------------------------

/** The result of a run that has ended: what the report says of it. */
function outcomeOf(world: World) {
  const root = rootOf(world)
  const { cause, compensation, extent, failure, cancellationsIgnored, result } = root
  const undone = compensation === 'completed' ? 'compensated' : 'compensation_failed'
  const counts = { success: 0, failed: 0, skipped: 0, cancelled: 0, compensated: 0, compensation_failed: 0 }
  for (const { status } of root.tasks) counts[status!]++
  return {
    status: cause === 'failed' && extent === 'all' ? undone : cause,
    cause,
    compensation,
    outputs: cause === 'completed' ? result : null,
    error: failure && { code: failure.code, step: failure.step ?? null },
    ...inAnyOrder(leftOf(world, root, extent ?? 'surplus')),
    degraded: world.isDegraded,
    cancellationsIgnored,
    counts,
    attempts: world.attempts,
    failedAttempts: world.failedAttempts,
    modules: [...world.called].toSorted(),
    steps: root.tasks.map((task) => settled(recordOf(task))),
  }
}

/** What the report says of a step. */
interface StepOutcome {
  readonly name: string
  readonly status: string
  readonly output: unknown
  readonly error: string | null
  readonly attempts: number
  readonly dependenciesSatisfied: boolean
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly fallback: boolean
  readonly compensation: { readonly status: string; readonly attempts: number } | null
  readonly inside:
    readonly { iteration: number | null; status: string; steps: readonly StepOutcome[] }[] | null
}

/** Of a step that is stopped when it begins, it is open whether it had begun; of an operation, what was performed says it. */
function settled(step: StepOutcome): StepOutcome {
  const { status, startedAt, finishedAt } = step
  const isOpen = status === 'cancelled' && (startedAt === null || startedAt === finishedAt)
  return isOpen ? { ...step, attempts: 0, startedAt: null, inside: null } : step
}

function recordOf(task: Task): StepOutcome {
  const { step, status, failure, attempt, isHeld, startedAt, finishedAt, compensation, kept } = task
  const runOf = ({ input, cause, tasks }: Frame) => ({
    iteration: input.iteration?.index ?? null,
    status: cause,
    steps: tasks.map((inner) => settled(recordOf(inner))),
  })
  return {
    name: step.name,
    status: status ?? 'cancelled',
    output: outputOf(task),
    error: failure?.code ?? null,
    attempts: attempt,
    dependenciesSatisfied: !isHeld,
    startedAt,
    finishedAt,
    fallback: task.outcome === 'success' && task.target === 'fallback',
    compensation: compensation && {
      status: compensation.isUndone ? 'compensated' : 'failed',
      attempts: compensation.attempts,
    },
    inside: step.control && kept.map(runOf).toSorted((a, b) => (a.iteration ?? 0) - (b.iteration ?? 0)),
  }
}
