// Writes what people read: the report, and the rows that were not taken. What a page looks like is in ../report.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { page, type ReportData } from '../report/page.ts'
import type { Rejected } from './data_processing.ts'

export default class Reporting {
  readonly folder: string

  constructor({ folder }: { folder: string }) {
    this.folder = join(import.meta.dirname, '..', folder)
  }

  async write_report(data: ReportData) {
    return { file: await this.#write('report.html', page(data)) }
  }

  async write_rejected({ rejected }: { rejected: readonly Rejected[] }) {
    const columns = Object.keys(rejected[0]?.fields ?? {})
    const lines = rejected.map(({ line, reason, fields }) => [line, reason, ...Object.values(fields)])
    const text = [['line', 'reason', ...columns], ...lines].map((cells) => cells.map(csvField).join(','))
    return { file: await this.#write('rejected.csv', `${text.join('\n')}\n`) }
  }

  /** A reader finds the old file or the new one, never half of it. */
  async #write(name: string, text: string): Promise<string> {
    const file = join(this.folder, name)
    await mkdir(this.folder, { recursive: true })
    await writeFile(`${file}.draft`, text)
    await rename(`${file}.draft`, file)
    return file
  }
}

function csvField(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
