// What modules, pools and bus know of the root that they belong to.
import type { ActorRef } from '../charts/actors.ts'
import type { Session } from '../journal/session.ts'

/** The root's actor, its session, and the way to its bus. */
export interface Surroundings {
  readonly self: ActorRef
  readonly session: Session
  readonly publish: (type: string, source: string, data: unknown) => unknown
}
