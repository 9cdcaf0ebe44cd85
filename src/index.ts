// The public API. Named re-exports only, and the one place that wires the default host.
import { memoryHost } from './hosts/memory.ts'
import { setupOn } from './runtime/setup.ts'

/** Declares modules and resources; `createWorkflow` of what it returns makes actor logic on the memory host. */
export const setup = setupOn(memoryHost())

export { run } from './runtime/setup.ts'
export type { Setup, SetupOptions } from './runtime/setup.ts'
export { memoryHost, type MemoryHostOptions } from './hosts/memory.ts'
export {
  SimulationHost,
  randomChooser,
  type Chooser,
  type Reply,
  type SimulationOptions,
} from './hosts/simulation.ts'
export { SagachartError, type ErrorCode } from './errors.ts'
