// examples/recovery, run for real: each failure gets the answer that its handler gives.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const document = join(import.meta.dirname, '../../examples/recovery/recovery.yaml')

function runIt(last: string) {
  const folder = folderWith({})
  const { stdout, stderr } = sagachart(folder, [
    'run',
    document,
    '--output',
    'out.json',
    '--input',
    `last=${last}`,
  ])
  const result = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')) as ResultDocument
  const [scenario] = result.integration_scenarios.scenario_results
  const steps = Object.fromEntries(
    scenario!.result.step_results.map(({ step_name, status, attempts }) => [
      step_name,
      `${status} ${attempts}`,
    ]),
  )
  return { stdout, stderr, scenario: scenario!, steps }
}

describe('examples/recovery', () => {
  it('retries, skips and undoes as its handler of step_failed answers', () => {
    const { scenario, steps, stdout, stderr } = runIt('Corrupt')
    expect(scenario.status).toBe('compensated')
    expect(steps).toMatchObject({
      prepare: 'compensated 1',
      flaky: 'success 2',
      optional: 'skipped 1',
      last: 'failed 1',
    })
    expect(stdout).toContain('prepared no more')
    expect(stderr).toMatch(/flaky failed after 1: a flaky failure → retry/)
  })

  it('hears of a pool that is empty', () => {
    expect(runIt('Optional').stderr).toMatch(/desk is empty: 1 wait for run\/\w+\/recover\/step\/one/)
  })

  it.each([
    ['Optional', 'completed', 'skipped 1'],
    ['Flaky', 'failed', 'failed 2'],
    ['Fatal', 'failed', 'failed 1'],
    ['Unheard', 'failed', 'failed 1'],
  ])('ends where the last step fails as %s', (last, status, step) => {
    const { scenario, steps } = runIt(last)
    expect([scenario.status, steps['last']]).toEqual([status, step])
  })
})
