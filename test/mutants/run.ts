// `npm run mutants`: the table of planted mistakes, with the schedules that exploration needs to find each. As Markdown, for the
// docs. Exit code 1 where one is not found.
import { MUTANTS } from './catalogue.ts'
import { find } from './find.ts'

const [, , filter = ''] = process.argv
const rows = [
  '| area | mistake | found by | faults | schedules | seen elsewhere |',
  '|---|---|---|--:|--:|---|',
]
let missed = 0
for (const mutant of MUTANTS.filter(({ name, area }) => `${area} ${name}`.includes(filter))) {
  const found = await find(mutant)
  if (!found || found.rule !== mutant.rule) {
    missed++
    const what = found ? `${found.rule}: ${found.message}` : 'nothing'
    process.stderr.write(`${mutant.name}: expected ${mutant.rule}, found ${what}\n`)
  }
  const { rule = '-', faults = '-', schedules = '-' } = found ?? {}
  rows.push(
    `| ${mutant.area} | ${mutant.name} | \`${rule}\` | ${faults} | ${schedules} | ${mutant.museum ?? ''} |`,
  )
}
process.stdout.write(`${rows.join('\n')}\n`)
process.exitCode = missed > 0 ? 1 : 0
