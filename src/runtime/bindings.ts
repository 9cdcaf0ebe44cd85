// Gives the charts' named actions their meaning, once for the whole process: binding a chart costs more than
// creating an actor, and each binding has its own caches. An action does nothing by itself: it notes what is to be
// done, and the session does it once the chart has come to rest.
import type { AnyActorRef } from 'xstate'
import { busMachine } from '../../machines/bus.ts'
import { integrationMachine, type IntegrationContext } from '../../machines/integration.ts'
import { moduleMachine } from '../../machines/module.ts'
import { poolMachine } from '../../machines/resource.ts'
import { stepMachine, type StepContext } from '../../machines/step.ts'
import { workflowMachine, type WorkflowContext } from '../../machines/workflow.ts'
import type { Program } from './program.ts'
import { programs, roots, runs } from './registry.ts'
import type { Decided, Leased, Run, Settled, SlotRequested } from './run.ts'
import type { Scope } from './scope.ts'
import type { StepActors } from './step-actors.ts'

interface Acting<TContext> {
  readonly self: AnyActorRef
  readonly context: TContext
}

/** An action of a step, on the run of its parent. */
const onStep = (effect: (steps: StepActors, context: StepContext) => void) => {
  return ({ self, context }: Acting<StepContext>) => {
    const { session, steps } = runs.get(self._parent!)!
    session.later(effect, steps, context)
  }
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
const recordCondition = (run: Run, event: Decided) => run.recordCondition(event)
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

/** The step's chart, bound. */
export const boundStepMachine = stepMachine.provide({
  actions: {
    requestSlot: onStep((steps, context) => steps.requestSlot(context)),
    withdrawRequest: onStep((steps, context) => steps.withdrawRequest(context)),
    startAttempt: onStep((steps, context) => steps.startAttempt(context)),
    abortAttempt: onStep((steps, context) => steps.abortAttempt(context)),
    abandonAttempt: onStep((steps, context) => steps.abandonAttempt(context)),
    endAttempt: onStep((steps, context) => steps.endAttempt(context)),
    startBackoff: onStep((steps, context) => steps.startBackoff(context)),
    stopBackoff: onStep((steps, context) => steps.stopBackoff(context)),
    publish: ({ self, context }, { type }) => {
      const { session, steps } = runs.get(self._parent!)!
      session.later((actors, published) => actors.publish(context, published), steps, type)
    },
  },
})

/** The orchestrator's chart, bound. */
export const boundWorkflowMachine = workflowMachine.provide({
  actions: {
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
      if (event.type === 'lease.granted' || event.type === 'lease.denied') later(self, recordLease, event)
    },
    recordCondition: ({ self, event }) => {
      if (event.type === 'condition.decided') later(self, recordCondition, event)
    },
    cancelSteps: onRun((run) => run.cancelSteps()),
    collectOutputs: onRun((run) => run.collectOutputs()),
    publishStart: onRun((run, context) => run.publishRun(context, 'workflow_started')),
    publishEnd: onRun((run, context) =>
      run.publishRun(context, context.cause === 'completed' ? 'workflow_completed' : 'workflow_error'),
    ),
  },
})

/** The integration's chart, bound. */
export const boundIntegrationMachine = integrationMachine.provide({
  actions: {
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
  },
})

/** The pool's chart, bound. */
export const boundPoolMachine = poolMachine.provide({
  actions: {
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
  },
})

/** The module's chart, bound. */
export const boundModuleMachine = moduleMachine.provide({
  actions: {
    performInit: ({ self, context }) =>
      onScope(self, (scope, path) => scope.performModule('init', path, context.name)),
    performCleanup: ({ self, context }) =>
      onScope(self, (scope, path) => scope.performModule('cleanup', path, context.name)),
    abortEffect: ({ self }) => onScope(self, (scope, path) => scope.abortModule(path)),
    abandonEffect: ({ self }) => onScope(self, (scope, path) => scope.abandonModule(path)),
    startTimer: ({ self }, { delayMs }) =>
      onScope(self, (scope, path) => scope.startTimer(path, 'module.timedOut', delayMs)),
    stopTimer: ({ self }) => onScope(self, (scope, path) => scope.stopTimer(path)),
    publish: ({ self, context: { name, failure, cleanupFailure } }, { type }) =>
      onScope(self, (scope, path) => {
        const error = failure ?? cleanupFailure
        scope.publish(type, path, { module_name: name, ...(error && { error }) })
      }),
  },
})

/** The bus's chart, bound. */
export const boundBusMachine = busMachine.provide({
  actions: {
    startTimer: ({ self }, { delayMs }) =>
      onScope(self, (scope, path) => scope.startTimer(path, 'bus.timedOut', delayMs)),
    stopTimer: ({ self }) => onScope(self, (scope, path) => scope.stopTimer(path)),
    dispatch: ({ self }, { subscription, event }) =>
      onScope(self, (scope) => scope.dispatch(subscription, event)),
  },
})
