// A root as data and back: the one value that `getPersistedSnapshot` gives of a run or an integration that is under way.
// Invariant: it is plain JSON, and what it says is whole: nothing is under way in the tree when it is taken.
import { shown } from '../../definition/diagnostic.ts'
import { isObject } from '../../definition/shape.ts'
import { SagachartError } from '../../errors.ts'
import { isInstance, messageOf } from '../../foreign.ts'
import type { DefinitionRecord } from '../../definition/identity.ts'
import { fromPlain, toPlain } from '../../kernel/plain.ts'
import { readDefinition } from '../journal/codec.ts'
import type { Root } from '../charts/root.ts'
import type { Program } from '../run/program.ts'
import type { Run } from '../run/run.ts'
import { captureRun } from './capture.ts'
import { checkJoint } from './form.ts'
import { Capturing, Reviving, type ChartAt } from './notes.ts'
import type { Future, RootRecord } from './root-at.ts'

/** The format of captured states that this version writes. */
export const STATE_FORMAT = 1

/** A captured state, as JSON data. */
export interface Captured {
  readonly format: number
  /** What the run began with: it goes on with nothing else. */
  readonly definition: unknown
  /** All that what happens next can depend on. Times in it are relative. */
  readonly future: unknown
  /** What is read of what has happened: times, counts, history. */
  readonly record: unknown
}

/** A captured state that is to be gone on from. */
export interface EarlierRoot {
  readonly definition: DefinitionRecord
  readonly future: Future
  readonly record: RootRecord
}

/** @throws RUN_NOT_AT_REST while something is under way in the tree */
export function captureRoot({ session, scope }: Root, seated: Run | Program): Captured {
  if (!session.isQuiet || session.closed)
    throw new SagachartError(
      'RUN_NOT_AT_REST',
      `Run ${session.runId} is in the middle of a step: expected it at rest; ask for its snapshot where it is observed (actor.subscribe), or later`,
    )
  const notes = new Capturing(session.underWay)
  const [future, records] = whereIs({ session, scope }, seated, notes)
  const record: RootRecord = { session: session.record, ...records }
  const definition = session.definition()
  return { format: STATE_FORMAT, definition, future: toPlain(future), record: toPlain(record) }
}

/** The state that a root is taking up still, with what was sent to it since. */
export function stillGiven(given: Captured, { admitted }: Root['session']): Captured {
  const future = given.future as Future
  const session = { ...future.session, admitted: toPlain(admitted) }
  return { ...given, future: { ...future, session } }
}

/** Where a root is, before it is made plain, and what reports read of all but its session. */
export function whereIs(
  { session, scope }: Pick<Root, 'session' | 'scope'>,
  seated: Run | Program,
  notes: Capturing,
): readonly [Future, Omit<RootRecord, 'session'>] {
  const shared = scope.capture(notes)
  const own =
    'capture' in seated ? seated.capture(notes) : { at: { run: captureRun(seated, notes) }, record: null }
  return [
    { session: session.at, scope: shared.at, seated: own.at },
    { scope: shared.record, program: own.record, runs: notes.records },
  ]
}

/**
 * Reads a captured state; `null` where a snapshot holds none.
 * @throws RUN_NOT_RESUMABLE for one of another format, or that is none
 */
export function readCaptured(snapshot: object, runId: string): EarlierRoot | null {
  const { format, definition, future, record } = snapshot as Partial<Captured>
  if (format === undefined && future === undefined) return null
  if (format !== STATE_FORMAT)
    throw refused(
      runId,
      `expected a state of format ${STATE_FORMAT}, found ${shown(format)}; go on with the version of sagachart that captured it`,
    )
  try {
    if (!isObject(future) || !isObject(record)) throw new TypeError('it has no state')
    const began = readDefinition(definition, 'its definition')
    const earlier = {
      definition: began,
      future: fromPlain(future) as Future,
      record: fromPlain(record) as RootRecord,
    }
    checkJoint(earlier.future.session, earlier.record.session)
    const { context } = chartAt(earlier)
    if ((context as { readonly runId?: unknown }).runId !== runId)
      throw new TypeError('it is that of another run')
    return earlier
  } catch (error) {
    throw damaged(runId, error)
  }
}

/** Where the chart of a root was. */
export const chartAt = ({ future: { seated } }: EarlierRoot): ChartAt =>
  ('run' in seated ? seated.run : seated.program).chart

/** Takes up an earlier life, but for what is seated. @throws RUN_NOT_RESUMABLE */
export function reviveRoot({ session, scope }: Root, { future, record }: EarlierRoot): Reviving {
  const notes = new Reviving(session.revived!, record.runs)
  scope.revive(future.scope, record.scope, notes)
  return notes
}

/** Takes up what steps wait for, once all runs are there. */
export function reviveMailbox({ scope }: Root, { future, record }: EarlierRoot, notes: Reviving): void {
  scope.mailbox.revive(future.scope.mailbox, record.scope.mailbox, notes)
}

/** Runs a step of a revival. @throws RUN_NOT_RESUMABLE where the state is not one that was captured */
export function reviving<T>({ session }: Root, revive: () => T): T {
  try {
    return revive()
  } catch (error) {
    session.close()
    throw refusalOf(session.runId, error)
  }
}

/** What is thrown where a captured state cannot be taken up. */
export const refusalOf = (runId: string, error: unknown): Error =>
  isInstance(error, SagachartError) ? error : damaged(runId, error)

const damaged = (runId: string, error: unknown) =>
  refused(
    runId,
    `its snapshot is not what getPersistedSnapshot gave (${messageOf(error)}); give it unchanged`,
  )

const refused = (runId: string, reason: string) =>
  new SagachartError('RUN_NOT_RESUMABLE', `Run ${runId} cannot be resumed: ${reason}`)
