// What it costs to be watched: `node bench/inspect.ts [--sizes 1000,10000]` runs a fan-out unwatched, watched by our
// inspector over a socket on loopback, and watched by the adapter of @statelyai/inspect, which sends nowhere. Prints a
// table; ratios of one run, for the machine decides the rest.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { createInspector as createAdapter } from '@statelyai/inspect'
import { run, setup, type RunOptions } from 'sagachart'
import { createInspector } from 'sagachart/inspect'
import { median, table } from './table.ts'

const ROUNDS = 5

/** The adapter of @statelyai/inspect works in idle time, which a run of steps that do nothing hardly has. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve))

/** Milliseconds of a run, from its start until everything was handed over, and the bytes that were. */
interface Taken {
  readonly ms: number
  readonly bytes: number
}

/** A fan-out of steps that answer at once. */
function fanOf(size: number) {
  const steps = Array.from({ length: size }, (_, at) => [`s${at}`, { invoke: 'm.op' as const }] as const)
  const at = setup({ modules: { m: { op: () => 1 } } })
  return at.createWorkflow({ id: 'fan', parallel: true, steps: Object.fromEntries(steps) })
}

type Fan = ReturnType<typeof fanOf>

async function timed(work: () => Promise<number>): Promise<Taken> {
  globalThis.gc?.()
  const started = performance.now()
  const bytes = await work()
  return { ms: performance.now() - started, bytes }
}

async function completed(fan: Fan, options: RunOptions): Promise<void> {
  const { status } = await run(fan, {}, options)
  if (status !== 'completed') throw new Error(`the run ended ${status}`)
}

const unwatched = (fan: Fan) => timed(() => completed(fan, {}).then(() => 0))

/** A viewer in a process of its own, so that reading is no part of the cost; it answers with the bytes that it read. */
async function viewer() {
  const child = fork(new URL(import.meta.url), ['--viewer'])
  const [port] = (await once(child, 'message')) as [number]
  return { url: `ws://127.0.0.1:${port}`, heard: () => once(child, 'message') as Promise<[number]>, child }
}

async function watched(fan: Fan): Promise<Taken> {
  const { url, heard, child } = await viewer()
  const inspector = createInspector({ url })
  await inspector.ready()
  const bytes = heard()
  const taken = await timed(async () => {
    await completed(fan, { inspect: inspector.inspect })
    await inspector.close()
    return (await bytes)[0]
  })
  child.kill()
  if (inspector.dropped > 0) throw new Error(`${inspector.dropped} events were not shown`)
  return taken
}

function adapted(fan: Fan): Promise<Taken> {
  return timed(async () => {
    let bytes = 0
    const adapter = createAdapter({ send: (event) => (bytes += JSON.stringify(event).length) })
    await completed(fan, { inspect: adapter.inspect })
    await settle()
    return bytes
  })
}

/** Reads and counts until the one who tells has left. */
async function view(): Promise<void> {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('listening', () => process.send!((server.address() as { port: number }).port))
  server.on('connection', (socket) => {
    let bytes = 0
    socket.on('message', (data: Buffer) => (bytes += data.length))
    socket.on('close', () => process.send!(bytes))
  })
}

async function measure(size: number): Promise<Record<'unwatched' | 'ours' | 'adapter', Taken>> {
  const fan = fanOf(size)
  const sides = { unwatched, ours: watched, adapter: adapted }
  const rounds: Record<keyof typeof sides, Taken[]> = { unwatched: [], ours: [], adapter: [] }
  await unwatched(fan)
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of ['unwatched', 'ours', 'adapter'] as const) rounds[side].push(await sides[side](fan))
  }
  const middle = (taken: readonly Taken[]) => ({
    ms: median(taken.map(({ ms }) => ms)),
    bytes: taken.at(-1)!.bytes,
  })
  return {
    unwatched: middle(rounds.unwatched),
    ours: middle(rounds.ours),
    adapter: middle(rounds.adapter),
  }
}

async function main(): Promise<void> {
  const options = { sizes: { type: 'string', default: '1000,10000' }, viewer: { type: 'boolean' } } as const
  const { values } = parseArgs({ options })
  if (values.viewer) return view()
  const rows: string[][] = []
  for (const size of values.sizes.split(',').map(Number)) {
    const { unwatched: plain, ...sides } = await measure(size)
    const each = (value: number) => value / size
    rows.push(['nobody', size.toLocaleString('en'), (each(plain.ms) * 1000).toFixed(0), '', ''])
    for (const [side, { ms, bytes }] of Object.entries(sides)) {
      const name = side === 'ours' ? 'sagachart/inspect' : '@statelyai/inspect'
      const cost = [(each(ms) * 1000).toFixed(0), `${(ms / plain.ms).toFixed(1)}×`, each(bytes).toFixed(0)]
      rows.push([name, size.toLocaleString('en'), ...cost])
    }
  }
  console.log(table(['watched by', 'steps', 'µs a step', 'to unwatched', 'bytes a step'], rows, ''))
}

await main()
