// Live progress on a terminal: a line a running step, up to a few, and a bar. Redrawn ten times a second at most,
// however many steps come and go. Not the terminal itself: that is a Screen.
import type { AnyActor } from 'xstate'
import type { BusEvent } from '../../machines/protocol.ts'
import { duration, printable, type Screen } from './terminal.ts'

/** Running steps that have a line of their own. */
const LINES_MAX = 6

const REDRAW_MS = 100

const BAR_WIDTH = 30

interface Running {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly since: number
  note: string
}

/** Follows an integration's events until the screen is closed. */
export function showProgress(actor: AnyActor, total: number, screen: Screen): void {
  const running = new Map<string, Running>()
  let ended = 0
  let failed = 0
  const follow = ({ type, source, at, data }: BusEvent) => {
    const { step_name: name } = (data ?? {}) as { step_name?: string }
    const step = running.get(source)
    if (type === 'step_started') running.set(source, { name: String(name), since: at, note: '' })
    else if (type === 'step_retrying' && step) step.note = ' (backing off)'
    else if (type === 'step_completed' || type === 'step_failed' || type === 'step_skipped') {
      running.delete(source)
      ended++
      if (type === 'step_failed') failed++
    }
  }
  actor.on('*' as never, follow as never)
  const { good, bad, dim } = screen.colours
  const draw = () => {
    const done = Math.min(ended, total)
    const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH)
    const bar = `${good('━'.repeat(filled))}${dim('━'.repeat(BAR_WIDTH - filled))}`
    const more = running.size > LINES_MAX ? `, ${running.size} running` : ''
    const steps = [...running.values()].slice(0, LINES_MAX).map(({ name, since, note }) => {
      const time = duration(Math.max(0, Date.now() - since))
      return `  ${printable(`${name}${note}`, screen.width - 14)} ${dim(time)}`
    })
    return [...steps, `${bar} ${done}/${total}${more}${failed > 0 ? bad(`, ${failed} failed`) : ''}`]
  }
  screen.animate(draw, REDRAW_MS)
}
