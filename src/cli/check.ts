// `sagachart check FILE`: what is wrong with a document that no run is needed to tell, and then what can happen to it, explored.
// Nothing real is called, unless the document asks for it.
import { readFile, writeFile } from 'node:fs/promises'
import { formatDiagnostics, shown, type Diagnostic } from '../definition/diagnostic.ts'
import { durationMs } from '../definition/duration.ts'
import type { IntegrationDefinition } from '../definition/model.ts'
import { terminalLine } from '../definition/safe-text.ts'
import { SagachartError } from '../errors.ts'
import { loadIntegration, placeFindings, readIntegration, staticFindings } from '../load.ts'
import { IntegrationLogic } from '../runtime/charts/integration-logic.ts'
import {
  explore,
  readSeedFile,
  replay,
  seedFileOf,
  sequenceDiagramOf,
  tell,
  timelineOf,
  type Answer,
  type Explorable,
  type Progress,
} from '../testing/index.ts'
import { testPlanOf, type TestingSection, type TestPlan } from '../testing/test-plan.ts'
import { ChangingHost } from '../testing/changing-host.ts'
import { interruption, stopInOrder, tellFault } from './interruption.ts'
import { refusing, stderr, stdout } from './output.ts'
import { jsonPieces } from './pieces.ts'
import { narrowed, readInputs } from './selection.ts'
import { printable } from './terminal.ts'

/** Options of `check`. */
export interface CheckOptions {
  readonly faults: string
  readonly runs: string
  readonly time?: string
  readonly seed: string
  readonly states: string
  readonly replay?: string
  readonly pin?: string
  readonly diagram?: string
  readonly scenario?: string
  readonly input: readonly string[]
  readonly allowModules: readonly string[]
  readonly real?: boolean
  readonly json?: boolean
}

/** What a user can mend. */
const REFUSED: ReadonlySet<string> = new Set(['INPUT_INVALID', 'SCHEDULE_INVALID', 'WORKFLOW_TOO_LARGE'])

const STUBBED =
  'operations were stubbed: testing.mock_external_dependencies is false, and --real would execute them in every schedule'

const refuse = refusing('check')

const EXIT = { holds: 0, violated: 1, usage: 2 } as const

interface Numbers {
  readonly faults: number
  readonly runs: number
  readonly seed: number
  readonly statesMax: number
  readonly timeMs: number
}

/** A document that is to be checked. */
interface Checked {
  readonly definition: IntegrationDefinition
  readonly findings: readonly Diagnostic[]
  readonly plan: TestPlan
  /** What is explored of a definition: itself, or with its modules. */
  explorable(definition: IntegrationDefinition): Explorable
}

/** Exit code 0 where all holds, 1 where a rule is broken or something is found, 2 for bad documents and usage, else that of what interrupted it. */
export async function checkCommand(file: string, options: CheckOptions): Promise<number> {
  const numbers = readNumbers(options)
  if (typeof numbers === 'string') return refuse(numbers)
  const checked = await readChecked(file, options)
  if (typeof checked === 'string') return refuse(checked)
  if (checked === null) return EXIT.usage
  try {
    if (options.replay !== undefined) return await replayFile(checked, options.replay, options)
    return await checkAll(checked, numbers, options)
  } catch (error) {
    if (error instanceof SagachartError && REFUSED.has(error.code)) return refuse(error.message)
    throw error
  }
}

async function checkAll(checked: Checked, numbers: Numbers, options: CheckOptions): Promise<number> {
  const { findings, plan } = checked
  if (!options.json && findings.length > 0) stdout.lines(formatDiagnostics(findings))
  const answers = plan.isEnabled ? await exploreAll(checked, numbers, options) : []
  const violated = answers.find(({ outcome }) => outcome === 'violated')
  if (options.json) {
    const outcome = violated ? 'violated' : findings.length > 0 ? 'found' : 'holds'
    await stdout.print(jsonPieces({ outcome, findings, explorations: answers }))
  } else if (!plan.isEnabled) {
    stdout.line('nothing explored: testing.enable_integration_tests is false')
  }
  if (plan.wantsReal && !options.real && !options.json) stdout.line(STUBBED)
  const problem = violated ? await keep(violated, options) : null
  if (problem !== null) return refuse(problem)
  if (violated || findings.length > 0) return EXIT.violated
  return interruption()?.exitCode ?? EXIT.holds
}

/** Explores each scenario on its own, in the time that is left, and stops at the first that is violated. */
async function exploreAll(
  { definition, plan, explorable }: Checked,
  { timeMs, faults, ...numbers }: Numbers,
  options: CheckOptions,
): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  const until = performance.now() + timeMs
  const chosen = definition.workflows.filter(
    ({ name }) => plan.scenarios.length === 0 || plan.scenarios.includes(name),
  )
  const signal = interruptible()
  for (const [number, { name }] of chosen.entries()) {
    const own = narrowed(definition, { scenario: name })
    if (typeof own === 'string' || signal.aborted) continue
    const progress = options.json ? null : new ProgressLine()
    const exploring = explore(explorable(own), {
      ...numbers,
      faults: plan.kinds.length === 0 ? 0 : faults,
      kinds: plan.kinds,
      timeMs: Math.max(0, until - performance.now()) / (chosen.length - number),
      onProgress: (now) => progress?.show(name, now),
      inputs: own.inputs,
      operations: options.real ? 'real' : 'stubbed',
      signal,
    })
    const answer = await exploring.finally(() => progress?.close())
    answers.push(answer)
    if (!options.json) stdout.lines(told(answer, options))
    if (answer.outcome === 'violated') break
  }
  return answers
}

/** A signal that an interruption gives: what was found so far is told. */
function interruptible(): AbortSignal {
  const controller = new AbortController()
  stopInOrder(({ failure, isFault }) => {
    if (isFault) stderr.line(`sagachart check: ${tellFault(failure)}`)
    controller.abort()
  })
  return controller.signal
}

/** The answer for people: what is good and what is bad in colour, and how to see it again. */
function told(answer: Answer, { pin }: CheckOptions): string {
  const { good, bad, dim } = stdout.colours
  const [head = '', ...more] = tell(answer)
  const lines = more.map((line) => (/^\s+(\S+ \S+\s+)?! |^ {2}=> /.test(line) ? bad(line) : line))
  const { counterexample } = answer
  if (!counterexample) return [good(`✓ ${head}`), ...lines.map((line) => dim(line))].join('\n')
  const keepIt = pin === undefined ? 'keep it as a test with --pin FILE.seed.json' : `kept in ${pin}`
  const again = `the same command finds it again (seed ${answer.seed}); ${keepIt}`
  return [bad(`✗ ${head}`), ...lines, '', dim(terminalLine(again))].join('\n')
}

/** Writes what options ask for of a counterexample, or says why it can't. */
async function keep(answer: Answer, { pin, diagram }: CheckOptions): Promise<string | null> {
  const files = [
    ['--pin', pin, () => jsonPieces(seedFileOf(answer))],
    ['--diagram', diagram, () => [sequenceDiagramOf(answer.counterexample!)]],
  ] as const
  for (const [option, file, pieces] of files) {
    if (file === undefined) continue
    try {
      await writeFile(file, pieces())
    } catch (error) {
      return `${option} names a file that can be written, found ${shown(file)}: ${(error as Error).message}; name another one`
    }
  }
  return null
}

/** Plays a schedule again that was kept. */
async function replayFile(
  { definition, explorable }: Checked,
  path: string,
  options: CheckOptions,
): Promise<number> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return refuse(
      `--replay names a file, found ${shown(path)}: ${(error as Error).message}; name one that --pin wrote`,
    )
  }
  const seedFile = readSeedFile(text)
  const own = narrowed(definition, { scenario: seedFile.name })
  if (typeof own === 'string') return refuse(`${path} is of "${seedFile.name}": ${own}`)
  const replayed = replay(explorable(own), seedFile, {
    inputs: own.inputs,
    operations: options.real ? 'real' : 'stubbed',
  })
  if (options.json) await stdout.print(jsonPieces(replayed))
  else {
    const { good, bad } = stdout.colours
    const end = replayed.broken
      ? bad(terminalLine(`✗ ${replayed.broken.rule} is still broken: ${replayed.broken.message}`))
      : good(`✓ holds now: the run ends ${replayed.status}`)
    stdout.lines([...timelineOf(replayed.history), end].join('\n'))
  }
  return replayed.broken ? EXIT.violated : EXIT.holds
}

/** Reads the document, and loads its modules where they are to be used. */
async function readChecked(file: string, options: CheckOptions): Promise<Checked | string | null> {
  const inputs = readInputs(options.input)
  if (typeof inputs === 'string') return inputs
  const read = await readIntegration(file, { inputs })
  if (!read.ok) return failed(read.diagnostics)
  const section = (read.document.value as { readonly testing?: TestingSection }).testing ?? {}
  const plan = testPlanOf(section, read.definition)
  if (typeof plan === 'string') return plan
  const definition = narrowed(read.definition, options)
  if (typeof definition === 'string') return definition
  const findings = placeFindings(read.document, staticFindings(read.definition))
  if (options.real && !plan.wantsReal)
    return `--real executes operations, and the document does not ask for it; set testing.mock_external_dependencies: false`
  if (!options.real && !plan.hasExamples)
    return { definition, findings, plan, explorable: (explored) => explored }
  const loaded = await loadIntegration(file, { inputs, allowModules: options.allowModules, writes: [] })
  if (!loaded.ok) return failed(loaded.diagnostics)
  const { modules } = loaded
  const explorable = (explored: IntegrationDefinition) =>
    new IntegrationLogic({ definition: explored, modules, host: new ChangingHost() })
  return { definition, findings, plan, explorable }
}

function failed(diagnostics: readonly Diagnostic[]): null {
  stderr.lines(formatDiagnostics(diagnostics))
  return null
}

function readNumbers(options: CheckOptions): Numbers | string {
  const faults = wholeNumber('--faults', options.faults, 0, 100)
  const runs = wholeNumber('--runs', options.runs, 0, 1_000_000_000)
  const seed = wholeNumber('--seed', options.seed, 0, 2 ** 31 - 1)
  const statesMax = wholeNumber('--states', options.states, 0, 100_000_000)
  for (const each of [faults, runs, seed, statesMax]) if (typeof each === 'string') return each
  const { time } = options
  const timeMs = time === undefined ? Infinity : durationMs(/^\d+(\.\d+)?$/.test(time) ? Number(time) : time)
  if (timeMs === null) return `--time takes a time such as 30s or 5m, found ${shown(time)}; correct it`
  return { faults, runs, seed, statesMax, timeMs } as Numbers
}

function wholeNumber(option: string, given: string, min: number, max: number): number | string {
  const number = Number(given)
  if (/^\d+$/.test(given) && number >= min && number <= max) return number
  return `${option} takes a whole number from ${min} to ${max}, found ${shown(given)}; correct it`
}

/** How far it is, in one line that is drawn anew; nothing where nobody looks. */
class ProgressLine {
  private readonly screen = stderr.isDrawable ? stderr.screen() : null
  private text = ''

  constructor() {
    this.screen?.animate(() => (this.text === '' ? [] : [this.text]), 100)
  }

  show(name: string, { mode, schedules, states }: Progress): void {
    const size = `${schedules.toLocaleString('en-US')} schedules, ${states.toLocaleString('en-US')} states`
    this.text = printable(`  ${name}: ${mode}, ${size}`, this.screen?.width ?? 80)
  }

  close(): void {
    this.text = ''
    this.screen?.close()
  }
}
