// `expect(await explore(workflow)).toHold()`, for every runner whose `expect` can be extended: vitest, jest, and their like.
import type { Answer } from './answer.ts'
import { tell } from './told.ts'

/** What a runner's `expect.extend` takes of a matcher. */
export interface Matched {
  readonly pass: boolean
  message(): string
}

/** Whether an exploration found nothing; its message is the answer, with its counterexample. For `expect.extend({ toHold })`. */
export function toHold(received: unknown): Matched {
  if (!isAnswer(received)) {
    return {
      pass: false,
      message: () =>
        `toHold: expected what explore answers, found ${typeof received}; await explore(workflow)`,
    }
  }
  return { pass: received.outcome === 'holds', message: () => tell(received).join('\n') }
}

const isAnswer = (received: unknown): received is Answer =>
  typeof received === 'object' && received !== null && 'outcome' in received && 'schedules' in received
