// Finds a step by its address in the run, to cancel it: `load`, `outer/inner`, `scan[3]/fetch`, `scan[3]`.
import type { CancelStep } from './run-options.ts'
import type { Run } from './run.ts'

/** Cancels a step, or one iteration of it. */
export function cancelAt(run: Run, { step, force = false }: CancelStep): void {
  const place = locate(run, step)
  if (place?.iteration === null) {
    place.run.cancelStep(place.index, force)
    return
  }
  const iteration = place && insideOf(place)
  if (iteration) iteration.cancel(force)
  else run.session.log(run.path, `No step "${step}" is under way: nothing is cancelled`, null)
}

/** A step, or one iteration of it. */
interface Place {
  readonly run: Run
  readonly index: number
  readonly iteration: number | null
}

/** `null` where there is no such step, or what it is inside of is not under way. */
function locate(run: Run, address: string): Place | null {
  let at: Run | undefined = run
  const segments = address.split('/')
  const last = segments.pop()!
  for (const segment of segments) {
    const place: Place | null | undefined = at && placeOf(at, segment)
    if (!place) return null
    at = insideOf(place)
  }
  return at ? placeOf(at, last) : null
}

/** The run inside of a step, or of one iteration of it. */
const insideOf = ({ run, index, iteration }: Place) => run.steps.workOf(index)?.runInside?.(iteration)

function placeOf(run: Run, segment: string): Place | null {
  const [, name = '', number] = /^(.*?)(?:\[(\d+)\])?$/.exec(segment) ?? []
  const index = run.options.plan.indexOf.get(name)
  return index === undefined ? null : { run, index, iteration: number === undefined ? null : Number(number) }
}
