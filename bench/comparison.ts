// Ours beside its peers, cell by cell, each in a process of its own that is ended after a minute and a half: a peer that
// takes over a minute for a graph is not waited for. What a cell does is in peer.ts.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Shape } from './graphs.ts'
import { PEERS, type PeerAnswer, type PeerCell } from './peer.ts'
import { median, table } from './table.ts'

/** A run that takes longer is not measured: it is said to take longer. */
const LIMIT_MS = 60_000

/** Of a whole process: verification, our own runs, and a run of the peer within its limit. */
const PROCESS_MS = 90_000

/** A peer's cell and what it came to; `null` where it took too long. */
export interface PeerRow extends PeerCell {
  readonly answer: PeerAnswer | null
  /** Microseconds a step. */
  readonly ours: number | null
  readonly theirs: number | null
}

/** Measures every peer on every graph. One that took too long is not tried on a larger graph of that shape. */
export async function comparePeers(shapes: readonly Shape[], sizes: readonly number[]): Promise<PeerRow[]> {
  const rows: PeerRow[] = []
  for (const shape of shapes) {
    for (const size of sizes) {
      for (const peer of ['yardstick', ...PEERS] as const) {
        process.stderr.write(`${peer} ${shape} ${size}\n`)
        const slow = rows.some((row) => row.peer === peer && row.shape === shape && row.answer === null)
        const answer = slow ? null : await ask({ peer, shape, size })
        const each = (times: readonly number[]) => (median(times) / size) * 1000
        rows.push({
          ...{ peer, shape, size, answer },
          ours: answer && each(answer.ours),
          theirs: answer && each(answer.peer),
        })
      }
    }
  }
  return rows
}

async function ask(cell: PeerCell): Promise<PeerAnswer | null> {
  const args = ['--expose-gc', join(import.meta.dirname, 'peer.ts'), JSON.stringify(cell)]
  const env = { ...process.env, NODE_ENV: 'production' }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: PROCESS_MS })
    const answer = JSON.parse(stdout) as PeerAnswer
    return median(answer.peer) > LIMIT_MS ? null : answer
  } catch (error) {
    if ((error as { readonly killed?: boolean }).killed) return null
    throw error
  }
}

/** Microseconds a step: a row a peer, a column a graph, with how many of ours it is. */
export function peerTable(rows: readonly PeerRow[]): string {
  if (rows.length === 0) return ''
  const graphs = [...new Set(rows.map(({ shape, size }) => `${shape} ${size.toLocaleString('en')}`))]
  const of = (graph: string) =>
    rows.filter(({ shape, size }) => `${shape} ${size.toLocaleString('en')}` === graph)
  const own = graphs.map((graph) => {
    const values = of(graph).flatMap(({ ours }) => (ours === null ? [] : [ours]))
    return median(values).toFixed(0)
  })
  const lines = ['yardstick', ...PEERS].map((peer) => [
    peer,
    ...graphs.map((graph) => {
      const { theirs, ours } = of(graph).find((row) => row.peer === peer)!
      if (theirs === null) return '> 60 s'
      return `${theirs < 10 ? theirs.toFixed(1) : theirs.toFixed(0)} (${(theirs / ours!).toFixed(theirs < ours! / 10 ? 3 : 2)}×)`
    }),
    '',
  ])
  const foot = '×: beside ours in the same process; > 60 s: stopped, a run of the graph took over a minute'
  return table(['µs a step', ...graphs, ''], [['ours', ...own, ''], ...lines], foot)
}
