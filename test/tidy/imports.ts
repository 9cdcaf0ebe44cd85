// Who may import whom, and that no import runs in a circle. The table is the README's tree in a form that is checked.
import { posix } from 'node:path'
import { isNode, nameOf, problem, walk, type Rule, type Source } from './source.ts'

/** An import, a re-export or a dynamic import, also one of types only. */
interface Import {
  /** A path from the project's root where it was relative, else a package's name. */
  readonly target: string
  readonly isRelative: boolean
  readonly offset: number
}

const CORE = ['machines/', 'src/errors.ts', 'src/runtime/']

/**
 * What each part may import besides itself; the first row that fits counts. A name that ends with a slash is a folder;
 * `node:` is Node's own modules, `*` any package.
 */
const MAY_IMPORT: readonly (readonly [part: string, targets: readonly string[]])[] = [
  ['machines/', ['xstate', 'immer']],
  ['src/errors.ts', []],
  ['src/definition/', ['machines/protocol.ts', 'src/errors.ts', 'yaml', 'zod', '@marcbachmann/cel-js']],
  ['src/runtime/', ['machines/', 'src/definition/', 'src/errors.ts', 'xstate']],
  ['src/hosts/', [...CORE, 'node:', '*']],
  ['src/modules/load.ts', ['src/definition/', 'src/errors.ts', 'node:']],
  ['src/modules/', [...CORE, 'node:', '*']],
  ['src/resources/', [...CORE, 'node:', '*']],
  [
    'src/testing/',
    [
      ...CORE,
      'src/definition/',
      'src/hosts/memory.ts',
      'src/hosts/simulation.ts',
      'src/modules/',
      'src/resources/',
      'node:',
      '*',
    ],
  ],
  ['src/load.ts', ['src/definition/', 'src/modules/', 'src/errors.ts', 'node:']],
  ['src/index.ts', [...CORE, 'src/definition/', 'src/hosts/']],
  ['src/inspect/', ['machines/', 'src/', 'node:', '*']],
  ['src/studio/', ['machines/', 'src/', 'node:', '*']],
  ['src/cli/', ['machines/', 'src/', 'node:', '*']],
]

/** Folders whose parts, a file or a folder each, know nothing of one another. */
const APART = /^(?:src\/(?:hosts|modules|resources)|examples)\/[^/.]+/

/** Parts that take at most one package each: an optional peer dependency of their own. */
const ONE_VENDOR = /^src\/(?:hosts|modules|resources)\//

/** What code asks for from elsewhere. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  walk(source.program, (node) => {
    if (!/^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType)$/.test(node.type)) return
    const name = nameOf(node.source)
    if (name === undefined || !isNode(node.source)) return
    const isRelative = name.startsWith('.')
    const target = isRelative ? posix.join(posix.dirname(source.path), name) : name
    found.push({ target, isRelative, offset: node.start })
  })
  return found
}

/** Every import is one that the table allows. */
export const importsAreAllowed: Rule<Source> = (sources) =>
  sources.flatMap((source) => {
    const { path } = source
    if (path.startsWith('src/') || path.startsWith('machines/')) return ofProduct(source)
    if (path.startsWith('examples/') || path.startsWith('bench/')) return ofOutsider(source)
    return []
  })

function ofProduct(source: Source): string[] {
  const { path } = source
  const row = MAY_IMPORT.find(([part]) => within(path, part))
  if (!row) return [problem(source, 0, 'is in a folder without a row in the table of imports')]
  const imports = importsOf(source)
  const found = imports
    .filter(({ target }) => !mayImport(path, row, target))
    .map(({ target, offset }) => problem(source, offset, `must not import ${target}`))
  const vendors = new Set(imports.filter(isVendor).map(({ target }) => target))
  if (ONE_VENDOR.test(path) && vendors.size > 1) {
    found.push(problem(source, 0, `takes more than one package: ${[...vendors].join(', ')}`))
  }
  return found
}

const isVendor = ({ target, isRelative }: Import) => !isRelative && !target.startsWith('node:')

function mayImport(path: string, [part, targets]: (typeof MAY_IMPORT)[number], target: string): boolean {
  if (target === 'src/index.ts') return false
  const [own, other] = [APART.exec(path)?.[0], APART.exec(target)?.[0]]
  if (own !== undefined && other !== undefined && target.startsWith(part)) return own === other
  return within(target, part) || targets.some((allowed) => within(target, allowed))
}

function within(target: string, part: string): boolean {
  if (part === '*') return !/^(src|machines|test|examples|bench)\/|^node:|^\.\./.test(target)
  return part.endsWith('/') || part === 'node:' ? target.startsWith(part) : target === part
}

/** Examples and benchmarks are users: they know the package by its name, and only files of their own. */
function ofOutsider(source: Source): string[] {
  const own = APART.exec(source.path)?.[0] ?? source.path.split('/', 1)[0]!
  return importsOf(source)
    .filter(({ target, isRelative }) => isRelative && !target.startsWith(`${own}/`))
    .map(({ target, offset }) => problem(source, offset, `must import the package by its name, not ${target}`))
}

/** No file imports itself through others; types count too. */
export const importsRunInNoCircle: Rule<Source> = (sources) => {
  const targets = new Map(
    sources.map((source) => [source.path, new Set(importsOf(source).map(({ target }) => target))]),
  )
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) circles.push(`${path}:1 imports itself: ${[...trail.slice(start), path].join(' → ')}`)
    if (start >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
  return circles
}
