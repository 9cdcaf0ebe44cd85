// Rules of modules and handlers: who is initialised is cleaned up, and a handler's failure is not forgotten.
import type { BusContext } from '../../../machines/bus.ts'
import { shortOf } from '../offers.ts'
import type { Rule } from './checker.ts'

/** Whatever was initialised is cleaned up. */
export const modulesCleaned: Rule = {
  name: 'modules-cleaned',
  description: 'Every module that was initialised is cleaned up, once, and the last one first.',
  watch: (view, fail) => {
    /** In the order of their initialisation. */
    const running: string[] = []
    const begun = new Set<string>()
    const over = new Set<string>()
    return {
      recorded({ to, event }) {
        if (event.type === 'module.initialised') running.push(to)
        else if (running.includes(to)) {
          begun.add(to)
          if (event.type !== 'module.timedOut') over.add(to)
        }
      },
      performed(effect) {
        if (effect.kind !== 'cleanup') return
        const { to } = effect
        if (over.has(to)) fail(`${shortOf(to)} is cleaned up again`)
        const later = running.slice(running.indexOf(to) + 1).find((other) => !begun.has(other))
        if (later !== undefined)
          fail(`${shortOf(to)} is cleaned up before ${shortOf(later)}, which came after it`)
        if (begun.has(to) && isUnderWay(view.world.life?.pending ?? [], effect))
          fail(`${shortOf(to)} is cleaned up while it is being cleaned up`)
        begun.add(to)
      },
      ended() {
        const left = running.find((module) => !begun.has(module))
        if (left !== undefined) fail(`${shortOf(left)} is never cleaned up`)
      },
    }
  },
}

const isUnderWay = (
  pending: readonly { readonly effect: { readonly kind: string; readonly to: string } }[],
  effect: { readonly to: string },
) =>
  pending.some(
    (other) => other.effect !== effect && other.effect.kind === 'cleanup' && other.effect.to === effect.to,
  )

/** A handler that fails is counted. */
export const handlerFailuresKept: Rule = {
  name: 'handler-failures-kept',
  description: 'Each failure of a handler that the bus waits for is counted by it, in the order of events.',
  watch: (view, fail) => {
    let failed = 0
    return {
      recorded({ event }) {
        if (event.type === 'handler.failed') failed++
      },
      moved() {
        const { session } = view.root
        const bus = session.actors.get(`${session.path}/bus/events`)?.getSnapshot()
        if (bus?.status !== 'active') return
        const { counters } = bus.context as BusContext
        if (counters.failed !== failed)
          fail(`${failed} handlers have failed, and the bus has counted ${counters.failed}`)
      },
    }
  },
}

/** A handler is under way only while it is. */
export const handlersServed: Rule = {
  name: 'handlers-served',
  description: 'A subscription whose handler has ended is handed its next event: none stays under way.',
  watch: (view, fail) => ({
    moved() {
      const { root, world } = view
      const bus = root.session.actors.get(`${root.session.path}/bus/events`)?.getSnapshot()
      if (bus?.status !== 'active') return
      for (const id of Object.keys((bus.context as BusContext).underWay)) {
        const isPending = world.life?.pending.some(
          ({ effect }) => effect.kind === 'handler' && effect.subscription === id,
        )
        if (!isPending) fail(`the handler ${id} has ended, and the bus waits for it`)
      }
    },
  }),
}
