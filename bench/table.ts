// How the numbers are shown, and which of them meet the bounds that the project sets itself. No measuring here.
import type { Answer, Cell, Rounds } from './cell.ts'

/** A cell's answer: medians, and every round. */
export interface Row extends Cell {
  readonly ours: number
  readonly yardstick: number
  /** The median of the rounds' ratios, ours to the yardstick's. */
  readonly ratio: number
  /** The least and the greatest of those ratios: how far the median is to be trusted. */
  readonly spread: readonly [number, number]
  /** The median of the ratios by the clock; `null` for memory. */
  readonly wallRatio: number | null
  /** Times our cost in the smallest graph of the same kind; `null` where there is no smaller one, and for memory. */
  readonly growth: number | null
  readonly isMet: boolean
  readonly answer: Answer
}

/** What issue and README promise. */
export const BOUNDS = {
  /** Times the yardstick. */
  ratio: 0.5,
  /** Times the cost of a step in the smallest graph. */
  growth: 1.3,
  /** Bytes a step. */
  ended: 200,
  running: 6000,
} as const

/** Judges an answer; `smaller` is the row of the smallest graph of the same kind, if there is one. */
export function rowOf(cell: Cell, answer: Answer, smaller: Row | undefined): Row {
  const ratios = ratiosOf(answer.cost)
  const [our, their, ratio] = [median(answer.cost.ours), median(answer.cost.yardstick), median(ratios)]
  const wallRatio = answer.wall && median(ratiosOf(answer.wall))
  const growth = smaller && cell.what === 'time' ? our / smaller.ours : null
  const isMet =
    cell.what === 'time' ? ratio <= BOUNDS.ratio && (growth ?? 0) <= BOUNDS.growth : our <= BOUNDS[cell.what]
  const spread = [Math.min(...ratios), Math.max(...ratios)] as const
  return { ...cell, ours: our, yardstick: their, ratio, spread, wallRatio, growth, isMet, answer }
}

const ratiosOf = ({ ours, yardstick }: Rounds) => ours.map((value, round) => value / yardstick[round]!)

/** Whether two cells differ in nothing but their size and rounds. */
export const areAlike = (a: Cell, b: Cell) =>
  a.what === b.what && a.shape === b.shape && a.timeouts === b.timeouts && a.crowd === b.crowd

/** Microseconds a step; empty where none was measured. */
export function timeTable(rows: readonly Row[]): string {
  const cells = rows
    .filter(({ what }) => what === 'time')
    .map((row) => [
      `${row.shape}${row.timeouts ? ', time limits' : ''}${row.crowd ? ', 10,000 at once' : ''}`,
      row.size.toLocaleString('en'),
      row.ours.toFixed(1),
      row.yardstick.toFixed(1),
      `${row.ratio.toFixed(2)}×`,
      row.spread.map((ratio) => ratio.toFixed(2)).join('–'),
      `${row.wallRatio?.toFixed(2)}×`,
      row.growth === null ? '' : `${row.growth.toFixed(2)}×`,
      verdictOf(row),
    ])
  const head = [
    'µs a step',
    'steps',
    'ours',
    'yardstick',
    'ratio',
    'from–to',
    'by the clock',
    'growth',
    'target',
  ]
  return table(head, cells, `targets: ratio ≤ ${BOUNDS.ratio}, growth ≤ ${BOUNDS.growth}`)
}

/** Bytes a step; empty where none was measured. */
export function memoryTable(rows: readonly Row[]): string {
  const bytes = (value: number) => Math.round(value).toLocaleString('en')
  const cells = rows.flatMap((row) => {
    if (row.what === 'time') return []
    const kind = `${row.what}, ${row.shape}${row.timeouts ? ', time limits' : ''}`
    const target = `${verdictOf(row)} (≤ ${bytes(BOUNDS[row.what])})`
    return [[kind, row.size.toLocaleString('en'), bytes(row.ours), bytes(row.yardstick), target]]
  })
  return table(['bytes a step', 'steps', 'ours', 'yardstick', 'target'], cells, '')
}

const verdictOf = ({ isMet }: Row) => (isMet ? 'met' : 'MISSED')

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]
  return (low + high) / 2
}

/** Columns under their heads; empty where there is no row. */
export function table(head: readonly string[], cells: readonly (readonly string[])[], foot: string): string {
  if (cells.length === 0) return ''
  const rows = [head, ...cells]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const last = head.length - 1
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 || at === last ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd(),
  )
  return `${[...lines, ...(foot ? [foot] : [])].join('\n')}\n`
}
