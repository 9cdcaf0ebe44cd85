// Gives the charts' named actions their meaning, once for the whole process: binding a chart costs more than
// creating an actor, and each binding has its own caches.
import { busMachine } from '../../machines/bus.ts'
import { integrationMachine } from '../../machines/integration.ts'
import { moduleMachine } from '../../machines/module.ts'
import { poolMachine } from '../../machines/resource.ts'
import { stepMachine } from '../../machines/step.ts'
import { workflowMachine } from '../../machines/workflow.ts'
import { programs, rootOfPart, runOf, runOfStep } from './registry.ts'

/** The step's chart on the run of its parent. */
export const boundStepMachine = stepMachine.provide({
  actions: {
    requestSlot: ({ self, context }) => runOfStep(self).requestSlot(context),
    withdrawRequest: ({ self, context }) => runOfStep(self).withdrawRequest(context),
    startAttempt: ({ self, context }) => runOfStep(self).startAttempt(context),
    abortAttempt: ({ self, context }) => runOfStep(self).abortAttempt(context),
    abandonAttempt: ({ self, context }) => runOfStep(self).abandonAttempt(context),
    endAttempt: ({ self, context }) => runOfStep(self).endAttempt(context),
    startBackoff: ({ self, context }) => runOfStep(self).startBackoff(context),
    stopBackoff: ({ self, context }) => runOfStep(self).stopBackoff(context),
    publish: ({ self, context }, { type }) => runOfStep(self).publishStep(context, type),
  },
})

/** The orchestrator's chart on its own run. */
export const boundWorkflowMachine = workflowMachine.provide({
  actions: {
    prepareScope: ({ self }) => runOf(self).prepareScope(),
    releaseScope: ({ self }) => runOf(self).releaseScope(),
    startRunTimer: ({ self, context }) => runOf(self).startRunTimer(context),
    stopRunTimer: ({ self }) => runOf(self).stopRunTimer(),
    openSteps: ({ self }) => runOf(self).openSteps(),
    startReady: ({ self }) => runOf(self).startReady(),
    recordStep: ({ self, event }) => {
      if (event.type === 'step.settled') runOf(self).recordStep(event)
    },
    queueStep: ({ self, event }) => {
      if (event.type === 'slot.requested') runOf(self).queueStep(event)
    },
    recordLease: ({ self, event }) => {
      if (event.type === 'lease.granted' || event.type === 'lease.denied') runOf(self).recordLease(event)
    },
    recordCondition: ({ self, event }) => {
      if (event.type === 'condition.decided') runOf(self).recordCondition(event)
    },
    cancelSteps: ({ self }) => runOf(self).cancelSteps(),
    collectOutputs: ({ self }) => runOf(self).collectOutputs(),
    publishStart: ({ self, context }) => runOf(self).publishRun(context, 'workflow_started'),
    publishEnd: ({ self, context }) =>
      runOf(self).publishRun(
        context,
        context.cause === 'completed' ? 'workflow_completed' : 'workflow_error',
      ),
  },
})

/** The integration's chart on its own program. */
export const boundIntegrationMachine = integrationMachine.provide({
  actions: {
    prepareScope: ({ self }) => programs.get(self)!.prepareScope(),
    releaseScope: ({ self }) => programs.get(self)!.releaseScope(),
    startRunTimer: ({ self, context }) => programs.get(self)!.startRunTimer(context),
    stopRunTimer: ({ self }) => programs.get(self)!.stopRunTimer(),
    startScenarios: ({ self }) => programs.get(self)!.startScenarios(),
    recordScenario: ({ self, event }) => {
      if (event.type === 'scenario.settled') programs.get(self)!.recordScenario(event)
    },
    cancelScenarios: ({ self }, { cause }) => programs.get(self)!.cancelScenarios(cause),
  },
})

/** The pool's chart on the root of its parent. */
export const boundPoolMachine = poolMachine.provide({
  actions: {
    grant: ({ self, context }, { lease, replyTo, units }) => {
      const { scope } = rootOfPart(self)
      scope.publishPool(self.id, 'resource_allocated', { resource: context.name, holder: lease, units })
      scope.answerLease(replyTo, { type: 'lease.granted', lease, pool: context.name })
    },
    deny: ({ self, context }, { lease, replyTo, failure }) =>
      rootOfPart(self).scope.answerLease(replyTo, {
        type: 'lease.denied',
        lease,
        pool: context.name,
        failure,
      }),
    release: ({ self, context }, { lease }) =>
      rootOfPart(self).scope.publishPool(self.id, 'resource_released', {
        resource: context.name,
        holder: lease,
      }),
    reportExhausted: ({ self, context }) => rootOfPart(self).scope.publishExhausted(self.id, context),
    startLeaseTimer: ({ self, context }, { lease }) =>
      rootOfPart(self).scope.startLeaseTimer(context.name, lease),
    stopLeaseTimer: ({ self, context }, { lease }) =>
      rootOfPart(self).scope.stopLeaseTimer(context.name, lease),
  },
})

/** The module's chart on the root of its parent. */
export const boundModuleMachine = moduleMachine.provide({
  actions: {
    performInit: ({ self, context }) => rootOfPart(self).scope.performModule('init', self.id, context.name),
    performCleanup: ({ self, context }) =>
      rootOfPart(self).scope.performModule('cleanup', self.id, context.name),
    abandonEffect: ({ self }) => rootOfPart(self).scope.abandonModule(self.id),
    startTimer: ({ self }, { delayMs }) =>
      rootOfPart(self).scope.startTimer(self.id, 'module.timedOut', delayMs),
    stopTimer: ({ self }) => rootOfPart(self).scope.stopTimer(self.id),
    publish: ({ self, context }, { type }) => rootOfPart(self).scope.publishModule(self.id, type, context),
  },
})

/** The bus's chart on the root of its parent. */
export const boundBusMachine = busMachine.provide({
  actions: {
    startTimer: ({ self }, { delayMs }) =>
      rootOfPart(self).scope.startTimer(self.id, 'bus.timedOut', delayMs),
    stopTimer: ({ self }) => rootOfPart(self).scope.stopTimer(self.id),
    dispatch: ({ self }, { subscription, event }) => rootOfPart(self).scope.dispatch(subscription, event),
  },
})
