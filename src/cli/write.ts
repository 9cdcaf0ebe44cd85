// Writes a file so that whoever reads it finds the old one or the new one, never half of it. What is there and is no
// regular file (a pipe, a device) is written to as it stands, and never replaced; nor is a symbolic link.
import { randomBytes } from 'node:crypto'
import { rmSync, type Stats } from 'node:fs'
import { constants, mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { found, isInside, realTarget } from '../folder.ts'
import { stdout } from './output.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** How a file is written. */
export interface WriteOptions {
  /** Whether the file holds gzip. */
  readonly compressed?: boolean
  /** Folders that it has to be in, links resolved; `null`, the default: it may be anywhere. */
  readonly within?: readonly string[] | null
}

/** Writes beside the target, then takes its place. Folders are made. Returns what went wrong, or `null`. */
export async function writeAtomically(
  file: string,
  pieces: Iterable<string>,
  { compressed = false, within = null }: WriteOptions = {},
): Promise<string | null> {
  try {
    const { target, there, isDevice } = await placeOf(file, within)
    const content = { pieces, compressed }
    if (isDevice) await writeTo(await open(target, O_WRONLY), content, null)
    else await replace(target, content, there && there.mode & 0o7777)
    return null
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `the result could not be written to ${resolve(file)} (${reason}); give another --output`
  }
}

/** Writes text to a file, or prints it where no file is named. Returns what went wrong with the file, or `null`. */
export async function deliver(pieces: Iterable<string>, file: string | undefined): Promise<string | null> {
  if (file !== undefined) return writeAtomically(file, pieces)
  await stdout.print(pieces)
  return null
}

/** Where a file is to be written, links resolved, and what exists there. */
interface Place {
  readonly target: string
  readonly there: Stats | null
  /** Whether that is a pipe, a device or the like, rather than a file or a folder. */
  readonly isDevice: boolean
}

/**
 * Finds where a file is to be written.
 * @param within folders that this has to be in, links resolved; `null`: it may be anywhere
 * @throws Error where that is outside, or no place at all
 */
export async function placeOf(file: string, within: readonly string[] | null): Promise<Place> {
  const there = await found(stat(file))
  const isDevice = there !== null && !there.isFile() && !there.isDirectory()
  // The path of a pipe without a name (/dev/stdout) cannot be resolved.
  const target = isDevice && within === null ? file : await realTarget(file)
  if (within !== null && !within.some((folder) => isInside(target, folder)))
    throw new Error(`it leads to ${target}, which is not in ${within.join(' or ')}`)
  return { target, there, isDevice }
}

interface Content {
  readonly pieces: Iterable<string>
  readonly compressed: boolean
}

/** Drafts that exist now; they are removed when the process exits. */
const drafts = new Set<string>()
process.on('exit', () => {
  for (const draft of drafts) rmSync(draft, { force: true })
})

async function replace(target: string, content: Content, mode: number | null): Promise<void> {
  const folder = dirname(target)
  // Random, so that nobody can plant a link at its name; short, so that it fits wherever the target's name fits.
  const draft = join(folder, `.sagachart-${randomBytes(12).toString('hex')}.draft`)
  await mkdir(folder, { recursive: true })
  const handle = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode === null ? 0o666 : 0o600)
  drafts.add(draft)
  try {
    await writeTo(handle, content, mode)
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw error
  } finally {
    drafts.delete(draft)
  }
}

/** Writes all of it, and closes the file. With a mode, the file is nobody else's until it has that mode. */
async function writeTo(handle: FileHandle, content: Content, mode: number | null): Promise<void> {
  const { pieces, compressed } = content
  const write = async (chunks: Iterable<string> | AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) await handle.writeFile(chunk)
  }
  try {
    if (mode !== null) await handle.chmod(mode)
    await (compressed ? pipeline(Readable.from(pieces), createGzip(), write) : write(pieces))
    if ((await handle.stat()).isFile()) await handle.sync()
  } finally {
    await handle.close()
  }
}
