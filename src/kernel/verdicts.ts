// The polls among a failure's handlers. Each handler may answer or not; that of the highest priority counts, and nobody waits for
// those below it. Plain data, which these functions change in place. Invariant: a step is offered a verdict only where it is
// another than the last, and the end of its poll once.
import type { Verdict } from '../../machines/protocol.ts'

/** A question about one event. */
interface Poll {
  /** The address of the step that asks. */
  readonly to: string
  /** Whoever is handed the event, the one of the highest priority first. */
  readonly advisers: readonly string[]
  readonly answers: Map<string, Verdict | null>
  offered: Verdict | null
}

/** The polls that are open in one root. */
export interface PollsState {
  /** By the event that is asked about. */
  readonly open: Map<string, Poll>
  /** By the step that asks: the event that it asks about. */
  readonly asked: Map<string, string>
}

/** What a step is to hear of its poll. */
export interface PollNews {
  readonly to: string
  readonly event:
    { readonly type: 'verdict.offered'; readonly verdict: Verdict } | { readonly type: 'verdict.closed' }
}

/** No poll is open. */
export const noPolls = (): PollsState => ({ open: new Map(), asked: new Map() })

/** A step asks about an event. @param advisers Those that are handed it, the one of the highest priority first. */
export function openPoll(
  { open, asked }: PollsState,
  event: string,
  to: string,
  advisers: readonly string[],
): readonly PollNews[] {
  const poll: Poll = { to, advisers, answers: new Map(), offered: null }
  open.set(event, poll)
  asked.set(to, event)
  return news(open, event, poll)
}

/** A handler of an event has ended, with an answer or without. */
export function answerPoll(
  { open }: PollsState,
  event: string,
  adviser: string,
  verdict: Verdict | null,
): readonly PollNews[] {
  const poll = open.get(event)
  if (!poll) return []
  poll.answers.set(adviser, verdict)
  return news(open, event, poll)
}

/** A step asks no more. */
export function closePoll({ open, asked }: PollsState, to: string): void {
  const event = asked.get(to)
  if (event !== undefined) open.delete(event)
  asked.delete(to)
}

function news(open: PollsState['open'], event: string, poll: Poll): readonly PollNews[] {
  const { to, advisers, answers, offered } = poll
  const told: PollNews[] = []
  const best = advisers.findIndex((adviser) => (answers.get(adviser) ?? null) !== null)
  const verdict = best < 0 ? null : answers.get(advisers[best]!)!
  if (verdict !== null && verdict !== offered) told.push({ to, event: { type: 'verdict.offered', verdict } })
  poll.offered = verdict
  const undecided = best < 0 ? advisers : advisers.slice(0, best)
  if (undecided.some((adviser) => !answers.has(adviser))) return told
  open.delete(event)
  told.push({ to, event: { type: 'verdict.closed' } })
  return told
}
