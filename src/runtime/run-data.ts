// What expressions and builder functions see of a run, and their evaluation.
// Not the language: an expression arrives compiled.
import { SagachartError } from '../errors.ts'
import type { Computed, DataScope, StepView } from '../definition/model.ts'
import type { Run } from './run.ts'

export interface RunData {
  readonly scope: DataScope
  /** @throws EXPRESSION_FAILED, or whatever a user's function throws. */
  evaluate(computed: Computed): unknown
  /** @throws EXPRESSION_FAILED where a CEL condition is no boolean. */
  condition(when: Computed): boolean
}

/** A view that costs nothing for the steps nobody asks about. */
export function dataScope(run: Run): RunData {
  const { inputs, env, plan } = run.options
  const steps = new Proxy(Object.create(null) as Record<string, StepView>, {
    get: (_, name) => viewOf(run, name),
    has: (_, name) => viewOf(run, name) !== undefined,
    ownKeys: () => [...plan.indexOf.keys()].filter((name) => viewOf(run, name) !== undefined),
    getOwnPropertyDescriptor: (_, name) => {
      const value = viewOf(run, name)
      return value && { value, enumerable: true, configurable: true, writable: false }
    },
  })
  const scope: DataScope = {
    steps,
    inputs,
    env,
    run: {
      id: run.runId,
      scenario: plan.workflow.name,
      started_at: timestamp(run.startedAt),
    },
  }
  const evaluate = (computed: Computed) =>
    computed.kind === 'value' ? computed.value : computed.evaluate(scope)
  return {
    scope,
    evaluate,
    condition(when) {
      const holds = evaluate(when)
      if (typeof holds === 'boolean') return holds
      throw new SagachartError(
        'EXPRESSION_FAILED',
        `The condition "when" gives true or false, found ${JSON.stringify(holds)}; compare it with something`,
        { retryable: false },
      )
    },
  }
}

/** Milliseconds since the epoch as ISO 8601 in UTC. Pure: the time is given. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString()
}

/** A step that is final, as data; `undefined` for any other. */
function viewOf({ execution, options }: Run, name: string | symbol): StepView | undefined {
  const index = typeof name === 'string' ? options.plan.indexOf.get(name) : undefined
  if (index === undefined) return undefined
  const status = execution.statusOf(index)
  if (status === null) return undefined
  const failure = execution.failures.get(index)
  return {
    output: execution.outputs[index],
    status,
    error: failure ? { code: failure.code, message: failure.message } : null,
    attempts: execution.attempts[index]!,
  }
}
