// What is under way at the joint of a root and its host, as data and back: timers and effects, in the order in which they began.
import { raw } from '../../kernel/plain.ts'
import type { InboundEvent } from '../port/events.ts'
import type { Effect } from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { SessionAt } from './root-at.ts'

/** What is under way in a root, and the host's time. */
export interface UnderWay {
  readonly now: number
  readonly timers: readonly RunningTimer[]
  readonly effects: readonly { readonly effect: Effect; readonly isAborted: boolean }[]
}

/** The same as data: timers by the time that is left to them. */
export const underWayAt = ({ now, timers, effects }: UnderWay): Pick<SessionAt, 'timers' | 'effects'> => ({
  timers: timers.map(({ to, event, delayMs, due }) => ({
    ...{ to, event: raw(event) as InboundEvent, delayMs },
    left: due - now,
  })),
  effects: effects.map(({ effect, isAborted }) => ({ effect: raw(effect) as Effect, isAborted })),
})

/** What was under way, from now on. */
export const underWayFrom = ({ timers, effects }: SessionAt, now: number): UnderWay => ({
  now,
  timers: timers.map(({ to, event, delayMs, left }) => ({
    ...{ to, event, delayMs },
    due: now + left,
    handle: null,
  })),
  effects,
})
