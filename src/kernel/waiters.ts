// Who takes an event: the decision alone, on plain data, which these functions change in place. Not here: how a filter is
// computed, and what becomes of the event: those are in mailbox.ts and control/wait.ts.
// Invariants: events are offered one after the other, each to the waits in order of declaration; a wait that begins is offered
// what is kept before anything newer; a signal is taken by one wait that is not shared, at most.
import type { BusEvent } from '../../machines/protocol.ts'

/** Events of one type that are kept, and those that wait to be offered: at most so many of each. */
export const KEPT_MAX = 1_000

/** Where an event comes from: `outside` is a signal, which one wait takes; all others are for every wait. */
export type Origin = 'engine' | 'operation' | 'outside'

/** Where a wait is, or a step that it is inside of, at one level of nesting. */
export interface Level {
  /** The number of the list of steps: of the scenario, the iteration or the branch. */
  readonly list: number
  /** The step's place in that list. */
  readonly step: number
  /** Whether lists of lower numbers come before this one: iterations that follow one another. */
  readonly isSequential: boolean
  /** The steps of the list that this one depends on, directly or through others. */
  readonly dependencies: ReadonlySet<number>
}

/** A wait for events of one type. */
export interface Waiter {
  /** The address of its step's actor. */
  readonly path: string
  /** From the outermost list of steps inwards. */
  readonly levels: readonly Level[]
  /** Whether it leaves the signals that it takes to others. */
  readonly isShared: boolean
}

/** Where an event was taken: by the number of a list, then by the step, then inside of that step. */
export type Taken = Map<number, Map<number, Taken>>

/** An event that waits may take. */
export interface Offered {
  readonly event: BusEvent
  readonly origin: Origin
  readonly taken: Taken
  /** A signal that a wait has taken for itself: only shared waits may have it, too. */
  isSpent: boolean
}

/** An event is offered to the waits, or the kept events to a wait that joins them; `next` is the place of the next one. */
type Task =
  | { readonly kind: 'offer'; readonly offered: Offered; next: number }
  | { readonly kind: 'join'; readonly waiter: Waiter; next: number }

/** Whether a wait accepts an event. */
export interface Question {
  readonly waiter: Waiter
  readonly offered: Offered
}

/** Events of one type and the waits for them. */
export interface Line {
  /** Whether signals that one wait has taken are kept, for shared waits that begin later. */
  readonly keepsSpent: boolean
  /** In order of declaration. All of them have been offered what is kept. */
  readonly waiting: Waiter[]
  /** In the order in which they came. */
  readonly kept: Offered[]
  /** What is still to be done, in the order in which it came up; the first is under way. */
  readonly tasks: Task[]
  /** Events among the tasks. */
  queued: number
  /** The question that is open. */
  asked: Question | null
}

/** A line in which nobody waits. */
export const emptyLine = (keepsSpent: boolean): Line => ({
  keepsSpent,
  waiting: [],
  kept: [],
  tasks: [],
  queued: 0,
  asked: null,
})

/** An event comes. Returns whether there is room for it. */
export function arrive(line: Line, event: BusEvent, origin: Origin): boolean {
  if (line.queued >= KEPT_MAX) return false
  line.queued++
  line.tasks.push({ kind: 'offer', offered: { event, origin, taken: new Map(), isSpent: false }, next: 0 })
  return true
}

/** A wait begins. Of several that begin at the same time, before anything is offered to them, the first declared goes first. */
export function begin({ tasks, asked }: Line, waiter: Waiter): void {
  const isLater = (task: Task) =>
    task.kind === 'join' &&
    task.next === 0 &&
    task.waiter !== asked?.waiter &&
    comesBefore(waiter, task.waiter)
  let place = tasks.length
  while (place > 0 && isLater(tasks[place - 1]!)) place--
  tasks.splice(place, 0, { kind: 'join', waiter, next: 0 })
}

/** A wait takes nothing any more. Returns whether it was being asked, so that the event goes on to others. */
export function end(line: Line, waiter: Waiter): boolean {
  const place = placeOf(line.waiting, waiter)
  const [first] = line.tasks
  if (line.waiting[place] === waiter) {
    line.waiting.splice(place, 1)
    if (first?.kind === 'offer' && place < first.next) first.next--
  } else {
    const at = line.tasks.findIndex((task) => task.kind === 'join' && task.waiter === waiter)
    if (at >= 0) line.tasks.splice(at, 1)
  }
  const wasAsked = line.asked?.waiter === waiter
  if (wasAsked) line.asked = null
  return wasAsked
}

/** The next question, the next event that is dropped, or `null` where nothing is left to be done for now. */
export function proceed(line: Line): Question | { readonly dropped: Offered } | null {
  if (line.asked !== null) return null
  for (let [task] = line.tasks; task; [task] = line.tasks) {
    line.asked = questionOf(line, task)
    if (line.asked) return line.asked
    line.tasks.shift()
    if (task.kind === 'join') line.waiting.splice(placeOf(line.waiting, task.waiter), 0, task.waiter)
    else {
      line.queued--
      const dropped = keep(line, task.offered)
      if (dropped) return { dropped }
    }
  }
  return null
}

function questionOf({ waiting, kept }: Line, task: Task): Question | null {
  const { length } = task.kind === 'offer' ? waiting : kept
  for (; task.next < length; task.next++) {
    const waiter = task.kind === 'offer' ? waiting[task.next]! : task.waiter
    const offered = task.kind === 'offer' ? task.offered : kept[task.next]!
    if (mayTake(waiter, offered)) return { waiter, offered }
  }
  return null
}

/** The question is answered; a wait that accepts the event has it, and waits no more. */
export function answer(line: Line, accepts: boolean): void {
  const { asked } = line
  const [task] = line.tasks
  if (!asked || !task) return
  const { waiter, offered } = asked
  line.asked = null
  if (!accepts) {
    task.next++
    return
  }
  record(offered.taken, waiter.levels)
  offered.isSpent ||= offered.origin === 'outside' && !waiter.isShared
  if (task.kind === 'offer') line.waiting.splice(task.next, 1)
  else {
    line.tasks.shift()
    if (offered.isSpent && !line.keepsSpent) line.kept.splice(task.next, 1)
  }
}

/** Keeps an event that has been offered to all who wait. Returns one that is dropped for it without ever having been taken. */
function keep(line: Line, offered: Offered): Offered | null {
  if (offered.isSpent && !line.keepsSpent) return null
  const dropped = line.kept.push(offered) > KEPT_MAX ? line.kept.shift()! : null
  return dropped?.taken.size === 0 ? dropped : null
}

/** A signal is taken for oneself as long as nobody has; all else once along each way through the steps. */
function mayTake({ levels, isShared }: Waiter, { origin, taken, isSpent }: Offered): boolean {
  return origin === 'outside' && !isShared ? !isSpent : !wasTakenBefore(taken, levels)
}

/** Whether an event was taken by the same wait, or by one that it comes after. */
function wasTakenBefore(taken: Taken, levels: readonly Level[]): boolean {
  let inside: Taken | undefined = taken
  for (const { list, step, isSequential, dependencies } of levels) {
    if (isSequential && [...inside.keys()].some((other) => other < list)) return true
    const steps = inside.get(list)
    if (!steps) return false
    for (const dependency of dependencies) if (steps.has(dependency)) return true
    inside = steps.get(step)
    if (!inside) return false
  }
  return true
}

function record(taken: Taken, levels: readonly Level[]): void {
  let inside = taken
  for (const { list, step } of levels) {
    const steps = inside.get(list) ?? new Map<number, Taken>()
    inside.set(list, steps)
    const deeper: Taken = steps.get(step) ?? new Map()
    steps.set(step, deeper)
    inside = deeper
  }
}

/** The place of a wait among others, in order of declaration: its own, or where it belongs. */
function placeOf(waiting: readonly Waiter[], waiter: Waiter): number {
  let low = 0
  let high = waiting.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (comesBefore(waiting[middle]!, waiter)) low = middle + 1
    else high = middle
  }
  return low
}

/** Order of declaration: level by level, iterations by number. */
function comesBefore({ levels: some }: Waiter, { levels: others }: Waiter): boolean {
  for (let at = 0; at < Math.min(some.length, others.length); at++) {
    const one = some[at]!
    const other = others[at]!
    if (one.list !== other.list) return one.list < other.list
    if (one.step !== other.step) return one.step < other.step
  }
  return false
}
