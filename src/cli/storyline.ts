// A timeline in words, and as a chart with a line a step. Bounded: of a long one the beginning is shown, and how much more
// there is.
import type { Moment } from './timeline.ts'
import { cells, column, duration, printable, type Colours } from './terminal.ts'

/** Steps that have a line of their own in a chart. */
const CHARTED_MAX = 60

const NAME_MAX = 28
const TEXT_MAX = 160

/** A timeline in words, a line a moment. */
export function storyline(moments: readonly Moment[], limit: number, colours: Colours): string[] {
  const told = moments.flatMap((moment) => {
    const text = wordsOf(moment, colours)
    return text === null ? [] : [{ moment, text }]
  })
  const shown = told.slice(0, limit)
  const several = areSeveral(moments)
  const names = shown.map(({ moment }) => subjectOf(moment, several))
  const width = names.reduce((most, name) => Math.max(most, cells(name)), 0)
  const lines = shown.map(({ moment, text }, line) => {
    return `${clock(moment.at).padStart(10)}  ${column(names[line]!, width)}  ${text}`
  })
  return told.length > limit ? [...lines, `… and ${told.length - limit} more moments (--limit)`] : lines
}

/** Whether a step's name alone would not say which is meant. */
function areSeveral(moments: readonly Moment[]): boolean {
  return new Set(moments.flatMap(({ scenario }) => scenario ?? [])).size > 1
}

function subjectOf({ scenario, step, state }: Moment, several: boolean): string {
  if (state === 'outside') return state
  if (scenario === null) return printable(state.split(' ').slice(0, -1).join(' '), NAME_MAX)
  if (step === null) return printable(scenario, NAME_MAX)
  return nameOf(several ? `${scenario}/${step}` : step)
}

/** An address that is too long keeps its end: there the step is named. */
function nameOf(address: string): string {
  const short = printable(address, NAME_MAX)
  if (!short.endsWith('…') || !address.includes('/')) return short
  return `…${printable(address.slice(address.lastIndexOf('/')), NAME_MAX - 1)}`
}

/** What a moment says; `null` for what a reader need not know. */
function wordsOf(moment: Moment, colours: Colours): string | null {
  const { scenario, step, state, event, failure, detail } = moment
  const { good, bad, dim } = colours
  const why = failure === null ? '' : `: ${printable(failure.message, TEXT_MAX)}`
  if (state === 'outside') return outsideWords(event, printable(detail ?? '', TEXT_MAX))
  if (scenario === null) {
    const how = state.split(' ').at(-1)
    if (how === 'running') return dim('initialised')
    return how === 'failed' ? bad(`failed${why}`) : how === 'stopped' ? dim('cleaned up') : null
  }
  if (step === null) return scenarioWords(state, { good, bad, dim })
  return moment.target === 'compensation'
    ? undoingWords(moment, why, colours)
    : stepWords(moment, why, colours)
}

function outsideWords(event: string, about: string): string {
  if (event === 'run.signal') return `sends ${about}`
  return event === 'run.cancel' ? 'cancels the run' : `cancels ${about}`
}

function scenarioWords(state: string, { good, bad, dim }: Colours): string | null {
  switch (state) {
    case 'running':
      return dim('starts')
    case 'stopping':
      return bad('stops: nothing more starts, running steps are cancelled')
    case 'compensating':
      return bad('undoes what it did, the last first')
    case 'givingUp':
      return bad('undoes nothing more')
    case 'completed':
      return good('completed')
    case 'failed':
    case 'cancelled':
    case 'compensated':
      return bad(state)
    case 'timedOut':
      return bad('timed out')
    case 'compensationFailed':
      return bad('failed, and not everything is undone')
    default:
      return null
  }
}

function stepWords(moment: Moment, why: string, { good, bad, dim }: Colours): string | null {
  const { state, event, attempt, verdict, detail } = moment
  const about = detail === null ? '' : printable(detail, TEXT_MAX)
  switch (state) {
    case 'running':
      return beginning(moment, about, dim)
    case 'iterating':
      return dim(`goes over ${about}`)
    case 'progress':
      return dim(about)
    case 'aborting':
      return bad(`${lateness(moment)}, and is told to stop`)
    case 'cancelling':
      return bad('is cancelled, and told to stop')
    case 'finishing':
      return bad('is cancelled, and may finish first')
    case 'retrying':
      return `${bad(`attempt ${attempt} failed${why}`)} ${dim('→ backs off')}`
    case 'asking':
      return `${bad(`attempt ${attempt} failed${why}`)} ${dim('→ handlers are asked')}`
    case 'waiting': {
      if (event === 'backoff.ended') return null
      const next = moment.target === 'fallback' ? 'fallback' : 'one more attempt'
      return `${bad(`attempt ${attempt} failed${why}`)} ${dim(`→ ${next}`)}`
    }
    case 'succeeded':
      return good('succeeded')
    case 'skipped':
      return dim(event === 'step_skipped' ? `skipped: ${about} does not hold` : `skipped${why}`)
    case 'failed':
      return `${bad(`failed${why}`)}${verdict === null || verdict === 'fail' ? '' : dim(` → ${verdict}`)}`
    case 'cancelled':
      return bad('cancelled')
    default:
      return state
  }
}

/** How an attempt begins: of a step that calls an operation, of one with steps inside, of one that waits. */
function beginning(moment: Moment, about: string, dim: Colours['dim']): string {
  const { type, target, attempt, waited_ms: waitedMs } = moment
  const waited = waitedMs > 0 ? dim(` after waiting ${duration(waitedMs)}`) : ''
  if (target === 'fallback') return `fallback, as attempt ${attempt}${waited}`
  if (type === 'call' || type === null) return `attempt ${attempt}${waited}`
  const again = attempt > 1 ? `, as attempt ${attempt}` : ''
  return type === 'wait' ? `waits for ${about}${again}` : `begins${again}${waited}`
}

const lateness = ({ failure }: Moment) =>
  failure?.code === 'HEARTBEAT_MISSED' ? 'did not report' : 'timed out'

function undoingWords(moment: Moment, why: string, { good, bad, dim }: Colours): string | null {
  const { state, attempt, event } = moment
  switch (state) {
    case 'compensating':
      return `is undone${attempt > 1 ? `, attempt ${attempt}` : ''}`
    case 'undoingInside':
      return 'is undone, first what is inside'
    case 'aborting':
      return bad('undoing timed out, and is told to stop')
    case 'stopping':
    case 'stoppingInside':
      return bad('undoing is told to stop')
    case 'backingOff':
      return `${bad(`undoing failed${why}`)} ${dim('→ backs off')}`
    case 'waiting':
      return event === 'backoff.ended' ? null : dim('waits to be undone')
    case 'compensated':
      return good('undone')
    case 'compensationFailed':
      return bad(`not undone${why}`)
    default:
      return null
  }
}

/** Virtual time, to the millisecond: `0:04.250`, `1:02:03.004`. */
function clock(ms: number): string {
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    (ms / 1000) % 60,
  ]
  const rest = `${seconds < 10 ? '0' : ''}${seconds.toFixed(3)}`
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** What a step is doing between two moments. */
const SIGNS: Readonly<Record<string, string>> = {
  running: '━',
  aborting: '╌',
  cancelling: '╌',
  finishing: '╌',
  retrying: '·',
  asking: '·',
  waiting: '·',
  compensating: '◂',
  undoingInside: '◂',
  backingOff: '·',
  stopping: '╌',
}

const ENDS: Readonly<Record<string, string>> = {
  ...{ succeeded: '✓', failed: '✗', skipped: '↷', cancelled: '⊘' },
  ...{ compensated: '↶', compensationFailed: '✗' },
}

const HARMLESS: ReadonlySet<string> = new Set(['skipped', 'compensated'])

/** What stands between two states, and is none. */
const ASIDE: ReadonlySet<string> = new Set(['progress', 'iterating'])

/**
 * A chart with a line a step: `━` runs, `·` backs off or waits, `╌` is told to stop, `◂` is undone. Empty for too many
 * steps.
 */
export function ganttLines(moments: readonly Moment[], width: number, colours: Colours): string[] {
  const rows = new Map<string, Moment[]>()
  for (const moment of moments) {
    if (moment.step === null || ASIDE.has(moment.state)) continue
    const key = `${moment.scenario}/${moment.step}`
    const row = rows.get(key)
    if (row) row.push(moment)
    else rows.set(key, [moment])
  }
  if (rows.size === 0 || rows.size > CHARTED_MAX) return []
  const several = areSeveral(moments)
  const end = Math.max(1, moments.at(-1)!.at)
  const names = new Map([...rows].map(([key, row]) => [key, nameOf(several ? key : row[0]!.step!)]))
  const nameWidth = Math.max(...[...names.values()].map(cells))
  const columns = Math.max(10, Math.min(100, width - nameWidth - 4))
  const cellAt = (at: number) => Math.min(columns - 1, Math.floor((at / end) * columns))
  return [...rows].map(
    ([key, row]) => `${column(names.get(key)!, nameWidth)}  ${bar(row, cellAt, columns, colours)}`,
  )
}

function bar(
  row: readonly Moment[],
  cellAt: (at: number) => number,
  columns: number,
  colours: Colours,
): string {
  const signs = Array.from({ length: columns + 1 }, () => ' ')
  row.forEach(({ at, state, waited_ms: waitedMs }, index) => {
    for (let cell = cellAt(at - waitedMs); cell < cellAt(at); cell++) signs[cell] = '·'
    const sign = SIGNS[state]
    if (sign === undefined) return
    const until = row[index + 1]
    for (let cell = cellAt(at); cell <= (until ? cellAt(until.at) : columns - 1); cell++) signs[cell] = sign
  })
  const last = row.at(-1)!
  const sign = ENDS[last.state]
  if (sign !== undefined) {
    const { good, bad, dim } = colours
    const colour = last.state === 'succeeded' ? good : HARMLESS.has(last.state) ? dim : bad
    const from = Math.min(columns, cellAt(last.at) + (row.length > 1 ? 1 : 0))
    return `${signs.slice(0, from).join('')}${colour(sign)}`
  }
  return signs.join('').trimEnd()
}
