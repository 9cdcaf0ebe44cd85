// How the numbers are shown, and which of them are over the bounds that the project sets itself.
import type { Case } from './case.ts'

/** One question's answer: medians, and every round. */
export interface Row extends Omit<Case, 'side'> {
  readonly ours: number
  readonly yardstick: number
  /** The median of the rounds' ratios, ours to the yardstick's. */
  readonly ratio: number
  /** The least and the greatest of those ratios: how far the median is to be trusted. */
  readonly spread: readonly [number, number]
  readonly rounds: Record<Case['side'], readonly number[]>
}

/** Times the yardstick, at most. */
const RATIO_MAX = 2

/** Times the cost of a step in the smallest graph, at most. */
const GROWTH_MAX = 1.5

/** Bytes a step, at most. */
const BYTES_MAX = { ended: 400, running: 6000 } as const

/** Microseconds a step, with the growth over the smallest graph of the same kind; empty where none was measured. */
export function timeTable(rows: readonly Row[]): string {
  const timed = rows.filter(({ what }) => what === 'time')
  const cells = timed.map((row) => {
    const smallest = timed.find((other) => kindOf(other) === kindOf(row))!
    const growth = row.ours / smallest.ours
    return [
      kindOf(row),
      row.size.toLocaleString('en'),
      row.ours.toFixed(1),
      row.yardstick.toFixed(1),
      marked(`${row.ratio.toFixed(2)}×`, row.ratio > RATIO_MAX),
      row.spread.map((ratio) => ratio.toFixed(2)).join('–'),
      row === smallest ? '' : marked(`${growth.toFixed(2)}×`, growth > GROWTH_MAX),
    ]
  })
  const bounds = `bounds: ${RATIO_MAX}× the yardstick, ${GROWTH_MAX}× the smallest`
  return table(['µs a step', 'steps', 'ours', 'yardstick', 'ratio', 'from–to', 'growth'], cells, bounds)
}

/** Bytes a step; empty where none was measured. */
export function memoryTable(rows: readonly Row[]): string {
  const cells = rows.flatMap((row) => {
    const { what, ours, yardstick } = row
    if (what === 'time') return []
    const shown = marked(Math.round(ours).toLocaleString('en'), ours > BYTES_MAX[what])
    const steps = row.size.toLocaleString('en')
    return [
      [
        `${what}${row.timeout ? ', time limits' : ''}`,
        steps,
        shown,
        Math.round(yardstick).toLocaleString('en'),
      ],
    ]
  })
  const bounds = `bounds: ${BYTES_MAX.ended} for a step that ended, ${BYTES_MAX.running} for a running one`
  return table(['bytes a step', 'steps', 'ours', 'yardstick'], cells, bounds)
}

const kindOf = ({ shape, timeout, crowd, limit }: Row) =>
  `${shape}${timeout ? ', time limits' : ''}${crowd ? `, ${limit.toLocaleString('en')} at once` : ''}`

const marked = (text: string, isOver: boolean) => (isOver ? `${text} OVER` : text)

function table(head: readonly string[], cells: readonly (readonly string[])[], bounds: string): string {
  if (cells.length === 0) return ''
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  return `${[head, ...cells].map(line).join('\n')}\n${bounds}\n`
}
