// What capture and revival keep by the way: timers and effects have numbers in a captured state, times are relative to the
// moment of capture, and what only reports read goes into a list of its own, in the order in which it is met.
import type { ReadyQueue } from '../../kernel/ready-queue.ts'
import type { ActorRef } from '../charts/actors.ts'
import type { Effect } from '../port/host.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { Listener } from '../environment/mailbox.ts'
import type { Run } from '../run/run.ts'
import type { UnderWay } from './joint.ts'

/** Where a chart is. */
export interface ChartAt {
  readonly value: string
  readonly context: object
}

/** The place of a timer, or of an effect, among those of the captured state; `null`: none. */
export type Place = number | null

/** Where the chart of an actor is. */
export function chartOf(actor: ActorRef): ChartAt {
  const { value, context } = actor.getSnapshot() as ChartAt
  return { value, context }
}

/** A queue, with times as time passed. An entry is in the heap, among the arrivals, or in both. */
export interface QueueAt extends Pick<ReadyQueue, 'ageingMs' | 'priority' | 'mixed'> {
  readonly heap: readonly { readonly index: number; readonly priority: number; readonly age: number }[]
  /** Places in the heap, in the order of arrival. */
  readonly arrivals: readonly number[]
}

/** Notes of a capture. */
export class Capturing {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What only reports read. */
  readonly records: unknown[] = []
  private readonly timers: ReadonlyMap<RunningTimer, number>
  private readonly effects: ReadonlyMap<Effect, number>

  constructor({ now, timers, effects }: UnderWay) {
    this.now = now
    this.timers = placesOf(timers)
    this.effects = placesOf(effects.map(({ effect }) => effect))
  }

  timer(timer: RunningTimer | null | undefined): Place {
    return (timer && this.timers.get(timer)) ?? null
  }

  effect(effect: Effect | null | undefined): Place {
    return (effect && this.effects.get(effect)) ?? null
  }

  /** In which order the steps of a run ended. */
  order({ graph }: Run): unknown {
    return graph.order
  }

  queue({ ageingMs, priority, mixed, heap, arrivals, head }: ReadyQueue): QueueAt {
    const waiting = heap.filter(({ taken }) => !taken)
    const places = placesOf(waiting)
    return {
      ageingMs,
      priority,
      mixed,
      heap: waiting.map(({ index, priority: own, since }) => ({
        index,
        priority: own,
        age: this.now - since,
      })),
      arrivals: arrivals.slice(head).flatMap((each) => places.get(each) ?? []),
    }
  }
}

/** The place of each item among others. */
export function placesOf<T>(items: Iterable<T>): Map<T, number> {
  const places = new Map<T, number>()
  for (const item of items) places.set(item, places.size)
  return places
}

/** Notes of a revival. */
export class Reviving {
  readonly now: number
  /** Waits for events, by address: the mailbox takes them up once all runs are there. */
  readonly listeners = new Map<string, Listener>()
  /** All runs, by address. */
  readonly runs = new Map<string, Run>()
  private readonly timers: UnderWay['timers']
  private readonly effects: UnderWay['effects']
  private readonly records: readonly unknown[]
  private read = 0

  constructor({ now, timers, effects }: UnderWay, records: readonly unknown[]) {
    this.now = now
    this.timers = timers
    this.effects = effects
    this.records = records
  }

  timer(place: Place): RunningTimer | null {
    return place === null ? null : this.timers[place]!
  }

  effect(place: Place): Effect | null {
    return place === null ? null : this.effects[place]!.effect
  }

  /** The next of the records, which come in the order in which they were noted. */
  record<T>(): T {
    return this.records[this.read++] as T
  }

  queue({ ageingMs, priority, mixed, heap, arrivals }: QueueAt): ReadyQueue {
    const waiting = heap.map(({ index, priority: own, age }) => ({
      index,
      priority: own,
      since: this.now - age,
      taken: false,
    }))
    return {
      ageingMs,
      heap: waiting,
      arrivals: arrivals.map((place) => waiting[place]!),
      head: 0,
      priority,
      mixed,
    }
  }
}
