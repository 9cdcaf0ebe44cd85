// The package as it is published, and an empty project into which it is installed as npm does, without any network: the
// packages it depends on are packed from this clone, and npm is given them as overrides.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** What package.json says, as far as these tests look into it. */
export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly bin: { readonly sagachart: string }
  readonly exports: Readonly<Record<string, unknown>>
}

interface Pack {
  readonly name: string
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

/** The published files, and a project that has them installed. */
export interface Installed {
  readonly tarball: string
  readonly files: readonly string[]
  /** Bytes of the tarball. */
  readonly size: number
  readonly project: string
  remove(): void
}

/** A registry that nobody answers at: whatever npm wants from it fails. */
const NOBODY = 'http://127.0.0.1:9/'

/** What the package depends on, directly or through others. */
export function dependencies(): readonly string[] {
  const found = new Set(Object.keys(MANIFEST.dependencies))
  for (const name of found) {
    const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')
    for (const other of Object.keys((JSON.parse(text) as Partial<typeof MANIFEST>).dependencies ?? {}))
      found.add(other)
  }
  return [...found]
}

/** Packs the clone and installs it into an empty project. */
export function install(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  const [own] = pack(folder, ROOT)
  const others = pack(folder, ...dependencies().map((name) => join(ROOT, 'node_modules', name)))
  const overrides = Object.fromEntries(others.map(({ name, filename }) => [name, `file:../${filename}`]))
  const project = join(folder, 'project')
  mkdirSync(project)
  const wanted = { sagachart: `file:../${own!.filename}` }
  const manifest = { type: 'module', dependencies: wanted, overrides }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  npm(
    project,
    'install',
    '--no-audit',
    '--no-fund',
    '--registry',
    NOBODY,
    '--fetch-retries',
    '0',
    '--cache',
    join(folder, 'cache'),
  )
  return {
    tarball: join(folder, own!.filename),
    files: own!.files.map(({ path }) => path),
    size: own!.size,
    project,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function pack(folder: string, ...packages: readonly string[]): Pack[] {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...packages]
  return JSON.parse(npm(ROOT, ...args)) as Pack[]
}

function npm(cwd: string, ...args: readonly string[]): string {
  return execFileSync('npm', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
