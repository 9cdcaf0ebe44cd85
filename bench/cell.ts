// One cell of the tables, in a process of its own: `node --expose-gc cell.ts '<cell as JSON>'` prints the answer as JSON.
// Both sides share the process, and take turns in it: a machine that slows down slows both.
import { loadOf, type Adapter, type Runnable, type Situation } from './adapter.ts'
import { bytesEnded, bytesRunning, collect } from './memory.ts'
import { ours } from './ours.ts'
import { verify } from './verify.ts'
import { yardstick } from './yardstick.ts'

/** What a process is asked. */
export interface Cell extends Situation {
  /** The time that a step costs, or the bytes of a step that ended or is running. */
  readonly what: 'time' | 'ended' | 'running'
  /** Measured rounds; memory has one. */
  readonly rounds: number
}

/** Of each side, one number a round. */
export type Rounds = Readonly<Record<'ours' | 'yardstick', readonly number[]>>

/** What it answers. */
export interface Answer {
  /** Bytes a step; or microseconds a step that the processors worked for it, on all threads of the process. */
  readonly cost: Rounds
  /** Microseconds a step by the clock, which other processes make longer; `null` for memory. */
  readonly wall: Rounds | null
}

const SIDES = { ours, yardstick } satisfies Record<keyof Rounds, Adapter>

const ORDER = ['ours', 'yardstick'] as const

/** Steps that each side runs before anything is measured. */
const WARM_UP_STEPS = 60_000

/**
 * Steps that a side runs untimed after each collection, in graphs of at most as many. Right after one, a run of 1,000
 * steps was seen to cost up to three times as much, also with a large young generation: that would make small graphs
 * look dear, and large ones good beside them.
 */
const RUN_IN_STEPS = 10_000

/** Steps that a round measures at least: a small graph runs many times. */
const ROUND_STEPS_MIN = 20_000

/** The largest graph that is verified: one operation a turn of the event loop takes its time. */
const VERIFY_SIZE_MAX = 10_000

/** Microseconds a step: the sides by turns, and each first in every other round. */
async function time({ rounds, ...situation }: Cell): Promise<Answer> {
  for (const name of ORDER) {
    const size = Math.min(VERIFY_SIZE_MAX, situation.size)
    await verify(name, SIDES[name], loadOf({ ...situation, size }))
  }
  const small = { ...situation, size: Math.min(RUN_IN_STEPS, situation.size) }
  const runIns = { ours: ours(loadOf(small)), yardstick: yardstick(loadOf(small)) }
  const runnables = { ours: ours(loadOf(situation)), yardstick: yardstick(loadOf(situation)) }
  for (const name of ORDER) await repeat(runIns[name], WARM_UP_STEPS / small.size)
  const times = Math.ceil(ROUND_STEPS_MIN / situation.size)
  const steps = times * situation.size
  const cost: Record<keyof Rounds, number[]> = { ours: [], yardstick: [] }
  const wall: Record<keyof Rounds, number[]> = { ours: [], yardstick: [] }
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? ORDER : ORDER.toReversed()) {
      collect()
      await repeat(runIns[name], RUN_IN_STEPS / small.size)
      const taken = await timed(runnables[name], times)
      cost[name].push(taken.cost / steps)
      wall[name].push(taken.wall / steps)
    }
  }
  return { cost, wall }
}

/** Microseconds of so many runs. */
async function timed(runnable: Runnable, times: number): Promise<{ cost: number; wall: number }> {
  const started = performance.now()
  const before = process.cpuUsage()
  await repeat(runnable, times)
  const { user, system } = process.cpuUsage(before)
  return { cost: user + system, wall: (performance.now() - started) * 1000 }
}

async function repeat(runnable: Runnable, times: number): Promise<void> {
  for (let run = 0; run < times; run++) await runnable.start()
}

async function answer(cell: Cell): Promise<Answer> {
  if (cell.what === 'time') return time(cell)
  const bytes = cell.what === 'ended' ? bytesEnded : bytesRunning
  return { cost: { ours: [await bytes(ours, cell)], yardstick: [await bytes(yardstick, cell)] }, wall: null }
}

process.stdout.write(JSON.stringify(await answer(JSON.parse(process.argv[2] ?? '') as Cell)))
