// One peer on one graph, in a process of its own: `node --expose-gc peer.ts '<cell as JSON>'`. Ours and the peer take turns,
// after the peer was verified: each step once, after all it waits for, within the limit.
import { loadOf, type Adapter, type Runnable, type Situation } from './adapter.ts'
import { collect } from './memory.ts'
import { ours } from './ours.ts'
import { verify } from './verify.ts'
import { yardstick } from './yardstick.ts'

/** The peers, each a file in peers/. */
export const PEERS = ['promises', 'p-graph', 'effect', 'async', 'xstate', 'langgraph'] as const

/** What a process is asked. */
export interface PeerCell extends Pick<Situation, 'shape' | 'size'> {
  readonly peer: (typeof PEERS)[number] | 'yardstick'
}

/** Milliseconds of a run, one number a round. */
export interface PeerAnswer {
  readonly ours: readonly number[]
  readonly peer: readonly number[]
}

/** The largest graph that is verified: an operation of it takes a turn of the event loop. */
const VERIFY_SIZE_MAX = 1_000

const ROUNDS = 5

/** Steps that each side runs before it is measured, or for how long, in milliseconds. */
const WARM_UP_STEPS = 30_000
const WARM_UP_MS = 2_000

/** A peer whose run takes longer has one round. */
const LONG_MS = 5_000

/** Runs until the compiler has seen enough, or until it has taken its time. */
async function warmUp(runnable: Runnable, size: number): Promise<void> {
  const started = performance.now()
  for (let steps = 0; steps < WARM_UP_STEPS && performance.now() - started < WARM_UP_MS; steps += size)
    await runnable.start()
}

async function answer({ peer, ...graph }: PeerCell): Promise<PeerAnswer> {
  // Peers' packages are installed beside this file alone, so that nothing else depends on them.
  const file = new URL(`./peers/${peer}.ts`, import.meta.url).href
  const adapter =
    peer === 'yardstick' ? yardstick : ((await import(file)) as { readonly adapter: Adapter }).adapter
  const load = (size: number) => loadOf({ ...graph, size, timeouts: false, crowd: false })
  await verify(peer, adapter, load(Math.min(graph.size, VERIFY_SIZE_MAX)))
  const sides = { ours: ours(load(graph.size)), peer: adapter(load(graph.size)) }
  const times = { ours: [] as number[], peer: [] as number[] }
  for (const side of ['ours', 'peer'] as const) await warmUp(sides[side], graph.size)
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ['ours', 'peer'] as const) {
      collect()
      const started = performance.now()
      await sides[side].start()
      times[side].push(performance.now() - started)
    }
    if (times.peer[0]! > LONG_MS) break
  }
  return times
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(process.argv[2] ?? '') as PeerCell)))
}
