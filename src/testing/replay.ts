// A schedule that was found once, kept in a file (`.seed.json`) and played again: as a test that a fault stays fixed. What it
// names must be there; a schedule that no longer fits is an error with its place, and never another schedule.
import { SagachartError } from '../errors.ts'
import type { Answer, Counterexample } from './answer.ts'
import { FAULT_KINDS, labelOf, mayBeFault, type Decide, type Schedule } from './choice.ts'
import { settingOf, type ExploreOptions } from './explore.ts'
import { playSchedule } from './schedule.ts'
import type { Played } from './setting.ts'
import type { Simulated } from './simulate.ts'
import { subjectOf, type Explorable } from './subject.ts'

/** What a `.seed.json` holds. */
export interface SeedFile {
  readonly format: 'sagachart.schedule/1'
  /** What was explored. */
  readonly name: string
  /** The rule or invariant that it broke when it was found. */
  readonly rule: string
  readonly message: string
  /** Events by name, in their order. */
  readonly schedule: Schedule
  /** What finds the same again by chance; `null` where it was not found so. */
  readonly replay: Counterexample['replay']
}

/** What is to be kept of an answer's counterexample; `null` where it has none. */
export function seedFileOf({ name, counterexample }: Answer): SeedFile | null {
  if (counterexample === null) return null
  const { rule, message, schedule, replay } = counterexample
  return { format: 'sagachart.schedule/1', name, rule, message, schedule, replay }
}

/**
 * Reads what a `.seed.json` holds.
 * @throws SCHEDULE_INVALID for a text that is none
 */
export function readSeedFile(text: string): SeedFile {
  const refuse = (found: string): never => {
    throw new SagachartError(
      'SCHEDULE_INVALID',
      `Expected a schedule that check has written ("format": "sagachart.schedule/1"), found ${found}; write it anew with check`,
    )
  }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return refuse('text that is no JSON')
  }
  if (typeof read !== 'object' || read === null) return refuse(JSON.stringify(read))
  const { format, schedule } = read as Partial<SeedFile>
  if (format !== 'sagachart.schedule/1') return refuse(`the format ${JSON.stringify(format)}`)
  if (!Array.isArray(schedule) || !schedule.every((each) => typeof each === 'string'))
    return refuse('a schedule that is no list of names')
  return read as SeedFile
}

/** Offers that a message lists. */
const OFFERS_SHOWN = 8

/**
 * Plays a schedule again. After its last fault all goes well, as far as it names something else that cannot happen any more.
 * @throws SCHEDULE_INVALID where an event up to its last fault cannot happen there any more
 */
export function replay(
  explored: Explorable,
  { schedule }: Pick<SeedFile, 'schedule'>,
  options: Pick<ExploreOptions, 'invariants' | 'inputs' | 'outputs' | 'operations'> = {},
): Simulated {
  const subject = subjectOf(explored, options.inputs ?? {}, options.operations === 'real', options.outputs)
  const setting = { ...settingOf({ ...options, kinds: FAULT_KINDS }, subject), faultsMax: schedule.length }
  const {
    broken,
    status,
    history,
    schedule: played,
    faults,
  }: Played = playSchedule(subject, setting, strictly(schedule))
  return { broken, status, history, schedule: played, faults }
}

function strictly(schedule: Schedule): Decide {
  const lastFault = schedule.findLastIndex(mayBeFault)
  let next = 0
  return (offers) => {
    if (next >= schedule.length) return 0
    const wanted = schedule[next]
    const place = offers.findIndex((offer) => labelOf(offer) === wanted)
    if (place >= 0) {
      next++
      return place
    }
    // What comes after the last fault is what the workflow makes of it, and a workflow that was mended makes something else.
    if (next > lastFault) {
      next = schedule.length
      return 0
    }
    const shown = offers.slice(0, OFFERS_SHOWN).map((offer) => `"${labelOf(offer)}"`)
    throw new SagachartError(
      'SCHEDULE_INVALID',
      `Event ${next + 1} of ${schedule.length} cannot happen: found "${wanted}", expected one of ${shown.join(', ')}; ` +
        `what was explored has changed since: explore it anew`,
    )
  }
}
