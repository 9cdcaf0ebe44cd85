// The statecharts, for embedding and for the Stately editor: pure, their effects named actions to be provided.
export {
  busMachine,
  historyOf,
  matchesPattern,
  type BusContext,
  type BusInput,
  type BusMachineEvent,
} from './bus.ts'
export {
  integrationMachine,
  type IntegrationContext,
  type IntegrationEvent,
  type IntegrationMachineInput,
  type IntegrationMachineOutput,
} from './integration.ts'
export { moduleMachine, type ModuleContext, type ModuleEvent, type ModuleInput } from './module.ts'
export { compensationMachine, type CompensationContext, type CompensationInput } from './compensation.ts'
export { branchMachine } from './branch.ts'
export { loopMachine, type LoopContext, type LoopInput, type LoopOutput } from './loop.ts'
export type * from './protocol.ts'
export { poolMachine, type PoolContext, type PoolInput } from './resource.ts'
export { stepMachine, type StepContext, type StepInput } from './step.ts'
export {
  workflowMachine,
  type WorkflowContext,
  type WorkflowMachineInput,
  type WorkflowMachineOutput,
} from './workflow.ts'
export {
  nestedCompensationMachine,
  type NestedCompensationContext,
  type NestedCompensationInput,
} from './nested-compensation.ts'
export { waitMachine, type WaitContext } from './wait.ts'
