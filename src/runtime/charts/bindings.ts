// Gives the charts' named actions their meaning, once for the whole process: binding a chart costs more than
// creating an actor, and each binding has its own caches. An action does nothing by itself: it notes what is to be
// done, and the session does it once the chart has come to rest.
import type { AnyActorRef } from 'xstate'
import { busMachine, type BusEffect } from '../../../machines/bus.ts'
import { compensationMachine, type CompensationEffect } from '../../../machines/compensation.ts'
import {
  integrationMachine,
  type IntegrationContext,
  type IntegrationEffect,
} from '../../../machines/integration.ts'
import { loopMachine, type LoopEffect } from '../../../machines/loop.ts'
import { moduleMachine, type ModuleEffect } from '../../../machines/module.ts'
import { poolMachine, type PoolEffect } from '../../../machines/resource.ts'
import { stepMachine, type StepEffect } from '../../../machines/step.ts'
import {
  workflowMachine,
  type WorkflowContext,
  type WorkflowEffect,
  type WorkflowEvent,
} from '../../../machines/workflow.ts'
import { cancelAt } from '../run/addresses.ts'
import { bound } from './compiled.ts'
import type { WorkflowDefinition } from '../../definition/model.ts'
import type { Program } from '../run/program.ts'
import type { Loop } from '../control/loop.ts'
import { settlementOf } from './settlement.ts'
import { isChildEvent } from './lifecycle.ts'
import type { InboundEvent } from '../port/host.ts'
import { loops, programs, roots, runs } from './registry.ts'
import { collectOutputs } from '../run/output.ts'
import type { Run } from '../run/run.ts'
import type { Compensated, Decided, Ending, Leased, Settled, SlotRequested } from '../run/run-options.ts'
import type { Scope } from '../environment/scope.ts'
import type { EffectNews } from '../run/step-actor.ts'
import type { Attempting, StepActors } from '../run/step-actors.ts'

type Signal = Extract<WorkflowEvent, { type: 'run.signal' }>

interface Acting<TContext> {
  readonly self: AnyActorRef
  readonly context: TContext
}

/** An action of a step, or of what undoes it, on the run of its parent. */
const onStep = <TContext>(effect: (steps: StepActors, context: TContext) => void) => {
  return ({ self, context }: Acting<TContext>) => {
    const { session, steps } = runs.get(self._parent!)!
    session.later(effect, steps, context)
  }
}

/** An action of a loop. */
const onLoop = <TDetail>(
  self: AnyActorRef,
  effect: (loop: Loop, detail: TDetail) => void,
  detail: TDetail,
) => {
  runs.get(self._parent!._parent!)!.session.later(effect, loops.get(self)!, detail)
}

const publishing = ({ self, context }: Acting<Attempting>, { type }: { type: string }) => {
  const { session, steps } = runs.get(self._parent!)!
  session.later((actors, published) => actors.publish(context, published), steps, type)
}

/** An action of the orchestrator, on its own run. */
const onRun = (effect: (run: Run, context: WorkflowContext) => void) => {
  return ({ self, context }: Acting<WorkflowContext>) => later(self, effect, context)
}

const later = <TDetail>(self: AnyActorRef, effect: (run: Run, detail: TDetail) => void, detail: TDetail) => {
  const run = runs.get(self)!
  run.session.later(effect, run, detail)
}

const recordStep = (run: Run, event: Settled) => run.recordStep(event)
const recordLease = (run: Run, event: Leased) => run.recordLease(event)
const recordDecision = (run: Run, event: Decided) => run.recordDecision(event)
const recordCompensation = (run: Run, event: Compensated) => run.reversal.record(event)
const recordEffect = (steps: StepActors, news: EffectNews) => steps.recordEffect(news)
const haltAround = (run: Run, event: Ending) => run.haltAround(event)
const takeSignal = (run: Run, { event, data }: Signal) => {
  run.scope.signal(event, data, run.runId)
}
const queueStep = (run: Run, event: SlotRequested) => run.queueStep(event)

/** An action of the integration, on its scenarios. */
const onProgram = (effect: (program: Program, context: IntegrationContext) => void) => {
  return ({ self, context }: Acting<IntegrationContext>) => {
    const program = programs.get(self)!
    roots.get(self)!.session.later(effect, program, context)
  }
}

/** An action of a module, a pool or the bus, on the scope of its parent. */
const onScope = (self: AnyActorRef, effect: (scope: Scope, path: string) => void) => {
  const { scope, session } = roots.get(self._parent!)!
  session.later(effect, scope, self.id)
}

/** What both do who make attempts. */
const attempting = {
  requestSlot: onStep<Attempting>((steps, context) => steps.requestSlot(context)),
  withdrawRequest: onStep<Attempting>((steps, context) => steps.withdrawRequest(context)),
  startAttempt: onStep<Attempting>((steps, context) => steps.startAttempt(context)),
  abortAttempt: onStep<Attempting>((steps, context) => steps.abortAttempt(context)),
  abandonAttempt: onStep<Attempting>((steps, context) => steps.abandonAttempt(context)),
  endAttempt: onStep<Attempting>((steps, context) => steps.endAttempt(context)),
  startBackoff: onStep<Attempting>((steps, context) => steps.startBackoff(context)),
  stopBackoff: onStep<Attempting>((steps, context) => steps.stopBackoff(context)),
  publish: publishing,
}

/** The step's chart, bound. */
export const boundStepMachine = bound<StepEffect>()(stepMachine, {
  ...attempting,
  recordEffect: ({ self, context: { index, target }, event }) => {
    const { session, steps } = runs.get(self._parent!)!
    session.later(recordEffect, steps, { index, target, event })
  },
  limitAttempt: onStep((steps, context) => steps.limitAttempt(context)),
  askHandlers: onStep((steps, context) => steps.askHandlers(context)),
  stopAsking: onStep((steps, context) => steps.stopAsking(context)),
})

/** The chart of a compensation, bound. */
export const boundCompensationMachine = bound<CompensationEffect>()(compensationMachine, {
  ...attempting,
  undoInside: onStep((steps, context) => steps.undoInside(context)),
  stopInside: onStep((steps, context) => steps.stopInside(context)),
})

/** The loop's chart, bound. */
export const boundLoopMachine = bound<LoopEffect>()(loopMachine, {
  countItems: ({ self }) => onLoop(self, (loop) => loop.countItems(), null),
  askCondition: ({ self }) => onLoop(self, (loop) => loop.askCondition(), null),
  startIterations: ({ self, context }) => onLoop(self, (loop, known) => loop.startIterations(known), context),
  cancelIterations: ({ self }, { force }) => onLoop(self, (loop, how) => loop.cancelIterations(how), force),
})

/** The orchestrator's chart, bound. */
export const boundWorkflowMachine = bound<WorkflowEffect>()(workflowMachine, {
  prepareScope: onRun((run) => run.prepareScope()),
  releaseScope: onRun((run) => run.releaseScope()),
  startRunTimer: onRun((run, context) => run.startRunTimer(context)),
  stopRunTimer: onRun((run) => run.stopRunTimer()),
  openSteps: onRun((run) => run.openSteps()),
  startReady: onRun((run) => run.startReady()),
  recordStep: ({ self, event }) => {
    if (event.type === 'step.settled') later(self, recordStep, event)
  },
  queueStep: ({ self, event }) => {
    if (event.type === 'slot.requested') later(self, queueStep, event)
  },
  recordLease: ({ self, event }) => {
    if (event.type === 'lease.granted' || event.type === 'lease.denied' || event.type === 'lease.lost')
      later(self, recordLease, event)
  },
  recordDecision: ({ self, event }) => {
    if (event.type === 'decision.made') later(self, recordDecision, event)
  },
  cancelSteps: onRun((run) => run.cancelSteps()),
  forceSteps: onRun((run) => run.forceSteps()),
  cancelStep: ({ self, event }) => {
    if (event.type === 'run.cancelStep') later(self, cancelAt, event)
  },
  haltAround: ({ self, event }) => {
    if (event.type === 'step.settled' || event.type === 'run.halt') later(self, haltAround, event)
  },
  takeSignal: ({ self, event }) => {
    if (event.type === 'run.signal') later(self, takeSignal, event)
  },
  startCompensation: onRun((run, context) => run.reversal.start(context)),
  undoReady: onRun((run) => run.reversal.undoReady()),
  recordCompensation: ({ self, event }) => {
    if (event.type === 'compensation.settled') later(self, recordCompensation, event)
  },
  stopCompensation: onRun((run) => run.reversal.stop()),
  collectOutputs: onRun(collectOutputs),
  publishStart: onRun((run, context) => run.publishRun(context, 'workflow_started')),
  publishEnd: onRun((run, context) =>
    run.publishRun(context, context.cause === 'completed' ? 'workflow_completed' : 'workflow_error'),
  ),
})

/** A run inside of a step: the same chart, below other actors of its kind. */
const nestedLogic: typeof boundWorkflowMachine = Object.create(boundWorkflowMachine, {
  transition: {
    value: (...[snapshot, event, scope]: Parameters<typeof boundWorkflowMachine.transition>) => {
      const run = runs.get(scope.self as AnyActorRef)!
      const told = isChildEvent(event) ? settlementOf(run, event as InboundEvent) : event
      if (told === null) return snapshot
      const last = boundWorkflowMachine.transition(snapshot, told, scope)
      if (last.status === 'done')
        run.session.later((ended, output) => ended.finish(output), run, last.output!)
      return last
    },
  },
})

const nestedLogics = new WeakMap<WorkflowDefinition, typeof boundWorkflowMachine>()

/** The same with the id of a workflow: inspectors show it. */
export function nestedLogicOf(workflow: WorkflowDefinition): typeof boundWorkflowMachine {
  const known = nestedLogics.get(workflow)
  if (known) return known
  const { name: id } = workflow
  const logic: typeof boundWorkflowMachine = Object.create(nestedLogic, {
    id: { value: id },
    config: { value: { ...nestedLogic.config, id } },
  })
  nestedLogics.set(workflow, logic)
  return logic
}

/** The integration's chart, bound. */
export const boundIntegrationMachine = bound<IntegrationEffect>()(integrationMachine, {
  prepareScope: onProgram((program) => program.prepareScope()),
  releaseScope: onProgram((program) => program.releaseScope()),
  startRunTimer: onProgram((program, context) => program.startRunTimer(context)),
  stopRunTimer: onProgram((program) => program.stopRunTimer()),
  startScenarios: onProgram((program) => program.startScenarios()),
  recordScenario: ({ self, context, event }) => {
    if (event.type === 'scenario.settled')
      onProgram((program) => program.recordScenario(event))({ self, context })
  },
  cancelScenarios: ({ self, context }, { cause }) => {
    onProgram((program) => program.cancelScenarios(cause))({ self, context })
  },
  forceScenarios: onProgram((program) => program.forceScenarios()),
  cancelStep: ({ self, context, event }) => {
    if (event.type === 'run.cancelStep') onProgram((program) => program.cancelStep(event))({ self, context })
  },
  takeSignal: ({ self, context, event }) => {
    if (event.type === 'run.signal') onProgram((program) => program.takeSignal(event))({ self, context })
  },
})

/** The pool's chart, bound. */
export const boundPoolMachine = bound<PoolEffect>()(poolMachine, {
  grant: ({ self, context: { name } }, { lease, replyTo, units }) =>
    onScope(self, (scope, path) => {
      scope.publish('resource_allocated', path, { resource: name, holder: lease, units })
      scope.answerLease(path, replyTo, { type: 'lease.granted', lease, pool: name })
    }),
  deny: ({ self, context: { name } }, { lease, replyTo, failure }) =>
    onScope(self, (scope, path) =>
      scope.answerLease(path, replyTo, { type: 'lease.denied', lease, pool: name, failure }),
    ),
  release: ({ self, context: { name } }, { lease }) =>
    onScope(self, (scope, path) =>
      scope.publish('resource_released', path, { resource: name, holder: lease }),
    ),
  reportLost: ({ self, context: { name } }, { lease, replyTo, failure }) =>
    onScope(self, (scope, path) => {
      scope.publish('resource_released', path, { resource: name, holder: lease, error: failure })
      scope.answerLease(path, replyTo, { type: 'lease.lost', lease, pool: name, failure })
    }),
  reportExhausted: ({ self, context: { name, waiting, holders } }) =>
    onScope(self, (scope, path) => {
      const data = {
        resource: name,
        queue_length: waiting.length,
        holders: holders.map(({ lease }) => lease),
      }
      scope.publish('resource_exhausted', path, data)
    }),
  startLeaseTimer: ({ self, context }, { lease }) =>
    onScope(self, (scope, path) => scope.startTimer(path, 'lease.timedOut', context.leaseTimeoutMs, lease)),
  stopLeaseTimer: ({ self }, { lease }) => onScope(self, (scope, path) => scope.stopTimer(path, lease)),
})

/** The module's chart, bound. */
export const boundModuleMachine = bound<ModuleEffect>()(moduleMachine, {
  performInit: ({ self, context }) =>
    onScope(self, (scope, path) => scope.moduleEffects.perform('init', path, context.name)),
  performCleanup: ({ self, context }) =>
    onScope(self, (scope, path) => scope.moduleEffects.perform('cleanup', path, context.name)),
  abortEffect: ({ self }) => onScope(self, (scope, path) => scope.moduleEffects.abort(path)),
  abandonEffect: ({ self }) => onScope(self, (scope, path) => scope.moduleEffects.abandon(path)),
  startTimer: ({ self }, { delayMs }) =>
    onScope(self, (scope, path) => scope.startTimer(path, 'module.timedOut', delayMs)),
  stopTimer: ({ self }) => onScope(self, (scope, path) => scope.stopTimer(path)),
  publish: ({ self, context: { name, failure, cleanupFailure } }, { type }) =>
    onScope(self, (scope, path) => {
      const error = failure ?? cleanupFailure
      scope.publish(type, path, { module_name: name, ...(error && { error }) })
    }),
})

/** The bus's chart, bound. */
export const boundBusMachine = bound<BusEffect>()(busMachine, {
  startTimer: ({ self }, { delayMs }) =>
    onScope(self, (scope, path) => scope.startTimer(path, 'bus.timedOut', delayMs)),
  stopTimer: ({ self }) => onScope(self, (scope, path) => scope.stopTimer(path)),
  dispatch: ({ self }, { subscription, event }) =>
    onScope(self, (scope) => scope.dispatch(subscription, event)),
  reportDrop: ({ self }, drop) => onScope(self, (scope, path) => scope.reportDrop(path, drop)),
  passAnswer: ({ self, context: { underWay }, event }) => {
    if (event.type !== 'handler.succeeded' && event.type !== 'handler.failed') return
    const { subscription } = event
    const answered = underWay[subscription]!
    const verdict = ('verdict' in event && event.verdict) || null
    onScope(self, (scope) => scope.advice.answered(answered, subscription, verdict))
  },
})
