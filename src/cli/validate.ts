// `sagachart validate FILE…`: every diagnostic of every document. Loads the modules, for their operations' names,
// but runs nothing of them.
import { formatDiagnostics, type Diagnostic } from '../definition/diagnostic.ts'
import { loadIntegration } from '../load.ts'

/** Options of `validate`. */
export interface ValidateOptions {
  readonly allowModules: readonly string[]
  readonly json?: boolean
}

/** Exit code 0 where nothing is wrong (warnings are not), else 2. */
export async function validateCommand(files: readonly string[], options: ValidateOptions): Promise<number> {
  const found: Diagnostic[] = []
  for (const file of files) {
    const loaded = await loadIntegration(file, {
      allowModules: [...options.allowModules],
      requireInputs: false,
    })
    const diagnostics = loaded.ok ? loaded.warnings : loaded.diagnostics
    found.push(...diagnostics)
    if (options.json) continue
    if (diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(diagnostics)}\n`)
    if (loaded.ok) process.stdout.write(`${file}: nothing wrong${warned(diagnostics.length)}\n`)
  }
  if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  return found.some(({ severity }) => severity === 'error') ? 2 : 0
}

const warned = (count: number) => (count === 0 ? '' : `, ${count} warning${count === 1 ? '' : 's'}`)
