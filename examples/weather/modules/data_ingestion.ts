// Reads CSV files beside the document. Knows how CSV is written (RFC 4180), not what the columns mean.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OperationContext } from 'sagachart'

/** One row: its line in the file, and its fields by column. */
export interface CsvRow {
  readonly line: number
  readonly fields: Readonly<Record<string, string>>
}

const DOCUMENT_FOLDER = join(import.meta.dirname, '..')

class CsvError extends Error {
  override readonly name = 'CsvError'
}

export default {
  extract_data: async ({ file }: { file: string }, { signal, log }: OperationContext) => {
    const text = await readFile(join(DOCUMENT_FOLDER, file), { encoding: 'utf8', signal })
    const rows = parseCsv(text, file)
    log(`read ${rows.length} rows from ${file}`)
    return { rows }
  },
}

function parseCsv(text: string, file: string): CsvRow[] {
  const [header, ...records] = readRecords(text.replace(/^\uFEFF/, ''), file)
  if (!header) throw new CsvError(`${file}: expected a header and rows, found an empty file`)
  const { values: columns } = header
  return records.map(({ line, values }) => {
    if (values.length !== columns.length) {
      throw new CsvError(`${file}:${line}: expected ${columns.length} fields, found ${values.length}`)
    }
    return { line, fields: Object.fromEntries(columns.map((column, at) => [column, values[at]!])) }
  })
}

interface CsvRecord {
  readonly line: number
  readonly values: string[]
}

/** Each match is one field and what ends it: a comma, a line break, or the end of the text. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y

function readRecords(text: string, file: string): CsvRecord[] {
  const records: CsvRecord[] = []
  let values: string[] = []
  let line = 1
  let start = 1
  FIELD.lastIndex = 0
  while (FIELD.lastIndex < text.length || values.length > 0) {
    const match = FIELD.exec(text)
    if (!match) throw new CsvError(`${file}:${line}: expected a comma or the end of the line after a field`)
    const [, quoted, plain, end] = match
    values.push(quoted?.replaceAll('""', '"') ?? plain!)
    line += match[0].split('\n').length - 1
    if (end === ',') continue
    const isBlank = values.length === 1 && values[0] === ''
    if (!isBlank) records.push({ line: start, values })
    values = []
    start = line
  }
  return records
}
