// From an effect, which is data, to the user's function behind it. Called by a host, outside of any chart,
// so whatever a user's code does here cannot harm a statechart.
import { outputToUndo } from '../../kernel/effects.ts'
import type { EffectTarget } from '../../../machines/protocol.ts'
import { compensationOf } from '../../definition/plan.ts'
import { listed } from '../../definition/diagnostic.ts'
import { ownCopy, toJson } from '../../definition/json-copy.ts'
import { SagachartError } from '../../errors.ts'
import { isInstance } from '../../foreign.ts'
import type {
  CompensationDefinition,
  Computed,
  DataScope,
  OperationCall,
  OperationContext,
  StepDefinition,
} from '../../definition/model.ts'
import { chooseBranch } from '../control/branch.ts'
import { notComputed } from './failure.ts'
import { undoneBy, type AttemptTarget, type Effect, type EffectControl } from '../port/host.ts'
import type { Root } from '../charts/root.ts'
import type { Run } from '../run/run.ts'
import type { Session } from '../journal/session.ts'

type Attempt = Extract<Effect, { kind: 'attempt' }>

/** Runs the user's function behind an effect; throws or promises whatever that does. */
export function execute({ session, scope }: Root, effect: Effect, control: EffectControl): unknown {
  switch (effect.kind) {
    case 'attempt':
      return executeAttempt(session, runOf(session, effect.run), effect, control)
    case 'decision':
      return decide(runOf(session, effect.run), effect)
    case 'init':
    case 'cleanup': {
      const { name, config, [effect.kind]: call } = scope.beginModule(effect)
      const { resumed = false } = effect
      return call?.({ name, config: ownCopy(config, 'config'), signal: control.signal, resumed })
    }
    case 'handler':
      return scope.handle(effect.subscription, effect.event, control)
  }
}

function executeAttempt(session: Session, run: Run, effect: Attempt, control: EffectControl): unknown {
  const step = run.stepAt(effect.index)
  const target = calledBy(step, effect.target)!
  if (!isCall(target)) return evaluateParameters(run, target)
  const module = run.options.modules.get(target.module)
  if (!module) {
    throw new SagachartError('MODULE_NOT_REGISTERED', `Module not registered: ${target.module}`, {
      retryable: false,
    })
  }
  const operation = Object.hasOwn(module.operations, target.operation)
    ? module.operations[target.operation]
    : undefined
  if (!operation) {
    throw new SagachartError(
      'OPERATION_UNKNOWN',
      `Module "${target.module}" has no operation "${target.operation}"; it has ${listed(Object.keys(module.operations))}`,
      { retryable: false },
    )
  }
  const context = new AttemptContext(session, run, effect, control, module.config)
  const undone = undoneBy(effect.target)
  const parameters = undone
    ? undoingParameters(run, effect.index, undone)
    : evaluateParameters(run, target.parameters!)
  return operation(ownCopy(parameters, 'Parameters') as never, context)
}

/** What a user's function says. Its answer is journaled, and counts for every later life of the run. */
function decide(run: Run, { step, question }: Extract<Effect, { kind: 'decision' }>): unknown {
  const index = run.plan.indexOf.get(step)!
  const { when, control } = run.stepAt(index)
  const work = run.steps.workOf(index)
  if (question === 'when') return run.data.condition(when!)
  if (question === 'branch') return chooseBranch(run, index)
  if (question === 'filter' || question === 'again') return work?.answer?.() ?? false
  return control?.kind === 'iterative' && control.over.kind === 'each'
    ? run.data.evaluate(control.over.items)
    : []
}

/** What an attempt calls: an operation, what undoes one, or a value in place of one. */
export function calledBy(
  step: StepDefinition,
  target: AttemptTarget,
): OperationCall | CompensationDefinition | Computed | null {
  const undone = undoneBy(target)
  if (undone) return compensationOf(step, undone)
  return target === 'fallback' ? step.fallback : step.call
}

/**
 * What the operation that undoes an effect is given: what it asks for of the effect's input and output, or both.
 * @throws OUTPUT_NOT_SERIALISABLE where it asks for an output that could not be recorded
 */
function undoingParameters(run: Run, index: number, target: EffectTarget): unknown {
  const step = run.stepAt(index)
  const { parameters, on } = compensationOf(step, target)!
  const undone = calledBy(step, target)
  const input =
    undone && 'module' in undone ? toJson(evaluateParameters(run, undone.parameters!), 'Parameters') : null
  const known = outputToUndo(run, index, target) ?? (on === 'attempt' ? { value: null } : null)
  if (known === null) {
    if (parameters === null) throw outputUnknown(step)
    return evaluateParameters(run, parameters, withoutOutput(step, input))
  }
  const seen: Partial<DataScope> = { input, output: known.value }
  return parameters === null ? seen : evaluateParameters(run, parameters, seen)
}

const outputUnknown = ({ name }: StepDefinition) =>
  new SagachartError(
    'OUTPUT_NOT_SERIALISABLE',
    `What "${name}" gave could not be recorded, and what undoes it needs that: nothing was called; undo it by hand`,
    { retryable: false },
  )

/** The scope of a compensation whose output is not known: who reads it learns so. */
const withoutOutput = (step: StepDefinition, input: unknown): Partial<DataScope> =>
  Object.defineProperty({ input }, 'output', {
    enumerable: true,
    get: () => {
      throw outputUnknown(step)
    },
  })

/** A failing expression cannot get better by trying again; nor can a builder's function, which sees the same data. */
function evaluateParameters(run: Run, parameters: Computed, seen?: Partial<DataScope>): unknown {
  try {
    return run.data.evaluate(parameters, seen)
  } catch (error) {
    if (isInstance(error, SagachartError)) throw error
    throw notComputed('The parameters', error)
  }
}

const isCall = (
  target: OperationCall | CompensationDefinition | Computed,
): target is OperationCall | CompensationDefinition => 'module' in target

function runOf(session: Session, path: string): Run {
  const run = session.runAt(path)
  if (!run) throw new SagachartError('INTERNAL', `The run ${path} is over`)
  return run
}

/** The key of an effect: that of its step, or of what undoes the step, but a fallback's effects are not the operation's. */
function keyOf(run: Run, { to, index, target }: Attempt): string {
  if (target === 'fallback') return run.pathOf(index, 'fallback')
  return target === 'fallbackCompensation' ? run.pathOf(index, 'fallback_compensation') : to
}

/** Progress is published no more often than this, in milliseconds; the end of it always is. */
const PROGRESS_MS = 1_000

/** Methods are bound, so that `({ emit, log }) => …` works; the signal is made only when asked for. */
class AttemptContext implements OperationContext {
  readonly attempt: number
  readonly step: string
  readonly idempotencyKey: string
  readonly #given: unknown
  #config: unknown
  readonly #session: Session
  readonly #run: Run
  readonly #control: EffectControl
  readonly #index: number
  readonly #path: string
  #reportedAt = -Infinity

  constructor(session: Session, run: Run, effect: Attempt, control: EffectControl, config: unknown) {
    this.#session = session
    this.#run = run
    this.#control = control
    this.#index = effect.index
    this.attempt = effect.attempt
    this.step = run.stepAt(effect.index).name
    this.idempotencyKey = keyOf(run, effect)
    this.#path = effect.to
    this.#given = config
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }

  get config(): unknown {
    this.#config ??= ownCopy(this.#given, 'config')
    return this.#config
  }

  get run(): OperationContext['run'] {
    return { id: this.#run.runId, scenario: this.#run.options.scenario }
  }

  get resources(): OperationContext['resources'] {
    const { resources } = this.#run.stepAt(this.#index)
    return Object.fromEntries(resources.map(({ pool, units }) => [pool, units]))
  }

  get emit(): OperationContext['emit'] {
    return (type, data) => this.#run.scope.emitFromOutside(type, this.#path, this.#run.runId, data)
  }

  get heartbeat(): OperationContext['heartbeat'] {
    return () => this.#run.steps.beat(this.#index, this.attempt)
  }

  get progress(): OperationContext['progress'] {
    return (share, message) => {
      this.heartbeat()
      if (!(share >= 0 && share <= 1))
        throw new RangeError(`progress: expected a share from 0 to 1, found ${share}`)
      const at = this.#session.now
      if (share < 1 && at - this.#reportedAt < PROGRESS_MS) return
      this.#reportedAt = at
      const title = this.#run.options.plan.titles[this.#index]
      const data = { ...title, progress: share, ...(message !== undefined && { message }) }
      const { scope, runId } = this.#run
      scope.emitFromOutside('step_progress', this.idempotencyKey, runId, data, 'engine')
    }
  }

  get log(): OperationContext['log'] {
    return (message, data) => this.#session.log(this.#path, message, data)
  }
}
