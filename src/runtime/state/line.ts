// The events of one type, and the waits for them, as data and back: both are named in several places of a line.
import type { Line, Offered, Waiter } from '../../kernel/waiters.ts'
import { raw } from '../../kernel/plain.ts'
import type { LineAt } from './root-at.ts'

/** Where a line is. */
export function lineAt({ waiting, kept, tasks, queued, asked }: Line): LineAt {
  const places = new Map<Offered, number>()
  const place = (offered: Offered) => {
    const known = places.get(offered) ?? places.size
    places.set(offered, known)
    return known
  }
  const at = {
    waiting: waiting.map(({ path }) => path),
    kept: kept.map(place),
    tasks: tasks.map((task) =>
      task.kind === 'offer'
        ? { kind: task.kind, offered: place(task.offered), next: task.next }
        : { kind: task.kind, waiter: task.waiter.path, next: task.next },
    ),
    queued,
    asked: asked && { waiter: asked.waiter.path, offered: place(asked.offered) },
  }
  const offered = Array.from(places.keys(), (each) => ({
    ...each,
    event: raw(each.event) as Offered['event'],
  }))
  return { offered, ...at }
}

/** Puts a line that is empty where one was. */
export function reviveLine(line: Line, at: LineAt, waiterAt: (path: string) => Waiter): void {
  const offered: readonly Offered[] = at.offered.map((each) => ({ ...each }))
  line.waiting.push(...at.waiting.map(waiterAt))
  line.kept.push(...at.kept.map((place) => offered[place]!))
  for (const task of at.tasks)
    line.tasks.push(
      task.kind === 'offer'
        ? { ...task, offered: offered[task.offered]! }
        : { ...task, waiter: waiterAt(task.waiter) },
    )
  line.queued = at.queued
  line.asked = at.asked && { waiter: waiterAt(at.asked.waiter), offered: offered[at.asked.offered]! }
}
