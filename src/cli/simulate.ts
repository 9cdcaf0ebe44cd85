// `sagachart simulate FILE`: one run in virtual time, with stubs in place of modules, told as a timeline. Loads no module.
import { createActor } from 'xstate'
import { formatDiagnostics } from '../definition/diagnostic.ts'
import type { Computed, DataScope, IntegrationDefinition, StepDefinition } from '../definition/model.ts'
import { SimulationHost } from '../hosts/simulation.ts'
import { readIntegration } from '../load.ts'
import { IntegrationLogic, type IntegrationReport } from '../runtime/integration-logic.ts'
import { resultDocument, type ResultDocument } from '../runtime/result.ts'
import { narrowed, readInputs } from './selection.ts'
import { ganttLines, storyline } from './storyline.ts'
import { readStubs, replies, stubModules, type StubOptions, type Stubs } from './stubs.ts'
import { summary } from './summary.ts'
import { colours, duration } from './terminal.ts'
import { Timeline, type Moment } from './timeline.ts'

/** Options of `simulate`. */
export interface SimulateOptions extends StubOptions {
  readonly seed: string
  readonly limit: string
  readonly scenario?: string
  readonly input: readonly string[]
  readonly concurrency?: string
  readonly json?: boolean
}

const USAGE = 2

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
    process.stderr.write(`${formatDiagnostics(read.diagnostics)}\n`)
    return USAGE
  }
  const definition = narrowed(read.definition, options)
  if (typeof definition === 'string') return refuse(definition)
  const stubs = readStubs(definition, options)
  if (typeof stubs === 'string') return refuse(stubs)
  const played = simulate(definition, seed, stubs)
  const result = resultDocument(played.report, [])
  if (options.json) {
    const { integration_scenarios: scenarios, status, error } = result
    const { assumed, timeline, virtualMs } = played
    const document = { seed, status, virtual_ms: virtualMs, error, assumed, timeline, scenarios }
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
  } else process.stdout.write(story(played, result, seed, limit))
  return result.status === 'completed' ? 0 : 1
}

/** What a simulation came to. */
interface Played {
  readonly report: IntegrationReport
  readonly timeline: readonly Moment[]
  /** What could not be computed from the stubs. */
  readonly assumed: readonly string[]
  readonly virtualMs: number
}

/** The whole story, for people. */
function story(
  { timeline, assumed, virtualMs }: Played,
  result: ResultDocument,
  seed: number,
  limit: number,
): string {
  const scheme = colours(process.stdout)
  const parts = [
    storyline(timeline, limit, scheme),
    ganttLines(timeline, process.stdout.columns || WIDTH, scheme),
    assumed.map((what) => scheme.dim(`assumed: ${what}`)),
  ]
  const text = parts.filter(({ length }) => length > 0).map((lines) => `${lines.join('\n')}\n\n`)
  const end = scheme.dim(`  simulated with seed ${seed}, ${duration(virtualMs)} of virtual time`)
  return `${text.join('')}${summary(result, { output: null, colours: scheme })}${end}\n`
}

/** Plays the integration to its end. */
function simulate(definition: IntegrationDefinition, seed: number, stubs: Stubs): Played {
  const assumed = new Set<string>()
  const reply = replies(stubs, seed, definition)
  const host = new SimulationHost({ seed, reply, eventsMax: Infinity })
  const timeline = new Timeline(() => host.time, definition.workflows)
  const logic = new IntegrationLogic({
    definition: tolerant(definition, assumed),
    modules: stubModules(definition, stubs),
    host,
  })
  const actor = createActor(logic, { input: { inputs: definition.inputs }, inspect: timeline.inspect })
  actor.on('*' as never, timeline.hear as never)
  actor.start()
  host.run()
  const report = actor.getSnapshot().output as unknown as IntegrationReport
  return { report, timeline: timeline.moments, assumed: [...assumed], virtualMs: host.time }
}

/**
 * The same definition, without what cannot be computed from stubs: a condition then holds, an output is null, and
 * parameters are left out, for nobody reads them. Events are on: the timeline is made of them.
 */
function tolerant(definition: IntegrationDefinition, assumed: Set<string>): IntegrationDefinition {
  const lenient = (computed: Computed, otherwise: unknown, what: string): Computed => {
    if (computed.kind !== 'expression') return computed
    const evaluate = (scope: DataScope) => {
      try {
        return computed.evaluate(scope)
      } catch {
        assumed.add(what)
        return otherwise
      }
    }
    return { ...computed, evaluate }
  }
  const stepOf = (step: StepDefinition): StepDefinition => {
    const { when, fallback } = step
    const source = when?.kind === 'expression' ? (when.source ?? '') : ''
    return {
      ...step,
      call: step.call && { ...step.call, parameters: NOTHING },
      fallback: fallback !== null && 'module' in fallback ? { ...fallback, parameters: NOTHING } : fallback,
      when: when && lenient(when, true, `${step.name} runs, for no --stub decides whether ${source}`),
    }
  }
  const outputOf = ([name, output]: [string, Computed]) =>
    [name, lenient(output, null, `the output ${name} is null, for no --stub gives it`)] as const
  return {
    ...definition,
    eventsEnabled: true,
    workflows: definition.workflows.map((workflow) => ({
      ...workflow,
      steps: workflow.steps.map(stepOf),
      outputs: Object.fromEntries(Object.entries(workflow.outputs).map(outputOf)),
    })),
  }
}

const NOTHING: Computed = { kind: 'value', value: {} }

function wholeNumber(option: string, given: string, min: number, max: number): number | string {
  const number = Number(given)
  if (/^\d+$/.test(given) && number >= min && number <= max) return number
  return `${option} takes a whole number from ${min} to ${max}, found "${given}"; correct it`
}

function refuse(problem: string): number {
  process.stderr.write(`sagachart simulate: ${problem}\n`)
  return USAGE
}
