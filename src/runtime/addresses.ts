// Finds a step that is under way by its address in the run: `load`, `outer/inner`, `scan[3]/fetch`, `scan[3]`.
import type { Run } from './run.ts'

/** A step, or one iteration of it. */
export interface Place {
  readonly run: Run
  readonly index: number
  readonly iteration: number | null
}

/** `null` where there is no such step, or what it is inside of is not under way. */
export function locate(run: Run, address: string): Place | null {
  let at: Run | undefined = run
  const segments = address.split('/')
  const last = segments.pop()!
  for (const segment of segments) {
    const place: Place | null | undefined = at && placeOf(at, segment)
    if (!place) return null
    at = place.run.steps.workOf(place.index)?.runInside?.(place.iteration)
  }
  return at ? placeOf(at, last) : null
}

function placeOf(run: Run, segment: string): Place | null {
  const [, name = '', number] = /^(.*?)(?:\[(\d+)\])?$/.exec(segment) ?? []
  const index = run.options.plan.indexOf.get(name)
  return index === undefined ? null : { run, index, iteration: number === undefined ? null : Number(number) }
}
