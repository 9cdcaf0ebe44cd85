// What is compared, and on what: the interface that each side has, and the loads that both are given. No measuring here.
import { graphOf, type Graph, type Shape } from './graphs.ts'

/** What a side is to run. */
export interface Load {
  readonly graph: Graph
  /** Steps running at once, at most. */
  readonly limit: number
  /** Of every step; `null`: none. */
  readonly timeoutMs: number | null
  /** Called once a step, with its index. */
  readonly operation: (step: number) => number | Promise<number>
}

/** A workflow that is built already, for building it is no part of a step's cost. */
export interface Runnable {
  /**
   * Runs it to its end, as often as is wished, once at a time. Resolves to what a caller holds on to of such a run.
   * Rejects when not every step succeeded.
   */
  start(): Promise<unknown>
}

/** One side of the comparison. */
export type Adapter = (load: Load) => Runnable

/** A graph and the conditions under which it runs. */
export interface Situation {
  readonly shape: Shape
  readonly size: number
  /** Whether every step has a time limit, of a minute; none is ever reached. */
  readonly timeouts: boolean
  /** Whether `CROWD` steps run at once, not `LIMIT`: none answers before as many run. Fan-outs only. */
  readonly crowd: boolean
}

/** Steps running at once, where nothing else is said. */
const LIMIT = 64

/** Steps running at once where as many as possible are to. */
export const CROWD = 10_000

/** The load of a situation; operations answer at once, unless they wait for the crowd. */
export function loadOf({ shape, size, timeouts, crowd }: Situation): Load {
  const limit = crowd ? CROWD : LIMIT
  return {
    graph: graphOf(shape, size),
    limit,
    timeoutMs: timeouts ? 60_000 : null,
    operation: crowd ? crowded(size, limit) : () => 1,
  }
}

/** For fan-outs: holds the answers back until the limit is reached or nothing more is to come, run after run. */
function crowded(size: number, limit: number): Load['operation'] {
  let waiting: ((answer: number) => void)[] = []
  let left = size - 1
  const release = () => {
    left = left === waiting.length ? size - 1 : left - waiting.length
    const answered = waiting
    waiting = []
    for (const answer of answered) answer(1)
  }
  return (step) => {
    if (step === 0) return 1
    const { promise, resolve } = Promise.withResolvers<number>()
    waiting.push(resolve)
    if (waiting.length === Math.min(limit, left)) setImmediate(release)
    return promise
  }
}
