// What the message of a limit adds where its timer fired late, because nothing could run meanwhile. The host measures it.

/** The end of such a message; empty where the event of the timer came in time. */
export function blockage(event: object): string {
  if (!('blockedMs' in event)) return ''
  return `; the event loop was blocked for ${String(event.blockedMs)} ms: synchronous code cannot be interrupted`
}
