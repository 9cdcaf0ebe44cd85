// The effects that the charts of a step and of its compensation share, because both make attempts. No chart.
const noEffect = () => {}

/** The effects of making attempts. A host provides each of them. */
export const attemptEffects = {
  /** Asks the run for leases and a slot. */
  requestSlot: noEffect,
  /** Takes the request back. */
  withdrawRequest: noEffect,
  /** Performs the operation and starts the time-out of the attempt. */
  startAttempt: noEffect,
  /** Tells the operation to stop and starts its grace. */
  abortAttempt: noEffect,
  /** Stops the timers, returns leases and slot. */
  endAttempt: noEffect,
  /** Gives up on an operation that outlived its grace. */
  abandonAttempt: noEffect,
  startBackoff: noEffect,
  stopBackoff: noEffect,
  publish: (_: unknown, _event: { readonly type: string }) => {},
}
