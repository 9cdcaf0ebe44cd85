// Explores a workflow: every schedule of up to so many faults where they are few enough, else as many as were asked for, drawn
// by chance. What breaks a rule is shrunk. Not here: what can happen (offers.ts), what must hold (checkers/).
import fc from 'fast-check'
import { SagachartError } from '../errors.ts'
import type { Answer, Counterexample } from './answer.ts'
import type { OutputOf } from './answers.ts'
import { WHOLE_RULES } from './checkers/index.ts'
import { FAULT_KINDS, USUAL_FAULTS, type FaultKind } from './choice.ts'
import { Coverage } from './coverage.ts'
import { Exhaustive } from './exhaustive.ts'
import type { UserInvariant } from './invariant.ts'
import { breaks, followScript, Scripts, smallerScripts, type Script } from './random.ts'
import type { Subject } from './changing-host.ts'
import { Playing, playSchedule } from './schedule.ts'
import type { Played, Setting } from './setting.ts'
import { subjectOf, type Explorable } from './subject.ts'

/** How to explore. */
export interface ExploreOptions {
  /** Faults in one schedule at most: 0 to 100. Default 2. */
  readonly faults?: number
  /** Kinds of faults. Default: `USUAL_FAULTS`, which is all but `lostTail`. */
  readonly kinds?: readonly FaultKind[]
  /** Schedules drawn by chance where not all can be explored. Default 1,000; 0: explores as far as memory allows. */
  readonly runs?: number
  /** Milliseconds after which it ends, whatever is left. Default: none. */
  readonly timeMs?: number
  /** Which schedules are drawn. An integer. Default 1. */
  readonly seed?: number
  /** With `seed`, the one schedule that an answer's counterexample names. */
  readonly path?: string
  /** Situations and open choices that are kept, at about 100 bytes each; beyond it schedules are drawn. Default 20,000; 0: all are drawn. */
  readonly statesMax?: number
  /** Beside the rules that are always checked. */
  readonly invariants?: readonly UserInvariant[]
  readonly inputs?: Readonly<Record<string, unknown>>
  /**
   * What operations answer, by the step's address, such as `pay` or `outer/pay`; or a function. Default: the
   * example that the operation's module gives, else `null`.
   */
  readonly outputs?: Readonly<Record<string, unknown>> | OutputOf
  /** `real`: operations are executed; they must answer at once, and depend on nothing but what they are given. Default `stubbed`. */
  readonly operations?: 'stubbed' | 'real'
  /** Events in one schedule, beyond which it counts as one that never ends. Default 10,000. */
  readonly eventsMax?: number
  /** Told from time to time. */
  readonly onProgress?: (progress: Progress) => void
  /** Ends it early. */
  readonly signal?: AbortSignal
}

/** How far an exploration is. */
export interface Progress {
  readonly schedules: number
  readonly states: number
  readonly mode: 'exhaustive' | 'random' | 'shrinking'
}

const DEFAULTS = { faults: 2, runs: 1_000, seed: 1, statesMax: 20_000 } as const

const EVENTS_MAX = 10_000

/** Schedules that are drawn of one seed: the answer for a seed does not depend on the clock. */
const BATCH = 50

/** Milliseconds between two looks at whoever else wants a turn. */
const TURN_MS = 50

/** Milliseconds that making a schedule smaller may take, also where the time is over. */
const SHRINK_MS_MIN = 2_000

/** Places of steps that are counted. */
const DIGESTS_MAX = 1_000_000

/** Schedules that are played to make one smaller. */
const SHRINKS_MAX = 2_000

/** Schedules by chance whose states of charts are noted: inspection costs more than all the rest. */
const INSPECTED_MAX = 300

/**
 * Explores what can happen to a workflow, and checks that its recovery holds. It ends with the first schedule that breaks a
 * rule, made as small as it can.
 * @throws INPUT_INVALID where the workflow needs inputs that are not given
 * @throws WORKFLOW_INVALID for what is no workflow of this library
 * @throws WORKFLOW_TOO_LARGE beyond 2,000 steps
 * @throws STEP_UNKNOWN where `outputs` names a step that there is not
 * @throws RangeError for an option that is out of its range
 */
export async function explore(explored: Explorable, options: ExploreOptions = {}): Promise<Answer> {
  const exploration = new Exploration(explored, options)
  return await exploration.run()
}

/** What a user's options come to for one schedule. */
export function settingOf(options: ExploreOptions, { rules }: Pick<Subject, 'rules'>): Setting {
  const { faults = DEFAULTS.faults, kinds = USUAL_FAULTS, outputs = {}, invariants = [] } = options
  inRange('faults', faults, 0, 100)
  for (const kind of kinds)
    if (!FAULT_KINDS.includes(kind))
      throw new RangeError(`kinds: expected some of ${FAULT_KINDS.join(', ')}, found ${kind}`)
  inRange('runs', options.runs ?? 0, 0, 1e9)
  inRange('eventsMax', options.eventsMax ?? EVENTS_MAX, 1, 1e9)
  inRange('statesMax', options.statesMax ?? 0, 0, 1e8)
  inRange('seed', options.seed ?? 0, -0x8000_0000, 0xffff_ffff)
  const given: OutputOf =
    typeof outputs === 'function'
      ? outputs
      : (step) => (Object.hasOwn(outputs, step) ? outputs[step] : undefined)
  return {
    kinds: new Set(kinds),
    faultsMax: faults,
    seed: 1,
    outputOf: given,
    isReal: options.operations === 'real',
    rules,
    invariants,
    inspect: null,
    eventsMax: options.eventsMax ?? EVENTS_MAX,
  }
}

function inRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name}: expected an integer from ${min} to ${max}, found ${value}`)
}

class Exploration {
  private readonly subject: Subject
  private readonly setting: Setting
  private readonly options: ExploreOptions
  private readonly coverage = new Coverage()
  private readonly endings: Record<string, number> = {}
  private readonly survived: Partial<Record<FaultKind, number>> = {}
  private readonly digests = new Set<number>()
  private readonly startedAt = performance.now()
  /** When its time is over. */
  private readonly endsAt: number
  private schedules = 0
  private states = 0
  private stopped: Answer['stopped'] = null

  constructor(explored: Explorable, options: ExploreOptions) {
    this.subject = subjectOf(explored, options.inputs ?? {}, options.operations === 'real', options.outputs)
    this.setting = settingOf(options, this.subject)
    this.options = options
    this.endsAt = this.startedAt + (options.timeMs ?? Infinity)
  }

  async run(): Promise<Answer> {
    const { statesMax = DEFAULTS.statesMax, path } = this.options
    const isDrawn = statesMax === 0 || path !== undefined
    let found = isDrawn ? null : await this.exhaust(statesMax)
    const isComplete = !isDrawn && found === null && this.stopped === null
    if (found === null && (isDrawn || this.stopped === 'memory')) {
      this.stopped = null
      found = await this.draw()
    }
    return this.answer(found, isComplete)
  }

  /** Explores all there is, as far as memory and half of the time allow. */
  private async exhaust(statesMax: number): Promise<Counterexample | null> {
    const { subject, setting, options } = this
    const { timeMs = Infinity } = options
    const isMerged = setting.invariants.length === 0 && options.outputs === undefined && !setting.isReal
    const inspected = { ...setting, inspect: this.coverage.inspect }
    const exhaustive = new Exhaustive(subject, inspected, isMerged)
    while (!exhaustive.isComplete) {
      for (const until = performance.now() + TURN_MS; performance.now() < until;) {
        const played = exhaustive.next()
        if (!played) break
        this.count(played)
        this.states = exhaustive.met.size
        if (played.broken) return await this.shrunk(played, null)
        if (exhaustive.size > statesMax) {
          this.stopped = 'memory'
          return null
        }
      }
      if (await this.mustStop('exhaustive')) return null
      if (performance.now() - this.startedAt > timeMs / 2) {
        this.stopped = 'memory'
        return null
      }
    }
    return null
  }

  /** Draws schedules, in batches of one seed each: a batch is one check of fast-check's. */
  private async draw(): Promise<Counterexample | null> {
    const { runs = DEFAULTS.runs, seed = DEFAULTS.seed, path } = this.options
    for (let drawn = 0, batch = 0; runs === 0 || drawn < runs; drawn += BATCH, batch++) {
      const numRuns = runs === 0 ? BATCH : Math.min(BATCH, runs - drawn)
      const found = this.check(seed + batch, numRuns, path)
      if (found) return found
      if (path !== undefined) return null
      if (await this.mustStop('random')) return null
    }
    this.stopped = 'runs'
    return null
  }

  private check(seed: number, numRuns: number, path: string | undefined): Counterexample | null {
    let shrinks = 0
    const scripts = new Scripts((script) => this.playScript(script))
    const property = fc.property(scripts, (script) => {
      const played = this.playScript(script)
      const isFirst = script.names === null
      if (isFirst) this.count(played)
      const isBroken = breaks(played, script)
      if (isBroken && !isFirst) shrinks++
      return !isBroken
    })
    const leftMs = Math.max(1, this.endsAt - performance.now())
    const limit = leftMs === Infinity ? {} : { interruptAfterTimeLimit: leftMs }
    const details = fc.check(property, { seed, numRuns, ...limit, ...(path !== undefined && { path }) })
    if (!details.failed || details.counterexample === null) return null
    const replay = { seed: details.seed, path: details.counterexamplePath ?? '' }
    return counterexampleOf(this.playScript(details.counterexample[0]), this.setting, shrinks, replay)
  }

  private playScript(script: Script): Played {
    const isInspected = this.schedules < INSPECTED_MAX
    const setting = isInspected ? { ...this.setting, inspect: this.coverage.inspect } : this.setting
    const follow = followScript(script)
    const playing: Playing = new Playing(this.subject, setting, (offers) => {
      if (this.digests.size < DIGESTS_MAX) this.digests.add(playing.digest)
      return follow(offers)
    })
    return playing.play()
  }

  /** Makes a schedule smaller as long as it still breaks a rule. */
  private async shrunk(played: Played, replay: Counterexample['replay']): Promise<Counterexample> {
    let smallest = played
    let shrinks = 0
    let tries = 0
    const until = Math.max(this.endsAt, performance.now() + SHRINK_MS_MIN)
    for (let isSmaller = true; isSmaller && tries < SHRINKS_MAX && performance.now() < until;) {
      isSmaller = false
      for (const script of smallerScripts(smallest)) {
        if (++tries > SHRINKS_MAX || performance.now() > until) break
        const tried = playSchedule(this.subject, this.setting, followScript(script))
        if (!breaks(tried, script)) continue
        smallest = tried
        shrinks++
        isSmaller = true
        break
      }
      await this.mustStop('shrinking')
    }
    return counterexampleOf(smallest, this.setting, shrinks, replay)
  }

  private count({ broken, status, faults, isWhole }: Played): void {
    this.schedules++
    if (broken !== null) return
    const ending = status ?? 'error'
    if (isWhole) this.endings[ending] = (this.endings[ending] ?? 0) + 1
    for (const kind of faults) this.survived[kind] = (this.survived[kind] ?? 0) + 1
  }

  /** Lets others have their turn; whether there is no more time. */
  private async mustStop(mode: Progress['mode']): Promise<boolean> {
    const { signal, onProgress } = this.options
    if (this.states === 0 || mode === 'random') this.states = Math.max(this.states, this.digests.size)
    onProgress?.({ schedules: this.schedules, states: this.states, mode })
    await new Promise((resolve) => setTimeout(resolve))
    if (signal?.aborted) this.stopped = 'aborted'
    else if (performance.now() > this.endsAt) this.stopped = 'time'
    else return false
    return true
  }

  private answer(counterexample: Counterexample | null, isComplete: boolean): Answer {
    const { setting, options, schedules, endings, coverage, stopped } = this
    return {
      name: this.subject.name,
      outcome: counterexample ? 'violated' : 'holds',
      isComplete,
      faultsMax: setting.faultsMax,
      schedules,
      states: isComplete ? this.states : Math.max(this.states, this.digests.size),
      endings,
      faultsSurvived: this.survived,
      charts: coverage.charts,
      rules: [...setting.rules, ...setting.invariants]
        .map(({ name }) => name)
        .concat(Object.keys(WHOLE_RULES)),
      seed: options.seed ?? DEFAULTS.seed,
      tookMs: Math.round(performance.now() - this.startedAt),
      stopped,
      counterexample,
    }
  }
}

/** A schedule that breaks a rule, told. */
function counterexampleOf(
  { broken, schedule, faults, history }: Played,
  { rules }: Setting,
  shrinks: number,
  replay: Counterexample['replay'],
): Counterexample {
  if (broken === null)
    throw new SagachartError('INTERNAL', 'A schedule broke a rule, and does not when it is played again')
  const { rule, message } = broken
  const own = rules.find(({ name }) => name === rule)?.description
  const description = own ?? (WHOLE_RULES as Record<string, string>)[rule] ?? ''
  return { rule, description, message, schedule, faults, history, shrinks, replay }
}
