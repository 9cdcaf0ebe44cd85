// A document and its modules, ready to run, or everything that is wrong with them. The one place where the pure
// definition pipeline, the file system and the loading of modules meet.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { INTEGRATION_DEFAULTS } from './definition/defaults.ts'
import { diagnosticAt } from './definition/diagnostic.ts'
import type { Diagnostic, DiagnosticCode, Problems } from './definition/diagnostic.ts'
import { checkOperations, placed, readDocument } from './definition/document.ts'
import type { DocumentRead, ReadOptions, ReadResult } from './definition/document.ts'
import { loggingSettings } from './definition/logging.ts'
import type { LoggingSettings } from './definition/logging.ts'
import type { IntegrationDefinition, Module } from './definition/model.ts'
import { DOCUMENT_LENGTH_MAX } from './definition/parse.ts'
import type { CheckedDocument } from './definition/schema.ts'
import type { ParsedDocument } from './definition/source.ts'
import { isInside, realTarget } from './folder.ts'
import { loadModules } from './modules/load.ts'
import type { ModuleLoading, ModuleSources } from './modules/load.ts'

export { FINDING_CODES, placeFindings, staticFindings } from './definition/findings.ts'
export type { Acceptance, AcceptableCode, Finding, FindingCode, FindingPlace } from './definition/findings.ts'

/** What a document is loaded with. */
export interface LoadOptions extends ReadOptions {
  /** Modules registered in code, by name: they come before files. */
  readonly modules?: Readonly<Record<string, unknown>>
  /** Folders beside the document's own that module files may stand in. */
  readonly allowModules?: readonly string[]
  /** Folders beside the document's own that the files it names may be in. */
  readonly allowOutput?: readonly string[]
  /** Which of these files will be written, and therefore have to be in those folders. Default: all. */
  readonly writes?: readonly WrittenFile[]
}

/** A section of a document that names a file to write. */
export type WrittenFile = 'output' | 'logging'

/** What a document asks of whoever runs it. */
export interface LoadedSettings {
  /** Where the result is to be written, absolute; `null`: nowhere. */
  readonly outputFile: string | null
  readonly outputFormat: 'json' | 'text'
  /** Whether the file holds gzip; its name then ends with `.gz`. */
  readonly outputCompressed: boolean
  /** The folders, links resolved, that these files have to be in; operations may have changed links when the result is written. */
  readonly outputFolders: readonly string[]
  /** The log file, absolute, and how it is written; `null`: there is none. */
  readonly logging: LoggingSettings | null
}

/** A document and its modules, or what is wrong. */
export type Loaded =
  | {
      readonly ok: true
      readonly definition: IntegrationDefinition
      /** The document's text and places, for `placeFindings`. */
      readonly document: ParsedDocument
      /** In the order of the document. */
      readonly modules: readonly Module[]
      readonly loading: ModuleLoading
      readonly settings: LoadedSettings
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/**
 * Loads a document from a file, with its modules. Nothing of a module runs where the document has errors of its own.
 * Never throws for what a document or a module does.
 * @param file relative to the current folder
 */
export async function loadIntegration(file: string, options: LoadOptions = {}): Promise<Loaded> {
  const result = await readFrom(file, options)
  if (!result.ok) return result
  const folder = dirname(resolve(file))
  const sources = { registered: options.modules ?? {}, folder, allowed: options.allowModules ?? [] }
  return finish(result.read, sources, options)
}

/** A document without its modules, or what is wrong with it. */
export type ReadIntegration =
  | {
      readonly ok: true
      readonly definition: IntegrationDefinition
      /** The document's text and places, for `placeFindings`. */
      readonly document: ParsedDocument
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

/**
 * Reads a document from a file and leaves its modules alone: they need not be there, and nothing of theirs runs. Whether
 * they have the operations that steps call cannot be known then. Never throws for what a document does.
 * @param file relative to the current folder
 */
export async function readIntegration(file: string, options: ReadOptions = {}): Promise<ReadIntegration> {
  const result = await readFrom(file, options)
  if (!result.ok) return result
  const { definition, document, problems } = result.read
  return { ok: true, definition, document, warnings: problems.place(document, 'warning') }
}

/** Loads a document from its text, with modules that code registers. It touches no file. */
export async function loadIntegrationText(
  text: string,
  options: Omit<LoadOptions, 'allowModules'> & { readonly file?: string } = {},
): Promise<Loaded> {
  const result = readDocument(text, options.file ?? '<document>', options)
  if (!result.ok) return result
  return finish(result.read, { registered: options.modules ?? {}, folder: null, allowed: [] }, options)
}

async function readFrom(file: string, options: ReadOptions): Promise<ReadResult> {
  const text = await readText(file, resolve(file))
  if (typeof text !== 'string') return { ok: false, diagnostics: [text] }
  return readDocument(text, file, { env: process.env, ...options })
}

async function finish(read: DocumentRead, sources: ModuleSources, options: LoadOptions): Promise<Loaded> {
  const { problems, document, checked } = read
  const settings = await settingsOf(checked, sources.folder ?? '.', options)
  for (const section of options.writes ?? (['output', 'logging'] as const))
    await checkInside(section, checked, settings, problems)
  if (problems.hasErrors) return { ok: false, diagnostics: placed(document, problems) }
  const { modules, loading } = await loadModules(read.modules, sources, problems)
  checkOperations(checked, modules, problems)
  if (problems.hasErrors) return { ok: false, diagnostics: placed(document, problems) }
  const warnings = problems.place(document, 'warning')
  return { ok: true, definition: read.definition, document, modules, loading, settings, warnings }
}

async function settingsOf(
  checked: CheckedDocument,
  folder: string,
  { allowOutput = [] }: LoadOptions,
): Promise<LoadedSettings> {
  const { file = null, format, compress } = checked.output ?? {}
  const isNamedSo = file?.endsWith('.gz') ?? false
  const outputFile = file !== null && compress && !isNamedSo ? `${file}.gz` : file
  const logging = loggingSettings(checked)
  return {
    outputFile: outputFile === null ? null : resolve(folder, outputFile),
    outputFormat: format ?? INTEGRATION_DEFAULTS.outputFormat,
    outputCompressed: compress ?? isNamedSo,
    outputFolders: await Promise.all(
      [folder, ...allowOutput].map((one) => realTarget(one).catch(() => resolve(one))),
    ),
    logging: logging && { ...logging, file: resolve(folder, logging.file) },
  }
}

/** Reports a file that would be written outside of the folders that are allowed. */
async function checkInside(
  section: WrittenFile,
  checked: CheckedDocument,
  { outputFile, logging, outputFolders }: LoadedSettings,
  problems: Problems,
): Promise<void> {
  const file = section === 'output' ? outputFile : (logging?.file ?? null)
  // A path that cannot be resolved cannot be opened either, which is reported then.
  const target = file === null ? null : await realTarget(file).catch(() => null)
  if (target === null || outputFolders.some((folder) => isInside(target, folder))) return
  const given = checked[section]?.file
  const via = target === file ? '' : `, where ${given} leads`
  problems.add({
    code: 'OUTPUT_OUTSIDE_FOLDER',
    message: `${section}.file: expected a file in the document's folder ${outputFolders[0]}, found ${target}${via}`,
    remedy: 'name a file in the folder, or allow its own with --allow-output DIR',
    path: [section, 'file'],
  })
}

async function readText(file: string, path: string): Promise<string | Diagnostic> {
  const refuse = (code: DiagnosticCode, message: string, remedy: string): Diagnostic => ({
    ...diagnosticAt({ file, text: '' }, { start: 0, end: 1 }, { code, message, remedy }),
    // There is no line to show.
    frame: '',
  })
  const unreadable = (reason: string) =>
    refuse('DOCUMENT_NOT_FOUND', `the document can't be read: ${reason}`, 'check the path')
  try {
    const there = await stat(path)
    if (there.isCharacterDevice() || there.isBlockDevice()) return unreadable('it is a device')
    // The length of a pipe is not known before it is read, and a pipe may never end.
    const bytes = await buffer(createReadStream(path, { end: DOCUMENT_LENGTH_MAX }))
    if (bytes.length > DOCUMENT_LENGTH_MAX) {
      const found = there.isFile() ? there.size : 'more'
      const message = `the document is too long: at most ${DOCUMENT_LENGTH_MAX} bytes, found ${found}`
      return refuse('DOCUMENT_TOO_LARGE', message, 'split it into several documents')
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) {
      return refuse('DOCUMENT_NOT_TEXT', 'the document is not UTF-8 text', 'save it as UTF-8')
    }
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return unreadable(reason === 'ENOENT' ? 'no such file' : reason === 'EISDIR' ? 'it is a folder' : reason)
  }
}
