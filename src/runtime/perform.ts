// From an effect, which is data, to the user's function behind it. Called by a host, outside of any chart,
// so whatever a user's code does here cannot harm a statechart.
import type { BusEvent } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import type {
  CompensationDefinition,
  Computed,
  DataScope,
  OperationCall,
  OperationContext,
} from '../definition/model.ts'
import { chooseBranch } from './control/branch.ts'
import { Loop } from './control/loop.ts'
import { Wait } from './control/wait.ts'
import type { Effect, EffectControl } from './host.ts'
import type { Root } from './root.ts'
import type { Run } from './run.ts'
import type { Session } from './session.ts'

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
      const { name, config, [effect.kind]: call } = scope.module(effect.module)
      return call?.({ name, config, signal: control.signal })
    }
    case 'handler':
      return scope.handle(effect.subscription, effect.event as BusEvent, control)
  }
}

function executeAttempt(session: Session, run: Run, effect: Attempt, control: EffectControl): unknown {
  const step = run.stepAt(effect.index)
  const target =
    effect.target === 'fallback'
      ? step.fallback!
      : effect.target === 'compensation'
        ? step.compensate!
        : step.call!
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
      `Module "${target.module}" has no operation "${target.operation}"; it has ${Object.keys(module.operations).join(', ')}`,
      { retryable: false },
    )
  }
  const context = new AttemptContext(session, run, effect, control, module.config)
  const parameters =
    effect.target === 'compensation'
      ? undoingParameters(run, effect.index)
      : evaluateParameters(run, target.parameters!)
  return operation(parameters as never, context)
}

/** What a user's function says. Its answer is journaled, and counts for every later life of the run. */
function decide(run: Run, { index, question }: Extract<Effect, { kind: 'decision' }>): unknown {
  const { when, control } = run.stepAt(index)
  const work = run.steps.workOf(index)
  if (question === 'when') return Boolean(run.data.evaluate(when!))
  if (question === 'branch') return chooseBranch(run, index)
  if (question === 'filter') return work instanceof Wait && work.accepts()
  if (question === 'again') return work instanceof Loop && work.again()
  return control?.kind === 'iterative' && control.over.kind === 'each'
    ? run.data.evaluate(control.over.items)
    : []
}

/** What the operation that undoes a step is given: what it asks for of the step's input and output, or both. */
function undoingParameters(run: Run, index: number): unknown {
  const { call, compensate } = run.stepAt(index)
  const seen: Partial<DataScope> = {
    input: call ? evaluateParameters(run, call.parameters) : null,
    output: run.execution.outputs[index] ?? null,
  }
  const { parameters } = compensate!
  return parameters === null ? seen : evaluateParameters(run, parameters, seen)
}

/** A failing expression cannot get better by trying again; nor can a builder's function, which sees the same data. */
function evaluateParameters(run: Run, parameters: Computed, seen?: Partial<DataScope>): unknown {
  try {
    return run.data.evaluate(parameters, seen)
  } catch (error) {
    if (error instanceof SagachartError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new SagachartError('EXPRESSION_FAILED', `The parameters could not be computed: ${reason}`, {
      cause: error,
      retryable: false,
    })
  }
}

const isCall = (
  target: OperationCall | CompensationDefinition | Computed,
): target is OperationCall | CompensationDefinition => 'module' in target

function runOf(session: Session, path: string): Run {
  const run = session.runs.get(path)
  if (!run) throw new SagachartError('INTERNAL', `The run ${path} is over`)
  return run
}

/** Progress is published no more often than this, in milliseconds; the end of it always is. */
const PROGRESS_MS = 1_000

/** Methods are bound, so that `({ emit, log }) => …` works; the signal is made only when asked for. */
class AttemptContext implements OperationContext {
  readonly attempt: number
  readonly step: string
  readonly idempotencyKey: string
  readonly config: unknown
  readonly #session: Session
  readonly #run: Run
  readonly #control: EffectControl
  readonly #index: number
  #reportedAt = -Infinity

  constructor(session: Session, run: Run, effect: Attempt, control: EffectControl, config: unknown) {
    this.#session = session
    this.#run = run
    this.#control = control
    this.#index = effect.index
    this.attempt = effect.attempt
    this.step = run.stepAt(effect.index).name
    this.idempotencyKey = effect.to
    this.config = config
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }

  get run(): OperationContext['run'] {
    return { id: this.#run.runId, scenario: this.#run.options.scenario }
  }

  get resources(): OperationContext['resources'] {
    const { resources } = this.#run.stepAt(this.#index)
    return Object.fromEntries(resources.map(({ pool, units }) => [pool, units]))
  }

  get emit(): OperationContext['emit'] {
    return (type, data) => this.#run.scope.emitFromOutside(type, this.idempotencyKey, this.#run.runId, data)
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
      this.emit('step_progress', { ...title, progress: share, ...(message !== undefined && { message }) })
    }
  }

  get log(): OperationContext['log'] {
    return (message, data) => this.#session.log(this.idempotencyKey, message, data)
  }
}
