// Resolves paths and decides whether they are in a folder: files that a document names have to stay in its own.
import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** Links that lead from one to the next, at most; as Linux has it. */
const LINKS_MAX = 40

/**
 * Resolves all links of a path, also where the file, its folder or the target of a link does not exist yet.
 * @throws Error of the file system, for instance `ELOOP`
 */
export async function realTarget(path: string, linksMax = LINKS_MAX): Promise<string> {
  const real = await found(realpath(path))
  if (real !== null) return real
  const next = await readlink(path).catch(() => null)
  if (next !== null && linksMax === 0) throw new Error(`more than ${LINKS_MAX} links lead on from it`)
  const folder = await realTarget(dirname(resolve(path)), linksMax)
  return next === null ? join(folder, basename(path)) : realTarget(resolve(folder, next), linksMax - 1)
}

/** Whether a path is a folder or in it; both absolute. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** The result of a look-up, or `null` where nothing exists there. */
export async function found<T>(lookUp: Promise<T>): Promise<T | null> {
  try {
    return await lookUp
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
