// Runs the tests and ends with one line that counts them, for `run` beside this file.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'tests-'))
const report = join(folder, 'report.json')
const args = [
  'exec',
  '--silent',
  '--',
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]
const { status } = spawnSync('npm', args, { stdio: 'inherit' })
const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
  readFileSync(report, 'utf8'),
)
rmSync(folder, { recursive: true })
// A file that cannot be loaded has no tests to fail.
const failed = numFailedTests + (numFailedTests === 0 ? numFailedTestSuites : 0)
// A skipped test says in its name why.
const skipped = testResults
  .flatMap((file) => file.assertionResults)
  .filter((test) => test.status === 'skipped')
for (const { fullName } of skipped) console.log(`skipped: ${fullName}`)
console.log(`${numPassedTests} passed, ${failed} failed`)
process.exitCode = status ?? 1
