// Live progress on a terminal: a line a running step, up to a few, and a bar. Redrawn ten times a second at most,
// however many steps come and go. Draws on the given stream only, which must be a terminal.
import type { WriteStream } from 'node:tty'
import type { AnyActor } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import { colours, duration, printable } from './terminal.ts'

/** Running steps that have a line of their own. */
const LINES_MAX = 6

const REDRAW_MS = 100

const BAR_WIDTH = 30

/** Draws until it is cleared. */
export interface Progress {
  clear(): void
}

/** Follows an integration's events. */
export function showProgress(actor: AnyActor, total: number, stream: WriteStream): Progress {
  const running = new Map<string, { readonly name: string; readonly since: number; note: string }>()
  const { good, bad, dim } = colours(stream)
  let ended = 0
  let failed = 0
  let drawn = 0
  const on = (event: BusEvent) => {
    const { step_name: name } = (event.data ?? {}) as { step_name?: string }
    const step = running.get(event.source)
    if (event.type === 'step_started')
      running.set(event.source, { name: String(name), since: event.at, note: '' })
    else if (event.type === 'step_retrying' && step) step.note = ' (backing off)'
    else if (
      event.type === 'step_completed' ||
      event.type === 'step_failed' ||
      event.type === 'step_skipped'
    ) {
      running.delete(event.source)
      ended++
      if (event.type === 'step_failed') failed++
    }
  }
  const subscription = actor.on('*' as never, on as never)
  const erase = () => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[0J`)
    drawn = 0
  }
  const draw = () => {
    const width = Math.max(20, (stream.columns || 80) - 1)
    const done = Math.min(ended, total)
    const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH)
    const bar = `${good('━'.repeat(filled))}${dim('━'.repeat(BAR_WIDTH - filled))}`
    const lines = [...running.values()].slice(0, LINES_MAX).map(({ name, since, note }) => {
      const time = duration(Math.max(0, Date.now() - since))
      return `  ${printable(`${name}${note}`, width - 14)} ${dim(time)}`
    })
    const rest = running.size > LINES_MAX ? `, ${running.size} running` : ''
    lines.push(`${bar} ${done}/${total}${rest}${failed > 0 ? bad(`, ${failed} failed`) : ''}`)
    erase()
    stream.write(`${lines.join('\n')}\n`)
    drawn = lines.length
  }
  const timer = setInterval(draw, REDRAW_MS)
  timer.unref()
  return {
    clear() {
      clearInterval(timer)
      subscription.unsubscribe()
      erase()
    },
  }
}
