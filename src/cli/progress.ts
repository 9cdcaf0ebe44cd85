// Live progress on a terminal: a bar with what is counted, and a line for each of the few steps that take long.
// Redrawn ten times a second at most, however many steps come and go; lines are kept once they are there, so that
// nothing jumps. Not the terminal itself: that is a Screen.
import type { AnyActor } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import { cells, column, duration, printable, type Screen } from './terminal.ts'

/** Steps that have a line of their own. */
const LINES_MAX = 6

/** A step that runs shorter is only counted: thousands of short ones would be a blur of names. */
const LINE_AFTER_MS = 500

const REDRAW_MS = 100

const BAR_WIDTH = 30

/** What is kept free for the counts, so that the bar keeps its width while they grow. */
const COUNTS_WIDTH = 58

/** An estimate from less is a guess. */
const ESTIMATE_AFTER_MS = 2000

/** What there is to be followed. */
export interface Course {
  readonly steps: number
  readonly scenarios: number
  /** Whether there are events at all to follow. */
  readonly eventsEnabled: boolean
}

interface Running {
  readonly name: string
  /** By `performance.now()`, as all times here: the wall clock may be set. */
  readonly since: number
  isRetrying: boolean
}

/** Follows an integration's events until the screen is closed. */
export function showProgress(actor: AnyActor, course: Course, screen: Screen): void {
  const follower = new Follower(course)
  actor.on('*' as never, ((event: BusEvent) => follower.follow(event)) as never)
  screen.animate(() => follower.draw(screen, performance.now()), REDRAW_MS)
}

class Follower {
  private readonly course: Course
  private readonly startedAt = performance.now()
  private readonly running = new Map<string, Running>()
  /** Steps by the line that shows them; a line whose step has ended waits for the next. */
  private readonly lines: (string | null)[] = []
  private readonly scenarios = new Map<string, string>()
  private ended = 0
  private failed = 0
  private retrying = 0

  constructor(course: Course) {
    this.course = course
  }

  follow({ type, source, correlation_id: run, data }: BusEvent): void {
    const step = this.running.get(source)
    const since = performance.now()
    const isTop = !addressOf(run, source).includes('/')
    if (type === 'workflow_started') {
      this.scenarios.set(run, (data as { workflow_name: string }).workflow_name)
    } else if (type === 'step_started') {
      this.running.set(source, { name: this.nameOf(run, source), since, isRetrying: false })
    } else if (type === 'step_compensating') {
      this.running.set(source, { name: `undoing ${this.nameOf(run, source)}`, since, isRetrying: false })
    } else if (type === 'step_compensated' || type === 'step_compensation_failed') {
      this.running.delete(source)
    } else if (type === 'step_retrying' && step && !step.isRetrying) {
      step.isRetrying = true
      this.retrying++
    } else if (type === 'step_failed') {
      if (isTop) this.failed++
      this.end(source, isTop)
    } else if (type === 'step_skipped' && hasError(data)) {
      // Its failure was set aside: it was told as failed just before.
      if (isTop) this.failed--
    } else if (type === 'step_completed' || type === 'step_skipped') {
      this.end(source, isTop)
    }
  }

  private nameOf(run: string, source: string): string {
    const name = addressOf(run, source)
    return this.course.scenarios > 1 ? `${this.scenarios.get(run) ?? run} › ${name}` : name
  }

  /** Steps inside of a control step have lines, but the bar counts those of the scenarios. */
  private end(source: string, isTop: boolean): void {
    if (this.running.get(source)?.isRetrying) this.retrying--
    this.running.delete(source)
    if (isTop) this.ended++
  }

  draw(screen: Screen, now: number): string[] {
    const { bad, dim } = screen.colours
    const elapsed = now - this.startedAt
    if (!this.course.eventsEnabled) {
      return [
        dim(printable(`running for ${duration(elapsed)} (events are off: no steps to show)`, screen.width)),
      ]
    }
    this.assign(now, Math.min(LINES_MAX, screen.height - 1))
    const steps = this.lines.map((source) => {
      const step = source === null ? undefined : this.running.get(source)
      if (!step) return ''
      const note = step.isRetrying ? ' (retrying)' : ''
      const time = duration(Math.max(0, now - step.since))
      const text = column(`  ${step.name}${note}`, Math.min(60, screen.width - time.length - 1))
      return screen.width > time.length + 8 ? `${text} ${dim(time)}` : text
    })
    const counts = this.counts(elapsed)
    const bar = Math.min(BAR_WIDTH, screen.width - COUNTS_WIDTH)
    const left = bar < 5 ? '' : `${this.bar(bar, screen)} `
    const right = printable(counts.join(', '), screen.width - cells(left))
    const failed = counts.find((count) => count.endsWith(' failed'))
    return [...steps, left + (failed === undefined ? right : right.replace(failed, bad))]
  }

  /** Gives each step that takes long a line, for as long as it runs. */
  private assign(now: number, linesMax: number): void {
    const { lines, running } = this
    const shown = new Set<string>()
    lines.splice(Math.max(0, linesMax))
    lines.forEach((source, at) => {
      if (source !== null && running.has(source)) shown.add(source)
      else lines[at] = null
    })
    let free = linesMax - shown.size
    for (const [source, { since }] of running) {
      // Steps are in the order in which they started.
      if (free === 0 || now - since < LINE_AFTER_MS) return
      if (shown.has(source)) continue
      const empty = lines.indexOf(null)
      lines[empty < 0 ? lines.length : empty] = source
      free--
    }
  }

  private bar(width: number, { colours: { good, dim } }: Screen): string {
    const { steps } = this.course
    const filled = steps === 0 ? width : Math.round((Math.min(this.ended, steps) / steps) * width)
    return `${good('━'.repeat(filled))}${dim('━'.repeat(width - filled))}`
  }

  private counts(elapsed: number): string[] {
    const { steps } = this.course
    const parts = [`${Math.min(this.ended, steps)}/${steps}`]
    if (this.failed > 0) parts.push(`${this.failed} failed`)
    if (this.running.size > 0) parts.push(`${this.running.size} running`)
    if (this.retrying > 0) parts.push(`${this.retrying} retrying`)
    if (elapsed >= ESTIMATE_AFTER_MS && this.ended > 0 && this.ended < steps) {
      const leftMs = (elapsed / this.ended) * (steps - this.ended)
      parts.push(`about ${leftMs < 60_000 ? `${Math.ceil(leftMs / 1000)} s` : duration(leftMs)} left`)
    }
    return parts
  }
}

/** `outer/inner` of `run/1/scenario/step/outer/inner`. */
const addressOf = (run: string, source: string) => source.slice(`run/${run}/`.length).replace(/^\w+\//, '')

const hasError = (data: unknown) => (data as { error?: unknown }).error !== undefined
