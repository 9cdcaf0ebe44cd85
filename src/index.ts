// The public API. Named re-exports only, and the one place that wires the default host.
import { memoryHost } from './hosts/memory.ts'
import { setupOn } from './runtime/setup.ts'

/** Declares modules and resources; `createWorkflow` of what it returns makes actor logic on the memory host. */
export const setup = setupOn(memoryHost())

export type {
  BackoffPolicy,
  BusEvent,
  CompensationStatus,
  Failure,
  FailureCode,
  IntegrationStatus,
  RunCommand,
  RunCondition,
  RunStatus,
  StepStatus,
  ThrownCode,
  Verdict,
} from '../machines/protocol.ts'
export type { Json, OnIncomplete, RecoveryConfig, WorkflowConfig } from './definition/builder.ts'
export type { Acceptance, AcceptableCode } from './definition/findings.ts'
export type { InputConfig, Invocation } from './definition/inference.ts'
export type { AnyWorkflow } from './definition/mirror.ts'
export type {
  EventView,
  ModuleContext,
  Operation,
  OperationContext,
  OperationEffect,
  StepView,
} from './definition/model.ts'
export { defineModule, type ModuleSource } from './definition/module.ts'
export type {
  BuilderScope,
  CompensateConfig,
  Duration,
  Given,
  RetryConfig,
} from './definition/step-config.ts'
export { SagachartError, type ErrorCode } from './errors.ts'
export { memoryHost, type MemoryHostOptions } from './hosts/memory.ts'
export {
  randomChooser,
  SimulationHost,
  type Chooser,
  type Reply,
  type SimulationOptions,
} from './hosts/simulation.ts'
export type { InboundEvent } from './runtime/port/events.ts'
export type {
  AttemptTarget,
  Effect,
  EffectControl,
  Entry,
  Guest,
  Host,
  HostPort,
  Outcome,
  RootRequest,
  TimerHandle,
} from './runtime/port/host.ts'
export type { EventCounts } from './runtime/environment/mailbox.ts'
export { RunNotCompletedError } from './runtime/report/not-completed.ts'
export { signal, type SignalTarget } from './runtime/environment/outside.ts'
export type { DeclaredEvent, RunEvent, RunEventData } from './runtime/report/run-events.ts'
export { run, withHost, type RunOptions, type Setup, type SetupOptions } from './runtime/setup.ts'
export {
  stepOf,
  type CompensationRecord,
  type CompletedReport,
  type InsideRecord,
  type RunReport,
  type StepRecord,
} from './runtime/report/step-records.ts'
export type { ProgressStatus, RunContext, StepProgress } from './runtime/report/progress.ts'
export type { HandlerContext, Subscription } from './runtime/environment/subscription.ts'
export type { RunInput, WorkflowLogic } from './runtime/charts/workflow-logic.ts'
