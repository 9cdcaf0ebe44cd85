// What is measured: the cases, and what each side is handed. No measuring here.
import type { Graph, Shape } from './graph.ts'

/** One cell of the tables. */
export interface Case {
  /** Microseconds a step, or bytes a step that ended or is running. */
  readonly what: 'time' | 'ended' | 'running'
  readonly side: 'ours' | 'yardstick'
  readonly shape: Shape
  readonly size: number
  /** Whether every step has a time limit, of a minute. */
  readonly timeout: boolean
  /** Steps running at once, at most. */
  readonly limit: number
  /** Whether operations answer only once as many run as the limit allows. */
  readonly crowd: boolean
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]
  return (low + high) / 2
}

/** What one process finds out. */
export interface Measurement {
  readonly value: number
}

/** How a side is to run a graph. */
export interface Prepared {
  readonly timeoutMs: number | null
  readonly limit: number
  readonly operation: () => number | Promise<number>
}

/** A run that is ready to go, so that building it is not part of the cost. Started once. */
export interface Runnable {
  start(): Promise<void>
}

/** What is compared. A side throws when a step was not run, or did not succeed. */
export type Side = (graph: Graph, prepared: Prepared) => Runnable

/**
 * An operation for a fan-out whose answers wait until the limit is reached or nothing more is to come: so many steps
 * really do run at once.
 */
export function gated({ limit }: Case, { size }: Graph): { readonly operation: Prepared['operation'] } {
  let waiting: ((answer: number) => void)[] = []
  let left = size - 1
  let isFirst = true
  const release = () => {
    left -= waiting.length
    for (const answer of waiting.splice(0)) answer(1)
    waiting = []
  }
  return {
    operation() {
      if (isFirst) {
        isFirst = false
        return 1
      }
      const { promise, resolve } = Promise.withResolvers<number>()
      waiting.push(resolve)
      if (waiting.length === Math.min(limit, left)) setImmediate(release)
      return promise
    },
  }
}
