// Times as a document writes them, read into whole milliseconds. The only place that knows the units.

/** What a message says a time should be. */
export const DURATION_EXPECTED =
  'a time above zero: seconds as a number, or text with a unit (250ms, 5s, 2m, 1h, 1d)'

/** Longest time there is: 100 years of 365 days. */
export const DURATION_MS_MAX = 100 * 365 * 86_400_000

/** The text form of a time. */
export const DURATION_PATTERN = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)\s*$/

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a time. A bare number counts in `unitMs`, by default seconds.
 * @returns whole milliseconds, at least 1, or `null` where it is no time.
 */
export function durationMs(value: unknown, unitMs = 1000): number | null {
  let ms = Number.NaN
  if (typeof value === 'number') ms = value * unitMs
  else if (typeof value === 'string') {
    const [, amount, unit] = DURATION_PATTERN.exec(value) ?? []
    if (amount !== undefined && unit !== undefined) ms = Number(amount) * UNIT_MS[unit]!
  }
  const whole = Math.round(ms)
  return whole >= 1 && whole <= DURATION_MS_MAX ? whole : null
}

/** A time as a document writes it. */
export function durationWritten(ms: number): string {
  return `${ms / 1000}s`
}

/** A time for people: `1.5 s`, `2 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  return `${Math.round(ms / 6000) / 10} min`
}
