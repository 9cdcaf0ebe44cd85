// Runs the tests and ends with one line that counts them, for `run` beside this file.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
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
/** After it the tests are ended, and have failed, so that what they printed tells where one of them hung. */
const TESTS_MS_MAX = 40 * 60_000
const { status } = spawnSync('npm', args, { stdio: 'inherit', timeout: TESTS_MS_MAX, killSignal: 'SIGKILL' })
if (!existsSync(report)) {
  console.log('the tests were ended before all of them had run')
  console.log('0 passed, 1 failed')
  process.exit(1)
}
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
