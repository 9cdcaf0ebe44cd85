// Which work an attempt of a control step is.
import type { ControlDefinition } from '../../definition/model.ts'
import { Branch } from './branch.ts'
import { Loop } from './loop.ts'
import { Wait } from './wait.ts'
import type { Attempt, Work } from './work.ts'

/** Starts an attempt of a control step; its answer comes later. */
export function startWork(attempt: Attempt, control: ControlDefinition): Work {
  switch (control.kind) {
    case 'iterative':
      return new Loop(attempt, control)
    case 'wait':
      return new Wait(attempt, control)
    default:
      return new Branch(attempt, control)
  }
}
