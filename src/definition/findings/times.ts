// ENDLESS_PATH: ways through the steps that can't end within the limits. It reckons with the best: operations take no time,
// events come at once, delays are drawn as short as they can be, nothing fails. What takes longer than its limit even then
// takes longer always; timing.ts, which warns at load, reckons with the worst.
import type { BackoffPolicy } from '../../../machines/protocol.ts'
import { durationText } from '../duration.ts'
import type { ControlDefinition, StepDefinition } from '../model.ts'
import { NOTHING_KNOWN, possible } from './conditions.ts'
import { mayLack } from './lack.ts'
import { isEndless } from './reach.ts'
import type { Reach } from './reach.ts'
import { dependenciesOf } from './survey.ts'
import type { RunOfSteps, StepList, Survey } from './survey.ts'
import type { Found, Report } from './telling.ts'
import { lastVerdict } from './verdicts.ts'

/** What is left of a limit, and whose it is. */
interface Room {
  /** Milliseconds; `Infinity` where there is no limit. */
  readonly ms: number
  readonly of: string
}

const NOT_IN_TIME = "where nothing fails, it can't end in time"

const NO_LIMIT: Room = { ms: Infinity, of: '' }

/** Delays that are added up one by one; after so many they grow no more that matters. */
const DELAYS_MAX = 1000

/** Reports what can't end in time. Linear in steps and dependencies. */
export function findEndlessPaths(survey: Survey, reach: Reach, report: Report): void {
  const least = new LeastTimes(survey, reach)
  for (const run of survey.runs.toReversed()) least.learn(run)
  const search = new TimeSearch(survey, reach, least, report)
  const { integration } = survey
  let before = 0
  for (const workflow of integration?.workflows ?? []) {
    const run = survey.runOf.get(workflow)!
    search.enlarge(run, {
      ms: (integration!.timeoutMs ?? Infinity) - before,
      of: integrationText(integration!.timeoutMs, before),
    })
    if (integration!.maxConcurrentWorkflows === 1) before += least.ofRun(run)
  }
  if (!integration) for (const run of survey.runs) if (run.isStarted) search.enlarge(run, NO_LIMIT)
  for (const run of survey.runs) search.judge(run)
}

function integrationText(limit: number | null, before: number): string {
  if (limit === null) return ''
  const said = `the integration's limit of ${durationText(limit)}`
  return before === 0 ? said : `${said}, of which the workflows before it take ${durationText(before)}`
}

/** The least time that things take, worked out from the inside out. */
class LeastTimes {
  readonly #survey: Survey
  readonly #reach: Reach
  readonly #durations = new Map<StepList, Float64Array>()
  readonly #starts = new Map<StepList, Float64Array>()
  readonly #totals = new Map<StepList, number>()

  constructor(survey: Survey, reach: Reach) {
    this.#survey = survey
    this.#reach = reach
  }

  /** Of a step that runs. */
  ofStep(list: StepList, index: number): number {
    return this.#durations.get(list)![index]!
  }

  /** From the start of its list, until a step that runs can start. */
  until(list: StepList, index: number): number {
    return this.#starts.get(list)![index]!
  }

  /** Of a list, whatever its limits. */
  ofList(list: StepList): number {
    return this.#totals.get(list)!
  }

  /** Of a whole run, which its limit ends. */
  ofRun(run: RunOfSteps): number {
    return Math.min(this.ofList(run.top), run.workflow.timeoutMs ?? Infinity)
  }

  /** Works a run out whose callees are known. */
  learn({ lists }: RunOfSteps): void {
    for (const list of lists.toReversed()) this.#learnList(list)
  }

  #learnList(list: StepList): void {
    const durations = new Float64Array(list.steps.length)
    const starts = new Float64Array(list.steps.length)
    const ends = new Float64Array(list.steps.length)
    let last = 0
    let sum = 0
    for (const index of list.order) {
      for (const on of dependenciesOf(list, index)) starts[index] = Math.max(starts[index]!, ends[on]!)
      durations[index] = this.#durationOf(list, index)
      const certain = this.#reach.runs(list, index) && isCertain(list, index) ? durations[index] : 0
      ends[index] = starts[index]! + certain
      last = Math.max(last, ends[index])
      sum += certain
    }
    this.#durations.set(list, durations)
    this.#starts.set(list, starts)
    const { outer } = list
    const control = outer?.list.steps[outer.index]!.control
    const { parallel } = list.plan.workflow
    if (control?.kind === 'parallel' && control.waitFor !== 'all')
      this.#totals.set(list, ends.toSorted()[control.waitFor - 1] ?? 0)
    else this.#totals.set(list, parallel ? last : sum)
  }

  #durationOf(list: StepList, index: number): number {
    const { control, timeoutMs } = list.steps[index]!
    if (control === null) return 0
    return Math.min(this.insideOf(list, index, control), timeoutMs ?? Infinity)
  }

  /** What is inside of a step, whatever the step's own limit. */
  insideOf(list: StepList, index: number, control: ControlDefinition): number {
    const inside = list.inside.get(index) ?? []
    switch (control.kind) {
      case 'wait':
        return control.until.kind === 'timer' ? control.until.delayMs : 0
      case 'scenario':
        return this.ofRun(this.#survey.runOf.get(control.workflow)!)
      case 'parallel':
        return this.ofList(inside[0]!)
      case 'conditional': {
        if (!this.#reach.runs(list, index)) return 0
        const { lists, none } = this.#reach.branches(list, index)
        if (none) return 0
        return inside.reduce(
          (least, block, which) => (lists[which] ? Math.min(least, this.ofList(block)) : least),
          Infinity,
        )
      }
      case 'iterative':
        return this.ofList(inside[0]!) * leastRounds(control)
    }
  }
}

/** Whether a step that could be skipped is not, where nothing fails. */
function isCertain(list: StepList, index: number): boolean {
  const { when } = list.steps[index]!
  return (when === null || when.kind === 'value') && !mayLack(list, index)
}

/** How often a loop goes round at least, one after the other. */
function leastRounds({
  over,
  iterationsMax,
  maxConcurrency,
}: ControlDefinition & { kind: 'iterative' }): number {
  if (over.kind !== 'each') {
    const may = possible(over.condition, NOTHING_KNOWN)
    if (over.kind === 'while') return may.false ? 0 : iterationsMax
    return may.true ? 1 : iterationsMax
  }
  const { items } = over
  if (items.kind !== 'value' || !Array.isArray(items.value) || items.value.length > iterationsMax) return 0
  return Math.ceil(items.value.length / maxConcurrency)
}

class TimeSearch {
  readonly #survey: Survey
  readonly #reach: Reach
  readonly #least: LeastTimes
  readonly #report: Report
  /** The largest room that a run has, of all ways to start it. */
  readonly #rooms = new Map<RunOfSteps, Room>()
  readonly #undoingMs: number
  #count = 0

  constructor(survey: Survey, reach: Reach, least: LeastTimes, report: Report) {
    this.#survey = survey
    this.#reach = reach
    this.#least = least
    this.#report = report
    // A run may be undone by one that called it, and in its time.
    this.#undoingMs = survey.runs.reduce(
      (most, { workflow }) => Math.max(most, workflow.compensationTimeoutMs),
      0,
    )
  }

  /** Notes a way to start a run, and how much time it has there. */
  enlarge(run: RunOfSteps, around: Room): void {
    const { timeoutMs } = run.workflow
    const own =
      timeoutMs === null
        ? NO_LIMIT
        : { ms: timeoutMs, of: `its workflow's timeout of ${durationText(timeoutMs)}` }
    const room = own.ms <= around.ms ? own : around
    if (room.ms > (this.#rooms.get(run)?.ms ?? -Infinity)) this.#rooms.set(run, room)
  }

  /** Reports what can't end in time in a run. All ways to start it are known. */
  judge(run: RunOfSteps): void {
    const room = this.#rooms.get(run)
    if (!room || !this.#reach.isEntered(run.top)) return
    if (room.ms < 0) return
    const before = this.#count
    this.#judgeList(run.top, room)
    const takes = this.#least.ofList(run.top)
    if (this.#count > before || takes <= room.ms) return
    this.#tell(run.top, null, {
      key: ['timeout'],
      problem: "where nothing fails, it can't complete in time",
      expected: `steps that can end within ${room.of}`,
      found: `waits that take ${durationText(takes)} in all, one after the other`,
      remedy: 'raise the limit, or let the workflow wait less',
    })
  }

  #judgeList(list: StepList, room: Room): void {
    list.steps.forEach((step, index) => {
      if (!this.#reach.runs(list, index)) return
      const left = { ...room, ms: room.ms - this.#least.until(list, index) }
      // What comes before it was reported.
      if (left.ms < 0) return
      if (step.control) this.#judgeControl(list, index, step, step.control, left)
      this.#judgeRetries(list, index, step, left)
    })
  }

  #judgeControl(
    list: StepList,
    index: number,
    step: StepDefinition,
    control: ControlDefinition,
    left: Room,
  ): void {
    if (control.kind === 'wait') {
      this.#judgeWait(list, index, control, left)
      return
    }
    const { timeoutMs } = step
    const within =
      timeoutMs !== null && timeoutMs < left.ms
        ? { ms: timeoutMs, of: `the step's own timeout of ${durationText(timeoutMs)}` }
        : left
    if (control.kind === 'scenario') this.enlarge(this.#survey.runOf.get(control.workflow)!, within)
    const before = this.#count
    for (const block of list.inside.get(index) ?? [])
      if (this.#reach.isEntered(block)) this.#judgeList(block, within)
    if (this.#count > before) return
    const takes = this.#least.insideOf(list, index, control)
    if (takes > within.ms) {
      this.#tell(list, index, {
        key: [timeoutMs === within.ms ? 'timeout' : 'type'],
        problem: NOT_IN_TIME,
        expected: `at most ${durationText(within.ms)}, which is what is left for it of ${within.of}`,
        found: `waits inside of it that take ${durationText(takes)} in all`,
        remedy: 'raise the limit, or let it wait less',
      })
    } else if (isEndless(control))
      this.#tellEndless(list, index, step, control as ControlDefinition & { kind: 'iterative' })
  }

  #tellEndless(
    list: StepList,
    index: number,
    step: StepDefinition,
    { over, iterationsMax }: ControlDefinition & { kind: 'iterative' },
  ): void {
    // Whoever answers the failure knows of it.
    if (step.fallback !== null || lastVerdict(step, list.run.workflow.recovery) === 'skip') return
    this.#tell(list, index, {
      key: [over.kind],
      problem: `it can only end by failing, after ${iterationsMax} iterations at most`,
      expected: `a condition that can be ${over.kind === 'while' ? 'false' : 'true'}`,
      found: `one that is always ${over.kind === 'while' ? 'true' : 'false'}`,
      remedy: 'correct the condition',
    })
  }

  #judgeWait(
    list: StepList,
    index: number,
    { until }: ControlDefinition & { kind: 'wait' },
    left: Room,
  ): void {
    const expected = `at most ${durationText(left.ms)}, which is what is left for it of ${left.of}`
    if (until.kind === 'timer') {
      if (until.delayMs <= left.ms) return
      const found = durationText(until.delayMs)
      const remedy = 'raise the limit, or wait less'
      this.#tell(list, index, { key: ['for'], problem: NOT_IN_TIME, expected, found, remedy })
    } else if (until.timeoutMs !== null && until.timeoutMs > left.ms) {
      this.#tell(list, index, {
        key: ['timeout'],
        problem: 'its timeout is never over before its run ends',
        expected,
        found: durationText(until.timeoutMs),
        remedy: 'raise the limit, or lower the timeout',
      })
    }
  }

  #judgeRetries(list: StepList, index: number, { retry, compensate }: StepDefinition, left: Room): void {
    const { maxElapsedMs } = retry.backoff
    const own = { ms: maxElapsedMs ?? Infinity, of: `its max_elapsed of ${durationText(maxElapsedMs ?? 0)}` }
    this.#judgeDelays(list, index, ['retry'], 'it', retry, own.ms <= left.ms ? own : left)
    if (!compensate) return
    const ms = this.#undoingMs
    const limit = { ms, of: `the limit of the compensation, ${durationText(ms)}` }
    this.#judgeDelays(list, index, ['compensate', 'retry'], 'its compensation', compensate.retry, limit)
  }

  #judgeDelays(
    list: StepList,
    index: number,
    key: string[],
    what: string,
    { count, backoff }: StepDefinition['retry'],
    room: Room,
  ): void {
    const first = retryBeyond(backoff, count, room.ms)
    if (first === null) return
    this.#tell(list, index, {
      key,
      problem: `retry ${first} of the ${count} that ${what} has can never start`,
      expected: `delays that add up to ${durationText(room.ms)} at most, which is what is left of ${room.of}`,
      found: 'longer ones, however short the attempts',
      remedy: `shorten the delays, raise the limit, or give at most ${first - 1} retries`,
    })
  }

  #tell(list: StepList, index: number | null, found: Omit<Found, 'code' | 'list' | 'index'>): void {
    this.#count++
    this.#report({ code: 'ENDLESS_PATH', list, index, ...found })
  }
}

/** The number of the first retry that only starts after a time, however short its delays are drawn; `null`: none. */
function retryBeyond(backoff: BackoffPolicy, count: number, ms: number): number | null {
  if (ms === Infinity || backoff.jitter === 'full') return null
  const share = backoff.jitter === 'equal' ? 0.5 : 1
  let sum = 0
  let delay = 0
  for (let retry = 1; retry <= Math.min(count, DELAYS_MAX); retry++) {
    const grown =
      backoff.kind === 'constant'
        ? backoff.initialMs
        : backoff.kind === 'linear'
          ? backoff.initialMs * retry
          : backoff.initialMs * backoff.factor ** (retry - 1)
    // Rounded as the delay is, but downwards.
    delay = Math.floor(Math.min(grown, backoff.maxMs) * share)
    sum += delay
    if (sum > ms) return retry
  }
  if (delay === 0) return null
  const retry = DELAYS_MAX + Math.floor((ms - sum) / delay) + 1
  return retry <= count ? retry : null
}
