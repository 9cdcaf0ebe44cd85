// `sagachart simulate FILE`: one run in virtual time, with stubs in place of modules, told as a timeline. Loads no module.
import { diagnosticLine, formatDiagnostics, shown } from '../definition/diagnostic.ts'
import { terminalLine } from '../definition/safe-text.ts'
import { readIntegration } from '../load.ts'
import { isCompleted, resultDocument, type ResultDocument } from '../runtime/report/result.ts'
import { jsonPieces } from './pieces.ts'
import { readOutside, type OutsideOptions } from './outside.ts'
import { refusing, stderr, stdout } from './output.ts'
import { play, type Played } from './play.ts'
import { narrowed, readInputs } from './selection.ts'
import { ganttLines, storyline } from './storyline.ts'
import { readStubs, type StubOptions } from './stubs.ts'
import { summary } from './summary.ts'
import { duration } from './terminal.ts'

/** Options of `simulate`. */
export interface SimulateOptions extends StubOptions, OutsideOptions {
  readonly seed: string
  readonly limit: string
  readonly scenario?: string
  readonly input: readonly string[]
  readonly concurrency?: string
  readonly json?: boolean
}

const USAGE = 2

const refuse = refusing('simulate')

/** Width of a chart where no terminal says how wide it is. */
const WIDTH = 100

/** Exit code 0 where the simulated run completed, 1 where it did not, 2 for bad documents and usage. */
export async function simulateCommand(file: string, options: SimulateOptions): Promise<number> {
  const inputs = readInputs(options.input)
  if (typeof inputs === 'string') return refuse(inputs)
  const seed = wholeNumber('--seed', options.seed, 0, 2 ** 32 - 1)
  if (typeof seed === 'string') return refuse(seed)
  const limit = wholeNumber('--limit', options.limit, 1, 1_000_000)
  if (typeof limit === 'string') return refuse(limit)
  const read = await readIntegration(file, { inputs })
  if (!read.ok) {
    stderr.lines(formatDiagnostics(read.diagnostics))
    return USAGE
  }
  const definition = narrowed(read.definition, options)
  if (typeof definition === 'string') return refuse(definition)
  const stubs = readStubs(definition, options)
  if (typeof stubs === 'string') return refuse(stubs)
  const outside = readOutside(definition, options)
  if (typeof outside === 'string') return refuse(outside)
  if (read.warnings.length > 0) stderr.lines(`${formatDiagnostics(read.warnings)}\n\n`)
  const played = play(definition, { seed, stubs, outside })
  const result = resultDocument(played.report, read.warnings.map(diagnosticLine), 'a simulation is no run')
  if (options.json) {
    const { integration_scenarios: scenarios, status, error, warnings } = result
    const { assumed, timeline, virtualMs } = played
    const document = { seed, status, virtual_ms: virtualMs, error, warnings, assumed, timeline, scenarios }
    await stdout.print(jsonPieces(document))
  } else stdout.lines(story(played, result, seed, limit))
  return isCompleted(result) ? 0 : 1
}

/** The whole story, for people. */
function story(
  { timeline, assumed, virtualMs }: Played,
  result: ResultDocument,
  seed: number,
  limit: number,
): string {
  const scheme = stdout.colours
  const parts = [
    storyline(timeline, limit, scheme),
    ganttLines(timeline, stdout.columns || WIDTH, scheme),
    assumed.map((what) => scheme.dim(terminalLine(`assumed: ${what}`))),
  ]
  const text = parts.filter(({ length }) => length > 0).map((lines) => `${lines.join('\n')}\n\n`)
  const end = scheme.dim(`  simulated with seed ${seed}, ${duration(virtualMs)} of virtual time`)
  return `${text.join('')}${[...summary(result, { output: null, colours: scheme }), end].join('\n')}\n`
}

function wholeNumber(option: string, given: string, min: number, max: number): number | string {
  const number = Number(given)
  if (/^\d+$/.test(given) && number >= min && number <= max) return number
  return `${option} takes a whole number from ${min} to ${max}, found ${shown(given)}; correct it`
}
