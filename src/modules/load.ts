// Finds the modules that a document asks for and loads them: registered in code, or files beside the document. It runs
// what it loads (an import runs a file), so a document is judged before, and files outside its folder are refused.
import { spawnSync } from 'node:child_process'
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { listed, nearest, printable } from '../definition/diagnostic.ts'
import type { DiagnosticCode, Problems } from '../definition/diagnostic.ts'
import type { ModuleRequest } from '../definition/document.ts'
import type { Module } from '../definition/model.ts'
import { toModule } from '../definition/module.ts'
import { SagachartError } from '../errors.ts'
import { isInside } from '../folder.ts'
import { isInstance, messageOf, textOf } from '../foreign.ts'

/** Endings of module files, in the order in which they are looked for. */
export const MODULE_ENDINGS: readonly string[] = ['.ts', '.js', '.mjs']
/** How long the import of one module may take, in milliseconds. */
export const MODULE_IMPORT_MS_MAX = 30_000

/** The account of loading. */
export interface ModuleLoading {
  readonly modules_requested: number
  readonly modules_loaded: number
  readonly load_errors: readonly string[]
}

/** Where modules may come from. */
export interface ModuleSources {
  /** Modules that code registered, by name. */
  readonly registered: Readonly<Record<string, unknown>>
  /** The document's folder; `null`: only registered modules. */
  readonly folder: string | null
  /** Further folders that module files may stand in. */
  readonly allowed: readonly string[]
}

/** Loads modules one after the other, in the order of the document, and reports those that can't be. */
export async function loadModules(
  requests: readonly ModuleRequest[],
  sources: ModuleSources,
  problems: Problems,
): Promise<{ modules: Module[]; loading: ModuleLoading }> {
  const modules: Module[] = []
  const errors: string[] = []
  for (const request of requests) {
    try {
      modules.push(await loadModule(request, sources))
    } catch (error) {
      const fault = isInstance(error, LoadFault)
        ? error
        : new LoadFault('MODULE_LOAD_FAILED', messageOf(error), '')
      errors.push(fault.message)
      const path = fault.ofPath ? request.pathAt : request.at
      problems.add({ code: fault.code, message: fault.message, remedy: fault.remedy, path })
    }
  }
  const loading = { modules_requested: requests.length, modules_loaded: modules.length, load_errors: errors }
  return { modules, loading }
}

class LoadFault extends Error {
  readonly code: DiagnosticCode
  readonly remedy: string
  /** The path is at fault, rather than the module. */
  readonly ofPath: boolean

  constructor(code: DiagnosticCode, message: string, remedy: string, ofPath = false) {
    super(message)
    this.code = code
    this.remedy = remedy
    this.ofPath = ofPath
  }
}

async function loadModule(request: ModuleRequest, sources: ModuleSources): Promise<Module> {
  const { name } = request
  if (Object.hasOwn(sources.registered, name)) {
    return shaped(request, sources.registered[name], 'where it is registered')
  }
  const file = findFile(request, sources)
  const exports = await importFile(name, file)
  if (!Object.hasOwn(exports, 'default')) {
    const message = `Failed to load module ${name}: ${file} has no default export; it exports ${listed(Object.keys(exports))}`
    const remedy = 'export default an object of operations, defineModule({…}) or a class'
    throw new LoadFault('MODULE_LOAD_FAILED', message, remedy)
  }
  return shaped(request, exports['default'], `in ${file}`)
}

function shaped({ name, config }: ModuleRequest, value: unknown, where: string): Module {
  try {
    return toModule(name, value, config)
  } catch (error) {
    throw new LoadFault(
      'MODULE_LOAD_FAILED',
      isInstance(error, SagachartError)
        ? messageOf(error)
        : `Failed to load module ${name}: its default export cannot be read: ${messageOf(error)}`,
      `change its default export ${where}`,
    )
  }
}

function findFile(request: ModuleRequest, { folder, allowed }: ModuleSources): string {
  const { name, path } = request
  if (folder === null) {
    const message = `Module not registered: ${name}: expected it among the modules that were given in code`
    throw new LoadFault('MODULE_NOT_REGISTERED', message, 'register it, or load the document from a file')
  }
  const wanted = path === null ? join('modules', name) : path
  const target = resolve(folder, wanted)
  assertInside(request, target, folder, allowed)
  const looked =
    path !== null && extname(path) !== '' ? [target] : MODULE_ENDINGS.map((ending) => target + ending)
  const found = looked.find(isFile)
  if (found === undefined) throw notFound(request, looked, folder)
  const real = realpathSync(found)
  assertInside(request, real, realpathSync(folder), allowed)
  return real
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

function assertInside(
  { name, path }: ModuleRequest,
  file: string,
  folder: string,
  allowed: readonly string[],
): void {
  const bounds = [folder, ...allowed.flatMap((one) => [resolve(one), realFolder(one)])]
  if (bounds.some((bound) => isInside(file, bound))) return
  const via =
    path === null || !isInside(resolve(folder, path), folder) ? '' : `, where a link in ${path} leads`
  const message = `Failed to load module ${name}: expected a file in the document's folder ${folder}, found ${file}${via}`
  const remedy = 'move the file into the folder, or allow its own with --allow-modules DIR'
  throw new LoadFault('MODULE_OUTSIDE_FOLDER', message, remedy, path !== null)
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return resolve(folder)
  }
}

function notFound({ name, path }: ModuleRequest, looked: readonly string[], folder: string): LoadFault {
  const shownFiles = looked.map((file) => relative(folder, file) || file).join(', ')
  const message = `Module not registered: ${name}: no module of that name was given in code, and none of ${shownFiles} exists in ${folder}`
  const there = filesIn(dirname(looked[0]!))
  const meant = nearest(
    basename(path ?? name, extname(path ?? '')),
    there.map((file) => basename(file, extname(file))),
  )
  const file = meant === null ? undefined : there.find((one) => basename(one, extname(one)) === meant)
  const where = relative(folder, dirname(looked[0]!)) || '.'
  const remedy =
    file === undefined
      ? `create ${relative(folder, looked[0]!)}, or give its path; ${where} holds ${listed(there)}`
      : `did you mean ${join(where, file)}?`
  return new LoadFault('MODULE_NOT_FOUND', message, remedy, path !== null)
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((file) => MODULE_ENDINGS.includes(extname(file)))
  } catch {
    return []
  }
}

async function importFile(name: string, file: string): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`its import took longer than ${MODULE_IMPORT_MS_MAX / 1000} s`))
    }, MODULE_IMPORT_MS_MAX)
  })
  try {
    const url = pathToFileURL(file).href
    return (await Promise.race([import(url), late])) as Record<string, unknown>
  } catch (error) {
    const message = `Failed to load module ${name}: ${placeOf(error, file)}: ${reasonOf(error)}`
    throw new LoadFault('MODULE_LOAD_FAILED', message, remedyFor(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Node takes a file for CommonJS where package.json says so, as `npm init` writes it, or says nothing. */
function remedyFor(error: unknown): string {
  const isEsm =
    isInstance(error, SyntaxError) && /token 'export'|import statement outside/.test(messageOf(error))
  return isEsm
    ? 'make the project one of ES modules: npm pkg set type=module'
    : 'mend the file; running it alone with node shows more'
}

function reasonOf(error: unknown): string {
  const said = printable(messageOf(error).split('\n')[0] ?? '', 200)
  return isInstance(error, Error) ? `${textOf(error, 'name') ?? 'Error'}: ${said}` : `it threw ${said}`
}

/** How long Node may take to find the place of a syntax error, in milliseconds. */
const SYNTAX_CHECK_MS_MAX = 5000

// The first line of a syntax error's stack is its place. Where V8 keeps that to itself, a mere parse by Node tells.
function placeOf(error: unknown, file: string): string {
  if (!isInstance(error, Error) || textOf(error, 'name') !== 'SyntaxError') return file
  const told = placeIn(textOf(error, 'stack'))
  if (told !== null) return told
  const checked = spawnSync(process.execPath, ['--check', file], {
    encoding: 'utf8',
    timeout: SYNTAX_CHECK_MS_MAX,
  })
  return placeIn(checked.stderr) ?? file
}

function placeIn(stack: string | undefined): string | null {
  const [, path, line] = /^(?:file:\/\/)?(\/.+|[A-Za-z]:.+):(\d+)$/.exec(stack?.split('\n', 1)[0] ?? '') ?? []
  return path === undefined ? null : `${path}:${line!}`
}
