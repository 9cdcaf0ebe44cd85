// What mutants are explored on: small workflows, each with one part of the engine in it. Definitions are data, so one that is
// made here can be handed to an engine with a mistake.
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import {
  computed,
  loop,
  each,
  parallel,
  retries,
  saga,
  step,
  verdicts,
  workflow,
} from '../runtime/workflows.ts'

const unit = [{ pool: 'pool', units: 1 }]
const both = [{ pool: 'pool', units: 2 }]

const accept = { UNDONE_EFFECT: 'it does nothing' }

/** By name. */
export const SUBJECTS = {
  chain: workflow([saga('a'), saga('b', { dependsOn: ['a'] }), step('c', { dependsOn: ['b'] })], {
    onFailure: 'compensate',
  }),
  sequence: workflow([step('a'), saga('b'), step('c')], { parallel: false, onFailure: 'compensate', accept }),
  retried: workflow([step('a', { retry: retries(1), timeoutMs: 5_000, heartbeatMs: 2_000 })]),
  timed: workflow([step('a', { retry: retries(1), timeoutMs: 5_000 })]),
  fallback: workflow([step('a', { fallback: computed('plan b') })]),
  granted: workflow([step('a', verdicts('retry', 'fail'))], {
    recovery: { strategies: [], grantedRetriesMax: 1, answerMs: 5_000 },
  }),
  pooled: workflow([
    step('a', { resources: both }),
    step('b', { resources: both }),
    step('c', { resources: unit, onCancel: 'await' }),
  ]),
  side: workflow([step('a'), step('b'), step('c', { dependsOn: ['a', 'b'] })], { maxConcurrency: 2 }),
  either: workflow([
    step('a'),
    step('b', { dependsOn: ['a'], runIf: 'any_succeeded' }),
    step('c', { dependsOn: ['b'] }),
    step('d', { dependsOn: ['a'], runIf: 'all_done' }),
    step('e', { dependsOn: ['d'], runIf: 'ancestors_succeeded' }),
  ]),
  limited: workflow([step('a'), step('b', { dependsOn: ['a'] })], { timeoutMs: 10_000 }),
  nested: workflow([parallel('outer', [saga('x'), saga('y')]), step('b', { dependsOn: ['outer'] })], {
    onFailure: 'compensate',
  }),
  iterated: workflow([loop('scan', each([1, 2]), [saga('x')]), step('b', { dependsOn: ['scan'] })], {
    onFailure: 'compensate',
  }),
  hurried: workflow([saga('a', { timeoutMs: 5_000, ...verdicts('skip') })], { onFailure: 'compensate' }),
  racing: workflow([parallel('any', [saga('x'), saga('y')], { waitFor: 1 })], { onFailure: 'compensate' }),
  cyclic: workflow([step('a', { dependsOn: ['b'] }), step('b', { dependsOn: ['a'] }), step('c')]),
} as const satisfies Record<string, WorkflowDefinition>

/** The name of a subject. */
export type SubjectName = keyof typeof SUBJECTS
