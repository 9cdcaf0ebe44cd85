// The first entry of a journal, which says what the run began with, and what that means for a run that goes on from it.
// Invariant: a run goes on only with the identity with which it began.
import { differenceOf } from '../../definition/changes.ts'
import type { DefinitionRecord } from '../../definition/identity.ts'
import { SagachartError } from '../../errors.ts'
import type { RunStarted } from '../port/events.ts'
import type { SessionAt, SessionRecord } from '../state/root-at.ts'
import type { HostPort } from '../port/host.ts'
import { notResumable, readJournal, type EarlierLife } from './codec.ts'
import { Replay } from './replay.ts'
import { FORMAT } from './formats.ts'

/** The event of the first entry. */
export const startOf = (
  seed: number,
  definition: DefinitionRecord,
  at: EarlierSession | null,
): RunStarted => ({
  type: 'run.started',
  seed,
  format: FORMAT,
  definition,
  ...(at && { revived: true, before: at.record.entries }),
})

/** A captured state, as far as it joins a root to its host. */
export interface EarlierSession {
  /** What the run began with. */
  readonly definition: DefinitionRecord
  readonly future: SessionAt
  readonly record: SessionRecord
}

/**
 * The replay of what is to be gone on from: a journal, a captured state and what came after it, or `null`, for a run that never
 * started; and how many entries the run has.
 * @throws RUN_NOT_RESUMABLE
 */
export function replayOf(
  runId: string,
  path: string,
  port: Pick<HostPort, 'journal' | 'log' | 'close'>,
  definition: () => DefinitionRecord,
  at: EarlierSession | null,
): readonly [Replay | null, number] {
  try {
    const journal = readJournal(runId, path, port.journal)
    const entries = journal ? journal.before + journal.entries.length : 0
    const life = goOnFrom(runId, journal, at)
    if (life === null) return [null, entries]
    const changed = changesSince(runId, life, definition)
    if (changed !== null) port.log(path, `The run goes on, though ${changed}`, null)
    return [new Replay(runId, life, changed), entries]
  } catch (error) {
    port.close()
    throw error
  }
}

/**
 * What a run goes on from: its journal, or what came after the state that it was captured in; `null` for a run that begins.
 * @throws RUN_NOT_RESUMABLE where there is a journal of what came after a state, and no state, or an earlier one
 */
function goOnFrom(runId: string, journal: EarlierLife | null, at: EarlierSession | null): EarlierLife | null {
  if (at === null) {
    if (journal?.isTail) throw tailAlone(runId)
    return journal
  }
  const { seed } = at.future
  const { definition, record } = at
  const { entries: before, time: startedAt } = record
  if (journal && before < journal.before) throw tooEarly(runId, journal.before, before)
  const entries = journal?.entries.slice(before - journal.before) ?? []
  return { seed, isTail: true, startedAt, format: journal?.format ?? FORMAT, definition, before, entries }
}

/** When it goes on: where entries follow that a captured state does not have, at the time of that; else now. */
export function timeOf(
  record: SessionRecord | undefined,
  life: EarlierLife | undefined,
  now: number,
): number {
  if (!record) return life?.startedAt ?? now
  return life && life.entries.length > 0 ? record.time : Math.max(record.time, now)
}

const tailAlone = (runId: string) =>
  new SagachartError(
    'RUN_NOT_RESUMABLE',
    `${notResumable(runId)}: its journal begins where a captured state left off; give the snapshot, too`,
  )

const tooEarly = (runId: string, expected: number, found: number) =>
  new SagachartError(
    'RUN_NOT_RESUMABLE',
    `${notResumable(runId)}: its journal begins where a captured state of ${expected} entries left off, found one of ${found}; give the one that it left off from, or a later one`,
  )

/**
 * The changes of a definition since its run began: settings that differ, in words; `null` where there are none.
 * @throws RUN_NOT_RESUMABLE where it has another identity
 */
function changesSince(
  runId: string,
  { definition: before, format }: EarlierLife,
  definition: () => DefinitionRecord,
): string | null {
  if (before === null) return `a journal of format ${format} does not say with which definition its run began`
  const { identity, settings } = differenceOf(before, definition())
  if (identity === null)
    return settings === null ? null : `its settings are not those that it began with: ${settings}`
  throw new SagachartError(
    'RUN_NOT_RESUMABLE',
    `${notResumable(runId)}: its definition is not the one that it began with: ${identity}; resume it with that one, or start a new run`,
  )
}
