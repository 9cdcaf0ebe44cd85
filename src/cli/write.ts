// Writes a file so that whoever reads it finds the old one or the new one, never half of it.
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** Writes beside the target, then takes its place. Folders are made. Returns what went wrong, or `null`. */
export async function writeAtomically(file: string, text: string): Promise<string | null> {
  const target = resolve(file)
  const folder = dirname(target)
  const draft = join(folder, `.${basename(target)}.${process.pid}.draft`)
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(draft, 'w')
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, target)
    return null
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    const reason = error instanceof Error ? error.message : String(error)
    return `the result could not be written to ${target} (${reason}); give another --output`
  }
}
