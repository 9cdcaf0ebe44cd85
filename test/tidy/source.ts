// What the house's rules look at: the project's files, those of code as syntax trees. It judges nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { parseSync } from 'oxc-parser'

/** A node of a syntax tree, with the offsets of its text. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** A comment without its delimiters. */
export interface Comment {
  readonly type: 'Line' | 'Block'
  readonly value: string
  readonly start: number
  readonly end: number
}

/** A text file of the project. */
export interface TextFile {
  /** From the project's root, with slashes. */
  readonly path: string
  readonly text: string
}

/** A file of code. */
export interface Source extends TextFile {
  readonly program: Node
  readonly comments: readonly Comment[]
}

/** A rule names each place that breaks it, as `path:line what is wrong`. */
export type Rule<TFile> = (files: readonly TFile[]) => string[]

/** Folders whose content is not the project's own. */
const FOREIGN = new Set(['node_modules', 'dist', 'coverage', '.git', 'out'])

/** Files that hold no text. */
const BINARY = /\.(png|jpe?g|gif|ico|woff2?|gz|tgz|sqlite|db|wasm)$/

const CODE = /\.(ts|mts|js|mjs)$/

/** Every text file below a folder, dotfiles included, in order of path. */
export function readFiles(root: string): TextFile[] {
  const paths: string[] = []
  const open = [root]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !FOREIGN.has(entry.name)) open.push(path)
      if (entry.isFile() && !BINARY.test(entry.name)) paths.push(path)
    }
  }
  return paths.toSorted().map((path) => ({
    path: relative(root, path).split(sep).join('/'),
    text: readFileSync(path, 'utf8'),
  }))
}

/** The syntax trees of those files that hold code. */
export function parseCode(files: readonly TextFile[]): Source[] {
  return files.filter(({ path }) => CODE.test(path)).map(parse)
}

function parse({ path, text }: TextFile): Source {
  const { program, comments, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path} is not code: ${errors[0].message}`)
  return { path, text, program: program as unknown as Node, comments }
}

/** The line of an offset, from 1. */
export function lineAt({ text }: TextFile, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** A complaint about one place. */
export const problem = (file: TextFile, offset: number, message: string) =>
  `${file.path}:${lineAt(file, offset)} ${message}`

/** Visits every node below and including one, parents first; `parents` runs from the root to the nearest. */
export function walk(
  node: Node,
  visit: (node: Node, parents: readonly Node[]) => void,
  parents: readonly Node[] = [],
): void {
  visit(node, parents)
  const inner = [...parents, node]
  for (const child of childrenOf(node)) walk(child, visit, inner)
}

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => value as unknown)
    .filter(isNode)
}

/** Whether a value is a node of a syntax tree. */
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value

/** The name of an identifier or of the text of a string; `undefined` for anything else. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return node.name as string
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  return undefined
}
