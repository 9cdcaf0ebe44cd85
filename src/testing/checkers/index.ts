// The rules that are always checked, in the order in which they are asked.
import { undoneCompletely, undoneInReverse, undoneOnlyIfDone } from './compensation.ts'
import { dependenciesRespected } from './dependencies.ts'
import { endsInTime, statusAgrees } from './endings.ts'
import { capacityKept, leasesHeld, leasesReturned } from './leases.ts'
import { handlerFailuresKept, handlersServed, modulesCleaned } from './modules.ts'
import type { Rule } from './checker.ts'
import { attemptsBounded, concurrencyKept, limitsArmed, outcomeOnce, recordedNotRepeated } from './steps.ts'

/** Rules that the execution of a schedule keeps itself, for they are about the schedule as a whole. */
export const WHOLE_RULES = {
  'reaches-an-end':
    'Every run, integration and actor reaches a final state: something can always happen until then.',
  'crash-changes-nothing':
    'A process that dies anywhere and goes on from its journal is where it was: states, effects under way, timers.',
  'late-replies-change-nothing':
    'A reply that comes twice changes nothing; one that nobody waits for any more changes no outcome.',
  'no-internal-error': 'Nothing in a run throws.',
} as const

/** The rules that watch every schedule. */
export const RULES: readonly Rule[] = [
  dependenciesRespected,
  attemptsBounded,
  concurrencyKept,
  recordedNotRepeated,
  outcomeOnce,
  limitsArmed,
  capacityKept,
  leasesHeld,
  leasesReturned,
  undoneInReverse,
  undoneOnlyIfDone,
  undoneCompletely,
  modulesCleaned,
  handlerFailuresKept,
  handlersServed,
  statusAgrees,
  endsInTime,
]
