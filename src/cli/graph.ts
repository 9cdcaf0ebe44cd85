// `sagachart graph FILE`: the workflows of a document as a picture's source, or with `--machine` a statechart of ours.
// Loads modules only where what they declare is shown, and runs nothing.
import { formatDiagnostics, shown, suggestion } from '../definition/diagnostic.ts'
import { CHARTS, chartOf, drawChart, toStateDiagram } from '../graph/charts.ts'
import { toDot, toMermaid } from '../graph/drawing.ts'
import { drawWorkflows } from '../graph/pictures.ts'
import { graphOf } from '../graph/workflows.ts'
import type { Module } from '../definition/model.ts'
import { loadIntegration, readIntegration } from '../load.ts'
import { keepingStdout, refusing, stderr } from './output.ts'
import { jsonPieces } from './pieces.ts'
import { narrowed } from './selection.ts'
import { deliver } from './write.ts'

/** Options of `graph`. */
export interface GraphOptions {
  readonly format?: string
  /** `true`: no name was given, and they are to be listed. */
  readonly machine?: string | true
  readonly scenario?: string
  readonly output?: string
  readonly json?: boolean
  readonly allowModules?: readonly string[]
}

const USAGE = 2

const refuse = refusing('graph')

const FORMATS = ['mermaid', 'dot', 'json', 'xstate']

/** What Mermaid draws at most, unless who draws raises its `maxEdges` and `maxTextSize`. */
const MERMAID_EDGES_MAX = 500
const MERMAID_LENGTH_MAX = 50_000

/** Exit code 0, or 2 where the document or the usage is wrong. */
export async function graphCommand(file: string | undefined, options: GraphOptions): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'mermaid')
  const { machine, output } = options
  const fault = faultOf(file, format, options)
  if (fault !== null) return refuse(fault)
  if (machine === true) return listMachines(format, output)
  if (machine !== undefined) return drawMachine(machine, format, output)
  const read = await readIntegration(file!, { requireInputs: false })
  if (!read.ok) {
    stderr.lines(formatDiagnostics(read.diagnostics))
    return USAGE
  }
  const definition = narrowed(read.definition, options)
  if (typeof definition === 'string') return refuse(definition)
  // Only the data shows what operations do to the world, which their modules say.
  const modules = format === 'json' ? await loadedModules(file!, options) : []
  const scenarios = definition.workflows.map((workflow) => graphOf(workflow, modules))
  if (format === 'json') return print(jsonPieces({ name: definition.name, scenarios }), output)
  const drawing = drawWorkflows(definition.name, scenarios)
  if (format === 'dot') return print([toDot(drawing)], output)
  const text = toMermaid(drawing)
  const edges = drawing.groups.reduce((sum, group) => sum + group.edges.length, 0)
  if (edges > MERMAID_EDGES_MAX || text.length > MERMAID_LENGTH_MAX) {
    stderr.line(
      `sagachart graph: Mermaid draws at most ${MERMAID_EDGES_MAX} edges and ${MERMAID_LENGTH_MAX} characters, ` +
        `found ${edges} and ${text.length}; raise its maxEdges and maxTextSize, or take --format dot`,
    )
  }
  return print([text], output)
}

/** The modules of a document; none, and a word on stderr, where they cannot be loaded. */
async function loadedModules(file: string, { allowModules = [] }: GraphOptions): Promise<readonly Module[]> {
  const options = { allowModules, requireInputs: false, writes: [] }
  const loaded = await keepingStdout(() => loadIntegration(file, options))
  if (loaded.ok) return loaded.modules
  stderr.lines(formatDiagnostics(loaded.diagnostics))
  stderr.line('sagachart graph: the effects of operations are unknown without their modules')
  return []
}

/** What is wrong with the options: an unknown one, or one that would have no effect beside another. */
function faultOf(
  file: string | undefined,
  format: string,
  { format: asked, json, machine, scenario }: GraphOptions,
): string | null {
  if (!FORMATS.includes(format)) {
    return `--format takes ${FORMATS.join(', ')}, found ${shown(format)}; ${suggestion(format, FORMATS, 'take one')}`
  }
  if (json && asked !== undefined && asked !== 'json') {
    return `--json is --format json, found --format ${asked} beside it; give one of the two`
  }
  if (machine === undefined) {
    if (file === undefined) return 'a document is needed, or --machine NAME; give one of the two'
    if (format !== 'xstate') return null
    return '--format xstate is for statecharts; add --machine step, or take another format'
  }
  if (file !== undefined)
    return `--machine draws no document, found ${shown(file)} beside it; give one of the two`
  if (scenario !== undefined) return '--scenario is for a document, found --machine beside it; remove one'
  const names = Object.keys(CHARTS)
  if (machine === true) {
    if (format === 'json' || asked === undefined || asked === 'mermaid') return null
    return `--format ${format} draws one statechart; give --machine a name: ${names.join(', ')}`
  }
  if (names.includes(machine)) return null
  return `--machine names one of ${names.join(', ')}, found ${shown(machine)}; ${suggestion(machine, names, 'take one')}`
}

/** What statecharts there are, and what each is about. */
function listMachines(format: string, output: string | undefined): Promise<number> {
  const charts = Object.entries(CHARTS).map(([name, machine]) => ({
    name,
    description: chartOf(machine).description,
  }))
  if (format === 'json') return print(jsonPieces(charts), output)
  const width = Math.max(...charts.map(({ name }) => name.length))
  return print(
    charts.map(({ name, description }) => `${name.padEnd(width)}  ${description}\n`),
    output,
  )
}

function drawMachine(name: string, format: string, output: string | undefined): Promise<number> {
  const machine = CHARTS[name]!
  if (format === 'xstate') return print([JSON.stringify(machine.config, asData, 2), '\n'], output)
  const chart = chartOf(machine)
  if (format === 'json') return print(jsonPieces(chart), output)
  return print([format === 'dot' ? toDot(drawChart(chart)) : toStateDiagram(chart)], output)
}

// Of an action or a guard that is a function its name is left. Context, output and parameters that are worked out
// are left out: a name there would be taken for the value.
function asData(key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value
  return ['context', 'output', 'params'].includes(key) ? undefined : value.name
}

async function print(pieces: Iterable<string>, output: string | undefined): Promise<number> {
  const problem = await deliver(pieces, output)
  return problem === null ? 0 : refuse(problem)
}
