// Which work an attempt of a control step is.
import type { ControlDefinition } from '../../definition/model.ts'
import type { Reviving } from '../state/notes.ts'
import type { UndoingAt, WorkAt } from '../state/run-at.ts'
import { Branch } from './branch.ts'
import { Loop } from './loop.ts'
import { Wait } from './wait.ts'
import type { Attempt, ControlOf, Work } from './work.ts'

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

/** Takes up an attempt of a control step that was under way in an earlier life. */
export function reviveWork(attempt: Attempt, at: Exclude<WorkAt, UndoingAt>, notes: Reviving): Work {
  const { control } = attempt.run.stepAt(attempt.index)
  switch (at.kind) {
    case 'loop':
      return new Loop(attempt, control as ControlOf<'iterative'>, at).revive(at, notes)
    case 'wait':
      return new Wait(attempt, control as ControlOf<'wait'>, at).revive(at, notes)
    case 'branch':
      return new Branch(attempt, control as Branch['control'], at).revive(at, notes)
  }
}
