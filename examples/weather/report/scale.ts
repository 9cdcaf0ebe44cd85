// Where a value goes on an axis, and which values are worth a tick. Knows nothing of weather.

/** A linear axis. */
export interface Scale {
  readonly at: (value: number) => number
  /** Round values, evenly apart, from end to end of the axis. */
  readonly ticks: readonly number[]
}

const STEPS = [1, 2, 2.5, 5, 10]

/** An axis from `from` to `to` (in pixels) that holds all values and ends on round ones. */
export function linear(values: readonly number[], from: number, to: number, ticksWanted = 5): Scale {
  const least = Math.min(...values)
  const most = Math.max(...values)
  const rough = (most - least || 1) / ticksWanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * STEPS.find((each) => each * power >= rough)!
  const first = Math.floor(least / step) * step
  const count = Math.max(1, Math.ceil((most - first) / step - 1e-9))
  const last = first + count * step
  return {
    at: (value) => from + ((value - first) / (last - first)) * (to - from),
    ticks: Array.from({ length: count + 1 }, (_, i) => Number((first + i * step).toPrecision(12))),
  }
}

/** Every month from the first to the last one given, also those without a day: an axis of time has no holes. */
export function calendar(months: readonly string[]): string[] {
  const index = (month: string) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
  const first = index(months[0]!)
  return Array.from({ length: index(months.at(-1)!) - first + 1 }, (_, i) => {
    const at = first + i
    return `${String(Math.floor(at / 12)).padStart(4, '0')}-${String((at % 12) + 1).padStart(2, '0')}`
  })
}
