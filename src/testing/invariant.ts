// What users add to the rules that are always checked. Each is asked of the history of a schedule, which is plain data.
import type { RunStatus } from '../../machines/protocol.ts'
import type { IntegrationStatus } from '../../machines/protocol.ts'
import type { History } from './history.ts'

/** How something may end. */
export type Ending = RunStatus | IntegrationStatus

/** `false`, or a text that says what is wrong, breaks it; so does whatever it throws. All else means that it holds. */
export type Holds = (history: History) => unknown

/** Something that must hold beside the rules. */
export interface UserInvariant {
  readonly name: string
  /** After each event; at the end of each schedule; or at the end of those that end so. */
  readonly when: 'always' | 'atEnd' | Ending
  readonly holds: Holds
}

/** Must hold at every moment of every schedule: the history so far is asked after each event. */
export const invariant = (name: string, holds: Holds): UserInvariant => ({ name, when: 'always', holds })

/** Must hold at the end of every schedule, however it ends. */
export const eventually = (name: string, holds: Holds): UserInvariant => ({ name, when: 'atEnd', holds })

/** Must hold at the end of every schedule that ends so: `whenever('compensated', 'all is paid back', …)`. */
export const whenever = (ending: Ending, name: string, holds: Holds): UserInvariant => ({
  name,
  when: ending,
  holds,
})
