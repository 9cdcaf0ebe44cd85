// What a run comes to, for people: in a few lines that name what failed and why, or with a line for every step.
import { CONTROL_MODULE } from '../definition/plan.ts'
import { terminalLine } from '../definition/safe-text.ts'
import {
  isCompleted,
  type ResultDocument,
  type ScenarioResult,
  type StepResult,
} from '../runtime/report/result.ts'
import { causesOf, insideOf, isCause, type Placed } from './causes.ts'
import { jsonStart } from './pieces.ts'
import { duration, printable, type Colours } from './terminal.ts'

/** Failed steps named in a summary; the result document has them all. */
const FAILURES_MAX = 10

/** Outputs shown of a scenario. */
const OUTPUTS_MAX = 12

const WIDTH = 200

interface Options {
  /** The file that the result was written to, if it was. */
  readonly output: string | null
  readonly colours: Colours
  /** A line for every step, whatever its status, and for every warning. */
  readonly detailed?: boolean
}

/** The summary of a result, line by line. */
export function summary(document: ResultDocument, options: Options): string[] {
  const { good, bad, dim } = options.colours
  const { status, integration_name: name, integration_metrics: metrics, error } = document
  const isGood = status === 'completed' && isCompleted(document)
  const time = duration(Number(metrics['total_execution_time']) * 1000)
  const lines = [
    `${isGood ? good('✓') : bad('✗')} ${printable(name, WIDTH)} ${(isGood ? good : bad)(status)} ${dim(`in ${time}`)}`,
    ...document.integration_scenarios.scenario_results.flatMap((scenario) =>
      scenarioLines(scenario, options),
    ),
  ]
  const told = document.integration_scenarios.scenario_results.some((scenario) => scenario.error !== null)
  if (error && !told) lines.push(bad(`  ${printable(error.message, WIDTH)}`))
  for (const issue of document.cleanup_issues)
    lines.push(bad(`  clean-up: ${printable(issue.message, WIDTH)}`))
  if (options.detailed)
    lines.push(...document.warnings.map((text) => `  warning: ${printable(text, Infinity)}`))
  const drilled = drillLine(document)
  if (drilled !== null) lines.push(dim(drilled))
  if (options.output !== null) lines.push(dim(`  result: ${terminalLine(options.output)}`))
  return lines
}

/** What the drill came to; `null` where there was none, and nobody need know. */
function drillLine({ error_propagation: drill }: ResultDocument): string | null {
  const { errors_simulated: simulated, errors_handled: handled, recovery_successful: recovered } = drill
  if (simulated === 0) return null
  const unhandled = drill.error_scenarios.filter((each) => !each.handled).slice(0, FAILURES_MAX)
  const names = unhandled.map(({ scenario, target }) => `${scenario} of ${target}`).join(', ')
  const rest = names === '' ? '' : `; not handled: ${names}`
  return printable(
    `  drill: ${simulated} errors simulated, ${handled} handled, ${recovered} recovered from${rest}`,
    WIDTH,
  )
}

function scenarioLines(
  { scenario_name: name, status, result, error }: ScenarioResult,
  { colours, detailed = false }: Options,
): string[] {
  const { good, bad, dim } = colours
  const { completed_steps: completed, total_steps: total, step_results: steps } = result
  const retried = steps.filter(({ status: end, attempts }) => end === 'success' && attempts > 1).length
  const others = [
    [retried, 'of them retried'],
    [result.failed_steps, 'failed'],
    [result.skipped_steps, 'skipped'],
    [result.cancelled_steps, 'cancelled'],
    [result.compensated_steps, 'compensated'],
  ]
    .filter(([count]) => Number(count) > 0)
    .map(([count, what]) => `, ${count} ${what}`)
  const mark = status === 'completed' && result.compensation !== 'failed' ? good('✓') : bad('✗')
  const time = dim(duration(result.execution_time * 1000))
  const causes = causesOf(steps)
  const degraded = result.degraded ? ', degraded' : ''
  const lines = [
    `  ${mark} ${printable(name, WIDTH)}: ${completed}/${total} steps${others.join('')}${degraded} ${time}`,
  ]
  if (error && causes.length === 0) lines.push(`      ${bad(printable(error.message, WIDTH))}`)
  const blocked = result.failed_steps - steps.filter(isCause).length
  const more = detailed ? stepLines(steps, '') : failureLines(causes, blocked, colours)
  return [...lines, ...more, ...leftLines(result, colours), ...outputLines(result.outputs, dim)]
}

/** Effects that are left in the world, or may be: someone has to see to them. */
function leftLines(
  { undone, possibly_done: possible }: ScenarioResult['result'],
  { bad }: Colours,
): string[] {
  const line = (what: string, addresses: readonly string[]) => {
    if (addresses.length === 0) return []
    const names = addresses.slice(0, FAILURES_MAX).join(', ')
    const more = addresses.length > FAILURES_MAX ? ` and ${addresses.length - FAILURES_MAX} more` : ''
    return [`      ${bad(printable(`${what}: ${names}${more}`, WIDTH))}`]
  }
  return [...line('not undone', undone), ...line('may have been done', possible)]
}

/** Every step with what is inside of it, by its address. */
function stepLines(steps: readonly StepResult[], prefix: string): string[] {
  return steps.flatMap((step) => {
    const address = `${prefix}${step.step_name}`
    const inside = insideOf(step, address).flatMap(({ steps: inner, prefix: at }) => stepLines(inner, at))
    return [stepLine(step, address), ...inside]
  })
}

/** Address, call, status, attempts and time of a step, and its error where it has one. */
function stepLine(step: StepResult, address: string): string {
  const { status, error } = step
  const time = duration(step.execution_time * 1000)
  const why = error === null ? '' : `: ${error.message}`
  return `      ${printable(`${status} ${address} (${callOf(step)}, ${tries(step)}, ${time})${why}`, Infinity)}`
}

const callOf = ({ module_name: module, operation }: StepResult) =>
  module === CONTROL_MODULE ? operation : `${module}.${operation}`

function failureLines(causes: readonly Placed[], blocked: number, { bad, dim }: Colours): string[] {
  const lines = causes.slice(0, FAILURES_MAX).map((cause) => `      ${bad(failureLine(cause))}`)
  if (causes.length > FAILURES_MAX) lines.push(`      … and ${causes.length - FAILURES_MAX} more`)
  if (blocked > 0) lines.push(dim(`      ${blocked} not run: a dependency failed`))
  return lines
}

function failureLine({ step, address }: Placed): string {
  return printable(`${address} (${callOf(step)}, ${tries(step)}): ${step.error?.message ?? 'failed'}`, WIDTH)
}

const tries = ({ attempts }: StepResult) =>
  attempts === 0 ? 'not started' : attempts === 1 ? '1 attempt' : `${attempts} attempts`

/** What a run gave back, a line each; a text is shown as it is, so that paths can be followed. */
function outputLines(outputs: unknown, dim: Colours['dim']): string[] {
  const entries = Object.entries((outputs ?? {}) as Record<string, unknown>)
  const lines = entries.slice(0, OUTPUTS_MAX).map(([name, value]) => {
    const text = typeof value === 'string' ? value : jsonStart(value)
    return `      ${dim(`${printable(name, 40)}:`)} ${printable(text, WIDTH)}`
  })
  const more = entries.length - OUTPUTS_MAX
  return more > 0 ? [...lines, dim(`      … and ${more} more outputs`)] : lines
}
