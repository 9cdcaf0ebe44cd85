// The random chooser: schedules drawn by fast-check, which shrinks what it finds and finds it again by seed and path.
// A script that shrank is a list of names; what no longer fits is passed over, and the rest is what happens when all goes well.
import fc from 'fast-check'
import { randomChooser } from '../hosts/simulation.ts'
import { labelOf, mayBeFault, type Choice, type Decide, type Schedule } from './choice.ts'
import type { Played } from './setting.ts'

/** Of 100 events, so many are faults where there may be any. */
const FAULTS_IN_100 = 12
/** Of 100 events that are no fault, so many are what happens when all goes well. */
const PLAIN_IN_100 = 65

/** A schedule that is not played yet. */
export interface Script {
  /** `null`: drawn by chance. */
  readonly names: Schedule | null
  readonly seed: number
  /** What a schedule must be smaller than to count as a simpler one. */
  readonly below: number
  /** The rule that it must break then; `null`: any. */
  readonly rule: string | null
}

/** Follows a script. */
export function followScript({ names, seed }: Script): Decide {
  return names === null ? byChance(seed) : alongNames(names)
}

function byChance(seed: number): Decide {
  const chance = randomChooser(seed)
  return (offers) => {
    let faults = 0
    for (const { fault } of offers) if (fault !== null) faults++
    const free = offers.length - faults
    if (faults > 0 && (free === 0 || chance(100) < FAULTS_IN_100)) return nth(offers, true, chance(faults))
    return free === 1 || chance(100) < PLAIN_IN_100 ? 0 : nth(offers, false, chance(free))
  }
}

/** The place of the nth offer that is a fault, or that is none. */
function nth(offers: readonly Choice[], isFault: boolean, wanted: number): number {
  let left = wanted
  for (let at = 0; at < offers.length; at++)
    if ((offers[at]!.fault !== null) === isFault && left-- === 0) return at
  return 0
}

function alongNames(names: Schedule): Decide {
  let next = 0
  return (offers) => {
    if (next >= names.length) return 0
    const places = new Map(offers.map((offer, at) => [labelOf(offer), at]))
    for (let at = next; at < names.length; at++) {
      const place = places.get(names[at]!)
      if (place === undefined) continue
      next = at + 1
      return place
    }
    return 0
  }
}

/** How far a schedule is from nothing at all: its faults count most, then its events. */
const sizeOf = ({ faults, schedule }: Pick<Played, 'faults' | 'schedule'>) =>
  faults.length * 1_000_000 + schedule.length

/** Whether what a script came to breaks a rule, and is simpler than what it was made of. */
export const breaks = (played: Played, { below, rule }: Script) =>
  played.broken !== null && (rule === null || played.broken.rule === rule) && sizeOf(played) < below

/** Scripts that are smaller than a schedule, the boldest first. */
export function* smallerScripts(played: Played): Iterable<Script> {
  const { schedule } = played
  const below = sizeOf(played)
  const rule = played.broken?.rule ?? null
  const script = (names: Schedule): Script => ({ names, seed: 0, below, rule })
  for (let kept = 0; kept < schedule.length; kept = kept === 0 ? 1 : kept * 2)
    yield script(schedule.slice(0, kept))
  const places = schedule.map((_, at) => at)
  for (const at of places) if (mayBeFault(schedule[at]!)) yield script(schedule.toSpliced(at, 1))
  for (const width of [8, 4, 2, 1])
    for (const at of places) if (at % width === 0) yield script(schedule.toSpliced(at, width))
}

/**
 * Scripts for fast-check. What a script comes to is known only once it is played, so shrinking plays it, by `play`.
 */
export class Scripts extends fc.Arbitrary<Script> {
  private readonly play: (script: Script) => Played

  constructor(play: (script: Script) => Played) {
    super()
    this.play = play
  }

  override generate(random: fc.Random): fc.Value<Script> {
    const seed = random.nextInt(0, 0x7fff_ffff)
    return new fc.Value<Script>({ names: null, seed, below: Infinity, rule: null }, undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is Script {
    return typeof value === 'object' && value !== null && 'names' in value
  }

  override shrink(script: Script): fc.Stream<fc.Value<Script>> {
    const smaller = function* (play: (script: Script) => Played): IterableIterator<fc.Value<Script>> {
      for (const each of smallerScripts(play(script))) yield new fc.Value(each, undefined)
    }
    return new fc.Stream(smaller(this.play))
  }
}
