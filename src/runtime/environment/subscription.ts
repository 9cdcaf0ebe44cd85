// Handlers of bus events, as users give them. Not how events reach them: that is the bus.
import type { BusEvent } from '../../../machines/protocol.ts'
import { shown } from '../../definition/diagnostic.ts'
import type { OperationContext } from '../../definition/model.ts'
import { SagachartError } from '../../errors.ts'
import { ignore, isPromise } from '../../foreign.ts'

/** A handler of bus events, given before the start. */
export interface Subscription<TAnswer = unknown> {
  readonly id: string
  /** An exact type, `step_*`, or `*`. */
  readonly pattern: string
  /** Higher first. Default 0. */
  readonly priority?: number
  readonly once?: boolean
  readonly filter?: (event: BusEvent) => boolean
  /** What a handler of `step_failed` returns may be a verdict: it counts where the step says nothing itself. */
  readonly handler: (event: BusEvent, context: HandlerContext) => TAnswer
}

/** What a handler is given beside its event. */
export interface HandlerContext extends Pick<OperationContext, 'emit' | 'log'> {
  /** Aborted when the run or integration ends. */
  readonly signal: AbortSignal
}

/** Whether a subscription's own filter lets an event through. */
export function accepts(subscription: Subscription, event: BusEvent): boolean {
  const passes: unknown = subscription.filter?.(event) ?? true
  if (!isPromise(passes)) return Boolean(passes)
  ignore(passes)
  throw new SagachartError(
    'EXPRESSION_FAILED',
    `The filter of the subscription "${subscription.id}" gives true or false, found ${shown(passes)}`,
  )
}
