// When an error asks to be tried again, as its `retryAfter` says: seconds, a time with a unit, or an HTTP date. No clock
// here: the caller gives the time.
import { durationMs } from '../../definition/duration.ts'

/** The forms of an HTTP date: IMF-fixdate and RFC 850, which differ in their separators, and asctime. */
const HTTP_DATES = [
  /^\w{3,9}, (?<day>\d\d)[ -](?<month>\w{3})[ -](?<year>\d{4}|\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
]

/** A year of two digits that would lie further ahead is one of the last century (RFC 9110), in milliseconds. */
const TWO_DIGITS_AHEAD_MS = 50 * 365.25 * 86_400_000

/**
 * The delay that `retryAfter` asks for, in milliseconds; 0 for a date that is past. `null` for a value that is not
 * understood: a negative number, a fraction as text, another kind.
 * @param now Milliseconds since the epoch. Without it dates are not understood.
 */
export function retryAfterMs(retryAfter: unknown, now?: number): number | null {
  if (typeof retryAfter === 'number' || typeof retryAfter === 'bigint') return seconds(Number(retryAfter))
  if (typeof retryAfter !== 'string') return null
  const text = retryAfter.trim()
  if (/^\d+$/.test(text)) return seconds(Number(text))
  if (/^0+\s*(?:ms|s|m|h|d)$/.test(text)) return 0
  return durationMs(text) ?? (now === undefined ? null : untilDate(text, now))
}

/** Infinite milliseconds are no JSON, so they are as many as can be counted. */
const seconds = (value: number) =>
  Number.isFinite(value) && value >= 0 ? Math.min(Math.round(value * 1000), Number.MAX_SAFE_INTEGER) : null

/** Milliseconds from `now` to an HTTP date; `null` where the text is none. */
function untilDate(text: string, now: number): number | null {
  const {
    day,
    month,
    year = '',
    time,
  } = HTTP_DATES.map((form) => form.exec(text)).find(Boolean)?.groups ?? {}
  const isShort = year.length === 2
  const century = isShort ? Math.floor(new Date(now).getUTCFullYear() / 100) : ''
  const left = Date.parse(`${day} ${month} ${century}${year} ${time} GMT`) - now
  if (Number.isNaN(left)) return null
  return isShort && left > TWO_DIGITS_AHEAD_MS ? 0 : Math.max(0, left)
}
