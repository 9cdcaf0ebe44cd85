// Rules of leases: how many there are, who may hold one, who may wait.
import type { PoolContext } from '../../../machines/resource.ts'
import type { Run } from '../../runtime/run/run.ts'
import { SUCCESS } from '../../kernel/graph.ts'
import { shortOf } from '../offers.ts'
import type { Rule, View } from './checker.ts'

/** The pools of the life that goes on, by name. */
function* poolsOf({ root }: View): Iterable<PoolContext> {
  const { session, scope } = root
  for (const { name } of scope.parts.pools) {
    const actor = session.actors.get(`${session.path}/pool/${name}`)
    if (actor) yield actor.getSnapshot().context as PoolContext
  }
}

/** A pool never lends more than it has. */
export const capacityKept: Rule = {
  name: 'capacity-kept',
  description: 'The leases of a pool never exceed its capacity, and nobody waits for units that are free.',
  watch: (view, fail) => ({
    moved() {
      for (const { name, capacity, free, holders, waiting } of poolsOf(view)) {
        let lent = 0
        for (const { units } of holders) lent += units
        if (lent > capacity) fail(`${lent} units of "${name}" are lent, there are ${capacity}`)
        if (lent + free !== capacity)
          fail(`"${name}" has ${free} units free beside ${lent} lent, of ${capacity}`)
        const [head] = waiting
        if (head && head.units <= free)
          fail(`${shortOf(head.lease)} waits for "${name}", of which ${free} units are free`)
      }
    },
  }),
}

/** No attempt without its leases. */
export const leasesHeld: Rule = {
  name: 'leases-held',
  description:
    'An attempt is under way, and not told to stop, only while its step holds all that it needs of every pool.',
  watch: (view, fail) => ({
    moved() {
      for (const { effect, isAborted, isAbandoned, echo } of view.world.life?.pending ?? []) {
        if (effect.kind !== 'attempt' || isAborted || isAbandoned || echo) continue
        const run = view.root.session.runs.get(effect.run)!
        const { resources } = run.stepAt(effect.index)
        if (resources.length === 0) continue
        const lease = run.pathOf(effect.index)
        const pools = new Map([...poolsOf(view)].map((pool) => [pool.name, pool]))
        for (const { pool, units } of resources) {
          const held = pools.get(pool)?.holders.find((holder) => holder.lease === lease)?.units ?? 0
          if (held < units)
            fail(`${shortOf(effect.to)} is under way with ${held} units of "${pool}", it needs ${units}`)
        }
      }
    },
  }),
}

/** A lease does not outlive what it was for. */
export const leasesReturned: Rule = {
  name: 'leases-returned',
  description: 'A step that has ended holds nothing, and at the end of the run no lease is open.',
  watch: (view, fail) => {
    const ended = new Set<string>()
    return {
      changed(run, index) {
        if (run.graph.state[index]! >= SUCCESS) ended.add(run.pathOf(index))
      },
      moved() {
        if (ended.size === 0) return
        for (const { name, holders } of poolsOf(view))
          for (const { lease, units } of holders)
            if (ended.has(lease) && !isUnderWay(view, lease))
              fail(`${shortOf(lease)} has ended, and holds ${units} of "${name}"`)
      },
    }
  },
}

/** Whether a step that has ended is being undone, or its address tried anew. */
function isUnderWay({ root }: View, lease: string): boolean {
  const { actors } = root.session
  const undoing = lease.replace(/^(run\/(?:explored\/)?.*?)step\//, '$1compensation/')
  return actors.has(lease) || actors.has(undoing) || isQueued(root.session.runs.values(), lease)
}

function isQueued(runs: Iterable<Run>, lease: string): boolean {
  for (const run of runs) {
    const index = run.indexOfPath(lease)
    if (index !== undefined && run.isWaiting(index)) return true
  }
  return false
}
