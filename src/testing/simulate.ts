// One run, played in virtual time with the faults that a test asks for; all else goes well. Every rule watches, as it does in an
// exploration.
import { SagachartError } from '../errors.ts'
import { FAULT_KINDS, type Decide, type FaultKind, type Schedule } from './choice.ts'
import { settingOf, type ExploreOptions } from './explore.ts'
import type { Fault } from './fault.ts'
import type { History } from './history.ts'
import { Playing } from './schedule.ts'
import type { Broken } from './setting.ts'
import { subjectOf, type Explorable } from './subject.ts'

/** How to simulate. */
export interface SimulateOptions extends Pick<
  ExploreOptions,
  'invariants' | 'inputs' | 'outputs' | 'operations'
> {
  /** Each strikes at its first opportunity. Default: none. */
  readonly faults?: readonly Fault[]
}

/** What one run came to. */
export interface Simulated {
  readonly status: string | null
  /** The rule or invariant that was broken; `null`: all hold. */
  readonly broken: Broken | null
  readonly history: History
  readonly schedule: Schedule
  readonly faults: readonly FaultKind[]
}

/** Faults of one run. */
const FAULTS_MAX = 1_000

/**
 * Plays one run to its end, with faults.
 * @throws SCHEDULE_INVALID where a fault had no opportunity to strike
 * @throws INPUT_INVALID where the workflow needs inputs that are not given
 */
export function simulate(explored: Explorable, { faults = [], ...options }: SimulateOptions = {}): Simulated {
  const subject = subjectOf(explored, options.inputs ?? {}, options.operations === 'real', options.outputs)
  const setting = { ...settingOf({ ...options, kinds: FAULT_KINDS }, subject), faultsMax: FAULTS_MAX }
  const left = new Map(faults.map((fault) => [fault, fault.times]))
  const decide: Decide = (offers) => {
    for (const [fault, times] of left) {
      if (times === 0 || !hasBegun(playing.past, fault.after)) continue
      const place = offers.findIndex((offer) => fault.matches(offer))
      if (place < 0) continue
      left.set(fault, times - 1)
      return place
    }
    const isSilenced = (place: number) =>
      [...left].some(([fault, times]) => times > 0 && fault.silences?.(offers[place]!))
    const isPlain = (place: number) => offers[place]!.fault === null || offers[place]!.act === 'tick'
    const plain = offers.findIndex((_, place) => isPlain(place) && !isSilenced(place))
    return Math.max(plain, 0)
  }
  const playing = new Playing(subject, setting, decide)
  const { broken, status, history, schedule, faults: struck } = playing.play()
  const unused = [...left].find(([, times]) => times > 0)
  if (unused && broken === null) {
    const [{ name }] = unused
    throw new SagachartError(
      'SCHEDULE_INVALID',
      `The fault "${name}" never struck: expected an opportunity, found none in ${schedule.length} events; ` +
        `name a step, an attempt and a limit that there are`,
    )
  }
  return { status, broken, history, schedule, faults: struck }
}

const hasBegun = (history: History, step: string | null) =>
  step === null || history.some((moment) => moment.kind === 'attempt.started' && moment.step === step)
