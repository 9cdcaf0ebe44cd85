// `sagachart graph FILE`: the workflows of a document as a picture's source, or with `--machine` a statechart of ours.
// Loads no module and runs nothing.
import { formatDiagnostics, suggestion } from '../definition/diagnostic.ts'
import { CHARTS, chartOf, drawChart, toStateDiagram } from '../graph/charts.ts'
import { toDot, toMermaid } from '../graph/drawing.ts'
import { drawWorkflows, graphOf } from '../graph/workflows.ts'
import { readIntegration } from '../load.ts'
import { narrowed } from './selection.ts'
import { writeAtomically } from './write.ts'

/** Options of `graph`. */
export interface GraphOptions {
  readonly format?: string
  readonly machine?: string
  readonly scenario?: string
  readonly output?: string
  readonly json?: boolean
}

const USAGE = 2

const FORMATS = ['mermaid', 'dot', 'json', 'xstate']

/** Exit code 0, or 2 where the document or the usage is wrong. */
export async function graphCommand(file: string | undefined, options: GraphOptions): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'mermaid')
  if (!FORMATS.includes(format)) {
    return refuse(
      `--format takes ${FORMATS.join(', ')}, found "${format}"; ${suggestion(format, FORMATS, 'take one')}`,
    )
  }
  const { machine } = options
  if (machine !== undefined) return drawMachine(machine, format, options.output)
  if (file === undefined) return refuse('a document is needed, or --machine NAME; give one of the two')
  if (format === 'xstate')
    return refuse('--format xstate is for statecharts; add --machine step, or take another format')
  const read = await readIntegration(file, { requireInputs: false })
  if (!read.ok) {
    process.stderr.write(`${formatDiagnostics(read.diagnostics)}\n`)
    return USAGE
  }
  const definition = narrowed(read.definition, options)
  if (typeof definition === 'string') return refuse(definition)
  const scenarios = definition.workflows.map(graphOf)
  if (format === 'json')
    return print(JSON.stringify({ name: definition.name, scenarios }, null, 2), options.output)
  const drawing = drawWorkflows(definition.name, scenarios)
  return print(format === 'dot' ? toDot(drawing) : toMermaid(drawing), options.output)
}

function drawMachine(name: string, format: string, output: string | undefined): Promise<number> | number {
  const names = Object.keys(CHARTS)
  if (!Object.hasOwn(CHARTS, name)) {
    return refuse(
      `--machine names one of ${names.join(', ')}, found "${name}"; ${suggestion(name, names, 'take one')}`,
    )
  }
  const machine = CHARTS[name]!
  // An action or a guard of a chart may be a function: what is left of it elsewhere is its name.
  const named = (_: string, value: unknown) => (typeof value === 'function' ? value.name : value)
  if (format === 'xstate') return print(JSON.stringify(machine.config, named, 2), output)
  const chart = chartOf(machine)
  if (format === 'json') return print(JSON.stringify(chart, null, 2), output)
  return print(format === 'dot' ? toDot(drawChart(chart)) : toStateDiagram(chart), output)
}

async function print(text: string, output: string | undefined): Promise<number> {
  const whole = text.endsWith('\n') ? text : `${text}\n`
  if (output === undefined) {
    process.stdout.write(whole)
    return 0
  }
  const problem = await writeAtomically(output, whole)
  return problem === null ? 0 : refuse(problem)
}

function refuse(problem: string): number {
  process.stderr.write(`sagachart graph: ${problem}\n`)
  return USAGE
}
