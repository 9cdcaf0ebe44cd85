// From text to definition, stage by stage: parse, placeholders, schema, parts not built yet, sense, expressions, inputs.
// Pure: it reads no file and loads no module. It never throws, whatever the text.
import { check, moduleName } from './check.ts'
import { convert } from './convert.ts'
import { Problems } from './diagnostic.ts'
import type { Diagnostic } from './diagnostic.ts'
import { readInputs, type DeclaredInputs } from './inputs.ts'
import { checkLogging } from './logging.ts'
import type { IntegrationDefinition } from './model.ts'
import { parseText } from './parse.ts'
import { findPlaceholders, mayHavePlaceholders } from './placeholder.ts'
import { readExpressions } from './references.ts'
import type { ScenarioParts } from './references.ts'
import type { CheckedDocument } from './schema.ts'
import type { ParsedDocument, Path } from './source.ts'
import { Compiler } from './template.ts'
import { checkTiming } from './timing.ts'
import { findUnbuilt } from './unbuilt.ts'
import { validate } from './validate.ts'

export { checkOperations } from './check-operations.ts'

/** What a document is read with. */
export interface ReadOptions {
  readonly inputs?: Readonly<Record<string, unknown>>
  /** Default true: an input without value and default is an error. */
  readonly requireInputs?: boolean
  /** The environment; only what the document's `env` names is taken from it. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A module that a document asks for. */
export interface ModuleRequest {
  readonly name: string
  readonly path: string | null
  readonly config: unknown
  /** Where the document asks for it. */
  readonly at: Path
  /** Where its path is given. */
  readonly pathAt: Path
}

/** A document that was read, and its modules not yet. */
export interface DocumentRead {
  readonly document: ParsedDocument
  readonly checked: CheckedDocument
  readonly definition: IntegrationDefinition
  readonly modules: readonly ModuleRequest[]
  readonly problems: Problems
}

/** A document, or what is wrong with it. */
export type ReadResult =
  | { readonly ok: true; readonly read: DocumentRead }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/** Reads a document, or says what is wrong with it. */
export function readDocument(text: string, file: string, options: ReadOptions = {}): ReadResult {
  const parsed = parseText(text, file)
  if (!parsed.ok) return { ok: false, diagnostics: parsed.diagnostics }
  const { document, warnings } = parsed
  const problems = new Problems(warnings)
  if (mayHavePlaceholders(document.source.text) && findPlaceholders(document.value, problems)) {
    return { ok: false, diagnostics: problems.place(document, 'error') }
  }
  const read = readValue(document, problems, options)
  return read && !problems.hasErrors
    ? { ok: true, read }
    : { ok: false, diagnostics: placed(document, problems) }
}

/** All that is known of a document, errors first. */
export function placed(document: ParsedDocument, problems: Problems): Diagnostic[] {
  return [...problems.place(document, 'error'), ...problems.place(document, 'warning')]
}

function readValue(document: ParsedDocument, problems: Problems, options: ReadOptions): DocumentRead | null {
  findUnbuilt(document.value, problems)
  const valid = validate(document.value, problems)
  if (!valid) return null
  const { document: checked, broken } = valid
  const { integration } = checked
  const graphs = check(checked, broken, problems)
  checkLogging(checked, problems)
  const names = { inputs: new Set(Object.keys(integration.inputs ?? {})), env: new Set(integration.env) }
  const compiler = new Compiler()
  const parts: ScenarioParts[] = []
  integration.scenarios.forEach((scenario, i) => {
    const graph = graphs[i]
    if (!graph) return
    const path = ['integration', 'scenarios', i]
    parts[i] = readExpressions(scenario, path, graph, names, compiler, problems)
  })
  const inputs = inputsOf(integration.inputs ?? {}, options, problems)
  if (broken.size > 0 || problems.hasErrors) return null
  checkTiming(checked, graphs, problems)
  const env: Record<string, string> = Object.create(null)
  for (const name of names.env) {
    const value = options.env && Object.hasOwn(options.env, name) ? options.env[name] : undefined
    if (value !== undefined) env[name] = value
  }
  const definition = convert(checked, parts, { inputs, env })
  return { document, checked, definition, modules: requests(checked), problems }
}

function inputsOf(
  declared: DeclaredInputs,
  options: ReadOptions,
  problems: Problems,
): Record<string, unknown> {
  const { inputs, faults } = readInputs(declared, options.inputs ?? {}, options.requireInputs)
  for (const { name, kind, message, remedy } of faults) {
    const path = ['integration', 'inputs', ...(kind === 'unknown' ? [] : [name])]
    if (kind === 'default')
      problems.add({ code: 'VALUE_INVALID', message, remedy, path: [...path, 'default'] })
    else {
      const how = kind === 'missing' ? `give it (--input ${name}=…), or declare a default` : remedy
      problems.add({ code: 'INPUT_INVALID', message, remedy: how, path, part: 'key' })
    }
  }
  return inputs
}

function requests({ integration, blocks }: CheckedDocument): ModuleRequest[] {
  return integration.modules.map((entry, i) => {
    const name = moduleName(entry)
    const block = blocks.get(name)
    const at = ['integration', 'modules', i]
    const own: { path?: string | undefined; parameters?: unknown } = typeof entry === 'string' ? {} : entry
    const inBlock = own.path === undefined && block?.path !== undefined
    const pathAt = inBlock ? [name, 'path'] : own.path === undefined ? at : [...at, 'path']
    return {
      name,
      path: own.path ?? block?.path ?? null,
      config: configOf(own.parameters, block?.config),
      at,
      pathAt,
    }
  })
}

// Parameters and the block's configuration are one; the block, being the module's own, has the last word.
function configOf(parameters: unknown, config: unknown): unknown {
  if (parameters === undefined) return config ?? {}
  const both = typeof config === 'object' && config !== null && !Array.isArray(config)
  return both ? { ...(parameters as object), ...config } : (config ?? parameters)
}
