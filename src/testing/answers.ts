// What stands in for the answers of the outside: the outputs of operations, and whatever a user's function or an expression
// cannot decide from them. Where nothing says how it goes, both ways are offered. Not here: whether an attempt succeeds.
import type { AttemptTarget, Effect, Outcome } from '../runtime/port/host.ts'
import type { Life, Pending } from './world.ts'

/** What an operation answers: a value for each step, or a function of the effect. */
export type OutputOf = (step: string, target: AttemptTarget) => unknown

/** One way in which something is decided. */
export interface Answer {
  readonly label: string
  readonly outcome: Outcome
}

type Decision = Extract<Effect, { kind: 'decision' }>

/** How often a loop whose condition cannot be computed is offered to go on. */
const AGAIN_MAX = 2

/** The answers of one schedule. */
export class Answers {
  private readonly outputOf: OutputOf
  private readonly isReal: boolean
  private readonly decided = new WeakMap<Pending, readonly Answer[]>()
  /** Loops that were told to go on, by address. */
  private readonly again = new Map<string, number>()

  /** @param isReal Operations are executed, instead of answering with their output. */
  constructor(outputOf: OutputOf, isReal: boolean) {
    this.outputOf = outputOf
    this.isReal = isReal
  }

  /** What an effect comes to where all goes well. */
  successOf(life: Life, effect: Effect, step: string, example: unknown): Outcome {
    if (effect.kind !== 'attempt')
      return this.isReal ? life.execute(effect) : { status: 'succeeded', value: undefined }
    return this.isReal
      ? life.execute(effect)
      : { status: 'succeeded', value: this.outputOf(step, effect.target) ?? example ?? null }
  }

  /**
   * What can be decided: what the function says, or every way where it says nothing.
   * @param branches How many there are to choose from, that of `else` included.
   */
  decisionsOf(life: Life, effect: Decision, pending: Pending, branches: number): readonly Answer[] {
    const known = this.decided.get(pending)
    if (known) return known
    const said = life.execute(effect)
    const isSaid = said.status === 'succeeded' && said.value !== null && said.value !== undefined
    const answers = isSaid
      ? [{ label: effect.question, outcome: said }]
      : this.everyWay(effect, branches).map((value): Answer => ({
          label: `${effect.question}=${JSON.stringify(value)}`,
          outcome: { status: 'succeeded', value },
        }))
    this.decided.set(pending, answers)
    return answers
  }

  /** Every way in which a question may be answered, the plainest first. */
  private everyWay({ question, to }: Decision, branches: number): readonly unknown[] {
    if (question === 'items') return [[null], [], [null, null]]
    if (question === 'branch') return Array.from({ length: branches }, (_, branch) => branch)
    if (question !== 'again') return [true, false]
    const times = (this.again.get(to) ?? 0) + 1
    this.again.set(to, times)
    return times > AGAIN_MAX ? [false] : [false, true]
  }
}
