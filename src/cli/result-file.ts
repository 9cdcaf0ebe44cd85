// The result as a file: where it goes, in which form, and its bytes. How it is put there is write.ts's.
import { resolve } from 'node:path'
import type { LoadedSettings } from '../load.ts'
import type { ResultDocument } from '../runtime/report/result.ts'
import { jsonPieces, linePieces } from './pieces.ts'
import { summary } from './summary.ts'
import { colours } from './terminal.ts'
import { writeAtomically } from './write.ts'

/** Where a result goes, and how. */
export interface ResultFile {
  readonly file: string
  readonly format: LoadedSettings['outputFormat']
  readonly compressed: boolean
  /** Folders that a file of the document has to be in; `null`: it is the user's own choice. */
  readonly within: readonly string[] | null
}

/**
 * The document's own file, or the one of `--output`, whose name then tells whether it is compressed; `null`: neither.
 * A text says what is wrong with the options.
 */
export function resultFile(
  { output, format }: { readonly output?: string; readonly format?: ResultFile['format'] },
  { outputFile, outputFormat, outputCompressed, outputFolders, logging }: LoadedSettings,
): ResultFile | string | null {
  const file = output ?? outputFile
  if (file === null) {
    return format === undefined
      ? null
      : `--format is that of the result's file, and there is none; add --output`
  }
  if (logging?.file === resolve(file))
    return `the result and the log are both to be ${file}; give one of them another file`
  const compressed = output === undefined ? outputCompressed : output.endsWith('.gz')
  const within = output === undefined ? outputFolders : null
  return { file, format: format ?? outputFormat, compressed, within }
}

/** Writes a result as a whole or not at all. Returns what went wrong, or `null`. */
export async function writeResult(target: ResultFile, document: ResultDocument): Promise<string | null> {
  const pieces =
    target.format === 'json'
      ? jsonPieces(document)
      : linePieces(summary(document, { output: null, colours: colours({}), detailed: true }))
  return writeAtomically(target.file, pieces, target)
}
