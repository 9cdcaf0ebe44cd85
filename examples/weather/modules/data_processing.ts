// Judges rows of daily weather and sums them up by month. Pure: it reads and writes nothing.
import type { OperationContext } from 'sagachart'
import type { CsvRow } from './data_ingestion.ts'

/** One day. Millimetres, degrees Celsius, metres a second. */
export interface Day {
  readonly date: string
  readonly precipitation: number
  readonly temp_max: number
  readonly temp_min: number
  readonly wind: number
  readonly weather: string
}

/** A row that was not taken, and why. */
export interface Rejected {
  readonly line: number
  readonly reason: string
  readonly fields: CsvRow['fields']
}

/** One month of days. */
export interface Month {
  /** `2012-01` */
  readonly month: string
  readonly days: number
  /** Total, in millimetres. */
  readonly precipitation: number
  /** Days with at least 1 mm, which is what meteorologists call a wet day. */
  readonly wet_days: number
  readonly mean_max: number
  readonly mean_min: number
  readonly highest: number
  readonly lowest: number
  readonly mean_wind: number
}

const WET_DAY_MM = 1

/** What can be true anywhere on Earth; beyond it an instrument or a clerk has erred. */
const PLAUSIBLE = {
  precipitation: [0, 1825],
  temp_max: [-90, 60],
  temp_min: [-90, 60],
  wind: [0, 113],
} as const

const KINDS = ['drizzle', 'fog', 'rain', 'snow', 'sun']

class DataQualityError extends Error {
  override readonly name = 'DataQualityError'
}

export default {
  validate_data: (
    { rows, max_rejected_share: share }: { rows: readonly CsvRow[]; max_rejected_share: number },
    { log }: OperationContext,
  ) => {
    const days: Day[] = []
    const rejected: Rejected[] = []
    const seen = new Set<string>()
    for (const { line, fields } of rows) {
      const found = readDay(fields, seen)
      if (typeof found === 'string') rejected.push({ line, reason: found, fields })
      else {
        seen.add(found.date)
        days.push(found)
      }
    }
    const allowed = Math.floor(rows.length * share)
    if (days.length === 0 || rejected.length > allowed) {
      const example = rejected[0] ? `, the first on line ${rejected[0].line}: ${rejected[0].reason}` : ''
      throw new DataQualityError(
        `${rejected.length} of ${rows.length} rows rejected, at most ${allowed} allowed${example}`,
      )
    }
    if (rejected.length > 0) log(`${rejected.length} of ${rows.length} rows rejected`)
    return { days, rejected, rejected_count: rejected.length }
  },

  aggregate_by_month: ({ days }: { days: readonly Day[] }): Month[] =>
    [...Map.groupBy(days, ({ date }) => date.slice(0, 7))]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([month, found]) => sumUp(month, found)),
}

/** The day that a row stands for, or what is wrong with it. */
function readDay(fields: CsvRow['fields'], seen: ReadonlySet<string>): Day | string {
  const { date = '', weather = '' } = fields
  const time = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date) {
    return `date: expected YYYY-MM-DD, found "${date}"`
  }
  if (seen.has(date)) return `date: ${date} was there before`
  const numbers = { precipitation: 0, temp_max: 0, temp_min: 0, wind: 0 }
  for (const [name, [least, most]] of Object.entries(PLAUSIBLE)) {
    const text = fields[name] ?? ''
    const value = text.trim() === '' ? NaN : Number(text)
    if (!(value >= least && value <= most)) {
      return `${name}: expected a number from ${least} to ${most}, found "${text}"`
    }
    numbers[name as keyof typeof numbers] = value
  }
  if (numbers.temp_min > numbers.temp_max) {
    return `temp_min: expected at most temp_max ${numbers.temp_max}, found ${numbers.temp_min}`
  }
  if (!KINDS.includes(weather)) return `weather: expected one of ${KINDS.join(', ')}, found "${weather}"`
  return { date, ...numbers, weather }
}

function sumUp(month: string, days: readonly Day[]): Month {
  const all = (pick: (day: Day) => number) => days.map(pick)
  return {
    month,
    days: days.length,
    precipitation: sum(all((day) => day.precipitation)),
    wet_days: days.filter((day) => day.precipitation >= WET_DAY_MM).length,
    mean_max: sum(all((day) => day.temp_max)) / days.length,
    mean_min: sum(all((day) => day.temp_min)) / days.length,
    highest: Math.max(...all((day) => day.temp_max)),
    lowest: Math.min(...all((day) => day.temp_min)),
    mean_wind: sum(all((day) => day.wind)) / days.length,
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
