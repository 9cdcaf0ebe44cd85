// What a terminal can show. Colours only where someone looks, and not where NO_COLOR says no.

/** Wraps text in colours, or leaves it as it is. */
export interface Colours {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly dim: (text: string) => string
}

/** The colours of a stream. */
export function colours(stream: { readonly isTTY?: boolean }): Colours {
  const on = stream.isTTY === true && !process.env['NO_COLOR']
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[39m` : text)
  return { good: wrap(32), bad: wrap(31), dim: wrap(90) }
}

/** A time for people. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** Text without what a terminal would obey, cut to a width. */
export function printable(text: string, width: number): string {
  const plain = text.replace(/\p{Cc}/gu, ' ')
  return plain.length > width ? `${plain.slice(0, Math.max(0, width - 1))}…` : plain
}
