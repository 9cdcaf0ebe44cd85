// The pool's chart, bound: its effects are done on the pools of its root.
import { poolMachine, type PoolEffect } from '../../../machines/resource.ts'
import type { Pools } from '../environment/pools.ts'
import { bound } from './compiled.ts'

/** The pool's chart, for the pools of a root. */
export const poolChart = bound<PoolEffect, Pools>()(poolMachine, {
  grant: ({ owner, self, context: { name } }, { lease, replyTo, units }) => {
    owner.publish('resource_allocated', self.id, { resource: name, holder: lease, units })
    owner.answer(self.id, replyTo, { type: 'lease.granted', lease, pool: name })
  },
  deny: ({ owner, self, context: { name } }, { lease, replyTo, failure }) =>
    owner.answer(self.id, replyTo, { type: 'lease.denied', lease, pool: name, failure }),
  release: ({ owner, self, context: { name } }, { lease }) =>
    void owner.publish('resource_released', self.id, { resource: name, holder: lease }),
  reportLost: ({ owner, self, context: { name } }, { lease, replyTo, failure }) => {
    owner.publish('resource_released', self.id, { resource: name, holder: lease, error: failure })
    owner.answer(self.id, replyTo, { type: 'lease.lost', lease, pool: name, failure })
  },
  reportExhausted: ({ owner, self, context: { name, waiting, holders } }) => {
    const leases = holders.map(({ lease }) => lease)
    const data = { resource: name, queue_length: waiting.length, holders: leases }
    owner.publish('resource_exhausted', self.id, data)
  },
  startLeaseTimer: ({ owner, self, context }, { lease }) =>
    owner.timers.start(self.id, { type: 'lease.timedOut', lease }, context.leaseTimeoutMs),
  stopLeaseTimer: ({ owner, self }, { lease }) => owner.timers.stop(self.id, lease),
})
