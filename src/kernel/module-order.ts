// In which order the modules of a root are initialised and cleaned up: one after the other, as they are declared, and back.
// Plain data, which these functions change in place. Invariant: whatever was started is cleaned up, once.
import type { Failure } from '../../machines/protocol.ts'

/** How a module fared. */
export interface ModuleReport {
  readonly name: string
  readonly status: 'pending' | 'success' | 'failed'
  readonly failure: Failure | null
}

/** The modules of a root. */
export interface ModuleOrder {
  phase: 'new' | 'preparing' | 'ready' | 'releasing'
  /** By place. */
  readonly reports: ModuleReport[]
  /** So many first ones were started and are not cleaned up. */
  started: number
}

/** The next step of starting or stopping; modules by place. */
export type ModuleStep =
  | { readonly do: 'initialise' | 'cleanUp'; readonly module: number }
  | { readonly do: 'sayReady' | 'sayReleased' }
  | { readonly do: 'sayFailed'; readonly failure: Failure }
  | null

/** Nothing has begun. */
export const newModuleOrder = (names: readonly string[]): ModuleOrder => ({
  phase: 'new',
  reports: names.map((name) => ({ name, status: 'pending', failure: null })),
  started: 0,
})

/** Begins with the first. */
export function prepareModules(order: ModuleOrder): ModuleStep {
  order.phase = 'preparing'
  return nextToInitialise(order)
}

/** A module runs, or its initialisation has failed. Heard once of each. */
export function settleModule(order: ModuleOrder, module: number, failure: Failure | null): ModuleStep {
  const { name, status } = order.reports[module]!
  if (status !== 'pending') return null
  order.reports[module] = { name, status: failure ? 'failed' : 'success', failure }
  if (order.phase !== 'preparing') return null
  return failure ? { do: 'sayFailed', failure } : nextToInitialise(order)
}

/** Begins with the last that was started. */
export function releaseModules(order: ModuleOrder): ModuleStep {
  if (order.phase === 'releasing') return null
  order.phase = 'releasing'
  return nextToCleanUp(order)
}

/** The module is cleaned up, or had nothing to clean up. */
export function settleCleanUp(order: ModuleOrder): ModuleStep {
  order.started--
  return nextToCleanUp(order)
}

function nextToInitialise(order: ModuleOrder): ModuleStep {
  if (order.started < order.reports.length) return { do: 'initialise', module: order.started++ }
  order.phase = 'ready'
  return { do: 'sayReady' }
}

const nextToCleanUp = ({ started }: ModuleOrder): ModuleStep =>
  started > 0 ? { do: 'cleanUp', module: started - 1 } : { do: 'sayReleased' }
