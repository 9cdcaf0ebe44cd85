// `sagachart run FILE`: loads, runs, shows, writes. The terminal's part is in progress.ts and summary.ts.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createActor, type AnyActor } from 'xstate'
import { diagnosticLine, formatDiagnostics } from '../definition/diagnostic.ts'
import type { IntegrationDefinition } from '../definition/model.ts'
import { logText, terminalLine } from '../definition/safe-text.ts'
import { memoryHost } from '../hosts/memory.ts'
import type { Inspector } from '../inspect/index.ts'
import { loadIntegration, type Loaded } from '../load.ts'
import { IntegrationLogic, type IntegrationReport } from '../runtime/charts/integration-logic.ts'
import { isCompleted, resultDocument } from '../runtime/report/result.ts'
import { drill, type OwnScenario } from '../testing/drill.ts'
import { readStubs } from './stubs.ts'
import { closerLook } from './closer-look.ts'
import { interruption, stopInOrder, tellFault } from './interruption.ts'
import { LogFile } from './log-file.ts'
import { refusing, stderr, stdout } from './output.ts'
import { jsonPieces, linePieces } from './pieces.ts'
import { showProgress } from './progress.ts'
import { resultFile, writeResult, type ResultFile } from './result-file.ts'
import { logEnd, logEvents } from './run-log.ts'
import { narrowed, readInputs } from './selection.ts'
import { summary } from './summary.ts'
import { detail, type Screen } from './terminal.ts'

/** Options of `run`. */
export interface RunOptions {
  readonly scenario?: string
  readonly input: readonly string[]
  readonly concurrency?: string
  readonly output?: string
  readonly format?: ResultFile['format']
  readonly allowModules: readonly string[]
  readonly allowOutput: readonly string[]
  readonly json?: boolean
  /** `false`: without the drill. */
  readonly drill?: boolean
  /** An address, or `true`: the usual one. */
  readonly inspect?: string | true
}

const USAGE = 2

const refuse = refusing('run')

/** Exit code 0 completed, 1 not completed, 2 bad document or usage, else that of what interrupted it. */
export async function runCommand(file: string, options: RunOptions): Promise<number> {
  const inputs = readInputs(options.input)
  if (typeof inputs === 'string') return refuse(inputs)
  const loaded = await loadIntegration(file, {
    inputs,
    allowModules: options.allowModules,
    allowOutput: options.allowOutput,
    ...(options.output !== undefined && { writes: ['logging'] }),
  })
  if (!loaded.ok) {
    stderr.lines(formatDiagnostics(loaded.diagnostics))
    return USAGE
  }
  if (loaded.warnings.length > 0) stderr.lines(`${formatDiagnostics(loaded.warnings)}\n\n`)
  const definition = narrowed(loaded.definition, options)
  if (typeof definition === 'string') return refuse(definition)
  const own = ownScenarios(definition)
  if (typeof own === 'string') return refuse(own)
  const target = resultFile(options, loaded.settings)
  if (typeof target === 'string') return refuse(target)

  const { logging, outputFolders } = loaded.settings
  const screen = stderr.screen()
  const complain = (problem: string) => screen.say(`sagachart run: ${problem}`)
  const log = logging && (await LogFile.open(logging, complain, outputFolders))
  if (typeof log === 'string') return refuse(log)
  let code = USAGE
  try {
    code = await runLoaded({ ...loaded, definition }, { ...options, file, own }, { target, log, screen })
  } finally {
    await log?.close()
  }
  return log?.hasFailed ? USAGE : code
}

/** The error scenarios of the document itself, or what is wrong with them. */
function ownScenarios(definition: IntegrationDefinition): readonly OwnScenario[] | string {
  const own: OwnScenario[] = []
  for (const { name, faults } of definition.errorScenarios ?? []) {
    const stubs = readStubs(definition, { fault: faults, stub: [] })
    if (typeof stubs === 'string')
      return `error_scenarios, "${name}": ${stubs.replace(/^--fault/, 'a fault')}`
    own.push({ name, stubs })
  }
  return own
}

/** Where a run shows itself. */
interface Outlets {
  readonly target: ResultFile | null
  readonly log: LogFile | null
  readonly screen: Screen
}

async function runLoaded(
  loaded: Extract<Loaded, { ok: true }>,
  options: RunOptions & { readonly file: string; readonly own: readonly OwnScenario[] },
  outlets: Outlets,
): Promise<number> {
  const { target, log, screen } = outlets
  const { definition, modules } = loaded
  const { own } = options
  const isJson = options.json === true
  const inspector = await inspectorOf(options.inspect)
  if (typeof inspector === 'string') return refuse(inspector)
  for (const { file, line, column, code, message } of loaded.warnings) {
    log?.write('WARNING', 'sagachart', `${file}:${line}:${column}: ${code}: ${message}`)
  }
  const host = memoryHost({
    log(path, message, data) {
      const said = `${message}${detail(data)}`
      screen.say(logText(`${path}: ${said}`))
      log?.write('INFO', path, said)
    },
  })
  const logic = new IntegrationLogic({ definition, modules, host })
  const input = { inputs: definition.inputs }
  const actor = createActor(logic, inspector ? { input, inspect: inspector.inspect } : { input })
  if (log) logEvents(actor, log)
  const restore = diverted(screen, isJson)
  const report = await follow(actor, definition, outlets).finally(restore)
  await inspector?.close()
  if (inspector && inspector.dropped > 0) {
    stderr.line(`sagachart run: the inspector was shown ${inspector.dropped} events less: it is too slow`)
  }
  const warnings = loaded.warnings.map(diagnosticLine)
  const ended = interruption()
  const isCause = ended !== null && report.status === 'cancelled'
  // What came too late to end the run is told beside it.
  if (ended?.isFault && !isCause) warnings.push(`${ended.failure.code}: ${ended.failure.message}`)
  const document = resultDocument(
    isCause ? { ...report, error: ended.failure } : report,
    warnings,
    options.drill === false ? 'it was not asked for' : drill(definition, own),
  )
  if (log) logEnd(document, log)
  const problem = target && (await writeResult(target, document))
  if (isJson) await stdout.print(jsonPieces(document))
  else {
    const output = problem === null && target ? target.file : null
    const scheme = stdout.colours
    await stdout.print(linePieces(summary(document, { output, colours: scheme })))
    for (const hint of closerLook(document, { ...options, output }))
      stdout.lines(`  ${scheme.dim(terminalLine(hint))}`)
  }
  if (problem !== null) {
    log?.write('ERROR', 'sagachart', problem)
    return refuse(problem)
  }
  return interruption()?.exitCode ?? (isCompleted(document) ? 0 : 1)
}

/**
 * While a run goes on, a module's own output stays above the progress, and off a stdout that is to be JSON.
 * Returns the way back.
 */
function diverted(screen: Screen, isJson: boolean): () => void {
  const outputs = [
    ...(isJson || (stderr.isTerminal && stdout.isTerminal) ? [stdout] : []),
    ...(stderr.isTerminal ? [stderr] : []),
  ]
  const ways = outputs.map((output) => output.divertTo(screen))
  return () => ways.forEach((restore) => restore())
}

/** Runs to the end, with progress on a terminal; an interruption ends the run in order. */
async function follow(actor: AnyActor, definition: IntegrationDefinition, { screen, log }: Outlets) {
  const { promise, resolve, reject } = Promise.withResolvers<IntegrationReport>()
  actor.subscribe({ complete: () => resolve(actor.getSnapshot().output as IntegrationReport), error: reject })
  const { workflows, eventsEnabled } = definition
  const steps = workflows.reduce((sum, workflow) => sum + workflow.steps.length, 0)
  if (stderr.isDrawable) {
    showProgress(actor, { steps, scenarios: workflows.length, eventsEnabled }, screen)
  }
  const say = (text: string) => {
    screen.say(text)
    log?.write('WARNING', 'sagachart', text)
  }
  stopInOrder(({ failure, isFault }, isFirst) => {
    if (isFault) say(`sagachart run: ${tellFault(failure)}`)
    if (!isFirst || actor.getSnapshot().status !== 'active') return
    const again = isFault ? '' : 'again '
    say(`Stopping: running steps are told to end, then modules clean up. Ctrl-C ${again}quits at once.`)
    actor.send({ type: 'run.cancel' })
  })
  try {
    actor.start()
    const report = await promise
    // What was rejected in the run's last turn is told before the result.
    await nextTurn()
    return report
  } finally {
    screen.close()
  }
}

/** A connection to an inspector that listens, or what is wrong. Loaded only where someone watches. */
async function inspectorOf(given: string | true | undefined): Promise<Inspector | string | undefined> {
  if (given === undefined) return undefined
  const { createInspector } = await import('../inspect/index.ts')
  try {
    const inspector = createInspector(given === true ? {} : { url: given })
    await inspector.ready()
    return inspector
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
