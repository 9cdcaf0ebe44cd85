// The benchmark's one command: what a step costs, cell by cell, each in a process of its own. Prints tables with their
// verdicts and writes every number as JSON. What a cell does is in cell.ts, what is compared in adapter.ts.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { arch, cpus, loadavg, platform } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { CROWD } from './adapter.ts'
import type { Answer, Cell } from './cell.ts'
import { comparePeers, peerTable } from './comparison.ts'
import { SHAPES, type Shape } from './graphs.ts'
import { measureStartup, startupTable } from './startup.ts'
import { areAlike, BOUNDS, memoryTable, rowOf, timeTable, type Row } from './table.ts'

const USAGE = `npm run bench -- [options]
  --sizes 1000,10000,100000    steps a graph
  --shapes chain,fan,layered   shapes of graphs
  --rounds N                   measured rounds a side (5, and 3 from 100,000 steps on)
  --only time|memory|peers|startup   leave the others out
  --quick                      1,000 and 10,000 steps, 3 rounds; peers at 1,000: a first look
  --json FILE                  where the numbers go (bench/result.json)`

/** Rounds where no number is given: large graphs vary less, and take longer. */
const ROUNDS = 5
const ROUNDS_LARGE = 3
const LARGE = 100_000

/** Graphs on which peers are measured. */
const PEER_SIZES = [1_000, 10_000]

interface Options {
  readonly sizes: readonly number[]
  readonly peerSizes: readonly number[]
  readonly shapes: readonly Shape[]
  readonly rounds: number | null
  readonly only: string | undefined
  readonly json: string
}

/** Each graph without and with time limits, and fan-outs with as many steps at once as may be. */
function timeCells({ sizes, shapes, rounds }: Options): Cell[] {
  const kinds = shapes.flatMap((shape) =>
    (shape === 'fan' ? [false, true] : [false]).flatMap((crowd) =>
      [false, true].map((timeouts) => ({ shape, crowd, timeouts })),
    ),
  )
  const roundsOf = (size: number) => (size < LARGE ? ROUNDS : ROUNDS_LARGE)
  return kinds.flatMap((kind) =>
    sizes.map((size) => ({ what: 'time' as const, ...kind, size, rounds: rounds ?? roundsOf(size) })),
  )
}

/** What a step keeps once it ended, in the largest graphs, and what it takes while it runs. */
function memoryCells({ sizes, shapes }: Options): Cell[] {
  const size = Math.max(...sizes)
  return [false, true].flatMap((timeouts) => [
    ...shapes.map((shape) => ({
      ...{ what: 'ended' as const, shape, size, timeouts, crowd: false, rounds: 1 },
    })),
    { what: 'running' as const, shape: 'fan', size: CROWD + 1, timeouts, crowd: true, rounds: 1 },
  ])
}

async function ask(cell: Cell): Promise<Answer> {
  const script = join(import.meta.dirname, 'cell.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', script, JSON.stringify(cell)],
    { env: { ...process.env, NODE_ENV: 'production' } },
  )
  return JSON.parse(stdout) as Answer
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string' },
      shapes: { type: 'string', default: SHAPES.join() },
      rounds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string', default: join(import.meta.dirname, 'result.json') },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, only, json } = values
  const sizes = (values.sizes ?? (quick ? '1000,10000' : '1000,10000,100000')).split(',').map(Number)
  const shapes = SHAPES.filter((shape) => values.shapes.split(',').includes(shape))
  const rounds = Number(values.rounds ?? ROUNDS_LARGE)
  const areNumbers = [...sizes, rounds].every((number) => Number.isSafeInteger(number) && number > 0)
  const isKnown = only === undefined || ['time', 'memory', 'peers', 'startup'].includes(only)
  if (values.help || !areNumbers || !isKnown || shapes.length !== values.shapes.split(',').length) return null
  const isGiven = quick || values.rounds !== undefined
  const peerSizes = values.sizes ? sizes : quick ? [1_000] : PEER_SIZES
  return {
    sizes: sizes.toSorted((a, b) => a - b),
    peerSizes,
    shapes,
    rounds: isGiven ? rounds : null,
    only,
    json,
  }
}

const machine = `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim()}`

/** Asks cell after cell. Each answer is written at once, and a cell that gives none is named and passed over. */
async function measure(
  cells: readonly Cell[],
  json: string,
  more: object,
): Promise<{ rows: Row[]; unanswered: string[] }> {
  const rows: Row[] = []
  const unanswered: string[] = []
  for (const [at, cell] of cells.entries()) {
    process.stderr.write(`${at + 1}/${cells.length} ${cell.what} ${cell.shape} ${cell.size}\n`)
    const smallest = cells.find((other) => areAlike(other, cell))!.size
    const smaller = rows.find((row) => areAlike(row, cell) && row.size === smallest)
    try {
      rows.push(rowOf(cell, await ask(cell), smaller))
    } catch (error) {
      unanswered.push(`${JSON.stringify(cell)}: ${reasonOf(error)}`)
    }
    await note(json, { ...more, rows, unanswered })
  }
  return { rows, unanswered }
}

/** Writes down what is known so far. */
async function note(json: string, known: object): Promise<void> {
  const load = loadavg().map((average) => average.toFixed(1))
  await writeFile(json, `${JSON.stringify({ machine, load, bounds: BOUNDS, ...known }, null, 2)}\n`)
}

/** Of a process that failed: the signal that ended it, or what it said last. */
function reasonOf(error: unknown): string {
  const { signal, stderr } = error as { readonly signal?: string | null; readonly stderr?: string }
  return signal ? `ended by ${signal}` : (stderr?.trim() ?? '') || String(error)
}

async function main(): Promise<void> {
  const options = readOptions()
  if (!options) {
    console.log(USAGE)
    process.exitCode = 2
    return
  }
  const { only } = options
  const wants = (what: string) => only === undefined || only === what
  const cells = [
    ...(wants('time') ? timeCells(options) : []),
    ...(wants('memory') ? memoryCells(options) : []),
  ]
  const startup = wants('startup') ? measureStartup() : []
  const { rows, unanswered } = await measure(cells, options.json, { startup })
  const peers = wants('peers') ? await comparePeers(options.shapes, options.peerSizes) : []
  await note(options.json, { startup, peers, rows, unanswered })
  console.log(`${machine}; load ${loadavg()[0]!.toFixed(1)}\n`)
  const tables = [timeTable(rows), memoryTable(rows), peerTable(peers), startupTable(startup)]
  console.log(tables.filter(Boolean).join('\n'))
  if (rows.length === 0) return
  const missed = rows.filter(({ isMet }) => !isMet).length
  console.log(`${rows.length - missed} of ${rows.length} cells meet their targets, ${missed} miss them`)
  console.log(`every round: ${options.json}`)
  if (unanswered.length === 0) return
  console.error(`${unanswered.length} cells gave no answer:\n${unanswered.join('\n')}`)
  process.exitCode = 1
}

await main()
