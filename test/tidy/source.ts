// Reads the project's own files for the rules of the house. Looks at text, with comments and strings set aside,
// which is enough for rules about imports, names and sizes.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '..', '..')

export interface Source {
  /** From the project's folder, with slashes. */
  readonly path: string
  readonly text: string
  /** The text with comments and the insides of strings blanked, places kept. */
  readonly code: string
}

export interface Import {
  readonly from: string
  readonly line: number
  /** Erased before anything runs. */
  readonly isType: boolean
}

/** Every file below the folders whose name ends so, in order. */
export function sources(folders: readonly string[], ending = '.ts'): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) =>
          entry.isFile() && entry.name.endsWith(ending) && !entry.parentPath.includes('node_modules'),
      )
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .toSorted()
      .map((path) => source(path, readFileSync(join(ROOT, path), 'utf8'))),
  )
}

export const source = (path: string, text: string): Source => ({ path, text, code: blank(text) })

/** Blanks comments, and what is inside strings, templates and regular expressions. */
export function blank(text: string): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[=(,:?&|!]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g
  return text.replace(token, (found) => {
    const isComment = found.startsWith('//') || found.startsWith('/*')
    const inside = isComment ? found : found.slice(1, -1)
    const blanked = inside.replace(/[^\n]/g, ' ')
    return isComment ? blanked : `${found[0]}${blanked}${found.at(-1)}`
  })
}

const IMPORT =
  /^(?:import|export)\b(\s+type\b)?[^;'"]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

/** What a file imports, re-exports and loads later. */
export function importsOf({ text, code }: Source): Import[] {
  const kept = text
    .split('\n')
    .map((line, at) => (code.split('\n')[at]!.trim() === '' ? '' : line))
    .join('\n')
  return [...kept.matchAll(IMPORT)].map((match) => ({
    from: (match[2] ?? match[3] ?? match[4])!,
    line: kept.slice(0, match.index).split('\n').length,
    isType: match[1] !== undefined || /^(?:import|export)\s*\{\s*(?:type\s[^,}]+,?\s*)+\}/.test(match[0]),
  }))
}

/** The place of every match in a file's code, as `path:line found`. */
export function matches({ path, code }: Source, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(
    (match) => `${path}:${code.slice(0, match.index).split('\n').length} ${match[0].trim()}`,
  )
}
