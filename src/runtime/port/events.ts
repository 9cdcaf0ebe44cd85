// Everything that actors of a run are told, as one union: what crosses into the run through its journal, and what the actors
// tell each other. Types only; the chart's own events are in machines/.
import type { BusMachineEvent } from '../../../machines/bus.ts'
import type { IntegrationEvent } from '../../../machines/integration.ts'
import type {
  CompensationEvent,
  EffectTarget,
  LoopEvent,
  ModuleEvent,
  PoolEvent,
  RunCommand,
  StepEvent,
  WorkflowEvent,
} from '../../../machines/protocol.ts'
import type { DefinitionRecord } from '../../definition/identity.ts'
import type { Origin } from '../../kernel/waiters.ts'

/** The events of a union that have one of these types. */
export type EventOf<TEvent, TType extends string> = Extract<TEvent, { readonly type: TType }>

/** The first entry of every journal. */
export interface RunStarted {
  readonly type: 'run.started'
  /** A 32-bit unsigned integer. */
  readonly seed: number
  /** The format of the journal. Absent: 1. */
  readonly format?: number
  /** The record of the definition that the run began with. Absent in format 1. */
  readonly definition?: DefinitionRecord
  /** The journal begins where a captured state left off: without that nothing can be made of it. */
  readonly revived?: true
  /** With `revived`: how many entries the run had by then, in all its journals. */
  readonly before?: number
}

/** A success that came when its attempt had been given up on. */
export interface EffectHeard {
  readonly type: 'effect.heard'
  readonly run: string
  /** The step's name. */
  readonly step: string
  readonly target: EffectTarget
  /** `null` where it could not be recorded. */
  readonly output: { readonly value: unknown } | null
}

/** What `emit` of an operation sends to the root. */
export interface EmittedEvent {
  readonly type: 'event.emitted'
  readonly bus: string
  readonly source: string
  readonly correlation_id: string
  readonly data: unknown
  readonly origin: Exclude<Origin, 'outside'>
}

/** An event that is not let in. */
export interface RefusedEvent {
  readonly type: 'event.refused'
  readonly event: string
  readonly source: string
  readonly reason: string
}

/** How an effect ended, as its actor hears it. */
export type Settlement =
  | EventOf<StepEvent, 'attempt.succeeded' | 'attempt.failed'>
  | EventOf<WorkflowEvent, 'decision.made'>
  | EventOf<ModuleEvent, 'module.initialised' | 'module.failed' | 'module.cleaned'>
  | EventOf<BusMachineEvent, 'handler.succeeded' | 'handler.failed'>

/** A limit, a delay or a grace is over. */
export type TimerEvent =
  | EventOf<StepEvent, `${string}.timedOut` | `${string}.ended` | 'heartbeat.missed' | 'retries.expired'>
  | EventOf<WorkflowEvent | ModuleEvent | PoolEvent | BusMachineEvent, `${string}.timedOut`>

/** An event that crosses into a run: all that a journal holds. Plain data. */
export type InboundEvent = (
  | RunStarted
  | EffectHeard
  | EmittedEvent
  | RefusedEvent
  | RunCommand
  | Settlement
  | TimerEvent
  | EventOf<PoolEvent, `lease.${string}`>
) & {
  /** With a timer's event that comes late: for how many milliseconds nothing could run. */
  readonly blockedMs?: number
}

/** A fault of ours, or a journal that is not this root's, ends the root. */
interface RootFailed {
  readonly type: 'root.failed'
  readonly error: unknown
}

/** An event that an actor of a run is sent, from outside through the journal or by another actor of its tree. */
export type Message =
  | InboundEvent
  | RootFailed
  | IntegrationEvent
  | WorkflowEvent
  | StepEvent
  | CompensationEvent
  | LoopEvent
  | ModuleEvent
  | PoolEvent
  | BusMachineEvent
