// `import 'sagachart/testing/vitest'`: teaches the `expect` of vitest to say `toHold`. Everything else is in index.ts, which needs
// no runner.
import { expect } from 'vitest'
import { toHold } from './matcher.ts'

declare module 'vitest' {
  // The name and the parameters are vitest's own.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** That an exploration found nothing: `expect(await explore(workflow)).toHold()`. */
    toHold(): R
  }
}

expect.extend({ toHold })
