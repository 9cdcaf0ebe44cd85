// The benchmark's one command: measures what a step costs against the yardstick, in rounds that alternate between the
// two sides, prints tables and writes everything as JSON. What is measured is in case.ts, how in round.ts.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { arch, cpus, platform } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { median, type Case, type Measurement } from './case.ts'
import type { Shape } from './graph.ts'
import { memoryTable, timeTable, type Row } from './table.ts'

const USAGE = `npm run bench -- [options]
  --sizes 1000,10000,100000        steps a graph
  --shapes chain,fan-out,layered   shapes of graphs
  --rounds 5                       rounds a side; each is a process
  --only time|memory               leave the other out
  --json FILE                      where the numbers go (bench/result.json)`

const LIMIT = 64

/** Steps that run at once where as many as possible are to. */
const CROWD = 10_000

const SHAPES: readonly Shape[] = ['chain', 'fan-out', 'layered']

const SIDES = ['ours', 'yardstick'] as const

type Question = Omit<Case, 'side'>

/** The questions about time: each graph without and with time limits, and fan-outs with as many at once as may be. */
function timeQuestions(sizes: readonly number[], shapes: readonly Shape[]): Question[] {
  const question = (shape: Shape, size: number, timeout: boolean): Question => ({
    ...{ what: 'time', shape, size, timeout, limit: LIMIT, crowd: false },
  })
  const plain = shapes.flatMap((shape) =>
    [false, true].flatMap((timeout) => sizes.map((size) => question(shape, size, timeout))),
  )
  if (!shapes.includes('fan-out')) return plain
  const crowded = [false, true].flatMap((timeout) =>
    sizes.map((size) => ({ ...question('fan-out', size, timeout), limit: CROWD, crowd: true })),
  )
  return [...plain, ...crowded]
}

/** The questions about memory: what a step keeps once it ended, and while it runs. */
function memoryQuestions(): Question[] {
  const common = { size: CROWD, crowd: false }
  return [false, true].flatMap((timeout): Question[] => [
    { ...common, what: 'ended', shape: 'chain', timeout, limit: LIMIT },
    { ...common, what: 'running', shape: 'fan-out', timeout, limit: CROWD },
  ])
}

/** Alternates between the sides, so that a machine that slows down slows both. */
async function ask(question: Question, rounds: number): Promise<Row> {
  const found: Record<Case['side'], number[]> = { ours: [], yardstick: [] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? SIDES : SIDES.toReversed()
    for (const side of order) found[side].push(await measure({ ...question, side }))
  }
  const ratios = found.ours.map((value, round) => value / found.yardstick[round]!)
  return {
    ...question,
    ours: median(found.ours),
    yardstick: median(found.yardstick),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    rounds: found,
  }
}

async function measure(given: Case): Promise<number> {
  const script = join(import.meta.dirname, 'round.ts')
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--expose-gc', script, JSON.stringify(given)])
  return (JSON.parse(stdout) as Measurement).value
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '1000,10000,100000' },
      shapes: { type: 'string', default: SHAPES.join() },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      json: { type: 'string', default: join(import.meta.dirname, 'result.json') },
      help: { type: 'boolean', default: false },
    },
  })
  const sizes = values.sizes.split(',').map(Number)
  const shapes = SHAPES.filter((shape) => values.shapes.split(',').includes(shape))
  const rounds = Number(values.rounds)
  const areNumbers = [...sizes, rounds].every((number) => Number.isSafeInteger(number) && number > 0)
  if (values.help || !areNumbers || shapes.length !== values.shapes.split(',').length) return null
  return { ...values, sizes, shapes, rounds }
}

async function main(): Promise<void> {
  const options = readOptions()
  if (!options) {
    console.log(USAGE)
    process.exitCode = 2
    return
  }
  const time = options.only === 'memory' ? [] : timeQuestions(options.sizes, options.shapes)
  const questions = options.only === 'time' ? time : [...time, ...memoryQuestions()]
  const rows: Row[] = []
  for (const [at, question] of questions.entries()) {
    process.stderr.write(
      `${at + 1}/${questions.length} ${question.what} ${question.shape} ${question.size}\n`,
    )
    rows.push(await ask(question, options.rounds))
  }
  const machine = `Node ${process.versions.node}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim()}`
  console.log(`${machine}; medians of ${options.rounds} rounds\n`)
  console.log([timeTable(rows), memoryTable(rows)].filter(Boolean).join('\n'))
  await writeFile(options.json, `${JSON.stringify({ machine, rounds: options.rounds, rows }, null, 2)}\n`)
  console.log(`every round: ${options.json}`)
}

await main()
