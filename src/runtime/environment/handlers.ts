// The handlers of bus events that a document names, as subscriptions: operations of its modules, and those built in.
// Not how events reach them: that is the bus. What a handler of `step_failed` returns may be a verdict.
import type { BusEvent } from '../../../machines/protocol.ts'
import { ownCopy } from '../../definition/json-copy.ts'
import type { HandlerDefinition, Module, OperationContext } from '../../definition/model.ts'
import { SagachartError } from '../../errors.ts'
import type { HandlerContext, Subscription } from './subscription.ts'

/** Subscriptions in the order of the document; each has a name of its own, `ops.page#2`, also where a handler is named twice. */
export function handlerSubscriptions(
  handlers: readonly HandlerDefinition[],
  modules: readonly Module[],
): readonly Subscription[] {
  return handlers.map(({ event, target, priority }, index) => ({
    id: `${'builtIn' in target ? target.builtIn : `${target.module}.${target.operation}`}#${index + 1}`,
    pattern: event,
    priority,
    handler: 'builtIn' in target ? logEvent : callOf(target, modules),
  }))
}

/** `log_…` and `notify_…`: says what happened. */
function logEvent({ type, source, data }: BusEvent, { log }: HandlerContext): void {
  log(`${type}: ${source}`, data)
}

function callOf(
  { module: name, operation: called }: { readonly module: string; readonly operation: string },
  modules: readonly Module[],
): Subscription['handler'] {
  const module = modules.find((each) => each.name === name)
  return (event, given) => {
    const operation =
      module && Object.hasOwn(module.operations, called) ? module.operations[called] : undefined
    if (!operation)
      throw new SagachartError('OPERATION_UNKNOWN', `The handler ${name}.${called} is not there`, {
        retryable: false,
      })
    const { step_name: step = '' } = (event.data ?? {}) as { readonly step_name?: string }
    const context: OperationContext = {
      ...given,
      attempt: 1,
      step,
      run: { id: event.correlation_id, scenario: event.correlation_id.split('/').at(-1)! },
      idempotencyKey: `${event.id}/${name}.${called}`,
      resources: {},
      config: ownCopy(module!.config, 'config'),
      heartbeat() {},
      progress() {},
    }
    return operation(event as never, context)
  }
}
