// Steps that fail in as many ways as there are answers.
import { setTimeout as pause } from 'node:timers/promises'
import type { OperationContext } from 'sagachart'

const failure = (name: string) => Object.assign(new Error(`a ${name.toLowerCase()} failure`), { name })

export default {
  prepare: (): string => 'prepared',
  unprepare: (): void => console.log('prepared no more'),
  /** Works at the second attempt. */
  flaky(_: unknown, { attempt }: OperationContext): string {
    if (attempt === 1) throw failure('Flaky')
    return 'at last'
  },
  fail({ as }: { readonly as: string }): never {
    throw failure(as)
  },
  /** Holds what others wait for. */
  async hold(): Promise<void> {
    await pause(50)
  },
}
