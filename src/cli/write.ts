// Writes a file so that whoever reads it finds the old one or the new one, never half of it. What is there and is no
// regular file (a pipe, a device) is written to as it stands, and never replaced; nor is a symbolic link.
import { mkdir, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** Links that lead from one to the next, at most; as Linux has it. */
const LINKS_MAX = 40

/** Writes beside the target, then takes its place. Folders are made. Returns what went wrong, or `null`. */
export async function writeAtomically(file: string, content: string | Uint8Array): Promise<string | null> {
  try {
    const there = await found(stat(file))
    if (there && !there.isFile() && !there.isDirectory()) await writeTo(file, content)
    else await replace(await behindLinks(resolve(file)), content, there && there.mode & 0o7777)
    return null
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `the result could not be written to ${resolve(file)} (${reason}); give another --output`
  }
}

async function replace(target: string, content: string | Uint8Array, mode: number | null): Promise<void> {
  const folder = dirname(target)
  const draft = join(folder, `.${basename(target)}.${process.pid}.draft`)
  try {
    await mkdir(folder, { recursive: true })
    await writeTo(draft, content, mode)
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw error
  }
}

/** With a mode, the file is nobody else's until it has that mode. */
async function writeTo(
  file: string,
  content: string | Uint8Array,
  mode: number | null = null,
): Promise<void> {
  const handle = await open(file, 'w', mode === null ? 0o666 : 0o600)
  try {
    if (mode !== null) await handle.chmod(mode)
    await handle.writeFile(content)
    if ((await handle.stat()).isFile()) await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file that a path leads to in the end, whether it is there yet or not. */
async function behindLinks(path: string): Promise<string> {
  let target = path
  for (let links = 0; links < LINKS_MAX; links++) {
    const real = await found(realpath(target))
    if (real !== null) return real
    const next = await readlink(target).catch(() => null)
    if (next === null) return target
    target = resolve(await realpath(dirname(target)), next)
  }
  throw new Error(`more than ${LINKS_MAX} links lead on from it`)
}

/** What a look-up gives, or `null` where nothing is there. */
async function found<T>(lookUp: Promise<T>): Promise<T | null> {
  try {
    return await lookUp
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
