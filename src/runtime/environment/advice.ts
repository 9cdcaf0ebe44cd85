// What the handlers of a failure answer, on its way to the step that asks. Each may answer or not; the one of the highest
// priority counts, and nobody waits for those below it.
import type { BusContext } from '../../../machines/bus.ts'
import type { StepEvent, Verdict } from '../../../machines/protocol.ts'

interface Question {
  /** The step that asks. */
  readonly to: string
  readonly event: string
  /** Whoever is handed the event, the one of the highest priority first. */
  readonly advisers: readonly string[]
  readonly answers: Map<string, Verdict | null>
  offered: Verdict | null
}

/** The questions that are open in one root. */
export class Advice {
  private readonly tell: (to: string, event: StepEvent) => void
  /** By the event that is asked about. */
  private readonly open = new Map<string, Question>()
  /** By the step that asks: the event that it asks about. */
  private readonly asked = new Map<string, string>()

  constructor(tell: (to: string, event: StepEvent) => void) {
    this.tell = tell
  }

  /** @param order Subscriptions, the one of the highest priority first. */
  ask(event: string, to: string, bus: BusContext, order: readonly string[]): void {
    const advisers = order.filter((id) => isHanded(bus, id, event))
    const question: Question = { to, event, advisers, answers: new Map(), offered: null }
    this.open.set(event, question)
    this.asked.set(to, event)
    this.pass(question)
  }

  /** A handler has ended, with an answer or without. */
  answered(event: string, adviser: string, verdict: Verdict | null): void {
    const question = this.open.get(event)
    if (!question) return
    question.answers.set(adviser, verdict)
    this.pass(question)
  }

  /** The step asks no more. */
  forget(to: string): void {
    const event = this.asked.get(to)
    if (event !== undefined) this.open.delete(event)
    this.asked.delete(to)
  }

  private pass({ to, event, advisers, answers, ...question }: Question): void {
    const best = advisers.find((adviser) => (answers.get(adviser) ?? null) !== null)
    const verdict = best === undefined ? null : answers.get(best)!
    if (verdict !== null && verdict !== question.offered) this.tell(to, { type: 'verdict.offered', verdict })
    const undecided = advisers.slice(0, best === undefined ? undefined : advisers.indexOf(best))
    if (undecided.some((adviser) => !answers.has(adviser))) return
    this.open.delete(event)
    this.tell(to, { type: 'verdict.closed' })
  }
}

const isHanded = ({ underWay, subscriptions }: BusContext, id: string, event: string) =>
  underWay[id] === event ||
  subscriptions.some((other) => other.id === id && other.backlog.some((waiting) => waiting.id === event))
