// The engine with one mistake in it: the sources are bundled anew, with one text of one file in place of another. Nothing is
// written beside the sources, and whatever is no part of the project stays outside of the bundle.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type * as entry from './entry.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One text in place of another. */
export interface Patch {
  /** From the project's root. */
  readonly file: string
  /** Occurs once in the file. */
  readonly from: string
  readonly to: string
}

/** What a bundle offers: the same as `entry.ts`. */
export type Engine = typeof entry

/**
 * A source with its patches.
 * @throws Error where a text occurs never, or more than once
 */
export function patched(file: string, patches: readonly Patch[]): string {
  let source = readFileSync(join(root, file), 'utf8')
  for (const { from, to } of patches.filter((patch) => patch.file === file)) {
    const count = source.split(from).length - 1
    if (count !== 1) throw new Error(`${file}: expected once, found ${count} times: ${from}`)
    source = source.replace(from, () => to)
  }
  return source
}

/** Bundles the engine with patches, and loads it. */
export async function engineWith(patches: readonly Patch[]): Promise<Engine> {
  const folder = join(root, 'node_modules', '.cache', 'mutants')
  mkdirSync(folder, { recursive: true })
  const own = mkdtempSync(join(folder, 'm-'))
  const outfile = join(own, 'engine.mjs')
  const files = new Map(patches.map(({ file }) => [resolve(root, file), file]))
  try {
    await build({
      entryPoints: [join(root, 'test/mutants/entry.ts')],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
      plugins: [
        {
          name: 'patch',
          setup: ({ onLoad }) => {
            onLoad({ filter: /\.ts$/ }, ({ path }) => {
              const file = files.get(path)
              return file === undefined ? null : { contents: patched(file, patches), loader: 'ts' }
            })
          },
        },
      ],
    })
    return (await import(pathToFileURL(outfile).href)) as Engine
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}
