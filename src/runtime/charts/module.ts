// The module's chart, bound: its effects are done on the scope that its root shares.
import { moduleMachine, type ModuleEffect } from '../../../machines/module.ts'
import type { Scope } from '../environment/scope.ts'
import { bound } from './compiled.ts'

/** The module's chart, for the modules of a root. */
export const moduleChart = bound<ModuleEffect, Scope>()(moduleMachine, {
  performInit: ({ owner, self, context }) => owner.moduleEffects.perform('init', self.id, context.name),
  performCleanup: ({ owner, self, context }) => owner.moduleEffects.perform('cleanup', self.id, context.name),
  abortEffect: ({ owner, self }) => owner.moduleEffects.abort(self.id),
  abandonEffect: ({ owner, self }) => owner.moduleEffects.abandon(self.id),
  startTimer: ({ owner, self }, { delayMs }) => owner.startTimer(self.id, 'module.timedOut', delayMs),
  stopTimer: ({ owner, self }) => owner.stopTimer(self.id),
  publish: ({ owner, self, context: { name, failure, cleanupFailure } }, { type }) => {
    const error = failure ?? cleanupFailure
    owner.publish(type, self.id, { module_name: name, ...(error && { error }) })
  },
})
