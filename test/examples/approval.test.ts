// examples/approval, run for real, from YAML and from TypeScript: a person who approves, rejects, or says nothing.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const example = join(import.meta.dirname, '../../examples/approval')

describe('examples/approval', () => {
  it.each([
    ['approve', { pay: { paid: 250 } }],
    ['reject', { refuse: { letter: 'whoever asked: Grace says no' } }],
    ['silence', { escalate: { letter: 'the board: nobody decided on 250' } }],
  ])('settles what a person who answers with %s makes of it', (answer, settled) => {
    const folder = folderWith({})
    const { status } = sagachart(folder, [
      'run',
      join(example, 'approval.yaml'),
      '--output',
      'out.json',
      '--input',
      `answer=${answer}`,
    ])
    const { integration_scenarios: all } = JSON.parse(
      readFileSync(join(folder, 'out.json'), 'utf8'),
    ) as ResultDocument
    const [scenario] = all.scenario_results
    expect([status, scenario!.result.outputs]).toEqual([0, { settled }])
    const { stdout } = spawnSync(process.execPath, [join(example, 'approval.ts'), answer], {
      encoding: 'utf8',
    })
    expect(stdout.trim()).toBe(`completed ${JSON.stringify({ settled })}`)
  })
})
