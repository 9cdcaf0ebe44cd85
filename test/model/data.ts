// What expressions and functions of a definition see, and what is computed with them. Nothing is changed here.
import type { EffectTarget, Failure } from '../../machines/protocol.ts'
import type { Computed, DataScope, ErrorView, StepView } from '../../src/definition/model.ts'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import { calledBy, compensationOf } from './answers.ts'
import { framePath, taskOf, type Answer, type Frame, type Task, type Tried, type World } from './state.ts'

const SKIPPED: StepView = { output: null, status: 'skipped', error: null, attempts: 0 }

/** Computes a value; what is recorded is its JSON form. */
export function compute(world: World, frame: Frame, given: Computed, more: Partial<DataScope> = {}): Answer {
  if (given.kind === 'value') return { value: given.value }
  try {
    return { value: plain(given.evaluate({ ...scopeOf(world, frame), ...more })) }
  } catch (error) {
    const { code, message } = error as { code?: Failure['code']; message: string }
    return { failure: { code: code ?? 'EXPRESSION_FAILED', message, retryable: false } }
  }
}

/** Goes on with what is computed; a function is asked for it. */
export function consider(
  world: World,
  task: Task,
  question: string,
  given: Computed,
  resume: NonNullable<Task['resume']>,
  more: Partial<DataScope> = {},
): void {
  if (given.kind === 'function') ask(world, task, question, resume)
  else resume(compute(world, task.frame, given, more))
}

/** Asks a function. The history has its answer, and the task goes on with it. */
export function ask(world: World, task: Task, question: string, resume: NonNullable<Task['resume']>): void {
  const to = framePath(world, task.frame)
  task.resume = resume
  world.ahead.delete(to)
  world.performed.push({ text: `${question} of ${to}#${task.step.name}` })
}

/** What a condition gives is true or false. */
export const condition = (given: Answer): Answer =>
  'failure' in given || typeof given.value === 'boolean'
    ? given
    : { failure: { code: 'EXPRESSION_FAILED', message: 'no condition', retryable: false } }

export const plain = (value: unknown): unknown =>
  value === undefined ? null : JSON.parse(JSON.stringify(value))

function scopeOf({ setting: { runId } }: World, frame: Frame): DataScope {
  const iteration = iterationOf(frame)
  return {
    steps: viewsOf(frame),
    inputs: frame.inputs,
    env: {},
    run: { id: runId, scenario: frame.scenario, started_at: new Date(frame.startedAt).toISOString() },
    ...(iteration?.item !== undefined && { item: iteration.item }),
    ...(iteration && { index: iteration.index }),
  }
}

/** An inner iteration hides the index, and the item where it has one, of those around it. */
function iterationOf({ iteration, level, parent }: Frame): Frame['iteration'] {
  const around = level === 'block' ? iterationOf(parent!.frame) : null
  return iteration ? { ...around, ...iteration } : around
}

/** The steps of a frame, and of those around it as far as its scenario goes. An inner one hides an outer one. */
export function viewsOf(frame: Frame, absent = frame.absent): Record<string, StepView> {
  const around = frame.level === 'block' ? viewsOf(frame.parent!.frame) : {}
  const final = frame.tasks.filter(({ status }) => status !== null)
  return {
    ...around,
    ...skipped(absent),
    ...Object.fromEntries(final.map((task) => [task.step.name, viewOf(task)])),
  }
}

/** The steps of lists that do not run. */
const skipped = (absent: readonly WorkflowDefinition[]) =>
  Object.fromEntries(absent.flatMap(({ steps }) => steps.map(({ name }) => [name, SKIPPED])))

const viewOf = (task: Task): StepView => ({
  output: outputOf(task),
  status: task.status!,
  error: task.failure && errorOf(task.failure),
  attempts: task.attempt,
})

/** What a step gave, as far as it is part of the result. */
export const outputOf = ({ outcome, isUnneeded, output }: Task) =>
  outcome === 'success' && !isUnneeded ? output : null

const NO_ERROR = { name: null, retryable: true, retryAfterMs: null, effect: null, step: null }

const errorOf = ({ cause, ...failure }: Failure): ErrorView => ({
  ...{ ...NO_ERROR, ...failure },
  cause: cause ? errorOf(cause) : null,
})

/** What a frame gives whose steps have all ended well. */
export function resultOf(world: World, frame: Frame): Answer {
  const { workflow, level, output } = frame
  if (level === 'block' && output) return compute(world, frame, output)
  const names = Object.keys(workflow.outputs)
  if (level !== 'run' && names.length === 0)
    return { value: Object.fromEntries(frame.tasks.map((task) => [task.step.name, outputOf(task)])) }
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const answer = compute(world, frame, workflow.outputs[name]!)
    if ('failure' in answer) return answer
    values[name] = answer.value
  }
  return { value: values }
}

/** Whether an effect is the one of the step's accepted success. */
export const isAccepted = (task: Task, target: EffectTarget) =>
  task.outcome === 'success' && task.target === target

/** What an operation is given: its parameters; to undo an effect, what is asked for of that effect's input and output, or both. */
export function givenTo(world: World, tried: Tried): { readonly value: unknown } | null {
  const { target } = tried
  const task = taskOf(tried)
  const call = calledBy(task, target)
  const input = call ? compute(world, task.frame, call.parameters) : { value: null }
  if ('failure' in input) return null
  if (tried.kind === 'step') return input
  const { parameters, on } = compensationOf(task, target)!
  const known = knownOutput(task, target) ?? (on === 'attempt' ? { value: null } : null)
  if (known === null) return null
  const seen = { input: input.value, output: known.value }
  if (parameters === null) return { value: seen }
  const given = compute(world, task.frame, parameters, seen)
  return 'failure' in given ? null : given
}

/** The accepted output, or else the latest that was heard; `null` where it could not be recorded. */
function knownOutput(task: Task, target: EffectTarget): { readonly value: unknown } | null {
  if (isAccepted(task, target)) return { value: task.output ?? null }
  const { state, output } = task.effects[target]
  return state === 'done' ? output : { value: null }
}
