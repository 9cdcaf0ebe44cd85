// What an attempt of a control step does in place of an operation. Its chart is the same as any step's: it hears that the
// attempt succeeded or failed, from here. Invariant: an attempt is answered once, whatever is under way in it.
import type { ActorRef } from '../charts/actors.ts'
import type { Failure, Verdict } from '../../../machines/protocol.ts'
import type { WorkflowMachineOutput } from '../../../machines/workflow.ts'
import type { ControlDefinition } from '../../definition/model.ts'
import { toFailure } from '../execute/failure.ts'
import type { Settlement } from '../port/events.ts'
import { toJson } from '../../definition/json-copy.ts'
import type { Effect } from '../port/host.ts'
import type { Run } from '../run/run.ts'
import type { Capturing } from '../state/notes.ts'
import type { WorkAt } from '../state/run-at.ts'
import { tell } from '../charts/tell.ts'

const CANCELLED: Failure = { code: 'RUN_CANCELLED', message: 'The step was cancelled' }

/** What is under way inside of a step. */
export interface Work {
  /** Ends it in order; it still answers. A second time, with `force`, it waits for nothing. */
  stop(force: boolean): void
  /** The attempt has ended, by whatever ended it first. */
  attemptEnded?(): void
  /** The end is not orderly: nobody waits for an answer. */
  abandon(stop: (child: ActorRef) => void): void
  /** Says, for a user's function that is asked, what it is asked about: its filter, its condition. */
  answer?(): boolean
  /** What a user's function decided. */
  decided?(value: unknown, failure?: Failure): void
  /** Where it is, as data. */
  capture(notes: Capturing): WorkAt
  /** A run inside of it, by the number of its iteration; `null` for one that is not iterated. */
  runInside?(iteration: number | null): Run | undefined
}

/** One attempt of a control step. */
export interface Attempt {
  readonly run: Run
  /** The step's place in its plan. */
  readonly index: number
  readonly attempt: number
  /** The step's own actor. */
  readonly actor: ActorRef
}

/** The attempt has succeeded. */
export function succeed({ run, actor, attempt }: Attempt, output: unknown): void {
  answer(run, actor, { type: 'attempt.succeeded', attempt, output })
}

/** The attempt has failed, with a verdict of its own where there is nothing left to decide. */
export function fail({ run, actor, attempt }: Attempt, failure: Failure, verdict?: Verdict | null): void {
  answer(run, actor, { type: 'attempt.failed', attempt, failure, ...(verdict && { verdict }) })
}

/** The attempt was cancelled, or something inside of it was. */
export function cancel({ run, actor, attempt }: Attempt): void {
  answer(run, actor, { type: 'attempt.failed', attempt, failure: CANCELLED, cancelled: true })
}

/** The attempt has failed because of what was thrown. */
export function failBy(attempt: Attempt, error: unknown): void {
  fail(attempt, notComputable(error))
}

/** What was thrown where something was computed: trying again gives the same. */
export const notComputable = (error: unknown): Failure => ({
  ...toFailure(error, 'EXPRESSION_FAILED'),
  retryable: false,
})

function answer(run: Run, actor: ActorRef, event: Settlement): void {
  tell(run.self, actor, event)
}

/** Answers with what a value computes to. */
export function succeedWith(attempt: Attempt, compute: () => unknown): void {
  let output: unknown
  try {
    output = toJson(compute())
  } catch (error) {
    failBy(attempt, error)
    return
  }
  succeed(attempt, output)
}

/** What a run inside says of its end, as a failure; `null` where it completed. */
export const failureOf = ({ cause, failure }: WorkflowMachineOutput): Failure | null =>
  cause === 'completed' ? null : (failure ?? CANCELLED)

/** Asks a user's function about the step; the answer comes as `decided`. */
export function ask({ run, index }: Attempt, question: 'branch' | 'items' | 'again' | 'filter'): Effect {
  const { name: step } = run.stepAt(index)
  const effect = { kind: 'decision', to: run.path, run: run.path, step, question } as const
  run.session.perform(effect)
  return effect
}

/** Takes a question back. */
export function takeBack({ run: { session } }: Attempt, question: Effect | null): void {
  if (!question) return
  session.abort(question)
  session.abandon(question)
}

/** A step's control, of one kind. */
export type ControlOf<TKind extends ControlDefinition['kind']> = Extract<
  ControlDefinition,
  { readonly kind: TKind }
>
