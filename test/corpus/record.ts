// Records the journals of cases that have none yet in a format: `node test/corpus/record.ts <format>`. A file that exists stays
// as it is, for a journal that is recorded anew shows nothing of how old ones are read.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CASES, play } from './cases.ts'

const [, , format = '2'] = process.argv

for (const [name, each] of Object.entries(CASES)) {
  const { journal, end, errors } = play(each)
  if (errors.length > 0) throw errors[0]
  const text = [
    `{ "case": ${JSON.stringify(name)}, "format": ${format}, "end": ${JSON.stringify(end)}, "journal": [`,
  ]
  text.push(journal.map((entry) => JSON.stringify(entry)).join(',\n'), ']}', '')
  try {
    writeFileSync(join(import.meta.dirname, 'journals', `${format}-${name}.json`), text.join('\n'), {
      flag: 'wx',
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
