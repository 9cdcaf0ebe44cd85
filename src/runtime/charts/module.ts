// The module's chart, bound: its effects are done on the modules of its root.
import { moduleMachine, type ModuleEffect } from '../../../machines/module.ts'
import type { Modules } from '../environment/modules.ts'
import { bound } from './compiled.ts'

/** The module's chart, for the modules of a root. */
export const moduleChart = bound<ModuleEffect, Modules>()(moduleMachine, {
  performInit: ({ owner, self, context }) => owner.perform('init', self.id, context.name),
  performCleanup: ({ owner, self, context }) => owner.perform('cleanup', self.id, context.name),
  abortEffect: ({ owner, self }) => owner.abort(self.id),
  abandonEffect: ({ owner, self }) => owner.abandonEffect(self.id),
  startTimer: ({ owner, self }, { delayMs }) =>
    owner.timers.start(self.id, { type: 'module.timedOut' }, delayMs),
  stopTimer: ({ owner, self }) => owner.timers.stop(self.id),
  publish: ({ owner, self, context: { name, failure, cleanupFailure } }, { type }) => {
    const error = failure ?? cleanupFailure
    owner.publish(type, self.id, { module_name: name, ...(error && { error }) })
  },
})
