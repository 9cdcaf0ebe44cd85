// Reads the project's own files for the rules of the house: their text, with comments and strings set aside, and
// what they import.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isNode, lineAt, nodesOf, type Node } from './syntax.ts'

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

/** Every TypeScript file below the folders, in order. */
export function sources(folders: readonly string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'),
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

const IMPORTS = new Set([
  'ImportDeclaration',
  'ImportExpression',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'TSImportType',
])

/** What a file imports, re-exports and loads later. */
export function importsOf({ path, text }: Source): Import[] {
  return nodesOf(path, text).flatMap((node) => {
    const from = node.source
    if (!IMPORTS.has(node.type) || !isNode(from) || typeof from.value !== 'string') return []
    return [{ from: from.value, line: lineAt(text, node.start), isType: isErased(node) }]
  })
}

/** Whether an import is of types only. */
function isErased({ type, importKind, exportKind, specifiers }: Node): boolean {
  if (type === 'TSImportType' || importKind === 'type' || exportKind === 'type') return true
  const names = Array.isArray(specifiers) ? specifiers.filter(isNode) : []
  return names.length > 0 && names.every((name) => [name.importKind, name.exportKind].includes('type'))
}

/** The place of every match in a file's code, as `path:line found`. */
export function matches({ path, code }: Source, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(
    (match) => `${path}:${code.slice(0, match.index).split('\n').length} ${match[0].trim()}`,
  )
}
