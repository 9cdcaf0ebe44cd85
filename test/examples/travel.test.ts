// examples/travel, run for real, from YAML and from TypeScript: what is declined leaves nothing booked.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const example = join(import.meta.dirname, '../../examples/travel')

/** What each service says when it ends, in the order in which they end. */
const ledgers = (stdout: string) =>
  [...stdout.matchAll(/^(\w+: \d+ booked, \d+ cancelled, \d+ left)$/gm)].map(([line]) => line)

const fromYaml = (declined: readonly string[]) => {
  const folder = folderWith({})
  const input = ['--input', `declined=${JSON.stringify(declined)}`]
  const { status, stdout } = sagachart(folder, [
    'run',
    join(example, 'travel.yaml'),
    '--output',
    'out.json',
    ...input,
  ])
  const { integration_scenarios: all } = JSON.parse(
    readFileSync(join(folder, 'out.json'), 'utf8'),
  ) as ResultDocument
  return { exit: status, scenario: all.scenario_results[0]!, ledgers: ledgers(stdout) }
}

const fromTypeScript = (declined: readonly string[]) => {
  const { status, stdout } = spawnSync(process.execPath, [join(example, 'travel.ts'), ...declined], {
    encoding: 'utf8',
  })
  const [, outcome, outputs] = /^(completed|compensated|failed) (\S+)/m.exec(stdout) ?? []
  return { exit: status, outcome, outputs: JSON.parse(outputs ?? '0') as unknown, ledgers: ledgers(stdout) }
}

describe('examples/travel', () => {
  it('books everything, each once, though every service is busy at first', () => {
    const yaml = fromYaml([])
    expect(yaml).toMatchObject({ exit: 0, scenario: { status: 'completed' } })
    expect(yaml.ledgers).toEqual([
      'payments: 1 booked, 0 cancelled, 1 left',
      'cars: 1 booked, 0 cancelled, 1 left',
      'hotels: 1 booked, 0 cancelled, 1 left',
      'flights: 3 booked, 0 cancelled, 3 left',
    ])
    const typescript = fromTypeScript([])
    expect(typescript).toMatchObject({ exit: 0, outcome: 'completed', outputs: yaml.scenario.result.outputs })
    expect(typescript.ledgers).toEqual(yaml.ledgers)
  })

  it.each([['flights'], ['hotels'], ['cars'], ['payments']])(
    'leaves nothing booked where %s declines',
    (declined) => {
      const yaml = fromYaml([declined])
      expect(yaml).toMatchObject({
        exit: 1,
        scenario: { status: 'compensated', result: { compensation: 'completed', undone: [] } },
      })
      expect(yaml.ledgers.filter((line) => !line.endsWith('0 left'))).toEqual([])
      const typescript = fromTypeScript([declined])
      expect(typescript.outcome).toBe('compensated')
      expect(typescript.ledgers.filter((line) => !line.endsWith('0 left'))).toEqual([])
    },
  )
})
