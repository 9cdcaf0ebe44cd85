// `sagachart validate FILE…`: every diagnostic of every document. Loads the modules, for the names and the effects of their
// operations, but runs nothing of them.
import { formatDiagnostics, type Diagnostic } from '../definition/diagnostic.ts'
import type { Module } from '../definition/model.ts'
import { loadIntegration } from '../load.ts'
import { jsonPieces } from './pieces.ts'
import { keepingStdout, stderr, stdout } from './output.ts'

/** Options of `validate`. */
export interface ValidateOptions {
  readonly allowModules: readonly string[]
  readonly allowOutput: readonly string[]
  readonly json?: boolean
}

/** Exit code 0 where nothing is wrong (warnings are not), else 2. */
export async function validateCommand(files: readonly string[], options: ValidateOptions): Promise<number> {
  const found: Diagnostic[] = []
  const documents: object[] = []
  for (const file of files) {
    const { allowModules, allowOutput } = options
    const load = () => loadIntegration(file, { allowModules, allowOutput, requireInputs: false })
    const loaded = await (options.json ? keepingStdout(load) : load())
    const diagnostics = loaded.ok ? loaded.warnings : loaded.diagnostics
    found.push(...diagnostics)
    documents.push({ file, ok: loaded.ok, modules: loaded.ok ? loaded.modules.map(moduleData) : [] })
    if (options.json) continue
    if (diagnostics.length > 0) stderr.lines(formatDiagnostics(diagnostics))
    if (loaded.ok) stdout.line(`${file}: nothing wrong${warned(diagnostics.length)}`)
  }
  if (options.json) await stdout.print(jsonPieces({ diagnostics: found, documents }))
  return found.some(({ severity }) => severity === 'error') ? 2 : 0
}

/** A module's operations, each with what it is declared to do to the world. */
const moduleData = ({ name, operations, effects }: Module) => ({
  name,
  operations: Object.keys(operations).map((operation) => ({
    name: operation,
    effect: effects?.[operation] ?? 'unknown',
  })),
})

const warned = (count: number) => (count === 0 ? '' : `, ${count} warning${count === 1 ? '' : 's'}`)
